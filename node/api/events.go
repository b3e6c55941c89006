package api

import (
	"context"
	"time"

	"github.com/sheafdocs/sheaf/node"
)

// statusInterval is how often the status is looked at for a change that
// nothing announces, like the health of the store.
const statusInterval = time.Second

// Events sends JSON messages about what changes until ctx ends or send
// fails. The first one is the status.
func (s *Server) Events(ctx context.Context, send func([]byte) error) error {
	changes, stop := s.cfg.Node.Watch()
	defer stop()
	ticker := time.NewTicker(statusInterval)
	defer ticker.Stop()
	last := s.statusNow()
	if err := sendJSON(send, statusEvent(last)); err != nil {
		return err
	}
	for {
		var events []any
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
			now := s.statusNow()
			if same(now, last) {
				continue
			}
			last = now
			events = []any{statusEvent(now)}
		case c, ok := <-changes:
			switch {
			case !ok:
				return node.ErrClosed
			case c.Kind == node.StatusChanged:
				last = s.statusNow() // it is what the reader knows
				events = []any{statusEvent(last)}
			case c.Kind == node.AllChanged:
				last = s.statusNow()
				events = append(s.everything(), statusEvent(last))
			default:
				events = []any{s.event(c)}
			}
		}
		for _, event := range events {
			if event == nil {
				continue
			}
			if err := sendJSON(send, event); err != nil {
				return err
			}
		}
	}
}

// everything has a reader who fell behind look again at all there is but the
// status.
func (s *Server) everything() []any {
	events := []any{s.event(node.Change{Kind: node.DocumentsChanged})}
	if s.cfg.Node.PairingStatus().Number != 0 {
		events = append(events, s.event(node.Change{Kind: node.PairingChanged}))
	}
	for _, d := range s.cfg.Node.Documents() {
		if !s.cfg.Node.IsHome(d.ID()) {
			events = append(events, s.event(node.Change{Kind: node.CommentsChanged, Doc: d.ID()}))
		}
	}
	return events
}

// same compares what a reader of the status sees change.
func same(a, b Status) bool {
	return a.Name == b.Name && a.Offline == b.Offline && a.Peers == b.Peers && a.Store == b.Store
}

func statusEvent(st Status) any {
	return struct {
		Type   string `json:"type"`
		Status Status `json:"status"`
	}{"status", st}
}

func (s *Server) event(c node.Change) any {
	switch c.Kind {
	case node.DocumentsChanged:
		return map[string]string{"type": "documents"}
	case node.PairingChanged:
		return struct {
			Type    string  `json:"type"`
			Pairing Pairing `json:"pairing"`
		}{"pairing", s.pairingStatus()}
	case node.CommentsChanged:
		return map[string]string{"type": "comments", "id": c.Doc.String()}
	}
	d, err := s.cfg.Node.Document(c.Doc)
	if err != nil || s.cfg.Node.IsHome(c.Doc) {
		return nil
	}
	return struct {
		Type     string   `json:"type"`
		Document Document `json:"document"`
	}{"document", describe(d)}
}

func sendJSON(send func([]byte) error, v any) error {
	b, err := message(v)
	if err != nil {
		return err
	}
	return send(b)
}
