package crdt

// treeInsert puts an item that is linked into its list already into the
// list's tree, which is there, right of its left neighbour.
func (d *Doc) treeInsert(h handle) {
	it := d.items.at(h)
	var at, slot int32
	if it.left != 0 {
		at = d.items.at(it.left).leaf
		slot = d.tree.leaves[at].slot(it.left) + 1
	} else {
		at = d.items.at(it.right).leaf
	}
	if d.tree.leaves[at].n == leafCap {
		at, slot = d.splitLeaf(it.list, at, slot)
	}
	lf := &d.tree.leaves[at]
	copy(lf.items[slot+1:lf.n+1], lf.items[slot:lf.n])
	lf.items[slot] = h
	lf.n++
	it.leaf = at
	d.addUnits(it.list, at, it.visible())
	if it.kind == kindFormat {
		d.addMarks(it.list, at, d.marksOf(it))
	}
}

// splitLeaf makes room in a full leaf and returns where slot now is. A leaf
// that overflows at its end stays full, because most lists grow at one place.
func (d *Doc) splitLeaf(list, at, slot int32) (int32, int32) {
	fresh := d.tree.newLeaf()
	lf, nl := &d.tree.leaves[at], &d.tree.leaves[fresh]
	keep := int32(leafCap / 2)
	if slot == leafCap {
		keep = leafCap
	}
	units := d.leafUnits(lf, keep)
	nl.n = int32(copy(nl.items[:], lf.items[keep:lf.n]))
	lf.n = keep
	for _, h := range nl.items[:nl.n] {
		d.items.at(h).leaf = fresh
	}
	d.addSibling(list, at, fresh, true, units, d.leafMarks(lf), d.leafMarks(nl))
	if slot < keep || slot == keep && keep < leafCap {
		return at, slot
	}
	return fresh, slot - keep
}

// addSibling hangs a new node right of a node, from which it took over the
// given units; kept and taken are the marks that the two now have.
func (d *Doc) addSibling(list, node, fresh int32, leaves bool, units int64, kept, taken marks) {
	parent := d.parentOf(node, leaves)
	if parent == 0 {
		parent = d.newRoot(list, node, leaves)
	}
	p := &d.tree.inners[parent]
	slot := p.slot(node) + 1
	p.units[slot-1] -= units
	p.marks[slot-1] = kept
	if p.n == innerCap {
		full := parent
		parent, slot = d.splitInner(list, parent, slot)
		p = &d.tree.inners[parent]
		if parent != full { // the counts move along with the new node
			d.addAbove(full, d.tree.inners[full].parent, -units)
			d.addAbove(parent, p.parent, units)
		}
	}
	copy(p.kids[slot+1:p.n+1], p.kids[slot:p.n])
	copy(p.units[slot+1:p.n+1], p.units[slot:p.n])
	copy(p.marks[slot+1:p.n+1], p.marks[slot:p.n])
	p.kids[slot], p.units[slot], p.marks[slot] = fresh, units, taken
	p.n++
	d.setParent(p, fresh, parent)
	d.addMarksAbove(parent, p.parent, taken)
}

func (d *Doc) parentOf(node int32, isLeaf bool) int32 {
	if isLeaf {
		return d.tree.leaves[node].parent
	}
	return d.tree.inners[node].parent
}

// newRoot puts a root above node.
func (d *Doc) newRoot(list, node int32, leaves bool) int32 {
	root := d.tree.newInner()
	l, p := &d.lists[list], &d.tree.inners[root]
	p.n, p.onLeaves = 1, leaves
	p.kids[0], p.units[0], p.marks[0] = node, l.units, l.marks
	d.setParent(p, node, root)
	l.root = root
	l.depth++
	return root
}

// splitInner makes room in a full inner node and returns where slot now is.
func (d *Doc) splitInner(list, node, slot int32) (int32, int32) {
	fresh := d.tree.newInner()
	p, q := &d.tree.inners[node], &d.tree.inners[fresh]
	keep := int32(innerCap / 2)
	if slot == innerCap {
		keep = innerCap - 1
	}
	q.onLeaves = p.onLeaves
	q.n = int32(copy(q.kids[:], p.kids[keep:p.n]))
	copy(q.units[:], p.units[keep:p.n])
	copy(q.marks[:], p.marks[keep:p.n])
	p.n = keep
	var units int64
	for i := int32(0); i < q.n; i++ {
		units += q.units[i]
		d.setParent(q, q.kids[i], fresh)
	}
	d.addSibling(list, node, fresh, false, units, p.allMarks(), q.allMarks())
	if slot <= keep {
		return node, slot
	}
	return fresh, slot - keep
}

// treeRemove takes an item out of its list's tree, which is no format mark and
// was not made again by undoing: the tree's marks stay. It must still know its
// list, and count as it did.
func (d *Doc) treeRemove(h handle) {
	it := d.items.at(h)
	d.addUnits(it.list, it.leaf, -it.visible())
	lf := &d.tree.leaves[it.leaf]
	slot := lf.slot(h)
	copy(lf.items[slot:], lf.items[slot+1:lf.n])
	lf.n--
	if lf.n < leafCap/4 {
		d.shrinkLeaf(it.list, it.leaf)
	}
	it.leaf = 0
}

// shrinkLeaf removes an empty leaf, or joins a small one with a sibling if
// both fit well into one.
func (d *Doc) shrinkLeaf(list, at int32) {
	lf := &d.tree.leaves[at]
	if lf.parent == 0 {
		if lf.n == 0 {
			d.tree.freeLeaves = append(d.tree.freeLeaves, at)
			d.lists[list].root = 0
		}
		return
	}
	p := &d.tree.inners[lf.parent]
	slot := p.slot(at)
	if lf.n == 0 {
		d.tree.freeLeaves = append(d.tree.freeLeaves, at)
		d.removeKid(list, lf.parent, slot)
		return
	}
	if slot+1 == p.n {
		slot--
	}
	if slot < 0 {
		return
	}
	left, right := p.kids[slot], p.kids[slot+1]
	ll, rl := &d.tree.leaves[left], &d.tree.leaves[right]
	if ll.n+rl.n > leafCap*3/4 {
		return
	}
	for _, h := range rl.items[:rl.n] {
		d.items.at(h).leaf = left
		ll.items[ll.n] = h
		ll.n++
	}
	p.units[slot] += p.units[slot+1]
	p.marks[slot] |= p.marks[slot+1]
	d.tree.freeLeaves = append(d.tree.freeLeaves, right)
	d.removeKid(list, lf.parent, slot+1)
}

// removeKid takes a child, whose counts are accounted for, out of an inner
// node.
func (d *Doc) removeKid(list, node, slot int32) {
	p := &d.tree.inners[node]
	copy(p.kids[slot:], p.kids[slot+1:p.n])
	copy(p.units[slot:], p.units[slot+1:p.n])
	copy(p.marks[slot:], p.marks[slot+1:p.n])
	p.n--
	l := &d.lists[list]
	switch {
	case p.parent == 0 && p.n == 1: // the only child becomes the root
		l.root = p.kids[0]
		l.depth--
		d.setParent(p, l.root, 0)
		d.tree.freeInners = append(d.tree.freeInners, node)
	case p.parent != 0 && p.n < innerCap/4:
		d.shrinkInner(list, node)
	}
}

func (d *Doc) shrinkInner(list, node int32) {
	n := &d.tree.inners[node]
	p := &d.tree.inners[n.parent]
	slot := p.slot(node)
	if n.n == 0 {
		d.tree.freeInners = append(d.tree.freeInners, node)
		d.removeKid(list, n.parent, slot)
		return
	}
	if slot+1 == p.n {
		slot--
	}
	if slot < 0 {
		return
	}
	left, right := p.kids[slot], p.kids[slot+1]
	ln, rn := &d.tree.inners[left], &d.tree.inners[right]
	if ln.n+rn.n > innerCap*3/4 {
		return
	}
	for i := int32(0); i < rn.n; i++ {
		ln.kids[ln.n], ln.units[ln.n], ln.marks[ln.n] = rn.kids[i], rn.units[i], rn.marks[i]
		d.setParent(ln, rn.kids[i], left)
		ln.n++
	}
	p.units[slot] += p.units[slot+1]
	p.marks[slot] |= p.marks[slot+1]
	d.tree.freeInners = append(d.tree.freeInners, right)
	d.removeKid(list, n.parent, slot+1)
}

// treeDrop frees all nodes of a list's tree.
func (d *Doc) treeDrop(l *itemList) {
	d.dropNode(l.root, l.depth)
	l.root, l.depth = 0, 0
}

func (d *Doc) dropNode(node int32, depth int8) {
	if depth == 0 {
		d.tree.freeLeaves = append(d.tree.freeLeaves, node)
		return
	}
	n := &d.tree.inners[node]
	for _, kid := range n.kids[:n.n] {
		d.dropNode(kid, depth-1)
	}
	d.tree.freeInners = append(d.tree.freeInners, node)
}
