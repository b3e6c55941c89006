package crdt

import (
	"cmp"
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
	changed []listChange
	joined  bool       // its runs are joined with what they continue
	over    bool       // every transaction of the queue is completed
	report  *txnReport // what only hooks and observers need

	subdocs *SubdocEvent // nil: nothing happened to any

	touchedSpace [1]touch
	changedSpace [1]listChange
	deleteSpace  [1]codec.Range
}

// txnReport is what observers and hooks get of a transaction.
type txnReport struct {
	starts map[uint32]uint64 // by client, its state before; once there are many
	// The events below each type, in the order in which Yjs tells of them.
	parents  []parentEvents
	parentAt map[int32]int // by type, its place in parents
	// deleters are the clients whose units were deleted, in the order of their
	// first deletion, which decides bytes as in Yjs.
	deleters []uint64
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

// listChange names what a transaction changed of a type: the values of a key,
// or its children.
type listChange struct {
	typ int32
	key int32 // -1: the children
}

// change records that a list changed, unless the type that it belongs to is
// new or deleted.
func (tx *Txn) change(list int32) {
	l := &tx.doc.lists[list]
	if l.changedIn == tx.number {
		return
	}
	if t := tx.doc.types[l.typ]; t.item != 0 {
		it := tx.doc.items.at(t.item)
		if it.deleted || it.clock >= tx.before(it.client) {
			return
		}
	}
	l.changedIn = tx.number
	c := listChange{typ: l.typ, key: -1}
	if l.entry {
		c.key = int32(l.key)
	}
	tx.changed = append(tx.changed, c)
}

// startOf returns the state of a client before a transaction that is being
// completed.
func (tx *Txn) startOf(c uint32) uint64 {
	if r := tx.report; r != nil && len(tx.touched) > fewItems {
		if len(r.starts) != len(tx.touched) {
			r.starts = make(map[uint32]uint64, len(tx.touched))
			for _, t := range tx.touched {
				r.starts[t.client] = t.before
			}
		}
		if start, ok := r.starts[c]; ok {
			return start
		}
		return tx.doc.clients[c].state
	}
	for _, t := range tx.touched {
		if t.client == c {
			return t.before
		}
	}
	return tx.doc.clients[c].state
}

// deleted tells whether a transaction that is being completed deleted a unit.
func (tx *Txn) deleted(c uint32, clock uint64) bool {
	id := uint64(tx.doc.clients[c].id)
	i, found := slices.BinarySearchFunc(tx.deletes, codec.Range{Client: id, Clock: clock}, func(r, at codec.Range) int {
		if r.Client != at.Client {
			return cmp.Compare(at.Client, r.Client)
		}
		return cmp.Compare(r.Clock, at.Clock)
	})
	if found {
		return true
	}
	return i > 0 && tx.deletes[i-1].Client == id && clock < tx.deletes[i-1].End()
}
