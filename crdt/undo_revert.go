package crdt

import "slices"

// UndoItem is a run of units that undoing or redoing would delete.
type UndoItem struct {
	ID     ID // of the first unit
	Length uint64
	Parent Shared // the type that it is in
	Value  Value  // the type, subdocument, embed or bytes that it holds; else undefined
}

// Undo undoes the latest item of the undo stack that can still be undone, and
// returns it, or nil if there is none. The error is ErrNoClientID, or
// ErrTooLarge at MaxTextBytes or MaxClock; then nothing was changed.
func (u *UndoManager[M]) Undo() (*StackItem[M], error) {
	u.undoing = true
	defer func() { u.undoing = false }()
	return u.pop(&u.undoStack, false)
}

// Redo redoes the latest item of the redo stack that can still be redone; like
// Undo.
func (u *UndoManager[M]) Redo() (*StackItem[M], error) {
	u.redoing = true
	defer func() { u.redoing = false }()
	return u.pop(&u.redoStack, true)
}

func (u *UndoManager[M]) pop(stack *[]*StackItem[M], redo bool) (*StackItem[M], error) {
	d := u.doc
	if err := d.canWrite(); err != nil {
		return nil, err
	}
	var done *Txn
	var err error
	d.transact(u, true, func(tx *Txn) {
		done = tx
		for len(*stack) > 0 && u.current == nil && err == nil {
			top := (*stack)[len(*stack)-1]
			*stack = (*stack)[:len(*stack)-1]
			var changed bool
			if changed, err = u.revert(tx, top); err != nil {
				*stack = append(*stack, top)
			} else if changed {
				u.current = top
			}
		}
	})
	item := u.current
	if item != nil {
		for _, f := range u.popped {
			(*f)(StackEvent[M]{item, redo, u, done})
		}
		u.current = nil
	}
	return item, err
}

// revert makes again what an item deleted and deletes what it inserted, and
// tells whether there was anything.
func (u *UndoManager[M]) revert(tx *Txn, s *StackItem[M]) (changed bool, err error) {
	d := u.doc
	var remove []handle
	tx.eachItem(&s.insertions, func(h handle) {
		if d.item(h).redone() {
			h = tx.latest(h)
		}
		if !d.item(h).deleted() && u.inScope(h) {
			remove = append(remove, h)
		}
	})
	r := redo{tx: tx, undone: s.insertions, wanted: make(map[handle]bool), overwrite: u.config.IgnoreRemoteMapChanges}
	text := 0
	tx.eachItem(&s.deletions, func(h handle) {
		if it := d.item(h); u.inScope(h) && !d.hasItem(&s.insertions, it) {
			r.items, r.wanted[h] = append(r.items, h), true
			if it.kind == kindString {
				text += int(it.size)
			}
		}
	})
	if len(d.text.buf)+text > MaxTextBytes {
		return false, ErrTooLarge
	}
	r.stacked = func(it *item) bool {
		deletes := func(other *StackItem[M]) bool { return d.hasItem(&other.deletions, it) }
		return slices.ContainsFunc(u.undoStack, deletes) || slices.ContainsFunc(u.redoStack, deletes)
	}
	for _, h := range r.items {
		changed = r.item(h) != 0 || changed
	}
	for _, h := range slices.Backward(remove) {
		if u.config.DeleteFilter == nil || u.config.DeleteFilter(d.undoItem(h)) {
			tx.delete(h)
			changed = true
		}
	}
	return changed, nil
}

func (d *Doc) undoItem(h handle) UndoItem {
	it := d.item(h)
	return UndoItem{
		ID:     ID{d.clients[it.client].id, it.clock},
		Length: it.len(),
		Parent: d.view(d.lists[it.list].typ),
		Value:  d.singleValue(it),
	}
}
