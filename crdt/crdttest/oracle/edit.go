package oracle

import (
	"fmt"
	"strings"

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
	if op.Inside {
		targets = r.inside(targets)
	}
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
	"copy":           {anyType, copyInto},
	"drop":           {holdsTypes, drop},
	"subdoc.load":    onSubdoc((*crdt.Subdoc).Load),
	"subdoc.destroy": onSubdoc((*crdt.Subdoc).Destroy),
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
	"text.repeat": {isText, func(r *replica, tx *crdt.Txn, s crdt.Shared, op Op) error {
		t, all := text(s), strings.Repeat(op.Text, op.Length)
		return t.Insert(tx, r.insertAt(t.Len(), op, lib0.UTF16LenString(all)), all)
	}},
	"text.scatter": {isText, func(r *replica, tx *crdt.Txn, s crdt.Shared, op Op) error {
		return scatterText(tx, text(s), op)
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
	"array.scatter": {isArray, func(r *replica, tx *crdt.Txn, s crdt.Shared, op Op) error {
		a := s.(*crdt.Array)
		return scatter(a.Len, op,
			func(at, n int) error { return a.Insert(tx, at, crdt.Number(float64(n))) },
			func(at int) error { return a.Delete(tx, at, 1) })
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
	"map.scatter": {isMap, func(r *replica, tx *crdt.Txn, s crdt.Shared, op Op) error {
		return scatterKeys(tx, asMap(s), op)
	}},
	"map.clear": {isMap, func(r *replica, tx *crdt.Txn, s crdt.Shared, op Op) error {
		return asMap(s).Clear(tx)
	}},
	"xml.insert": {isXML, func(r *replica, tx *crdt.Txn, s crdt.Shared, op Op) error {
		x := fragment(s)
		nodes := toNodes(op.Values)
		return x.Insert(tx, r.insertAt(x.Len(), op, len(nodes)), nodes...)
	}},
	"xml.insert after": {isXML, func(r *replica, tx *crdt.Txn, s crdt.Shared, op Op) error {
		x := fragment(s)
		var ref crdt.Shared
		if i := op.Index % (x.Len() + 1); i > 0 {
			ref = elements(s)[i-1].Shared()
		}
		return x.InsertAfter(tx, ref, toNodes(op.Values)...)
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
