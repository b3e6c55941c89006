package crdt

import (
	"cmp"
	"slices"

	"github.com/sheafdocs/sheaf/crdt/internal/codec"
	"github.com/sheafdocs/sheaf/crdt/internal/lib0"
)

// EncodeStateAsUpdate returns everything that a replica with the given state
// lacks, as one update; nil asks for the whole document. What is pending is
// included.
func (d *Doc) EncodeStateAsUpdate(sv StateVector) []byte {
	var parts []touch
	for _, c := range d.descending() {
		if from := sv[d.clients[c].id]; d.clients[c].state > from {
			parts = append(parts, touch{client: c, before: from})
		}
	}
	update := d.appendStructs(nil, parts)
	update = d.deleteSet().Append(update)
	return d.withPending(update, sv)
}

// deleteSet returns all units that are deleted.
func (d *Doc) deleteSet() codec.Ranges {
	var out codec.Ranges
	for _, c := range d.descending() {
		cl := &d.clients[c]
		open := false
		for _, block := range cl.blocks {
			for _, h := range block {
				it := d.items.at(h)
				switch {
				case !it.deleted:
					open = false
				case open:
					out[len(out)-1].Len += it.length
				default:
					out = append(out, codec.Range{Client: uint64(cl.id), Clock: it.clock, Len: it.length})
					open = true
				}
			}
		}
	}
	return out
}

// appendUpdate appends the update of a transaction. It returns false if the
// transaction changed nothing.
func (d *Doc) appendUpdate(dst []byte, tx *Txn) ([]byte, bool) {
	changed := len(tx.deletes) > 0
	parts := tx.touched[:0:0]
	for _, t := range tx.touched {
		changed = changed || t.before != t.after
		if d.clients[t.client].state > t.before {
			parts = append(parts, t)
		}
	}
	if !changed {
		return dst, false
	}
	slices.SortFunc(parts, func(a, b touch) int {
		return cmp.Compare(d.clients[b.client].id, d.clients[a.client].id)
	})
	return tx.deletes.Append(d.appendStructs(dst, parts)), true
}

// appendStructs appends the units of each part's client from its clock
// "before" on.
func (d *Doc) appendStructs(dst []byte, parts []touch) []byte {
	dst = lib0.AppendUint(dst, uint64(len(parts)))
	for _, p := range parts {
		cl := &d.clients[p.client]
		pos := d.find(cl, p.before)
		dst = lib0.AppendUint(dst, uint64(cl.countFrom(pos)))
		dst = lib0.AppendUint(lib0.AppendUint(dst, uint64(cl.id)), p.before)
		first := cl.at(pos)
		dst = d.appendItem(dst, first, p.before-d.items.at(first).clock)
		for pos, more := cl.next(pos); more; pos, more = cl.next(pos) {
			dst = d.appendItem(dst, cl.at(pos), 0)
		}
	}
	return dst
}

// appendItem appends an item without its first offset units.
func (d *Doc) appendItem(dst []byte, h handle, offset uint64) []byte {
	it := d.items.at(h)
	if it.kind == kindGC {
		return lib0.AppendUint(append(dst, kindGC), it.length-offset)
	}
	l := &d.lists[it.list]
	header := codec.Header{
		Ref:       it.kind,
		HasOrigin: it.originClient != 0,
		HasRight:  it.rightClient != 0,
		HasSub:    l.entry,
		Origin:    codec.ID{Client: uint64(d.clients[it.originClient].id), Clock: it.originClock},
		Right:     codec.ID{Client: uint64(d.clients[it.rightClient].id), Clock: it.rightClock},
	}
	if offset > 0 {
		header.HasOrigin = true
		header.Origin = codec.ID{Client: uint64(d.clients[it.client].id), Clock: it.clock + offset - 1}
	}
	dst = header.Append(dst)
	if !header.HasOrigin && !header.HasRight {
		t := d.types[l.typ]
		if t.item == 0 {
			dst = codec.AppendRoot(dst, t.name)
		} else {
			holder := d.items.at(t.item)
			dst = codec.AppendParentItem(dst, codec.ID{Client: uint64(d.clients[holder.client].id), Clock: holder.clock})
		}
		if l.entry {
			dst = lib0.AppendString(dst, d.keys[l.key])
		}
	}
	return d.appendContent(dst, it, offset)
}

func (d *Doc) appendContent(dst []byte, it *item, offset uint64) []byte {
	switch it.kind {
	case kindDeleted:
		return lib0.AppendUint(dst, it.length-offset)
	case kindString:
		return d.text.appendFrom(dst, it, offset)
	case kindAny, kindJSON:
		dst = lib0.AppendUint(dst, it.length-offset)
		for _, v := range d.elements.values[it.content][offset:] {
			if it.kind == kindAny {
				dst = lib0.AppendAny(dst, v)
			} else {
				dst = codec.AppendJSONElement(dst, v)
			}
		}
	case kindBinary:
		raw := d.singles.values[it.content].Str()
		dst = append(lib0.AppendUint(dst, uint64(len(raw))), raw...)
	case kindEmbed:
		dst = codec.AppendJSON(dst, d.singles.values[it.content])
	case kindFormat:
		dst = lib0.AppendString(dst, d.keys[it.size])
		dst = codec.AppendJSON(dst, d.singles.values[it.content])
	case kindType:
		t := d.types[it.content]
		dst = codec.Type{Kind: byte(t.kind), Name: t.name}.Append(dst)
	case kindDoc:
		dst = d.subdocs.values[it.content].wire().Append(dst)
	}
	return dst
}
