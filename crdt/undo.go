package crdt

import (
	"slices"

	"github.com/sheafdocs/sheaf/crdt/internal/codec"
	"github.com/sheafdocs/sheaf/crdt/internal/sorting"
)

// DefaultCaptureTimeout is the CaptureTimeout of Yjs, in milliseconds.
const DefaultCaptureTimeout = 500

// UndoConfig says what an UndoManager undoes.
type UndoConfig struct {
	// Scope are the types whose changes, and those of types inside them, are
	// undone; none: those of the whole document.
	Scope []Shared
	// TrackedOrigins are the origins of the transactions that are undone. They
	// must be comparable; nil stands for transactions whose origin is nil, and
	// an empty list for none but the manager's own.
	TrackedOrigins []any
	// Now tells the time in milliseconds since any moment, for instance as
	// time.Now().UnixMilli(). Without it, or while it returns 0, every transaction
	// can be undone by itself.
	Now func() int64
	// CaptureTimeout is for how many milliseconds after a transaction another one
	// is undone together with it. 0: DefaultCaptureTimeout; negative: never.
	CaptureTimeout int64
	// Capture tells whether a transaction of a tracked origin is undone; nil:
	// each is. It is Yjs's captureTransaction.
	Capture func(*Txn) bool
	// DeleteFilter tells whether undoing and redoing may delete an item; nil:
	// each may be deleted.
	DeleteFilter func(UndoItem) bool
	// IgnoreRemoteMapChanges lets undoing overwrite what others set a key to.
	IgnoreRemoteMapChanges bool
}

// StackItem is what is undone or redone at once. Meta is the application's,
// for instance where the selection was.
type StackItem[M any] struct {
	Meta                  M
	insertions, deletions unitSet
}

// Insertions returns the units that were inserted.
func (s *StackItem[M]) Insertions() []ClockRange { return s.insertions.clockRanges() }

// Deletions returns the units that were deleted.
func (s *StackItem[M]) Deletions() []ClockRange { return s.deletions.clockRanges() }

// StackEvent tells of an item of the stacks.
type StackEvent[M any] struct {
	Item *StackItem[M]
	// Redo: the item is, or was, one of what can be redone; else undone.
	Redo   bool
	Origin any  // of the transaction
	Txn    *Txn // see Txn.Changed
}

// UndoManager undoes and redoes the edits of one author. M is the type of what
// the application keeps along with each item of the stacks. It behaves as Yjs's
// UndoManager, to the byte. Make one with NewUndoManager.
type UndoManager[M any] struct {
	doc     *Doc
	config  UndoConfig
	scope   []int32 // types
	whole   bool    // or the document
	origins []any
	stop    func()

	undoStack, redoStack []*StackItem[M]
	undoing, redoing     bool
	current              *StackItem[M] // that is being popped
	lastChange           int64         // 0: the next change is not captured together with it

	added, updated, popped []*func(StackEvent[M])
	cleared                []*func(StackCleared)
}

// StackCleared tells which stacks were cleared.
type StackCleared struct{ Undo, Redo bool }

// NewUndoManager returns a manager that records what happens from now on, until
// Close. The error is ErrDetached if a type of the scope is not in the
// document, and ErrValue if an origin is not comparable.
func NewUndoManager[M any](d *Doc, c UndoConfig) (*UndoManager[M], error) {
	u := &UndoManager[M]{doc: d, config: c, whole: len(c.Scope) == 0}
	if c.CaptureTimeout == 0 {
		u.config.CaptureTimeout = DefaultCaptureTimeout
	}
	if err := u.AddToScope(c.Scope...); err != nil {
		return nil, err
	}
	origins := c.TrackedOrigins
	if origins == nil {
		origins = []any{nil}
	}
	for _, o := range origins {
		if err := u.AddTrackedOrigin(o); err != nil {
			return nil, err
		}
	}
	u.origins = append(u.origins, u)
	u.stop = d.OnAfterTransaction(u.record)
	return u, nil
}

// Close ends the recording.
func (u *UndoManager[M]) Close() { u.stop() }

// AddToScope adds types to those whose changes are undone; it has no effect on
// a manager of the whole document. The error is ErrDetached if one is not in
// the document.
func (u *UndoManager[M]) AddToScope(types ...Shared) error {
	for _, s := range types {
		n := s.base()
		if n == nil || n.doc != u.doc {
			return ErrDetached
		}
		if !slices.Contains(u.scope, n.typ) {
			u.scope = append(u.scope, n.typ)
		}
	}
	return nil
}

// AddTrackedOrigin adds an origin to those whose transactions are undone. The
// error is ErrValue if it is not comparable.
func (u *UndoManager[M]) AddTrackedOrigin(origin any) error {
	if !isComparable(origin) {
		return ErrValue
	}
	if !slices.Contains(u.origins, origin) {
		u.origins = append(u.origins, origin)
	}
	return nil
}

// RemoveTrackedOrigin removes an origin from those whose transactions are
// undone.
func (u *UndoManager[M]) RemoveTrackedOrigin(origin any) {
	if isComparable(origin) {
		u.origins = slices.DeleteFunc(u.origins, func(o any) bool { return o == origin })
	}
}

// isComparable tells whether == can be asked of an origin: a slice, or a struct
// with one, would panic.
func isComparable(origin any) (ok bool) {
	defer func() { ok = recover() == nil }()
	other := origin
	_ = other == origin
	return true
}

// OnStackItemAdded calls f when a transaction became an item of its own, until
// cancel is called. f may set the item's Meta.
func (u *UndoManager[M]) OnStackItemAdded(f func(StackEvent[M])) (cancel func()) {
	return subscribe(&u.added, f)
}

// OnStackItemUpdated calls f when a transaction was added to an item.
func (u *UndoManager[M]) OnStackItemUpdated(f func(StackEvent[M])) (cancel func()) {
	return subscribe(&u.updated, f)
}

// OnStackItemPopped calls f when an item was undone or redone.
func (u *UndoManager[M]) OnStackItemPopped(f func(StackEvent[M])) (cancel func()) {
	return subscribe(&u.popped, f)
}

// OnStackCleared calls f when stacks were cleared.
func (u *UndoManager[M]) OnStackCleared(f func(StackCleared)) (cancel func()) {
	return subscribe(&u.cleared, f)
}

// CanUndo tells whether there is something to undo.
func (u *UndoManager[M]) CanUndo() bool { return len(u.undoStack) > 0 }

// CanRedo tells whether there is something to redo.
func (u *UndoManager[M]) CanRedo() bool { return len(u.redoStack) > 0 }

// UndoStack returns what can be undone, the latest last.
func (u *UndoManager[M]) UndoStack() []*StackItem[M] { return slices.Clone(u.undoStack) }

// RedoStack returns what can be redone, the latest last.
func (u *UndoManager[M]) RedoStack() []*StackItem[M] { return slices.Clone(u.redoStack) }

// StopCapturing makes the next transaction an item of its own.
func (u *UndoManager[M]) StopCapturing() { u.lastChange = 0 }

// Clear forgets what can be undone, redone, or both; deleted content that was
// kept for it can be collected, when it is deleted along with something else.
func (u *UndoManager[M]) Clear(undo, redo bool) {
	if !(undo && u.CanUndo() || redo && u.CanRedo()) {
		return
	}
	u.doc.transact(nil, true, func(tx *Txn) {
		if undo {
			u.release(tx, u.undoStack)
			u.undoStack = nil
		}
		if redo {
			u.release(tx, u.redoStack)
			u.redoStack = nil
		}
		for _, f := range u.cleared {
			(*f)(StackCleared{undo, redo})
		}
	})
}

// release no longer keeps what items of a stack deleted.
func (u *UndoManager[M]) release(tx *Txn, stack []*StackItem[M]) {
	for _, s := range stack {
		tx.eachItem(&s.deletions, func(h handle) {
			if u.inScope(h) {
				u.doc.keep(h, false)
			}
		})
	}
}

// inScope tells whether an item lies in the scope.
func (u *UndoManager[M]) inScope(h handle) bool {
	d := u.doc
	it := d.item(h)
	if it.kind == kindGC || u.whole {
		return it.kind != kindGC
	}
	typ := d.lists[it.list].typ
	if slices.Contains(u.scope, d.outermost(typ)) {
		return true
	}
	for ; d.types[typ].item != 0; typ = d.parentType(typ) {
		if slices.Contains(u.scope, typ) {
			return true
		}
	}
	return false
}

// record puts a transaction on a stack. It is called after its observers.
func (u *UndoManager[M]) record(tx *Txn) {
	if u.config.Capture != nil && !u.config.Capture(tx) || !u.concerns(tx) ||
		!isComparable(tx.origin) || !slices.Contains(u.origins, tx.origin) {
		return
	}
	stack := &u.undoStack
	switch {
	case u.undoing:
		stack = &u.redoStack
		u.StopCapturing()
	case !u.redoing:
		u.Clear(false, true)
	}
	insertions, deletions := tx.insertions(), unitSet{tx.report.deleters, slices.Clone(tx.deletes)}
	var now int64
	if u.config.Now != nil {
		now = u.config.Now()
	}
	fresh := u.undoing || u.redoing || len(*stack) == 0 || u.lastChange == 0 || now-u.lastChange >= u.config.CaptureTimeout
	if fresh {
		*stack = append(*stack, &StackItem[M]{insertions: insertions, deletions: deletions})
	} else {
		last := (*stack)[len(*stack)-1]
		last.deletions.addAll(deletions)
		last.insertions.addAll(insertions)
	}
	if !u.undoing && !u.redoing {
		u.lastChange = now
	}
	tx.eachItem(&deletions, func(h handle) {
		if u.inScope(h) {
			u.doc.keep(h, true)
		}
	})
	hooks := u.updated
	if fresh {
		hooks = u.added
	}
	for _, f := range hooks {
		(*f)(StackEvent[M]{(*stack)[len(*stack)-1], u.undoing, tx.origin, tx})
	}
}

// concerns tells whether a transaction changed something in the scope.
func (u *UndoManager[M]) concerns(tx *Txn) bool {
	return u.whole || slices.ContainsFunc(u.scope, tx.changedInside)
}

// insertions returns what the transaction inserted.
func (tx *Txn) insertions() unitSet {
	d := tx.doc
	touched := slices.Clone(tx.touched)
	sorting.Stable(touched, func(a, b touch) int { return int(a.client) - int(b.client) })
	var s unitSet
	for _, t := range touched {
		s.add(codec.Range{Client: uint64(d.clients[t.client].id), Clock: t.before, Len: t.after - t.before})
	}
	return s
}
