package node

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/sheafdocs/sheaf/crdt"
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
	was := d.causes
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
	d.writeAgain(was)
	d.sayAgain()
	d.carry()
	d.count.contests.dirty = true
	d.changed = true
}

// writeAgain puts own edits that are in no entry that counts into the rebuilt
// document. Those of a chain that was ended move to a fresh one.
func (d *Document) writeAgain(was *causality) {
	moves := map[wire.ChainID]*move{}
	groups := d.reissueEntries(moves, was)
	starts := d.pendingStarts()
	for _, g := range d.pending.groups {
		if err := d.mergePending(moves, g, starts[g.slot.chain]); err != nil {
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

// mergePending merges a group of edits again that are in no entry yet, on a
// fresh chain if its own was ended: from the clock at which what waits begins.
func (d *Document) mergePending(moves map[wire.ChainID]*move, g *group, from uint64) error {
	if moves[g.slot.chain] == nil && d.bounded(g.slot) {
		// Without the right to write they could not become late edits: the drafts
		// stay, and in sight.
		if _, err := d.moveTo(moves, g.slot, from); err != nil && !errors.Is(err, ErrReadOnly) {
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
		if g.structure {
			if u, err = crdt.StructureOnly(u, d.live().Keyed); err != nil {
				return fmt.Errorf("reduce to structure: %w", err)
			}
		}
		if err := d.body().ApplyUpdate(u, remoteOrigin); err != nil {
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
