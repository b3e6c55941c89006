package crdt

// A list has no tree until something is looked for in it, and then it gets the
// whole of it at once: that is several times cheaper than inserting item after
// item, and a replica that only stores and passes on what others write, or
// shows a text as a whole, never needs one.

// leafFill and innerFill are how far the nodes of a new tree are filled: some
// room is left, so that the first edits do not split every node they meet.
const (
	leafFill  = leafCap - 3
	innerFill = innerCap - 2
)

// branch is a node with what its parent is to know of it.
type branch struct {
	node  int32
	units int64
	marks marks
}

// buildTree makes the tree of a list that has items and none yet.
func (d *Doc) buildTree(l *itemList) {
	level := d.buildLeaves(l)
	for l.depth = 0; len(level) > 1; l.depth++ {
		level = d.buildInners(level, l.depth == 0)
	}
	l.root, l.marks = level[0].node, level[0].marks
	d.treeless.Add(-1) // last, because it tells others
}

func (d *Doc) buildLeaves(l *itemList) (level []branch) {
	for h := l.first; h != 0; {
		b := branch{node: d.tree.newLeaf()}
		lf := &d.tree.leaves[b.node]
		for h != 0 && lf.n < leafFill {
			it := d.items.at(h)
			it.leaf = b.node
			lf.items[lf.n] = h
			lf.n++
			b.units += it.visible()
			b.marks |= d.marksOf(it)
			h = it.right
		}
		level = append(level, b)
	}
	return level
}

// buildInners puts parents above a level of nodes and returns their level.
func (d *Doc) buildInners(kids []branch, leaves bool) (level []branch) {
	for len(kids) > 0 {
		n := min(len(kids), innerFill)
		b := branch{node: d.tree.newInner()}
		p := &d.tree.inners[b.node]
		p.onLeaves = leaves
		for _, kid := range kids[:n] {
			p.kids[p.n], p.units[p.n], p.marks[p.n] = kid.node, kid.units, kid.marks
			p.n++
			d.setParent(p, kid.node, b.node)
			b.units += kid.units
			b.marks |= kid.marks
		}
		level = append(level, b)
		kids = kids[n:]
	}
	return level
}

// needTree makes sure that a list, which has items, has a tree.
//
// In a transaction nobody else is about. Otherwise others may be reading: none
// of them looks at trees while one is missing, and once none is, none is made
// any more; so the first of them makes all that are missing.
func (d *Doc) needTree(l *itemList) {
	switch {
	case d.treeless.Load() == 0:
	case len(d.queue) > 0:
		if l.root == 0 {
			d.buildTree(l)
		}
	default:
		d.buildAllTrees()
	}
}

func (d *Doc) buildAllTrees() {
	d.lazy.Lock()
	defer d.lazy.Unlock()
	if d.treeless.Load() == 0 {
		return
	}
	for i := range d.lists {
		if l := &d.lists[i]; l.root == 0 && l.first != 0 && !l.entry {
			d.buildTree(l)
		}
	}
}

// leafOf returns the leaf that holds a child of a type.
func (d *Doc) leafOf(h handle) int32 {
	it := d.items.at(h)
	d.needTree(&d.lists[it.list])
	return it.leaf
}

// walkRight is seekRight for those who go through a whole list anyway: without
// a tree it looks at every item rather than make one.
func (d *Doc) walkRight(h handle, w wanted) handle {
	if d.treeless.Load() == 0 {
		return d.seekRight(h, w)
	}
	for h != 0 {
		it := d.items.at(h)
		if w.match(it.visible(), d.marksOf(it)) {
			return h
		}
		h = it.right
	}
	return 0
}
