package crdt

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sheafdocs/sheaf/crdt/internal/lib0"
	"github.com/sheafdocs/sheaf/crdt/internal/sorting"
)

func parseJSON(text []byte) (lib0.Any, error) {
	v, err := lib0.ParseJSON([]byte(lib0.ValidString(string(text))))
	if err != nil {
		return v, failed("parse JSON", ErrMalformed, err)
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
	if depth > MaxNesting {
		return lib0.Null()
	}
	t := d.types[typ]
	switch t.kind {
	case typeText:
		return lib0.String(d.plainText(t))
	case typeArray:
		var list []lib0.Any
		for it := range d.unitItems(t) {
			list = d.appendJSON(list, it, depth)
		}
		return lib0.Array(list)
	case typeMap, typeXMLHook:
		var keys []string
		var list []lib0.Any
		for key, it := range d.entryItems(t) {
			values := d.appendJSON(nil, it, depth)
			keys, list = append(keys, key), append(list, values[len(values)-1])
		}
		return lib0.Object(keys, list)
	case typeUndefined:
		return lib0.Any{}
	}
	var b printer
	d.writeNode(&b, t, depth)
	return lib0.String(b.String())
}

// appendJSON appends the contents of what an item holds.
func (d *Doc) appendJSON(list []lib0.Any, it *item, depth int) []lib0.Any {
	switch it.kind {
	case kindType:
		return append(list, d.typeJSON(int32(it.content), depth+1))
	case kindDoc:
		return append(list, lib0.Object(nil, nil))
	}
	return append(list, d.plainContent(it)...)
}

// writeNode writes what JavaScript's String would return for a type.
func (d *Doc) writeNode(b *printer, t *sharedType, depth int) {
	switch {
	case depth > MaxNesting:
	case t.kind == typeText:
		b.add(d.plainText(t))
	case t.kind == typeXMLText:
		d.writeXMLText(b, t, depth)
	case t.kind == typeXMLFragment || t.kind == typeXMLElement:
		d.writeXML(b, t, depth)
	default:
		b.add("[object Object]")
	}
}

// writeItem writes what JavaScript's String would return for the values of an
// item from the given one on.
func (d *Doc) writeItem(b *printer, it *item, from int, depth int) {
	switch it.kind {
	case kindType:
		d.writeNode(b, d.types[it.content], depth+1)
	case kindDoc:
		b.add("[object Object]")
	default:
		for _, v := range d.plainContent(it)[from:] {
			b.add(lib0.Text(v))
		}
	}
}

// writeXML writes a fragment or element as XML text, the way Yjs prints it:
// without escapes, attributes sorted, names in lower case.
func (d *Doc) writeXML(b *printer, t *sharedType, depth int) {
	name := t.name
	if t.kind == typeXMLElement {
		if t.item == 0 {
			name = rootNodeName
		}
		name = lowerCase(name)
		b.add("<" + name)
		type attribute struct {
			key string
			it  *item
		}
		var attributes []attribute
		for key, it := range d.entryItems(t) {
			attributes = append(attributes, attribute{key, it})
		}
		sorting.Stable(attributes, func(a, b attribute) int { return strings.Compare(a.key, b.key) })
		for _, a := range attributes {
			b.add(" " + a.key + `="`)
			d.writeItem(b, a.it, int(a.it.len())-1, depth)
			b.add(`"`)
		}
		b.add(">")
	}
	for it := range d.unitItems(t) {
		d.writeItem(b, it, 0, depth)
	}
	if t.kind == typeXMLElement {
		b.add("</" + name + ">")
	}
}

// lowerCase is strings.ToLower without what makes that quick.
func lowerCase(s string) string {
	var out []byte
	for _, r := range s {
		out = utf8.AppendRune(out, unicode.ToLower(r))
	}
	return string(out)
}

// writeXMLText writes a text with its formats as tags around each stretch.
func (d *Doc) writeXMLText(b *printer, t *sharedType, depth int) {
	for _, op := range d.runs(t) {
		attrs := slices.Clone(op.Attrs)
		sorting.Stable(attrs, func(a, b Attr) int { return strings.Compare(a.Key, b.Key) })
		for _, a := range attrs {
			b.add("<" + a.Key)
			for _, f := range tagAttributes(a.Value) {
				b.add(" " + f.Key + `="` + lib0.Text(f.Value.plain) + `"`)
			}
			b.add(">")
		}
		if node := op.Insert.Shared(); node != nil {
			d.writeNode(b, d.types[node.base().typ], depth+1)
		} else {
			b.add(lib0.Text(op.Insert.plain))
		}
		for _, a := range slices.Backward(attrs) {
			b.add("</" + a.Key + ">")
		}
	}
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
	sorting.Stable(fields, func(a, b Field) int { return strings.Compare(a.Key, b.Key) })
	return fields
}

// printer is strings.Builder without what is inlined of that in each place.
type printer []byte

// Not inlined: 18 callers, 2 kB of a page.
//
//go:noinline
func (p *printer) add(s string) { *p = append(*p, s...) }

func (p *printer) String() string { return string(*p) }
