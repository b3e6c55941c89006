package crdt

import (
	"github.com/sheafdocs/sheaf/crdt/internal/lib0"
	"github.com/sheafdocs/sheaf/crdt/internal/sorting"
)

// marks tells which live format marks there are in a part of a list: a bit for
// each key whose marks set a value, and another for those that end the format
// with null. Keys share bits when there are more than markBits of them. One more
// bit says whether undoing made items of it again.
type marks uint64

const (
	markBits          = 31
	formatMarks marks = 1<<(2*markBits) - 1
	redoneMark  marks = 1 << (2 * markBits)
)

// keyMarks returns the bits of a key: of marks that set it, and of marks that
// end it.
func keyMarks(key uint32) (set, end marks) {
	set = 1 << (key % markBits)
	return set, set << markBits
}

// marksOf returns the mark that an item is, and whether it was made again.
func (d *Doc) marksOf(it *item) (m marks) {
	if it.redone() {
		m = redoneMark
	}
	if !it.isMark() {
		return m
	}
	set, end := keyMarks(it.size)
	if d.singles.values[it.content].Kind() == lib0.KindNull {
		return m | end
	}
	return m | set
}

// formatted tells whether a list may have format marks.
func (l *itemList) formatted() bool { return l.marks&formatMarks != 0 }

func (d *Doc) leafMarks(l *leaf) (m marks) {
	for _, h := range l.items[:l.n] {
		m |= d.marksOf(d.items.at(h))
	}
	return m
}

func (n *inner) allMarks() (m marks) {
	for _, k := range n.marks[:n.n] {
		m |= k
	}
	return m
}

// addMarks makes known that a list has got marks, in a leaf of its tree.
func (d *Doc) addMarks(list, leafAt int32, m marks) {
	d.lists[list].marks |= m
	if leafAt != 0 {
		d.addMarksAbove(leafAt, d.tree.leaves[leafAt].parent, m)
	}
}

func (d *Doc) addMarksAbove(kid, parent int32, m marks) {
	for parent != 0 {
		p := &d.tree.inners[parent]
		p.marks[p.slot(kid)] |= m
		kid, parent = parent, p.parent
	}
}

// refreshMarks makes known that a leaf may have lost a mark.
func (d *Doc) refreshMarks(list, leafAt int32) {
	lf := &d.tree.leaves[leafAt]
	m := d.leafMarks(lf)
	for kid, parent := leafAt, lf.parent; parent != 0; {
		p := &d.tree.inners[parent]
		p.marks[p.slot(kid)] = m
		m = p.allMarks()
		kid, parent = parent, p.parent
	}
	d.lists[list].marks = m
}

// markBefore returns the last mark of a key that w selects, at h or to its
// left, or 0.
func (d *Doc) markBefore(h handle, key uint32, w marks) handle {
	for h != 0 {
		if h = d.seekLeft(h, wanted(w)); h == 0 || d.items.at(h).size == key {
			return h
		}
		h = d.items.at(h).left
	}
	return 0
}

// markAfter returns the first mark of a key that w selects, at h or to its
// right, or 0.
func (d *Doc) markAfter(h handle, key uint32, w marks) handle {
	for h != 0 {
		if h = d.seekRight(h, wanted(w)); h == 0 || d.items.at(h).size == key {
			return h
		}
		h = d.items.at(h).right
	}
	return 0
}

// attrsBefore returns the formats in effect right before an item, or at the
// end of the list if it is 0.
func (d *Doc) attrsBefore(list int32, next handle) formatSet {
	l := &d.lists[list]
	if !l.formatted() {
		return nil
	}
	last := l.last
	if next != 0 {
		last = d.items.at(next).left
	}
	type started struct {
		attr
		since handle // mark
	}
	var all []started
	for _, key := range d.types[l.typ].formats.all {
		set, end := keyMarks(key)
		mark := d.markBefore(last, key, set|end)
		if mark == 0 || d.marksOf(d.items.at(mark))&end != 0 {
			continue
		}
		start := l.first
		if ended := d.markBefore(mark, key, end); ended != 0 {
			start = ended
		}
		format := attr{key, d.singles.values[d.items.at(mark).content]}
		all = append(all, started{format, d.markAfter(start, key, set)})
	}
	sorting.Stable(all, func(a, b started) int {
		if d.isBefore(a.since, b.since) {
			return -1
		}
		return 1
	})
	var out formatSet
	for _, s := range all {
		out = append(out, s.attr)
	}
	return out
}
