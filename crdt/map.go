package crdt

import (
	"iter"

	"github.com/sheafdocs/sheaf/crdt/internal/lib0"
)

// Map is a shared map from strings to values. Of concurrent values of one key
// one wins.
type Map struct{ node }

// NewMap returns a map to be inserted into another type.
func NewMap() *Map { return &Map{node{kind: typeMap}} }

// Set sets the value of a key.
func (m *Map) Set(tx *Txn, key string, v Value) error { return m.setEntry(tx, key, v) }

// Delete removes a key.
func (m *Map) Delete(tx *Txn, key string) error { return m.deleteEntry(tx, key) }

// Clear removes all keys.
func (m *Map) Clear(tx *Txn) error {
	if err := m.edit(tx); err != nil {
		return err
	}
	for _, e := range m.shared().entries.all() {
		if h := m.doc.lists[e.list].last; h != 0 { // contradictory updates can leave a key without values
			tx.delete(h)
		}
	}
	return nil
}

// Get returns the value of a key.
func (m *Map) Get(key string) (Value, bool) { return m.getEntry(key) }

// Has tells whether a key has a value.
func (m *Map) Has(key string) bool {
	_, ok := m.getEntry(key)
	return ok
}

// Len returns the number of keys. It counts them.
func (m *Map) Len() int {
	n := 0
	for range m.All() {
		n++
	}
	return n
}

// All yields the keys with their values, in the order in which the keys were
// first used here. The map must not be edited meanwhile.
func (m *Map) All() iter.Seq2[string, Value] { return m.allEntries() }

// allEntries yields the entries of the type's map.
// Not inlined: a page is smaller for it.
//
//go:noinline
func (n *node) allEntries() iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		if t := n.shared(); t != nil {
			n.doc.eachEntry(t, yield)
		}
	}
}

func (d *Doc) eachEntry(t *sharedType, yield func(string, Value) bool) {
	for key, it := range d.entryItems(t) {
		if !yield(key, d.lastValue(it)) {
			return
		}
	}
}

// entryItems yields the items that hold the current values of a type's map.
func (d *Doc) entryItems(t *sharedType) iter.Seq2[string, *item] {
	return func(yield func(string, *item) bool) {
		for _, e := range t.entries.all() {
			if h := d.lists[e.list].last; h != 0 {
				if it := d.items.at(h); !it.deleted() && !yield(d.keys[e.key], it) {
					return
				}
			}
		}
	}
}

// setEntry sets the value of a key of the type's map.
func (n *node) setEntry(tx *Txn, key string, v Value) error {
	if err := n.edit(tx); err != nil {
		return err
	}
	if err := checkValue(v, inMap); err != nil {
		return err
	}
	if err := n.doc.roomFor(v); err != nil {
		return err
	}
	list := n.doc.addEntryList(n.typ, n.doc.keyIndex(lib0.ValidString(key)))
	tx.insertValue(list, n.doc.lists[list].last, 0, v)
	return nil
}

// deleteEntry removes a key of the type's map.
func (n *node) deleteEntry(tx *Txn, key string) error {
	if err := n.edit(tx); err != nil {
		return err
	}
	if h := n.entry(key); h != 0 {
		tx.delete(h)
	}
	return nil
}

// entry returns the item that holds the last value of a key, or 0.
func (n *node) entry(key string) handle {
	t := n.shared()
	if t == nil {
		return 0
	}
	i, ok := n.doc.keyOf[key]
	if !ok {
		return 0
	}
	if list := t.entries.find(i); list != 0 {
		return n.doc.lists[list].last
	}
	return 0
}

// getEntry returns the value of a key of the type's map.
func (n *node) getEntry(key string) (Value, bool) {
	if h := n.entry(key); h != 0 {
		if it := n.doc.items.at(h); !it.deleted() {
			return n.doc.lastValue(it), true
		}
	}
	return Value{}, false
}
