package crdt

import (
	"iter"

	"github.com/sheafdocs/sheaf/crdt/internal/lib0"
)

// Shared is a shared type: *Text, *Array, *Map, *XMLFragment, *XMLElement,
// *XMLText or *XMLHook. A new one (NewText and so on) becomes part of a
// document by being inserted into another type, and is edited from then on; so
// does a copy, which Clone returns.
type Shared interface {
	entry
	// JSON returns the contents as Yjs's toJSON does: a string for text and
	// XML, an array or an object. Types nested more than MaxNesting levels deep
	// come out as null.
	JSON() Value
	base() *node
}

// node is what all shared types have in common: the place in the document.
type node struct {
	doc    *Doc // nil: not inserted yet
	typ    int32
	kind   typeKind
	name   string    // of an XML element or hook
	copied *contents // of a copy that was not inserted yet; nil: nothing
	// watch holds the functions that observe the type; nil while there was none.
	watch *observers
}

func (n *node) base() *node     { return n }
func (n *node) valueKind() Kind { return KindShared }

// JSON returns the contents as Yjs's toJSON does.
func (n *node) JSON() Value {
	if t := n.shared(); t != nil {
		return Value{plain: n.doc.typeJSON(n.typ, 0)}
	}
	return Value{}
}

// text returns the contents as Yjs's toString does.
func (n *node) text() string {
	var b printer
	if t := n.shared(); t != nil {
		n.doc.writeNode(&b, t, 0)
	}
	return b.String()
}

// Deleted tells whether the type was part of a document and is not any more.
// Not inlined: a page is smaller for it.
//
//go:noinline
func (n *node) Deleted() bool { return n.doc != nil && n.doc.isDeleted(n.doc.types[n.typ]) }

// shared returns the type if it can be read, or nil.
// Not inlined: 46 callers, 3 kB of a page.
//
//go:noinline
func (n *node) shared() *sharedType {
	if n == nil || n.doc == nil {
		return nil
	}
	if t := n.doc.types[n.typ]; t.kind == n.kind && !t.gone {
		return t
	}
	return nil
}

// maxLocalUnits is how many units one edit may add; clocks end at MaxClock.
const maxLocalUnits = 1 << 40

// edit checks that the type can be edited in tx.
func (n *node) edit(tx *Txn) error {
	switch {
	case n == nil || n.doc == nil:
		return ErrDetached
	case tx == nil || tx.doc != n.doc || n.doc.tx != tx:
		return ErrTransaction
	case n.doc.types[n.typ].kind != n.kind:
		return ErrKind
	case n.doc.isDeleted(n.doc.types[n.typ]):
		return ErrDetached
	}
	return n.doc.canWrite()
}

// canWrite checks that there is a client id to edit under, with room left.
func (d *Doc) canWrite() error {
	switch {
	case d.config.ClientID == 0 || d.config.ClientID > MaxClientID:
		return ErrNoClientID
	case d.stateOf(d.config.ClientID) > MaxClock-maxLocalUnits:
		return ErrTooLarge
	}
	return nil
}

// editRange checks that the type can be edited in tx and has the units from
// index on.
func (n *node) editRange(tx *Txn, index, length int) error {
	if err := n.edit(tx); err != nil {
		return err
	}
	if total := n.len(); index < 0 || length < 0 || index > total || length > total-index {
		return ErrRange
	}
	return nil
}

// len returns the number of units of the type's children.
// Not inlined: 19 callers, 1 kB of a page.
//
//go:noinline
func (n *node) len() int {
	if t := n.shared(); t != nil && t.children != 0 {
		return int(n.doc.lists[t.children].units)
	}
	return 0
}

// view returns a type as callers see it.
func (d *Doc) view(typ int32) Shared {
	t := d.types[typ]
	d.lazy.Lock()
	defer d.lazy.Unlock()
	if t.view == nil {
		n := node{doc: d, typ: typ, kind: t.kind, name: t.name}
		if t.item == 0 {
			n.name = rootNodeName
		}
		t.view = newView(n)
	}
	return t.view
}

// rootNodeName is what Yjs calls an XML element that is a root.
const rootNodeName = "UNDEFINED"

// Not inlined: 2 callers, 1 kB of a page.
//
//go:noinline
func newView(n node) Shared {
	switch n.kind {
	case typeArray:
		return &Array{n}
	case typeMap:
		return &Map{n}
	case typeText:
		return &Text{n}
	case typeXMLElement:
		return &XMLElement{XMLFragment{n}}
	case typeXMLHook:
		return &XMLHook{Map{n}}
	case typeXMLText:
		return &XMLText{Text{n}}
	}
	return &XMLFragment{n}
}

// rootView returns the root type of a name, which becomes one of the given
// kind unless it is of another; then every edit fails with ErrKind.
func rootView[T Shared](d *Doc, name string, kind typeKind) T {
	typ, t := d.defineRoot(lib0.ValidString(name), kind)
	if t.kind == kind {
		return d.view(typ).(T)
	}
	return newView(node{doc: d, typ: typ, kind: kind, name: rootNodeName}).(T)
}

// Roots yields the root types that were defined here, with their names, in the
// order in which they were first named (Yjs: doc.share). Roots that only updates
// have named so far are left out, because an update does not say their kind. The
// document must not be edited meanwhile.
func (d *Doc) Roots() iter.Seq2[string, Shared] {
	return func(yield func(string, Shared) bool) {
		for _, typ := range d.roots {
			if t := d.types[typ]; t.kind != typeUndefined && !yield(t.name, d.view(typ)) {
				return
			}
		}
	}
}

// Text returns the root text of a name, and defines it if it is new.
func (d *Doc) Text(name string) *Text { return rootView[*Text](d, name, typeText) }

// Array returns the root array of a name, and defines it if it is new.
func (d *Doc) Array(name string) *Array { return rootView[*Array](d, name, typeArray) }

// Map returns the root map of a name, and defines it if it is new.
func (d *Doc) Map(name string) *Map { return rootView[*Map](d, name, typeMap) }

// XMLFragment returns the root fragment of a name, and defines it if it is
// new.
func (d *Doc) XMLFragment(name string) *XMLFragment {
	return rootView[*XMLFragment](d, name, typeXMLFragment)
}

// XMLElement returns the root element of a name, and defines it if it is new.
func (d *Doc) XMLElement(name string) *XMLElement {
	return rootView[*XMLElement](d, name, typeXMLElement)
}

// XMLText returns the root XML text of a name, and defines it if it is new.
func (d *Doc) XMLText(name string) *XMLText { return rootView[*XMLText](d, name, typeXMLText) }
