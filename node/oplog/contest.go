package oplog

import (
	"slices"

	"github.com/sheafdocs/sheaf/node/wire"
)

// Dep names an entry that another one depends on, as payloads do.
type Dep struct {
	Chain wire.ChainID
	Seq   uint64
	ID8   [8]byte // the beginning of the entry's id
}

// Endorsement is what the dependencies between entries decide. Only who can
// read payloads knows it.
type Endorsement struct {
	// Branches has, for each contested chain, the last entry of the branch that
	// is chosen.
	Branches map[wire.ChainID]Position
	// Void says from which number on the entries of a chain do not count,
	// because one depends on a branch that was not chosen.
	Void map[wire.ChainID]uint64
}

// Contested says whether no statement decides between the branches of a chain.
func (c *Chains) Contested(id wire.ChainID) bool {
	ch := c.chains[id]
	return ch != nil && len(ch.contested()) > 1
}

// Decide finds what the entries of a document endorse. order lists the chains,
// the most senior first; deps returns what an entry depends on, nil if that is
// not known. The chains without a contest are gone through in order: an entry
// that depends, directly or through others, on entries of contested chains
// decides for their branches if that agrees with all decided before; else it
// is void with the rest of its chain. It is a function of the entries held.
//
//	senior  ──o──o──┐ dep
//	hostile     a1 ─┴─ a2       chosen, whatever the ids say
//	             └──── b2 ─┐
//	junior  ──o────────────┴─o  void from here on: disagrees
func (c *Chains) Decide(order []wire.ChainID, deps func(Ref) []Dep) Endorsement {
	d := decider{
		chains: c, deps: deps,
		decided: map[wire.ChainID]Position{}, agreed: map[wire.ChainID]uint64{},
		seen: map[wire.EntryID]bool{}, void: map[wire.ChainID]uint64{},
	}
	var contested []wire.ChainID
	for _, id := range order {
		if c.Contested(id) {
			contested = append(contested, id)
			continue
		}
		d.walk(id)
	}
	// What nobody endorsed is decided by the ids; the branches chosen have their
	// say after all others, the most senior first.
	for _, id := range contested {
		ch := c.chains[id]
		d.decided[id] = d.branch(ch, id).head()
		d.walk(id)
	}
	return Endorsement{Branches: d.decided, Void: d.void}
}

// decider walks through the entries of a document.
type decider struct {
	chains  *Chains
	deps    func(Ref) []Dep
	decided map[wire.ChainID]Position // of contested chains: the highest entry decided for
	agreed  map[wire.ChainID]uint64   // of other chains: entries whose claims are among decided
	seen    map[wire.EntryID]bool     // of contested chains: the same
	void    map[wire.ChainID]uint64
}

// walk goes through the entries of a chain that may count, until one
// disagrees.
func (d *decider) walk(id wire.ChainID) {
	ch := d.chains.chains[id]
	if ch == nil {
		return
	}
	b := d.branch(ch, id)
	for seq := range min(b.len(), ch.limit) {
		deps := d.deps(Ref{id, Position{seq, b.ids[seq]}})
		if len(deps) > 0 && !d.absorb(deps) {
			d.void[id] = seq
			return
		}
	}
}

// branch returns the branch of a chain that counts by what is decided so far.
func (d *decider) branch(ch *chain, id wire.ChainID) *branch {
	branches := preferred(ch.branches, ch.stated)
	if p, ok := d.decided[id]; ok {
		branches = preferred(branches, []Position{p})
	}
	return branches[0]
}

// attempt is what an entry claims, before it is known to agree.
type attempt struct {
	decided map[wire.ChainID]Position
	agreed  map[wire.ChainID]uint64
	seen    map[wire.EntryID]bool
	todo    []Dep
}

// absorb takes over what dependencies claim, directly and through others. It
// changes nothing and returns false if that disagrees with what is decided.
func (d *decider) absorb(deps []Dep) bool {
	a := attempt{map[wire.ChainID]Position{}, map[wire.ChainID]uint64{}, map[wire.EntryID]bool{}, slices.Clone(deps)}
	for len(a.todo) > 0 {
		dep := a.todo[len(a.todo)-1]
		a.todo = a.todo[:len(a.todo)-1]
		if !d.follow(&a, dep) {
			return false
		}
	}
	for id, p := range a.decided {
		d.decided[id] = p
	}
	for id, n := range a.agreed {
		d.agreed[id] = max(d.agreed[id], n)
	}
	for id := range a.seen {
		d.seen[id] = true
	}
	return true
}

// follow takes one dependency and adds those of the entries up to it. It
// returns false if it disagrees; what is not held says nothing yet.
func (d *decider) follow(a *attempt, dep Dep) bool {
	ch := d.chains.chains[dep.Chain]
	if ch == nil {
		return true
	}
	if n, ok := d.void[dep.Chain]; ok && dep.Seq >= n {
		return false
	}
	if d.chains.Contested(dep.Chain) {
		return d.claim(a, ch, dep)
	}
	b := d.branch(ch, dep.Chain)
	switch {
	case dep.Seq >= b.len():
		return true
	case [8]byte(b.ids[dep.Seq][:8]) != dep.ID8:
		return false
	}
	from := max(d.agreed[dep.Chain], a.agreed[dep.Chain])
	for seq := from; seq <= dep.Seq; seq++ {
		a.todo = append(a.todo, d.deps(Ref{dep.Chain, Position{seq, b.ids[seq]}})...)
	}
	a.agreed[dep.Chain] = max(from, dep.Seq+1)
	return true
}

// claim decides for a branch of a contested chain, if that agrees.
func (d *decider) claim(a *attempt, ch *chain, dep Dep) bool {
	want := Position{Seq: dep.Seq}
	copy(want.ID[:], dep.ID8[:])
	before, ok := a.decided[dep.Chain]
	if !ok {
		before, ok = d.decided[dep.Chain]
	}
	held, agrees := false, (*branch)(nil)
	for _, b := range ch.branches {
		if !b.holdsWanted(want) {
			continue
		}
		held = true
		if slices.Contains(preferred(ch.branches, ch.stated), b) && (!ok || b.holds(before)) {
			agrees = b
			break
		}
	}
	switch {
	case !held:
		return true
	case agrees == nil:
		return false
	}
	if p := (Position{dep.Seq, agrees.ids[dep.Seq]}); !ok || p.Seq > before.Seq {
		a.decided[dep.Chain] = p
	}
	for seq := int64(dep.Seq); seq >= 0; seq-- {
		id := agrees.ids[seq]
		if d.seen[id] || a.seen[id] {
			break
		}
		a.seen[id] = true
		a.todo = append(a.todo, d.deps(Ref{dep.Chain, Position{uint64(seq), id}})...)
	}
	return true
}
