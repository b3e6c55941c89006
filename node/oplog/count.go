package oplog

import (
	"math"
	"slices"

	"github.com/sheafdocs/sheaf/node/wire"
)

// Limits of what is kept though it does not count.
const (
	// MaxAsideEntries is how many entries past its limit are kept of a chain.
	MaxAsideEntries = 1024
	// MaxAsideTotal and MaxAsideBytes bound those kept of a whole document that
	// arrived after the limit was known.
	MaxAsideTotal = 8192
	MaxAsideBytes = 32 << 20
	// maxKeptBranches is how many branches of a chain are kept at most, those
	// chosen by statements or depended on among them.
	maxKeptBranches = 16
)

// NoLimit is the limit of a chain whose every entry counts.
const NoLimit uint64 = math.MaxUint64

// Bounds is what the access log says of a chain.
type Bounds struct {
	// Limit is how many of the chain's entries count: those with a lower
	// number. It is 0 for a chain without a valid authority, NoLimit if nothing
	// ends the chain.
	Limit uint64
	// Stated names entries of the branch that counts, the strongest statement
	// first. One has a say once its entry is held.
	Stated []Position
}

// Rules answers what bounds a chain; the node asks its access log.
type Rules interface {
	Bounds(auth wire.Auth, d wire.Device, inc uint32) Bounds
}

// Recount tells that other entries of a chain count than before.
type Recount struct {
	Chain  wire.ChainID
	Before uint64 // how many entries counted
	Now    uint64 // how many count
	Same   uint64 // below this number they are the same entries

	Was Position // the last entry that counted before; zero if none did
}

// Voids says whether entries that counted do so no longer.
func (r Recount) Voids() bool { return r.Same < r.Before }

// bounds is what decides which entries of a chain count, and the outcome.
type bounds struct {
	limit    uint64
	stated   []Position
	endorsed []Position
	disagree uint64     // entries from this number on depend on a branch that lost
	barred   bool       // another chain with this one's client id was chosen
	wanted   []Position // depended on by entries held; only the ids' beginnings are set

	open   *branch // chosen by what needs no keys: statements, then the lowest id
	chosen *branch // chosen by endorsement too
}

// Govern sets the rules that bound every chain and decides anew which entries
// count. It returns the chains where that changed. It is to be called whenever
// the rules may answer otherwise; chains begun later ask them by themselves.
func (c *Chains) Govern(r Rules) []Recount {
	c.rules = r
	var list []Recount
	for _, id := range c.sorted {
		ch := c.chains[id]
		list = c.recount(list, id, func() {
			b := r.Bounds(ch.auth, ch.author, ch.inc)
			ch.limit, ch.stated = b.Limit, b.Stated
		})
	}
	return list
}

// Endorse sets what decides contested chains after the statements, as Decide
// found it, and returns the chains where other entries count now.
func (c *Chains) Endorse(e Endorsement) []Recount {
	var list []Recount
	for _, id := range c.sorted {
		ch := c.chains[id]
		p, endorsed := e.Branches[id]
		n, void := e.Void[id]
		if !void {
			n = NoLimit
		}
		ch.barred = e.Barred[id]
		if len(ch.endorsed) == 0 && !endorsed && n == ch.disagree {
			continue
		}
		list = c.recount(list, id, func() {
			if ch.endorsed, ch.disagree = nil, n; endorsed {
				ch.endorsed = []Position{p}
			}
		})
	}
	return list
}

// recount changes a chain and notes whether other entries count after it.
func (c *Chains) recount(list []Recount, id wire.ChainID, change func()) []Recount {
	ch := c.chains[id]
	before, n := ch.chosen, ch.counts()
	change()
	ch.choose()
	r := Recount{Chain: id, Before: n, Now: ch.counts(), Was: before.last(n)}
	r.Same = min(before.fork(ch.chosen), r.Before, r.Now)
	if r.Before != r.Now || r.Same < r.Before {
		list = append(list, r)
	}
	return list
}

// choose decides which branch counts.
func (c *chain) choose() {
	open := preferred(c.branches, c.stated)
	c.open = open[0]
	c.chosen = preferred(open, c.endorsed)[0]
}

// preferred narrows branches down by what is said of them, the first having
// the first say. What no branch holds says nothing.
func preferred(branches []*branch, said []Position) []*branch {
	for _, p := range said {
		if len(branches) == 1 {
			break
		}
		var holding []*branch
		for _, b := range branches {
			if b.holds(p) {
				holding = append(holding, b)
			}
		}
		if len(holding) > 0 {
			branches = holding
		}
	}
	return branches
}

// counts is how many entries of the chosen branch count.
func (c *chain) counts() uint64 { return min(c.chosen.len(), c.limit, c.disagree) }

// lacksNamed says whether a statement, or an entry held, names one that is not
// held though another one has its number.
func (c *chain) lacksNamed() bool {
	n := c.chosen.len()
	return slices.ContainsFunc(c.stated, func(p Position) bool { return n > p.Seq && !c.has(p) }) ||
		slices.ContainsFunc(c.wanted, func(p Position) bool { return n > p.Seq && !c.hasWanted(p) })
}

// misses says whether a statement, or an entry held, names one of this chain
// with this number or a later one that is not held. A branch that leaves the
// others here may lead to it.
func (c *chain) misses(seq uint64) bool {
	return slices.ContainsFunc(c.stated, func(p Position) bool { return p.Seq >= seq && !c.has(p) }) ||
		slices.ContainsFunc(c.wanted, func(p Position) bool { return p.Seq >= seq && !c.hasWanted(p) })
}

func (c *chain) has(p Position) bool {
	return slices.ContainsFunc(c.branches, func(b *branch) bool { return b.holds(p) })
}

func (c *chain) hasWanted(w Position) bool {
	return slices.ContainsFunc(c.branches, func(b *branch) bool { return b.holdsWanted(w) })
}

// holdsWanted says whether a branch holds an entry of which only the beginning
// of the id is known.
func (b *branch) holdsWanted(w Position) bool {
	return w.Seq < b.len() && [8]byte(b.ids[w.Seq][:8]) == [8]byte(w.ID[:8])
}

// decidedAt says whether a statement has chosen a branch that an entry with
// the given number can only leave: it lies at or before what was stated.
func (c *chain) decidedAt(seq uint64) bool {
	for _, p := range c.stated {
		if p.Seq >= seq && c.open.holds(p) {
			return true
		}
	}
	return false
}

// precious says whether a branch is kept whatever its rank: a statement names
// it, or something held depends on it.
func (c *chain) precious(b *branch) bool {
	return slices.ContainsFunc(c.stated, b.holds) || slices.ContainsFunc(c.wanted, b.holdsWanted)
}

// Want notes that an entry held depends on one of a chain, of which it names
// the number and the first bytes of the id: a branch with that entry is kept.
// It says whether that entry is held.
func (c *Chains) Want(id wire.ChainID, seq uint64, id8 [8]byte) bool {
	ch := c.chains[id]
	if ch == nil {
		return false
	}
	p := Position{Seq: seq}
	copy(p.ID[:], id8[:])
	held := ch.hasWanted(p)
	if held && len(ch.branches) == 1 || slices.Contains(ch.wanted, p) {
		return held
	}
	if len(ch.wanted) < maxKeptBranches {
		ch.wanted = append(ch.wanted, p)
	}
	return held
}

// Counts says how many entries of a chain count: those of the chosen branch
// with a lower number.
func (c *Chains) Counts(id wire.ChainID) uint64 {
	if ch := c.chains[id]; ch != nil {
		return ch.counts()
	}
	return 0
}

// Aside returns the part of a chain's chosen branch that is held and does not
// count: entries from one number up to, not including, another.
func (c *Chains) Aside(id wire.ChainID) (from, to uint64) {
	if ch := c.chains[id]; ch != nil {
		return ch.counts(), ch.chosen.len()
	}
	return 0, 0
}

// Line lists the ids of a branch, from entry 0 up to one that is named by the
// beginning of its id. It is nil if that is not held.
func (c *Chains) Line(to Dep) []wire.EntryID {
	ch := c.chains[to.Chain]
	if ch == nil {
		return nil
	}
	for _, b := range append([]*branch{ch.chosen}, ch.branches...) {
		if b.holdsWanted(to.position()) {
			return slices.Clone(b.ids[:to.Seq+1])
		}
	}
	return nil
}

// boundsOf asks the rules about a chain that is not held yet.
func (c *Chains) boundsOf(h *Header) Bounds {
	if c.rules == nil {
		return Bounds{Limit: NoLimit}
	}
	return c.rules.Bounds(h.Auth, h.Author, h.Inc)
}

// asideRoom says how many entries past its limit may still be taken of a
// chain with n entries.
func (c *Chains) asideRoom(n, limit uint64) uint64 {
	if c.asideEntries >= MaxAsideTotal || c.asideBytes >= MaxAsideBytes {
		return 0
	}
	var used uint64
	if n > limit {
		used = n - limit
	}
	if used >= MaxAsideEntries {
		return 0
	}
	return MaxAsideEntries - used
}
