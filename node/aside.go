package node

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/comments"
	"github.com/sheafdocs/sheaf/node/gossip"
	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/wire"
)

// ErrNoAside is returned where a group of edits is named that is not set aside.
var ErrNoAside = errors.New("no such edits are set aside on this device")

// ErrWeaker means that an owner cannot accept edits, because who ended the
// author's role is senior.
var ErrWeaker = errors.New("an owner who was here earlier has ended this author's role")

// Limits of what the list of edits set aside tells.
const (
	maxAsideEntries   = 200      // of one author; the rest is counted
	maxAsideTextBytes = 16 << 10 // of one edit
)

// AsideGroup is what one author wrote under one authority that is kept and
// counts for nobody: written after it was removed, or on a branch that was not
// chosen.
type AsideGroup struct {
	ID        string // names the group in requests
	Device    wire.Device
	User      wire.UserID
	Auth      wire.Auth
	Count     int       // edits set aside
	Noticed   time.Time // when this device first listed them; entries carry no time
	CanAccept bool      // this device is an owner's, and the author had a valid role
	Entries   []AsideEntry
}

// AsideEntry is one edit set aside.
type AsideEntry struct {
	Text string // what it would have inserted, or said as a comment; "" if nothing, or if its key is not held
}

// asideKey names a group.
type asideKey struct {
	device wire.Device
	auth   wire.Auth
}

func (k asideKey) String() string {
	return base64.RawURLEncoding.EncodeToString(slices.Concat(k.device[:], k.auth[:]))
}

// asideNotes is what this device remembers of edits set aside.
type asideNotes struct {
	noticed  map[asideKey]time.Time
	reissued map[wire.ChainID]uint64 // own chains: entries below were written again elsewhere
}

// asideRecord is asideNotes as stored.
type asideRecord struct {
	_        struct{} `cbor:",toarray"`
	Noticed  []asideNotice
	Reissued []asideReissue
}

type asideNotice struct {
	_      struct{} `cbor:",toarray"`
	Device wire.Device
	Auth   wire.Auth
	At     int64 // unix ms
}

type asideReissue struct {
	_     struct{} `cbor:",toarray"`
	Chain wire.ChainID
	Below uint64
}

func asideStoreKey(doc wire.DocID) store.Key {
	return store.Key{Doc: doc, Kind: store.KindLocal, Name: "aside"}
}

// Aside lists the edits that are set aside, by author and authority, those with
// the most first.
func (d *Document) Aside() []AsideGroup {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, role, _ := d.roleLocked()
	var groups []AsideGroup
	for key, chains := range d.asideChains() {
		_, had := d.access.RoleOf(key.auth, key.device)
		g := AsideGroup{
			ID: key.String(), Device: key.device, Auth: key.auth, User: d.userOf(key.auth, key.device),
			Noticed: d.notice(key), CanAccept: had && role == access.Owner,
		}
		for _, p := range chains {
			g.Count += int(p.to - p.from)
			for seq := p.from; seq < p.to && len(g.Entries) < maxAsideEntries; seq++ {
				g.Entries = append(g.Entries, AsideEntry{Text: d.asideText(entryRef{p.chain, seq})})
			}
		}
		groups = append(groups, g)
	}
	slices.SortFunc(groups, func(a, b AsideGroup) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.ID, b.ID))
	})
	return groups
}

// AsideCount is how many edits are set aside.
func (d *Document) AsideCount() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.asideCount()
}

func (d *Document) asideCount() int {
	n := 0
	for _, chains := range d.asideChains() {
		for _, p := range chains {
			n += int(p.to - p.from)
		}
	}
	return n
}

// asidePart is a part of a chain that is set aside.
type asidePart struct {
	chain    wire.ChainID
	from, to uint64
}

// asideChains finds what is set aside. Called with mu held.
func (d *Document) asideChains() map[asideKey][]asidePart {
	parts := map[asideKey][]asidePart{}
	for id := range d.chains.All() {
		from, to := d.chains.Aside(id)
		if from = max(from, d.aside.reissued[id]); from >= to {
			continue
		}
		device, auth, _, _ := d.chains.Author(id)
		key := asideKey{device, auth}
		parts[key] = append(parts[key], asidePart{id, from, to})
	}
	return parts
}

// asideText is what an entry would insert, or say.
func (d *Document) asideText(ref entryRef) string {
	e := d.nextEntry(ref)
	if e == nil || e.Kind != kindUpdate {
		return ""
	}
	payload, err := d.open(e)
	if err != nil || len(payload.Body) == 0 {
		return ""
	}
	text := ""
	switch e.Stream {
	case streamBody:
		text, err = crdt.InsertedText(payload.Body, maxAsideTextBytes)
	case oplog.StreamComments:
		var said comments.Record
		said, err = comments.Decode(payload.Body)
		text = said.Text // of at most comments.MaxTextBytes
	}
	if err != nil {
		return ""
	}
	return text
}

// notice tells when a group was first listed.
func (d *Document) notice(key asideKey) time.Time {
	at, ok := d.aside.noticed[key]
	if !ok {
		at = d.node.cfg.Now().Truncate(time.Millisecond)
		if d.aside.noticed == nil {
			d.aside.noticed = map[asideKey]time.Time{}
		}
		d.aside.noticed[key] = at
		d.putAside()
	}
	return at
}

// noteReissued remembers that own entries were written again, so that they are
// not listed as set aside.
func (d *Document) noteReissued(chain wire.ChainID, below uint64) {
	if d.aside.reissued == nil {
		d.aside.reissued = map[wire.ChainID]uint64{}
	}
	d.aside.reissued[chain] = below
	d.putAside()
}

// putAside leaves the notes in the outbox.
func (d *Document) putAside() {
	var rec asideRecord
	for key, at := range d.aside.noticed {
		rec.Noticed = append(rec.Noticed, asideNotice{Device: key.device, Auth: key.auth, At: at.UnixMilli()})
	}
	for chain, below := range d.aside.reissued {
		rec.Reissued = append(rec.Reissued, asideReissue{Chain: chain, Below: below})
	}
	raw, err := wire.Marshal(rec)
	if err != nil {
		d.log.Error("store notes on edits set aside", "err", err)
		return
	}
	d.out.put(asideStoreKey(d.id), raw)
	d.wake()
}

// loadAside reads the notes.
func (d *Document) loadAside(raw []byte) error {
	var rec asideRecord
	if err := wire.Unmarshal(raw, &rec); err != nil {
		return fmt.Errorf("read notes on edits set aside: %w", err)
	}
	d.aside = asideNotes{map[asideKey]time.Time{}, map[wire.ChainID]uint64{}}
	for _, n := range rec.Noticed {
		d.aside.noticed[asideKey{n.Device, n.Auth}] = time.UnixMilli(n.At)
	}
	for _, r := range rec.Reissued {
		d.aside.reissued[r.Chain] = r.Below
	}
	return nil
}

// AcceptAside lets the edits of a group count everywhere: as an owner, this
// device pins the ends of their chains. It returns when that is durable here.
func (d *Document) AcceptAside(ctx context.Context, group string) error {
	// Statements are made of stored entries; those just listed may be on their way.
	if err := d.durably(ctx, func() error { return nil }); err != nil {
		return err
	}
	return d.durably(ctx, func() error {
		for key, parts := range d.asideChains() {
			if key.String() == group {
				return d.acceptParts(key, parts)
			}
		}
		return ErrNoAside
	})
}

func (d *Document) acceptParts(key asideKey, parts []asidePart) error {
	if _, role, ok := d.roleLocked(); !ok || role != access.Owner {
		return fmt.Errorf("%w: only an owner can accept edits that were set aside", ErrReadOnly)
	}
	target, ok := d.target(key.auth, key.device)
	if !ok {
		return fmt.Errorf("%w: their author never had a valid role", ErrWeaker)
	}
	var list []access.Statement
	for _, p := range parts {
		if s, ok := d.statement(p.chain, p.to-1); ok {
			list = append(list, s)
		}
	}
	if len(list) == 0 {
		return fmt.Errorf("accept edits: %w: their entries cannot be read on this device", ErrNoAside)
	}
	for part := range slices.Chunk(list, access.MaxStatements) {
		op, err := access.NewPin(d.access, d.node.cfg.Key, target, access.PinLimit, part, d.node.cfg.Now())
		if err != nil {
			return fmt.Errorf("accept edits: %w", err)
		}
		if err := d.receiveOp(op.Raw); err != nil {
			return err
		}
		d.out.then(func() {
			d.publish(gossip.Message{Kind: gossip.Op, Body: op.Raw})
			d.reoffer = true // the entries were offered to nobody
		})
	}
	d.applyReady()
	for _, p := range parts {
		if d.chains.Counts(p.chain) > p.from {
			return nil
		}
	}
	return ErrWeaker
}

// statement states an entry of a chain's chosen branch: the last one up to a
// number that carries its author's signature here.
func (d *Document) statement(chain wire.ChainID, seq uint64) (access.Statement, bool) {
	device, _, inc, _ := d.chains.Author(chain)
	for {
		e := d.nextEntry(entryRef{chain, seq})
		if e == nil {
			return access.Statement{}, false
		}
		if e.Signed() {
			return access.Statement{Device: device, Inc: inc, Seq: e.Seq, ID: e.ID, Sig: e.Sig}, true
		}
		if seq == 0 {
			return access.Statement{}, false
		}
		seq--
	}
}

// target finds the op that gives a device the authority it writes under.
func (d *Document) target(auth wire.Auth, dev wire.Device) (access.Target, bool) {
	for op := range d.access.All() {
		if op.ID.Short() != auth {
			continue
		}
		for i, given := range givenBy(op) {
			if given == dev {
				return access.Target{Op: op.ID, Index: uint32(i)}, true
			}
		}
	}
	return access.Target{}, false
}

// givenBy lists the devices that an op gives a role to.
func givenBy(op *access.Op) []wire.Device {
	var list []wire.Device
	switch {
	case op.Genesis != nil:
		for _, g := range op.Genesis.Devices {
			list = append(list, g.Device)
		}
	case op.Grant != nil:
		for _, g := range op.Grant.Devices {
			list = append(list, g.Device)
		}
	case op.DevAdd != nil:
		list = append(list, op.DevAdd.Device)
	}
	return list
}

// userOf is the user that an authority belongs to.
func (d *Document) userOf(auth wire.Auth, dev wire.Device) wire.UserID {
	for op := range d.access.All() {
		if op.ID.Short() != auth || !slices.Contains(givenBy(op), dev) {
			continue
		}
		switch {
		case op.Genesis != nil, op.Grant != nil:
			return userOf(op)
		case op.DevAdd != nil:
			return d.userOf(op.Auth.Short(), op.Author)
		}
	}
	return wire.UserID{}
}
