package crdt

import "slices"

// place returns the left neighbour of an item that was written between left
// and right while others wrote there too. It is the conflict resolution of
// Yjs (YATA): among items with the same origin the lower client comes first,
// and no item gets between another and what that one continues.
//
// Where very many wrote at one place, it begins at a rival that is known to
// come before the item, see rivals.
func (d *Doc) place(it *item, left, right handle) handle {
	if r := d.rivals.before(d, it); r != 0 {
		if found, ok := d.placeAfter(it, left, right, r); ok {
			return found
		}
	}
	found, _ := d.placeAfter(it, left, right, 0)
	return found
}

// placeAfter is place, beginning behind a rival, or at the origin if that is
// 0. It returns false if it cannot tell what comes before the rival.
func (d *Doc) placeAfter(it *item, left, right, rival handle) (handle, bool) {
	l := &d.lists[it.list]
	first := l.first
	if left != 0 {
		first = d.items.at(left).right
	}
	o := first
	// passed holds the items between the origin, or the rival, and o; from free
	// on they are in conflict with it.
	passed := passedItems{items: make([]handle, 0, fewItems)}
	free := 0
	if rival != 0 {
		passed.add(rival)
		left, free, o = rival, 1, d.items.at(rival).right
	}
	for o != 0 && o != right {
		passed.add(o)
		oi := d.items.at(o)
		switch {
		case oi.origin() == it.origin():
			same := oi.rightOrigin() == it.rightOrigin()
			if d.clients[oi.client].id < d.clients[it.client].id {
				left, free = o, len(passed.items)
				if same && free%rivalStep == 0 {
					d.rivals.add(d, it, o)
				}
			} else if same {
				return left, true // o, a rival for the same place, comes after it
			}
		case oi.originClient != 0:
			u := oi.origin()
			origin := d.itemAt(u.client, u.clock)
			i := passed.index(origin)
			if i < 0 && rival != 0 {
				if l.entry {
					return 0, false // its items are in no tree, so that order is not known
				}
				if d.items.at(origin).list == it.list && !d.isBefore(origin, first) && d.isBefore(origin, rival) {
					i = 0
				}
			}
			if i < 0 {
				return left, true
			}
			if i < free {
				left, free = o, len(passed.items)
			}
		default:
			return left, true
		}
		o = oi.right
	}
	return left, true
}

// rivalStep is how many items a search passes before it takes note of one.
const rivalStep = 8

// rivals remembers some of the items that were written at one place, the one
// where a search passed many: between the same two units, without knowing of
// each other. They are ordered by client, as they are in the list. Any of them
// may be missing, and any may have gone, so each is looked at before it is
// used.
//
// An item for that place comes after all rivals with lower clients, whatever
// else was written there: had the item come first, each of those would have
// gone before it, and the order does not depend on which came first.
type rivals struct {
	list                int32
	origin, rightOrigin unit
	known               blockList[rival] // by client
}

type rival struct {
	id ClientID
	h  handle
}

// at tells whether an item was written at the place.
func (r *rivals) at(it *item) bool {
	return it.list == r.list && it.origin() == r.origin && it.rightOrigin() == r.rightOrigin
}

// search returns the place of the first rival of a client that is not lower.
func (r *rivals) search(id ClientID) (block, i int) {
	return r.known.search(func(k rival) bool { return k.id < id })
}

// before returns a rival that comes before an item, or 0.
func (r *rivals) before(d *Doc, it *item) handle {
	if len(r.known) == 0 || !r.at(it) {
		return 0
	}
	block, i, ok := r.known.prev(r.search(d.clients[it.client].id))
	if !ok {
		return 0
	}
	k := r.known[block][i]
	if o := d.items.at(k.h); o.kind == kindGC || !r.at(o) || o.client == 0 || d.clients[o.client].id != k.id {
		r.known.remove(block, i, i+1)
		return 0
	}
	return k.h
}

// add takes note of a rival of an item.
func (r *rivals) add(d *Doc, it *item, h handle) {
	if !r.at(it) {
		*r = rivals{it.list, it.origin(), it.rightOrigin(), r.known[:0]}
	}
	id := d.clients[d.items.at(h).client].id
	block, i := r.search(id)
	if block < len(r.known) && r.known[block][i].id == id {
		return
	}
	r.known.insert(block, i, rival{id, h})
}

// passedItems is a list of items that can be searched.
type passedItems struct {
	items []handle
	at    map[handle]int // of all items, once there are many
}

// fewItems is how many items are searched one by one.
const fewItems = 32

func (p *passedItems) add(h handle) {
	if p.at != nil {
		p.at[h] = len(p.items)
	}
	p.items = append(p.items, h)
}

// index returns where h is in the list, or -1.
func (p *passedItems) index(h handle) int {
	if p.at == nil {
		if len(p.items) <= fewItems {
			return slices.Index(p.items, h)
		}
		p.at = make(map[handle]int, 4*fewItems)
		for i, o := range p.items {
			p.at[o] = i
		}
	}
	if i, ok := p.at[h]; ok {
		return i
	}
	return -1
}
