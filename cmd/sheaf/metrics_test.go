//go:build !js

package main

import (
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/sheafdocs/sheaf/node/api"
)

// TestF29Metrics asks for the series of a node, over a lock and an unlock.
func TestF29Metrics(t *testing.T) {
	dir := t.TempDir()
	v := &vault{env: &env{dir: dir, stderr: io.Discard}, cfg: partsConfig{network: true, logger: slog.New(slog.DiscardHandler)}}
	open, err := v.start("")
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	l := api.NewLockable(v, open, nil)
	own := prometheus.NewRegistry()
	if err := l.Register(own); err != nil {
		t.Fatal(err)
	}
	address, stop, err := serveMetrics("127.0.0.1:0", prometheus.Gatherers{own, v})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	}()
	ask := func(method, body string) {
		t.Helper()
		if _, err := l.Handle(t.Context(), method, []byte(body)); err != nil {
			t.Fatalf("%s: %v", method, err)
		}
	}
	check := func(when string, want ...string) {
		t.Helper()
		resp, err := http.Get("http://" + address + "/metrics")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s %v", when, resp.Status, err)
		}
		for _, line := range want {
			if absent := strings.HasPrefix(line, "!"); strings.Contains(string(b), strings.TrimPrefix(line, "!")) == absent {
				t.Errorf("%s: %q is not as wanted", when, line)
			}
		}
	}
	ask("documents.create", `{"title":"A title that no metric shows"}`)
	check("open", "sheaf_api_locked 0", `sheaf_node_documents{state="ready"} 1`, "sheaf_node_commits_failed_total 0",
		"sheaf_sync_sessions 0", "sheaf_gossip_dropped_total 0", `sheaf_api_requests_total{code="ok"} 1`, "!A title")
	ask("lock.set", `{"new":"a good passphrase"}`)
	ask("lock.lock", "{}")
	check("locked", "sheaf_api_locked 1", "!sheaf_node_documents")
	ask("lock.unlock", `{"passphrase":"a good passphrase"}`)
	check("unlocked", "sheaf_api_locked 0", `sheaf_node_documents{state="ready"} 1`)
	r, err := http.NewRequest(http.MethodGet, "http://"+address+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "evil.example"
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusForbidden {
		t.Errorf("under another name: %s", resp.Status)
	}
}
