package local

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/sheafdocs/sheaf/node/api"
)

// TestF27CrossSite: what a page of another origin can make a browser send is
// refused, with the user's cookie or without.
func TestF27CrossSite(t *testing.T) {
	f := serve(t, [32]byte{})
	evil := "https://evil.example"
	other := "http://127.0.0.1:1" // another program's page on this machine: same site, not same origin
	for _, tt := range []struct {
		name   string
		header map[string]string
		from   string
	}{
		{"fetch", map[string]string{"Cookie": f.cookie, "Origin": evil, "Sec-Fetch-Site": "cross-site", "Content-Type": "application/json"}, evil},
		{"fetch by an old browser", map[string]string{"Cookie": f.cookie, "Origin": evil, "Content-Type": "application/json"}, evil},
		{"fetch from another port", map[string]string{"Cookie": f.cookie, "Origin": other, "Sec-Fetch-Site": "same-site", "Content-Type": "application/json"}, other},
		{"form", map[string]string{"Cookie": f.cookie, "Origin": evil, "Sec-Fetch-Site": "cross-site", "Content-Type": "text/plain"}, evil},
		{"form of a sandboxed frame", map[string]string{"Cookie": f.cookie, "Origin": "null", "Sec-Fetch-Site": "cross-site", "Content-Type": "application/x-www-form-urlencoded"}, "null"},
		{"beacon without an origin", map[string]string{"Cookie": f.cookie, "Sec-Fetch-Site": "cross-site", "Content-Type": "text/plain"}, "cross-site"},
	} {
		for _, path := range []string{"/api/documents.create", "/open", "/api/nothing"} {
			t.Run(tt.name+path, func(t *testing.T) {
				f.t = t
				f.refused("POST", path, `{}`, tt.header, 403, api.Forbidden, stranger(tt.from))
			})
		}
	}
	f.t = t
	f.refused("GET", "/api/events", "", map[string]string{"Cookie": f.cookie, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}, 403, api.Forbidden, stranger("cross-site"))
	f.refused("GET", "/assets/page.js", "", map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "script"}, 403, api.Forbidden, stranger("cross-site"))
	f.refused("GET", "/", "", map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}, 403, api.Forbidden, stranger("cross-site"))
	if resp, _ := f.do("GET", "/", "", map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}); resp.StatusCode != 200 {
		t.Errorf("a link to the page: %s", resp.Status)
	}
	// The page's own form, if it ever had one: only JSON is taken.
	f.refused("POST", "/api/documents.create", "title=x", f.page("Content-Type", "application/x-www-form-urlencoded"), 415, api.BadRequest, "A request must be sent as application/json. Nothing was changed.")
}

// TestF27CrossSiteWebSocket: browsers let any page open a WebSocket to any
// address and send its cookies along; only the Origin header tells.
func TestF27CrossSiteWebSocket(t *testing.T) {
	f := serve(t, [32]byte{})
	for name, header := range map[string]http.Header{
		"another site":         {"Cookie": {f.cookie}, "Origin": {"https://evil.example"}},
		"another port":         {"Cookie": {f.cookie}, "Origin": {"http://127.0.0.1:1"}},
		"another scheme":       {"Cookie": {f.cookie}, "Origin": {"https://" + strings.TrimPrefix(f.Address(), "http://")}},
		"another name of ours": {"Cookie": {f.cookie}, "Origin": {strings.Replace(f.Address(), "127.0.0.1", "localhost", 1)}},
		"no origin":            {"Cookie": {f.cookie}},
		"null":                 {"Cookie": {f.cookie}, "Origin": {"null"}},
	} {
		for _, path := range []string{"/api/events", "/api/documents/x/edit"} {
			_, resp, err := websocket.Dial(t.Context(), f.Address()+path, &websocket.DialOptions{HTTPHeader: header})
			if err == nil || resp == nil || resp.StatusCode != 403 {
				t.Errorf("%s %s: err %v, answer %v, want 403", name, path, err, resp)
			}
		}
	}
	_, resp, err := websocket.Dial(t.Context(), f.Address()+"/api/events", &websocket.DialOptions{HTTPHeader: http.Header{"Origin": {f.Address()}}})
	if err == nil || resp == nil || resp.StatusCode != 401 {
		t.Errorf("without a cookie: err %v, answer %v, want 401", err, resp)
	}
	if n := f.backend.calls.Load(); n != 0 {
		t.Errorf("%d connections reached the node", n)
	}
}

// TestF23Rebinding: a hostile name that was made to resolve to 127.0.0.1 is
// not this node's name, whatever else the request carries.
func TestF23Rebinding(t *testing.T) {
	f := serve(t, [32]byte{})
	port := f.origin.port
	for _, host := range []string{"evil.example:" + port, "evil.example", "127.0.0.1.evil.example:" + port, "127.0.0.1:1", "127.0.0.1", "0.0.0.0:" + port, "localhost.evil.example:" + port, "192.168.1.5:" + port} {
		want := `The request was addressed to "` + host + `", which is not this node. Nothing was read or changed. Open ` + f.Address() + ` instead.`
		f.refused("POST", "/api/documents.list", "{}", f.page("Host", host, "Origin", "http://"+host), 403, api.Forbidden, want)
		f.refused("GET", "/", "", map[string]string{"Host": host}, 403, api.Forbidden, want)
		f.refused("GET", "/open?token=x", "", map[string]string{"Host": host}, 403, api.Forbidden, want)
	}
	for _, host := range []string{"127.0.0.1:" + port, "localhost:" + port, "LOCALHOST:" + port, "[::1]:" + port} {
		if resp, body := f.do("POST", "/api/documents.list", "{}", f.page("Host", host, "Origin", "http://"+host)); resp.StatusCode != 200 {
			t.Errorf("host %s: %s %s", host, resp.Status, body)
		}
	}
}

// TestF23Cookie: without a cookie the API answers nothing; the cookie is out
// of reach for scripts and other sites; a made-up, changed or old one is void.
func TestF23Cookie(t *testing.T) {
	f := serve(t, [32]byte{})
	name, value, _ := strings.Cut(f.cookie, "=")
	flipped := []byte(value)
	flipped[3] ^= 1
	for what, cookie := range map[string]string{
		"none": "", "empty": name + "=", "short": name + "=abc", "not base64": name + "=***",
		"changed": name + "=" + string(flipped), "other name": "sheaf=" + value, "other port": "sheaf-1=" + value,
	} {
		t.Run(what, func(t *testing.T) {
			f.t = t
			for _, path := range []string{"/api/documents.list", "/api/nothing", "/api/"} {
				f.refused("POST", path, "{}", f.page("Cookie", cookie), 401, api.Unauthorized, notSignedIn)
			}
		})
	}
	f.t = t
	f.refused("GET", "/api/events", "", map[string]string{"Authorization": "Bearer " + strings.Repeat("A", 52)}, 401, api.Unauthorized, notSignedIn)

	link, _ := f.OpenLink()
	resp, _ := f.do("GET", strings.TrimPrefix(link, f.Address()), "", nil)
	set := resp.Header.Get("Set-Cookie")
	for _, want := range []string{"HttpOnly", "SameSite=Strict", "Path=/"} {
		if !strings.Contains(set, want) {
			t.Errorf("Set-Cookie %q lacks %s", set, want)
		}
	}
	if strings.Contains(set, "Domain") {
		t.Errorf("Set-Cookie %q names a domain", set)
	}
	f.clock.advance(cookieLife + time.Second)
	f.refused("POST", "/api/documents.list", "{}", f.page(), 401, api.Unauthorized, notSignedIn)
}

// TestF23OneTimeLink: a link signs in once, and not after ten minutes.
func TestF23OneTimeLink(t *testing.T) {
	f := serve(t, [32]byte{})
	const spent = "This link was used before or is too old. Nothing was changed.\nRun \"sheaf\" on this computer to open the page.\n"
	open := func(path string, header map[string]string, status int) string {
		t.Helper()
		resp, body := f.do("GET", path, "", header)
		if resp.StatusCode != status {
			t.Errorf("GET %s: %s, want %d", path, resp.Status, status)
		}
		if resp.Header.Get("Cache-Control") != "no-store" || resp.Header.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("GET %s: headers %v", path, resp.Header)
		}
		return body
	}
	link, _ := f.OpenLink()
	path := strings.TrimPrefix(link, f.Address())
	open(path, nil, 303)
	if body := open(path, nil, 403); body != spent {
		t.Errorf("second use answered %q", body)
	}
	open(path, map[string]string{"Cookie": f.cookie}, 303) // the same browser again: harmless
	open("/open", nil, 403)
	open("/open?token=", nil, 403)
	late, _ := f.OpenLink()
	f.clock.advance(linkLife + time.Second)
	open(strings.TrimPrefix(late, f.Address()), nil, 403)

	first, _ := f.OpenLink()
	for range maxLinks {
		if _, err := f.OpenLink(); err != nil {
			t.Fatal(err)
		}
	}
	open(strings.TrimPrefix(first, f.Address()), nil, 403) // gave way to newer ones
	if len(f.keys.links) != maxLinks {
		t.Errorf("%d links are kept", len(f.keys.links))
	}
}

// TestCookieOutlivesRestart: a page with unsaved edits reconnects by itself
// after its node was restarted.
func TestCookieOutlivesRestart(t *testing.T) {
	secret := [32]byte{1}
	old := serve(t, secret)
	now := serve(t, secret)
	name, value, _ := strings.Cut(old.cookie, "=")
	cookie := strings.Replace(name, old.origin.port, now.origin.port, 1) + "=" + value
	if resp, body := now.do("POST", "/api/documents.list", "{}", now.page("Cookie", cookie)); resp.StatusCode != 200 {
		t.Errorf("same secret: %s %s", resp.Status, body)
	}
	other := serve(t, [32]byte{2})
	cookie = strings.Replace(name, old.origin.port, other.origin.port, 1) + "=" + value
	other.refused("POST", "/api/documents.list", "{}", other.page("Cookie", cookie), 401, api.Unauthorized, notSignedIn)
}
