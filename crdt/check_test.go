package crdt

import (
	"testing"

	"github.com/sheafdocs/sheaf/crdt/internal/lib0"
)

// check verifies the invariants of the data structure: that lists, trees,
// client indexes and counts agree.
func (d *Doc) check(t testing.TB) {
	t.Helper()
	live := 0
	for i := 1; i < len(d.clients); i++ {
		live += d.checkClient(t, uint32(i))
	}
	if live != d.items.live {
		t.Errorf("%d items in the clients' indexes, %d in use", live, d.items.live)
	}
	linked, treeless := 0, int32(0)
	for i := 1; i < len(d.lists); i++ {
		if d.lists[i].typ != 0 {
			linked += d.checkList(t, int32(i), &treeless)
		}
	}
	if n := d.treeless.Load(); n != treeless {
		t.Errorf("%d lists have no tree, not %d", treeless, n)
	}
	for h := handle(1); h < d.items.used; h++ {
		if it := d.items.at(h); it.list != 0 && it.len() > 0 {
			linked--
		}
	}
	if linked != 0 {
		t.Errorf("%d items in lists too many", linked)
	}
	d.checkRedone(t)
	d.checkText(t)
}

// checkRedone verifies that it is known of each item that was made again, and of
// no other, as what.
func (d *Doc) checkRedone(t testing.TB) {
	t.Helper()
	n := 0
	for h := handle(1); h < d.items.used; h++ {
		it := d.items.at(h)
		if !it.redone() {
			continue
		}
		n++
		if u, ok := d.redone[h]; !ok || u.clock+it.len() > d.clients[u.client].state {
			t.Errorf("item %d was made again as %v", h, u)
		}
	}
	if n != len(d.redone) {
		t.Errorf("%d items were made again, %d are noted", n, len(d.redone))
	}
}

// checkText verifies that every byte of the text store is used, reserved or
// known to be garbage.
func (d *Doc) checkText(t testing.TB) {
	t.Helper()
	bytes := d.text.garbage
	for h := handle(1); h < d.items.used; h++ {
		if it := d.items.at(h); it.kind == kindString {
			bytes += int(it.size)
			if got := uint64(lib0.UTF16Len(d.text.bytes(it))); got != it.len() {
				t.Errorf("item %d has %d units of text, length %d", h, got, it.len())
			}
		}
	}
	for h, end := range d.text.reserved {
		it := d.items.at(h)
		if it.kind != kindString || end < it.content+it.size {
			t.Errorf("item %d has text up to %d and a reserve up to %d", h, it.content+it.size, end)
		}
		bytes += int(end - it.content - it.size)
	}
	if bytes != len(d.text.buf) {
		t.Errorf("text store accounts for %d bytes of %d", bytes, len(d.text.buf))
	}
}

func (d *Doc) checkClient(t testing.TB, c uint32) int {
	t.Helper()
	cl := &d.clients[c]
	n, clock := 0, uint64(0)
	if len(cl.firsts) != len(cl.blocks) {
		t.Errorf("client %d: %d blocks, and where %d begin", cl.id, len(cl.blocks), len(cl.firsts))
	}
	for i, b := range cl.blocks {
		if len(b) == 0 || len(b) > blockCap {
			t.Errorf("client %d: block of %d", cl.id, len(b))
		}
		if cl.firsts[i] != clock {
			t.Errorf("client %d: block %d begins at %d, not %d", cl.id, i, clock, cl.firsts[i])
		}
		for _, h := range b {
			it := d.items.at(h)
			if it.client != c || it.clock != clock || it.len() == 0 {
				t.Fatalf("client %d: item %d has client %d, clock %d, length %d at clock %d", cl.id, h, it.client, it.clock, it.len(), clock)
			}
			for _, u := range []uint64{it.clock, it.end() - 1} {
				if found := cl.at(d.find(cl, u)); found != h {
					t.Errorf("client %d: item %d is found for clock %d, not %d", cl.id, found, u, h)
				}
			}
			clock = it.end()
			n++
		}
	}
	if clock != cl.state {
		t.Errorf("client %d: items end at %d, state %d", cl.id, clock, cl.state)
	}
	return n
}

func (d *Doc) checkList(t testing.TB, i int32, treeless *int32) int {
	t.Helper()
	l := &d.lists[i]
	var units int64
	var found marks
	n, left := 0, handle(0)
	var order []handle
	for h := l.first; h != 0; h = d.items.at(h).right {
		it := d.items.at(h)
		if it.left != left || it.list != i {
			t.Fatalf("list %d: item %d has left %d and list %d", i, h, it.left, it.list)
		}
		units += it.visible()
		found |= d.marksOf(it)
		left = h
		order = append(order, h)
		n++
	}
	if l.last != left || l.units != units || l.marks&found != found || l.root != 0 && l.marks != found {
		t.Errorf("list %d: last %d, want %d; units %d, want %d; marks %x, want %x", i, l.last, left, l.units, units, l.marks, found)
	}
	if l.root == 0 {
		if !l.entry && n > 0 {
			*treeless++
		}
		for _, h := range order {
			if d.items.at(h).leaf != 0 {
				t.Errorf("list %d has no tree, but item %d is in a leaf", i, h)
			}
		}
		return n
	}
	if l.entry {
		t.Errorf("list %d has a tree, though it holds the values of a key", i)
	}
	var walked []handle
	if u, m := d.checkNode(t, l.root, 0, l.depth, &walked); u != units || m != found {
		t.Errorf("list %d: tree has %d units and marks %x", i, u, m)
	}
	if len(walked) != len(order) {
		t.Fatalf("list %d: tree holds %d items of %d", i, len(walked), len(order))
	}
	for j := range order {
		if walked[j] != order[j] {
			t.Fatalf("list %d: tree has item %d at %d, want %d", i, walked[j], j, order[j])
		}
	}
	return n
}

func (d *Doc) checkNode(t testing.TB, node, parent int32, depth int8, walked *[]handle) (units int64, m marks) {
	t.Helper()
	if depth == 0 {
		lf := &d.tree.leaves[node]
		if lf.parent != parent || lf.n == 0 {
			t.Errorf("leaf %d: parent %d, want %d; %d items", node, lf.parent, parent, lf.n)
		}
		for _, h := range lf.items[:lf.n] {
			if d.items.at(h).leaf != node {
				t.Errorf("item %d thinks it is in leaf %d, not %d", h, d.items.at(h).leaf, node)
			}
			*walked = append(*walked, h)
		}
		return d.leafUnits(lf, 0), d.leafMarks(lf)
	}
	n := &d.tree.inners[node]
	if n.parent != parent || n.n == 0 || n.onLeaves != (depth == 1) {
		t.Errorf("inner %d: parent %d, want %d; %d children; on leaves %v at depth %d", node, n.parent, parent, n.n, n.onLeaves, depth)
	}
	for i := int32(0); i < n.n; i++ {
		u, k := d.checkNode(t, n.kids[i], node, depth-1, walked)
		if u != n.units[i] || k != n.marks[i] {
			t.Errorf("inner %d: child %d has %d units and marks %x, not %d and %x", node, i, u, k, n.units[i], n.marks[i])
		}
		units += u
		m |= k
	}
	return units, m
}
