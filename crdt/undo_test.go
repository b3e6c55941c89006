package crdt

import (
	"errors"
	"testing"
)

func TestObserveBeforeInsertion(t *testing.T) {
	d := NewDoc(Config{ClientID: 1})
	list := NewArray()
	seen := 0
	cancel := list.Observe(func(e *Event) {
		seen++
		if e.Target() != Shared(list) || len(e.ListDelta()) != 1 || e.Delta() != nil {
			t.Errorf("%+v", e.ListDelta())
		}
	})
	edit(t, d, func(tx *Txn) error { return d.Map("m").Set(tx, "list", ValueOf(list)) })
	if seen != 0 {
		t.Error("a new type is reported as changed")
	}
	edit(t, d, func(tx *Txn) error { return list.Push(tx, Number(1)) })
	cancel()
	cancel()
	edit(t, d, func(tx *Txn) error { return list.Push(tx, Number(2)) })
	if seen != 1 || d.observers != 0 {
		t.Errorf("called %d times, %d observers left", seen, d.observers)
	}
}

func TestEventAfterwards(t *testing.T) {
	d := NewDoc(Config{ClientID: 1})
	var kept *Event
	d.Text("t").Observe(func(e *Event) { kept = e })
	edit(t, d, func(tx *Txn) error { return d.Text("t").Insert(tx, 0, "x") })
	if kept.Delta() != nil || kept.Keys() != nil {
		t.Error("an event computes a delta after its transaction")
	}
}

func TestUndoErrors(t *testing.T) {
	d, other := NewDoc(Config{}), NewDoc(Config{ClientID: 2})
	_, err := NewUndoManager[int](d, UndoConfig{Scope: []Shared{NewText()}})
	if !errors.Is(err, ErrDetached) {
		t.Error("scope that is nowhere:", err)
	}
	_, err = NewUndoManager[int](d, UndoConfig{Scope: []Shared{other.Text("t")}})
	if !errors.Is(err, ErrDetached) {
		t.Error("scope of another document:", err)
	}
	_, err = NewUndoManager[int](d, UndoConfig{TrackedOrigins: []any{[]int{1}}})
	if !errors.Is(err, ErrValue) {
		t.Error("origin that is not comparable:", err)
	}
	m, err := NewUndoManager[int](d, UndoConfig{})
	if err != nil {
		t.Fatal(err)
	}
	d.Transact([]int{1}, func(*Txn) {}) // must not panic
	if _, err := m.Undo(); !errors.Is(err, ErrNoClientID) {
		t.Error("without a client id:", err)
	}
}

// TestUndoOfMany undoes the deletion of a type with many children.
func TestUndoOfMany(t *testing.T) {
	const n = 500
	d := NewDoc(Config{ClientID: 1})
	list := NewArray()
	edit(t, d, func(tx *Txn) error { return d.Map("m").Set(tx, "list", ValueOf(list)) })
	for i := range n {
		edit(t, d, func(tx *Txn) error { return list.Insert(tx, 0, Number(float64(i))) })
	}
	m, err := NewUndoManager[int](d, UndoConfig{})
	if err != nil {
		t.Fatal(err)
	}
	edit(t, d, func(tx *Txn) error { return d.Map("m").Delete(tx, "list") })
	if item, err := m.Undo(); item == nil || err != nil {
		t.Fatal(item, err)
	}
	d.check(t)
	v, _ := d.Map("m").Get("list")
	for i, got := range v.Shared().(*Array).All() {
		if got.Number() != float64(n-1-i) {
			t.Fatalf("element %d is %v", i, got.Number())
		}
	}
	if again := v.Shared().(*Array).Len(); again != n {
		t.Errorf("%d elements are back, not %d", again, n)
	}
}
