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

// hooks are the functions to call around transactions.
type hooks struct {
	beforeAll, afterAll     []*func(struct{})
	before, beforeObservers []*func(*Txn)
	after, afterCleanup     []*func(*Txn)
	update, updateV2        []*func(UpdateEvent)
	subdocs                 []*func(SubdocEvent)
}

// OnBeforeAllTransactions calls f before the first transaction of a queue: of
// one and those that its observers and hooks begin.
func (d *Doc) OnBeforeAllTransactions(f func()) (cancel func()) {
	return subscribe(&d.hooks.beforeAll, func(struct{}) { f() })
}

// OnBeforeTransaction calls f at the start of each transaction, which f may
// edit in.
func (d *Doc) OnBeforeTransaction(f func(*Txn)) (cancel func()) {
	return subscribe(&d.hooks.before, f)
}

// OnBeforeObserverCalls calls f after each transaction, before the observers of
// the types that it changed.
func (d *Doc) OnBeforeObserverCalls(f func(*Txn)) (cancel func()) {
	return subscribe(&d.hooks.beforeObservers, f)
}

// OnAfterTransaction calls f after each transaction and its observers, while
// the content of what it deleted can still be read.
func (d *Doc) OnAfterTransaction(f func(*Txn)) (cancel func()) {
	return subscribe(&d.hooks.after, f)
}

// OnAfterTransactionCleanup calls f after each transaction, when what it
// deleted is collected, before OnUpdate's functions.
func (d *Doc) OnAfterTransactionCleanup(f func(*Txn)) (cancel func()) {
	return subscribe(&d.hooks.afterCleanup, f)
}

// OnSubdocs calls f after OnUpdate's functions if the transaction did something
// to subdocument entries.
func (d *Doc) OnSubdocs(f func(SubdocEvent)) (cancel func()) {
	return subscribe(&d.hooks.subdocs, f)
}

// OnAfterAllTransactions calls f when a queue of transactions is completed: one
// and those that its observers and hooks began.
func (d *Doc) OnAfterAllTransactions(f func()) (cancel func()) {
	return subscribe(&d.hooks.afterAll, func(struct{}) { f() })
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

// Not inlined: 19 callers, 2 kB of a page.
//
//go:noinline
func subscribe[E any](hooks *[]*func(E), f func(E)) (cancel func()) {
	p := &f
	*hooks = append(*hooks, p)
	return func() {
		var others []*func(E) // new, because the hooks may be running
		for _, q := range *hooks {
			if q != p {
				others = append(others, q)
			}
		}
		*hooks = others
	}
}

func call[E any](hooks []*func(E), e E) {
	for _, f := range hooks {
		(*f)(e)
	}
}

// finish calls the hooks for a completed transaction.
func (d *Doc) finish(tx *Txn) {
	tx.show(d.hooks.afterCleanup)
	d.reportUpdate(tx, codec.V1, &d.encoder, d.hooks.update)
	d.reportUpdate(tx, codec.V2, &d.encoderV2, d.hooks.updateV2)
	if tx.subdocs == nil {
		return
	}
	if s := *tx.subdocs; len(s.Loaded)+len(s.Added)+len(s.Removed) > 0 {
		call(d.hooks.subdocs, s)
	}
	for _, s := range tx.subdocs.Removed {
		s.Destroy()
	}
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
