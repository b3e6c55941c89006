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

// position names the entry with the beginning of its id alone.
func (d Dep) position() Position {
	p := Position{Seq: d.Seq}
	copy(p.ID[:], d.ID8[:])
	return p
}

// Endorsement is what the dependencies between entries decide. Only who can
// read payloads knows it.
type Endorsement struct {
	// Branches has, for each contest, the last entry of the branch that is
	// chosen.
	Branches map[wire.ChainID]Position
	// Void says from which number on the entries of a chain do not count,
	// because one depends on a branch that was not chosen.
	Void map[wire.ChainID]uint64
	// Barred are the chains of which nothing is merged, as structure neither:
	// another one that writes under the same client id was chosen.
	Barred map[wire.ChainID]bool
}

// ClientFunc derives the client id under which the updates of a chain write.
type ClientFunc func(doc wire.Doc16, d wire.Device, auth wire.Auth, inc uint32) uint64

// BodyClient is the ClientFunc of documents.
func BodyClient(doc wire.Doc16, d wire.Device, auth wire.Auth, inc uint32) uint64 {
	return wire.ClientID(doc, d, auth, inc, StreamBody)
}

// A contest is a choice that has to be made: between the branches of a chain
// that forks, or between all branches of the chains that write under one client
// id, of which a document can hold one only. Somebody would have to try 2^53
// keys for another's client id, and 2^27 for two of their own.
type contest struct {
	chains  []wire.ChainID // the most senior first
	decided *choice        // the highest entry decided for, if any
}

// choice is an entry of the branch decided for.
type choice struct {
	chain wire.ChainID
	Position
}

// Contested says whether no statement decides between the branches of a chain,
// or between a chain and others with its client id.
func (c *Chains) Contested(id wire.ChainID) bool {
	ch := c.chains[id]
	return ch != nil && (len(ch.contested()) > 1 || len(c.rivals(ch)) > 1)
}

// Collides says whether other chains write under the client id of a chain,
// whether they count or not.
func (c *Chains) Collides(id wire.ChainID) bool {
	ch := c.chains[id]
	return ch != nil && len(c.clients[ch.client]) > 1
}

// Collisions says whether any two chains write under one client id.
func (c *Chains) Collisions() bool { return c.collisions > 0 }

// Barred says whether nothing of a chain is to be merged, because another one
// with its client id was chosen, or is until Decide was asked.
func (c *Chains) Barred(id wire.ChainID) bool {
	ch := c.chains[id]
	return ch != nil && ch.barred
}

// rivals lists the chains with a client id that take part in the contest for
// it: those of which the statements let anything count, else all.
func (c *Chains) rivals(ch *chain) []wire.ChainID {
	all := c.clients[ch.client]
	if len(all) < 2 {
		return all
	}
	var list []wire.ChainID
	for _, id := range all {
		if c.chains[id].limit > 0 {
			list = append(list, id)
		}
	}
	if len(list) == 0 {
		return all
	}
	return list
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
		chains: c, deps: deps, contests: map[wire.ChainID]*contest{}, agreed: map[wire.ChainID]uint64{},
		seen: map[wire.EntryID]bool{}, void: map[wire.ChainID]uint64{},
	}
	contests := d.find(order)
	for _, id := range order {
		if d.contests[id] == nil {
			d.walk(id)
		}
	}
	// What nobody endorsed is decided by the ids, and between chains by
	// seniority; the branches chosen have their say after all others, the most
	// senior first.
	of := Endorsement{Branches: map[wire.ChainID]Position{}, Void: d.void, Barred: map[wire.ChainID]bool{}}
	for _, k := range contests {
		won := k.chains[slices.IndexFunc(k.chains, func(id wire.ChainID) bool { return d.branch(id) != nil })]
		k.decided = &choice{won, d.branch(won).head()}
		of.Branches[won] = k.decided.Position
		for _, id := range k.chains {
			if id != won {
				d.void[id], of.Barred[id] = 0, true
			}
		}
		d.walk(won)
	}
	return of
}

// decider walks through the entries of a document.
type decider struct {
	chains   *Chains
	deps     func(Ref) []Dep
	contests map[wire.ChainID]*contest // by the chains in them
	agreed   map[wire.ChainID]uint64   // of other chains: entries whose claims are among those decided
	seen     map[wire.EntryID]bool     // of contested chains: the same
	void     map[wire.ChainID]uint64
}

// find lists the contests, those with the most senior chains first.
func (d *decider) find(order []wire.ChainID) (list []*contest) {
	byClient := map[uint64]*contest{}
	for _, id := range order {
		ch := d.chains.chains[id]
		if ch == nil || !d.chains.Collides(id) && len(ch.contested()) < 2 {
			continue
		}
		k := byClient[ch.client]
		if k == nil {
			k = &contest{}
			byClient[ch.client] = k
			list = append(list, k)
		}
		k.chains = append(k.chains, id)
		d.contests[id] = k
	}
	return list
}

// walk goes through the entries of a chain that may count, until one
// disagrees.
func (d *decider) walk(id wire.ChainID) {
	ch := d.chains.chains[id]
	if ch == nil {
		return
	}
	b := d.branch(id)
	for seq := range min(b.len(), ch.limit) {
		deps := d.deps(Ref{id, Position{seq, b.ids[seq]}})
		if len(deps) > 0 && !d.absorb(deps) {
			d.void[id] = seq
			return
		}
	}
}

// branch returns the branch of a chain that counts by what is decided so far,
// or nil if that is one of another chain.
func (d *decider) branch(id wire.ChainID) *branch {
	ch, k := d.chains.chains[id], d.contests[id]
	branches := preferred(ch.branches, ch.stated)
	switch {
	case k == nil:
	case !slices.Contains(d.chains.rivals(ch), id), k.decided != nil && k.decided.chain != id:
		return nil
	case k.decided != nil:
		branches = preferred(branches, []Position{k.decided.Position})
	}
	return branches[0]
}

// attempt is what an entry claims, before it is known to agree.
type attempt struct {
	decided map[*contest]*choice
	agreed  map[wire.ChainID]uint64
	seen    map[wire.EntryID]bool
	todo    []Dep
}

// absorb takes over what dependencies claim, directly and through others. It
// changes nothing and returns false if that disagrees with what is decided.
func (d *decider) absorb(deps []Dep) bool {
	a := attempt{map[*contest]*choice{}, map[wire.ChainID]uint64{}, map[wire.EntryID]bool{}, slices.Clone(deps)}
	for len(a.todo) > 0 {
		dep := a.todo[len(a.todo)-1]
		a.todo = a.todo[:len(a.todo)-1]
		if !d.follow(&a, dep) {
			return false
		}
	}
	for k, p := range a.decided {
		k.decided = p
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
	if k := d.contests[dep.Chain]; k != nil {
		return d.claim(a, k, dep)
	}
	b := d.branch(dep.Chain)
	switch {
	case dep.Seq >= b.len():
		return !ch.hasWanted(dep.position()) // else on a branch that is not chosen
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
func (d *decider) claim(a *attempt, k *contest, dep Dep) bool {
	ch := d.chains.chains[dep.Chain]
	want := dep.position()
	before := k.decided
	if own := a.decided[k]; own != nil {
		before = own
	}
	held, agrees := false, (*branch)(nil)
	for _, b := range ch.branches {
		if !b.holdsWanted(want) {
			continue
		}
		held = true
		allowed := slices.Contains(d.chains.rivals(ch), dep.Chain) && slices.Contains(preferred(ch.branches, ch.stated), b)
		if allowed && (before == nil || before.chain == dep.Chain && b.holds(before.Position)) {
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
	if before == nil || dep.Seq > before.Seq {
		a.decided[k] = &choice{dep.Chain, Position{dep.Seq, agrees.ids[dep.Seq]}}
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
