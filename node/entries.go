package node

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/node/gossip"
	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/seal"
	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/wire"
)

// Streams and kinds of entries (docs/formats/entry.md).
const (
	streamBody = 0
	kindUpdate = 0
	maxInc     = 1 << 20
)

// draftRecord is an own update that is durable but not in an entry yet, as it
// lies in the store, sealed with the device's own secret.
type draftRecord struct {
	_      struct{} `cbor:",toarray"`
	Auth   wire.Auth
	Inc    uint32
	Update []byte
}

// draftPending puts what is not durable yet of every group into the outbox,
// one draft record a group.
func (d *Document) draftPending() {
	for _, g := range d.pending.groups {
		if g.saved == len(g.updates) {
			continue
		}
		if err := d.draftGroup(g); err != nil {
			d.log.Error("keep draft", "err", err)
			d.lastFlush = d.node.cfg.Now()
			return // a later group must not be acknowledged before this one
		}
		g.saved = len(g.updates)
		number, session := g.number, g.slot.session
		d.out.then(func() { d.ack(session, number) })
	}
}

// draftGroup puts a group's new updates into the outbox, in as many records as
// their size asks for.
func (d *Document) draftGroup(g *group) error {
	update, err := crdt.MergeUpdates(g.updates[g.saved:]...)
	if err != nil {
		return fmt.Errorf("merge updates: %w", err)
	}
	pieces, err := crdt.SplitUpdate(update, maxDraftBytes, math.MaxInt)
	if err != nil {
		return fmt.Errorf("split update: %w", err)
	}
	for _, piece := range pieces {
		key := store.DraftKey(d.id, draftName(d.nextDraft))
		value, err := d.sealLocal(key, draftRecord{Auth: g.slot.auth, Inc: g.slot.inc, Update: piece})
		if err != nil {
			return err
		}
		d.nextDraft++
		d.out.put(key, value)
		g.drafts = append(g.drafts, key)
	}
	return nil
}

// canSeal says whether this device can make entries now: it has a role that
// writes, and the key of an epoch to write under.
func (d *Document) canSeal() bool {
	_, role, ok := d.roleLocked()
	_, have := d.writeEpoch()
	return ok && have && mayWrite(role) && !d.count.wanted && d.draftsProven()
}

// sealPending turns every waiting group into entries, in order. One that
// cannot be sealed holds up those after it of its slot, and no others.
func (d *Document) sealPending() {
	groups := d.pending.groups
	d.pending = pendingEdits{}
	var left []*group
	for _, g := range groups {
		if slices.ContainsFunc(left, func(l *group) bool { return l.slot == g.slot }) {
			left = append(left, g)
			continue
		}
		entries, err := d.sealGroup(g)
		if err != nil {
			d.log.Error("seal entry, trying again later", "err", err)
			left = append(left, g)
			continue
		}
		d.putEntries(g, entries)
	}
	if len(left) == 0 {
		return
	}
	// Nothing is lost: it stays, as drafts or in memory, and is tried again.
	d.pending.restore(left, d.node.cfg.Now().Add(sealRetry))
	for _, s := range d.sessions {
		s.push(Event{Kind: EventError, Code: "unavailable", Reason: "Some edits are kept on this device and cannot be sent to others yet. It is tried again."})
	}
}

// sealGroup makes the entries of one group: the update compacted, cut to
// size, each piece with the dependencies it needs.
func (d *Document) sealGroup(g *group) ([]*oplog.Entry, error) {
	if len(g.updates) == 0 {
		return nil, nil
	}
	if seq, id, ok := d.chains.Head(g.slot.chain); ok && seq >= g.slot.next {
		g.slot.next, g.slot.prev = seq+1, id // a peer gave back entries this store had lost
		if err := d.leaveSealed(g); err != nil || len(g.updates) == 0 {
			return nil, err
		}
	}
	update, err := crdt.MergeUpdates(g.updates...)
	if err != nil {
		return nil, fmt.Errorf("merge updates: %w", err)
	}
	if update, err = crdt.CompactUpdate(update); err != nil {
		return nil, fmt.Errorf("compact update: %w", err)
	}
	pieces, err := crdt.SplitUpdate(update, maxEntryUpdate, maxEntryOps)
	if err != nil {
		return nil, fmt.Errorf("split update: %w", err)
	}
	var entries []*oplog.Entry
	before, body := *g.slot, d.causes.chain(g.slot.chain, g.slot.client).clone()
	for _, piece := range pieces {
		made, err := d.sealPiece(g.slot, piece)
		if err != nil {
			// None of them was stored or sent, so their places are free.
			g.slot.next, g.slot.prev = before.next, before.prev
			d.causes.chains[g.slot.chain] = body
			return nil, err
		}
		entries = append(entries, made...)
	}
	return entries, nil
}

// sealPiece makes the entry of one update, preceded by entries that only list
// dependencies when there are more of them than one may list.
func (d *Document) sealPiece(sl *slot, update []byte) ([]*oplog.Entry, error) {
	info, err := crdt.Inspect(update)
	if err != nil {
		return nil, fmt.Errorf("inspect update: %w", err)
	}
	chain := d.causes.chain(sl.chain, sl.client)
	deps, err := d.causes.depsFor(chain, info)
	if err != nil {
		return nil, fmt.Errorf("find dependencies: %w", err)
	}
	for i := range deps {
		id, ok := d.entryID(deps[i].Chain, deps[i].Seq)
		if !ok {
			return nil, fmt.Errorf("find dependencies: entry %d of chain %s is unknown", deps[i].Seq, deps[i].Chain)
		}
		deps[i].ID8 = [8]byte(id[:8])
	}
	var entries []*oplog.Entry
	for len(deps) > maxEntryDeps {
		e, err := d.sealEntry(sl, seal.Payload{Deps: deps[:maxEntryDeps]}, 0)
		if err != nil {
			return nil, err
		}
		chain.advance(chain.end(), deps[:maxEntryDeps])
		chain.last = e.ID
		entries = append(entries, e)
		deps = deps[maxEntryDeps:]
	}
	end, err := d.causes.judge(chain, deps, info)
	if err != nil {
		return nil, fmt.Errorf("judge own update: %w", err)
	}
	e, err := d.sealEntry(sl, seal.Payload{Deps: deps, Body: update}, numOps(info))
	if err != nil {
		return nil, err
	}
	chain.advance(end, deps)
	chain.last = e.ID
	return append(entries, e), nil
}

// entryID finds the id of an entry, also of own ones not durable yet.
func (d *Document) entryID(chain wire.ChainID, seq uint64) (wire.EntryID, bool) {
	if id, ok := d.chains.ID(chain, seq); ok {
		return id, true
	}
	id, ok := d.unsettled[entryRef{chain, seq}]
	return id, ok
}

// sealEntry encrypts and signs one payload as the slot's next entry.
func (d *Document) sealEntry(sl *slot, p seal.Payload, ops int) (*oplog.Entry, error) {
	return d.sealKind(sl, kindUpdate, p, ops)
}

// sealKind does the same for an entry of any kind.
func (d *Document) sealKind(sl *slot, kind uint8, p seal.Payload, ops int) (*oplog.Entry, error) {
	epoch, ok := d.sealingEpoch(sl)
	if !ok {
		return nil, errNoKey
	}
	sealer, err := d.sealer(epoch, sl.chain, d.node.device, sl.auth, sl.inc)
	if err != nil {
		return nil, err
	}
	h := oplog.Header{
		Doc: d.id.Short(), Author: d.node.device, Auth: sl.auth, Inc: sl.inc,
		Seq: sl.next, Prev: sl.prev, Epoch: epoch, Stream: sl.stream, Kind: kind, NumOps: uint32(ops),
	}
	aad, err := h.AAD()
	if err != nil {
		return nil, fmt.Errorf("encode header: %w", err)
	}
	ct, err := sealer.Seal(aad, p)
	if err != nil {
		return nil, fmt.Errorf("encrypt entry: %w", err)
	}
	e, err := oplog.Sign(d.node.cfg.Key, h, ct)
	if err != nil {
		return nil, fmt.Errorf("sign entry: %w", err)
	}
	sl.next++
	sl.prev = e.ID
	d.unsettled[entryRef{sl.chain, h.Seq}] = e.ID
	return e, nil
}

// putEntries puts a group's entries into the outbox in place of its drafts,
// and announces them once they are durable.
func (d *Document) putEntries(g *group, entries []*oplog.Entry) {
	for _, e := range entries {
		d.out.put(store.EntryKey(d.id, g.slot.chain, e.Seq, e.ID), e.Raw)
	}
	for _, k := range g.drafts {
		d.out.remove(k)
	}
	d.sealing = append(d.sealing, g)
	session := g.slot.session
	d.out.then(func() {
		for _, e := range entries {
			d.ownStored(e)
			delete(d.unsettled, entryRef{g.slot.chain, e.Seq})
			d.outgrow(len(e.Raw))
			d.publish(gossip.Message{Kind: gossip.Entry, Body: e.Raw})
		}
		d.queue.try(g.slot.chain) // a rebuild in the same commit has not seen them
		d.overtaken(g.slot)
		now := d.node.cfg.Now()
		d.rate.add(len(entries), now)
		d.sealing = d.sealing[1:]
		if len(entries) == 0 {
			return
		}
		d.ledger.wrote(g.slot.chain, entries[len(entries)-1].Seq+1, now)
		if session != nil {
			session.marks = append(session.marks, mark{number: g.number, entries: entries[len(entries)-1].Seq + 1})
			session.pruneMarks()
		}
		d.ack(session, g.number)
		d.info.touch(now)
		d.changed = true
		d.node.stats.sent.Add(uint64(len(entries)))
	})
}

// sealer returns the derived keys of a chain in an epoch.
func (d *Document) sealer(epoch wire.EpochID, chain wire.ChainID, dev wire.Device, auth wire.Auth, inc uint32) (*seal.Sealer, error) {
	key := sealerKey{epoch, chain}
	if s, ok := d.sealers[key]; ok {
		return s, nil
	}
	ek, ok := d.keys[epoch]
	if !ok {
		return nil, errNoKey
	}
	s, err := seal.NewSealer(ek, seal.Chain{Doc: d.id, Device: dev, Auth: auth, Inc: inc})
	if err != nil {
		return nil, fmt.Errorf("derive chain keys: %w", err)
	}
	d.sealers[key] = s
	return s, nil
}

// publish hands a message to the document's gossip topic. Loss is made good
// by sync, so a failure is only counted there.
func (d *Document) publish(m gossip.Message) {
	if d.topic != nil {
		d.announce = append(d.announce, m)
	}
}

// draftName numbers a draft; names sort as the drafts were made.
func draftName(n uint64) string {
	return string(binary.BigEndian.AppendUint64(nil, n))
}

// draftNumber is the reverse of draftName.
func draftNumber(name string) (uint64, bool) {
	if len(name) != 8 {
		return 0, false
	}
	return binary.BigEndian.Uint64([]byte(name)), true
}
