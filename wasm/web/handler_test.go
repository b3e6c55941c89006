package web

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

var script = strings.Repeat("console.log('sheaf');\n", 200)

func page() fstest.MapFS {
	return fstest.MapFS{
		"index.html":             {Data: []byte("<!doctype html><title>Sheaf</title>")},
		"placeholder.html":       {Data: []byte("not built")},
		"assets/index-abc123.js": {Data: []byte(script)},
		"assets/small-abc123.js": {Data: []byte("1")},
		"assets/a-abc123.woff2":  {Data: []byte(strings.Repeat("font", 1000))},
	}
}

func get(t *testing.T, h http.Handler, method, target string, header http.Header) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, target, nil)
	for k, v := range header {
		r.Header[k] = v
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestHandlerServes(t *testing.T) {
	h, err := New(Config{Files: page()})
	if err != nil {
		t.Fatal(err)
	}
	const forGood, never = "public, max-age=31536000, immutable", "no-store"
	for _, c := range []struct {
		path   string
		status int
		kind   string
		cache  string
	}{
		{"/", 200, "text/html; charset=utf-8", never},
		{"/trash", 200, "text/html; charset=utf-8", never},
		{"/d/fO3-_x", 200, "text/html; charset=utf-8", never},
		{"/d/", 404, "text/plain; charset=utf-8", never},
		{"/d/a/b", 404, "text/plain; charset=utf-8", never},
		{"/index.html", 404, "text/plain; charset=utf-8", never},
		{"/placeholder.html", 404, "text/plain; charset=utf-8", never},
		{"/assets/index-abc123.js", 200, "text/javascript; charset=utf-8", forGood},
		{"/assets/a-abc123.woff2", 200, "font/woff2", forGood},
		{"/assets/gone-abc123.js", 404, "text/plain; charset=utf-8", never},
		{"/assets/../index.html", 404, "text/plain; charset=utf-8", never},
		{"/assets/", 404, "text/plain; charset=utf-8", never},
		{"/api/documents.list", 404, "text/plain; charset=utf-8", never},
	} {
		r := get(t, h, http.MethodGet, c.path, nil)
		if r.StatusCode != c.status {
			t.Errorf("GET %s = %d, want %d", c.path, r.StatusCode, c.status)
		}
		if got := r.Header.Get("Content-Type"); got != c.kind {
			t.Errorf("GET %s has Content-Type %q, want %q", c.path, got, c.kind)
		}
		if got := r.Header.Get("Cache-Control"); got != c.cache {
			t.Errorf("GET %s has Cache-Control %q, want %q", c.path, got, c.cache)
		}
	}
}

func TestHandlerSetsSecurityHeadersOnEveryAnswer(t *testing.T) {
	h, err := New(Config{Files: page()})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/", "/assets/index-abc123.js", "/nothing"} {
		header := get(t, h, http.MethodGet, path, nil).Header
		csp := header.Get("Content-Security-Policy")
		for _, want := range []string{
			"default-src 'none'",
			"script-src 'self'",
			"style-src 'self'",
			"connect-src 'self'",
			"frame-ancestors 'none'",
			"base-uri 'none'",
			"require-trusted-types-for 'script'",
		} {
			if !strings.Contains(csp, want) {
				t.Errorf("GET %s: the CSP lacks %q: %s", path, want, csp)
			}
		}
		if strings.Contains(csp, "unsafe") || strings.ContainsAny(csp, "\r\n") {
			t.Errorf("GET %s: bad CSP: %q", path, csp)
		}
		if header.Get("X-Content-Type-Options") != "nosniff" || header.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("GET %s: headers %v", path, header)
		}
	}
}

func TestHandlerCompresses(t *testing.T) {
	h, err := New(Config{Files: page()})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path, accept string
		gzipped      bool
	}{
		{"/assets/index-abc123.js", "gzip, deflate, br", true},
		{"/assets/index-abc123.js", "br;q=1, GZIP;q=0.5", true},
		{"/assets/index-abc123.js", "gzip;q=0", false},
		{"/assets/index-abc123.js", "br", false},
		{"/assets/index-abc123.js", "", false},
		{"/assets/small-abc123.js", "gzip", false},
		{"/assets/a-abc123.woff2", "gzip", false},
	} {
		r := get(t, h, http.MethodGet, c.path, http.Header{"Accept-Encoding": {c.accept}})
		if got := r.Header.Get("Content-Encoding") == "gzip"; got != c.gzipped {
			t.Errorf("GET %s accepting %q: gzipped %v, want %v", c.path, c.accept, got, c.gzipped)
			continue
		}
		if !c.gzipped {
			continue
		}
		z, err := gzip.NewReader(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		plain, err := io.ReadAll(z)
		if err != nil || string(plain) != script {
			t.Errorf("GET %s: decompressed to %d bytes, %v", c.path, len(plain), err)
		}
	}
}

func TestHandlerRefusesOtherMethods(t *testing.T) {
	h, err := New(Config{Files: page()})
	if err != nil {
		t.Fatal(err)
	}
	if r := get(t, h, http.MethodPost, "/", nil); r.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST / = %d", r.StatusCode)
	}
	r := get(t, h, http.MethodHead, "/assets/index-abc123.js", nil)
	if b := body(t, r); r.StatusCode != 200 || b != "" || r.ContentLength != int64(len(script)) {
		t.Errorf("HEAD = %d, body %q, length %d", r.StatusCode, b, r.ContentLength)
	}
}

func TestHandlerSaysThatThePageIsNotBuilt(t *testing.T) {
	files, err := dist.ReadFile("dist/placeholder.html")
	if err != nil {
		t.Fatal(err)
	}
	h, err := New(Config{Files: fstest.MapFS{"placeholder.html": {Data: files}}})
	if err != nil {
		t.Fatal(err)
	}
	if h.Built() {
		t.Error("Built() with only the placeholder")
	}
	r := get(t, h, http.MethodGet, "/", nil)
	if b := body(t, r); r.StatusCode != http.StatusServiceUnavailable || !strings.Contains(b, "make web") {
		t.Errorf("GET / = %d %s", r.StatusCode, b)
	}
}

func TestNewRefusesAnEmptyPage(t *testing.T) {
	if _, err := New(Config{Files: fstest.MapFS{}}); err == nil {
		t.Error("New accepted a page without files")
	}
}

func TestEmbeddedPage(t *testing.T) {
	h, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	r := get(t, h, http.MethodGet, "/", nil)
	if h.Built() != (r.StatusCode == http.StatusOK) {
		t.Errorf("Built() = %v, GET / = %d", h.Built(), r.StatusCode)
	}
	t.Logf("built: %v, files: %d", h.Built(), len(h.files))
}
