package crdt

import (
	"slices"

	"github.com/sheafdocs/sheaf/crdt/internal/codec"
)

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
	update, updateV2 []*func(UpdateEvent)
	transaction      []*func(TransactionEvent)
}

// OnUpdate calls f with the update of each transaction that changed
// something, until cancel is called. f may edit the document, in a further
// transaction that is reported by itself.
func (d *Doc) OnUpdate(f func(UpdateEvent)) (cancel func()) {
	return subscribe(&d.hooks.update, f)
}

// OnUpdateV2 is OnUpdate for updates of format 2. Each format is encoded only
// while somebody asks for it. Functions given to OnUpdate are called before.
func (d *Doc) OnUpdateV2(f func(UpdateEvent)) (cancel func()) {
	return subscribe(&d.hooks.updateV2, f)
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
		event := TransactionEvent{Origin: tx.origin, Local: tx.local, Changed: d.changedRoots(tx), Subdocs: *tx.subdocEvent()}
		for _, f := range d.hooks.transaction {
			(*f)(event)
		}
	}
	d.reportUpdate(tx, codec.V1, &d.encoder, d.hooks.update)
	d.reportUpdate(tx, codec.V2, &d.encoderV2, d.hooks.updateV2)
}

// reportUpdate encodes what a transaction did and calls the hooks for updates
// of a format, if there are any.
func (d *Doc) reportUpdate(tx *Txn, f codec.Format, e *codec.Encoder, hooks []*func(UpdateEvent)) {
	if len(hooks) == 0 {
		*e = codec.Encoder{}
		return
	}
	e.Begin(f)
	if !d.encodeUpdate(e, tx) {
		return
	}
	update := e.Take(maxKeptBuffer)
	for i, f := range hooks {
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
	for _, c := range tx.changed {
		if t := d.types[c.typ]; !t.gone {
			names = append(names, d.rootName(t))
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
