package oracle

import (
	"slices"
	"unicode/utf8"

	"github.com/sheafdocs/sheaf/crdt"
)

// maxCopied is how much may be in what is copied, so that programs that copy
// copies stay small.
const maxCopied = 60

func anyType(crdt.Shared) bool { return true }

// copyInto puts a copy of one of the replica's types into another, as
// node/copy.mjs does.
func copyInto(r *replica, tx *crdt.Txn, into crdt.Shared, op Op) error {
	all := find(r.shared(), anyType)
	source := all[op.Length%len(all)]
	size := 0
	for _, s := range find([]crdt.Shared{source}, anyType) {
		keys, _ := keysOf(s)
		size += 1 + units(s) + len(keys)
	}
	if size > maxCopied || !copyable(crdt.ValueOf(source)) {
		return nil
	}
	c := crdt.Clone(source)
	switch {
	case isText(into):
		return text(into).InsertEmbed(tx, r.insertAt(units(into), op, 1), crdt.ValueOf(c))
	case isMap(into):
		return asMap(into).Set(tx, op.Key, crdt.ValueOf(c))
	case isArray(into):
		return into.(*crdt.Array).Insert(tx, r.insertAt(units(into), op, 1), crdt.ValueOf(c))
	}
	return fragment(into).Insert(tx, r.insertAt(units(into), op, 1), c)
}

// copyable tells whether Yjs copies a value as a whole and can insert the copy.
// Ours does that with every value.
func copyable(v crdt.Value) bool {
	s := v.Shared()
	switch {
	case s == nil:
		return v.Kind() != crdt.KindSubdoc
	case isText(s):
		return len(fieldsOf(text(s).Attributes())) == 0 && !slices.ContainsFunc(text(s).Delta(), func(op crdt.DeltaOp) bool {
			return op.Insert.Kind() == crdt.KindShared || op.Insert.Kind() == crdt.KindNull || !utf8.ValidString(op.Insert.Str())
		})
	case isMap(s):
		_, isHook := s.(*crdt.XMLHook)
		for _, v := range asMap(s).All() {
			if !copyable(v) || isHook && v.Shared() != nil {
				return false
			}
		}
		return true
	}
	if e, ok := s.(*crdt.XMLElement); ok && slices.ContainsFunc(fieldsOf(e.Attributes()), func(f crdt.Field) bool {
		return f.Value.Kind() >= crdt.KindShared
	}) {
		return false
	}
	for _, v := range elements(s) {
		if !copyable(v) || v.Kind() == crdt.KindUndefined || v.Kind() == crdt.KindBigInt {
			return false
		}
	}
	return true
}

// elements returns the children of an array or fragment.
func elements(s crdt.Shared) []crdt.Value {
	var list []crdt.Value
	if a, ok := s.(*crdt.Array); ok {
		for _, v := range a.All() {
			list = append(list, v)
		}
		return list
	}
	for _, v := range fragment(s).All() {
		list = append(list, v)
	}
	return list
}

// addCopies lets a program copy types.
func (g *generator) addCopies(p *Program) {
	if g.chance(0.6) {
		return
	}
	for range 1 + g.IntN(6) {
		op := Op{Kind: "copy", Target: g.IntN(8), Length: g.IntN(8), Index: g.IntN(1 << 16), Key: g.keys[g.IntN(len(g.keys))]}
		s := Step{Kind: StepEdit, To: g.IntN(g.replicas), Ops: []Op{op}}
		if g.chance(0.3) {
			s.Ops = append(s.Ops, g.op())
		}
		p.Steps = slices.Insert(p.Steps, g.IntN(len(p.Steps)+1), s)
	}
}
