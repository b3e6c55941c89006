package crdt

import (
	"errors"
	"fmt"
	"slices"
	"testing"
)

// TestObserveDeepNested has types at every depth observed, some of them before
// they are in the document: each is told of what is inside it, with the way to
// it, and nobody of what is not.
func TestObserveDeepNested(t *testing.T) {
	d := NewDoc(Config{ClientID: 1})
	var told []string
	observe := func(name string, m *Map) (cancel func()) {
		return m.ObserveDeep(func(events []*Event) {
			for _, e := range events {
				if e.CurrentTarget() != m {
					t.Errorf("%s is told as another", name)
				}
				told = append(told, fmt.Sprint(name, e.Path(), e.KeysChanged()))
			}
		})
	}
	maps := map[string]*Map{"root": d.Map("root")}
	nest := func(in, name string) {
		t.Helper()
		maps[name] = NewMap()
		if name == "inner" {
			observe(name, maps[name])
		}
		edit(t, d, func(tx *Txn) error { return maps[in].Set(tx, name, ValueOf(maps[name])) })
	}
	for _, n := range [][2]string{{"root", "outer"}, {"outer", "plain"}, {"plain", "inner"}, {"root", "beside"}} {
		nest(n[0], n[1])
	}
	observe("root", maps["root"])
	stop := observe("outer", maps["outer"])
	observe("beside", maps["beside"])
	check := func(want ...string) {
		t.Helper()
		told = nil
		d.Transact(nil, func(tx *Txn) {
			for _, name := range []string{"inner", "plain"} {
				if err := maps[name].Set(tx, "key", Number(1)); err != nil {
					t.Fatal(err)
				}
			}
		})
		slices.Sort(told)
		if slices.Sort(want); !slices.Equal(told, want) {
			t.Errorf("told %q, want %q", told, want)
		}
	}
	inner := "inner[] [key]"
	root := []string{"root[{-1 outer} {-1 plain}] [key]", "root[{-1 outer} {-1 plain} {-1 inner}] [key]"}
	check(append([]string{inner, "outer[{-1 plain}] [key]", "outer[{-1 plain} {-1 inner}] [key]"}, root...)...)
	stop()
	check(append([]string{inner}, root...)...)
}

// TestChangedAtEveryDepth asks a transaction of all types, in its hooks and in
// those of a transaction that these begin.
func TestChangedAtEveryDepth(t *testing.T) {
	d := NewDoc(Config{ClientID: 1})
	outer, inner, beside := NewMap(), NewMap(), NewMap()
	edit(t, d, func(tx *Txn) error { return d.Map("root").Set(tx, "outer", ValueOf(outer)) })
	edit(t, d, func(tx *Txn) error { return outer.Set(tx, "inner", ValueOf(inner)) })
	edit(t, d, func(tx *Txn) error { return outer.Set(tx, "beside", ValueOf(beside)) })
	var first *Txn
	asked := 0
	d.OnAfterTransaction(func(tx *Txn) {
		if first == nil {
			first = tx
			d.Transact(nil, func(tx *Txn) {
				if err := d.Map("other").Set(tx, "key", Null()); err != nil {
					t.Error(err)
				}
			})
		}
		asked++
		for s, want := range map[Shared]bool{d.Map("root"): true, outer: true, inner: true, beside: false, d.Map("other"): false} {
			if got := first.Changed(s); got != want {
				t.Errorf("asked %d times: changed is %v, want %v", asked, got, want)
			}
		}
	})
	edit(t, d, func(tx *Txn) error { return inner.Set(tx, "key", Number(2)) })
	if asked != 2 {
		t.Errorf("asked %d times", asked)
	}
}

// TestChangedAskedEarly asks a transaction of a type before all of its observers
// were called: what is asked later, and what is undone, does not suffer.
func TestChangedAskedEarly(t *testing.T) {
	d := NewDoc(Config{ClientID: 1})
	asked, later := NewMap(), NewMap()
	edit(t, d, func(tx *Txn) error { return d.Map("root").Set(tx, "asked", ValueOf(asked)) })
	edit(t, d, func(tx *Txn) error { return d.Map("root").Set(tx, "later", ValueOf(later)) })
	undo, err := NewUndoManager[int](d, UndoConfig{Scope: []Shared{later}})
	if err != nil {
		t.Fatal(err)
	}
	d.OnBeforeObserverCalls(func(tx *Txn) { tx.Changed(later) })
	asked.Observe(func(e *Event) { e.Txn().Changed(later) })
	changed := false
	d.OnAfterTransaction(func(tx *Txn) { changed = tx.Changed(later) })
	edit(t, d, func(tx *Txn) error {
		return errors.Join(asked.Set(tx, "key", Null()), later.Set(tx, "key", Null()))
	})
	if !changed || !undo.CanUndo() {
		t.Errorf("changed is %v, to be undone %v", changed, undo.CanUndo())
	}
}
