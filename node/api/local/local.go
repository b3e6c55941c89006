package local

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/sheafdocs/sheaf/node/api"
)

// Limits on what one user's programs and pages may ask at once.
const (
	maxBodyBytes   = 1 << 20          // one request
	maxFrameBytes  = 16 << 20         // one WebSocket message from a page
	maxHeaderBytes = 32 << 10         // all headers of a request
	maxConns       = 512              // connections, also idle ones
	maxSockets     = 256              // WebSockets
	headerTimeout  = 10 * time.Second // until the headers are here
	bodyTimeout    = 30 * time.Second // until a request was read
	answerTimeout  = 2 * time.Minute  // until its answer was taken
	idleTimeout    = 2 * time.Minute  // of a kept-alive connection
	frameTimeout   = 30 * time.Second // until a page took one message
	stopTimeout    = 5 * time.Second  // for requests under way when the server stops
)

// Backend is what the server serves; an *api.Server is one. Errors that are an
// *api.Error reach the caller as they are, others as an internal fault.
type Backend interface {
	// Handle answers one request.
	Handle(ctx context.Context, method string, body []byte) ([]byte, error)
	// Events sends JSON messages until ctx is done or send fails.
	Events(ctx context.Context, send func([]byte) error) error
	// Edit serves one editor until either side ends it.
	Edit(ctx context.Context, doc string, conn api.Frames) error
}

// Config says what a Server serves. Backend is required.
type Config struct {
	Backend Backend
	// Page serves everything outside the API, without a cookie. Nil: not found.
	Page http.Handler
	// Secret signs the cookies of opened pages, so that a page stays signed in
	// over a restart. Zero: a random one, and pages must be opened again.
	Secret [32]byte
	// Now is the clock. Default time.Now.
	Now func() time.Time
	// Logger gets refused requests and faults. Nil discards.
	Logger *slog.Logger
}

// Server answers one user's programs and pages. Make it with New.
type Server struct {
	cfg     Config
	origin  origin
	keys    *keyring
	handler http.Handler
	sockets sync.WaitGroup
	slots   chan struct{} // one token per open WebSocket
	stop    chan struct{} // closed when Serve is to end
}

// New returns a server for the listener that it will be given to Serve; the
// address is needed before, because requests must name it.
func New(cfg Config, ln net.Listener) (*Server, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Page == nil {
		cfg.Page = http.NotFoundHandler()
	}
	if cfg.Secret == [32]byte{} {
		if _, err := rand.Read(cfg.Secret[:]); err != nil {
			return nil, fmt.Errorf("draw cookie secret: %w", err)
		}
	}
	o, err := originOf(ln.Addr())
	if err != nil {
		return nil, err
	}
	s := &Server{cfg: cfg, origin: o, keys: newKeyring(cfg.Secret, o.port, cfg.Now), slots: make(chan struct{}, maxSockets), stop: make(chan struct{})}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /open", s.open)
	mux.HandleFunc("POST /open", s.invite)
	mux.Handle("POST /api/{method}", s.signedIn(s.call))
	mux.Handle("POST /api/files/{name}", s.signedIn(s.download))
	mux.Handle("GET /api/events", s.signedIn(s.events))
	mux.Handle("GET /api/documents/{doc}/edit", s.signedIn(s.edit))
	mux.Handle("/api/", s.signedIn(func(w http.ResponseWriter, r *http.Request) {
		s.refuse(w, r, http.StatusNotFound, api.NotFound, "The node knows no request "+r.Method+" "+r.URL.Path+". Nothing was changed.")
	}))
	mux.Handle("/", cfg.Page)
	// The standard protection judges requests that could change something;
	// sameOrigin judges the rest, WebSockets among them.
	forged := http.NewCrossOriginProtection()
	forged.SetDenyHandler(http.HandlerFunc(s.refuseStranger))
	s.handler = forged.Handler(mux)
	return s, nil
}

// Address returns the address of the page, "http://127.0.0.1:PORT".
func (s *Server) Address() string { return s.origin.address() }

// OpenLink returns a link that signs one browser in, once, within ten minutes.
func (s *Server) OpenLink() (string, error) {
	token, err := s.keys.issueLink()
	if err != nil {
		return "", err
	}
	return s.Address() + "/open?token=" + token, nil
}

// Token returns the bearer token of this run, for the token file.
func (s *Server) Token() string { return s.keys.bearer }

// ServeHTTP makes the checks that every request must pass and hands it on.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !s.origin.isHost(r.Host) {
		s.refuse(w, r, http.StatusForbidden, api.Forbidden, fmt.Sprintf("The request was addressed to %q, which is not this node. Nothing was read or changed. Open %s instead.", r.Host, s.Address()))
		return
	}
	if !s.origin.mayRead(r) {
		s.refuseStranger(w, r)
		return
	}
	s.handler.ServeHTTP(w, r)
}

func (s *Server) refuseStranger(w http.ResponseWriter, r *http.Request) {
	from := r.Header.Get("Origin")
	if from == "" {
		from = r.Header.Get("Sec-Fetch-Site")
	}
	s.refuse(w, r, http.StatusForbidden, api.Forbidden, fmt.Sprintf("A page of another origin (%q) asked this node. It was refused; nothing was read or changed.", from))
}

// Serve answers on ln until ctx is done, then closes all WebSockets, lets
// requests under way finish and returns nil. It can be called once.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	requests, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	hs := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       bodyTimeout,
		WriteTimeout:      answerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(s.cfg.Logger.Handler(), slog.LevelDebug),
		BaseContext:       func(net.Listener) context.Context { return requests },
	}
	ended := make(chan error, 1)
	go func() { ended <- hs.Serve(newLimitListener(ln, maxConns)) }()
	var err error
	select {
	case err = <-ended:
		close(s.stop)
	case <-ctx.Done():
		close(s.stop)
		grace, done := context.WithTimeout(requests, stopTimeout)
		if hs.Shutdown(grace) != nil {
			_ = hs.Close()
		}
		done()
		err = <-ended
	}
	cancel()
	s.sockets.Wait()
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serve %s: %w", s.Address(), err)
}

// signedIn lets only requests through that carry the cookie or the token.
func (s *Server) signedIn(next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.keys.hasToken(r) && !s.keys.hasCookie(r) {
			s.refuse(w, r, http.StatusUnauthorized, api.Unauthorized, "This page is not signed in to the node, or the node was set up anew. Nothing was read or changed. Run \"sheaf\" on this computer to open the page again.")
			return
		}
		next(w, r)
	})
}

// call answers POST /api/{method}.
func (s *Server) call(w http.ResponseWriter, r *http.Request) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		s.refuse(w, r, http.StatusUnsupportedMediaType, api.BadRequest, "A request must be sent as application/json. Nothing was changed.")
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBodyBytes))
	if err != nil {
		var tooBig *http.MaxBytesError
		if errors.As(err, &tooBig) {
			s.refuse(w, r, http.StatusRequestEntityTooLarge, api.BadRequest, fmt.Sprintf("A request may hold %d bytes at most. Nothing was changed.", maxBodyBytes))
			return
		}
		s.refuse(w, r, http.StatusBadRequest, api.BadRequest, "The request broke off. Nothing was changed.")
		return
	}
	method := r.PathValue("method")
	if limit := timeFor(method); limit > callTimeout {
		// The answer may come late; what is left is the time for taking it.
		err := http.NewResponseController(w).SetWriteDeadline(time.Now().Add(limit + answerTimeout))
		if err != nil && !errors.Is(err, http.ErrNotSupported) {
			s.fail(w, r, err)
			return
		}
	}
	answer, err := s.cfg.Backend.Handle(r.Context(), method, body)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	if len(answer) == 0 {
		answer = []byte("{}")
	}
	writeJSON(w, http.StatusOK, answer)
}

// open exchanges a one-time token for a cookie and shows the page.
func (s *Server) open(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	if !s.keys.useLink(r.URL.Query().Get("token")) && !s.keys.hasCookie(r) {
		h.Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, "This link was used before or is too old. Nothing was changed.\nRun \"sheaf\" on this computer to open the page.\n")
		return
	}
	cookie, err := s.keys.newCookie()
	if err != nil {
		s.fail(w, r, err)
		return
	}
	http.SetCookie(w, cookie)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// invite gives a program that holds the token a fresh link for a browser.
func (s *Server) invite(w http.ResponseWriter, r *http.Request) {
	if !s.keys.hasToken(r) {
		s.refuse(w, r, http.StatusUnauthorized, api.Unauthorized, "Only a program that holds the node's token may ask for a link. Nothing was changed.")
		return
	}
	link, err := s.OpenLink()
	if err != nil {
		s.fail(w, r, err)
		return
	}
	answer, err := json.Marshal(map[string]string{"url": link})
	if err != nil {
		s.fail(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, answer)
}

// Listen listens on a loopback address only: "127.0.0.1:0", "[::1]:7460" or
// "localhost:7460". Any other is ErrNotLoopback.
func Listen(address string) (net.Listener, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("read listen address: %w", err)
	}
	if strings.EqualFold(host, "localhost") {
		host = "127.0.0.1"
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return nil, fmt.Errorf("listen on %s: %w", address, ErrNotLoopback)
	}
	ln, err := net.Listen("tcp", net.JoinHostPort(host, port))
	if err != nil {
		return nil, fmt.Errorf("listen for the page: %w", err)
	}
	return ln, nil
}
