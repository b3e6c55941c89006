package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/sheafdocs/sheaf/crdt/yproto"
	"github.com/sheafdocs/sheaf/node"
)

// Frames is a connection that carries whole frames, text or binary, like a
// WebSocket or a MessagePort. Read and Write have one caller each.
type Frames interface {
	Read(ctx context.Context) (FrameKind, []byte, error)
	Write(ctx context.Context, kind FrameKind, data []byte) error
}

// FrameKind tells text frames from binary ones.
type FrameKind uint8

// The kinds of frames: JSON control messages and y-protocols messages.
const (
	Text FrameKind = iota
	Binary
)

// leaseRequest is the first frame of an editor.
type leaseRequest struct {
	Type    string `json:"type"`
	Session string `json:"session"`
}

// leaseAnswer tells the editor the client id it writes under.
type leaseAnswer struct {
	Type     string `json:"type"`
	Session  string `json:"session"`
	Client   string `json:"client"` // decimal; at most 53 bits, so a double holds it
	Resumed  bool   `json:"resumed"`
	Role     string `json:"role"`
	Acked    uint64 `json:"acked"`
	Received uint64 `json:"received"`
	// Renamed lists client ids of earlier sessions that are another one now:
	// pairs of decimal numbers.
	Renamed [][2]string `json:"renamed,omitempty"`
}

// control is a text frame from the node after the lease.
type control struct {
	Type    string   `json:"type"`
	Through uint64   `json:"through"`
	Here    uint64   `json:"here"`
	Others  []Holder `json:"others"`
	Peers   int      `json:"peers"`
	Reason  string   `json:"reason,omitempty"`
	Code    Code     `json:"code,omitempty"`
	Message string   `json:"message,omitempty"`
}

// Edit serves one editor on one document until it leaves, ctx ends, or the
// session is over. The returned error is an [*Error] where the editor did
// something it should be told of.
func (s *Server) Edit(ctx context.Context, id string, conn Frames) error {
	d, err := s.document(id)
	if err != nil {
		return refuse(ctx, conn, err)
	}
	kind, first, err := conn.Read(ctx)
	if err != nil {
		return fmt.Errorf("read lease: %w", err)
	}
	var req leaseRequest
	if kind != Text || json.Unmarshal(first, &req) != nil || req.Type != "lease" {
		return refuse(ctx, conn, &Error{BadRequest, "An editor first asks for a client id with a lease message."})
	}
	lease, err := d.Lease(ctx, req.Session)
	if err != nil {
		return refuse(ctx, conn, err)
	}
	e := &editor{doc: d, conn: conn, session: lease.Session, out: make(chan frame, 16)}
	defer e.session.Detach()
	return e.serve(ctx, lease)
}

// refuse tells the editor why it is not served.
func refuse(ctx context.Context, conn Frames, err error) error {
	e := toError(err)
	b, merr := message(control{Type: "error", Code: e.Code, Message: e.Message})
	if merr == nil {
		merr = conn.Write(ctx, Text, b)
	}
	if merr != nil {
		return merr
	}
	return e
}

type frame struct {
	kind FrameKind
	data []byte
	end  error // instead of a frame: ends the connection, all before being written
}

// editor is one connection being served: a reader, and a writer that merges
// answers and the session's events.
type editor struct {
	doc     *node.Document
	conn    Frames
	session *node.Session
	out     chan frame // answers to what was read
}

// serve runs reader, event pump and writer until one of them ends.
func (e *editor) serve(ctx context.Context, lease node.Lease) error {
	ctx, cancel := context.WithCancelCause(ctx)
	answer, err := message(leaseAnswer{
		Type: "leased", Session: e.session.ID(), Client: strconv.FormatUint(uint64(lease.Client), 10),
		Resumed: lease.Resumed, Role: lease.Role.String(), Acked: lease.Acked, Received: lease.Received,
		Renamed: renamed(e.doc),
	})
	if err != nil {
		cancel(nil)
		return err
	}
	if err := e.conn.Write(ctx, Text, answer); err != nil {
		cancel(nil)
		return fmt.Errorf("write lease: %w", err)
	}
	step1 := yproto.AppendSyncStep1(nil, e.session.StateVector().Encode())
	if err := e.conn.Write(ctx, Binary, step1); err != nil {
		cancel(nil)
		return fmt.Errorf("write first sync step: %w", err)
	}
	writing := make(chan struct{})
	go func() {
		defer close(writing)
		cancel(e.write(ctx))
	}()
	pumping := make(chan struct{})
	go func() {
		defer close(pumping)
		// Why the session is over was told before: the writer ends the
		// connection once it has written that.
		err := e.pump(ctx)
		select {
		case e.out <- frame{end: err}:
		case <-ctx.Done():
		}
	}()
	cancel(e.read(ctx))
	<-pumping
	<-writing
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}

// write sends answers in order.
func (e *editor) write(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case f := <-e.out:
			if f.end != nil {
				return f.end
			}
			if err := e.conn.Write(ctx, f.kind, f.data); err != nil {
				return fmt.Errorf("write frame: %w", err)
			}
		}
	}
}

func (e *editor) send(ctx context.Context, kind FrameKind, data []byte) error {
	select {
	case e.out <- frame{kind: kind, data: data}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (e *editor) sendControl(ctx context.Context, c control) error {
	if c.Others == nil {
		c.Others = []Holder{}
	}
	b, err := message(c)
	if err != nil {
		return err
	}
	return e.send(ctx, Text, b)
}

// pump turns the session's events into frames, until an error ends it.
func (e *editor) pump(ctx context.Context) error {
	for {
		ev, err := e.session.Next(ctx)
		if err != nil {
			return err
		}
		switch ev.Kind {
		case node.EventUpdate:
			err = e.send(ctx, Binary, yproto.AppendUpdate(nil, ev.Data))
		case node.EventAwareness:
			err = e.send(ctx, Binary, yproto.AppendAwareness(nil, ev.Data))
		case node.EventAck:
			err = e.sendControl(ctx, control{Type: "ack", Through: ev.Through})
		case node.EventDurable:
			err = e.sendControl(ctx, control{Type: "durable", Here: ev.Through, Others: holders(ev.Others), Peers: ev.Peers})
		case node.EventReset:
			err = e.sendControl(ctx, control{Type: "reset", Reason: ev.Reason})
		case node.EventError:
			err = e.sendControl(ctx, control{Type: "error", Code: Code(ev.Code), Message: ev.Reason})
		}
		if err != nil {
			return err
		}
	}
}

// read handles the editor's frames.
func (e *editor) read(ctx context.Context) error {
	for {
		kind, data, err := e.conn.Read(ctx)
		if err != nil {
			return err
		}
		if kind == Text {
			continue // nothing a page says in text after the lease
		}
		if err := e.handle(ctx, data); err != nil {
			told := toError(err)
			if err := e.sendControl(ctx, control{Type: "error", Code: told.Code, Message: told.Message}); err != nil {
				return err
			}
			switch told.Code {
			case BadRequest:
				// Editor and node no longer agree on what was handed in. A new
				// session starts from the node's copy; the page issues again
				// what it still holds.
				e.session.Reset(told.Message)
			case ReadOnly, Removed:
			default:
				// The editor comes back and goes on with what was not taken.
				return told
			}
		}
	}
}

// emptyUpdate is a Yjs update without structs and deletions.
var emptyUpdate = []byte{0, 0}

// handle answers one y-protocols message.
func (e *editor) handle(ctx context.Context, data []byte) error {
	m, err := yproto.Decode(data)
	if err != nil {
		return &Error{BadRequest, "The editor sent something that is not a y-protocols message: " + err.Error() + "."}
	}
	switch m.Kind {
	case yproto.SyncStep1:
		sv, err := m.StateVector()
		if err != nil {
			return &Error{BadRequest, "The editor sent a state vector that cannot be read: " + err.Error() + "."}
		}
		return e.send(ctx, Binary, yproto.AppendSyncStep2(nil, e.session.State(sv)))
	case yproto.SyncStep2:
		if bytes.Equal(m.Body, emptyUpdate) {
			return nil // the answer of an editor that has nothing new; not an edit
		}
		return e.session.Update(m.Body)
	case yproto.Update:
		return e.session.Update(m.Body)
	case yproto.Awareness:
		if err := e.session.SetPresence(m.Body); !errors.Is(err, node.ErrPresence) {
			return err
		}
		return nil // too large to show others: editing goes on without
	case yproto.QueryAwareness:
		return e.send(ctx, Binary, yproto.AppendAwareness(nil, e.session.People()))
	}
	return nil
}

// renamed lists the pairs of Document.Renamed.
func renamed(d *node.Document) [][2]string {
	var pairs [][2]string
	for from, to := range d.Renamed() {
		pairs = append(pairs, [2]string{strconv.FormatUint(uint64(from), 10), strconv.FormatUint(uint64(to), 10)})
	}
	return pairs
}
