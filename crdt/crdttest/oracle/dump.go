package oracle

import (
	"encoding/hex"
	"fmt"
	"iter"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/crdt/internal/lib0"
)

// dump writes what a shared type shows, as node/dump.mjs does: the order of
// the keys of maps and attributes is left out, everything else is in.
func dump(b *strings.Builder, s crdt.Shared) {
	switch t := s.(type) {
	case *crdt.XMLText:
		b.WriteString("XmlText")
		dumpText(b, &t.Text)
	case *crdt.Text:
		b.WriteString("Text")
		dumpText(b, t)
	case *crdt.Array:
		b.WriteString("Array")
		var list []crdt.Value
		for _, v := range t.All() {
			list = append(list, v)
		}
		dumpList(b, t.Len(), list)
	case *crdt.XMLHook:
		b.WriteString("Hook " + quote(t.Name()))
		dumpMap(b, &t.Map)
	case *crdt.Map:
		b.WriteString("Map")
		dumpMap(b, t)
	case *crdt.XMLElement:
		b.WriteString("Element " + quote(t.Name()))
		dumpAttributes(b, fieldsOf(t.Attributes()))
		dumpChildren(b, &t.XMLFragment)
	case *crdt.XMLFragment:
		b.WriteString("Fragment")
		dumpChildren(b, t)
	default:
		fmt.Fprintf(b, "unknown type %T", s)
	}
}

func dumpValue(b *strings.Builder, v crdt.Value) {
	switch v.Kind() {
	case crdt.KindShared:
		dump(b, v.Shared())
	case crdt.KindSubdoc:
		s := v.Subdoc()
		fmt.Fprintf(b, "Doc(%s,%v,%v,", quote(s.GUID), s.AutoLoad, !s.DisableGC)
		dumpValue(b, s.Meta)
		b.WriteByte(')')
	default:
		plain(b, v, keysInOrder)
	}
}

func dumpText(b *strings.Builder, t *crdt.Text) {
	dumpAttributes(b, fieldsOf(t.Attributes()))
	delta := t.Delta()
	fmt.Fprintf(b, "%d[", t.Len())
	dumpRuns(b, delta)
	b.WriteByte(']')
	// Other values in a text count, but are in no delta.
	total := 0
	for _, op := range delta {
		total += unitsOf(op.Insert)
	}
	if total != t.Len() {
		return
	}
	var all []crdt.DeltaOp
	at := 0
	for index, op := range t.All() {
		if index != at {
			fmt.Fprintf(b, "a run at %d, not %d", index, at)
		}
		all, at = append(all, op), at+unitsOf(op.Insert)
	}
	if !slices.EqualFunc(all, delta, sameRun) {
		b.WriteString("other runs in All")
	}
	all, at = nil, t.Len()/3
	for index, op := range t.Runs(at, t.Len()/2) {
		if index != at {
			fmt.Fprintf(b, "a run of some at %d, not %d", index, at)
		}
		all, at = append(all, op), at+unitsOf(op.Insert)
	}
	b.WriteByte('[')
	dumpRuns(b, all)
	b.WriteByte(']')
}

func sameRun(x, y crdt.DeltaOp) bool {
	return x.Insert.Equal(y.Insert) && slices.EqualFunc(x.Attrs, y.Attrs, func(a, b crdt.Attr) bool { return a.Key == b.Key && a.Value.Equal(b.Value) })
}

// unitsOf returns the length of a run.
func unitsOf(insert crdt.Value) int {
	if insert.Kind() == crdt.KindString {
		return lib0.UTF16LenString(insert.Str())
	}
	return 1
}

func dumpRuns(b *strings.Builder, ops []crdt.DeltaOp) {
	for i, op := range ops {
		if i > 0 {
			b.WriteByte(',')
		}
		dumpValue(b, op.Insert)
		if op.Attrs != nil {
			fields := make([]crdt.Field, len(op.Attrs))
			for i, a := range op.Attrs {
				fields[i] = crdt.Field(a)
			}
			dumpAttributes(b, fields)
		}
	}
}

func dumpMap(b *strings.Builder, m *crdt.Map) {
	b.WriteString(strconv.Itoa(m.Len()))
	dumpAttributes(b, fieldsOf(m.All()))
}

func fieldsOf(entries iter.Seq2[string, crdt.Value]) (fields []crdt.Field) {
	for key, v := range entries {
		fields = append(fields, crdt.Field{Key: key, Value: v})
	}
	return fields
}

func dumpChildren(b *strings.Builder, x *crdt.XMLFragment) {
	var list []crdt.Value
	for _, v := range x.All() {
		list = append(list, v)
	}
	dumpList(b, x.Len(), list)
}

func dumpList(b *strings.Builder, length int, list []crdt.Value) {
	fmt.Fprintf(b, "%d[", length)
	for i, v := range list {
		if i > 0 {
			b.WriteByte(',')
		}
		dumpValue(b, v)
	}
	b.WriteByte(']')
}

func dumpAttributes(b *strings.Builder, fields []crdt.Field) {
	fields = slices.Clone(fields)
	slices.SortFunc(fields, func(x, y crdt.Field) int { return strings.Compare(x.Key, y.Key) })
	b.WriteByte('{')
	for i, f := range fields {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(quote(f.Key) + ":")
		dumpValue(b, f.Value)
	}
	b.WriteByte('}')
}

// keyOrder says whether the order of an object's keys counts.
type keyOrder int

const (
	keysInOrder keyOrder = iota
	sortedKeys
)

// plain writes a value without shared types.
func plain(b *strings.Builder, v crdt.Value, order keyOrder) {
	switch v.Kind() {
	case crdt.KindUndefined, crdt.KindNull:
		b.WriteString(v.Kind().String())
	case crdt.KindBool:
		b.WriteString(strconv.FormatBool(v.Bool()))
	case crdt.KindNumber:
		bits := math.Float64bits(v.Number())
		if v.Number() != v.Number() {
			bits = 0x7ff8000000000000
		}
		fmt.Fprintf(b, "#%x", bits)
	case crdt.KindBigInt:
		fmt.Fprintf(b, "%dn", v.BigInt())
	case crdt.KindString:
		b.WriteString(quote(v.Str()))
	case crdt.KindBytes:
		b.WriteString("x" + hex.EncodeToString(v.Bytes()))
	case crdt.KindArray:
		b.WriteByte('[')
		for i, e := range v.Array() {
			if i > 0 {
				b.WriteByte(',')
			}
			plain(b, e, order)
		}
		b.WriteByte(']')
	case crdt.KindObject:
		plainObject(b, v.Object(), order)
	default:
		fmt.Fprintf(b, "unexpected %v", v.Kind())
	}
}

func plainObject(b *strings.Builder, fields []crdt.Field, order keyOrder) {
	if order == sortedKeys {
		fields = slices.Clone(fields)
		slices.SortFunc(fields, func(x, y crdt.Field) int { return strings.Compare(x.Key, y.Key) })
	}
	b.WriteByte('{')
	for i, f := range fields {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(quote(f.Key) + ":")
		plain(b, f.Value, order)
	}
	b.WriteByte('}')
}

// quote prints a string as JSON.stringify does.
func quote(s string) string { return string(lib0.AppendJSONString(nil, s)) }
