package node

import (
	"fmt"
	"slices"
	"time"

	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/seal"
	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/wire"
)

// endorseInterval is the least time between two endorsements of a device.
const endorseInterval = time.Hour

// endorseIfDue has an owner's device say, while a contest is open, which branches
// it shows: an entry that depends on them and holds nothing else decides for
// them everywhere, and what an attacker releases later changes nothing.
func (d *Document) endorseIfDue(now time.Time) {
	c := &d.count.contests
	auth, role, ok := d.roleLocked()
	if !c.open || c.dirty || d.count.wanted || !ok || role != access.Owner || !d.canSeal() {
		return
	}
	if !c.endorsed.IsZero() && now.Sub(c.endorsed) < endorseInterval {
		return
	}
	deps, before := d.shownHeads()
	switch {
	case len(deps) == 0:
		return
	case c.endorsed.IsZero() && before:
		c.endorsed = now // in an earlier run, when is not known
		return
	}
	c.endorsed = now
	if err := d.endorse(auth, deps); err != nil {
		d.log.Error("endorse what this device shows, trying again later", "err", err)
	}
}

// shownHeads lists the last merged entry of each contested chain that counts,
// unless an own entry depends on it. It says whether one of this device depends
// on any of these chains.
func (d *Document) shownHeads() (deps []seal.Dep, before bool) {
	listed := map[wire.ChainID]uint64{} // entries of contested chains below are depended on
	for id, c := range d.causes.chains {
		if dev, _, _, _ := d.chains.Author(id); dev != d.node.device || d.chains.Contested(id) {
			continue
		}
		for chain, seq := range c.listed {
			listed[chain] = max(listed[chain], seq+1)
		}
	}
	for id := range d.chains.All() {
		c := d.causes.chains[id]
		if c == nil || !d.chains.Contested(id) {
			continue
		}
		n := min(d.chains.Counts(id), c.applied())
		before = before || listed[id] > 0
		if n == 0 || listed[id] >= n {
			continue
		}
		entry, _ := d.chains.ID(id, n-1)
		deps = append(deps, seal.Dep{Chain: id, Seq: n - 1, ID8: [8]byte(entry[:8])})
	}
	return deps, before
}

// endorse writes entries that only depend, on a chain of their own: what is
// written by hand does not become void if a more senior owner disagrees.
func (d *Document) endorse(auth wire.Auth, deps []seal.Dep) error {
	sl := d.count.contests.slot
	if sl == nil || sl.auth != auth || !d.continues(sl) {
		var err error
		if sl, err = d.freshSlot(auth); err != nil {
			return err
		}
		d.count.contests.slot = sl
	}
	for part := range slices.Chunk(deps, maxEntryDeps) {
		e, err := d.sealEntry(sl, seal.Payload{Deps: part}, 0)
		if err != nil {
			return fmt.Errorf("seal endorsement: %w", err)
		}
		d.out.put(store.EntryKey(d.id, sl.chain, e.Seq, e.ID), e.Raw)
		d.out.then(func() { d.recordStored(e) })
	}
	d.log.Info("endorsed what this device shows of contested chains", "chains", len(deps))
	d.wake()
	return nil
}
