package crdt

import "github.com/sheafdocs/sheaf/crdt/internal/lib0"

// DeltaOp is one step of a delta: it inserts, keeps or deletes. Exactly one of
// Insert, Retain and Delete is set.
type DeltaOp struct {
	Insert Value  // a string, an embedded object or a shared type
	Retain int    // units
	Delete int    // units
	Attrs  []Attr // formats of what is inserted, or to give to what is kept
}

// Delta returns the contents as inserts. All yields them one by one.
func (t *Text) Delta() []DeltaOp {
	if s := t.shared(); s != nil {
		return t.doc.delta(s)
	}
	return nil
}

func (d *Doc) delta(t *sharedType) []DeltaOp {
	var ops []DeltaOp
	for _, op := range d.runs(t) {
		ops = append(ops, op)
	}
	return ops
}

// ordered returns formats in the order in which JavaScript would enumerate
// them as an object.
func (d *Doc) ordered(a formatSet) formatSet {
	if len(a) < 2 {
		return a
	}
	keys, values := make([]string, len(a)), make([]lib0.Any, len(a))
	for i, x := range a {
		keys[i], values[i] = d.keys[x.key], x.value
	}
	return d.orderAttrs(keys, values)
}

// ApplyDelta edits the text from its start by a delta. A delta that goes
// beyond the end fails with ErrRange, and then nothing was changed.
func (t *Text) ApplyDelta(tx *Txn, delta []DeltaOp) error {
	if err := t.edit(tx); err != nil {
		return err
	}
	wants, err := t.checkDelta(delta)
	if err != nil {
		return err
	}
	c := tx.cursorAt(t.doc.childList(t.typ), 0)
	for i, op := range delta {
		switch {
		case op.Insert.Kind() == KindString:
			if op.Insert.Str() == "" {
				break
			}
			err = c.insert(wants[i], func(left, right handle) (handle, error) {
				return tx.insertText(c.list, left, right, lib0.WellFormed(op.Insert.Str()))
			})
		case op.Insert.Kind() != KindUndefined:
			err = c.insert(wants[i], c.embed(op.Insert))
		case op.Retain > 0:
			c.format(op.Retain, wants[i])
		case op.Delete > 0:
			c.delete(op.Delete)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// checkDelta checks a delta before anything is changed, and returns the
// formats of each step.
func (t *Text) checkDelta(delta []DeltaOp) ([]formatSet, error) {
	wants := make([]formatSet, len(delta))
	var inserts []Value
	left := t.len()
	text := 0
	for i, op := range delta {
		var err error
		if wants[i], err = t.doc.toAttrs(op.Attrs); err != nil {
			return nil, err
		}
		if op.Insert.Kind() != KindUndefined {
			if err := checkValue(op.Insert, inEmbed); err != nil {
				return nil, err
			}
			inserts = append(inserts, op.Insert)
			text += len(op.Insert.Str()) + op.Insert.copiedText()
			continue
		}
		if op.Retain < 0 || op.Delete < 0 || op.Retain > left || op.Delete > left-op.Retain {
			return nil, ErrRange
		}
		left -= op.Retain + op.Delete
	}
	if len(t.doc.text.buf)+text > MaxTextBytes {
		return nil, ErrTooLarge
	}
	return wants, checkDistinct(inserts)
}
