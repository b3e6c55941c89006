package crdt

import (
	"iter"

	"github.com/sheafdocs/sheaf/crdt/internal/codec"
)

// AllAt yields the elements that the array had at a snapshot, with the indexes
// that they had. What was collected as garbage since is missing: use it with
// Config.DisableGC. A shared type among them shows what is in it now; ask it for
// the same snapshot in turn. The time is linear, what was deleted included. The
// array must not be edited meanwhile. It is Yjs's typeListToArraySnapshot, except
// that Yjs also yields later elements that became one run with earlier ones.
func (a *Array) AllAt(s Snapshot) iter.Seq2[int, Value] { return a.unitsAt(s) }

// AllAt yields the children that the fragment had at a snapshot, as Array.AllAt
// does.
func (x *XMLFragment) AllAt(s Snapshot) iter.Seq2[int, Value] { return x.unitsAt(s) }

// AllAt yields the keys with the values that they had at a snapshot, in the
// order of Map.All. What was collected as garbage since is missing: use it with
// Config.DisableGC. A shared type among the values shows what is in it now; ask
// it for the same snapshot in turn. The map must not be edited meanwhile. It is
// Yjs's typeMapGetAllSnapshot.
func (m *Map) AllAt(s Snapshot) iter.Seq2[string, Value] { return m.entriesAt(s) }

// GetAt returns the value that a key had at a snapshot, and false if it had none
// or that was collected as garbage. It is Yjs's typeMapGetSnapshot.
func (m *Map) GetAt(s Snapshot, key string) (Value, bool) { return m.entryAt(s, key) }

// AttributeAt returns the value that an attribute had at a snapshot, as
// Map.GetAt does.
func (x *XMLElement) AttributeAt(s Snapshot, key string) (Value, bool) { return x.entryAt(s, key) }

// AttributesAt yields the attributes at a snapshot, as Map.AllAt does (Yjs:
// getAttributes with a snapshot).
func (x *XMLElement) AttributesAt(s Snapshot) iter.Seq2[string, Value] { return x.entriesAt(s) }

// AttributeAt returns the value that an attribute of the text as a whole had at
// a snapshot, as Map.GetAt does.
func (t *Text) AttributeAt(s Snapshot, key string) (Value, bool) { return t.entryAt(s, key) }

// AttributesAt yields the attributes that the text as a whole had at a
// snapshot, as Map.AllAt does.
func (t *Text) AttributesAt(s Snapshot) iter.Seq2[string, Value] { return t.entriesAt(s) }

func (n *node) unitsAt(s Snapshot) iter.Seq2[int, Value] {
	return func(yield func(int, Value) bool) {
		if t := n.shared(); t != nil && t.children != 0 {
			n.doc.eachUnitAt(&s, t.children, yield)
		}
	}
}

func (d *Doc) eachUnitAt(s *Snapshot, list int32, yield func(int, Value) bool) {
	index := 0
	for h := d.lists[list].first; h != 0; h = d.item(h).right {
		it := d.item(h)
		if !it.countable() {
			continue
		}
		var values []Value
		for from, to := range s.shown(d.clients[it.client].id, it.clock, it.end()) {
			if values == nil {
				values = d.itemValues(it)
			}
			for _, v := range values[from-it.clock : to-it.clock] {
				if !yield(index, v) {
					return
				}
				index++
			}
		}
	}
}

// shown yields the stretches of a client's units from clock to end that a
// snapshot knows and that are not deleted in it.
func (s *Snapshot) shown(client ClientID, clock, end uint64) iter.Seq2[uint64, uint64] {
	return func(yield func(from, to uint64) bool) {
		end := min(end, s.state[client])
		deleted := s.deletes.ranges
		i := deleted.Search(uint64(client), clock)
		if i > 0 && deleted[i-1].Client == uint64(client) && deleted[i-1].End() > clock {
			i--
		}
		for ; clock < end; i++ {
			gap := codec.Range{Clock: end} // if there is none, an empty one
			if i < len(deleted) && deleted[i].Client == uint64(client) && deleted[i].Clock < end {
				gap = deleted[i]
			}
			if clock < gap.Clock && !yield(clock, gap.Clock) {
				return
			}
			clock = gap.End()
		}
	}
}

// Not inlined: a page is smaller for it.
//
//go:noinline
func (n *node) entriesAt(s Snapshot) iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		t := n.shared()
		if t == nil {
			return
		}
		for _, e := range t.entries.all() {
			if v, ok := n.doc.valueAt(&s, e.list); ok && !yield(n.doc.keys[e.key], v) {
				return
			}
		}
	}
}

func (n *node) entryAt(s Snapshot, key string) (Value, bool) {
	if h := n.entry(key); h != 0 {
		return n.doc.valueAt(&s, n.doc.item(h).list)
	}
	return Value{}, false
}

// valueAt returns the value that a map's entry had at a snapshot: the last one
// that was known, unless it was deleted.
func (d *Doc) valueAt(s *Snapshot, list int32) (Value, bool) {
	h := d.lists[list].last
	for h != 0 && d.item(h).clock >= s.state[d.clients[d.item(h).client].id] {
		h = d.item(h).left
	}
	if h == 0 {
		return Value{}, false
	}
	it := d.item(h)
	if it.kind == kindDeleted || !s.has(d, it) {
		return Value{}, false
	}
	return d.lastValue(it), true
}
