package crdt

import (
	"unicode/utf16"

	"github.com/sheafdocs/sheaf/crdt/internal/lib0"
)

// newItem returns an item of this document's client that belongs between left
// and right. The caller sets its content and hands it to insert.
func (tx *Txn) newItem(list int32, left, right handle) handle {
	d := tx.doc
	c := d.addClient(d.config.ClientID)
	h := d.items.alloc()
	it := d.items.at(h)
	it.client, it.clock, it.units, it.list = c, d.clients[c].state, 1, list
	if left != 0 {
		l := d.items.at(left)
		it.setOrigin(unit{l.client, l.end() - 1})
	}
	if right != 0 {
		r := d.items.at(right)
		it.setRightOrigin(unit{r.client, r.clock})
	}
	return h
}

// insertValue inserts an item that holds one value, which was checked.
func (tx *Txn) insertValue(list int32, left, right handle, v Value) handle {
	d := tx.doc
	h := tx.newItem(list, left, right)
	it := d.items.at(h)
	switch v.Kind() {
	case KindShared:
		it.kind = kindType
		n := v.node.(Shared).base()
		typ := d.addType(&sharedType{kind: n.kind, item: h, name: n.name, view: v.node.(Shared)})
		it.content = uint32(typ)
		n.doc, n.typ = d, typ
		if w := n.watch; w != nil {
			d.observers += len(w.own) + len(w.deep)
			d.deepInside += len(w.deep)
		}
		tx.insert(h, left, right)
		tx.fill(n)
		return h
	case KindSubdoc:
		v.Subdoc().shouldLoad = !v.Subdoc().Unloaded
		it.kind, it.content = kindDoc, d.subdocs.add(subdocEntry{Subdoc: v.Subdoc()})
	case KindBytes:
		it.kind, it.content = kindBinary, d.singles.add(v.plain)
	default:
		it.kind, it.content = kindAny, d.elements.add([]lib0.Any{v.plain})
	}
	tx.insert(h, left, right)
	return h
}

// insertPlain inserts an item that holds plain values, which it takes over.
func (tx *Txn) insertPlain(list int32, left, right handle, values []lib0.Any) handle {
	h := tx.newItem(list, left, right)
	it := tx.doc.items.at(h)
	it.kind, it.units, it.content = kindAny, uint32(len(values)), tx.doc.elements.add(values)
	tx.insert(h, left, right)
	return h
}

// insertText inserts text, which is UTF-8, and returns the item that holds it.
func (tx *Txn) insertText(list int32, left, right handle, text string) (handle, error) {
	d := tx.doc
	if len(d.text.buf)+len(text) > MaxTextBytes {
		return 0, ErrTooLarge
	}
	units := uint64(lib0.UTF16LenString(text))
	if left != 0 && left == d.clients[d.clientIndex(d.config.ClientID)].last() {
		var rightOrigin unit
		if right != 0 {
			r := d.items.at(right)
			rightOrigin = unit{r.client, r.clock}
		}
		if d.continues(left, kindString, right, rightOrigin) {
			extendText(tx, left, text, units)
			return left, nil
		}
	}
	h := tx.newItem(list, left, right)
	it := d.items.at(h)
	it.kind, it.units = kindString, uint32(units)
	putText(&d.text, it, text)
	tx.insert(h, left, right)
	return h, nil
}

// insertFormat inserts a format mark.
func (tx *Txn) insertFormat(list int32, left, right handle, key uint32, value lib0.Any) handle {
	h := tx.newItem(list, left, right)
	it := tx.doc.items.at(h)
	it.kind, it.size, it.content = kindFormat, key, tx.doc.singles.add(value)
	tx.insert(h, left, right)
	return h
}

// plainContent returns the values of an item that holds neither a type nor a
// subdocument.
func (d *Doc) plainContent(it *item) []lib0.Any {
	switch it.kind {
	case kindJSON, kindAny:
		return d.elements.values[it.content]
	case kindString:
		return d.textUnits(it)
	case kindBinary, kindEmbed:
		return d.singles.values[it.content : it.content+1]
	}
	return make([]lib0.Any, it.units) // a format mark, say, in a map
}

// lastValue returns the last value that an item holds.
func (d *Doc) lastValue(it *item) Value {
	switch it.kind {
	case kindType, kindDoc:
		return d.singleValue(it)
	}
	list := d.plainContent(it)
	return Value{plain: list[len(list)-1]}
}

// singleValue returns the value of an item that holds exactly one.
func (d *Doc) singleValue(it *item) Value {
	switch it.kind {
	case kindBinary, kindEmbed:
		return Value{plain: d.singles.values[it.content]}
	case kindType:
		return Value{node: d.view(int32(it.content))}
	case kindDoc:
		return Value{node: d.subdocs.values[it.content].Subdoc}
	}
	return Value{}
}

// textUnits returns each UTF-16 unit of a string as a string of its own, as
// Yjs sees text in an array or map.
func (d *Doc) textUnits(it *item) []lib0.Any {
	out := make([]lib0.Any, 0, it.units)
	for _, r := range string(d.text.bytes(it)) {
		if r > 0xffff {
			high, low := utf16.EncodeRune(r)
			out = append(out, lib0.Surrogate(high), lib0.Surrogate(low))
			continue
		}
		out = append(out, lib0.String(string(r)))
	}
	return out
}

// checkPlace tells where a value is about to be stored.
type checkPlace uint8

const (
	inArray  checkPlace = iota // element of an array or child of a fragment
	inMap                      // value of a map entry
	inFormat                   // value of a format
	inEmbed                    // embedded object in a text
)

// checkValue tells whether a value can be stored in a place.
func checkValue(v Value, place checkPlace) error {
	switch v.Kind() {
	case KindShared:
		if place == inFormat {
			return ErrValue
		}
		n := v.node.(Shared).base()
		if n == nil {
			return ErrValue
		}
		if n.doc != nil {
			return ErrAttached
		}
		return nil
	case KindSubdoc:
		if place >= inFormat || v.Subdoc() == nil {
			return ErrValue
		}
		return checkPlain(v.Subdoc().Meta.plain, 1, false)
	case KindUndefined:
		if place != inMap {
			return ErrValue
		}
	case KindBigInt:
		if place != inMap {
			return ErrValue
		}
	}
	return checkPlain(v.plain, 0, place >= inFormat)
}

// checkPlain checks the depth of a value and, where it will be written as
// JSON, that it consists of what JSON has.
func checkPlain(v lib0.Any, depth int, json bool) error {
	if depth > MaxValueNesting {
		return ErrValue
	}
	if json && (v.Kind() == lib0.KindBigInt || v.Kind() == lib0.KindBytes) {
		return ErrValue
	}
	for _, e := range v.List() {
		if err := checkPlain(e, depth+1, json); err != nil {
			return err
		}
	}
	return nil
}

// checkDistinct fails if a type occurs twice among values that are inserted
// together.
func checkDistinct(values []Value) error {
	var seen map[entry]bool
	for i, v := range values {
		if v.Kind() != KindShared {
			continue
		}
		if seen[v.node] {
			return ErrAttached
		}
		if i+1 == len(values) {
			break // also where a type is inserted alone, which costs no memory
		}
		if seen == nil {
			seen = make(map[entry]bool)
		}
		seen[v.node] = true
	}
	return nil
}
