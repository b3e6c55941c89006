package crdt

import (
	"errors"
	"fmt"
	"iter"
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
	seen = append(seen, seeAttributes(now, text)...)
	for a := range text.Authors(0, text.Len()) {
		see(a, nil)
		p, err := NewRelativePosition(text, a.Index, -1)
		see(p, err)
		item, hasItem := p.Item()
		typ, hasType := p.Type()
		root, hasRoot := p.Root()
		seen = append(seen, item, hasItem, typ, hasType, root, hasRoot, p.Assoc(), p.Encode(), p.RenameClient(1, 2).Encode())
		see(p.MarshalJSON())
		at, ok := d.Resolve(p, true)
		seen = append(seen, at.Index, ok, at.Type == Shared(text), d.Keyed(a.ID))
	}
	for key, v := range m.AllAt(now) {
		seen = append(seen, key, v.Kind())
	}
	for key, v := range m.All() {
		again, ok := m.Get(key)
		at, okAt := m.GetAt(now, key)
		if !ok || !okAt || !again.Equal(v) || !at.Equal(v) {
			t.Errorf("%s has several values", key)
		}
		id, ok := m.Author(key)
		seen = append(seen, key, id, ok, m.Has(key), m.Len())
		switch s := v.Shared().(type) {
		case *Text:
			seen = append(seen, seeAttributes(now, s)...)
			for i, run := range s.All() {
				seen = append(seen, i, run.Insert.Kind())
			}
		case *Array:
			for i, v := range s.All() {
				seen = append(seen, i, v.Kind())
			}
			first, err := s.Get(0)
			see(first.Number(), err)
			for i, v := range s.AllAt(now) {
				seen = append(seen, i, v.Kind())
			}
			for a := range s.Authors(0, s.Len()) {
				see(a, nil)
			}
		case *XMLFragment:
			first, err := s.Get(0)
			see(first.Kind(), err)
			for i, v := range s.All() {
				switch x := v.Shared().(type) {
				case *XMLHook:
					seen = append(seen, i, x.Name(), x.Deleted())
				case *XMLText:
					seen = append(seen, i, x.String())
				}
			}
			for i, v := range s.AllAt(now) {
				seen = append(seen, i, v.Kind())
			}
			for a := range s.Authors(0, s.Len()) {
				see(a, nil)
			}
			seen = append(seen, seeAttributes(now, first.Shared().(*XMLElement))...)
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
	state, stateV2 := d.EncodeStateAsUpdate(nil), d.EncodeStateAsUpdateV2(StateVector{10: 1})
	see(now.ContainsUpdate(state))
	see(now.ContainsUpdateV2(stateV2))
	shown := map[ClientID]bool{}
	for client, clock := range now.StateVector() {
		shown[client] = now.Shows(ClockRange{client, clock - 1, clock})
	}
	seen = append(seen, shown, text.JSON().Str())
	for _, s := range d.Subdocs() {
		seen = append(seen, s.ShouldLoad())
	}
	seen = append(seen, state, stateV2, d.Columns(), now.Encode(), now.EncodeV2(), now.Deletes(), now.Equal(Snapshot{}), d.ClientID(), d.GUID())
	return fmt.Sprint(seen...)
}

// seeAttributes reads the attributes of a text or an element in every way.
func seeAttributes(now Snapshot, s interface {
	Attribute(string) (Value, bool)
	AttributeAt(Snapshot, string) (Value, bool)
	AttributeAuthor(string) (ID, bool)
	Attributes() iter.Seq2[string, Value]
	AttributesAt(Snapshot) iter.Seq2[string, Value]
}) []any {
	var seen []any
	for key, v := range s.Attributes() {
		again, ok := s.Attribute(key)
		at, okAt := s.AttributeAt(now, key)
		id, known := s.AttributeAuthor(key)
		seen = append(seen, key, v.Equal(again), ok, v.Equal(at), okAt, id, known)
	}
	for key, v := range s.AttributesAt(now) {
		seen = append(seen, key, v.Kind())
	}
	return seen
}
