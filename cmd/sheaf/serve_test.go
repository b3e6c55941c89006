//go:build !js

package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sheafdocs/sheaf/node/api/local"
)

// serving runs "sheaf serve" within the test and returns a client of it and
// the link that opens its page.
func serving(t *testing.T) (*local.Client, string) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	dir := t.TempDir()
	var stdout, stderr bytes.Buffer
	ended := make(chan int, 1)
	go func() {
		e := &env{getenv: func(string) string { return "" }, stdout: &stdout, stderr: &stderr}
		ended <- run(ctx, e, []string{"serve", "--dir", dir, "--listen", "127.0.0.1:0", "--no-mdns", "--p2p", "/ip4/127.0.0.1/udp/0/quic-v1"})
	}()
	t.Cleanup(func() {
		stop()
		if status := <-ended; status != 0 {
			t.Errorf("serve ended with %d: %s", status, stderr.String())
		}
	})
	deadline := time.NewTimer(30 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		c, err := local.Dial(ctx, dir)
		if err == nil {
			link, err := c.OpenLink(ctx)
			if err != nil {
				t.Fatal(err)
			}
			return c, link
		}
		select {
		case <-deadline.C:
			t.Fatalf("the node does not answer: %v", err)
		case <-tick.C:
		}
	}
}

// TestF26OnlyHashedAssetsMayBeCached asks a running node for all kinds of
// things a cache could come to stand before.
func TestF26OnlyHashedAssetsMayBeCached(t *testing.T) {
	c, link := serving(t)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	get := func(method, url, cookie string) (*http.Response, string) {
		t.Helper()
		r, err := http.NewRequest(method, url, strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		if cookie != "" {
			r.Header.Set("Cookie", cookie)
		}
		resp, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp, string(body)
	}
	opened, _ := get("GET", link, "")
	cookie, _, _ := strings.Cut(opened.Header.Get("Set-Cookie"), ";")
	asked := 0
	for _, tt := range []struct{ method, path, cookie string }{
		{"GET", "/", ""}, {"GET", "/", cookie}, {"GET", "/trash", cookie}, {"GET", "/d/x", cookie},
		{"GET", "/index.html", cookie}, {"GET", "/nothing", cookie}, {"GET", "/assets/nothing.js", cookie},
		{"GET", "/open", ""}, {"GET", "/open", cookie}, {"POST", "/open", cookie},
		{"POST", "/api/documents.list", cookie}, {"POST", "/api/documents.list", ""}, {"POST", "/api/status", cookie},
		{"POST", "/api/nothing", cookie}, {"GET", "/api/nothing", cookie}, {"GET", "/api/events", ""},
		{"GET", "/api/documents/x/edit", cookie},
	} {
		resp, _ := get(tt.method, c.Address()+tt.path, tt.cookie)
		asked++
		if got := resp.Header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("%s %s (%s): Cache-Control %q, want no-store", tt.method, tt.path, resp.Status, got)
		}
	}
	_, page := get("GET", c.Address()+"/", "")
	assets := regexp.MustCompile(`/assets/[^"]+`).FindAllString(page, -1)
	hashed := regexp.MustCompile(`-[\w-]{8,}\.\w+$`)
	for _, asset := range assets {
		resp, _ := get("GET", c.Address()+asset, "")
		if got := resp.Header.Get("Cache-Control"); resp.StatusCode != 200 || !strings.Contains(got, "immutable") {
			t.Errorf("%s: %s, Cache-Control %q", asset, resp.Status, got)
		}
		if !hashed.MatchString(asset) {
			t.Errorf("%s may be cached and has no hash in its name", asset)
		}
	}
	t.Logf("%d answers not to be cached, %d assets that may be", asked, len(assets))
}
