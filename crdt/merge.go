package crdt

// canJoin tells whether the item right, which follows left in its client's
// clock, is one run with it.
func (d *Doc) canJoin(lh, rh handle) bool {
	l, r := d.items.at(lh), d.items.at(rh)
	if l.kind != r.kind || l.deleted() != r.deleted() {
		return false
	}
	switch l.kind {
	case kindGC:
		return true
	case kindString, kindAny, kindJSON, kindDeleted:
		return l.right == rh && !l.redone() && !r.redone() &&
			r.origin() == unit{l.client, r.clock - 1} && l.rightOrigin() == r.rightOrigin()
	}
	return false
}

// joinLefts joins the item at pos with as many items to its left in the
// client's index as are one run with it. It returns where the run now is and
// how many items vanished.
func (d *Doc) joinLefts(c uint32, pos runPos) (runPos, int) {
	cl := &d.clients[c]
	start, n := pos, 0
	for !cl.isFirst(start) {
		left := cl.prev(start)
		if !d.canJoin(cl.at(left), cl.at(start)) {
			break
		}
		start = left
		n++
	}
	if n == 0 {
		return pos, 0
	}
	lh := cl.at(start)
	// From left to right, so that each text is copied at most once.
	for i, p := 0, start; i < n; i++ {
		p, _ = cl.next(p)
		d.absorb(lh, cl.at(p))
	}
	cl.removeAfter(&d.items, start, n)
	return start, n
}

// absorb adds the item right to left, with which it is one run, and frees it.
func (d *Doc) absorb(lh, rh handle) {
	l, r := d.items.at(lh), d.items.at(rh)
	if l.kind != kindGC {
		l.flags |= r.flags // they differ in flagKept at most
		visible := r.visible()
		if r.leaf != 0 {
			d.treeRemove(rh)
			d.addUnits(l.list, l.leaf, visible)
		}
		switch l.kind {
		case kindString:
			d.text.join(lh, l, rh, r)
		case kindAny, kindJSON:
			d.elements.values[l.content] = append(d.elements.values[l.content], d.elements.values[r.content]...)
			d.elements.drop(r.content)
		}
		l.right = r.right
		if r.right != 0 {
			d.items.at(r.right).left = lh
		} else {
			d.lists[l.list].last = lh
		}
	}
	l.setLen(l.len() + r.len())
	d.items.release(rh)
}
