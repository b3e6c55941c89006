package oracle

import (
	"fmt"
	"slices"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/crdt/internal/lib0"
)

// editOne does op on one of the replica's types, as node/edit.mjs does.
func (r *replica) editOne(tx *crdt.Txn, op Op) error {
	edit, ok := edits[op.Kind]
	if !ok {
		return fmt.Errorf("edit of kind %q", op.Kind)
	}
	targets := find(r.shared(), edit.family)
	if len(targets) == 0 {
		return nil
	}
	return edit.run(r, tx, targets[op.Target%len(targets)], op)
}

// edit is what one kind of Op does to types of one family.
type edit struct {
	family func(crdt.Shared) bool
	run    func(*replica, *crdt.Txn, crdt.Shared, Op) error
}

var edits = map[string]edit{
	"text.insert": {isText, func(r *replica, tx *crdt.Txn, s crdt.Shared, op Op) error {
		t := text(s)
		return t.Insert(tx, r.insertAt(t.Len(), op, lib0.UTF16LenString(op.Text)), op.Text)
	}},
	"text.insert formatted": {isText, func(r *replica, tx *crdt.Txn, s crdt.Shared, op Op) error {
		t := text(s)
		return t.InsertFormatted(tx, r.insertAt(t.Len(), op, lib0.UTF16LenString(op.Text)), op.Text, toAttrs(op.Attrs))
	}},
	"text.embed": {isText, func(r *replica, tx *crdt.Txn, s crdt.Shared, op Op) error {
		t := text(s)
		return t.InsertEmbed(tx, r.insertAt(t.Len(), op, 1), toValue(op.Values[0]), toAttrs(op.Attrs)...)
	}},
	"text.delete": {isText, func(r *replica, tx *crdt.Txn, s crdt.Shared, op Op) error {
		return onRange(r, text(s).Len(), op, func(i, n int) error { return text(s).Delete(tx, i, n) })
	}},
	"text.format": {isText, func(r *replica, tx *crdt.Txn, s crdt.Shared, op Op) error {
		return onRange(r, text(s).Len(), op, func(i, n int) error {
			return text(s).Format(tx, i, n, toAttrs(op.Attrs)...)
		})
	}},
	"text.delta": {isText, func(r *replica, tx *crdt.Txn, s crdt.Shared, op Op) error {
		return text(s).ApplyDelta(tx, toDelta(text(s).Len(), op.Delta))
	}},
	"text.set attribute": {isText, func(r *replica, tx *crdt.Txn, s crdt.Shared, op Op) error {
		return text(s).SetAttribute(tx, op.Key, toValue(op.Values[0]))
	}},
	"text.remove attribute": {isText, func(r *replica, tx *crdt.Txn, s crdt.Shared, op Op) error {
		return text(s).RemoveAttribute(tx, op.Key)
	}},
	"array.insert": {isArray, func(r *replica, tx *crdt.Txn, s crdt.Shared, op Op) error {
		a := s.(*crdt.Array)
		return a.Insert(tx, r.insertAt(a.Len(), op, len(op.Values)), toValues(op.Values)...)
	}},
	"array.push": {isArray, func(r *replica, tx *crdt.Txn, s crdt.Shared, op Op) error {
		return s.(*crdt.Array).Push(tx, toValues(op.Values)...)
	}},
	"array.delete": {isArray, func(r *replica, tx *crdt.Txn, s crdt.Shared, op Op) error {
		a := s.(*crdt.Array)
		return onRange(r, a.Len(), op, func(i, n int) error { return a.Delete(tx, i, n) })
	}},
	"map.set": {isMap, func(r *replica, tx *crdt.Txn, s crdt.Shared, op Op) error {
		return asMap(s).Set(tx, op.Key, toValue(op.Values[0]))
	}},
	"map.delete": {isMap, func(r *replica, tx *crdt.Txn, s crdt.Shared, op Op) error {
		return asMap(s).Delete(tx, op.Key)
	}},
	"map.clear": {isMap, func(r *replica, tx *crdt.Txn, s crdt.Shared, op Op) error {
		return asMap(s).Clear(tx)
	}},
	"xml.insert": {isXML, func(r *replica, tx *crdt.Txn, s crdt.Shared, op Op) error {
		x := fragment(s)
		var nodes []crdt.Shared
		for _, v := range op.Values {
			nodes = append(nodes, toShared(v))
		}
		return x.Insert(tx, r.insertAt(x.Len(), op, len(nodes)), nodes...)
	}},
	"xml.delete": {isXML, func(r *replica, tx *crdt.Txn, s crdt.Shared, op Op) error {
		x := fragment(s)
		return onRange(r, x.Len(), op, func(i, n int) error { return x.Delete(tx, i, n) })
	}},
	"xml.set attribute": {isElement, func(r *replica, tx *crdt.Txn, s crdt.Shared, op Op) error {
		return s.(*crdt.XMLElement).SetAttribute(tx, op.Key, toValue(op.Values[0]))
	}},
	"xml.remove attribute": {isElement, func(r *replica, tx *crdt.Txn, s crdt.Shared, op Op) error {
		return s.(*crdt.XMLElement).RemoveAttribute(tx, op.Key)
	}},
}

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

// find returns the live types of a family, parents before children.
func find(from []crdt.Shared, family func(crdt.Shared) bool) []crdt.Shared {
	var found []crdt.Shared
	var visit func(crdt.Shared)
	visitValue := func(v crdt.Value) {
		if s := v.Shared(); s != nil {
			visit(s)
		}
	}
	visit = func(s crdt.Shared) {
		if family(s) {
			found = append(found, s)
		}
		switch {
		case isText(s):
			for _, op := range text(s).Delta() {
				visitValue(op.Insert)
			}
		case isMap(s):
			var keys []string
			for key := range asMap(s).All() {
				keys = append(keys, key)
			}
			slices.Sort(keys)
			for _, key := range keys {
				v, _ := asMap(s).Get(key)
				visitValue(v)
			}
		case isArray(s):
			for _, v := range s.(*crdt.Array).All() {
				visitValue(v)
			}
		case isXML(s):
			for _, v := range fragment(s).All() {
				visitValue(v)
			}
		}
	}
	for _, s := range from {
		visit(s)
	}
	return found
}

func isText(s crdt.Shared) bool    { return text(s) != nil }
func isMap(s crdt.Shared) bool     { return asMap(s) != nil }
func isXML(s crdt.Shared) bool     { return fragment(s) != nil }
func isArray(s crdt.Shared) bool   { _, ok := s.(*crdt.Array); return ok }
func isElement(s crdt.Shared) bool { _, ok := s.(*crdt.XMLElement); return ok }

func text(s crdt.Shared) *crdt.Text {
	switch t := s.(type) {
	case *crdt.Text:
		return t
	case *crdt.XMLText:
		return &t.Text
	}
	return nil
}

func asMap(s crdt.Shared) *crdt.Map {
	switch t := s.(type) {
	case *crdt.Map:
		return t
	case *crdt.XMLHook:
		return &t.Map
	}
	return nil
}

func fragment(s crdt.Shared) *crdt.XMLFragment {
	switch t := s.(type) {
	case *crdt.XMLFragment:
		return t
	case *crdt.XMLElement:
		return &t.XMLFragment
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
