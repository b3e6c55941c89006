package oplog_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/wire"
)

// table is Rules by table: what the chain with an inc is bounded by.
type table map[uint32]oplog.Bounds

func (t table) Bounds(_ wire.Auth, _ wire.Device, inc uint32) oplog.Bounds {
	if b, ok := t[inc]; ok {
		return b
	}
	return oplog.Bounds{Limit: oplog.NoLimit}
}

// govern sets the rules; what counts is then no longer told by changes alone.
func (r *replica) govern(rules oplog.Rules) {
	r.chains.Govern(rules)
	r.chosen = nil
}

func at(e *oplog.Entry) oplog.Position { return oplog.Position{Seq: e.Seq, ID: e.ID} }

func TestEntriesCountUpToTheLimit(t *testing.T) {
	w := &writer{t: t, key: keyOf(t, 1)}
	r := newReplica(t, editor(w))
	list := w.writeN(10, "entry ")
	chain := list[0].Chain()
	r.receive(list[:6])
	before := r.chains.Digest(nil)

	got := r.chains.Govern(table{0: {Limit: 4}})
	want := []oplog.Recount{{Chain: chain, Before: 6, Now: 4, Same: 4, Was: at(list[5])}}
	if !slices.Equal(got, want) || !got[0].Voids() {
		t.Fatalf("recount %+v, want %+v", got, want)
	}
	if r.chains.Counts(chain) != 4 || r.chains.Chosen(chain, at(list[4])) || !r.chains.Chosen(chain, at(list[3])) {
		t.Error("the limit does not bound what counts")
	}
	if p := r.chains.Vector()[chain]; p != at(list[3]) {
		t.Errorf("the vector ends at %v", p)
	}
	// What comes later is kept and told as past the limit, and told to no one
	// by gossip.
	kept, v := r.chains.CheckRun(r.a, received(t, list[6:8]...))
	if len(kept) != 2 || !errors.Is(v.Reason, oplog.ErrPastLimit) || v.Action != oplog.Ignore {
		t.Errorf("late run: %d kept, %v", len(kept), v)
	}
	for _, e := range kept {
		if c := r.chains.Append(e); c.Kind != oplog.Kept {
			t.Errorf("a late entry is %v", c.Kind)
		}
	}
	if v := r.chains.Check(r.a, received(t, list[8])[0]); !errors.Is(v.Reason, oplog.ErrPastLimit) || !v.Keep() {
		t.Errorf("late entry: %v", v)
	}
	if from, to := r.chains.Aside(chain); from != 4 || to != 8 {
		t.Errorf("set aside are %d to %d", from, to)
	}
	// A replica that never saw them agrees, and is offered them.
	other := newReplica(t, r.a)
	other.chains.Govern(table{0: {Limit: 4}})
	other.receive(list[:4])
	if other.chains.Digest(nil) != r.chains.Digest(nil) || r.chains.Digest(nil) == before {
		t.Error("what is past the limit has a part in digests")
	}
	line := oplog.AsideID(chain, 4)
	if p := r.chains.Vector()[line]; p.Seq != 3 || len(r.chains.Run(line, 0)) != 4 || len(r.chains.Run(line, 3)) != 1 {
		t.Errorf("offered: %v, %d entries", p, len(r.chains.Run(line, 0)))
	}
	// When the limit goes, all of it counts.
	got = r.chains.Govern(table{})
	if want := (oplog.Recount{Chain: chain, Before: 4, Now: 8, Same: 4, Was: at(list[3])}); len(got) != 1 || got[0] != want || got[0].Voids() {
		t.Errorf("recount %+v, want %+v", got, want)
	}
}

// TestRunsEndAtAnAnchorPastTheLimit: a chain's line is sent up to the limit,
// and on to the signature that vouches for it.
func TestRunsEndAtAnAnchorPastTheLimit(t *testing.T) {
	w := &writer{t: t, key: keyOf(t, 1)}
	r := newReplica(t, editor(w))
	list := w.writeN(9, "entry ")
	for i, e := range list {
		if i != 2 && i != 6 && i != 8 {
			list[i] = unsigned(t, e)
		}
	}
	r.receive(list)
	r.chains.Govern(table{0: {Limit: 5}})
	if got := len(r.chains.Run(list[0].Chain(), 0)); got != 9 {
		// Only the last signature of a run is verified, so only it is stored.
		t.Errorf("a run of %d entries", got)
	}
	if r.chains.Run(list[0].Chain(), 5) != nil {
		t.Error("the line goes on past the limit")
	}
}

func TestWhatIsKeptPastTheLimitIsBounded(t *testing.T) {
	w := &writer{t: t, key: keyOf(t, 1)}
	r := newReplica(t, editor(w))
	r.chains.Govern(table{0: {Limit: 2}})
	list := w.writeN(oplog.MaxAsideEntries+100, "late ")
	for i := 0; i < len(list); i += 50 {
		kept, v := r.chains.CheckRun(r.a, received(t, list[i:min(i+50, len(list))]...))
		if v.Action == oplog.Reject {
			t.Fatalf("run at %d: %v", i, v)
		}
		for _, e := range kept {
			r.chains.Append(e)
		}
	}
	if seq, _, _ := r.chains.Head(list[0].Chain()); seq+1 != oplog.MaxAsideEntries+2 {
		t.Errorf("%d entries are held", seq+1)
	}
	next := received(t, list[oplog.MaxAsideEntries+2])[0]
	if v := r.chains.Check(r.a, next); !errors.Is(v.Reason, oplog.ErrAsideFull) || v.Keep() {
		t.Errorf("one more: %v", v)
	}
}

func TestStatementsChooseTheBranch(t *testing.T) {
	w := &writer{t: t, key: keyOf(t, 1)}
	a := editor(w)
	base := w.writeN(3, "base ")
	f := w.fork()
	one, two := w.writeN(4, "one "), f.writeN(4, "two ")
	if bytes.Compare(one[0].ID[:], two[0].ID[:]) > 0 {
		one, two = two, one
	}
	r := newReplica(t, a)
	r.receive(slices.Concat(base, one))
	r.receive(two)
	chain := base[0].Chain()
	if !r.chains.Chosen(chain, at(one[3])) {
		t.Fatal("the lowest id does not choose without a statement")
	}
	got := r.chains.Govern(table{0: {Limit: 6, Stated: []oplog.Position{at(two[2])}}})
	if want := (oplog.Recount{Chain: chain, Before: 7, Now: 6, Same: 3, Was: at(one[3])}); len(got) != 1 || got[0] != want {
		t.Errorf("recount %+v, want %+v", got, want)
	}
	if !r.chains.Chosen(chain, at(two[2])) || r.chains.Chosen(chain, at(two[3])) {
		t.Error("the statement does not choose its branch")
	}
	if v := r.chains.Vector(); len(v) != 2 || v[chain] != at(two[2]) { // and what is past the limit
		t.Errorf("the vector lists a branch that a statement voids: %v", v)
	}
	// Below the cut no other branch is kept any more.
	g := &writer{t: t, key: w.key, next: 3, prev: base[2].ID}
	if kept, v := r.chains.CheckRun(r.a, received(t, g.writeN(3, "late fork ")...)); len(kept) > 0 || !errors.Is(v.Reason, oplog.ErrForkFull) {
		t.Errorf("fork below the cut: %d kept, %v", len(kept), v)
	}
	// A strong statement that nobody can fulfil leaves the say to the next.
	r.chains.Govern(table{0: {Limit: oplog.NoLimit, Stated: []oplog.Position{{Seq: 4, ID: wire.EntryID{9}}, at(one[1])}}})
	if !r.chains.Chosen(chain, at(one[3])) {
		t.Error("the weaker statement does not choose")
	}
}

func TestEndorsementDecidesAfterStatements(t *testing.T) {
	w := &writer{t: t, key: keyOf(t, 1)}
	base := w.write("base")
	f := w.fork()
	one, two := w.writeN(2, "one "), f.writeN(2, "two ")
	if bytes.Compare(one[0].ID[:], two[0].ID[:]) > 0 {
		one, two = two, one
	}
	r := newReplica(t, editor(w))
	r.receive(slices.Concat([]*oplog.Entry{base}, one))
	r.receive(two)
	chain, digest := base.Chain(), r.chains.Digest(nil)
	got := r.chains.Endorse(oplog.Endorsement{Branches: map[wire.ChainID]oplog.Position{chain: at(two[0])}})
	if want := (oplog.Recount{Chain: chain, Before: 3, Now: 3, Same: 1, Was: at(one[1])}); len(got) != 1 || got[0] != want {
		t.Errorf("recount %+v, want %+v", got, want)
	}
	if !r.chains.Chosen(chain, at(two[1])) {
		t.Error("the endorsed branch is not chosen")
	}
	for _, b := range [][]*oplog.Entry{one, two} { // both can be read, the one that lost too
		last := oplog.Dep{Chain: chain, Seq: 2, ID8: [8]byte(b[1].ID[:8])}
		if got, want := r.chains.Line(last), []wire.EntryID{base.ID, b[0].ID, b[1].ID}; !slices.Equal(got, want) {
			t.Errorf("the line to %v is %v, want %v", last, got, want)
		}
	}
	if got := r.chains.Line(oplog.Dep{Chain: chain, Seq: 2}); got != nil {
		t.Errorf("the line to an entry that is not held is %v", got)
	}
	if r.chains.Digest(nil) != digest {
		t.Error("endorsement, which needs keys, has a part in digests")
	}
	r.chains.Govern(table{0: {Limit: oplog.NoLimit, Stated: []oplog.Position{at(one[0])}}})
	if !r.chains.Chosen(chain, at(one[1])) {
		t.Error("endorsement is stronger than a statement")
	}
	if got := r.chains.Endorse(oplog.Endorsement{}); len(got) != 0 {
		t.Errorf("without endorsement %+v changes", got)
	}
}

// TestBranchesReleasedOneByOne: a chain forks over and over, each branch with a
// lower id than those before. A branch that something depends on is kept, and a
// replica that lacks it takes it though there are enough better ones.
func TestBranchesReleasedOneByOne(t *testing.T) {
	w := &writer{t: t, key: keyOf(t, 1)}
	a := editor(w)
	base := w.write("base")
	var tips []*oplog.Entry
	for i := range 12 {
		tips = append(tips, w.fork().write("tip "+string(rune('a'+i))))
	}
	slices.SortFunc(tips, func(x, y *oplog.Entry) int { return bytes.Compare(y.ID[:], x.ID[:]) }) // best last
	chain, first := base.Chain(), tips[0]
	x, y := newReplica(t, a), newReplica(t, a)
	x.receive([]*oplog.Entry{base, first})
	x.receive(tips[1:2])
	if !x.chains.Want(chain, first.Seq, [8]byte(first.ID[:8])) {
		t.Fatal("an entry held is not")
	}
	for _, tip := range tips[2:] {
		x.receive([]*oplog.Entry{tip})
	}
	if !x.chains.Has(chain, at(first)) {
		t.Error("a branch that something depends on is dropped")
	}
	if n := len(x.chains.Forks()[0].Heads); n > oplog.MaxBranches+1 {
		t.Errorf("%d branches are kept", n)
	}
	y.receive([]*oplog.Entry{base})
	for _, tip := range tips[1:] {
		y.receive([]*oplog.Entry{tip})
	}
	if y.receive([]*oplog.Entry{first}); y.chains.Has(chain, at(first)) {
		t.Fatal("the test does not fill the branches")
	}
	if y.chains.Want(chain, first.Seq, [8]byte(first.ID[:8])) {
		t.Fatal("an entry not held is")
	}
	y.pull(x)
	if !y.chains.Has(chain, at(first)) || y.chains.Digest(nil) != x.chains.Digest(nil) {
		t.Errorf("what something depends on does not arrive:\n%v\n%v", x.chains.Vector(), y.chains.Vector())
	}
}

// TestBoundsConverge: replicas learn rules and entries in any order, sync by
// their vectors, and then count the same entries.
func TestBoundsConverge(t *testing.T) {
	rng := seeded(t)
	rounds := 60
	if testing.Short() {
		rounds = 15
	}
	for round := range rounds {
		a := roles{}
		branches := history(t, rng, a)
		rules := table{}
		for range rng.IntN(4) {
			b := branches[rng.IntN(len(branches))]
			cut := rng.IntN(len(b))
			of := rules[b[0].Inc]
			if rng.IntN(4) == 0 {
				rules[b[0].Inc] = oplog.Bounds{Limit: 0}
				continue
			}
			of.Limit, of.Stated = uint64(cut)+1, append(of.Stated, at(b[cut]))
			rules[b[0].Inc] = of
		}
		replicas := []*replica{newReplica(t, a), newReplica(t, a), newReplica(t, a)}
		for i, b := range branches {
			replicas[rng.IntN(3)].receive(b[:1+rng.IntN(len(b))])
			if i == len(branches)/2 {
				replicas[0].govern(rules)
			}
		}
		for exchange := 0; ; exchange++ {
			x, y := replicas[rng.IntN(3)], replicas[rng.IntN(3)]
			if exchange == 3 {
				replicas[1].govern(rules)
				replicas[2].govern(rules)
			}
			y.pull(x)
			x.pull(y)
			d := x.chains.Digest(nil)
			if exchange > 3 && !slices.ContainsFunc(replicas, func(r *replica) bool { return r.chains.Digest(nil) != d }) {
				break
			}
			if exchange > 90 {
				t.Fatalf("round %d: replicas do not become equal under %v:\n%v\n%v\n%v\n%v", round, rules,
					replicas[0].chains.Held(), replicas[1].chains.Held(), replicas[2].chains.Held(), replicas[1].chains.Forks())
			}
		}
		for chain := range replicas[0].chains.All() {
			n := replicas[0].chains.Counts(chain)
			for _, r := range replicas[1:] {
				if r.chains.Counts(chain) != n {
					t.Fatalf("round %d: %d and %d entries of a chain count", round, n, r.chains.Counts(chain))
				}
				for seq := range n {
					x, _ := replicas[0].chains.ID(chain, seq)
					if y, _ := r.chains.ID(chain, seq); x != y {
						t.Fatalf("round %d: another entry %d counts", round, seq)
					}
				}
			}
		}
	}
}

// TestForksPastTheLimitAreNotKept: a branch that differs from the chosen one only
// where nothing counts may not take the place of one that could.
func TestForksPastTheLimitAreNotKept(t *testing.T) {
	w := &writer{t: t, key: keyOf(t, 1)}
	r := newReplica(t, editor(w))
	start := w.writeN(2, "a")
	f := w.fork()
	r.receive(append(start, w.writeN(2, "b")...))
	r.chains.Govern(table{0: {Limit: 2}})
	if kept, v := r.chains.CheckRun(r.a, received(t, f.writeN(2, "fork ")...)); len(kept) > 0 || !errors.Is(v.Reason, oplog.ErrForkFull) {
		t.Errorf("%d entries of a fork past the limit are kept: %v", len(kept), v)
	}
}
