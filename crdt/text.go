package crdt

import (
	"iter"
	"strings"

	"github.com/sheafdocs/sheaf/crdt/internal/lib0"
)

// Text is a shared text with formats and embedded objects. Indexes and lengths
// count UTF-16 code units, as in JavaScript; an embedded object or type counts
// as one.
type Text struct{ node }

// Attr is a format of a stretch of text, or an attribute.
type Attr struct {
	Key   string
	Value Value // null switches the format off
}

// NewText returns a text to be inserted into another type.
func NewText() *Text { return &Text{node{kind: typeText}} }

// Len returns the length in UTF-16 units.
func (t *Text) Len() int { return t.len() }

// String returns the text without formats and embedded objects.
func (t *Text) String() string {
	if s := t.shared(); s != nil {
		return t.doc.plainText(s)
	}
	return ""
}

func (d *Doc) plainText(t *sharedType) string {
	if t.children == 0 {
		return ""
	}
	l := &d.lists[t.children]
	var out strings.Builder
	out.Grow(int(l.units))
	for h := d.walkRight(l.first, wantUnits); h != 0; {
		it := d.items.at(h)
		if it.kind == kindString {
			out.Write(d.text.bytes(it))
		}
		h = d.walkRight(it.right, wantUnits)
	}
	return out.String()
}

// Insert inserts s at index. Without attrs it takes the formats of what is
// left of it, with attrs exactly those. Bytes of s that are not UTF-8 become
// U+FFFD.
func (t *Text) Insert(tx *Txn, index int, s string, attrs ...Attr) error {
	if len(attrs) > 0 {
		return t.InsertFormatted(tx, index, s, attrs)
	}
	if err := t.editRange(tx, index, 0); err != nil || s == "" {
		return err
	}
	d := t.doc
	c := cursor{tx: tx, list: d.childList(t.typ)}
	c.left, c.right = tx.locate(c.list, index)
	c.skipDeleted()
	if c.right != 0 && c.item().kind == kindFormat {
		c.attrs = d.attrsBefore(c.list, c.right)
		c.minimize(append(formatSet(nil), c.attrs...))
	}
	_, err := tx.insertText(c.list, c.left, c.right, lib0.ValidString(s))
	return err
}

// InsertFormatted inserts s at index with exactly the given formats, or none.
func (t *Text) InsertFormatted(tx *Txn, index int, s string, attrs []Attr) error {
	if err := t.editRange(tx, index, 0); err != nil || s == "" {
		return err
	}
	want, err := t.doc.toAttrs(attrs)
	if err != nil {
		return err
	}
	c := tx.cursorAt(t.doc.childList(t.typ), index)
	return c.insert(want, func(left, right handle) (handle, error) {
		return tx.insertText(c.list, left, right, lib0.ValidString(s))
	})
}

// InsertEmbed inserts an object, or a new shared type, at index with exactly
// the given formats, or none.
func (t *Text) InsertEmbed(tx *Txn, index int, embed Value, attrs ...Attr) error {
	if err := t.editRange(tx, index, 0); err != nil {
		return err
	}
	if err := checkValue(embed, inEmbed); err != nil {
		return err
	}
	if err := t.doc.roomFor(embed); err != nil {
		return err
	}
	want, err := t.doc.toAttrs(attrs)
	if err != nil {
		return err
	}
	c := tx.cursorAt(t.doc.childList(t.typ), index)
	return c.insert(want, c.embed(embed))
}

// embed returns a function that inserts an embedded object or a shared type.
func (c *cursor) embed(v Value) func(left, right handle) (handle, error) {
	return func(left, right handle) (handle, error) {
		if v.Kind() == KindShared {
			return c.tx.insertValue(c.list, left, right, v), nil
		}
		h := c.tx.newItem(c.list, left, right)
		it := c.tx.doc.items.at(h)
		it.kind, it.content = kindEmbed, c.tx.doc.singles.add(v.plain)
		c.tx.insert(h, left, right)
		return h, nil
	}
}

// Delete deletes length units from index on.
func (t *Text) Delete(tx *Txn, index, length int) error {
	if err := t.editRange(tx, index, length); err != nil || length == 0 {
		return err
	}
	d := t.doc
	c := cursor{tx: tx, list: d.childList(t.typ)}
	c.left, c.right = tx.locate(c.list, index)
	if mark := d.seekRight(c.right, wantFormats); mark != 0 {
		// The formats here matter only if marks will be left without text.
		l := &d.lists[c.list]
		next := handle(0)
		if end := int64(index + length); end < l.units {
			next, _ = d.findUnit(l, end)
		}
		if next == 0 || d.isBefore(mark, next) {
			c.attrs = d.attrsBefore(c.list, c.right)
		}
	}
	c.delete(length)
	return nil
}

// Format gives length units from index on the given formats; a null switches
// one off.
func (t *Text) Format(tx *Txn, index, length int, attrs ...Attr) error {
	if err := t.editRange(tx, index, length); err != nil || length == 0 {
		return err
	}
	want, err := t.doc.toAttrs(attrs)
	if err != nil {
		return err
	}
	c := tx.cursorAt(t.doc.childList(t.typ), index)
	if c.right != 0 {
		c.format(length, want)
	}
	return nil
}

// SetAttribute sets an attribute of the text as a whole.
func (t *Text) SetAttribute(tx *Txn, key string, v Value) error { return t.setEntry(tx, key, v) }

// RemoveAttribute removes an attribute of the text as a whole.
func (t *Text) RemoveAttribute(tx *Txn, key string) error { return t.deleteEntry(tx, key) }

// Attribute returns an attribute of the text as a whole.
func (t *Text) Attribute(key string) (Value, bool) { return t.getEntry(key) }

// Attributes yields all attributes of the text as a whole, in the order in which
// their keys were first used. The text must not be edited meanwhile.
func (t *Text) Attributes() iter.Seq2[string, Value] { return t.allEntries() }
