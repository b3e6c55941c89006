package crdt

import "slices"

// link puts an item whose neighbours are set into its list.
func (d *Doc) link(h handle) {
	it := d.items.at(h)
	l := &d.lists[it.list]
	if it.left != 0 {
		d.items.at(it.left).right = h
	} else {
		l.first = h
	}
	if it.right != 0 {
		d.items.at(it.right).left = h
	} else {
		l.last = h
	}
	if l.root != 0 {
		d.treeInsert(h)
	} else {
		l.units += it.visible()
		l.marks |= d.marksOf(it)
		if !l.entry && l.first == l.last { // the first child
			d.treeless.Add(1)
		}
	}
}

// split cuts the item at a position of a client's index after diff units and
// returns the item that holds what follows.
func (tx *Txn) split(c uint32, pos runPos, diff uint64) handle {
	d := tx.doc
	h := d.items.alloc()
	lh := d.clients[c].at(pos)
	left, right := d.items.at(lh), d.items.at(h)
	visible := left.visible()
	*right = *left
	right.clock += diff
	right.setLen(left.len() - diff)
	right.setOrigin(unit{c, right.clock - 1})
	right.left, right.leaf = lh, 0
	switch left.kind {
	case kindString:
		d.text.split(lh, left, right, diff)
	case kindJSON, kindAny:
		all := d.elements.values[left.content]
		d.elements.values[left.content] = all[:diff:diff]
		right.content = d.elements.add(all[diff:])
	}
	left.setLen(diff)
	d.addUnits(left.list, left.leaf, left.visible()-visible)
	d.link(h)
	if left.redone() {
		u := d.redone[lh]
		d.setRedone(h, unit{u.client, u.clock + diff})
	}
	d.clients[c].insertAfter(&d.items, pos, h)
	if at := (unit{c, right.clock}); !d.apartInYjs(at) {
		tx.merges = append(tx.merges, at)
	}
	return h
}

// extends notes that content is added to a run at once, where Yjs has an item
// more until the transaction is completed. Only those who edit before that can
// tell.
func (tx *Txn) extends(it *item) {
	if h := &tx.doc.hooks; tx.doc.observers > 0 || len(h.after) > 0 || len(h.beforeObservers) > 0 {
		tx.borders = append(tx.borders, unit{it.client, it.end()})
	}
}

// apartInYjs tells whether an item begins with a unit in Yjs, because the
// transaction that added it to a run is not completed.
func (d *Doc) apartInYjs(u unit) bool {
	first := d.queue[0]
	if first == d.tx || first.joined {
		return false
	}
	_, found := slices.BinarySearchFunc(first.borders, u, unit.compare)
	return found
}

// cleanStart returns the item that begins with a known unit, splitting the
// one that holds it if need be. What is collected stays whole.
func (tx *Txn) cleanStart(c uint32, clock uint64) handle {
	d := tx.doc
	pos := d.find(&d.clients[c], clock)
	h := d.clients[c].at(pos)
	it := d.items.at(h)
	if it.clock < clock && it.kind != kindGC {
		return tx.split(c, pos, clock-it.clock)
	}
	return h
}

// cleanEnd returns the item that ends with a known unit.
func (tx *Txn) cleanEnd(c uint32, clock uint64) handle {
	d := tx.doc
	pos := d.find(&d.clients[c], clock)
	h := d.clients[c].at(pos)
	it := d.items.at(h)
	if it.end() != clock+1 && it.kind != kindGC {
		tx.split(c, pos, clock-it.clock+1)
	}
	return h
}

// splitAt makes the unit at offset diff of an item the start of an item, which
// it returns.
func (tx *Txn) splitAt(h handle, diff uint64) handle {
	it := tx.doc.items.at(h)
	return tx.cleanStart(it.client, it.clock+diff)
}

// extendText appends text to an item of kindString that is the last of its
// client.
func extendText[T string | []byte](tx *Txn, h handle, text T, units uint64) {
	d := tx.doc
	it := d.items.at(h)
	tx.extends(it)
	growText(&d.text, h, it, text)
	it.units += uint32(units)
	d.addUnits(it.list, it.leaf, int64(units))
	tx.advance(it.client, units)
	tx.change(it.list)
}

// extendDeleted adds deleted units to an item of kindDeleted that is the last
// of its client.
func (tx *Txn) extendDeleted(h handle, units uint64) {
	d := tx.doc
	it := d.items.at(h)
	tx.extends(it)
	tx.addDelete(it.client, it.end(), units)
	it.setLen(it.len() + units)
	tx.advance(it.client, units)
	tx.change(it.list)
}

// continues tells whether content that follows the last item h of a client,
// and has the given kind, right neighbour and right origin, would be joined
// with it at the end of the transaction. Then it can be added to h at once.
func (d *Doc) continues(h handle, kind uint8, right handle, rightOrigin unit) bool {
	if d.queue[0] != d.tx {
		// An earlier transaction is still to be reported, in which Yjs shows the
		// two as they are before they are joined.
		return false
	}
	if d.tx.apart {
		// Undoing sometimes writes an item that has one unit on both sides. It
		// comes after a run that ends with that unit if this is a run of its own,
		// else before the unit.
		return false
	}
	it := d.items.at(h)
	if it.kept() || it.redone() {
		return false // what is added is not kept and can be collected
	}
	switch kind {
	case kindString, kindDeleted:
		return it.kind == kind && it.deleted() == (kind == kindDeleted) && it.right == right &&
			it.rightOrigin() == rightOrigin && !d.lists[it.list].entry
	}
	return false
}
