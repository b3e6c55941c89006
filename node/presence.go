package node

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/crdt/awareness"
	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/gossip"
	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/seal"
	"github.com/sheafdocs/sheaf/node/wire"
)

// Limits of presence. It is never stored.
const (
	presenceInterval = 200 * time.Millisecond // least time between two frames of a session
	maxPresent       = 256                    // clients shown at once
	maxNameBytes     = 64                     // of what another device calls itself
)

// ErrPresence is returned for an awareness update that is not the session's
// own, or too large.
var ErrPresence = errors.New("presence refused")

// sessionPresence is what others are shown of one own session.
type sessionPresence struct {
	id      [16]byte // names the session in frames
	counter uint64   // of the last frame, so that a frame sent again shows
	last    []byte   // the latest awareness update
	sent    time.Time
	due     bool // last waits because frames are limited
}

// people is who is present in a document, as its pages see it.
type people struct {
	states  *awareness.States
	devices map[uint64]wire.Device       // whose each remote client is
	replay  oplog.Sessions               // how far each remote session has counted
	sealers map[wire.Device]presenceKeys // by author
}

// presenceKeys caches the derived keys of one device in one epoch.
type presenceKeys struct {
	epoch  wire.EpochID
	sealer *seal.PresenceSealer
}

func newPeople() *people {
	return &people{
		states:  awareness.New(awareness.Config{MaxClients: maxPresent, MaxStateBytes: seal.MaxPresenceBytes}),
		devices: map[uint64]wire.Device{},
		sealers: map[wire.Device]presenceKeys{},
	}
}

// SetPresence takes the session's awareness update: other sessions here see it
// at once, other devices at most five times a second. What it says of other
// clients is passed over.
func (s *Session) SetPresence(update []byte) error {
	entries, err := awareness.Decode(update)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrPresence, err)
	}
	var own []awareness.Entry
	for _, e := range entries {
		if e.Client == uint64(s.slot.client) {
			own = append(own, e)
		}
	}
	if len(own) == 0 {
		return nil
	}
	d := s.doc
	d.mu.Lock()
	defer d.mu.Unlock()
	if s.over {
		return ErrSessionOver
	}
	if err := d.showPresence(awareness.AppendUpdate(nil, own...), s); err != nil {
		return fmt.Errorf("%w: %w", ErrPresence, err)
	}
	s.presence.last = d.people.states.Encode(uint64(s.slot.client))
	s.presence.due = true
	d.sendPresence(s, d.node.cfg.Now())
	return nil
}

// People returns an awareness update about everybody present.
func (s *Session) People() []byte {
	s.doc.mu.Lock()
	defer s.doc.mu.Unlock()
	return s.doc.people.states.Encode(s.doc.people.states.Clients()...)
}

// showPresence merges an awareness update and tells the sessions but from.
func (d *Document) showPresence(update []byte, from *Session) error {
	change, err := d.people.states.Apply(update, d.node.cfg.Now())
	if err != nil {
		return err
	}
	d.tellPresence(change, from)
	return nil
}

func (d *Document) tellPresence(change awareness.Change, from *Session) {
	if change.IsZero() {
		return
	}
	data := d.people.states.Encode(change.Clients()...)
	for _, s := range d.sessions {
		if s != from {
			s.push(Event{Kind: EventAwareness, Data: data})
		}
	}
	for _, c := range change.Removed {
		delete(d.people.devices, c)
	}
}

// removePresence shows that a session has left.
func (d *Document) removePresence(s *Session) {
	if s.presence.last == nil {
		return
	}
	client := uint64(s.slot.client)
	d.tellPresence(d.people.states.Remove(d.node.cfg.Now(), client), s)
	s.presence.last = d.people.states.Encode(client)
	s.presence.due = true
	s.presence.sent = time.Time{}
	d.sendPresence(s, d.node.cfg.Now())
	s.presence.last = nil
}

// sendPresence publishes a session's state, if the limit lets it.
func (d *Document) sendPresence(s *Session, now time.Time) {
	if !s.presence.due || now.Sub(s.presence.sent) < presenceInterval {
		return
	}
	frame, err := d.sealPresence(s)
	if err != nil {
		if !errors.Is(err, errNoKey) {
			d.log.Warn("presence not sent", "err", err)
		}
		return
	}
	s.presence.due = false
	s.presence.sent = now
	d.publish(gossip.Message{Kind: gossip.Presence, Body: frame})
	d.wake()
}

func (d *Document) sealPresence(s *Session) ([]byte, error) {
	auth, _, ok := d.roleLocked()
	if !ok {
		return nil, errNoKey
	}
	epoch, ok := d.writeEpoch()
	if !ok {
		return nil, errNoKey
	}
	sealer, err := d.presenceSealer(epoch, d.node.device)
	if err != nil {
		return nil, err
	}
	s.presence.counter = max(s.presence.counter+1, uint64(d.node.cfg.Now().UnixMilli()))
	p := oplog.Presence{
		Doc: d.id.Short(), Author: d.node.device, Auth: auth, Epoch: epoch,
		Session: s.presence.id, Counter: s.presence.counter,
	}
	p.Ct, err = sealer.Seal(p.AAD(), seal.PresenceState{Awareness: s.presence.last, Digest: d.dueDigest()})
	if errors.Is(err, seal.ErrTooLarge) {
		p.Ct, err = sealer.Seal(p.AAD(), seal.PresenceState{Awareness: s.presence.last})
	}
	if err != nil {
		return nil, err
	}
	if p, err = oplog.SignPresence(d.node.cfg.Key, p); err != nil {
		return nil, err
	}
	return p.Encode(), nil
}

func (d *Document) presenceSealer(epoch wire.EpochID, dev wire.Device) (*seal.PresenceSealer, error) {
	if k, ok := d.people.sealers[dev]; ok && k.epoch == epoch {
		return k.sealer, nil
	}
	ek, ok := d.keys[epoch]
	if !ok {
		return nil, errNoKey
	}
	sealer, err := seal.NewPresenceSealer(ek, d.id, dev)
	if err != nil {
		return nil, err
	}
	d.people.sealers[dev] = presenceKeys{epoch, sealer}
	return sealer, nil
}

// CheckPresence implements gossip.Document.
func (d *Document) CheckPresence(raw []byte) oplog.Verdict {
	p, err := oplog.DecodePresence(raw)
	if err != nil {
		return oplog.VerdictOf(err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.people.replay.Check(d.id.Short(), presentNow{d}, &p)
}

// presentNow judges presence by who is a member now: unlike an entry, it says
// nothing of the time before its author was removed.
type presentNow struct{ d *Document }

func (n presentNow) RoleOf(auth wire.Auth, dev wire.Device) (access.Role, bool) {
	if _, _, member := n.d.access.Authority(dev); !member {
		return 0, false
	}
	return n.d.access.RoleOf(auth, dev)
}

// receivePresence shows a checked frame of another device to the sessions.
func (d *Document) receivePresence(raw []byte) {
	p, err := oplog.DecodePresence(raw)
	if err != nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	sealer, err := d.presenceSealer(p.Epoch, p.Author)
	if err != nil {
		return
	}
	state, err := sealer.Open(p.AAD(), p.Ct)
	if err != nil {
		return
	}
	d.compareDigest(p.Author, state.Digest)
	entries, err := awareness.Decode(state.Awareness)
	if err != nil || !d.speaksFor(p.Author, entries) {
		return
	}
	if err := d.showPresence(state.Awareness, nil); err != nil {
		return
	}
	for _, e := range entries {
		if len(e.State) > 0 && len(d.people.devices) < maxPresent {
			d.people.devices[e.Client] = p.Author
		}
	}
	d.noteName(p.Author, entries)
}

// speaksFor says whether a device may show the clients of an update: those of
// its own chains, and new ones that no other device has shown.
func (d *Document) speaksFor(dev wire.Device, entries []awareness.Entry) bool {
	for _, e := range entries {
		if chain, ok := d.causes.clients[crdt.ClientID(e.Client)]; ok {
			if author, _, _, known := d.chains.Author(chain); !known && dev != d.node.device || known && author != dev {
				return false
			}
		}
		if owner, ok := d.people.devices[e.Client]; ok && owner != dev {
			return false
		}
	}
	return len(entries) <= maxSessions
}

// noteName remembers what a device calls itself, for telling who holds what.
func (d *Document) noteName(dev wire.Device, entries []awareness.Entry) {
	for _, e := range entries {
		var state struct {
			User struct {
				Name string `json:"name"`
			} `json:"user"`
		}
		if json.Unmarshal(e.State, &state) == nil && state.User.Name != "" && len(state.User.Name) <= maxNameBytes {
			d.node.setNameOf(dev, state.User.Name)
		}
	}
}

// expirePresence drops those who have not been heard of, sends what waited,
// and does so for every session when everybody new is to be told.
func (d *Document) expirePresence(now time.Time) {
	d.tellPresence(d.people.states.Tick(now), nil)
	for _, s := range d.sessions {
		d.sendPresence(s, now)
	}
}

// dropPresenceOf shows the clients of a device as gone.
func (d *Document) dropPresenceOf(dev wire.Device) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var gone []uint64
	for client, owner := range d.people.devices {
		if owner == dev {
			gone = append(gone, client)
		}
	}
	if len(gone) > 0 {
		d.tellPresence(d.people.states.Remove(d.node.cfg.Now(), gone...), nil)
	}
}

// announcePresence has every session's state sent again, for a new peer.
func (d *Document) announcePresence() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, s := range d.sessions {
		if s.presence.last != nil {
			s.presence.due = true
			s.presence.sent = time.Time{}
			d.sendPresence(s, d.node.cfg.Now())
		}
	}
}
