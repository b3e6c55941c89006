package crdt

// Resolve returns where a relative position is now, and false if what it names
// is not known here yet, was collected as garbage or is not a type. A position
// next to a deleted unit is where the unit was; one in a deleted type that is
// not collected has index 0.
//
// followUndone leads to the units as which undoing made a deleted unit again.
// That is better for who undid, but only that replica knows: pass false for a
// position that everyone shall see at the same place. The time is logarithmic.
func (d *Doc) Resolve(p RelativePosition, followUndone bool) (AbsolutePosition, bool) {
	typ, index := int32(0), int64(0)
	switch {
	case p.hasItem:
		h, diff, ok := d.lookUp(p.item, followUndone)
		if !ok || d.item(h).kind == kindGC {
			return AbsolutePosition{}, false
		}
		it := d.item(h)
		typ = d.lists[it.list].typ
		if !d.isDeleted(d.types[typ]) {
			index = d.unitsBefore(h)
			if it.visible() > 0 {
				index += int64(diff)
				if p.assoc < 0 {
					index++
				}
			}
		}
	case p.hasRoot:
		root, known := d.rootOf[p.root]
		if !known {
			return AbsolutePosition{Root: p.root, Assoc: p.assoc}, true
		}
		typ = root
	case p.hasType:
		h, _, ok := d.lookUp(p.typ, followUndone)
		if !ok || d.item(h).kind != kindType {
			return AbsolutePosition{}, false
		}
		typ = int32(d.item(h).content)
	default:
		return AbsolutePosition{}, false
	}
	t := d.types[typ]
	if !p.hasItem && p.assoc >= 0 && t.children != 0 {
		index = d.lists[t.children].units
	}
	out := AbsolutePosition{Index: int(index), Assoc: p.assoc}
	if t.kind == typeUndefined {
		out.Root = t.name
	} else {
		out.Type = d.view(typ)
	}
	return out, true
}

// lookUp returns the item that holds a unit, and which of its units that is;
// or, following what was made again, those that stand for it now. It returns
// false if the unit is unknown.
func (d *Doc) lookUp(id ID, followUndone bool) (handle, uint64, bool) {
	u := unit{d.clientIndex(id.Client), id.Clock}
	if u.clock >= d.clients[u.client].state {
		return 0, 0, false
	}
	for {
		h := d.itemAt(u.client, u.clock)
		it := d.item(h)
		diff := u.clock - it.clock
		if !followUndone || !it.redone() {
			return h, diff, true
		}
		u = d.redone[h]
		u.clock += diff
	}
}

// unitsBefore returns how many units of its list come before an item.
func (d *Doc) unitsBefore(h handle) (units int64) {
	if d.lists[d.item(h).list].entry { // values of a key are few
		for h = d.item(h).left; h != 0; h = d.item(h).left {
			units += d.item(h).visible()
		}
		return units
	}
	at := d.leafOf(h)
	lf := &d.tree.leaves[at]
	for i := range lf.slot(h) {
		units += d.item(lf.items[i]).visible()
	}
	for kid, parent := at, lf.parent; parent != 0; {
		p := &d.tree.inners[parent]
		for i := range p.slot(kid) {
			units += p.units[i]
		}
		kid, parent = parent, p.parent
	}
	return units
}
