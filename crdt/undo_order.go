package crdt

// listOrder is some of the items of a list of children, in the order of the
// list.
type listOrder struct{ items blockList[handle] }

func (o *listOrder) search(d *Doc, h handle) (block, i int) {
	return o.items.search(func(x handle) bool { return d.isBefore(x, h) })
}

// insert adds an item that is not among them.
func (o *listOrder) insert(d *Doc, h handle) {
	block, i := o.search(d, h)
	o.items.insert(block, i, h)
}

// right returns the first item at or behind h, or 0.
func (o *listOrder) right(d *Doc, h handle) handle {
	if block, i := o.search(d, h); block < len(o.items) {
		return o.items[block][i]
	}
	return 0
}

// left returns the last item at or before h, or 0.
func (o *listOrder) left(d *Doc, h handle) handle {
	block, i := o.search(d, h)
	if block < len(o.items) && o.items[block][i] == h {
		return h
	}
	if block, i, ok := o.items.prev(block, i); ok {
		return o.items[block][i]
	}
	return 0
}

// setRedone notes as what an item was made again.
func (d *Doc) setRedone(h handle, u unit) {
	if d.redone == nil {
		d.redone, d.redoneIn = make(map[handle]unit), make(map[int32]*listOrder)
	}
	it := d.items.at(h)
	it.set(flagRedone)
	d.redone[h] = u
	if d.lists[it.list].entry {
		return
	}
	o := d.redoneIn[it.list]
	if o == nil {
		o = &listOrder{}
		d.redoneIn[it.list] = o
	}
	o.insert(d, h)
}
