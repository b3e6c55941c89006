package oplog_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/wire"
)

// depTable is what entries depend on.
type depTable map[wire.EntryID][]oplog.Dep

func (t depTable) of(r oplog.Ref) []oplog.Dep { return t[r.ID] }

// on makes an entry depend on others.
func (t depTable) on(e *oplog.Entry, others ...*oplog.Entry) {
	for _, o := range others {
		t[e.ID] = append(t[e.ID], oplog.Dep{Chain: o.Chain(), Seq: o.Seq, ID8: [8]byte(o.ID[:8])})
	}
}

// contest is a hostile chain with two branches, lower has the lower ids, and
// the chains of three others.
type contest struct {
	r             *replica
	base          *oplog.Entry
	lower, higher []*oplog.Entry
	others        [3][]*oplog.Entry // the senior first
	order         []wire.ChainID
	deps          depTable
}

func newContest(t *testing.T) *contest {
	w := &writer{t: t, key: keyOf(t, 1)}
	c := &contest{deps: depTable{}}
	c.r = newReplica(t, editor(w))
	c.base = w.write("base")
	f := w.fork()
	c.lower, c.higher = w.writeN(3, "one "), f.writeN(3, "two ")
	if bytes.Compare(c.lower[0].ID[:], c.higher[0].ID[:]) > 0 {
		c.lower, c.higher = c.higher, c.lower
	}
	c.r.receive(slices.Concat([]*oplog.Entry{c.base}, c.lower))
	c.r.receive(c.higher)
	for i := range c.others {
		o := &writer{t: t, key: w.key, inc: uint32(i + 1)}
		c.others[i] = o.writeN(3, "other ")
		c.r.receive(c.others[i])
		c.order = append(c.order, c.others[i][0].Chain())
	}
	c.order = append(c.order, c.base.Chain())
	return c
}

func (c *contest) decide() []oplog.Recount {
	return c.r.chains.Endorse(c.r.chains.Decide(c.order, c.deps.of))
}

func (c *contest) check(t *testing.T, chosen []*oplog.Entry, counts ...uint64) {
	t.Helper()
	c.decide()
	if !c.r.chains.Chosen(c.base.Chain(), at(chosen[0])) {
		t.Error("the other branch is chosen")
	}
	for i, want := range counts {
		if got := c.r.chains.Counts(c.order[i]); got != want {
			t.Errorf("%d entries of other %d count, want %d", got, i, want)
		}
	}
}

func TestEndorsementIsBySeniority(t *testing.T) {
	c := newContest(t)
	c.check(t, c.lower, 3, 3, 3)
	c.deps.on(c.others[2][1], c.higher[1])
	c.check(t, c.higher, 3, 3, 3)
	// A senior one disagrees: what the junior wrote from there on is void.
	c.deps.on(c.others[0][2], c.lower[0])
	c.check(t, c.lower, 3, 3, 1)
}

func TestEndorsementIsTransitive(t *testing.T) {
	c := newContest(t)
	c.deps.on(c.others[2][0], c.higher[0])
	c.deps.on(c.others[0][1], c.others[2][2]) // and so on the higher branch
	c.deps.on(c.others[1][0], c.lower[0])
	c.check(t, c.higher, 3, 0, 3)
	// Who depends on what is void is void.
	c = newContest(t)
	c.deps.on(c.others[0][0], c.lower[2])
	c.deps.on(c.others[1][1], c.higher[0])
	c.deps.on(c.others[2][2], c.others[1][1])
	c.check(t, c.lower, 3, 1, 2)
}

// TestEntryThatDisagreesDecidesNothing: an entry that depends on two branches
// is void whole, and leaves the choice as it was.
func TestEntryThatDisagreesDecidesNothing(t *testing.T) {
	c := newContest(t)
	c.deps.on(c.others[0][1], c.higher[0], c.lower[0])
	c.check(t, c.lower, 1, 3, 3)
	c.deps.on(c.others[1][0], c.higher[0])
	c.check(t, c.higher, 1, 3, 3)
}

// TestContestedEntriesDecideWithTheirOwnDeps: depending on an entry is
// depending on all that it depends on.
func TestContestedEntriesDecideWithTheirOwnDeps(t *testing.T) {
	c := newContest(t)
	w := &writer{t: t, key: keyOf(t, 1), inc: 9}
	base := w.write("second base")
	f := w.fork()
	x, y := w.write("x"), f.write("y")
	c.r.receive([]*oplog.Entry{base, x})
	c.r.receive([]*oplog.Entry{y})
	c.order = append(c.order, base.Chain())
	c.deps.on(x, c.higher[0])
	c.deps.on(c.others[0][0], x)
	c.check(t, c.higher, 3, 3, 3)
	if !c.r.chains.Chosen(base.Chain(), at(x)) {
		t.Error("the branch depended on is not chosen")
	}
	// With the other branch of it, nothing is said of the first contest, and
	// x is void if it is chosen by its id.
	c.deps = depTable{}
	c.deps.on(y, c.lower[0])
	c.deps.on(x, c.higher[0])
	c.deps.on(c.others[0][0], y, c.lower[1])
	c.check(t, c.lower, 3, 3, 3)
	if !c.r.chains.Chosen(base.Chain(), at(y)) {
		t.Error("the branch depended on is not chosen")
	}
}

// TestBranchThatStatementsVoidTakesItsFollowersAlong: who built on a branch
// below a cut that names another one does not wait for ever.
func TestBranchThatStatementsVoidTakesItsFollowersAlong(t *testing.T) {
	c := newContest(t)
	c.deps.on(c.others[0][1], c.lower[1])
	c.check(t, c.lower, 3, 3, 3)
	c.r.govern(table{0: {Limit: 3, Stated: []oplog.Position{at(c.higher[1])}}})
	c.check(t, c.higher, 1, 3, 3)
	c.r.govern(table{})
	c.check(t, c.lower, 3, 3, 3)
}

// rivals are two chains that write under one client id, the senior first, and
// two that do not.
type rivals struct {
	r      *replica
	one    [2][]*oplog.Entry
	others [2][]*oplog.Entry
	order  []wire.ChainID
	deps   depTable
}

// newRivals has the chains arrive in an order.
func newRivals(t *testing.T, arrive ...int) *rivals {
	w := &writer{t: t, key: keyOf(t, 1)}
	c := &rivals{r: newReplica(t, editor(w)), deps: depTable{}}
	c.r.chains = oplog.NewChainsBy(testDoc, func(_ wire.Doc16, _ wire.Device, _ wire.Auth, inc uint32) uint64 {
		return uint64(max(inc, 1))
	})
	c.r.chosen = nil
	var all [][]*oplog.Entry
	for inc := range uint32(4) {
		run := (&writer{t: t, key: w.key, inc: inc}).writeN(3, "chain ")
		all, c.order = append(all, run), append(c.order, run[0].Chain())
	}
	copy(c.one[:], all)
	copy(c.others[:], all[2:])
	for _, i := range arrive {
		c.r.receive(all[i])
	}
	return c
}

func (c *rivals) check(t *testing.T, want ...uint64) {
	t.Helper()
	c.r.chains.Endorse(c.r.chains.Decide(c.order, c.deps.of))
	for i, n := range want {
		if got := c.r.chains.Counts(c.order[i]); got != n {
			t.Errorf("%d entries of chain %d count, want %d", got, i, n)
		}
	}
	for i := range 2 {
		if barred := c.r.chains.Barred(c.order[i]); barred == (want[i] > 0) {
			t.Errorf("chain %d is barred: %v", i, barred)
		}
	}
}

// TestChainsOfOneClientAreAContest: of two chains that write under one client id
// one counts, whichever came first: the one that the statements leave, else the
// one that is endorsed, else the senior one.
func TestChainsOfOneClientAreAContest(t *testing.T) {
	for _, arrive := range [][]int{{0, 1, 2, 3}, {1, 0, 2, 3}, {3, 2, 1, 0}, {2, 1, 3, 0}} {
		c := newRivals(t, arrive...)
		if n := c.r.chains.Counts(c.order[0]) + c.r.chains.Counts(c.order[1]); n != 3 {
			t.Errorf("before anything is decided %d entries of the two count, want those of one", n)
		}
		c.check(t, 3, 0, 3, 3)
		c.deps.on(c.others[1][1], c.one[1][0])
		c.check(t, 0, 3, 3, 3)
		c.deps.on(c.others[0][2], c.one[0][2]) // by a more senior one
		c.check(t, 3, 0, 3, 1)
		c.r.govern(table{0: {}, 1: {Limit: oplog.NoLimit}, 2: {Limit: oplog.NoLimit}, 3: {Limit: oplog.NoLimit}})
		c.check(t, 0, 3, 2, 3)
		c.r.govern(table{1: {}, 0: {Limit: 2}, 2: {Limit: oplog.NoLimit}, 3: {Limit: oplog.NoLimit}})
		c.check(t, 2, 0, 3, 1)
	}
}

// TestDecisionsAreAFunctionOfTheSet: random contests and dependencies, held by
// replicas that got them in another order, are decided alike, and what counts
// depends on nothing that does not.
func TestDecisionsAreAFunctionOfTheSet(t *testing.T) {
	rng := seeded(t)
	rounds := 150
	if testing.Short() {
		rounds = 30
	}
	for round := range rounds {
		a := roles{}
		branches := history(t, rng, a)
		deps, rules := depTable{}, table{}
		narrow := func(_ wire.Doc16, _ wire.Device, _ wire.Auth, inc uint32) uint64 { return uint64(inc % 2) }
		for _, b := range branches {
			if rng.IntN(4) == 0 {
				rules[b[0].Inc] = oplog.Bounds{Limit: rng.Uint64N(4)}
			}
		}
		var all []*oplog.Entry
		for _, b := range branches {
			for _, e := range b {
				if len(all) > 0 && rng.IntN(3) == 0 && deps[e.ID] == nil {
					if o := all[rng.IntN(len(all))]; o.Chain() != e.Chain() {
						deps.on(e, o)
					}
				}
			}
			all = append(all, b...)
		}
		var replicas []*replica
		for range 2 {
			r := newReplica(t, a)
			r.chains, r.chosen = oplog.NewChainsBy(testDoc, narrow), nil
			for _, i := range rng.Perm(len(branches)) {
				r.receive(branches[i])
				if rng.IntN(2) == 0 {
					r.chains.Endorse(r.chains.Decide(slices.Collect(r.chains.All()), deps.of))
				}
			}
			r.govern(rules)
			r.chains.Endorse(r.chains.Decide(slices.Collect(r.chains.All()), deps.of))
			replicas = append(replicas, r)
		}
		x, y := replicas[0], replicas[1]
		counted := map[uint32]wire.ChainID{}
		for id := range x.chains.All() {
			if x.chains.Counts(id) != y.chains.Counts(id) {
				t.Fatalf("round %d: %d and %d entries count", round, x.chains.Counts(id), y.chains.Counts(id))
			}
			if _, _, inc, _ := x.chains.Author(id); x.chains.Counts(id) > 0 {
				if _, twice := counted[inc%2]; twice {
					t.Fatalf("round %d: two chains of one client count", round)
				}
				counted[inc%2] = id
			}
			for seq := range x.chains.Counts(id) {
				e, _ := x.chains.ID(id, seq)
				if o, _ := y.chains.ID(id, seq); o != e {
					t.Fatalf("round %d: other entries count", round)
				}
				for _, dep := range deps[e] {
					on, _ := x.chains.ID(dep.Chain, dep.Seq)
					i := slices.IndexFunc(all, func(e *oplog.Entry) bool { return [8]byte(e.ID[:8]) == dep.ID8 })
					if held := x.chains.Has(dep.Chain, at(all[i])); held && (on != all[i].ID || x.chains.Barred(dep.Chain)) {
						t.Fatalf("round %d: an entry counts that depends on a branch not chosen", round)
					}
				}
			}
		}
	}
}
