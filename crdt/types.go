package crdt

import "github.com/sheafdocs/sheaf/crdt/internal/codec"

// typeKind is a kind of shared type, as the update format numbers them.
type typeKind uint8

const (
	typeArray       = typeKind(codec.TypeArray)
	typeMap         = typeKind(codec.TypeMap)
	typeText        = typeKind(codec.TypeText)
	typeXMLElement  = typeKind(codec.TypeXMLElement)
	typeXMLFragment = typeKind(codec.TypeXMLFragment)
	typeXMLHook     = typeKind(codec.TypeXMLHook)
	typeXMLText     = typeKind(codec.TypeXMLText)
	typeUndefined   = typeKind(255) // a root that only updates have named so far
)

func (k typeKind) isText() bool { return k == typeText || k == typeXMLText }

// sharedType is the content of a root or of an item of kindType: one list of
// children, and one list for each key of its map.
type sharedType struct {
	kind typeKind
	gone bool // collected as garbage
	// formatted is set by the first format mark. As in Yjs, a root that is
	// named by updates before it is defined forgets the marks it got before.
	formatted bool
	// values tells that it was given plain values, which no text shows.
	values bool

	root     int32  // the root that holds it, once it was looked for; see Doc.outermost
	item     handle // the item that holds the type; 0: a root
	children int32  // list, or 0 while there was no child
	name     string // of a root, or the node name of an XML element or hook

	entries *entryTable         // of the type's map; nil while there was none
	formats *orderedSet[uint32] // keys of all format marks ever; nil while there was none

	view Shared // the type as callers see it
}

// entryTable is the map of a type.
type entryTable struct {
	list []mapEntry // in order of first use
	at   map[uint32]int32
}

// mapEntry is one key of a type's map and the list of all values it ever had;
// the last one counts.
type mapEntry struct {
	key  uint32
	list int32
}

// all returns the entries in order of first use.
func (e *entryTable) all() []mapEntry {
	if e == nil {
		return nil
	}
	return e.list
}

// find returns the list of the values of a key, or 0.
func (e *entryTable) find(key uint32) int32 {
	if e == nil {
		return 0
	}
	if e.at != nil {
		if i, ok := e.at[key]; ok {
			return e.list[i].list
		}
		return 0
	}
	for _, x := range e.list {
		if x.key == key {
			return x.list
		}
	}
	return 0
}

// smallMap is the number of keys up to which a scan is quick enough.
const smallMap = 8

// add adds an entry for a new key.
func (e *entryTable) add(x mapEntry) {
	e.list = append(e.list, x)
	switch {
	case e.at != nil:
		e.at[x.key] = int32(len(e.list) - 1)
	case len(e.list) > smallMap:
		e.at = make(map[uint32]int32, 2*len(e.list))
		for i, x := range e.list {
			e.at[x.key] = int32(i)
		}
	}
}

// itemList is a row of items. Children form a tree as well; the few values of a
// map entry are only linked.
type itemList struct {
	typ         int32 // index into Doc.types
	entry       bool  // the values of key
	depth       int8  // inner levels above the leaves
	key         uint32
	first, last handle
	root        int32
	marks       marks // of the items; maybe of former ones too while there is no tree
	units       int64
	changedIn   uint64 // the last transaction that changed the list
}

// addType adds a type that is not in any item yet.
func (d *Doc) addType(t *sharedType) int32 {
	d.types = append(d.types, t)
	return int32(len(d.types) - 1)
}

// Not inlined: 16 callers, 3 kB of a page.
//
//go:noinline
func (d *Doc) newList(l itemList) int32 {
	if n := len(d.freeLists); n > 0 {
		i := d.freeLists[n-1]
		d.freeLists = d.freeLists[:n-1]
		d.lists[i] = l
		return i
	}
	d.lists = append(d.lists, l)
	return int32(len(d.lists) - 1)
}

// childList returns the list of a type's children.
func (d *Doc) childList(typ int32) int32 {
	t := d.types[typ]
	if t.children == 0 {
		t.children = d.newList(itemList{typ: typ})
	}
	return t.children
}

// addEntryList returns the list of the values of a key, which it adds if it
// is new.
func (d *Doc) addEntryList(typ int32, key uint32) int32 {
	t := d.types[typ]
	if l := t.entries.find(key); l != 0 {
		return l
	}
	if t.entries == nil {
		t.entries = &entryTable{}
	}
	l := d.newList(itemList{typ: typ, entry: true, key: key})
	t.entries.add(mapEntry{key, l})
	return l
}

// isDeleted tells whether the type, or a type that holds it, is deleted.
// Not inlined: 16 callers, 1 kB of a page.
//
//go:noinline
func (d *Doc) isDeleted(t *sharedType) bool {
	return t.gone || t.item != 0 && d.items.at(t.item).deleted()
}

// root returns the root type of a name, which it adds without a kind if it is
// new.
func (d *Doc) root(name string) int32 {
	if i, ok := d.rootOf[name]; ok {
		return i
	}
	i := d.addType(&sharedType{kind: typeUndefined, name: name})
	d.rootOf[name] = i
	d.roots = append(d.roots, i)
	return i
}

// defineRoot returns the root type of a name and makes it one of the given
// kind, unless it is of another kind already.
func (d *Doc) defineRoot(name string, kind typeKind) (int32, *sharedType) {
	i := d.root(name)
	t := d.types[i]
	if t.kind == typeUndefined {
		t.kind = kind
		t.formatted = false
	}
	return i, t
}

// parentType returns the type that holds a type which is no root.
func (d *Doc) parentType(typ int32) int32 {
	return d.lists[d.item(d.types[typ].item).list].typ
}

// outermost returns the root that holds a type. It is remembered for each type
// on the way: the way to it is as long as the type is deep.
func (d *Doc) outermost(typ int32) int32 {
	root := typ
	for d.types[root].root == 0 && d.types[root].item != 0 {
		root = d.parentType(root)
	}
	if known := d.types[root].root; known != 0 {
		root = known
	}
	for t := d.types[typ]; t.root == 0; t = d.types[typ] {
		t.root = root
		if t.item != 0 {
			typ = d.parentType(typ)
		}
	}
	return root
}
