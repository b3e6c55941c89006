package crdt

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestUndoReplacedValue brings a map back whose value another client had
// replaced: its key stays unused, so it comes after those that are used next.
func TestUndoReplacedValue(t *testing.T) {
	a, b := NewDoc(Config{ClientID: 1}), NewDoc(Config{ClientID: 2})
	inner := func(d *Doc) *Map {
		v, err := d.Array("a").Get(0)
		if err != nil {
			t.Fatal(err)
		}
		return v.Shared().(*Map)
	}
	set := func(d *Doc, key string) {
		edit(t, d, func(tx *Txn) error { return inner(d).Set(tx, key, Bool(true)) })
	}
	send := func(from, to *Doc) {
		if err := to.ApplyUpdate(from.EncodeStateAsUpdate(to.StateVector()), nil); err != nil {
			t.Fatal(err)
		}
	}
	edit(t, a, func(tx *Txn) error { return a.Array("a").Push(tx, ValueOf(NewMap())) })
	set(a, "k")
	send(a, b)
	u, err := NewUndoManager[int](a, UndoConfig{})
	if err != nil {
		t.Fatal(err)
	}
	set(b, "k")
	edit(t, a, func(tx *Txn) error { return a.Array("a").Delete(tx, 0, 1) })
	send(b, a)
	if item, err := u.Undo(); item == nil || err != nil {
		t.Fatal(item, err)
	}
	set(a, "other")
	set(a, "k")
	var keys []string
	for key := range inner(a).All() {
		keys = append(keys, key)
	}
	if !slices.Equal(keys, []string{"other", "k"}) {
		t.Errorf("keys %q", keys)
	}
}

// TestNearestRedone compares the nearest items that were made again with a walk.
func TestNearestRedone(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	d := NewDoc(Config{ClientID: 1})
	for i := range 1500 {
		change(t, d, func(tx *Txn) error { return d.Array("a").Insert(tx, r.IntN(i+1), Number(1)) })
	}
	var all []handle
	for h := d.lists[d.types[d.roots[0]].children].first; h != 0; h = d.items.at(h).right {
		all = append(all, h)
	}
	in := make(map[handle]bool)
	for round, i := range r.Perm(len(all)) {
		d.setRedone(all[i], unit{1, 0})
		in[all[i]] = true
		if round%10 != 0 {
			continue
		}
		at := r.IntN(len(all))
		var left, right handle
		for j := at; j >= 0 && left == 0; j-- {
			if in[all[j]] {
				left = all[j]
			}
		}
		for j := at; j < len(all) && right == 0; j++ {
			if in[all[j]] {
				right = all[j]
			}
		}
		d.check(t)
		if l, r := d.seekLeft(all[at], wantRedone), d.seekRight(all[at], wantRedone); l != left || r != right {
			t.Fatalf("with %d items: %d and %d, want %d and %d", round+1, l, r, left, right)
		}
	}
}
