package node

import (
	"time"

	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/seal"
	"github.com/sheafdocs/sheaf/node/wire"
)

// chainRules tells the index of the chains what the access log says of them.
type chainRules struct{ log *access.Log }

// Bounds implements oplog.Rules.
func (r chainRules) Bounds(auth wire.Auth, d wire.Device, inc uint32) oplog.Bounds {
	if _, ok := r.log.RoleOf(auth, d); !ok {
		return oplog.Bounds{}
	}
	b := oplog.Bounds{Limit: oplog.NoLimit}
	if limit := r.log.Limit(auth, d, inc); limit.Bounded {
		b.Limit = limit.Counts
	}
	for _, s := range r.log.Statements(auth, d, inc) {
		b.Stated = append(b.Stated, oplog.Position{Seq: s.Seq, ID: s.ID})
	}
	return b
}

// counting is how the merged content keeps up with which entries count.
type counting struct {
	governed bool   // the rules were asked at least once
	revision uint64 // of the access log, when they were last asked

	wanted   bool      // a rebuild is due
	under    bool      // and waits for the commit under way
	last     time.Time // when the last one was
	contests contests
	carryDue bool                      // carry has to be tried again
	sayDue   bool                      // sayAgain has to be tried again
	carries  map[wire.ChainID]uint64   // entries below are carried by someone
	reissue  map[wire.ChainID]lostNote // own entries to be written again
}

// rebuildInterval is the least time between two rebuilds: whoever can void
// entries cannot keep everyone busy with it.
const rebuildInterval = 10 * time.Second

// govern decides anew which entries count, if the access log has changed.
func (d *Document) govern() {
	if revision := d.access.Revision(); !d.count.governed || revision != d.count.revision {
		d.count.governed, d.count.revision = true, revision
		d.count.contests.dirty = true
		d.recounted(d.chains.Govern(chainRules{d.access}))
		d.checkSlots()
	}
}

// recounted has the document keep up with other entries counting than before.
// What was merged and counts no longer, or was merged as structure and counts
// now, takes a rebuild.
func (d *Document) recounted(list []oplog.Recount) {
	for _, r := range list {
		var applied uint64
		if c := d.causes.chains[r.Chain]; c != nil {
			applied = c.applied()
		}
		d.changed = true
		if d.noteReissue(r) {
			d.count.wanted = true
		}
		if applied > r.Same {
			d.log.Info("other entries of a chain count now", "chain", r.Chain.String(), "from", r.Same, "before", r.Before, "now", r.Now)
			d.queue.frozen[r.Chain] = true
			d.count.wanted = true
			continue
		}
		d.queue.try(r.Chain)
	}
	if d.count.wanted {
		d.scheduleRebuild()
	}
}

// checkSlots looks after the sessions and drafts of chains that are bounded
// now, so that nothing they write would count.
func (d *Document) checkSlots() {
	for _, s := range d.sessions {
		if why := d.endOf(s.slot); !s.over && why != "" {
			s.end(why)
		}
	}
	for _, g := range d.pending.groups {
		if d.bounded(g.slot) {
			d.count.wanted = true
		}
	}
	if d.count.wanted {
		d.scheduleRebuild()
	}
}

// endOf says why a chain of this device cannot go on; "" if it can: something
// bounds it, or another chain counts in its place.
func (d *Document) endOf(sl *slot) string {
	other, taken := d.causes.clients[sl.client]
	if d.chains.Barred(sl.chain) || taken && other != sl.chain && d.causes.chains[other].applied() > 0 {
		return "someone else wrote under the id of this session; what you wrote is written again under another"
	}
	if sl.foreign {
		return "another copy of this device's key wrote in the name of this session; what you wrote is written again under another"
	}
	if _, ok := d.access.RoleOf(sl.auth, d.node.device); !ok {
		return "" // not let in yet; or void, and then its entries are
	}
	if d.access.Limit(sl.auth, d.node.device, sl.inc).Bounded {
		return "your role in this document has changed"
	}
	return ""
}

// bounded says whether a chain of this device has ended.
func (d *Document) bounded(sl *slot) bool { return d.endOf(sl) != "" }

// ownStored follows an own entry into its chain. Meanwhile another chain, or
// another branch of its own, may have been chosen, or its role have ended.
func (d *Document) ownStored(e *oplog.Entry) {
	chain := e.Chain()
	if d.chains.Append(e).Kind != oplog.Kept {
		return
	}
	d.count.contests.dirty = true
	r := oplog.Recount{Chain: chain, Before: e.Seq + 1, Now: d.chains.Counts(chain), Was: oplog.Position{Seq: e.Seq, ID: e.ID}}
	line := d.chains.Line(oplog.Dep{Chain: chain, Seq: e.Seq, ID8: [8]byte(e.ID[:8])})
	for r.Same < min(r.Now, uint64(len(line))) {
		if id, _ := d.chains.ID(chain, r.Same); id != line[r.Same] {
			break
		}
		r.Same++
	}
	d.recounted([]oplog.Recount{r})
}

// scheduleRebuild has the document rebuilt once what is on its way to the
// store is there: the entries are read from it. The first rebuild is at once,
// others keep their distance.
func (d *Document) scheduleRebuild() {
	now := d.node.cfg.Now()
	if d.count.under || !d.count.last.IsZero() && now.Sub(d.count.last) < rebuildInterval {
		return
	}
	d.count.under = true
	d.out.then(d.rebuild)
	d.wake()
}

// rebuildWait says how long it is until a rebuild that is wanted may be.
func (d *Document) rebuildWait(now time.Time) time.Duration {
	if !d.count.wanted || d.count.under {
		return housekeeping
	}
	return min(housekeeping, max(0, rebuildInterval-now.Sub(d.count.last)))
}

// need has an entry merged that another one depends on, as structure if it
// does not count. One that is on another branch, or missing, is noted.
func (d *Document) need(dep seal.Dep) {
	id, ok := d.chains.ID(dep.Chain, dep.Seq)
	switch {
	case ok && d.chains.Barred(dep.Chain):
		d.count.contests.dirty = true // who waits for it is void
	case ok && [8]byte(id[:8]) == dep.ID8:
		if dep.Seq >= d.chains.Counts(dep.Chain) && d.queue.structure[dep.Chain] <= dep.Seq {
			d.queue.structure[dep.Chain] = dep.Seq + 1
			d.queue.try(dep.Chain)
		}
	case ok:
		d.chains.Want(dep.Chain, dep.Seq, dep.ID8)
		d.count.contests.dirty = true
	}
}
