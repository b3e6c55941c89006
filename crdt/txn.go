package crdt

import (
	"cmp"
	"slices"
	"strings"

	"github.com/sheafdocs/sheaf/crdt/internal/codec"
	"github.com/sheafdocs/sheaf/crdt/internal/sorting"
)

// Txn is a transaction: the edits that become one update. It is valid while
// the function given to Doc.Transact runs. An edit that would take the document beyond
// MaxTextBytes, or its client close to MaxClock, ends in ErrTooLarge and
// changes nothing.
type Txn struct {
	doc    *Doc
	origin any
	local  bool
	number uint64

	deletes    codec.Ranges
	touched    []touch
	merges     []unit // items that came about by splitting, and the like
	borders    []unit // where it extended runs, if others may split them before they are joined in Yjs
	changed    []listChange
	completing bool       // its function has returned
	joined     bool       // its runs are joined with what they continue
	apart      bool       // its runs stay apart until it is completed, see Doc.continues
	over       bool       // every transaction of the queue is completed
	shown      bool       // others than this package may hold it
	report     *txnReport // what only hooks and observers need

	subdocs *SubdocEvent // nil: nothing happened to any

	touchedSpace [1]touch
	changedSpace [1]listChange
	deleteSpace  [1]codec.Range
}

// txnReport is what observers and hooks get of a transaction.
type txnReport struct {
	starts  map[uint32]uint64 // by client, its state before; once there are many
	targets []int32           // the types that changed
	parents orderedSet[int32] // the roots that hold them; once climbed, all types that do
	climbed int               // how many targets
	extents *extents          // once looked for
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

func (u unit) compare(o unit) int {
	return cmp.Or(cmp.Compare(u.client, o.client), cmp.Compare(u.clock, o.clock))
}

// Transact runs f, in which the document can be edited, and then completes
// the transaction: it collects garbage, merges items, and calls the hooks.
// Called inside another transaction it joins that one. origin is handed to
// the hooks as it is.
func (d *Doc) Transact(origin any, f func(*Txn)) { d.transact(origin, true, f) }

func (d *Doc) transact(origin any, local bool, f func(*Txn)) {
	if d.tx != nil {
		d.tx.local = d.tx.local && local
		d.tx.shown = d.tx.shown || local
		f(d.tx)
		return
	}
	tx := d.newTxn()
	tx.origin, tx.local, tx.shown = origin, local, local
	d.tx = tx
	d.queue = append(d.queue, tx)
	first := len(d.queue) == 1
	if first {
		call(d.hooks.beforeAll, struct{}{})
	}
	tx.show(d.hooks.before)
	defer func() {
		d.tx = nil
		if first {
			d.cleanup()
		}
	}()
	f(tx)
}

// newTxn returns an empty transaction. An update that was received is mostly a
// keystroke, so the transaction of the one before is used again, unless it was
// shown to somebody.
func (d *Doc) newTxn() *Txn {
	tx := d.spareTxn
	if d.spareTxn = nil; tx == nil {
		tx = &Txn{}
	}
	d.txns++
	*tx = Txn{doc: d, number: d.txns, merges: tx.merges[:0]}
	tx.touched, tx.changed, tx.deletes = tx.touchedSpace[:0], tx.changedSpace[:0], tx.deleteSpace[:0]
	return tx
}

// keepTxn keeps a transaction that is over for the next one, if nobody can hold
// it.
func (d *Doc) keepTxn(tx *Txn) {
	if tx.shown {
		return
	}
	merges := tx.merges
	if cap(merges) > fewItems {
		merges = nil
	}
	*tx = Txn{merges: merges}
	d.spareTxn = tx
}

// show calls hooks that may keep the transaction.
func (tx *Txn) show(hooks []*func(*Txn)) {
	tx.shown = tx.shown || len(hooks) > 0
	call(hooks, tx)
}

// Origin returns the origin given to Transact.
func (tx *Txn) Origin() any { return tx.origin }

// Local tells whether the edits were made here, and not received.
func (tx *Txn) Local() bool { return tx.local }

// Doc returns the document.
func (tx *Txn) Doc() *Doc { return tx.doc }

// BeforeState returns the state of the document before the transaction.
func (tx *Txn) BeforeState() StateVector {
	sv := tx.doc.StateVector()
	for _, t := range tx.touched {
		if id := tx.doc.clients[t.client].id; t.before > 0 {
			sv[id] = t.before
		} else {
			delete(sv, id)
		}
	}
	return sv
}

// AfterState returns the state of the document after the transaction, or nil
// as long as its function runs.
func (tx *Txn) AfterState() StateVector {
	if !tx.completing {
		return nil
	}
	sv := tx.doc.StateVector()
	for _, t := range tx.touched {
		if id := tx.doc.clients[t.client].id; t.after > 0 {
			sv[id] = t.after
		} else {
			delete(sv, id)
		}
	}
	return sv
}

// Deletes returns the units that the transaction deleted, by client, highest
// first, and clock. It is Yjs's deleteSet.
func (tx *Txn) Deletes() []ClockRange {
	s := unitSet{ranges: slices.Clone(tx.deletes).Normalize()}
	return s.clockRanges()
}

// Adds tells whether the transaction wrote a unit.
func (tx *Txn) Adds(id ID) bool {
	c := tx.doc.clientIndex(id.Client)
	return c != 0 && id.Clock >= tx.startOf(c)
}

// Deleted tells whether the transaction deleted a unit, once its function has
// returned.
func (tx *Txn) Deleted(id ID) bool {
	c := tx.doc.clientIndex(id.Client)
	return c != 0 && tx.completing && tx.deleted(c, id.Clock)
}

// Changed tells whether the transaction changed a type or types inside it, for
// hooks from OnAfterTransaction on, until a later transaction has collected what
// changed as garbage. It is Yjs's changedParentTypes.has.
func (tx *Txn) Changed(s Shared) bool {
	n := s.base()
	return n != nil && n.doc == tx.doc && tx.changedInside(n.typ)
}

func (tx *Txn) changedInside(typ int32) bool {
	d, r := tx.doc, tx.report
	if r == nil {
		return false
	}
	if d.types[typ].item != 0 {
		for ; r.climbed < len(r.targets); r.climbed++ {
			t := r.targets[r.climbed]
			for r.parents.index(t) < 0 {
				r.parents.add(t)
				if d.types[t].item == 0 {
					break // collected meanwhile
				}
				t = d.parentType(t)
			}
		}
	}
	return r.parents.index(typ) >= 0
}

// ChangedRoots returns the names of the roots in which something changed,
// sorted.
func (tx *Txn) ChangedRoots() []string {
	d := tx.doc
	var names []string
	for _, c := range tx.changed {
		if t := d.types[c.typ]; !t.gone {
			names = append(names, d.types[d.outermost(c.typ)].name)
		}
	}
	sorting.Stable(names, strings.Compare)
	return slices.Compact(names)
}

// Subdocs returns what the transaction did to subdocument entries so far.
func (tx *Txn) Subdocs() SubdocEvent {
	if tx.subdocs == nil {
		return SubdocEvent{}
	}
	return *tx.subdocs
}

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
		d.wrote = tx.number
		// Transactions that are still being completed report what is added
		// meanwhile as well.
		for _, q := range d.queue {
			if q == tx || !slices.ContainsFunc(q.touched, func(t touch) bool { return t.client == c }) {
				q.touched = append(q.touched, touch{c, cl.state, cl.state})
			}
		}
	}
	cl.state += n
	if d.pending.any() {
		d.pending.advanced(uint64(cl.id), cl.state)
	}
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
		if it.deleted() || it.clock >= tx.before(it.client) {
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
	return tx.deletes.Has(uint64(tx.doc.clients[c].id), clock)
}
