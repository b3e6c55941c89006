package oracle

import (
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/sheafdocs/sheaf/crdt"
)

// past shows what a type was at a snapshot. A text is shown first, as
// node/past.mjs must do.
func (r *replica) past(s crdt.Shared, at *crdt.Snapshot) (shown string, err error) {
	split := slices.IndexFunc(r.shared(), isText)
	if at == nil || split < 0 {
		return "", nil
	}
	r.doc.Transact("cleanup", func(*crdt.Txn) {
		text(r.shared()[split]).DeltaAt(at, nil)
		var b strings.Builder
		err = dumpAt(&b, crdt.ValueOf(s), *at)
		shown = b.String()
	})
	return shown, err
}

// dumpAt writes down a value and, of shared types, what they were.
func dumpAt(b *strings.Builder, v crdt.Value, at crdt.Snapshot) error {
	s := v.Shared()
	switch {
	case s == nil:
		dumpValue(b, v)
		return nil
	case isText(s):
		b.WriteString("Text")
		return keysAt(b, text(s).AttributesAt(at), func(key string) (crdt.Value, bool) { return text(s).AttributeAt(at, key) }, at)
	case isMap(s):
		b.WriteString("Map")
		return keysAt(b, asMap(s).AllAt(at), func(key string) (crdt.Value, bool) { return asMap(s).GetAt(at, key) }, at)
	}
	b.WriteString("List")
	if e, ok := s.(*crdt.XMLElement); ok {
		err := keysAt(b, e.AttributesAt(at), func(key string) (crdt.Value, bool) { return e.AttributeAt(at, key) }, at)
		if err != nil {
			return err
		}
	}
	all := func(yield func(int, crdt.Value) bool) { s.(*crdt.Array).AllAt(at)(yield) }
	if isXML(s) {
		all = fragment(s).AllAt(at)
	}
	b.WriteByte('[')
	for i, e := range all {
		comma(b, i)
		if err := dumpAt(b, e, at); err != nil {
			return err
		}
	}
	b.WriteByte(']')
	return nil
}

// keysAt writes down the keys of a map or of attributes. get must give the same
// values.
func keysAt(b *strings.Builder, entries iter.Seq2[string, crdt.Value], get func(string) (crdt.Value, bool), at crdt.Snapshot) error {
	// Yjs shows as undefined also what was collected.
	fields := slices.DeleteFunc(fieldsOf(entries), func(f crdt.Field) bool { return f.Value.Kind() == crdt.KindUndefined })
	slices.SortFunc(fields, func(x, y crdt.Field) int { return strings.Compare(x.Key, y.Key) })
	b.WriteByte('{')
	for i, f := range fields {
		if v, ok := get(f.Key); !ok || !v.Equal(f.Value) {
			return fmt.Errorf("two values of %s", f.Key)
		}
		comma(b, i)
		b.WriteString(quote(f.Key) + ":")
		if err := dumpAt(b, f.Value, at); err != nil {
			return err
		}
	}
	b.WriteByte('}')
	return nil
}
