package crdt

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"sync"
	"testing"
)

// TestTreeBuild loads lists of many sizes, reads them as a whole, which needs
// no tree, and then looks for and edits things in them, which makes one.
func TestTreeBuild(t *testing.T) {
	for _, n := range []int{1, leafFill, leafFill + 1, leafFill*innerFill + 1, 5000} {
		t.Run(fmt.Sprint(n, " items"), func(t *testing.T) {
			r := rand.New(rand.NewPCG(uint64(n), 0))
			d := NewDoc(Config{ClientID: 1})
			edit := func(d *Doc) {
				d.Transact(nil, func(tx *Txn) {
					a, text := d.Array("a"), d.Text("t")
					at := r.IntN(a.Len() + 1)
					if err := a.Insert(tx, at, Number(float64(a.Len()))); err != nil {
						t.Fatal(err)
					}
					if err := text.Insert(tx, at, "ab", Attr{"bold", Bool(r.IntN(2) == 0)}); err != nil {
						t.Fatal(err)
					}
					if r.IntN(3) == 0 {
						if err := text.Delete(tx, at, 1); err != nil {
							t.Fatal(err)
						}
					}
				})
			}
			for range n {
				edit(d)
			}
			loaded := NewDoc(Config{ClientID: 2})
			if err := loaded.ApplyUpdate(d.EncodeStateAsUpdate(nil), nil); err != nil {
				t.Fatal(err)
			}
			want, text := d.Array("a"), loaded.Text("t")
			if text.String() != d.Text("t").String() || !reflect.DeepEqual(text.Delta(), d.Text("t").Delta()) {
				t.Fatal("the texts differ")
			}
			a := loaded.Array("a")
			for i, v := range a.All() {
				if got, err := want.Get(i); err != nil || got.Number() != v.Number() {
					t.Fatalf("element %d is %v, want %v, %v", i, v.Number(), got.Number(), err)
				}
			}
			for i := range loaded.lists {
				if loaded.lists[i].root != 0 {
					t.Errorf("list %d has a tree, which nobody needed", i)
				}
			}
			loaded.check(t)
			for i := range want.Len() {
				if got, err := a.Get(i); err != nil || got.Number() != mustGet(t, want, i) {
					t.Fatalf("Get(%d) = %v, %v", i, got.Number(), err)
				}
			}
			if l := loaded.lists[a.shared().children]; l.root == 0 {
				t.Error("the array has no tree")
			}
			for range 200 {
				edit(loaded)
			}
			loaded.check(t)
			if err := d.ApplyUpdate(loaded.EncodeStateAsUpdate(nil), nil); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(text.Delta(), d.Text("t").Delta()) {
				t.Fatal("the texts differ after more edits")
			}
		})
	}
}

func mustGet(t *testing.T, a *Array, i int) float64 {
	t.Helper()
	v, err := a.Get(i)
	if err != nil {
		t.Fatal(err)
	}
	return v.Number()
}

// TestReadersBuildTrees has several goroutines look for things in a document
// that has no trees yet, without any lock of their own that would order them.
func TestReadersBuildTrees(t *testing.T) {
	made := NewDoc(Config{ClientID: 1})
	const n = 500
	arrays := []string{"a", "b", "c"}
	for i := range n {
		made.Transact(nil, func(tx *Txn) {
			for _, name := range arrays {
				if err := made.Array(name).Insert(tx, 0, Number(float64(n-1-i))); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
	d := NewDoc(Config{})
	if err := d.ApplyUpdate(made.EncodeStateAsUpdate(nil), nil); err != nil {
		t.Fatal(err)
	}
	var views []*Array
	for _, name := range arrays {
		views = append(views, d.Array(name))
	}
	var wait sync.WaitGroup
	for first := range views {
		for _, whole := range []bool{false, true} {
			wait.Go(func() {
				for k := range views {
					a := views[(first+k)%len(views)]
					if whole {
						for i, v := range a.All() {
							if v.Number() != float64(i) {
								t.Errorf("element %d is %v", i, v.Number())
							}
						}
						continue
					}
					for i := range n {
						if v, err := a.Get(i); err != nil || v.Number() != float64(i) {
							t.Errorf("Get(%d) = %v, %v", i, v.Number(), err)
						}
					}
				}
			})
		}
	}
	wait.Wait()
	d.check(t)
}
