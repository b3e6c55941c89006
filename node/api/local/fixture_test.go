package local

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

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
