package crdt

import (
	"slices"

	"github.com/sheafdocs/sheaf/crdt/internal/lib0"
)

// locate returns the neighbours of the place right after the first index
// units of a list, splitting the item that spans it.
func (tx *Txn) locate(list int32, index int) (left, right handle) {
	d := tx.doc
	l := &d.lists[list]
	if index == 0 {
		return 0, l.first
	}
	left, start := d.findUnit(l, int64(index)-1)
	it := d.items.at(left)
	if diff := int64(index) - start; diff < int64(it.len()) {
		return left, tx.splitAt(left, uint64(diff))
	}
	return left, it.right
}

// formatSet is the set of formats in effect at a place, in the order in which a
// JavaScript Map would hold them.
type formatSet []attr

type attr struct {
	key   uint32
	value lib0.Any
}

// get returns the value of a key, or undefined.
// Not inlined: 14 callers, 2 kB of a page.
//
//go:noinline
func (a formatSet) get(key uint32) lib0.Any {
	for i := range a {
		if a[i].key == key {
			return a[i].value
		}
	}
	return lib0.Any{}
}

// orNull returns the value of a key, or null.
// Not inlined: 8 callers, 2 kB of a page.
//
//go:noinline
func (a formatSet) orNull(key uint32) lib0.Any {
	if v := a.get(key); v.Kind() != lib0.KindUndefined {
		return v
	}
	return lib0.Null()
}

// Not inlined: 7 callers, 2 kB of a page.
//
//go:noinline
func (a *formatSet) set(key uint32, value lib0.Any) {
	for i := range *a {
		if (*a)[i].key == key {
			(*a)[i].value = value
			return
		}
	}
	*a = append(*a, attr{key, value})
}

func (a *formatSet) remove(key uint32) {
	*a = slices.DeleteFunc(*a, func(x attr) bool { return x.key == key })
}

// apply makes a format mark take effect; null ends a format.
func (a *formatSet) apply(key uint32, value lib0.Any) {
	if value.Kind() == lib0.KindNull {
		a.remove(key)
	} else {
		a.set(key, value)
	}
}

// applyItem makes a live format mark take effect.
func (d *Doc) applyItem(a *formatSet, it *item) { a.apply(it.size, d.singles.values[it.content]) }

// cursor is a place between two items of a text, with the formats in effect
// there.
type cursor struct {
	tx          *Txn
	list        int32
	left, right handle
	attrs       formatSet
}

// cursorAt returns the place right after the first index units of a text.
func (tx *Txn) cursorAt(list int32, index int) cursor {
	c := cursor{tx: tx, list: list}
	c.left, c.right = tx.locate(list, index)
	if tx.doc.lists[list].formatted() && index > 0 {
		c.attrs = tx.doc.attrsBefore(list, c.right)
	}
	return c
}

// item returns the item right of the cursor, which exists.
func (c *cursor) item() *item { return c.tx.doc.items.at(c.right) }

// skipDeleted moves on to the next item that is not deleted, or to the end.
func (c *cursor) skipDeleted() {
	d := c.tx.doc
	if c.right == 0 {
		return
	}
	next := d.seekRight(c.right, wantLive)
	if next == c.right {
		return
	}
	c.right = next
	if next != 0 {
		c.left = d.items.at(next).left
	} else {
		c.left = d.lists[c.list].last
	}
}

// forward moves over the item right of the cursor, which exists.
func (c *cursor) forward() {
	it := c.item()
	if it.isMark() {
		c.tx.doc.applyItem(&c.attrs, it)
	}
	c.left, c.right = c.right, it.right
}

// after moves to the place right of an item that was just inserted at the
// cursor.
func (c *cursor) after(h handle) {
	c.right = h
	c.forward()
}
