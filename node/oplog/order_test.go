package oplog_test

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/wire"
)

// history is a random set of chains with random forks: for each branch the
// entries from the chain's start.
func history(t *testing.T, rng *rand.Rand, a roles) [][]*oplog.Entry {
	var branches [][]*oplog.Entry
	for range 1 + rng.IntN(3) {
		w := &writer{t: t, key: keyOf(t, uint64(rng.IntN(2))), inc: rng.Uint32N(1 << 16)}
		a[w.key.Device()] = 3
		trunk := w.writeN(1+rng.IntN(12), "trunk ")
		of := [][]*oplog.Entry{trunk}
		for rng.IntN(3) > 0 && len(of) < 9 {
			from := of[rng.IntN(len(of))]
			at := rng.IntN(len(from))
			f := &writer{t: t, key: w.key, inc: w.inc, next: uint64(at)}
			if at > 0 {
				f.prev = from[at-1].ID
			}
			of = append(of, append(slices.Clone(from[:at]), f.writeN(1+rng.IntN(6), "fork "+string(rune('0'+len(of))))...))
		}
		branches = append(branches, of...)
	}
	return branches
}

// piece is a random run out of a branch, with random signatures left out.
func piece(t *testing.T, rng *rand.Rand, branch []*oplog.Entry) []*oplog.Entry {
	from := rng.IntN(len(branch))
	run := slices.Clone(branch[from : from+1+rng.IntN(len(branch)-from)])
	for i := range run[:len(run)-1] {
		if rng.IntN(2) == 0 {
			run[i] = unsigned(t, run[i])
		}
	}
	return run
}

// TestDeliveryOrder is the promise that a replica's state is a function of
// what it was sent: runs cut at random, repeated, reordered, one by one and
// several together, give equal vectors and digests, the same branch chosen and
// the same entries kept by the store.
func TestDeliveryOrder(t *testing.T) {
	rng := seeded(t)
	rounds := 100
	if testing.Short() {
		rounds = 20
	}
	for round := range rounds {
		a := roles{}
		branches := history(t, rng, a)
		var first *replica
		for n := range 3 {
			r := newReplica(t, a)
			for range 3 * len(branches) {
				r.receive(piece(t, rng, branches[rng.IntN(len(branches))]))
			}
			for _, i := range rng.Perm(len(branches)) { // at last, all of it
				r.receive(branches[i])
			}
			r.check()
			if n == 0 {
				first = r
				continue
			}
			if !equalVectors(r.chains.Vector(), first.chains.Vector()) || r.chains.Digest(nil) != first.chains.Digest(nil) {
				t.Fatalf("round %d: replicas differ:\n%v\n%v", round, r.chains.Vector(), first.chains.Vector())
			}
			if len(r.stored) != len(first.stored) {
				t.Fatalf("round %d: stores hold %d and %d entries", round, len(r.stored), len(first.stored))
			}
		}
	}
}

// replica is an index with the store that a node would keep beside it.
type replica struct {
	t      *testing.T
	a      oplog.Authority
	chains *oplog.Chains
	stored map[oplog.Ref]*oplog.Entry
	chosen map[wire.ChainID][]wire.EntryID // as a node applies them; nil once it is governed
}

func newReplica(t *testing.T, a oplog.Authority) *replica {
	return &replica{t, a, oplog.NewChains(testDoc), map[oplog.Ref]*oplog.Entry{}, map[wire.ChainID][]wire.EntryID{}}
}

func refOf(e *oplog.Entry) oplog.Ref {
	return oplog.Ref{Chain: e.Chain(), Position: oplog.Position{Seq: e.Seq, ID: e.ID}}
}

// receive does what a node does with a run.
func (r *replica) receive(run []*oplog.Entry) {
	kept, v := r.chains.CheckRun(r.a, received(r.t, run...))
	if v.Action == oplog.Reject {
		r.t.Fatalf("honest run: %v", v)
	}
	for _, e := range kept {
		change := r.chains.Append(e)
		if change.Kind == oplog.Unchanged {
			r.t.Fatalf("entry %d was to be kept and has no place", e.Seq)
		}
		r.stored[refOf(e)] = e
		for _, p := range change.Dropped {
			delete(r.stored, oplog.Ref{Chain: change.Chain, Position: p})
		}
		if r.chosen == nil {
			continue
		}
		switch change.Kind {
		case oplog.Extended:
			r.chosen[e.Chain()] = append(r.chosen[e.Chain()], e.ID)
		case oplog.Switched:
			ids := r.chosen[e.Chain()][:change.From:change.From]
			for seq := change.From; ; seq++ {
				id, ok := r.chains.ID(e.Chain(), seq)
				if !ok {
					break
				}
				ids = append(ids, id)
			}
			r.chosen[e.Chain()] = ids
		}
	}
}

// check holds the index against what the changes told.
func (r *replica) check() {
	r.t.Helper()
	held := 0
	for chain := range r.chains.All() {
		for seq, want := range r.chosen[chain] {
			if id, ok := r.chains.ID(chain, uint64(seq)); !ok || id != want {
				r.t.Fatalf("chain %s: entry %d is not the one the changes told", chain, seq)
			}
		}
		if seq, _, _ := r.chains.Head(chain); seq+1 != uint64(len(r.chosen[chain])) {
			r.t.Fatalf("chain %s: %d entries chosen, %d told", chain, seq+1, len(r.chosen[chain]))
		}
	}
	for line := range r.chains.Vector() {
		for _, step := range r.chains.Run(line, 0) {
			if e := r.stored[step.Ref]; e == nil || e.Signed() != step.Anchor {
				r.t.Fatalf("line %s: entry %d is an anchor in the index: %v; stored: %v", line, step.Seq, step.Anchor, e)
			}
		}
	}
	for ref := range r.stored {
		if !r.chains.Has(ref.Chain, ref.Position) {
			r.t.Fatalf("entry %d is stored and not held", ref.Seq)
		}
		held++
	}
	// Loading the store gives the same index.
	again := oplog.NewChains(testDoc)
	list := slices.Collect(func(yield func(*oplog.Entry) bool) {
		for _, e := range r.stored {
			if !yield(e) {
				return
			}
		}
	})
	slices.SortFunc(list, func(x, y *oplog.Entry) int {
		if x.Seq != y.Seq {
			return int(x.Seq) - int(y.Seq)
		}
		return bytes.Compare(x.ID[:], y.ID[:])
	})
	for _, e := range received(r.t, list...) {
		if err := again.Load(e); err != nil {
			r.t.Fatalf("load: %v", err)
		}
	}
	if gone := again.Trim(); len(gone) > 0 {
		r.t.Fatalf("%d stored entries have no anchor after them", len(gone))
	}
	if again.Digest(nil) != r.chains.Digest(nil) {
		r.t.Fatal("the loaded index differs")
	}
}

// TestConvergence lets replicas with random parts of a history sync by their
// vectors alone, as sync does, until nothing is to send.
func TestConvergence(t *testing.T) {
	rng := seeded(t)
	rounds := 40
	if testing.Short() {
		rounds = 10
	}
	for round := range rounds {
		a := roles{}
		branches := history(t, rng, a)
		replicas := []*replica{newReplica(t, a), newReplica(t, a), newReplica(t, a)}
		for _, b := range branches {
			replicas[rng.IntN(len(replicas))].receive(b[:1+rng.IntN(len(b))])
		}
		for exchange := 0; ; exchange++ {
			x, y := replicas[rng.IntN(3)], replicas[rng.IntN(3)]
			y.pull(x)
			x.pull(y)
			d := x.chains.Digest(nil)
			if !slices.ContainsFunc(replicas, func(r *replica) bool { return r.chains.Digest(nil) != d }) {
				break
			}
			if exchange > 60 {
				t.Fatalf("round %d: replicas do not become equal:\n%v\n%v\n%v", round,
					replicas[0].chains.Vector(), replicas[1].chains.Vector(), replicas[2].chains.Vector())
			}
		}
		for _, r := range replicas {
			r.check()
		}
	}
}

// pull sends to r what from holds and r's vector lacks: each line from the end
// r tells, or from its start.
func (r *replica) pull(from *replica) {
	r.t.Helper()
	theirs := r.chains.Vector()
	for line, p := range from.chains.Held() {
		start := uint64(0)
		if their, ok := theirs[line]; ok {
			switch {
			case their.Seq < p.Seq:
				start = their.Seq + 1
			case their.Seq == p.Seq && their.ID != p.ID:
				start = p.Seq
			default:
				continue
			}
		}
		for {
			steps := from.chains.Run(line, start)
			if len(steps) == 0 {
				break
			}
			var run []*oplog.Entry
			for _, s := range steps {
				run = append(run, from.stored[s.Ref])
			}
			r.receive(run)
			start += uint64(len(steps))
		}
	}
}

// TestFullForksConverge: two replicas keep as many branches as they may, and
// differ in the last. The one with the worse has the longer.
func TestFullForksConverge(t *testing.T) {
	w := &writer{t: t, key: keyOf(t, 1)}
	a := editor(w)
	base := w.write("base")
	byID := func(x, y *oplog.Entry) int { return bytes.Compare(x.ID[:], y.ID[:]) }
	var tips []*oplog.Entry
	for i := range oplog.MaxBranches {
		tips = append(tips, w.fork().write("tip "+string(rune('a'+i))))
	}
	slices.SortFunc(tips, byID)
	last := tips[oplog.MaxBranches-1]
	after := func(e *oplog.Entry, text string) *oplog.Entry {
		return (&writer{t: t, key: w.key, next: e.Seq + 1, prev: e.ID}).write(text)
	}
	ends := []*oplog.Entry{after(last, "one"), after(last, "other")}
	slices.SortFunc(ends, byID)
	better, worse := newReplica(t, a), newReplica(t, a)
	for _, r := range []*replica{better, worse} {
		r.receive([]*oplog.Entry{base})
		for _, tip := range tips {
			r.receive([]*oplog.Entry{tip})
		}
	}
	better.receive(ends[:1])
	worse.receive([]*oplog.Entry{ends[1], after(ends[1], "longer")})
	better.pull(worse)
	worse.pull(better)
	if better.chains.Digest(nil) != worse.chains.Digest(nil) {
		t.Errorf("replicas differ:\n%v\n%v", better.chains.Vector(), worse.chains.Vector())
	}
	better.check()
	worse.check()
}
