package local

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// ErrNotLoopback refuses an address that others could reach.
var ErrNotLoopback = errors.New("the page may be served on a loopback address only (127.0.0.1, ::1 or localhost)")

// An origin is the address a server answers to.
type origin struct {
	host string // as the page shows it: "127.0.0.1" or "::1"
	port string
}

func originOf(a net.Addr) (origin, error) {
	tcp, ok := a.(*net.TCPAddr)
	if !ok || !tcp.IP.IsLoopback() {
		return origin{}, fmt.Errorf("serve on %v: %w", a, ErrNotLoopback)
	}
	return origin{host: tcp.IP.String(), port: strconv.Itoa(tcp.Port)}, nil
}

func (o origin) address() string { return "http://" + net.JoinHostPort(o.host, o.port) }

// isHost reports whether a Host header names this server and not some name
// that was made to resolve to it.
func (o origin) isHost(hostport string) bool {
	host, port, err := net.SplitHostPort(hostport)
	if err != nil { // without a port, which is 80
		host, port = strings.Trim(hostport, "[]"), "80"
	}
	switch strings.ToLower(host) {
	case "127.0.0.1", "::1", "localhost", o.host:
		return port == o.port
	}
	return false
}

// mayRead reports whether r comes from this server's own page or from no page
// at all, as far as a request that changes nothing can tell; those that do
// change something are judged by http.CrossOriginProtection. Browsers send
// Sec-Fetch-Site with every request and Origin with every WebSocket, and pages
// cannot forge either. Other programs send neither, and need the token.
func (o origin) mayRead(r *http.Request) bool {
	if claimed := r.Header.Get("Origin"); claimed != "" {
		u, err := url.Parse(claimed)
		// The origin must be the very host the request names: a page at
		// localhost and one at 127.0.0.1 are strangers to the browser too.
		return err == nil && u.Scheme == "http" && strings.EqualFold(u.Host, r.Host)
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
		return true
	}
	// A link or a bookmark on another site may lead to the page itself: that
	// only shows it, and a Strict cookie does not travel along.
	return r.Method == http.MethodGet && !strings.HasPrefix(r.URL.Path, "/api/") &&
		r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document"
}
