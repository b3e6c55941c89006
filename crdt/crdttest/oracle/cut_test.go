package oracle

import (
	"encoding/hex"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/sheafdocs/sheaf/crdt"
)

// TestSplitAndCompact applies updates whole, in pieces (crdt.SplitUpdate) and
// compacted (crdt.CompactUpdate), for which Yjs has no counterpart: all three
// must come to the same, in Yjs as in our engine.
func TestSplitAndCompact(t *testing.T) {
	o := start(t)
	pieces, compacted, whole := 0, 0, 0
	for seed := range uint64(80) {
		w := newWorld(Generate(seed))
		w.execute()
		for _, update := range interesting(t, w, seed) {
			update = written(t, update)
			info, err := crdt.Inspect(update)
			if err != nil {
				t.Fatal(err)
			}
			// Some pieces of small updates, not too many of large ones.
			split, err := crdt.SplitUpdate(update, 60+len(update)/20, 4+info.NumStructs/20)
			if err != nil {
				t.Fatalf("seed %d: split %x: %v", seed, update, err)
			}
			compact, err := crdt.CompactUpdate(update)
			if err != nil {
				t.Fatalf("seed %d: compact %x: %v", seed, update, err)
			}
			pieces, compacted, whole = pieces+len(split), compacted+len(compact), whole+len(update)
			checkSame(t, o, seed, [][]byte{update}, split, [][]byte{compact})
		}
	}
	t.Logf("%d pieces, %d bytes compacted to %d", pieces, whole, compacted)
}

// written returns an update as it is once its values were read and written
// again: as JSON, minus zero loses its sign by that, in Yjs too.
func written(t *testing.T, update []byte) []byte {
	t.Helper()
	v2, err := crdt.ConvertUpdateToV2(update)
	if err != nil {
		t.Fatal(err)
	}
	v1, err := crdt.ConvertUpdateToV1(v2)
	if err != nil {
		t.Fatal(err)
	}
	return v1
}

// interesting returns some updates that a run produced, and its whole history
// merged.
func interesting(t *testing.T, w *world, seed uint64) [][]byte {
	t.Helper()
	if len(w.log) == 0 {
		return nil
	}
	r := rand.New(rand.NewPCG(seed, 1))
	var own [][]byte
	for _, replica := range w.replicas {
		for _, u := range replica.own {
			own = append(own, u.v1)
		}
	}
	all, err := crdt.MergeUpdates(own...)
	if err != nil {
		t.Fatal(err)
	}
	list := [][]byte{all, w.replicas[0].doc.EncodeStateAsUpdate(nil)}
	for range 3 {
		u, err := w.pick(r.IntN(1 << 16)).in(false)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, u)
	}
	return list
}

// checkSame applies each series of updates to a replica of its own, in both
// engines.
func checkSame(t *testing.T, o *Oracle, seed uint64, series ...[][]byte) {
	t.Helper()
	p := Program{Seed: seed}
	for i, updates := range series {
		p.Replicas = append(p.Replicas, Replica{ID: uint64(i + 1), NoGC: seed%2 == 0})
		for _, u := range updates {
			p.Steps = append(p.Steps, Step{Kind: StepRaw, To: i, N: 1, Hex: hex.EncodeToString(u)})
		}
	}
	// Applying an update may delete formatting that became pointless, sooner in
	// one replica than in another; they tell each other of it.
	for i := 1; i < len(series); i++ {
		p.Steps = append(p.Steps, Step{Kind: StepSync, To: 0, From: i})
	}
	for i := 1; i < len(series); i++ {
		p.Steps = append(p.Steps, Step{Kind: StepSync, To: i, From: 0})
	}
	p.Steps = append(p.Steps, Step{Kind: StepConverged})
	d, err := o.Check(p)
	if err != nil {
		t.Fatal(err)
	}
	if d != nil {
		t.Fatalf("seed %d: %v\n%s", seed, d, p)
	}
	w := newWorld(p)
	seen := w.execute()
	if string(seen[len(seen)-1].Get("converged")) != "true" {
		for i, r := range w.replicas {
			t.Logf("series %d:\n%s", i, r.dump())
		}
		t.Fatalf("seed %d: not the same:\n%s", seed, p)
	}
	first := w.replicas[0].doc
	for i, r := range w.replicas {
		if !slices.Equal(first.StateVector().Encode(), r.doc.StateVector().Encode()) {
			t.Fatalf("seed %d: series %d: another state vector:\n%s", seed, i, p)
		}
	}
}
