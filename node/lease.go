package node

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/wire"
)

// Lease is what a session learns when it starts or goes on.
type Lease struct {
	Session *Session
	Client  crdt.ClientID
	Role    access.Role
	Resumed bool   // the session named in the request goes on under its old client id
	Acked   uint64 // updates of it that are durable here
	// Received counts the updates of it that arrived; the page sends the rest.
	Received uint64
}

// Lease starts an editing session, or goes on with the one named by resume
// if its slot is still held. A reader's session (role below editor) gets a
// client id too, and its updates are refused.
//
// A new session is answered once every edit accepted before is durable: an
// editor takes what it loads for saved.
func (d *Document) Lease(ctx context.Context, resume string) (Lease, error) {
	if lease, err := d.resume(resume); err != nil || lease.Session != nil {
		return lease, err
	}
	if err := d.storeAccepted(ctx); err != nil {
		return Lease{}, err
	}
	return d.newLease()
}

// storeWait is how long a new session waits for the edits accepted before it.
const storeWait = 5 * time.Second

// storeAccepted returns when every edit accepted so far is durable.
func (d *Document) storeAccepted(ctx context.Context) error {
	d.mu.Lock()
	stored := d.out.empty() && d.unstored.empty() && !d.pending.unsaved()
	d.mu.Unlock()
	if stored {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, storeWait)
	defer cancel()
	err := d.durably(ctx, func() error {
		d.draftPending()
		return nil
	})
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%w: this device's store does not take them", ErrBusy)
	}
	return err
}

// resume goes on with a session whose slot is still held. Without one it
// returns no session.
func (d *Document) resume(id string) (Lease, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, role, err := d.mayOpen()
	if err != nil {
		return Lease{}, err
	}
	s := d.sessions[id]
	if s == nil || s.over {
		return Lease{}, nil
	}
	if s.attached {
		// Its connection has not ended here, and may still hand in updates that
		// the page is about to send again. It ends now; the page begins anew.
		s.end("this editor was opened again by another connection")
		return Lease{}, nil
	}
	s.reattach()
	return s.lease(role, true), nil
}

// mayOpen says under which authority and role this device opens the document.
func (d *Document) mayOpen() (wire.Auth, access.Role, error) {
	if d.closed {
		return wire.Auth{}, 0, ErrClosed
	}
	auth, role, ok := d.editsAs()
	if !ok || len(d.keys) == 0 {
		return auth, role, fmt.Errorf("%w: a member has to let this device in first", ErrJoining)
	}
	return auth, role, nil
}

// newLease gives a new session a slot.
func (d *Document) newLease() (Lease, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	auth, role, err := d.mayOpen()
	if err != nil {
		return Lease{}, err
	}
	d.dropStaleSessions(d.node.cfg.Now())
	if len(d.sessions) >= maxSessions {
		d.dropOldestDetached()
	}
	if len(d.sessions) >= maxSessions {
		return Lease{}, fmt.Errorf("%w: %d editors are open on this document here", ErrTooMany, len(d.sessions))
	}
	sl, err := d.takeSlot(auth)
	if err != nil {
		return Lease{}, err
	}
	var raw [16]byte
	if _, err := io.ReadFull(d.node.rand(), raw[:]); err != nil {
		return Lease{}, fmt.Errorf("make session id: %w", err)
	}
	s := &Session{
		doc: d, id: base64.RawURLEncoding.EncodeToString(raw[:]), slot: sl,
		signal: make(chan struct{}, 1), attached: true,
	}
	s.presence.id = raw
	sl.session = s
	d.sessions[s.id] = s
	d.followBody()
	d.pushDurable(s)
	d.introduceSelf()
	d.wake()
	return s.lease(role, false), nil
}

func (s *Session) lease(role access.Role, resumed bool) Lease {
	return Lease{Session: s, Client: s.slot.client, Role: role, Resumed: resumed, Acked: s.acked, Received: s.received}
}

func (s *Session) reattach() {
	s.attached = true
	s.queue, s.queueSize = nil, 0
	s.doc.pushDurable(s)
}
