package node

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/node/seal"
	"github.com/sheafdocs/sheaf/node/wire"
)

// Late edits are what this device wrote before it learned that it may not write
// any more, and that was in no entry yet. They become entries all the same, of
// the authority that has ended: such entries count for nobody, members keep
// them, and an owner can let them count.
//
// They go onto a chain of their own. The one they were written for has ended at
// a place that others have stated, and after a restart nobody tells a removed
// device whether what it holds of that chain is all there is.

// late says whether what is written on a chain can only be a late edit: the
// chain has ended, and this device has no role to write on another.
func (d *Document) late(sl *slot) bool {
	_, role, ok := d.roleLocked()
	return d.bounded(sl) && !(ok && mayWrite(role))
}

// sealLate makes entries of the late edits that wait, and leaves the rest. What
// cannot be sealed stays as drafts. Called by rebuild.
func (d *Document) sealLate() {
	moves := map[wire.ChainID]*move{}
	from := d.pendingStarts()
	var left []*group
	for _, g := range d.pending.groups {
		old := g.slot
		if !d.late(old) {
			left = append(left, g)
			continue
		}
		if err := d.sealLateGroup(moves, g, from[old.chain]); err != nil {
			d.log.Error("make entries of edits from before the removal; they are kept as drafts", "err", err)
			left = append(left, g)
			continue
		}
		d.reofferLater()
	}
	d.pending.restore(left, d.pending.since)
	for _, m := range moves { // sealing took them for merged, and they count for nobody
		delete(d.causes.chains, m.slot.chain)
		d.causes.chain(m.slot.chain, m.slot.client)
	}
}

// overtaken has the document put together anew if own entries ceased to count
// while they were on their way to the store: they are merged here.
func (d *Document) overtaken(sl *slot) {
	if c := d.causes.chains[sl.chain]; d.bounded(sl) && c.applied() > d.chains.Counts(sl.chain) {
		d.count.wanted = true
		d.scheduleRebuild()
	}
}

// reofferLater has peers offered what is in the outbox, once it is stored.
func (d *Document) reofferLater() { d.out.then(func() { d.reoffer = true }) }

// pendingStarts finds where the edits that wait begin on each chain.
func (d *Document) pendingStarts() map[wire.ChainID]uint64 {
	from := map[wire.ChainID]uint64{}
	for _, g := range d.pending.groups {
		start := uint64(math.MaxUint64)
		for _, u := range g.updates {
			if info, err := crdt.Inspect(u); err == nil && len(info.Structs) > 0 {
				start = min(start, info.Structs[0].From)
			}
		}
		if known, ok := from[g.slot.chain]; !ok || start < known {
			from[g.slot.chain] = start
		}
	}
	return from
}

// sealLateGroup moves a group to the chain that takes over from its own, and
// makes its entries. On an error the group is what it was.
func (d *Document) sealLateGroup(moves map[wire.ChainID]*move, g *group, from uint64) error {
	was := *g
	m := moves[g.slot.chain]
	if m == nil {
		sl, err := d.freshSlot(g.slot.auth)
		if err != nil {
			return err
		}
		m = &move{from: crdt.ID{Client: g.slot.client, Clock: from}, slot: sl}
		moves[g.slot.chain] = m
	}
	updates := make([][]byte, len(g.updates))
	for i, u := range g.updates {
		for _, other := range moves { // it may name what waited on another chain
			moved, err := crdt.RebaseClient(u, other.from, crdt.ID{Client: other.slot.client})
			if err != nil {
				return err
			}
			u = moved
		}
		info, err := crdt.Inspect(u)
		if err != nil {
			return fmt.Errorf("read update: %w", err)
		}
		for client, above := range info.Names {
			d.needClock(client, above)
		}
		updates[i] = u
	}
	g.slot, g.updates = m.slot, updates
	entries, err := d.sealGroup(g)
	if err != nil {
		*g = was
		return err
	}
	d.putEntries(g, entries)
	return nil
}

// LateText is what this device wrote that counts for nobody and that it may not
// write again: the text its edits would insert, as far as possible in the order
// they were made, and how many edits they are. It belongs into every copy that
// the person takes along.
func (d *Document) LateText() (text string, edits int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var parts []asidePart
	next := map[wire.ChainID]uint64{} // the number of the entry to be read next
	edits = 0
	for key, chains := range d.asideChains() {
		if key.device != d.node.device {
			continue
		}
		for _, p := range chains {
			parts = append(parts, p)
			next[p.chain] = p.from
			edits += int(p.to - p.from)
		}
	}
	slices.SortFunc(parts, func(a, b asidePart) int { return bytes.Compare(a.chain[:], b.chain[:]) })
	var out strings.Builder
	for len(parts) > 0 {
		i := max(0, slices.IndexFunc(parts, func(p asidePart) bool { // what waits in a circle, as nobody honest writes, goes on anywhere
			_, deps := d.lateEntry(p.chain, next[p.chain])
			return !slices.ContainsFunc(deps, func(dep seal.Dep) bool {
				n, ok := next[dep.Chain]
				return ok && dep.Seq >= n
			})
		}))
		p := parts[i]
		piece, deps := d.lateEntry(p.chain, next[p.chain])
		follows := next[p.chain] > p.from || slices.ContainsFunc(deps, func(dep seal.Dep) bool { _, ok := next[dep.Chain]; return ok })
		if piece != "" && out.Len() > 0 && !follows {
			out.WriteByte('\n')
		}
		out.WriteString(piece)
		if next[p.chain]++; next[p.chain] == p.to {
			parts = slices.Delete(parts, i, i+1)
		}
	}
	return out.String(), edits
}

// lateEntry reads what an entry set aside would insert, and what it depends on.
func (d *Document) lateEntry(chain wire.ChainID, seq uint64) (string, []seal.Dep) {
	e := d.nextEntry(entryRef{chain, seq})
	if e == nil || e.Stream != streamBody || e.Kind != kindUpdate {
		return "", nil
	}
	payload, err := d.open(e)
	if err != nil || len(payload.Body) == 0 {
		return "", payload.Deps
	}
	text, err := crdt.InsertedText(payload.Body, maxUpdateBytes)
	if err != nil {
		return "", payload.Deps
	}
	return text, payload.Deps
}

// sealingEpoch is the epoch to write under on a chain: for late edits, as
// nothing can be written for those who remain, the newest whose key is held.
func (d *Document) sealingEpoch(sl *slot) (wire.EpochID, bool) {
	if !d.late(sl) {
		return d.writeEpoch()
	}
	for _, e := range d.rosterNow().epochs {
		if e.Valid && d.holds(e) {
			return e.ID, true
		}
	}
	return wire.EpochID{}, false
}
