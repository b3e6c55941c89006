package crdt

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
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

// TestTreeShrinks deletes nearly all of a text whose characters stand alone, so
// that they join again to few items, and looks for the format marks among them.
func TestTreeShrinks(t *testing.T) {
	const apart = 150 // of one formatted character from the next
	r := rand.New(rand.NewPCG(1, 0))
	d := NewDoc(Config{ClientID: 1})
	text := d.Text("t")
	var left []int // of each character, where it was written
	change := func(f func(tx *Txn) error) {
		d.Transact(nil, func(tx *Txn) {
			if err := f(tx); err != nil {
				t.Fatal(err)
			}
		})
	}
	change(func(tx *Txn) error { return text.Insert(tx, 0, strings.Repeat("x", 6000)) })
	for i := range text.Len() {
		left = append(left, i)
		if i%apart == 0 {
			change(func(tx *Txn) error { return text.Format(tx, i, 1, Attr{"bold", Bool(true)}) })
		}
	}
	for i := len(left) - 1; i > 0; i -= 2 {
		change(func(tx *Txn) error { return text.Delete(tx, i, 1) })
		left = slices.Delete(left, i, i+1)
	}
	d.check(t)
	for step := 0; len(left) > 6000/apart; step++ {
		at := r.IntN(len(left))
		n := 0
		for n < 20 && at+n < len(left) && left[at+n]%apart != 0 {
			n++
		}
		change(func(tx *Txn) error { return text.Delete(tx, at, n) })
		left = slices.Delete(left, at, at+n)
		if step%20 == 0 {
			d.check(t)
		}
	}
	d.check(t)
	delta := text.Delta()
	if len(delta) != 1 || delta[0].Insert.Str() != strings.Repeat("x", len(left)) || len(delta[0].Attrs) != 1 {
		t.Errorf("%d characters are left: %v", len(left), delta)
	}
}
