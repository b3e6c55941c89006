package local

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"unicode/utf8"

	"github.com/coder/websocket"

	"github.com/sheafdocs/sheaf/node/api"
)

// maxReasonBytes is the most a WebSocket close frame holds besides its code.
const maxReasonBytes = 123

// Conn carries the frames of one editor. Read and Write may be used at the
// same time, each by one goroutine.
type Conn struct{ ws *websocket.Conn }

// Read waits for the next frame.
func (c *Conn) Read(ctx context.Context) (api.FrameKind, []byte, error) {
	kind, data, err := c.ws.Read(ctx)
	if err != nil {
		return 0, nil, fmt.Errorf("read frame: %w", err)
	}
	if kind == websocket.MessageText {
		return api.Text, data, nil
	}
	return api.Binary, data, nil
}

// Write sends one frame. A page that does not take it within 30 seconds is
// given up: the error ends the connection, and the page will ask again.
func (c *Conn) Write(ctx context.Context, kind api.FrameKind, data []byte) error {
	ctx, cancel := context.WithTimeout(ctx, frameTimeout)
	defer cancel()
	typ := websocket.MessageBinary
	if kind == api.Text {
		typ = websocket.MessageText
	}
	if err := c.ws.Write(ctx, typ, data); err != nil {
		return fmt.Errorf("write frame: %w", err)
	}
	return nil
}

// Close ends the connection with a WebSocket status code and a reason of at
// most 123 bytes.
func (c *Conn) Close(code int, reason string) error {
	return c.ws.Close(websocket.StatusCode(code), reason)
}

// errTooMany answers a WebSocket beyond maxSockets.
var errTooMany = &api.Error{Code: api.Unavailable, Message: "Too many pages are connected to this node at once. Nothing was lost. Close some tabs and try again."}

// accept upgrades r and runs serve on it until that returns or the server
// stops. The origin was checked already for every request that has one; a
// page always sends one, so a cookie without it is not from a page.
func (s *Server) accept(w http.ResponseWriter, r *http.Request, serve func(ctx context.Context, c *Conn) error) {
	if r.Header.Get("Origin") == "" && !s.keys.hasToken(r) {
		s.refuse(w, r, http.StatusForbidden, api.Forbidden, "A page must say its origin to open a connection. It was refused; nothing was read or changed.")
		return
	}
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	default:
		s.fail(w, r, errTooMany)
		return
	}
	s.sockets.Add(1)
	defer s.sockets.Done()
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true}) // origin checked above
	if err != nil {
		s.cfg.Logger.Info("connection refused", "path", r.URL.Path, "err", err)
		return
	}
	defer ws.CloseNow()
	ws.SetReadLimit(maxFrameBytes)
	ctx, cancel := context.WithCancel(r.Context())
	stopping := make(chan struct{})
	go func() {
		defer close(stopping)
		select {
		case <-s.stop:
			_ = ws.Close(websocket.StatusGoingAway, "the node is stopping")
			cancel()
		case <-ctx.Done():
		}
	}()
	err = serve(ctx, &Conn{ws})
	cancel()
	<-stopping
	s.end(r, ws, err)
}

// end closes a connection whose serving ended with err, and says why.
func (s *Server) end(r *http.Request, ws *websocket.Conn, err error) {
	var refused *api.Error
	switch {
	case errors.As(err, &refused):
		_ = ws.Close(websocket.StatusPolicyViolation, clip(string(refused.Code)+": "+refused.Message, maxReasonBytes))
	case err != nil && websocket.CloseStatus(err) == -1:
		s.cfg.Logger.Debug("connection ended", "path", r.URL.Path, "err", err)
		_ = ws.Close(websocket.StatusInternalError, "the connection failed")
	default:
		_ = ws.Close(websocket.StatusNormalClosure, "")
	}
}

// clip shortens s to at most max bytes of whole characters.
func clip(s string, max int) string {
	if len(s) <= max {
		return s
	}
	for !utf8.RuneStart(s[max]) {
		max--
	}
	return s[:max]
}

// events sends what changes in the node to one page.
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	s.accept(w, r, func(ctx context.Context, c *Conn) error {
		ctx = c.ws.CloseRead(ctx) // a page has nothing to say here; done when it leaves
		err := s.cfg.Backend.Events(ctx, func(message []byte) error { return c.Write(ctx, api.Text, message) })
		if ctx.Err() != nil {
			return nil
		}
		return err
	})
}

// edit hands one editor's connection to the node.
func (s *Server) edit(w http.ResponseWriter, r *http.Request) {
	s.accept(w, r, func(ctx context.Context, c *Conn) error {
		return s.cfg.Backend.Edit(ctx, r.PathValue("doc"), c)
	})
}
