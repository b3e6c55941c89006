package crdt

import (
	"slices"
	"sort"
)

// listOrder is some of the items of a list of children, in the order of the
// list, in blocks short enough to insert into. No block is empty.
type listOrder struct{ blocks [][]handle }

const orderBlock = 256

// search returns the block in which the first item is that is not before h,
// and how many items of it are before h; at the end, the block does not exist.
func (o *listOrder) search(d *Doc, h handle) (block, i int) {
	block = sort.Search(len(o.blocks), func(i int) bool {
		b := o.blocks[i]
		return !d.isBefore(b[len(b)-1], h)
	})
	if block < len(o.blocks) {
		b := o.blocks[block]
		i = sort.Search(len(b), func(i int) bool { return !d.isBefore(b[i], h) })
	}
	return block, i
}

// insert adds an item that is not among them.
func (o *listOrder) insert(d *Doc, h handle) {
	block, i := o.search(d, h)
	if block == len(o.blocks) {
		if block == 0 || len(o.blocks[block-1]) >= orderBlock {
			o.blocks = append(o.blocks, []handle{h})
			return
		}
		block--
		i = len(o.blocks[block])
	}
	b := o.blocks[block]
	if len(b) < orderBlock {
		o.blocks[block] = slices.Insert(b, i, h)
		return
	}
	o.blocks = slices.Insert(o.blocks, block+1, slices.Clone(b[orderBlock/2:]))
	o.blocks[block] = b[:orderBlock/2]
	if i > orderBlock/2 {
		block, i = block+1, i-orderBlock/2
	}
	o.blocks[block] = slices.Insert(o.blocks[block], i, h)
}

// right returns the first item at or behind h, or 0.
func (o *listOrder) right(d *Doc, h handle) handle {
	if block, i := o.search(d, h); block < len(o.blocks) {
		return o.blocks[block][i]
	}
	return 0
}

// left returns the last item at or before h, or 0.
func (o *listOrder) left(d *Doc, h handle) handle {
	block, i := o.search(d, h)
	switch {
	case block < len(o.blocks) && o.blocks[block][i] == h:
		return h
	case i > 0:
		return o.blocks[block][i-1]
	case block > 0:
		b := o.blocks[block-1]
		return b[len(b)-1]
	}
	return 0
}

// setRedone notes as what an item was made again.
func (d *Doc) setRedone(h handle, u unit) {
	if d.redone == nil {
		d.redone, d.redoneIn = make(map[handle]unit), make(map[int32]*listOrder)
	}
	it := d.items.at(h)
	it.redone = true
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
