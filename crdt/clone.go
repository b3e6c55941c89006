package crdt

import "github.com/sheafdocs/sheaf/crdt/internal/lib0"

// Clone returns a copy of a shared type and of all that is in it, to be inserted
// elsewhere, also into another document. The copy is what the original shows now,
// without its history; until it is inserted it cannot be read. It is Yjs's clone,
// but copies also what that leaves out or takes over without copying: attributes of
// texts, and types and subdocument entries that are embedded in a text, or held by
// a hook or an attribute. Types nested more than MaxNesting levels deep come out empty.
// The time is linear in what is copied.
func Clone[T Shared](s T) T { return copyType(s.base(), 0).(T) }

// Clone returns a new document with the state of this one: its content, history
// and pending updates, and the kinds of its roots. Hooks, observers and undo
// managers stay behind. The config may be another one: without DisableGC, what
// this document keeps of deleted content is dropped, as far as it is content of
// its own. The copy signs with the config's client id, which must not be that of
// this document if both go on being edited. The time is linear. The error wraps
// ErrTooLarge for a document that no one update can bring: text beyond
// MaxTextBytes, or more than FormatV2FreeStructs allows.
func (d *Doc) Clone(c Config) (*Doc, error) {
	state := d.EncodeStateAsUpdateV2(nil)
	out := NewDoc(c)
	for _, typ := range d.roots {
		if t := d.types[typ]; t.kind != typeUndefined {
			out.defineRoot(t.name, t.kind)
		}
	}
	// A copy must not delete format marks that the original has.
	out.config.DisableFormatCleanup = true
	err := out.ApplyUpdateV2(state, nil)
	out.config.DisableFormatCleanup = c.DisableFormatCleanup
	if err != nil {
		return nil, failed("clone document: "+err.Error(), ErrTooLarge)
	}
	return out, nil
}

// contents is what a copy holds until it is inserted.
type contents struct {
	values    []Value   // children of an array, fragment or element
	fields    []Field   // of a map, or attributes
	delta     []DeltaOp // of a text
	textBytes int       // of all texts, those of nested types included
}

// copyType returns a copy of a type that is not part of a document.
func copyType(n *node, depth int) Shared {
	fresh := node{kind: n.kind}
	if n.kind == typeXMLElement || n.kind == typeXMLHook {
		fresh.name = n.name
	}
	if depth <= MaxNesting {
		fresh.copied = n.contents()
	}
	if c := fresh.copied; c != nil {
		for i := range c.values {
			c.take(&c.values[i], depth)
		}
		for i := range c.fields {
			c.take(&c.fields[i].Value, depth)
		}
		for i := range c.delta {
			c.take(&c.delta[i].Insert, depth)
			c.textBytes += len(c.delta[i].Insert.Str())
		}
	}
	return newView(fresh)
}

// take puts a copy in the place of a type or subdocument entry.
func (c *contents) take(v *Value, depth int) {
	switch node := v.node.(type) {
	case Shared:
		fresh := copyType(node.base(), depth+1)
		if inner := fresh.base().copied; inner != nil {
			c.textBytes += inner.textBytes
		}
		v.node = fresh
	case *Subdoc:
		v.node = &Subdoc{GUID: node.GUID, AutoLoad: node.AutoLoad, DisableGC: node.DisableGC, Meta: node.Meta, Unloaded: !node.shouldLoad}
	}
}

// contents returns what a type holds, not copied yet, or nil for nothing.
func (n *node) contents() *contents {
	if c := n.copied; c != nil {
		return &contents{
			values: append([]Value(nil), c.values...),
			fields: append([]Field(nil), c.fields...),
			delta:  append([]DeltaOp(nil), c.delta...),
		}
	}
	t := n.shared()
	if t == nil {
		return nil
	}
	c := &contents{}
	for key, v := range n.allEntries() {
		c.fields = append(c.fields, Field{key, v})
	}
	switch {
	case t.kind.isText():
		c.delta = n.doc.delta(t)
	case t.kind == typeXMLElement:
		c.fields = inObjectOrder(c.fields)
		fallthrough
	default:
		for it := range n.doc.unitItems(t) {
			c.values = append(c.values, n.doc.itemValues(it)...)
		}
	}
	return c
}

// inObjectOrder returns fields in the order in which JavaScript would enumerate
// them as an object.
func inObjectOrder(fields []Field) []Field {
	keys, at := make([]string, len(fields)), make([]lib0.Any, len(fields))
	for i, f := range fields {
		keys[i], at[i] = f.Key, lib0.Number(float64(i))
	}
	out := make([]Field, 0, len(fields))
	for _, i := range lib0.Object(keys, at).List() {
		out = append(out, fields[int(i.Number())])
	}
	return out
}

// fill inserts what a copy holds into the type that it has just become, in
// Yjs's order, which decides clocks.
func (tx *Txn) fill(n *node) {
	c := n.copied
	if c == nil {
		return
	}
	n.copied = nil
	d := tx.doc
	if len(c.values) > 0 {
		tx.insertAll(d.childList(n.typ), 0, 0, c.values)
	}
	if len(c.delta) > 0 {
		tx.fillText(d.childList(n.typ), c.delta)
	}
	for _, f := range c.fields {
		list := d.addEntryList(n.typ, d.keyIndex(f.Key))
		tx.insertValue(list, d.lists[list].last, 0, f.Value)
	}
}

func (tx *Txn) fillText(list int32, delta []DeltaOp) {
	c := cursor{tx: tx, list: list}
	for _, op := range delta {
		keys, values := make([]string, len(op.Attrs)), make([]lib0.Any, len(op.Attrs))
		for i, a := range op.Attrs {
			keys[i], values[i] = a.Key, a.Value.plain
		}
		content := c.embed(op.Insert)
		if op.Insert.Kind() == KindString {
			content = func(left, right handle) (handle, error) {
				return tx.insertText(list, left, right, lib0.WellFormed(op.Insert.Str()))
			}
		}
		if err := c.insert(tx.doc.orderAttrs(keys, values), content); err != nil {
			panic("crdt: a copy has more text than was checked: " + err.Error())
		}
	}
}

// roomFor checks that the document can hold the text of copies.
func (d *Doc) roomFor(values ...Value) error {
	bytes := len(d.text.buf)
	for _, v := range values {
		bytes += v.copiedText()
	}
	if bytes > MaxTextBytes {
		return ErrTooLarge
	}
	return nil
}

// copiedText returns how much text a copy will bring.
func (v Value) copiedText() int {
	if s := v.Shared(); s != nil && s.base().copied != nil {
		return s.base().copied.textBytes
	}
	return 0
}
