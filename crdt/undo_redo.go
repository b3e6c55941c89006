package crdt

import "slices"

// The functions here follow Yjs's step by step, because the order in which
// items are made again, and next to what, decides the bytes.

// keep keeps an item and all that hold it from being collected, or no longer.
func (d *Doc) keep(h handle, keep bool) {
	for h != 0 {
		it := d.item(h)
		if it.kept() == keep {
			return
		}
		if keep {
			it.set(flagKept)
		} else {
			it.unset(flagKept)
		}
		h = d.holder(it)
	}
}

// holder returns the item that holds the type in which an item is, or 0.
func (d *Doc) holder(it *item) handle { return d.types[d.lists[it.list].typ].item }

// redoneAs returns the item as which an item was made again.
// Not inlined: a page is smaller for it.
//
//go:noinline
func (tx *Txn) redoneAs(h handle) handle {
	u := tx.doc.redone[h]
	return tx.cleanStart(u.client, u.clock)
}

// setRedone notes as what an item was made again.
func (d *Doc) setRedone(h handle, u unit) {
	if d.redone == nil {
		d.redone = make(map[handle]unit)
	}
	d.redone[h] = u
	it := d.item(h)
	it.set(flagRedone)
	d.addMarks(it.list, it.leaf, redoneMark)
}

// forgetRedone forgets as what an item was made again.
func (d *Doc) forgetRedone(h handle, it *item) {
	if it.redone() {
		delete(d.redone, h)
		it.unset(flagRedone)
	}
}

// latest returns the item that stands now for an item that was made again,
// perhaps more than once.
func (tx *Txn) latest(h handle) handle {
	d := tx.doc
	u := unit{d.item(h).client, d.item(h).clock}
	for d.item(h).redone() {
		diff := u.clock - d.item(h).clock
		u = d.redone[h]
		u.clock += diff
		h = d.itemAt(u.client, u.clock)
	}
	if d.item(h).clock < u.clock {
		return tx.cleanStart(u.client, u.clock)
	}
	return h
}

// redo makes deleted items again.
type redo struct {
	tx      *Txn
	undone  unitSet          // what is deleted along with it
	stacked func(*item) bool // tells whether an item of the stacks deletes it
	items   []handle         // to be made again, in order
	wanted  map[handle]bool  // the same
	// overwrite makes values of keys again even if others replaced them.
	overwrite bool
}

// item makes one item again, and what holds it if that was deleted too. It
// returns the new item, or 0 if that is not possible.
func (r *redo) item(h handle) handle {
	tx, d := r.tx, r.tx.doc
	it := d.item(h)
	if it.redone() {
		return tx.redoneAs(h)
	}
	l := d.lists[it.list]
	typ, parent := l.typ, d.types[l.typ].item
	if parent != 0 && d.item(parent).deleted() {
		if !d.item(parent).redone() && (!r.wanted[parent] || r.item(parent) == 0) {
			return 0
		}
		for d.item(parent).redone() {
			parent = tx.redoneAs(parent)
		}
		if d.item(parent).kind != kindType {
			return 0 // collected meanwhile
		}
		typ = int32(d.item(parent).content)
	}
	var left, right handle
	var list int32
	if l.entry {
		var ok bool
		if left, ok = r.value(h, d.types[typ].entries.find(l.key), parent); !ok {
			return 0
		}
		list = d.addEntryList(typ, l.key)
	} else {
		list = d.childList(typ)
		left = r.left(it.list, it.left, parent)
		right = r.right(it.list, h, parent)
	}
	return r.again(h, list, left, right)
}

// left and right return the first item from h on, to either side, that is in
// the type which the item parent holds, or was made again there. list is that
// of h.
func (r *redo) left(list int32, h, parent handle) handle {
	return r.neighbour(list, h, parent, r.tx.doc.seekLeft, func(x *item) handle { return x.left })
}

func (r *redo) right(list int32, h, parent handle) handle {
	return r.neighbour(list, h, parent, r.tx.doc.seekRight, func(x *item) handle { return x.right })
}

func (r *redo) neighbour(list int32, h, parent handle, nearest func(handle, wanted) handle, next func(*item) handle) handle {
	d := r.tx.doc
	elsewhere := d.types[d.lists[list].typ].item != parent // the type was made again
	for ; h != 0; h = next(d.item(h)) {
		if elsewhere { // so only what was made again can be in it
			if h = nearest(h, wantRedone); h == 0 {
				return 0
			}
		}
		trace := h
		for trace != 0 && d.item(trace).kind != kindGC && d.holder(d.item(trace)) != parent {
			if !d.item(trace).redone() {
				trace = 0
				break
			}
			trace = r.tx.redoneAs(trace)
		}
		if trace != 0 && d.item(trace).kind != kindGC {
			return trace
		}
	}
	return 0
}

// value returns the value of a key behind which an earlier value is to be made
// again, and false if another client has changed the key since.
func (r *redo) value(h handle, list int32, parent handle) (left handle, ok bool) {
	tx, d := r.tx, r.tx.doc
	left = d.lists[list].last
	if d.item(h).right != 0 && !r.overwrite {
		left = h
		for {
			right := d.item(left).right
			if right == 0 || !r.replaceable(right) {
				break
			}
			left = right
			for d.item(left).redone() {
				left = tx.redoneAs(left)
			}
		}
		if d.item(left).right != 0 {
			return 0, false
		}
	}
	if left != 0 && (d.item(left).kind == kindGC || d.holder(d.item(left)) != parent) {
		left = d.lists[list].last
	}
	return left, true
}

// replaceable tells whether a value may be replaced: it was made again, or is
// or was deleted by undoing.
func (r *redo) replaceable(h handle) bool {
	d := r.tx.doc
	it := d.item(h)
	if it.redone() || d.hasItem(&r.undone, it) {
		return true
	}
	return r.stacked(it)
}

// again inserts a copy of an item.
func (r *redo) again(h handle, list int32, left, right handle) handle {
	tx, d := r.tx, r.tx.doc
	n := tx.newItem(list, left, right)
	old, it := d.item(h), d.item(n)
	it.kind = old.kind
	it.setLen(old.len())
	switch old.kind {
	case kindString:
		putText(&d.text, it, d.text.bytes(old))
	case kindJSON, kindAny:
		it.content = d.elements.add(slices.Clone(d.elements.values[old.content]))
	case kindBinary, kindEmbed, kindFormat:
		it.content, it.size = d.singles.add(d.singles.values[old.content]), old.size
	case kindType:
		t := d.types[old.content]
		it.content = uint32(d.addType(&sharedType{kind: t.kind, item: n, name: t.name}))
	case kindDoc:
		s := d.subdocs.values[old.content]
		it.content = d.subdocs.add(subdocEntry{Subdoc: &Subdoc{GUID: s.GUID, AutoLoad: s.AutoLoad, DisableGC: s.DisableGC, Meta: s.Meta, shouldLoad: s.AutoLoad}})
	}
	d.setRedone(h, unit{it.client, it.clock})
	d.keep(n, true)
	tx.insert(n, left, right)
	return n
}
