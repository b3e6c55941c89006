package crdt

import (
	"github.com/sheafdocs/sheaf/crdt/internal/codec"
	"github.com/sheafdocs/sheaf/crdt/internal/lib0"
)

// missing returns a client of which more must be known before s can be
// integrated.
func (d *Doc) missing(s *codec.Struct) (uint64, bool) {
	if s.HasOrigin && d.lacks(s, s.Origin) {
		return s.Origin.Client, true
	}
	if s.HasRight && d.lacks(s, s.Right) {
		return s.Right.Client, true
	}
	if s.Parent == codec.ParentItem && d.lacks(s, s.ParentID) {
		return s.ParentID.Client, true
	}
	return 0, false
}

func (d *Doc) lacks(s *codec.Struct, id codec.ID) bool {
	return id.Client != s.Client && id.Clock >= d.clients[d.clientIndex(ClientID(id.Client))].state
}

// neighbours finds what a struct was written between, splitting items as need
// be. right is what it was left of, list where it belongs; list is 0 if that
// place was collected as garbage.
func (tx *Txn) neighbours(s *codec.Struct) (left, right handle, list int32) {
	if s.Ref == codec.RefGC {
		return 0, 0, 0
	}
	d := tx.doc
	if s.HasOrigin {
		left = tx.cleanEnd(d.clientIndex(ClientID(s.Origin.Client)), s.Origin.Clock)
	}
	if s.HasRight {
		right = tx.rightOf(left, d.clientIndex(ClientID(s.Right.Client)), s.Right.Clock)
	}
	switch {
	case left != 0 && d.items.at(left).kind == kindGC, right != 0 && d.items.at(right).kind == kindGC:
		return left, right, 0
	case left != 0:
		return left, right, d.items.at(left).list
	case right != 0:
		return left, right, d.items.at(right).list
	}
	var typ int32
	switch s.Parent {
	case codec.ParentRoot:
		typ = d.root(string(s.Root))
	case codec.ParentItem:
		it := d.items.at(d.itemAt(d.clientIndex(ClientID(s.ParentID.Client)), s.ParentID.Clock))
		if it.kind != kindType {
			return left, right, 0
		}
		typ = int32(it.content)
	}
	if s.HasSub {
		return left, right, d.addEntryList(typ, d.keyIndex(string(s.Sub)))
	}
	return left, right, d.childList(typ)
}

// rightOf returns the item that begins with a known unit, which nearly always
// is right of left already.
func (tx *Txn) rightOf(left handle, c uint32, clock uint64) handle {
	if left != 0 {
		if next := tx.doc.items.at(left).right; next != 0 {
			if it := tx.doc.items.at(next); it.client == c && it.clock == clock {
				return next
			}
		}
	}
	return tx.cleanStart(c, clock)
}

// integrate adds a struct, of which the first offset units are known, to the
// document. Nothing it builds on is missing.
func (tx *Txn) integrate(s *codec.Struct, offset uint64, left, right handle, list int32) {
	d := tx.doc
	c := d.addClient(ClientID(s.Client))
	if offset > 0 && list != 0 {
		left = tx.cleanEnd(c, s.Clock+offset-1)
		// Only contradictory updates put the two parts into different lists.
		list = d.items.at(left).list
	}
	if list == 0 {
		tx.addCollected(c, s.Clock+offset, s.Len-offset)
		return
	}
	var rightOrigin unit
	if s.HasRight {
		rightOrigin = unit{d.clientIndex(ClientID(s.Right.Client)), s.Right.Clock}
	}
	if left != 0 && left == d.clients[c].last() && d.continues(left, s.Ref, right, rightOrigin) {
		if s.Ref == codec.RefString {
			text, units := s.Text(offset)
			extendText(tx, left, text, units)
		} else {
			tx.extendDeleted(left, s.Len-offset)
		}
		return
	}
	h := d.items.alloc()
	it := d.items.at(h)
	it.client, it.clock, it.kind = c, s.Clock+offset, s.Ref
	it.setLen(s.Len - offset)
	it.setRightOrigin(rightOrigin)
	if offset > 0 {
		it.setOrigin(unit{c, it.clock - 1})
	} else if s.HasOrigin {
		it.setOrigin(unit{d.clientIndex(ClientID(s.Origin.Client)), s.Origin.Clock})
	}
	it.list = list
	tx.setContent(h, s, offset)
	tx.insert(h, left, right)
}

// setContent decodes the content of a struct into an item.
func (tx *Txn) setContent(h handle, s *codec.Struct, offset uint64) {
	d := tx.doc
	it := d.items.at(h)
	switch s.Ref {
	case codec.RefString:
		text, _ := s.Text(offset)
		putText(&d.text, it, text)
	case codec.RefAny, codec.RefJSON:
		it.content = d.elements.add(s.Elements()[offset:])
	case codec.RefBinary:
		it.content = d.singles.add(lib0.Bytes(s.Content))
	case codec.RefEmbed:
		it.content = d.singles.add(s.Value())
	case codec.RefFormat:
		it.size = d.keyIndex(string(s.Name))
		it.content = d.singles.add(s.Value())
	case codec.RefType:
		it.content = uint32(d.addType(&sharedType{kind: typeKind(s.Kind), item: h, name: string(s.Name)}))
	case codec.RefDoc:
		it.content = d.subdocs.add(subdocEntry{Subdoc: subdocFromWire(s.Subdoc())})
	}
}

// insert places an item between its neighbours and makes it part of the
// document.
func (tx *Txn) insert(h, left, right handle) {
	d := tx.doc
	it := d.items.at(h)
	switch {
	case left != 0 && d.items.at(left).right == right:
	case left == 0 && right != 0 && d.items.at(right).left == 0:
	default:
		left = d.place(it, left, right)
	}
	l := &d.lists[it.list]
	it.left, it.right = left, l.first
	if left != 0 {
		it.right = d.items.at(left).right
	}
	d.link(h)
	if l.entry && it.right == 0 && left != 0 {
		tx.delete(left) // the value that the entry had until now
	}
	d.clients[it.client].push(h, it.clock)
	tx.advance(it.client, it.len())
	typ := l.typ
	t := d.types[typ]
	switch it.kind {
	case kindDeleted:
		it.set(flagDeleted)
		tx.addDelete(it.client, it.clock, it.len())
	case kindFormat:
		t.formatted = true
		if t.formats == nil {
			t.formats = &orderedSet[uint32]{}
		}
		t.formats.add(it.size)
	case kindAny, kindJSON, kindBinary:
		t.values = true
	case kindDoc:
		t.values = true
		tx.subdocAdded(it.content)
	}
	tx.change(it.list)
	if t.item != 0 && d.items.at(t.item).deleted() || l.entry && it.right != 0 {
		tx.delete(h)
	}
}

// addCollected adds units whose content is unknown because it was collected
// as garbage.
func (tx *Txn) addCollected(c uint32, clock, length uint64) {
	d := tx.doc
	if last := d.clients[c].last(); last != 0 && d.items.at(last).kind == kindGC && d.queue[0] == tx {
		it := d.items.at(last)
		it.setLen(it.len() + length)
		tx.advance(c, length)
		return
	}
	h := d.items.alloc()
	it := d.items.at(h)
	it.kind, it.client, it.clock, it.flags = kindGC, c, clock, flagDeleted
	it.setLen(length)
	d.clients[c].push(h, it.clock)
	tx.advance(c, length)
}
