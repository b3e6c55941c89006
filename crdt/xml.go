package crdt

import (
	"iter"

	"github.com/sheafdocs/sheaf/crdt/internal/lib0"
)

// XMLFragment is a shared list of XML nodes.
type XMLFragment struct{ node }

// NewXMLFragment returns a fragment to be inserted into another type.
func NewXMLFragment() *XMLFragment { return &XMLFragment{node{kind: typeXMLFragment}} }

// Len returns the number of children.
func (x *XMLFragment) Len() int { return x.len() }

// Get returns the child at index.
func (x *XMLFragment) Get(index int) (Value, error) { return x.unit(index) }

// All yields the children with their indexes. The fragment must not be edited
// meanwhile.
func (x *XMLFragment) All() iter.Seq2[int, Value] { return x.units() }

// Insert inserts new nodes at index.
func (x *XMLFragment) Insert(tx *Txn, index int, nodes ...Shared) error {
	values := make([]Value, len(nodes))
	for i, n := range nodes {
		values[i] = ValueOf(n)
	}
	return x.insertValues(tx, index, values)
}

// Descendants yields all nodes below the fragment in the order of the document:
// each element before what is in it. Types embedded in a text are not among them.
// The document must not be edited meanwhile. It is Yjs's createTreeWalker, whose
// filter is a condition in the loop.
func (x *XMLFragment) Descendants() iter.Seq[Shared] {
	return func(yield func(Shared) bool) {
		if t := x.shared(); t != nil {
			x.doc.eachNode(t, yield)
		}
	}
}

// eachNode yields the nodes below a fragment or element. It keeps the ways back up
// itself, because a document may be nested deeper than a stack of iterators is.
func (d *Doc) eachNode(t *sharedType, yield func(Shared) bool) {
	var above []handle // the item after each of the elements above
	for h := d.firstChild(t); h != 0 || len(above) > 0; {
		if h == 0 {
			h, above = above[len(above)-1], above[:len(above)-1]
			continue
		}
		it := d.item(h)
		h = d.walkRight(it.right, wantUnits)
		if it.kind != kindType {
			continue
		}
		if !yield(d.view(int32(it.content))) {
			return
		}
		if inner := d.types[it.content]; inner.kind == typeXMLElement || inner.kind == typeXMLFragment {
			h, above = d.firstChild(inner), append(above, h)
		}
	}
}

// InsertAfter inserts new nodes right after a child, or at the start if ref is
// nil.
func (x *XMLFragment) InsertAfter(tx *Txn, ref Shared, nodes ...Shared) error {
	if err := x.edit(tx); err != nil {
		return err
	}
	values := make([]Value, len(nodes))
	for i, n := range nodes {
		values[i] = ValueOf(n)
	}
	if err := x.doc.checkValues(values); err != nil {
		return err
	}
	list := x.doc.childList(x.typ)
	left, right := handle(0), x.doc.lists[list].first
	if ref != nil {
		n := ref.base()
		if n.doc != x.doc || n.Deleted() || x.doc.types[n.typ].item == 0 {
			return ErrDetached
		}
		left = x.doc.types[n.typ].item
		if x.doc.item(left).list != list {
			return ErrDetached
		}
		right = x.doc.item(left).right
	}
	tx.insertAll(list, left, right, values)
	return nil
}

// Delete deletes length children from index on.
func (x *XMLFragment) Delete(tx *Txn, index, length int) error {
	return x.deleteUnits(tx, index, length)
}

// String returns the children as XML text.
func (x *XMLFragment) String() string {
	return x.text()
}

// XMLElement is a shared XML element: a fragment with a name and attributes.
type XMLElement struct{ XMLFragment }

// NewXMLElement returns an element to be inserted into another type.
func NewXMLElement(name string) *XMLElement {
	return &XMLElement{XMLFragment{node{kind: typeXMLElement, name: lib0.ValidString(name)}}}
}

// Name returns the node name.
func (x *XMLElement) Name() string { return x.name }

// SetAttribute sets an attribute.
func (x *XMLElement) SetAttribute(tx *Txn, key string, v Value) error { return x.setEntry(tx, key, v) }

// RemoveAttribute removes an attribute.
func (x *XMLElement) RemoveAttribute(tx *Txn, key string) error { return x.deleteEntry(tx, key) }

// Attribute returns an attribute.
func (x *XMLElement) Attribute(key string) (Value, bool) { return x.getEntry(key) }

// Attributes yields all attributes, in the order in which their keys were first
// used. The element must not be edited meanwhile.
func (x *XMLElement) Attributes() iter.Seq2[string, Value] { return x.allEntries() }

// XMLText is a shared text among XML nodes. Its String and JSON show formats
// as tags.
type XMLText struct{ Text }

// NewXMLText returns a text to be inserted among XML nodes.
func NewXMLText() *XMLText { return &XMLText{Text{node{kind: typeXMLText}}} }

// String returns the text with its formats as tags.
func (x *XMLText) String() string {
	return x.text()
}

// XMLHook is a shared map among XML nodes.
type XMLHook struct{ Map }

// NewXMLHook returns a hook to be inserted among XML nodes.
func NewXMLHook(name string) *XMLHook {
	return &XMLHook{Map{node{kind: typeXMLHook, name: lib0.ValidString(name)}}}
}

// Name returns the name of the hook.
func (x *XMLHook) Name() string { return x.name }
