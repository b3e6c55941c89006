package crdt

// A list of items, in document order, is the row of leaves of a B-tree whose
// inner nodes know what lies below them: how many of the units that make up the
// list's length, which format marks, and whether items that undoing made again.
// That gives index → item and item → index in logarithmic time, and lets searches
// jump over the rest. A list has no tree until that is asked for (treebuild.go).

const (
	leafCap  = 24
	innerCap = 16
)

// leaf holds up to leafCap neighbours of a list.
type leaf struct {
	parent int32 // inner node, or 0: the leaf is the root
	n      int32
	items  [leafCap]handle
}

// inner holds up to innerCap children, all leaves or all inner nodes.
type inner struct {
	parent   int32
	n        int32
	onLeaves bool
	kids     [innerCap]int32
	units    [innerCap]int64
	marks    [innerCap]marks
}

// forest holds the nodes of all trees of a document. Index 0 is never used.
type forest struct {
	leaves     []leaf
	inners     []inner
	freeLeaves []int32
	freeInners []int32
}

func (f *forest) newLeaf() int32 {
	if n := len(f.freeLeaves); n > 0 {
		i := f.freeLeaves[n-1]
		f.freeLeaves = f.freeLeaves[:n-1]
		f.leaves[i] = leaf{}
		return i
	}
	if len(f.leaves) == 0 {
		f.leaves = append(f.leaves, leaf{})
	}
	f.leaves = append(f.leaves, leaf{})
	return int32(len(f.leaves) - 1)
}

func (f *forest) newInner() int32 {
	if n := len(f.freeInners); n > 0 {
		i := f.freeInners[n-1]
		f.freeInners = f.freeInners[:n-1]
		f.inners[i] = inner{}
		return i
	}
	if len(f.inners) == 0 {
		f.inners = append(f.inners, inner{})
	}
	f.inners = append(f.inners, inner{})
	return int32(len(f.inners) - 1)
}

// slot returns the place of a child in its parent.
func (n *inner) slot(kid int32) int32 {
	for i := int32(0); i < n.n; i++ {
		if n.kids[i] == kid {
			return i
		}
	}
	panic("crdt: child is not in its parent")
}

func (l *leaf) slot(h handle) int32 {
	for i := int32(0); i < l.n; i++ {
		if l.items[i] == h {
			return i
		}
	}
	panic("crdt: item is not in its leaf")
}

func (d *Doc) setParent(p *inner, kid, parent int32) {
	if p.onLeaves {
		d.tree.leaves[kid].parent = parent
	} else {
		d.tree.inners[kid].parent = parent
	}
}

// addUnits adds to the length of an item's list, on the way from a leaf to
// the root.
func (d *Doc) addUnits(list, leafAt int32, units int64) {
	if units == 0 {
		return
	}
	d.lists[list].units += units
	if leafAt != 0 {
		d.addAbove(leafAt, d.tree.leaves[leafAt].parent, units)
	}
}

// addAbove adds to the units that the ancestors of a node count for it.
// Not inlined: 10 callers, 2 kB of a page.
//
//go:noinline
func (d *Doc) addAbove(kid, parent int32, units int64) {
	for parent != 0 {
		p := &d.tree.inners[parent]
		p.units[p.slot(kid)] += units
		kid, parent = parent, p.parent
	}
}

// leafUnits sums up the units of a leaf from slot i on.
func (d *Doc) leafUnits(l *leaf, i int32) (units int64) {
	for ; i < l.n; i++ {
		units += d.items.at(l.items[i]).visible()
	}
	return units
}

// findUnit returns the item that holds the unit at index, which is inside the
// list, and the index of the item's first unit.
func (d *Doc) findUnit(l *itemList, index int64) (handle, int64) {
	d.needTree(l)
	node, start := l.root, int64(0)
	for depth := l.depth; depth > 0; depth-- {
		n := &d.tree.inners[node]
		i := int32(0)
		for start+n.units[i] <= index {
			start += n.units[i]
			i++
		}
		node = n.kids[i]
	}
	lf := &d.tree.leaves[node]
	for i := int32(0); ; i++ {
		units := d.items.at(lf.items[i]).visible()
		if start+units > index {
			return lf.items[i], start
		}
		start += units
	}
}

// wanted selects items while a search jumps over the rest: those with certain
// marks and, with the highest bit, those that have units.
type wanted uint64

const (
	wantUnits   wanted = 1 << 63 // countable and not deleted
	wantFormats        = wanted(formatMarks)
	wantRedone         = wanted(redoneMark)
	wantLive           = wantUnits | wantFormats
)

func (w wanted) match(units int64, m marks) bool {
	return w&wantUnits != 0 && units > 0 || w&wanted(m) != 0
}

func (d *Doc) matches(w wanted, h handle) bool {
	it := d.items.at(h)
	return w.match(it.visible(), d.marksOf(it))
}

// seekRight returns h or the first item to its right that w selects, or 0.
func (d *Doc) seekRight(h handle, w wanted) handle {
	if h == 0 || d.matches(w, h) {
		return h
	}
	at := d.leafOf(h)
	lf := &d.tree.leaves[at]
	for i := lf.slot(h) + 1; i < lf.n; i++ {
		if d.matches(w, lf.items[i]) {
			return lf.items[i]
		}
	}
	for kid, parent := at, lf.parent; parent != 0; {
		p := &d.tree.inners[parent]
		for i := p.slot(kid) + 1; i < p.n; i++ {
			if w.match(p.units[i], p.marks[i]) {
				return d.firstBelow(p.kids[i], p.onLeaves, w)
			}
		}
		kid, parent = parent, p.parent
	}
	return 0
}

// firstBelow returns the first item below a node that w selects; there is one.
func (d *Doc) firstBelow(node int32, isLeaf bool, w wanted) handle {
	for !isLeaf {
		n := &d.tree.inners[node]
		i := int32(0)
		for !w.match(n.units[i], n.marks[i]) {
			i++
		}
		node, isLeaf = n.kids[i], n.onLeaves
	}
	lf := &d.tree.leaves[node]
	i := int32(0)
	for !d.matches(w, lf.items[i]) {
		i++
	}
	return lf.items[i]
}

// seekLeft returns h or the first item to its left that w selects, or 0.
func (d *Doc) seekLeft(h handle, w wanted) handle {
	if h == 0 || d.matches(w, h) {
		return h
	}
	at := d.leafOf(h)
	lf := &d.tree.leaves[at]
	for i := lf.slot(h) - 1; i >= 0; i-- {
		if d.matches(w, lf.items[i]) {
			return lf.items[i]
		}
	}
	for kid, parent := at, lf.parent; parent != 0; {
		p := &d.tree.inners[parent]
		for i := p.slot(kid) - 1; i >= 0; i-- {
			if w.match(p.units[i], p.marks[i]) {
				return d.lastBelow(p.kids[i], p.onLeaves, w)
			}
		}
		kid, parent = parent, p.parent
	}
	return 0
}

func (d *Doc) lastBelow(node int32, isLeaf bool, w wanted) handle {
	for !isLeaf {
		n := &d.tree.inners[node]
		i := n.n - 1
		for !w.match(n.units[i], n.marks[i]) {
			i--
		}
		node, isLeaf = n.kids[i], n.onLeaves
	}
	lf := &d.tree.leaves[node]
	i := lf.n - 1
	for !d.matches(w, lf.items[i]) {
		i--
	}
	return lf.items[i]
}

// isBefore tells whether a comes before b in the list that holds both.
func (d *Doc) isBefore(a, b handle) bool {
	if a == b {
		return false
	}
	la, lb := d.leafOf(a), d.leafOf(b)
	if la == lb {
		lf := &d.tree.leaves[la]
		return lf.slot(a) < lf.slot(b)
	}
	pa, pb := d.tree.leaves[la].parent, d.tree.leaves[lb].parent
	for pa != pb {
		la, lb = pa, pb
		pa, pb = d.tree.inners[pa].parent, d.tree.inners[pb].parent
	}
	p := &d.tree.inners[pa]
	return p.slot(la) < p.slot(lb)
}
