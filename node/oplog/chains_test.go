package oplog_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/wire"
)

// TestFork follows a fork from its proof to the switch of branches.
func TestFork(t *testing.T) {
	w := &writer{t: t, key: keyOf(t, 1)}
	a := editor(w)
	base := w.writeN(2, "base ")
	upper, lower := w.fork().writeN(3, "upper "), w.fork().writeN(2, "lower ")
	if bytes.Compare(upper[0].ID[:], lower[0].ID[:]) < 0 {
		upper, lower = lower, upper // lower has the lower id, and is to be chosen
	}
	chain := base[0].Chain()
	chains := oplog.NewChains(testDoc)
	take(t, chains, a, base...)
	take(t, chains, a, upper...)
	if len(chains.Forks()) != 0 {
		t.Fatal("forks before there is one")
	}

	v := chains.Check(a, received(t, lower[0])[0])
	checkVerdict(t, "first entry of a fork", v, oplog.Ignore, oplog.ErrFork)
	if !v.Keep() {
		t.Error("a fork is not kept")
	}
	change := chains.Append(received(t, lower[0])[0])
	if change.Kind != oplog.Switched || change.From != 2 || change.Chain != chain {
		t.Errorf("change %+v, want a switch from 2", change)
	}
	checkVerdict(t, "next of the branch now chosen", chains.Check(a, received(t, lower[1])[0]), oplog.Accept, nil)
	if change := chains.Append(received(t, lower[1])[0]); change.Kind != oplog.Extended {
		t.Errorf("change %+v, want an extension", change)
	}
	more := (&writer{t: t, key: w.key, next: upper[len(upper)-1].Seq + 1, prev: upper[len(upper)-1].ID}).write("more")
	checkVerdict(t, "next of the other branch", take(t, chains, a, more), oplog.Ignore, oplog.ErrFork)

	if id, ok := chains.ID(chain, 2); !ok || id != lower[0].ID {
		t.Error("the lower id is not chosen")
	}
	if seq, id, ok := chains.Head(chain); !ok || seq != lower[len(lower)-1].Seq || id != lower[len(lower)-1].ID {
		t.Error("head is not that of the chosen branch")
	}
	if !chains.Has(chain, oplog.Position{Seq: more.Seq, ID: more.ID}) || chains.Chosen(chain, oplog.Position{Seq: more.Seq, ID: more.ID}) {
		t.Error("the other branch is held but not chosen")
	}
	forks := chains.Forks()
	if len(forks) != 1 || forks[0].Chain != chain || forks[0].Seq != 2 || forks[0].Author != w.key.Device() ||
		len(forks[0].Heads) != 2 || forks[0].Heads[0].ID != lower[len(lower)-1].ID || forks[0].Heads[1].ID != more.ID {
		t.Errorf("forks %+v", forks)
	}
	// The vector has the chain, and a line for each branch.
	v3 := chains.Vector()
	want := oplog.Vector{
		chain: forks[0].Heads[0],
		oplog.BranchID(chain, lower[len(lower)-1].ID): forks[0].Heads[0],
		oplog.BranchID(chain, more.ID):                forks[0].Heads[1],
	}
	if !equalVectors(v3, want) {
		t.Errorf("vector %v, want %v", v3, want)
	}
	if steps := chains.Run(oplog.BranchID(chain, more.ID), 0); len(steps) != 2+len(upper)+1 || steps[len(steps)-1].ID != more.ID || steps[0].Chain != chain {
		t.Errorf("run of the other branch: %d entries", len(steps))
	}
}

func equalVectors(a, b oplog.Vector) bool {
	if len(a) != len(b) {
		return false
	}
	for line, p := range a {
		if b[line] != p {
			return false
		}
	}
	return true
}

// TestManyBranches: of many branches the four with the lowest ids are kept,
// and what is dropped is told.
func TestManyBranches(t *testing.T) {
	w := &writer{t: t, key: keyOf(t, 1)}
	a := editor(w)
	base := w.write("base")
	var tips []*oplog.Entry
	for i := range 12 {
		tips = append(tips, w.fork().write("branch "+string(rune('a'+i))))
	}
	chains := oplog.NewChains(testDoc)
	take(t, chains, a, base)
	stored := map[oplog.Position]bool{}
	for _, e := range tips {
		v := chains.Check(a, received(t, e)[0])
		if !v.Keep() {
			if !errors.Is(v.Reason, oplog.ErrForkFull) {
				t.Errorf("verdict %v", v)
			}
			continue
		}
		change := chains.Append(e)
		stored[oplog.Position{Seq: e.Seq, ID: e.ID}] = true
		for _, p := range change.Dropped {
			if !stored[p] {
				t.Errorf("dropped %v, which was not held", p)
			}
			delete(stored, p)
		}
	}
	slices.SortFunc(tips, func(x, y *oplog.Entry) int { return bytes.Compare(x.ID[:], y.ID[:]) })
	for i, e := range tips {
		kept := i < oplog.MaxBranches
		if got := chains.Has(e.Chain(), oplog.Position{Seq: 1, ID: e.ID}); got != kept {
			t.Errorf("branch %d by id: held is %v, want %v", i, got, kept)
		}
		if stored[oplog.Position{Seq: 1, ID: e.ID}] != kept {
			t.Errorf("branch %d by id: the store would be wrong", i)
		}
	}
}

// TestDoubt: a replica that is shown the far end of a branch it does not hold
// leaves the chain out of its vector, and so is sent the place of the fork.
func TestDoubt(t *testing.T) {
	w := &writer{t: t, key: keyOf(t, 1)}
	a := editor(w)
	base := w.writeN(2, "base ")
	ours, theirs := w.fork().writeN(2, "ours "), w.fork().writeN(4, "theirs ")
	chain := base[0].Chain()
	for _, gossip := range []string{"gossip", "sync"} {
		chains := oplog.NewChains(testDoc)
		take(t, chains, a, append(slices.Clone(base), ours...)...)
		digest := chains.Digest(nil)
		var v oplog.Verdict
		if gossip == "gossip" {
			v = chains.Check(a, received(t, theirs[1])[0])
		} else {
			v = take(t, chains, a, theirs[1:]...)
		}
		checkVerdict(t, gossip, v, oplog.Ignore, oplog.ErrPrev)
		if _, listed := chains.Vector()[chain]; listed {
			t.Errorf("%s: chain in doubt is in the vector", gossip)
		}
		if chains.Digest(nil) != digest {
			t.Errorf("%s: doubt changed the digest", gossip)
		}
		checkVerdict(t, gossip, take(t, chains, a, append(slices.Clone(base), theirs...)...), oplog.Ignore, oplog.ErrFork)
		if _, listed := chains.Vector()[chain]; !listed || len(chains.Forks()) != 1 {
			t.Errorf("%s: doubt is not resolved", gossip)
		}
	}
	// A forged signature raises no doubt.
	chains := oplog.NewChains(testDoc)
	take(t, chains, a, append(slices.Clone(base), ours...)...)
	forged := received(t, &oplog.Entry{Raw: encodeEntry(theirs[1].Hdr, theirs[1].Ct, make([]byte, 64))})
	checkVerdict(t, "forged", chains.Check(a, forged[0]), oplog.Reject, oplog.ErrSignature)
	_, v := chains.CheckRun(a, forged)
	checkVerdict(t, "forged run", v, oplog.Reject, oplog.ErrSignature)
	if _, listed := chains.Vector()[chain]; !listed {
		t.Error("a forged signature raised doubt")
	}
}

// TestLoadFaults: damage in the store is told, and what no anchor vouches for
// is let go.
func TestLoadFaults(t *testing.T) {
	w := &writer{t: t, key: keyOf(t, 1)}
	e := w.writeN(6, "text ")
	chain := e[0].Chain()
	chains := oplog.NewChains(testDoc)
	stored := []*oplog.Entry{e[0], unsigned(t, e[1]), e[2], unsigned(t, e[3])}
	for _, x := range received(t, stored...) {
		if err := chains.Load(x); err != nil {
			t.Fatal(err)
		}
	}
	if err := chains.Load(received(t, e[1])[0]); err != nil {
		t.Errorf("the same entry twice: %v", err)
	}
	if err := chains.Load(received(t, e[5])[0]); !errors.Is(err, oplog.ErrGap) {
		t.Errorf("after a lost record: %v", err)
	}
	bad := received(t, &oplog.Entry{Raw: encodeEntry(e[4].Hdr, []byte("else"), e[4].Sig[:])})[0]
	if err := chains.Load(bad); !errors.Is(err, oplog.ErrCiphertext) {
		t.Errorf("changed ciphertext: %v", err)
	}
	h := w.header()
	h.Doc[3]++
	if err := chains.Load(w.fork().sign(h, "x")); !errors.Is(err, oplog.ErrWrongDocument) {
		t.Errorf("other document: %v", err)
	}
	gone := chains.Trim()
	if len(gone) != 1 || gone[0] != refOf(e[3]) {
		t.Errorf("let go %v, want entry 3", gone)
	}
	if seq, _, ok := chains.Head(chain); !ok || seq != 2 {
		t.Errorf("head is %d", seq)
	}
	empty := oplog.NewChains(testDoc)
	if err := empty.Load(unsigned(t, e[0])); err != nil {
		t.Fatal(err)
	}
	if gone := empty.Trim(); len(gone) != 1 || empty.Len() != 0 || len(empty.Vector()) != 0 {
		t.Errorf("a chain without an anchor stays: %v", gone)
	}
}

// TestTrimForks: branches that become the beginning of another go.
func TestTrimForks(t *testing.T) {
	w := &writer{t: t, key: keyOf(t, 1)}
	base := w.writeN(2, "base ")
	x, y := w.fork().writeN(2, "x "), w.fork().writeN(2, "y ")
	chains := oplog.NewChains(testDoc)
	for _, e := range []*oplog.Entry{base[0], base[1], unsigned(t, x[0]), y[0], y[1]} {
		if err := chains.Load(received(t, e)[0]); err != nil {
			t.Fatal(err)
		}
	}
	if len(chains.Forks()) != 1 {
		t.Fatal("no fork")
	}
	if gone := chains.Trim(); len(gone) != 1 || gone[0] != refOf(x[0]) {
		t.Errorf("let go %v", gone)
	}
	if len(chains.Forks()) != 0 {
		t.Error("fork remains")
	}
	if _, id, _ := chains.Head(base[0].Chain()); id != y[1].ID {
		t.Error("the other branch is not the chain now")
	}
}

// TestDigest: the digest covers the access heads in any order, and each line.
func TestDigest(t *testing.T) {
	w := &writer{t: t, key: keyOf(t, 1)}
	a := editor(w)
	chains := oplog.NewChains(testDoc)
	seen := map[[16]byte]string{}
	note := func(what string, d [16]byte) {
		if old, ok := seen[d]; ok {
			t.Errorf("%s has the digest of %s", what, old)
		}
		seen[d] = what
	}
	h1, h2 := wire.OpID{1}, wire.OpID{2}
	note("nothing", chains.Digest(nil))
	note("one head", chains.Digest([]wire.OpID{h1}))
	note("two heads", chains.Digest([]wire.OpID{h1, h2}))
	if chains.Digest([]wire.OpID{h2, h1}) != chains.Digest([]wire.OpID{h1, h2}) {
		t.Error("the order of heads shows")
	}
	take(t, chains, a, w.write("one"))
	note("one entry", chains.Digest(nil))
	take(t, chains, a, w.write("two"))
	note("two entries", chains.Digest(nil))
	take(t, chains, a, (&writer{t: t, key: w.key, inc: 1}).write("one"))
	note("two chains", chains.Digest(nil))
}
