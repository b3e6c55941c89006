package crdt

import "slices"

// UpdateEvent is a transaction as an update, in the bytes that Yjs would emit.
type UpdateEvent struct {
	Update []byte // the receiver owns it
	Origin any    // as given to Transact or ApplyUpdate
	Local  bool   // the edits were made here
}

// TransactionEvent tells what a transaction changed.
type TransactionEvent struct {
	Origin  any
	Local   bool
	Changed []string // names of the roots in which something changed, sorted
	Subdocs SubdocEvent
}

// hooks are the functions to call after a transaction.
type hooks struct {
	update      []*func(UpdateEvent)
	transaction []*func(TransactionEvent)
}

// OnUpdate calls f with the update of each transaction that changed
// something, until cancel is called. f may edit the document, in a further
// transaction that is reported by itself.
func (d *Doc) OnUpdate(f func(UpdateEvent)) (cancel func()) {
	return subscribe(&d.hooks.update, f)
}

// OnTransaction calls f after each transaction, before OnUpdate's functions,
// until cancel is called.
func (d *Doc) OnTransaction(f func(TransactionEvent)) (cancel func()) {
	return subscribe(&d.hooks.transaction, f)
}

func subscribe[E any](hooks *[]*func(E), f func(E)) (cancel func()) {
	p := &f
	*hooks = append(*hooks, p)
	return func() {
		// A copy, because the hooks may be running.
		*hooks = slices.DeleteFunc(slices.Clone(*hooks), func(q *func(E)) bool { return q == p })
	}
}

// report calls the hooks for a completed transaction.
func (d *Doc) report(tx *Txn) {
	if len(d.hooks.transaction) > 0 {
		event := TransactionEvent{Origin: tx.origin, Local: tx.local, Changed: d.changedRoots(tx), Subdocs: tx.subdocs}
		for _, f := range d.hooks.transaction {
			(*f)(event)
		}
	}
	if len(d.hooks.update) == 0 {
		return
	}
	encoded, changed := d.appendUpdate(d.buffer[:0], tx)
	d.buffer = encoded[:0]
	if cap(d.buffer) > maxKeptBuffer {
		d.buffer = nil
	}
	if !changed {
		return
	}
	update := slices.Clone(encoded)
	for i, f := range d.hooks.update {
		if i > 0 {
			update = slices.Clone(update)
		}
		(*f)(UpdateEvent{Update: update, Origin: tx.origin, Local: tx.local})
	}
}

// maxKeptBuffer bounds the memory that waits for the next update.
const maxKeptBuffer = 64 << 10

func (d *Doc) changedRoots(tx *Txn) []string {
	var names []string
	for _, typ := range tx.changed {
		if t := d.types[typ]; !t.gone {
			names = append(names, d.rootName(t))
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
