package crdt

// DeletedItem is a run of deleted units of one client, next to each other in one
// type, that Config.GCFilter is asked about. It is valid during that call.
type DeletedItem struct {
	doc *Doc
	h   handle
}

// Units returns which units they are.
func (i DeletedItem) Units() ClockRange {
	it := i.doc.items.at(i.h)
	return ClockRange{i.doc.clients[it.client].id, it.clock, it.end()}
}

// Inside tells whether the units are in a type, or in types inside it. It is
// Yjs's isParentOf.
func (i DeletedItem) Inside(s Shared) bool {
	n := s.base()
	if n == nil || n.doc != i.doc {
		return false
	}
	for h := i.h; h != 0; {
		typ := i.doc.lists[i.doc.items.at(h).list].typ
		if typ == n.typ {
			return true
		}
		h = i.doc.types[typ].item
	}
	return false
}

// mayCollect asks the caller whether the content of a deleted item may be
// dropped.
func (d *Doc) mayCollect(h handle) bool {
	return d.config.GCFilter == nil || d.config.GCFilter(DeletedItem{d, h})
}

// collect drops the content of a deleted item. What it held, if it was a
// type, is forgotten but for its length.
func (d *Doc) collect(h handle) {
	it := d.items.at(h)
	var types []int32
	types = d.dropContent(h, it, types)
	it.kind = kindDeleted
	for len(types) > 0 {
		typ := types[len(types)-1]
		types = types[:len(types)-1]
		types = d.collectType(typ, types)
	}
}

// dropContent frees what an item holds, and adds its type to types.
func (d *Doc) dropContent(h handle, it *item, types []int32) []int32 {
	switch it.kind {
	case kindGC, kindDeleted:
		return types // content is a part of their length
	case kindString:
		d.text.drop(h, it)
	case kindJSON, kindAny:
		d.elements.drop(it.content)
	case kindBinary, kindEmbed, kindFormat:
		d.singles.drop(it.content)
	case kindType:
		types = append(types, int32(it.content))
	case kindDoc:
		d.subdocs.drop(it.content)
	}
	it.content, it.size = 0, 0
	return types
}

// collectType turns all items that a type held into collected units.
func (d *Doc) collectType(typ int32, types []int32) []int32 {
	t := d.types[typ]
	t.gone = true
	t.item = 0
	if t.children != 0 {
		types = d.collectList(t.children, types)
	}
	for _, e := range t.entries.all() {
		types = d.collectList(e.list, types)
	}
	t.children, t.entries, t.formats = 0, nil, nil
	return types
}

func (d *Doc) collectList(list int32, types []int32) []int32 {
	l := &d.lists[list]
	if l.root != 0 {
		d.treeDrop(l)
	} else if l.first != 0 && !l.entry {
		d.treeless.Add(-1)
	}
	for h := l.first; h != 0; {
		it := d.items.at(h)
		types = d.dropContent(h, it, types)
		d.forgetRedone(h, it)
		it.unset(flagKept)
		h = it.right
		it.kind = kindGC
		it.set(flagDeleted)
		it.left, it.right, it.list, it.leaf = 0, 0, 0, 0
		it.setOrigin(unit{})
		it.setRightOrigin(unit{})
	}
	*l = itemList{}
	d.freeLists = append(d.freeLists, list)
	return types
}
