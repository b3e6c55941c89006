package crdt

import "math"

// extents is where a transaction changed the children of types.
type extents struct {
	lists orderedSet[int32]
	of    []extent // each list
}

// extent is where a list was changed.
type extent struct {
	first handle // the first item of which it wrote or deleted units
	units uint64 // how many in all of the list
}

// findExtents returns where a transaction that is being completed changed the
// children of types. It is nil if that cannot be told: when its items were joined
// with others, or a later transaction wrote more.
func (tx *Txn) findExtents() *extents {
	d, r := tx.doc, tx.report
	if tx.joined || d.wrote > tx.number {
		return nil
	}
	if r.extents != nil {
		return r.extents
	}
	r.extents = &extents{}
	for _, t := range tx.touched {
		tx.eachChanged(t.client, t.before, d.clients[t.client].state, func(h handle, it *item) {
			tx.extend(h, it.end()-max(it.clock, t.before))
		})
	}
	for _, gone := range tx.deletes {
		c := d.clientIndex(ClientID(gone.Client))
		start := tx.startOf(c) // what it wrote was counted
		tx.eachChanged(c, gone.Clock, min(gone.End(), start), func(h handle, it *item) {
			if it.clock >= gone.Clock {
				tx.extend(h, min(it.end(), start)-it.clock)
			}
		})
	}
	return r.extents
}

// eachChanged calls f for the items that have units of a client from a clock up
// to another.
func (tx *Txn) eachChanged(c uint32, clock, end uint64, f func(handle, *item)) {
	d := tx.doc
	if clock >= end {
		return
	}
	cl := &d.clients[c]
	for pos, more := d.find(cl, clock), true; more; pos, more = cl.next(pos) {
		h := cl.at(pos)
		it := d.item(h)
		if it.clock >= end {
			return
		}
		f(h, it)
	}
}

// extend adds units of an item to the extent of its list.
func (tx *Txn) extend(h handle, units uint64) {
	d := tx.doc
	list := d.item(h).list
	if list == 0 || d.lists[list].entry {
		return
	}
	all := tx.report.extents
	i := all.lists.add(list)
	if i == len(all.of) {
		all.of = append(all.of, extent{first: h})
	}
	x := &all.of[i]
	if l := &d.lists[list]; l.root == 0 {
		x.first = l.first // no tree is made for lists that nobody may ask about
	} else if d.isBefore(h, x.first) {
		x.first = h
	}
	x.units += units
}

// extent returns where the children of the event's type changed, and how many
// units come before: all of the list where that cannot be told, or where others
// have units than those that the delta counts.
func (e *Event) extent(all bool) (x extent, before int) {
	d := e.tx.doc
	list := d.types[e.target].children
	if list == 0 {
		return extent{}, 0
	}
	known := e.tx.findExtents()
	if all || known == nil {
		return extent{d.lists[list].first, math.MaxUint64}, 0
	}
	if i := known.lists.index(list); i >= 0 {
		x = known.of[i]
		before = int(d.unitsBefore(x.first))
	}
	return x, before
}
