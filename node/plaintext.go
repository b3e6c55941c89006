package node

import (
	"strings"

	"github.com/sheafdocs/sheaf/crdt"
)

// PlainText returns the document as a reader sees it: the blocks of the
// editor's tree a line each, or the plain-text root when there is no tree.
func (d *Document) PlainText() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	doc := d.shown()
	root := doc.XMLFragment("default")
	if root.Len() == 0 {
		return doc.Text("text").String()
	}
	var w textWriter
	for _, v := range root.All() {
		w.block(v.Shared())
	}
	return w.String()
}

// textWriter writes blocks as lines.
type textWriter struct{ strings.Builder }

// block writes one node of the tree. A node that holds text is a line; one
// that holds nodes is their lines.
func (w *textWriter) block(n crdt.Shared) {
	switch n := n.(type) {
	case *crdt.XMLText:
		w.text(n)
		w.WriteByte('\n')
	case *crdt.XMLElement:
		if w.inline(n) {
			w.WriteByte('\n')
			return
		}
		for _, child := range n.All() {
			w.block(child.Shared())
		}
	}
}

// inline writes an element whose children are text, and says whether it was
// one: an element without children is an empty line.
func (w *textWriter) inline(e *crdt.XMLElement) bool {
	for _, child := range e.All() {
		switch n := child.Shared().(type) {
		case *crdt.XMLText:
		case *crdt.XMLElement:
			if n.Name() != "hardBreak" {
				return false
			}
		}
	}
	for _, child := range e.All() {
		switch n := child.Shared().(type) {
		case *crdt.XMLText:
			w.text(n)
		case *crdt.XMLElement:
			w.WriteByte('\n')
		}
	}
	return true
}

// text writes the characters of a text without its formatting.
func (w *textWriter) text(t *crdt.XMLText) {
	for _, op := range t.Delta() {
		if op.Insert.Kind() == crdt.KindString {
			w.WriteString(op.Insert.Str())
		}
	}
}
