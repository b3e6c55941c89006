package crdt_test

import (
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/sheafdocs/sheaf/crdt"
)

// TestUpdatesStream checks that functions without a document read an update as a
// stream: they take memory for what they return, and next to none for what they
// read.
func TestUpdatesStream(t *testing.T) {
	d := crdt.NewDoc(crdt.Config{ClientID: 1})
	text, r := d.Text("t"), rand.New(rand.NewPCG(1, 1))
	for range 10_000 {
		d.Transact(nil, func(tx *crdt.Txn) { must(text.Insert(tx, r.IntN(text.Len()+1), "word ")) })
	}
	u, u2 := d.EncodeStateAsUpdate(nil), d.EncodeStateAsUpdateV2(nil)
	most := crdt.StateVector{1: d.StateVector()[1] - 5}
	for name, f := range map[string]func() ([]byte, error){
		"diff of little":    func() ([]byte, error) { return crdt.DiffUpdate(u, most) },
		"diff of little V2": func() ([]byte, error) { return crdt.DiffUpdateV2(u2, most) },
		"diff":              func() ([]byte, error) { return crdt.DiffUpdate(u, nil) },
		"merge":             func() ([]byte, error) { return crdt.MergeUpdates(u, u, u) },
		"merge V2":          func() ([]byte, error) { return crdt.MergeUpdatesV2(u2, u2, u2) },
		"convert to V2":     func() ([]byte, error) { return crdt.ConvertUpdateToV2(u) },
		"convert to V1":     func() ([]byte, error) { return crdt.ConvertUpdateToV1(u2) },
		"state vector":      func() ([]byte, error) { sv, err := crdt.StateVectorFromUpdate(u); return sv.Encode(), err },
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		out, err := f()
		runtime.ReadMemStats(&after)
		// Buffers grow by copying, which adds up to several times the result.
		if took := after.TotalAlloc - before.TotalAlloc; err != nil || took > uint64(12*len(out)+16<<10) {
			t.Errorf("%s: took %d bytes to return %d, of an update of %d: %v", name, took, len(out), len(u), err)
		}
	}
}
