package crdt

import "github.com/sheafdocs/sheaf/crdt/internal/lib0"

// cleanupGap deletes the format marks between start and the next unit that
// change nothing: those that a later mark overrides, and those whose format
// was in effect before. startAttrs are the formats at start, current those at
// curr, which stands at start or behind it; current is kept right.
func (tx *Txn) cleanupGap(list int32, start, curr handle, startAttrs formatSet, current *formatSet) {
	d := tx.doc
	end := d.seekRight(start, wantUnits)
	inGap := func(f handle) bool { return f != 0 && (end == 0 || d.isBefore(f, end)) }
	last := make(map[uint32]handle) // by format, its last mark
	for f := d.seekRight(start, wantFormats); inGap(f); f = d.seekRight(d.items.at(f).right, wantFormats) {
		last[d.items.at(f).size] = f
	}
	for f := d.seekRight(start, wantFormats); inGap(f); {
		it := d.items.at(f)
		beforeCurr := curr == 0 || d.isBefore(f, curr)
		key, value := it.size, d.singles.values[it.content]
		was := startAttrs.orNull(key)
		if last[key] != f || lib0.Same(was, value) {
			tx.delete(f)
			if beforeCurr && lib0.Same(current.orNull(key), value) && !lib0.Same(was, value) {
				current.apply(key, was)
			}
		} else if beforeCurr {
			current.apply(key, value)
		}
		f = d.seekRight(it.right, wantFormats)
	}
}

// changedFormattedText tells whether a remote transaction changed a text that
// has format marks.
func (d *Doc) changedFormattedText(tx *Txn) bool {
	for _, c := range tx.changed {
		if t := d.types[c.typ]; t.kind.isText() && t.formatted && !d.isDeleted(t) {
			return true
		}
	}
	return false
}

// cleanupFormatting deletes format marks that became pointless through a
// remote transaction. clients are those whose units it deleted, in the order
// of their first deletion, which matters as much as in Yjs.
func (d *Doc) cleanupFormatting(tx *Txn, clients []uint64) {
	whole := make(map[int32]bool) // types that got or lost a format mark
	for _, t := range tx.touched {
		if t.before != t.after {
			d.newFormats(t.client, t.before, whole)
		}
	}
	d.transact(nil, true, func(cleanup *Txn) {
		for _, client := range clients {
			from, to := tx.deletes.OfClient(client)
			for _, r := range tx.deletes[from:to] {
				cleanup.cleanupDeleted(d.clientIndex(ClientID(client)), r.Clock, r.End(), whole)
			}
		}
		for typ := range whole {
			cleanup.cleanupStart(typ)
		}
	})
}

// newFormats adds the types of a client's live format marks from clock on.
func (d *Doc) newFormats(c uint32, clock uint64, whole map[int32]bool) {
	cl := &d.clients[c]
	pos, more := d.find(cl, clock), true
	for more {
		if it := d.items.at(cl.at(pos)); it.isMark() {
			whole[d.lists[it.list].typ] = true
		}
		pos, more = cl.next(pos)
	}
}

// cleanupDeleted cleans up around deleted units.
func (tx *Txn) cleanupDeleted(c uint32, clock, end uint64, whole map[int32]bool) {
	d := tx.doc
	cl := &d.clients[c]
	pos, more := d.find(cl, clock), true
	for more {
		h := cl.at(pos)
		it := d.items.at(h)
		if it.clock >= end {
			return
		}
		pos, more = cl.next(pos)
		if it.kind == kindGC {
			continue
		}
		l := &d.lists[it.list]
		switch t := d.types[l.typ]; {
		case !t.formatted || whole[l.typ]:
		case it.kind == kindFormat:
			whole[l.typ] = true
		case !l.entry:
			tx.cleanupAround(h)
		}
	}
}

// cleanupAround keeps only the last mark of each format in the gap that a
// deleted item lies in.
func (tx *Txn) cleanupAround(h handle) {
	d := tx.doc
	l := &d.lists[d.items.at(h).list]
	if !l.formatted() {
		return
	}
	from := l.last
	if next := d.seekRight(h, wantUnits); next != 0 {
		from = d.items.at(next).left
	}
	seen := make(map[uint32]bool)
	for f := d.seekLeft(from, wantLive); f != 0; {
		it := d.items.at(f)
		if it.kind != kindFormat {
			return
		}
		if seen[it.size] {
			tx.delete(f)
		}
		seen[it.size] = true
		f = d.seekLeft(it.left, wantLive)
	}
}

// cleanupStart cleans up the marks before the first unit of a type. Yjs means
// to clean up the whole type here, but gets no further, and its behaviour
// decides.
func (tx *Txn) cleanupStart(typ int32) {
	d := tx.doc
	t := d.types[typ]
	if t.children == 0 {
		return
	}
	first := d.lists[t.children].first
	if end := d.seekRight(first, wantUnits); end != 0 {
		var current formatSet
		tx.cleanupGap(t.children, first, end, nil, &current)
	}
}
