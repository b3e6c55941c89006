package crdt

import (
	"github.com/sheafdocs/sheaf/crdt/internal/lib0"
)

// The functions here place format marks exactly as Yjs does, because where
// marks stand decides the bytes that replicas exchange. A format is switched
// on by a mark with its value and off by one with null, or with the value that
// it had before.

// toAttrs returns formats in the order in which JavaScript would enumerate
// them as an object.
func (d *Doc) toAttrs(list []Attr) (formatSet, error) {
	keys, values := make([]string, len(list)), make([]lib0.Any, len(list))
	for i, a := range list {
		if err := checkValue(a.Value, inFormat); err != nil {
			return nil, err
		}
		keys[i], values[i] = lib0.ValidString(a.Key), a.Value.plain
	}
	return d.orderAttrs(keys, values), nil
}

func (d *Doc) orderAttrs(keys []string, values []lib0.Any) formatSet {
	ordered := lib0.Object(keys, values)
	out := make(formatSet, len(ordered.Keys()))
	for i, key := range ordered.Keys() {
		out[i] = attr{d.keyIndex(key), ordered.List()[i]}
	}
	return out
}

// withNulls returns want with a null for each format that is in effect and
// not wanted.
func (c *cursor) withNulls(want formatSet) formatSet {
	var keys []string
	var values []lib0.Any
	added := false
	d := c.tx.doc
	for _, a := range want {
		keys, values = append(keys, d.keys[a.key]), append(values, a.value)
	}
	for _, a := range c.attrs {
		if want.get(a.key).Kind() == lib0.KindUndefined {
			keys, values = append(keys, d.keys[a.key]), append(values, lib0.Null())
			added = true
		}
	}
	if !added {
		return want
	}
	return d.orderAttrs(keys, values)
}

// minimize moves over format marks that do what is wanted anyway.
func (c *cursor) minimize(want formatSet) {
	d := c.tx.doc
	for c.skipDeleted(); c.right != 0; c.skipDeleted() {
		it := c.item()
		if it.kind != kindFormat || !lib0.EqualFlat(want.orNull(it.size), d.singles.values[it.content]) {
			return
		}
		c.forward()
	}
}

// begin inserts the marks that put what is wanted into effect. It returns the
// marks that will restore what was.
func (c *cursor) begin(want formatSet) formatSet {
	var negated formatSet
	for _, a := range want {
		current := c.attrs.orNull(a.key)
		if lib0.EqualFlat(current, a.value) {
			continue
		}
		negated.set(a.key, current)
		c.after(c.tx.insertFormat(c.list, c.left, c.right, a.key, a.value))
	}
	return negated
}

// restore inserts the marks that begin returned, except those that stand here
// already.
func (c *cursor) restore(negated formatSet) {
	d := c.tx.doc
	for c.skipDeleted(); c.right != 0; c.skipDeleted() {
		it := c.item()
		if it.kind != kindFormat || !lib0.EqualFlat(negated.get(it.size), d.singles.values[it.content]) {
			break
		}
		negated.remove(it.size)
		c.forward()
	}
	for _, a := range negated {
		c.after(c.tx.insertFormat(c.list, c.left, c.right, a.key, a.value))
	}
}

// insert inserts content with exactly the wanted formats.
func (c *cursor) insert(want formatSet, content func(left, right handle) (handle, error)) error {
	want = c.withNulls(want)
	c.minimize(want)
	negated := c.begin(want)
	h, err := content(c.left, c.right)
	if err != nil {
		return err
	}
	c.left, c.right = h, c.tx.doc.items.at(h).right
	c.restore(negated)
	return nil
}

// format gives the next length units the wanted formats.
func (c *cursor) format(length int, want formatSet) {
	tx := c.tx
	d := tx.doc
	c.minimize(want)
	negated := c.begin(want)
	for c.right != 0 {
		it := c.item()
		if it.deleted() {
			if length == 0 && len(negated) == 0 {
				break
			}
			c.skipDeleted()
			continue
		}
		if length == 0 && (len(negated) == 0 || it.kind != kindFormat) {
			break
		}
		if it.kind != kindFormat {
			if uint64(length) < it.len() {
				tx.splitAt(c.right, uint64(length))
			}
			length -= int(it.len())
			c.forward()
			continue
		}
		if wanted := want.get(it.size); wanted.Kind() != lib0.KindUndefined {
			value := d.singles.values[it.content]
			if lib0.EqualFlat(wanted, value) {
				negated.remove(it.size)
			} else if length == 0 {
				break
			} else {
				negated.set(it.size, value)
			}
			tx.delete(c.right)
		}
		c.forward()
	}
	if length > 0 {
		// There was less to keep than the text's length promised, because a
		// deletion passes over content that does not belong into a text. Yjs
		// adds line breaks then.
		h := tx.newItem(c.list, c.left, c.right)
		it := d.items.at(h)
		it.kind, it.units = kindString, uint32(length)
		breaks := make([]byte, length)
		for i := range breaks {
			breaks[i] = '\n'
		}
		putText(&d.text, it, breaks)
		tx.insert(h, c.left, c.right)
		c.after(h)
	}
	c.restore(negated)
}

// delete deletes the next length units of text, embeds and types, and the
// format marks that become pointless. The formats at the cursor need to be
// known only to callers that go on using it.
func (c *cursor) delete(length int) {
	tx := c.tx
	start := c.right
	startAttrs := append(formatSet(nil), c.attrs...)
	for c.skipDeleted(); length > 0 && c.right != 0; c.skipDeleted() {
		it := c.item()
		switch it.kind {
		case kindType, kindEmbed, kindString:
			if uint64(length) < it.len() {
				tx.splitAt(c.right, uint64(length))
			}
			length -= int(it.len())
			tx.delete(c.right)
		}
		c.forward()
		if length == 0 {
			break
		}
	}
	if start != 0 && tx.doc.lists[c.list].formatted() {
		tx.cleanupGap(c.list, start, c.right, startAttrs, &c.attrs)
	}
}
