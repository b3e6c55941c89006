package node

import (
	"cmp"
	"slices"
	"time"

	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/seal"
	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/wire"
)

// contests is what the document knows of chains with more than one branch.
type contests struct {
	dirty bool      // something that decides has changed
	open  bool      // Endorse was told something
	last  time.Time // when they were last decided

	endorsed time.Time // when this device last endorsed what it shows
	slot     *slot     // the chain it did so on

	// deps are the dependencies of entries that are not merged.
	deps map[wire.EntryID][]oplog.Dep
}

// contestInterval is the least time between two decisions: each goes through
// all entries.
const contestInterval = time.Second

// settleContests decides which branches count by what the entries that can be
// read depend on, and which entries depend on a branch that lost. Called with
// mu held.
func (d *Document) settleContests() {
	c := &d.count.contests
	if !c.dirty {
		return
	}
	if !c.open && len(d.chains.Forks()) == 0 && !d.chains.Collisions() && !d.blocked() {
		c.dirty = false
		return
	}
	now := d.node.cfg.Now()
	if !c.last.IsZero() && now.Sub(c.last) < contestInterval {
		return // housekeeping comes back to it
	}
	c.dirty, c.last = false, now
	if c.deps == nil {
		c.deps = map[wire.EntryID][]oplog.Dep{}
	}
	for _, f := range d.chains.Forks() {
		d.wantDeps(f.Chain)
	}
	decided := d.chains.Decide(d.bySeniority(), d.depsOf)
	c.open = len(decided.Branches)+len(decided.Void) > 0
	if !c.open {
		c.deps = nil
	}
	d.recounted(d.chains.Endorse(decided))
	d.applyQueued()
}

// blocked says whether a chain waits for an entry that is not on the chosen
// branch of its chain.
func (d *Document) blocked() bool { return len(d.queue.waiting) > 0 }

// wantDeps has the branches kept of a chain on which merged entries depend.
func (d *Document) wantDeps(chain wire.ChainID) {
	for _, c := range d.causes.chains {
		for _, l := range c.deps {
			for _, dep := range l.deps {
				if dep.Chain == chain {
					d.chains.Want(dep.Chain, dep.Seq, dep.ID8)
				}
			}
		}
	}
}

// bySeniority lists the chains in the order in which they endorse: owners'
// first.
func (d *Document) bySeniority() []wire.ChainID {
	list := slices.Collect(d.chains.All())
	slices.SortStableFunc(list, func(a, b wire.ChainID) int {
		x, xAuth, xInc, _ := d.chains.Author(a)
		y, yAuth, yInc, _ := d.chains.Author(b)
		if x == y && xAuth == yAuth {
			return cmp.Compare(xInc, yInc)
		}
		if p, q := d.ownerClass(xAuth, x), d.ownerClass(yAuth, y); p != q {
			if p {
				return -1
			}
			return 1
		}
		return d.access.CompareAuthority(xAuth, x, yAuth, y)
	})
	return list
}

func (d *Document) ownerClass(auth wire.Auth, dev wire.Device) bool {
	role, ok := d.access.RoleOf(auth, dev)
	return ok && role == access.Owner
}

// depsOf returns what an entry depends on, as far as it can be read.
func (d *Document) depsOf(ref oplog.Ref) []oplog.Dep {
	if id, ok := d.chains.ID(ref.Chain, ref.Seq); ok && id == ref.ID {
		if c := d.causes.chains[ref.Chain]; c != nil && c.applied() > ref.Seq && !d.queue.frozen[ref.Chain] {
			return logDeps(c.depsAt(ref.Seq))
		}
	}
	cache := d.count.contests.deps
	if deps, ok := cache[ref.ID]; ok {
		return deps
	}
	raw, err := d.node.cfg.Store.Get(background(), store.EntryKey(d.id, ref.Chain, ref.Seq, ref.ID))
	if err != nil {
		return nil
	}
	e, err := oplog.Decode(raw)
	if err != nil || e.ID != ref.ID {
		return nil
	}
	payload, err := d.open(e)
	if err != nil {
		return nil
	}
	deps := logDeps(payload.Deps)
	if len(cache) < maxContestDeps {
		cache[ref.ID] = deps
	}
	return deps
}

// maxContestDeps bounds the entries whose dependencies are remembered though
// they are not merged.
const maxContestDeps = 1 << 16

func logDeps(deps []seal.Dep) []oplog.Dep {
	list := make([]oplog.Dep, len(deps))
	for i, dep := range deps {
		list[i] = oplog.Dep{Chain: dep.Chain, Seq: dep.Seq, ID8: dep.ID8}
	}
	return list
}
