package crdt

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/sheafdocs/sheaf/crdt/internal/lib0"
)

func validName(name string) string { return lib0.ValidString(name) }

func parseJSON(text []byte) (lib0.Any, error) {
	v, err := lib0.ParseJSON([]byte(lib0.ValidString(string(text))))
	if err != nil {
		return v, fmt.Errorf("parse JSON: %w: %w", ErrMalformed, err)
	}
	return v, nil
}

// JSON returns the contents of all roots that were defined here, as Yjs's
// toJSON does. Roots that only updates have named so far are left out.
func (d *Doc) JSON() Value {
	var keys []string
	var list []lib0.Any
	for _, typ := range d.roots {
		if t := d.types[typ]; t.kind != typeUndefined {
			keys, list = append(keys, t.name), append(list, d.typeJSON(typ, 0))
		}
	}
	return Value{plain: lib0.Object(keys, list)}
}

// typeJSON returns the contents of a type.
func (d *Doc) typeJSON(typ int32, depth int) lib0.Any {
	if depth > maxNesting {
		return lib0.Null()
	}
	t := d.types[typ]
	switch t.kind {
	case typeText:
		return lib0.String(d.plainText(t))
	case typeArray:
		var list []lib0.Any
		d.eachUnit(t, func(_ int, v Value) bool {
			list = append(list, d.valueJSON(v, depth))
			return true
		})
		return lib0.Array(list)
	case typeMap, typeXMLHook:
		var keys []string
		var list []lib0.Any
		d.eachEntry(t, func(key string, v Value) bool {
			keys, list = append(keys, key), append(list, d.valueJSON(v, depth))
			return true
		})
		return lib0.Object(keys, list)
	case typeUndefined:
		return lib0.Any{}
	}
	return lib0.String(d.nodeString(t, depth))
}

func (d *Doc) valueJSON(v Value, depth int) lib0.Any {
	switch v.Kind() {
	case KindShared:
		return d.typeJSON(v.Shared().base().typ, depth+1)
	case KindSubdoc:
		return lib0.Object(nil, nil)
	}
	return v.plain
}

// nodeString returns what JavaScript's String would return for a type.
func (d *Doc) nodeString(t *sharedType, depth int) string {
	if depth > maxNesting {
		return ""
	}
	switch t.kind {
	case typeText:
		return d.plainText(t)
	case typeXMLText:
		return d.xmlText(t, depth)
	case typeXMLFragment, typeXMLElement:
		return d.xmlString(t, depth)
	}
	return "[object Object]"
}

func (d *Doc) valueString(v Value, depth int) string {
	switch v.Kind() {
	case KindShared:
		return d.nodeString(d.types[v.Shared().base().typ], depth+1)
	case KindSubdoc:
		return "[object Object]"
	}
	return lib0.Text(v.plain)
}

// xmlString returns a fragment or element as XML text, the way Yjs prints it:
// without escapes, attributes sorted, names in lower case.
func (d *Doc) xmlString(t *sharedType, depth int) string {
	var b strings.Builder
	name := ""
	if t.kind == typeXMLElement {
		if name = t.name; t.item == 0 {
			name = rootNodeName
		}
		name = strings.ToLower(name)
		b.WriteString("<" + name)
		var attributes []string
		d.eachEntry(t, func(key string, v Value) bool {
			attributes = append(attributes, key+"\x00"+key+`="`+d.valueString(v, depth)+`"`)
			return true
		})
		slices.Sort(attributes)
		for _, a := range attributes {
			_, shown, _ := strings.Cut(a, "\x00")
			b.WriteString(" " + shown)
		}
		b.WriteString(">")
	}
	d.eachUnit(t, func(_ int, v Value) bool {
		b.WriteString(d.valueString(v, depth))
		return true
	})
	if t.kind == typeXMLElement {
		b.WriteString("</" + name + ">")
	}
	return b.String()
}

// xmlText returns a text with its formats as tags around each stretch.
func (d *Doc) xmlText(t *sharedType, depth int) string {
	var b strings.Builder
	for _, op := range d.delta(t) {
		attrs := slices.Clone(op.Attrs)
		slices.SortFunc(attrs, func(a, b Attr) int { return strings.Compare(a.Key, b.Key) })
		for _, a := range attrs {
			b.WriteString("<" + a.Key)
			for _, f := range tagAttributes(a.Value) {
				b.WriteString(" " + f.Key + `="` + lib0.Text(f.Value.plain) + `"`)
			}
			b.WriteString(">")
		}
		b.WriteString(d.valueString(op.Insert, depth))
		for _, a := range slices.Backward(attrs) {
			b.WriteString("</" + a.Key + ">")
		}
	}
	return b.String()
}

// tagAttributes returns what JavaScript would enumerate in a format's value,
// sorted by key.
func tagAttributes(v Value) []Field {
	var fields []Field
	switch v.Kind() {
	case KindObject:
		fields = v.Object()
	case KindArray:
		for i, e := range v.Array() {
			fields = append(fields, Field{strconv.Itoa(i), e})
		}
	case KindString:
		i := 0
		for _, r := range v.Str() {
			fields = append(fields, Field{strconv.Itoa(i), String(string(r))})
			if i++; r > 0xffff {
				i++
			}
		}
	}
	slices.SortStableFunc(fields, func(a, b Field) int { return strings.Compare(a.Key, b.Key) })
	return fields
}
