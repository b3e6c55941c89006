package node

import (
	"context"
	"fmt"
	"time"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/seal"
)

// EventKind says what an [Event] tells a session.
type EventKind uint8

// The kinds of events.
const (
	EventUpdate    EventKind = iota // Data: a Yjs update made by someone else
	EventAwareness                  // Data: an awareness update of someone else
	EventAck                        // Through: own updates durable on this device
	EventDurable                    // Others, Peers: where own updates are durable
	EventReset                      // Reason: the session is over; lease a new one
	EventError                      // Code, Reason: edits are not becoming durable now
)

// Event is one thing a session is told, in order.
type Event struct {
	Kind    EventKind
	Data    []byte
	Through uint64
	Others  []Holder
	Peers   int
	Code    string
	Reason  string
}

// Session is one editor on one document: a browser tab, a command, a bridge.
// It writes under a client id of its own. Methods are safe for concurrent
// use; Next has one caller at a time.
type Session struct {
	doc  *Document
	id   string
	slot *slot

	// The rest is guarded by doc.mu.
	received  uint64 // updates handed in
	acked     uint64 // updates durable here
	marks     []mark
	captured  [][]byte // what the update being applied changed
	queue     []Event
	queueSize int
	signal    chan struct{} // capacity 1: queue is not empty
	attached  bool
	detached  time.Time // when the connection was lost
	over      bool      // reset or closed
	presence  sessionPresence
}

// Client is the client id the session writes under.
func (s *Session) Client() crdt.ClientID { return s.slot.client }

// ID names the session, for resuming it.
func (s *Session) ID() string { return s.id }

// State returns what a holder of the given state vector lacks; nil asks for
// the whole document. Updates made later arrive by Next.
func (s *Session) State(sv crdt.StateVector) []byte {
	s.doc.mu.Lock()
	defer s.doc.mu.Unlock()
	return s.doc.state(sv)
}

// StateVector is what the node holds of the document.
func (s *Session) StateVector() crdt.StateVector {
	s.doc.mu.Lock()
	defer s.doc.mu.Unlock()
	return s.doc.stateVector()
}

// Update hands in the session's next update. It returns once the update is
// merged; an EventAck tells when it is durable. The error says why nothing of
// it was taken: a wrong client id, a role that may not write, a name of
// something this node does not hold.
func (s *Session) Update(update []byte) error {
	d := s.doc
	d.mu.Lock()
	defer d.mu.Unlock()
	if s.over || d.closed {
		return ErrSessionOver
	}
	if _, role, ok := d.editsAs(); !ok || role < access.Editor {
		return d.readOnly()
	}
	if len(update) > maxUpdateBytes {
		return fmt.Errorf("%w: one update may hold %d MiB", ErrBadUpdate, maxUpdateBytes>>20)
	}
	if d.pending.bytes > maxPendingBytes {
		return fmt.Errorf("%w: %d MiB of edits wait for this device's store", ErrBusy, maxPendingBytes>>20)
	}
	changed, info, err := d.applyOwn(s, update)
	if err != nil {
		return err
	}
	s.received++
	d.addPending(s, changed, info)
	d.wake()
	return nil
}

// applyOwn checks an update against the session's client id and what the
// document holds, and merges it. It returns the update with only what was new.
func (d *Document) applyOwn(s *Session, update []byte) ([]byte, crdt.UpdateInfo, error) {
	sv := d.stateVector()
	fresh, err := crdt.DiffUpdate(update, sv)
	if err != nil {
		return nil, crdt.UpdateInfo{}, fmt.Errorf("%w: %w", ErrBadUpdate, err)
	}
	info, err := crdt.Inspect(fresh)
	if err != nil {
		return nil, info, fmt.Errorf("%w: %w", ErrBadUpdate, err)
	}
	end := uint64(sv[s.slot.client])
	for _, r := range info.Structs {
		if r.Client != s.slot.client {
			return nil, info, fmt.Errorf("%w: it writes under client id %d, this session's is %d", ErrWrongClient, r.Client, s.slot.client)
		}
		if r.From != end {
			return nil, info, fmt.Errorf("%w: it starts at clock %d, expected %d", ErrBadUpdate, r.From, end)
		}
		end = r.To
	}
	for client, above := range info.Names {
		if client == s.slot.client && above <= end {
			continue
		}
		if above > sv[client] {
			return nil, info, fmt.Errorf("%w: it names something this device does not have", ErrBadUpdate)
		}
	}
	if err := checkSize(fresh); err != nil {
		return nil, info, err
	}
	doc, err := d.editable()
	if err != nil {
		return nil, info, err
	}
	s.captured = nil
	if err := doc.ApplyUpdate(fresh, s); err != nil {
		return nil, info, fmt.Errorf("%w: %w", ErrBadUpdate, err)
	}
	return s.takeCaptured()
}

// checkSize refuses an update with one piece of content, like an embed, that
// is too large to travel in an entry.
func checkSize(update []byte) error {
	if len(update) <= maxEntryUpdate {
		return nil
	}
	pieces, err := crdt.SplitUpdate(update, maxEntryUpdate, maxEntryOps)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrBadUpdate, err)
	}
	for _, p := range pieces {
		if len(p) > seal.MaxBodyBytes {
			return fmt.Errorf("%w: one part of it, like a picture in the text, has %d KiB; %d are allowed", ErrBadUpdate, len(p)>>10, seal.MaxBodyBytes>>10)
		}
	}
	return nil
}

// takeCaptured returns what the session's transactions have changed since the
// last call, as one update; nil when nothing did.
func (s *Session) takeCaptured() (update []byte, info crdt.UpdateInfo, err error) {
	captured := s.captured
	s.captured = nil
	switch len(captured) {
	case 0:
		return nil, info, nil
	case 1:
		update = captured[0]
	default:
		if update, err = crdt.MergeUpdates(captured...); err != nil {
			return nil, info, fmt.Errorf("merge captured updates: %w", err)
		}
	}
	if info, err = crdt.Inspect(update); err != nil {
		return nil, info, fmt.Errorf("inspect captured update: %w", err)
	}
	return update, info, nil
}

// push queues an event for the session. Called with doc.mu held.
func (s *Session) push(e Event) {
	if s.over || !s.attached {
		return
	}
	if s.queueSize > maxSessionOutbox {
		s.end("this page fell too far behind; it starts again from this device's copy")
		return
	}
	if e.Kind == EventReset {
		s.over = true
	}
	s.queue = append(s.queue, e)
	s.queueSize += len(e.Data) + 64
	s.notify()
}

// end resets a session: everything queued is dropped but the reason.
func (s *Session) end(reason string) {
	s.over = true
	s.queue = []Event{{Kind: EventReset, Reason: reason}}
	s.queueSize = 0
	s.notify()
}

func (s *Session) notify() {
	select {
	case s.signal <- struct{}{}:
	default:
	}
}

// Next waits for the next event.
func (s *Session) Next(ctx context.Context) (Event, error) {
	for {
		s.doc.mu.Lock()
		if len(s.queue) > 0 {
			e := s.queue[0]
			s.queue[0] = Event{}
			s.queue = s.queue[1:]
			s.queueSize -= len(e.Data) + 64
			s.doc.mu.Unlock()
			return e, nil
		}
		over := s.over
		s.doc.mu.Unlock()
		if over {
			return Event{}, ErrSessionOver
		}
		select {
		case <-s.signal:
		case <-ctx.Done():
			return Event{}, ctx.Err()
		}
	}
}

// Reset ends the session with a reason that its editor is told.
func (s *Session) Reset(reason string) {
	s.doc.mu.Lock()
	defer s.doc.mu.Unlock()
	s.end(reason)
}

// Detach says that the editor's connection is gone. Its slot is kept for a
// while so that the editor can come back and go on.
func (s *Session) Detach() {
	d := s.doc
	d.mu.Lock()
	defer d.mu.Unlock()
	s.attached = false
	s.detached = d.node.cfg.Now()
	s.queue, s.queueSize = nil, 0
	d.removePresence(s)
	d.wake()
}

// Close ends the session for good; its slot may be leased again once
// everything of it is durable and sealed.
func (s *Session) Close() {
	d := s.doc
	d.mu.Lock()
	defer d.mu.Unlock()
	s.over = true
	s.attached = false
	d.removePresence(s)
	d.releaseSession(s)
	d.wake()
}

// dropStaleSessions closes sessions whose connection has been gone for long.
func (d *Document) dropStaleSessions(now time.Time) {
	for _, s := range d.sessions {
		if !s.attached && (s.over || now.Sub(s.detached) > detachedSessionTTL) {
			s.over = true
			d.releaseSession(s)
		}
	}
}

// dropOldestDetached makes room by ending the session whose connection has
// been gone longest and that has nothing left to store.
func (d *Document) dropOldestDetached() {
	var oldest *Session
	for _, s := range d.sessions {
		if !s.attached && !d.slotBusy(s.slot) && (oldest == nil || s.detached.Before(oldest.detached)) {
			oldest = s
		}
	}
	if oldest != nil {
		oldest.over = true
		d.releaseSession(oldest)
	}
}

// releaseSession frees the slot of a session that is over, once nothing of
// it waits to be stored or sealed.
func (d *Document) releaseSession(s *Session) {
	if d.slotBusy(s.slot) {
		return
	}
	delete(d.sessions, s.id)
	d.followBody()
	if s.slot.session == s {
		s.slot.session = nil
		d.freeSlots = append(d.freeSlots, s.slot.inc)
	}
}
