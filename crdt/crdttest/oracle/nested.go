package oracle

import (
	"slices"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/crdt/internal/lib0"
)

// child is a live type inside another, at an index or under a key.
type child struct {
	shared crdt.Shared
	index  int
	key    string
}

// children returns the types that are directly inside a type.
func children(s crdt.Shared) []child {
	var list []child
	add := func(v crdt.Value, index int, key string) {
		if inner := v.Shared(); inner != nil {
			list = append(list, child{inner, index, key})
		}
	}
	switch {
	case isText(s):
		at := 0
		for _, op := range text(s).Delta() {
			add(op.Insert, at, "")
			if op.Insert.Kind() == crdt.KindString {
				at += lib0.UTF16LenString(op.Insert.Str())
			} else {
				at++
			}
		}
	case isMap(s):
		var keys []string
		for key := range asMap(s).All() {
			keys = append(keys, key)
		}
		slices.Sort(keys)
		for _, key := range keys {
			v, _ := asMap(s).Get(key)
			add(v, 0, key)
		}
	default:
		for i, v := range elements(s) {
			add(v, i, "")
		}
	}
	return list
}

// holdsTypes is the family of types with others inside.
func holdsTypes(s crdt.Shared) bool { return len(children(s)) > 0 }

// inside returns those of the types that are no roots.
func (r *replica) inside(types []crdt.Shared) []crdt.Shared {
	roots := r.shared()
	return slices.DeleteFunc(types, func(s crdt.Shared) bool { return slices.Contains(roots, s) })
}

// drop deletes a type from the one that it is in.
func drop(_ *replica, tx *crdt.Txn, from crdt.Shared, op Op) error {
	list := children(from)
	c := list[op.Length%len(list)]
	switch {
	case isText(from):
		return text(from).Delete(tx, c.index, 1)
	case isMap(from):
		return asMap(from).Delete(tx, c.key)
	case isArray(from):
		return from.(*crdt.Array).Delete(tx, c.index, 1)
	}
	return fragment(from).Delete(tx, c.index, 1)
}
