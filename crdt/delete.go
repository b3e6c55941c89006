package crdt

import "github.com/sheafdocs/sheaf/crdt/internal/codec"

// delete marks an item as deleted, and everything that its type holds, depth
// first.
func (tx *Txn) delete(h handle) {
	d := tx.doc
	it := d.items.at(h)
	if it.deleted() {
		return
	}
	tx.deleteOne(it)
	if it.kind != kindType {
		return
	}
	walks := []childWalk{d.walkChildren(int32(it.content))}
	for len(walks) > 0 {
		child := walks[len(walks)-1].next(d)
		if child == 0 {
			walks = walks[:len(walks)-1]
			continue
		}
		it := d.items.at(child)
		switch {
		case !it.deleted():
			tx.deleteOne(it)
			if it.kind == kindType {
				walks = append(walks, d.walkChildren(int32(it.content)))
			}
		case it.clock < tx.before(it.client):
			// It was deleted earlier, so this transaction's delete set does not
			// lead to it, but it can be joined once its parent is collected.
			tx.merges = append(tx.merges, unit{it.client, it.clock})
		}
	}
}

// deleteOne marks one item that is not deleted.
func (tx *Txn) deleteOne(it *item) {
	d := tx.doc
	d.addUnits(it.list, it.leaf, -it.visible())
	it.set(flagDeleted)
	if it.kind == kindFormat && it.leaf != 0 {
		d.refreshMarks(it.list, it.leaf)
	}
	tx.addDelete(it.client, it.clock, it.len())
	tx.change(it.list)
	if it.kind == kindDoc {
		tx.subdocRemoved(it.content)
	}
}

// childWalk yields the children of a type and then the last value of each of
// its entries.
type childWalk struct {
	t     *sharedType
	child handle
	entry int
}

func (d *Doc) walkChildren(typ int32) childWalk {
	w := childWalk{t: d.types[typ]}
	if w.t.children != 0 {
		w.child = d.lists[w.t.children].first
	}
	return w
}

func (w *childWalk) next(d *Doc) handle {
	if h := w.child; h != 0 {
		w.child = d.items.at(h).right
		return h
	}
	for w.entry < len(w.t.entries.all()) {
		w.entry++
		if h := d.lists[w.t.entries.list[w.entry-1].list].last; h != 0 {
			return h
		}
	}
	return 0
}

// deleteRanges deletes the known units of ranges and returns the ranges of
// those that are unknown.
func (tx *Txn) deleteRanges(ranges codec.Ranges) codec.Ranges {
	d := tx.doc
	var unknown codec.Ranges
	for _, r := range ranges {
		c := d.clientIndex(ClientID(r.Client))
		state := d.clients[c].state
		if r.Len == 0 {
			continue
		}
		if r.End() > state {
			from := max(r.Clock, state)
			unknown = append(unknown, codec.Range{Client: r.Client, Clock: from, Len: r.End() - from})
		}
		if r.Clock < state {
			tx.deleteRange(c, r.Clock, min(r.End(), state))
		}
	}
	return unknown
}

// deleteRange deletes known units.
func (tx *Txn) deleteRange(c uint32, clock, end uint64) {
	d := tx.doc
	pos := d.find(&d.clients[c], clock)
	it := d.items.at(d.clients[c].at(pos))
	more := true
	if !it.deleted() && it.clock < clock {
		tx.split(c, pos, clock-it.clock)
		pos = d.find(&d.clients[c], clock)
	}
	for more {
		h := d.clients[c].at(pos)
		it := d.items.at(h)
		if it.clock >= end {
			break
		}
		if !it.deleted() {
			if end < it.end() {
				tx.split(c, pos, end-it.clock)
				pos = d.find(&d.clients[c], it.clock)
			}
			tx.delete(h)
		}
		pos, more = d.clients[c].next(pos)
	}
}
