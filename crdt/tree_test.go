package crdt

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// TestTree edits an array at random places, so that every item stands alone
// and the tree has several levels, and compares it with a plain slice.
func TestTree(t *testing.T) {
	for seed := range uint64(5) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 0))
			d := NewDoc(Config{ClientID: 1})
			a := d.Array("a")
			var want []float64
			for step := range 6000 {
				shrink := step/1500%2 == 1
				if len(want) > 0 && r.IntN(4) > 0 == shrink {
					i := r.IntN(len(want))
					n := min(1+r.IntN(3), len(want)-i)
					d.Transact(nil, func(tx *Txn) {
						if err := a.Delete(tx, i, n); err != nil {
							t.Fatal(err)
						}
					})
					want = append(want[:i:i], want[i+n:]...)
				} else {
					i := r.IntN(len(want) + 1)
					d.Transact(nil, func(tx *Txn) {
						if err := a.Insert(tx, i, Number(float64(step))); err != nil {
							t.Fatal(err)
						}
					})
					want = append(want[:i:i], append([]float64{float64(step)}, want[i:]...)...)
				}
				if step%97 == 0 {
					d.check(t)
				}
			}
			d.check(t)
			for i, v := range a.All() {
				if v.Number() != want[i] {
					t.Fatalf("element %d is %v, want %v", i, v.Number(), want[i])
				}
				if got, err := a.Get(i); err != nil || got.Number() != want[i] {
					t.Fatalf("Get(%d) = %v, %v", i, got.Number(), err)
				}
			}
			if a.Len() != len(want) {
				t.Fatalf("length %d, want %d", a.Len(), len(want))
			}
		})
	}
}
