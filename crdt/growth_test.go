package crdt

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
)

// checkGrowth checks that ten times the work allocates about ten times as much;
// what grows now and then, such as indexes, may be caught at its worst.
// A walk that keeps what it passes shows in it, on any machine. prepare returns
// the part that is measured.
func checkGrowth(t *testing.T, size int, prepare func(n int) (work func())) {
	t.Helper()
	allocates := func(n int) uint64 {
		work := prepare(n)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		work()
		runtime.ReadMemStats(&after)
		return (after.TotalAlloc - before.TotalAlloc) / uint64(n)
	}
	small, large := allocates(size), allocates(10*size)
	t.Logf("%d bytes each at %d, %d at %d", small, size, large, 10*size)
	if large > 3*small {
		t.Errorf("one of %d allocates %d bytes, one of %d %d", size, small, 10*size, large)
	}
}

// TestUndoGrowth undoes and redoes many edits, each by itself.
func TestUndoGrowth(t *testing.T) {
	checkGrowth(t, 300, func(n int) func() {
		r := rand.New(rand.NewPCG(3, 4))
		d := NewDoc(Config{ClientID: 1})
		text := d.Text("t")
		m, err := NewUndoManager[int](d, UndoConfig{})
		if err != nil {
			t.Fatal(err)
		}
		for i := range n {
			change(t, d, func(tx *Txn) error {
				if i%3 == 2 {
					return text.Delete(tx, r.IntN(text.Len()), 1)
				}
				return text.Insert(tx, r.IntN(text.Len()+1), "ab")
			})
		}
		return func() {
			for _, step := range []func() (*StackItem[int], error){m.Undo, m.Redo} {
				for range n {
					if item, err := step(); item == nil || err != nil {
						t.Fatal(item, err)
					}
				}
			}
		}
	})
}

// TestRivalGrowth lets many clients set one key, and write at one place,
// without knowing of each other.
func TestRivalGrowth(t *testing.T) {
	for name, write := range map[string]func(*Doc, *Txn) error{
		"key":  func(d *Doc, tx *Txn) error { return d.Map("m").Set(tx, "k", Bool(true)) },
		"text": func(d *Doc, tx *Txn) error { return d.Text("t").Insert(tx, 0, "x") },
	} {
		for order, arrange := range map[string]func(updates [][]byte){
			"upwards":   func([][]byte) {},
			"downwards": slices.Reverse[[][]byte],
			"shuffled": func(updates [][]byte) {
				rand.New(rand.NewPCG(5, 6)).Shuffle(len(updates), func(i, j int) { updates[i], updates[j] = updates[j], updates[i] })
			},
		} {
			t.Run(fmt.Sprint(name, " ", order), func(t *testing.T) {
				checkGrowth(t, 300, func(n int) func() {
					var updates [][]byte
					for i := range n {
						d := NewDoc(Config{ClientID: ClientID(i + 1)})
						change(t, d, func(tx *Txn) error { return write(d, tx) })
						updates = append(updates, d.EncodeStateAsUpdate(nil))
					}
					arrange(updates)
					d := NewDoc(Config{})
					return func() {
						for _, u := range updates {
							if err := d.ApplyUpdate(u, nil); err != nil {
								t.Fatal(err)
							}
						}
					}
				})
			})
		}
	}
}

// TestUndoPasses makes the children of a deleted list again and counts the
// neighbours that are passed on the way to those that are there again. Each
// child came before the others, so that from each all are on one side.
func TestUndoPasses(t *testing.T) {
	const n = 300
	d := NewDoc(Config{ClientID: 1})
	list := NewArray()
	change(t, d, func(tx *Txn) error { return d.Map("m").Set(tx, "list", ValueOf(list)) })
	for range n {
		change(t, d, func(tx *Txn) error { return list.Insert(tx, 0, Null()) })
	}
	m, err := NewUndoManager[int](d, UndoConfig{})
	if err != nil {
		t.Fatal(err)
	}
	change(t, d, func(tx *Txn) error { return d.Map("m").Delete(tx, "list") })
	passed, again := 0, 0
	d.transact(m, true, func(tx *Txn) {
		r := redo{tx: tx, wanted: make(map[handle]bool)}
		tx.eachItem(&m.undoStack[0].deletions, func(h handle) {
			it := d.items.at(h)
			old := d.holder(it)
			if old == 0 {
				r.item(h) // the list itself
				return
			}
			holder := tx.redoneAs(old)
			left := r.neighbour(it.list, it.left, holder, d.seekLeft, func(x *item) handle { passed++; return x.left })
			right := r.neighbour(it.list, h, holder, d.seekRight, func(x *item) handle { passed++; return x.right })
			r.again(h, d.childList(int32(d.items.at(holder).content)), left, right)
			again++
		})
	})
	d.check(t)
	v, ok := d.Map("m").Get("list")
	if !ok || again != n || v.Shared().(*Array).Len() != n {
		t.Fatalf("%d are made again, the list is back: %v", again, ok)
	}
	if passed > 2*n {
		t.Errorf("%d neighbours are passed for %d children", passed, n)
	}
}
