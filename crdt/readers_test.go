package crdt

import (
	"errors"
	"fmt"
	"sync"
	"testing"
)

// TestReaders reads a document in every way from several goroutines at once.
// It is for the race detector: make race runs it.
func TestReaders(t *testing.T) {
	// One that was just loaded, and has found nothing out about itself yet.
	load := func() *Doc {
		made := filled(t)
		for i := range 5 {
			made.SetClientID(ClientID(10 + 7*i%5))
			for range 3 {
				edit(t, made, func(tx *Txn) error {
					return errors.Join(made.Text("t").Insert(tx, 0, "some text"), made.Text("t").Format(tx, 1, 4, Attr{"bold", Bool(true)}))
				})
			}
		}
		late := NewDoc(Config{ClientID: 99})
		var pending [][]byte
		late.OnUpdate(func(e UpdateEvent) { pending = append(pending, e.Update) })
		for i := range 4 {
			edit(t, late, func(tx *Txn) error { return late.Text("t").Insert(tx, i, "x") })
		}
		d := NewDoc(Config{ClientID: 1, DisableGC: true})
		d.Text("t")
		d.Map("m")
		for _, u := range append(pending[2:], made.EncodeStateAsUpdate(nil)) {
			if err := d.ApplyUpdate(u, nil); err != nil {
				t.Fatal(err)
			}
		}
		d.SetClientID(5) // whom the order of clients does not have yet
		edit(t, d, func(tx *Txn) error { return d.Text("t").Insert(tx, 0, "y") })
		return d
	}
	d := load()
	want := read(t, load())
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			if got := read(t, d); got != want {
				t.Error("readers see different documents")
			}
		})
	}
	wait.Wait()
	d.check(t)
}

// read calls everything that reads, and returns what it saw.
func read(t *testing.T, d *Doc) string {
	// First, because the locks of what follows would order the readers.
	now := d.Snapshot()
	text, m := d.Text("t"), d.Map("m")
	seen := []any{text.String(), text.Len(), len(text.Delta()), d.StateVector(), d.HasPending(), len(d.Subdocs())}
	see := func(v any, err error) {
		if err != nil {
			t.Error(err)
		}
		seen = append(seen, v)
	}
	for i, run := range text.Runs(1, text.Len()) {
		seen = append(seen, i, run.Insert.Str(), len(run.Attrs))
	}
	for name, root := range d.Roots() {
		seen = append(seen, name, root.JSON().Kind())
	}
	for key, v := range text.Attributes() {
		seen = append(seen, key, v.Kind())
	}
	for a := range text.Authors(0, text.Len()) {
		see(a, nil)
		p, err := NewRelativePosition(text, a.Index, -1)
		see(p, err)
		at, ok := d.Resolve(p, true)
		seen = append(seen, at.Index, ok, at.Type == Shared(text), d.Keyed(a.ID))
	}
	for key, v := range m.All() {
		again, ok := m.Get(key)
		at, okAt := m.GetAt(now, key)
		if !ok || !okAt || !again.Equal(v) || !at.Equal(v) {
			t.Errorf("%s has several values", key)
		}
		id, ok := m.Author(key)
		seen = append(seen, key, id, ok, m.Has(key))
		switch s := v.Shared().(type) {
		case *Array:
			for i, v := range s.All() {
				seen = append(seen, i, v.Kind())
			}
			first, err := s.Get(0)
			see(first.Number(), err)
			for i, v := range s.AllAt(now) {
				seen = append(seen, i, v.Kind())
			}
		case *XMLFragment:
			first, err := s.Get(0)
			see(first.Kind(), err)
			for node := range s.Descendants() {
				seen = append(seen, node.JSON().Str())
			}
			seen = append(seen, s.String(), s.Len(), first.Shared().(*XMLElement).Name())
		}
	}
	see(d.JSON().MarshalJSON())
	copied, err := d.Clone(Config{})
	see(copied.StateVector(), err)
	Clone(m)
	seen = append(seen, d.EncodeStateAsUpdate(nil), d.EncodeStateAsUpdateV2(StateVector{10: 1}), d.Columns(), now.Encode())
	return fmt.Sprint(seen...)
}
