package crdt

import (
	"iter"

	"github.com/sheafdocs/sheaf/crdt/internal/lib0"
)

// insertValues inserts values at an index of the type's children.
func (n *node) insertValues(tx *Txn, index int, values []Value) error {
	if err := n.editRange(tx, index, 0); err != nil {
		return err
	}
	if err := n.doc.checkValues(values); err != nil || len(values) == 0 {
		return err
	}
	list := n.doc.childList(n.typ)
	left, right := tx.locate(list, index)
	tx.insertAll(list, left, right, values)
	return nil
}

// pushValues inserts values behind everything, deleted items included.
func (n *node) pushValues(tx *Txn, values []Value) error {
	if err := n.edit(tx); err != nil {
		return err
	}
	if err := n.doc.checkValues(values); err != nil || len(values) == 0 {
		return err
	}
	list := n.doc.childList(n.typ)
	tx.insertAll(list, n.doc.lists[list].last, 0, values)
	return nil
}

func (d *Doc) checkValues(values []Value) error {
	for _, v := range values {
		if err := checkValue(v, inArray); err != nil {
			return err
		}
	}
	if err := checkDistinct(values); err != nil {
		return err
	}
	return d.roomFor(values...)
}

// insertAll inserts values between two neighbours, plain ones that follow
// each other in one item.
func (tx *Txn) insertAll(list int32, left, right handle, values []Value) {
	var plain []lib0.Any
	flush := func() {
		if len(plain) > 0 {
			left = tx.insertPlain(list, left, right, plain)
			plain = nil
		}
	}
	for _, v := range values {
		switch v.Kind() {
		case KindShared, KindSubdoc, KindBytes:
			flush()
			left = tx.insertValue(list, left, right, v)
		default:
			plain = append(plain, v.plain)
		}
	}
	flush()
}

// deleteUnits deletes length units of the type's children from index on.
func (n *node) deleteUnits(tx *Txn, index, length int) error {
	if err := n.editRange(tx, index, length); err != nil || length == 0 {
		return err
	}
	_, h := tx.locate(n.doc.childList(n.typ), index)
	left := uint64(length)
	for h = n.doc.seekRight(h, wantLive); h != 0 && left > 0; {
		it := n.doc.items.at(h)
		if left < it.len() {
			tx.splitAt(h, left)
		}
		tx.delete(h)
		left -= it.len()
		h = n.doc.seekRight(it.right, wantLive)
	}
	return nil
}

// unit returns the value at an index of the type's children.
func (n *node) unit(index int) (Value, error) {
	if index < 0 || index >= n.len() {
		return Value{}, ErrRange
	}
	d := n.doc
	h, start := d.findUnit(&d.lists[d.types[n.typ].children], int64(index))
	it := d.items.at(h)
	switch it.kind {
	case kindJSON, kindAny:
		return Value{plain: d.elements.values[it.content][int64(index)-start]}, nil
	case kindString:
		return Value{plain: d.textUnits(it)[int64(index)-start]}, nil
	}
	return d.singleValue(it), nil
}

// units returns the values of the type's children with their indexes. The
// type must not be edited meanwhile.
func (n *node) units() iter.Seq2[int, Value] {
	return func(yield func(int, Value) bool) {
		if t := n.shared(); t != nil {
			n.doc.eachUnit(t, yield)
		}
	}
}

func (d *Doc) eachUnit(t *sharedType, yield func(int, Value) bool) {
	index := 0
	for it := range d.unitItems(t) {
		for _, v := range d.itemValues(it) {
			if !yield(index, v) {
				return
			}
			index++
		}
	}
}

// unitItems yields the children of a type that have units.
func (d *Doc) unitItems(t *sharedType) iter.Seq[*item] {
	return func(yield func(*item) bool) {
		for h := d.firstChild(t); h != 0; {
			it := d.items.at(h)
			if !yield(it) {
				return
			}
			h = d.walkRight(it.right, wantUnits)
		}
	}
}

// firstChild returns the first child of a type that has units, or 0.
// Not inlined: 7 callers, half a kB of a page.
//
//go:noinline
func (d *Doc) firstChild(t *sharedType) handle {
	if t.children == 0 {
		return 0
	}
	return d.walkRight(d.lists[t.children].first, wantUnits)
}

// itemValues returns all values that an item holds.
func (d *Doc) itemValues(it *item) []Value {
	switch it.kind {
	case kindType, kindDoc:
		return []Value{d.singleValue(it)}
	}
	return plainValues(d.plainContent(it))
}
