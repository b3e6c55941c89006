package node

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/wire"
)

// rebuild merges everything anew from the entries that count, after other ones
// count than were merged, and resets every session. Void entries that those
// were built upon are merged as structure. Own edits that are not in an entry
// yet, and own entries that ceased to count though this device may still write,
// are written again where they can count.
func (d *Document) rebuild() {
	d.log.Warn("rebuilding the document: other entries count than before")
	d.count.wanted, d.count.under = false, false
	d.count.last = d.node.cfg.Now()
	d.count.carries = nil
	held, bytes := d.queue.held, d.queue.bytes
	d.resetContent()
	d.queue.held, d.queue.bytes = held, bytes
	for _, s := range d.sessions {
		s.end("the document was put together anew")
	}
	for id := range d.chains.All() {
		d.queue.try(id)
	}
	for _, sl := range d.own {
		if sl.stream == streamBody && !d.chains.Barred(sl.chain) {
			d.causes.chain(sl.chain, sl.client)
		}
	}
	d.applyQueued()
	d.sealLate()
	d.writeAgain()
	d.carry()
	d.count.contests.dirty = true
	d.changed = true
}

// noteReissue remembers own entries that ceased to count while this device may
// write: its role has changed, or another branch of its chain was chosen. What
// a removed author wrote stays set aside.
func (d *Document) noteReissue(r oplog.Recount) {
	author, _, _, _ := d.chains.Author(r.Chain)
	_, role, ok := d.roleLocked()
	if author != d.node.device || !ok || !mayWrite(role) {
		return
	}
	if from, noted := d.count.reissue[r.Chain]; noted && from <= r.Same {
		return
	}
	if d.count.reissue == nil {
		d.count.reissue = map[wire.ChainID]uint64{}
	}
	d.count.reissue[r.Chain] = r.Same
}

// writeAgain puts own edits that are in no entry that counts into the rebuilt
// document. Those of a chain that was ended move to a fresh one.
func (d *Document) writeAgain() {
	moves := map[wire.ChainID]*move{}
	var groups []*group
	for chain, from := range d.count.reissue {
		g, err := d.reissueEntries(moves, chain, from)
		if err != nil {
			d.log.Error("write own entries again; they stay set aside", "chain", chain.String(), "err", err)
			continue
		}
		if g != nil {
			groups = append(groups, g)
		}
	}
	d.count.reissue = nil
	for _, g := range d.pending.groups {
		if err := d.mergePending(moves, g); err != nil {
			d.log.Error("merge own edits again; they are kept as drafts", "err", err)
		}
		groups = append(groups, g)
	}
	since := d.pending.since
	if len(groups) > len(d.pending.groups) && d.pending.bytes == 0 {
		since = d.node.cfg.Now()
	}
	d.pending.restore(groups, since)
	if len(groups) > 0 {
		d.wake()
	}
}

// move is where what was written on an ended chain goes.
type move struct {
	from crdt.ID // of the old client: what is at or after this moves
	slot *slot
}

// moveTo finds or makes the chain that takes over from another one of this
// device, whose edits from a clock on are not in an entry that counts.
func (d *Document) moveTo(moves map[wire.ChainID]*move, old *slot, clock uint64) (*move, error) {
	if m := moves[old.chain]; m != nil {
		return m, nil
	}
	auth, role, ok := d.roleLocked()
	if !ok || !mayWrite(role) {
		return nil, ErrReadOnly
	}
	sl, err := d.freshSlot(auth)
	if err != nil {
		return nil, err
	}
	m := &move{from: crdt.ID{Client: old.client, Clock: clock}, slot: sl}
	moves[old.chain] = m
	return m, nil
}

// reissueEntries makes a group of what own entries hold that ceased to count.
func (d *Document) reissueEntries(moves map[wire.ChainID]*move, id wire.ChainID, from uint64) (*group, error) {
	_, auth, inc, ok := d.chains.Author(id)
	old := d.own[id]
	if old == nil && ok {
		old = d.addSlot(auth, inc)
	}
	lost, err := d.bodies(id, from)
	if err != nil || old == nil || len(lost) == 0 {
		return nil, err
	}
	clock := uint64(0)
	if c := d.causes.chains[id]; from > 0 {
		if c == nil || c.applied() < from {
			return nil, fmt.Errorf("entry %d of the chain is not merged", from)
		}
		clock = c.ends[from-1]
	}
	m, err := d.moveTo(moves, old, clock)
	if err != nil {
		return nil, err
	}
	update, err := crdt.MergeUpdates(lost...)
	if err != nil {
		return nil, fmt.Errorf("merge updates: %w", err)
	}
	g := &group{slot: old, updates: [][]byte{update}, start: clock}
	if err := d.remerge(map[wire.ChainID]*move{id: m}, g); err != nil {
		return nil, err
	}
	head, _, _ := d.chains.Head(id)
	d.noteReissued(id, head+1)
	return g, nil
}

// bodies reads the updates that the entries of a chain hold from a number on.
func (d *Document) bodies(id wire.ChainID, from uint64) ([][]byte, error) {
	var list [][]byte
	for e := d.nextEntry(entryRef{id, from}); e != nil; e = d.nextEntry(entryRef{id, e.Seq + 1}) {
		if e.Stream != streamBody || e.Kind != kindUpdate {
			continue
		}
		payload, err := d.open(e)
		if err != nil {
			return nil, fmt.Errorf("read entry %d: %w", e.Seq, err)
		}
		if len(payload.Body) > 0 {
			list = append(list, payload.Body)
		}
	}
	return list, nil
}

// mergePending merges a group of edits again that are in no entry yet, on a
// fresh chain if its own was ended.
func (d *Document) mergePending(moves map[wire.ChainID]*move, g *group) error {
	if moves[g.slot.chain] == nil && d.bounded(g.slot) {
		// Without the right to write they could not become late edits: the drafts
		// stay, and in sight.
		if _, err := d.moveTo(moves, g.slot, g.start); err != nil && !errors.Is(err, ErrReadOnly) {
			return err
		}
	}
	return d.remerge(moves, g)
}

// remerge merges a group's updates with what they name. What they write on a
// chain that moved moves too, and what they name of it they name where it is
// now: no entry that counts holds it under the old name.
func (d *Document) remerge(moves map[wire.ChainID]*move, g *group) error {
	renamed := false
	for i, u := range g.updates {
		for _, m := range moves {
			moved, err := crdt.RebaseClient(u, m.from, crdt.ID{Client: m.slot.client})
			if err != nil {
				return err
			}
			renamed = renamed || !bytes.Equal(moved, u)
			u = moved
		}
		info, err := crdt.Inspect(u)
		if err != nil {
			return fmt.Errorf("read update: %w", err)
		}
		for client, above := range info.Names {
			d.needClock(client, above)
		}
		if err := d.body.ApplyUpdate(u, remoteOrigin); err != nil {
			return fmt.Errorf("merge update: %w", err)
		}
		g.updates[i] = u
	}
	m := moves[g.slot.chain]
	if m != nil {
		g.slot, g.start = m.slot, g.start-min(g.start, m.from.Clock)
	}
	if m == nil && !renamed {
		return nil
	}
	old := g.drafts
	g.drafts, g.saved = nil, 0
	if err := d.draftGroup(g); err != nil {
		return err
	}
	g.saved = len(g.updates)
	for _, k := range old {
		d.out.remove(k) // in the same commit: a draft must not be found twice
	}
	return nil
}

// needClock merges void entries as structure until the units of a client below
// a clock are there.
func (d *Document) needClock(client crdt.ClientID, above uint64) {
	id, ok := d.causes.clients[client]
	if !ok || d.causes.chains[id] == nil {
		return
	}
	_, held := d.chains.Aside(id)
	for c := d.causes.chains[id]; c.end() < above && c.applied() < held; {
		before := c.applied()
		d.queue.structure[id] = max(d.queue.structure[id], before+1)
		d.queue.try(id)
		d.applyQueued()
		if c.applied() == before {
			return // waits for something that is not here
		}
	}
}
