package local

import (
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/sheafdocs/sheaf/node/api"
)

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
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); { // its place is free once the server has seen it close
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
	for _, address := range []string{"127.0.0.1:0", "localhost:0"} {
		ln, err := Listen(address)
		if err != nil {
			t.Errorf("Listen(%q): %v", address, err)
			continue
		}
		defer ln.Close()
	}
	for _, ip := range []string{"127.0.0.1", "127.0.0.2", "::1"} {
		o, err := originOf(&net.TCPAddr{IP: net.ParseIP(ip), Port: 80})
		if err != nil || !o.isHost(strings.TrimPrefix(o.address(), "http://")) {
			t.Errorf("a server at %s does not know its own name: %v", ip, err)
		}
	}
	if _, err := originOf(&net.TCPAddr{IP: net.IPv4zero, Port: 80}); !errors.Is(err, ErrNotLoopback) {
		t.Errorf("a server for everyone: %v", err)
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
