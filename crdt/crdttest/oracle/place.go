package oracle

import (
	"strconv"

	"github.com/sheafdocs/sheaf/crdt"
)

// place returns an index at which to insert.
func (r *replica) place(length int, op Op) int {
	switch op.Index {
	case AtEnd:
		return length
	case AtCaret:
		return min(r.caret, length)
	}
	return op.Index % (length + 1)
}

// insertAt returns an index at which to insert so many units, and moves the
// caret behind them.
func (r *replica) insertAt(length int, op Op, units int) int {
	at := r.place(length, op)
	r.caret = at + units
	return at
}

// onRange calls f with a non-empty range, unless the type is empty. At the end
// and the caret it is what stands before them.
func onRange(r *replica, length int, op Op, f func(index, length int) error) error {
	if length == 0 {
		return nil
	}
	max := op.Max
	if max == 0 {
		max = length
	}
	if op.Index < 0 {
		end := r.place(length, op)
		if end == 0 {
			end = 1
		}
		n := 1 + op.Length%min(end, max)
		r.caret = end - n
		return f(r.caret, n)
	}
	r.caret = op.Index % length
	return f(r.caret, 1+op.Length%min(length-r.caret, max))
}

// scatter calls insert at many places all over a type, and remove at some.
func scatter(length func() int, op Op, insert func(at, n int) error, remove func(at int) error) error {
	x := op.Index
	for n := range op.Length {
		var err error
		x = (x*1103 + 12345) % 65536
		if x%4 == 0 && length() > 0 {
			err = remove(x % length())
		} else {
			err = insert(x%(length()+1), n)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func scatterText(tx *crdt.Txn, t *crdt.Text, op Op) error {
	return scatter(t.Len, op,
		func(at, _ int) error {
			if op.Attrs == nil {
				return t.Insert(tx, at, op.Text)
			}
			return t.InsertFormatted(tx, at, op.Text, toAttrs(op.Attrs))
		},
		func(at int) error { return t.Delete(tx, at, 1) })
}

func scatterKeys(tx *crdt.Txn, m *crdt.Map, op Op) error {
	x := op.Index
	for n := range op.Length {
		var err error
		x = (x*1103 + 12345) % 65536
		key := "k" + strconv.Itoa(x%300)
		if x%4 == 0 {
			err = m.Delete(tx, key)
		} else {
			err = m.Set(tx, key, crdt.Number(float64(n)))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// toDelta reduces the lengths in a delta to what a text of this length has.
func toDelta(length int, parts []DeltaPart) []crdt.DeltaOp {
	var ops []crdt.DeltaOp
	for _, part := range parts {
		attrs := toAttrs(part.Attrs)
		if part.Kind == "insert" {
			ops = append(ops, crdt.DeltaOp{Insert: toValue(*part.Value), Attrs: attrs})
			continue
		}
		n := part.N % (length + 1)
		if n == 0 {
			continue
		}
		length -= n
		if part.Kind == "retain" {
			ops = append(ops, crdt.DeltaOp{Retain: n, Attrs: attrs})
		} else {
			ops = append(ops, crdt.DeltaOp{Delete: n})
		}
	}
	return ops
}
