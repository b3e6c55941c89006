package crdt

import (
	"slices"

	"github.com/sheafdocs/sheaf/crdt/internal/codec"
)

// Txn is a transaction: the edits that become one update. It is valid while
// the function given to Doc.Transact runs.
type Txn struct {
	doc    *Doc
	origin any
	local  bool
	number uint64

	deletes codec.Ranges
	touched []touch
	merges  []unit // items that came about by splitting, and the like
	changed []int32

	subdocs SubdocEvent

	touchedSpace [1]touch
	changedSpace [1]int32
	deleteSpace  [1]codec.Range
}

// touch is a client to which a transaction added units.
type touch struct {
	client        uint32
	before, after uint64
}

// unit names one unit by client index and clock.
type unit struct {
	client uint32
	clock  uint64
}

// Transact runs f, in which the document can be edited, and then completes
// the transaction: it collects garbage, merges items, and calls the hooks.
// Called inside another transaction it joins that one. origin is handed to
// the hooks as it is.
func (d *Doc) Transact(origin any, f func(*Txn)) { d.transact(origin, true, f) }

func (d *Doc) transact(origin any, local bool, f func(*Txn)) {
	if d.tx != nil {
		d.tx.local = d.tx.local && local
		f(d.tx)
		return
	}
	d.txns++
	tx := &Txn{doc: d, origin: origin, local: local, number: d.txns}
	tx.touched, tx.changed, tx.deletes = tx.touchedSpace[:0], tx.changedSpace[:0], tx.deleteSpace[:0]
	d.tx = tx
	d.queue = append(d.queue, tx)
	first := len(d.queue) == 1
	defer func() {
		d.tx = nil
		if first {
			d.cleanup()
		}
	}()
	f(tx)
}

// Origin returns the origin given to Transact.
func (tx *Txn) Origin() any { return tx.origin }

// before returns the state of a client before the transaction, which is the
// current one.
func (tx *Txn) before(c uint32) uint64 {
	cl := &tx.doc.clients[c]
	if cl.txn == tx.number {
		return cl.before
	}
	return cl.state
}

// advance records that the client gets n more units.
func (tx *Txn) advance(c uint32, n uint64) {
	d := tx.doc
	cl := &d.clients[c]
	if cl.txn != tx.number {
		cl.txn, cl.before = tx.number, cl.state
		// Transactions that are still being completed report what is added
		// meanwhile as well.
		for _, q := range d.queue {
			if q == tx || !slices.ContainsFunc(q.touched, func(t touch) bool { return t.client == c }) {
				q.touched = append(q.touched, touch{c, cl.state, cl.state})
			}
		}
	}
	cl.state += n
}

// addDelete records that units were deleted.
func (tx *Txn) addDelete(c uint32, clock, length uint64) {
	id := uint64(tx.doc.clients[c].id)
	if n := len(tx.deletes); n > 0 {
		last := &tx.deletes[n-1]
		if last.Client == id && last.End() == clock {
			last.Len += length
			return
		}
	}
	tx.deletes = append(tx.deletes, codec.Range{Client: id, Clock: clock, Len: length})
}

// change records that a type's children or entries changed, unless the type
// is new or deleted.
func (tx *Txn) change(typ int32) {
	t := tx.doc.types[typ]
	if t.changedIn == tx.number {
		return
	}
	if t.item != 0 {
		it := tx.doc.items.at(t.item)
		if it.deleted || it.clock >= tx.before(it.client) {
			return
		}
	}
	t.changedIn = tx.number
	tx.changed = append(tx.changed, typ)
}
