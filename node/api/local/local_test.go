package local

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/sheafdocs/sheaf/node/api"
)

// An echo is the smallest thing that can be served: it answers what it was
// asked and counts, so that a test can tell that nothing reached it.
type echo struct {
	calls atomic.Int64
	wait  chan struct{} // when set, "slow" waits for it
	began chan struct{}
}

func (e *echo) Handle(ctx context.Context, method string, body []byte) ([]byte, error) {
	e.calls.Add(1)
	switch method {
	case "refused":
		return nil, &api.Error{Code: api.Full, Message: "The disk is full."}
	case "broken":
		return nil, errors.New("secret detail")
	case "slow":
		close(e.began)
		select {
		case <-e.wait:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	case "quiet":
		return nil, nil
	}
	return json.Marshal(map[string]string{"method": method, "body": string(body)})
}

func (e *echo) Events(ctx context.Context, send func([]byte) error) error {
	e.calls.Add(1)
	if err := send([]byte(`{"type":"status"}`)); err != nil {
		return err
	}
	<-ctx.Done()
	return ctx.Err()
}

func (e *echo) Edit(ctx context.Context, doc string, conn api.Frames) error {
	e.calls.Add(1)
	if doc == "missing" {
		return &api.Error{Code: api.NotFound, Message: "This device has no such document."}
	}
	for {
		kind, data, err := conn.Read(ctx)
		if err != nil {
			return err
		}
		if err := conn.Write(ctx, kind, append([]byte(doc+":"), data...)); err != nil {
			return err
		}
	}
}

// A fixture is a server on a real loopback port and the end of its Serve.
type fixture struct {
	*Server
	t       *testing.T
	backend *echo
	clock   *clock
	cookie  string // "name=value" of a signed-in page
	stop    func() // stops the server and waits
}

type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

func serve(t *testing.T, secret [32]byte) *fixture {
	t.Helper()
	f := &fixture{t: t, backend: &echo{wait: make(chan struct{}), began: make(chan struct{})}, clock: &clock{t: time.Unix(1_700_000_000, 0)}}
	ln, err := Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	page := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "the page") })
	f.Server, err = New(Config{Backend: f.backend, Page: page, Secret: secret, Now: f.clock.now}, ln)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- f.Serve(ctx, ln) }()
	f.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	t.Cleanup(f.stop)
	f.cookie = f.signIn()
	return f
}

// signIn opens a one-time link as a browser does and returns its cookie.
func (f *fixture) signIn() string {
	f.t.Helper()
	link, err := f.OpenLink()
	if err != nil {
		f.t.Fatal(err)
	}
	resp, _ := f.do("GET", strings.TrimPrefix(link, f.Address()), "", nil)
	if resp.StatusCode != http.StatusSeeOther || resp.Header.Get("Location") != "/" {
		f.t.Fatalf("open: %s to %q", resp.Status, resp.Header.Get("Location"))
	}
	cookies := resp.Cookies()
	if len(cookies) != 1 {
		f.t.Fatalf("open set %d cookies", len(cookies))
	}
	return cookies[0].Name + "=" + cookies[0].Value
}

var browser = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// do sends one request; header "Host" sets the host. An Origin is sent only
// if given.
func (f *fixture) do(method, path, body string, header map[string]string) (*http.Response, string) {
	f.t.Helper()
	r, err := http.NewRequest(method, f.Address()+path, strings.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	for k, v := range header {
		if k == "Host" {
			r.Host = v
		} else {
			r.Header.Set(k, v)
		}
	}
	resp, err := browser.Do(r)
	if err != nil {
		f.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		f.t.Fatal(err)
	}
	return resp, string(b)
}

// refused checks a refusal: its status, code, exact message, and that nothing
// reached the backend.
func (f *fixture) refused(method, path, body string, header map[string]string, status int, code api.Code, message string) {
	f.t.Helper()
	before := f.backend.calls.Load()
	resp, answer := f.do(method, path, body, header)
	var e errorBody
	if err := json.Unmarshal([]byte(answer), &e); err != nil || e.Error == nil {
		f.t.Errorf("%s %s %v: answered %s %q", method, path, header, resp.Status, answer)
		return
	}
	if resp.StatusCode != status || e.Error.Code != code || e.Error.Message != message {
		f.t.Errorf("%s %s %v:\n got %d %s %q\nwant %d %s %q", method, path, header, resp.StatusCode, e.Error.Code, e.Error.Message, status, code, message)
	}
	if f.backend.calls.Load() != before {
		f.t.Errorf("%s %s %v: reached the node", method, path, header)
	}
	if resp.Header.Get("Cache-Control") != "no-store" {
		f.t.Errorf("%s %s: Cache-Control %q", method, path, resp.Header.Get("Cache-Control"))
	}
}

// page returns the headers of a request by the node's own signed-in page.
func (f *fixture) page(more ...string) map[string]string {
	h := map[string]string{"Cookie": f.cookie, "Origin": f.Address(), "Sec-Fetch-Site": "same-origin", "Content-Type": "application/json"}
	for i := 0; i < len(more); i += 2 {
		h[more[i]] = more[i+1]
	}
	return h
}

const notSignedIn = `This page is not signed in to the node, or the node was set up anew. Nothing was read or changed. Run "sheaf" on this computer to open the page again.`

func stranger(from string) string {
	return "A page of another origin (" + `"` + from + `"` + ") asked this node. It was refused; nothing was read or changed."
}

func TestOwnPageIsAnswered(t *testing.T) {
	f := serve(t, [32]byte{})
	resp, body := f.do("POST", "/api/documents.list", `{"a":1}`, f.page())
	if resp.StatusCode != 200 || body != `{"body":"{\"a\":1}","method":"documents.list"}` {
		t.Errorf("got %s %s", resp.Status, body)
	}
	for key, want := range map[string]string{"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Content-Type": "application/json; charset=utf-8"} {
		if got := resp.Header.Get(key); got != want {
			t.Errorf("%s: %q, want %q", key, got, want)
		}
	}
	if _, body := f.do("POST", "/api/quiet", `{}`, f.page()); body != "{}" {
		t.Errorf("an answer without content came as %q", body)
	}
	if resp, body := f.do("GET", "/", "", nil); resp.StatusCode != 200 || body != "the page" {
		t.Errorf("the page without a cookie: %s %q", resp.Status, body)
	}
}

func TestErrorsOfTheNode(t *testing.T) {
	f := serve(t, [32]byte{})
	resp, body := f.do("POST", "/api/refused", `{}`, f.page())
	if resp.StatusCode != http.StatusInsufficientStorage || body != `{"error":{"code":"full","message":"The disk is full."}}` {
		t.Errorf("got %s %s", resp.Status, body)
	}
	resp, body = f.do("POST", "/api/broken", `{}`, f.page())
	if resp.StatusCode != 500 || strings.Contains(body, "secret detail") || !strings.Contains(body, `"internal"`) {
		t.Errorf("got %s %s", resp.Status, body)
	}
}

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

func TestLimits(t *testing.T) {
	f := serve(t, [32]byte{})
	f.refused("POST", "/api/documents.list", strings.Repeat("x", maxBodyBytes+1), f.page(), 413, api.BadRequest, "A request may hold 1048576 bytes at most. Nothing was changed.")

	ws := f.dial("/api/documents/x/edit")
	if err := ws.Write(t.Context(), websocket.MessageBinary, make([]byte, maxFrameBytes+1)); err == nil {
		_, _, err = ws.Read(t.Context())
		if websocket.CloseStatus(err) != websocket.StatusMessageTooBig {
			t.Errorf("a frame too large: %v", err)
		}
	}
	var open []*websocket.Conn
	for range maxSockets {
		open = append(open, f.dial("/api/events"))
	}
	_, resp, err := websocket.Dial(t.Context(), f.Address()+"/api/events", f.dialOptions())
	if err == nil || resp == nil || resp.StatusCode != 503 {
		t.Errorf("WebSocket %d: err %v, answer %v, want 503", maxSockets+1, err, resp)
	}
	_ = open[0].Close(websocket.StatusNormalClosure, "")
	for range 100 { // its slot is free as soon as the server has seen it close
		ws, _, err := websocket.Dial(t.Context(), f.Address()+"/api/events", f.dialOptions())
		if err == nil {
			_ = ws.CloseNow()
			return
		}
	}
	t.Error("a closed WebSocket did not free its place")
}

func (f *fixture) dialOptions() *websocket.DialOptions {
	return &websocket.DialOptions{HTTPHeader: http.Header{"Cookie": {f.cookie}, "Origin": {f.Address()}}}
}

func (f *fixture) dial(path string) *websocket.Conn {
	f.t.Helper()
	ws, _, err := websocket.Dial(f.t.Context(), f.Address()+path, f.dialOptions())
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { _ = ws.CloseNow() })
	return ws
}

func TestSockets(t *testing.T) {
	f := serve(t, [32]byte{})
	events := f.dial("/api/events")
	if _, msg, err := events.Read(t.Context()); err != nil || string(msg) != `{"type":"status"}` {
		t.Errorf("first event: %q %v", msg, err)
	}
	edit := f.dial("/api/documents/doc1/edit")
	for _, kind := range []websocket.MessageType{websocket.MessageText, websocket.MessageBinary} {
		if err := edit.Write(t.Context(), kind, []byte("hello")); err != nil {
			t.Fatal(err)
		}
		got, msg, err := edit.Read(t.Context())
		if err != nil || got != kind || string(msg) != "doc1:hello" {
			t.Errorf("echo: %v %q %v", got, msg, err)
		}
	}
	missing := f.dial("/api/documents/missing/edit")
	_, _, err := missing.Read(t.Context())
	var closed websocket.CloseError
	if !errors.As(err, &closed) || closed.Code != websocket.StatusPolicyViolation || closed.Reason != "not_found: This device has no such document." {
		t.Errorf("unknown document: %v", err)
	}
}

func TestServeStops(t *testing.T) {
	f := serve(t, [32]byte{})
	events, edit := f.dial("/api/events"), f.dial("/api/documents/x/edit")
	if _, _, err := events.Read(t.Context()); err != nil {
		t.Fatal(err)
	}
	answered := make(chan string, 1)
	go func() {
		r, _ := http.NewRequest("POST", f.Address()+"/api/slow", strings.NewReader("{}"))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+f.Token())
		resp, err := browser.Do(r)
		if err != nil {
			answered <- err.Error()
			return
		}
		defer resp.Body.Close()
		answered <- resp.Status
	}()
	<-f.backend.began
	stopped := make(chan struct{})
	go func() { f.stop(); close(stopped) }()
	for _, ws := range []*websocket.Conn{events, edit} {
		if _, _, err := ws.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusGoingAway {
			t.Errorf("at the end a page read: %v", err)
		}
	}
	close(f.backend.wait)
	if got := <-answered; got != "200 OK" {
		t.Errorf("request under way: %s", got)
	}
	<-stopped
	if _, err := net.Dial("tcp", strings.TrimPrefix(f.Address(), "http://")); err == nil {
		t.Error("still listening")
	}
}

func TestListenLoopbackOnly(t *testing.T) {
	for _, address := range []string{"0.0.0.0:0", ":0", "[::]:0", "192.0.2.1:80", "example.com:80"} {
		if ln, err := Listen(address); !errors.Is(err, ErrNotLoopback) {
			t.Errorf("Listen(%q): %v %v, want ErrNotLoopback", address, ln, err)
		}
	}
	for _, address := range []string{"127.0.0.1:0", "localhost:0", "127.0.0.2:0"} {
		ln, err := Listen(address)
		if err != nil {
			t.Errorf("Listen(%q): %v", address, err)
			continue
		}
		defer ln.Close()
		s, err := New(Config{Backend: &echo{}}, ln)
		if err != nil {
			t.Fatal(err)
		}
		if own := strings.TrimPrefix(s.Address(), "http://"); !s.origin.isHost(own) {
			t.Errorf("the server at %s does not know its own name", own)
		}
	}
}

func TestClient(t *testing.T) {
	f := serve(t, [32]byte{})
	dir := t.TempDir()
	if _, err := Dial(t.Context(), dir); !errors.Is(err, ErrNotRunning) {
		t.Errorf("no token file: %v", err)
	}
	own := TokenFile{Address: f.Address(), Token: f.Token(), PID: os.Getpid()}
	if err := own.Write(dir); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, TokenFileName)
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("token file: %v %v", info.Mode(), err)
	}
	c, err := Dial(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	var answer struct{ Method, Body string }
	if err := c.Call(t.Context(), "documents.create", map[string]string{"title": "x"}, &answer); err != nil || answer.Method != "documents.create" || answer.Body != `{"title":"x"}` {
		t.Errorf("call: %+v %v", answer, err)
	}
	var refused *api.Error
	if err := c.Call(t.Context(), "refused", nil, nil); !errors.As(err, &refused) || refused.Code != api.Full {
		t.Errorf("refusal: %v", err)
	}
	link, err := c.OpenLink(t.Context())
	if err != nil || !strings.HasPrefix(link, f.Address()+"/open?token=") {
		t.Errorf("link: %q %v", link, err)
	}
	if resp, _ := f.do("GET", strings.TrimPrefix(link, f.Address()), "", nil); resp.StatusCode != 303 {
		t.Errorf("opening that link: %s", resp.Status)
	}
	edit, err := c.Edit(t.Context(), "doc1")
	if err != nil {
		t.Fatal(err)
	}
	if err := edit.Write(t.Context(), api.Binary, []byte("hi")); err != nil {
		t.Fatal(err)
	}
	if kind, data, err := edit.Read(t.Context()); err != nil || kind != api.Binary || !bytes.Equal(data, []byte("doc1:hi")) {
		t.Errorf("edit: %v %q %v", kind, data, err)
	}
	_ = edit.Close(1000, "")

	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Dial(t.Context(), dir); !errors.Is(err, ErrTooOpen) {
		t.Errorf("readable token file: %v", err)
	}
	_ = os.Chmod(path, 0o600)
	if err := RemoveTokenFile(dir, TokenFile{Token: "of another run"}); err != nil {
		t.Error(err)
	}
	f.stop()
	if _, err := Dial(t.Context(), dir); !errors.Is(err, ErrNotRunning) {
		t.Errorf("killed node: %v", err)
	}
	if err := RemoveTokenFile(dir, own); err != nil {
		t.Error(err)
	}
	left, _ := filepath.Glob(filepath.Join(dir, "*"))
	if len(left) != 0 {
		t.Errorf("left behind: %q", left)
	}
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Dial(t.Context(), dir); err == nil || errors.Is(err, ErrNotRunning) {
		t.Errorf("broken token file: %v", err)
	}
}

func TestStatusOfEveryCode(t *testing.T) {
	for _, code := range []api.Code{api.BadRequest, api.Unauthorized, api.Forbidden, api.NotFound, api.ReadOnly, api.Full, api.Offline, api.LinkInvalid, api.Unavailable, api.Internal} {
		if statuses[code] < 400 {
			t.Errorf("%s has no status", code)
		}
	}
}

func TestClip(t *testing.T) {
	for _, tt := range []struct {
		in   string
		max  int
		want string
	}{{"short", 10, "short"}, {"exact", 5, "exact"}, {"longer", 4, "long"}, {"aéb", 2, "a"}, {"日本", 4, "日"}} {
		if got := clip(tt.in, tt.max); got != tt.want {
			t.Errorf("clip(%q, %d) = %q, want %q", tt.in, tt.max, got, tt.want)
		}
	}
}
