package crdt

import (
	"cmp"

	"github.com/sheafdocs/sheaf/crdt/internal/codec"
	"github.com/sheafdocs/sheaf/crdt/internal/sorting"
)

// EncodeStateAsUpdate returns everything that a replica with the given state
// lacks, as one update; nil asks for the whole document. What is pending is
// included.
func (d *Doc) EncodeStateAsUpdate(sv StateVector) []byte { return d.encodeState(codec.V1, sv) }

// EncodeStateAsUpdateV2 is EncodeStateAsUpdate in format 2, which takes about
// half the bytes.
func (d *Doc) EncodeStateAsUpdateV2(sv StateVector) []byte { return d.encodeState(codec.V2, sv) }

func (d *Doc) encodeState(f codec.Format, sv StateVector) []byte {
	var parts []touch
	for _, c := range d.descending() {
		if from := sv[d.clients[c].id]; d.clients[c].state > from {
			parts = append(parts, touch{client: c, before: from})
		}
	}
	e := codec.NewEncoder(f)
	d.encodeStructs(&e, parts)
	e.Deletes(d.deleteSet())
	return d.withPending(f, e.Finish(), sv)
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
				case !it.deleted():
					open = false
				case open:
					out[len(out)-1].Len += it.len()
				default:
					out = append(out, codec.Range{Client: uint64(cl.id), Clock: it.clock, Len: it.len()})
					open = true
				}
			}
		}
	}
	return out
}

// encodeUpdate writes the update of a transaction. It returns false if the
// transaction changed nothing.
func (d *Doc) encodeUpdate(e *codec.Encoder, tx *Txn) bool {
	changed := len(tx.deletes) > 0
	var space [2]touch
	parts := space[:0]
	for _, t := range tx.touched {
		changed = changed || t.before != t.after
		if d.clients[t.client].state > t.before {
			parts = append(parts, t)
		}
	}
	if !changed {
		return false
	}
	sorting.Stable(parts, func(a, b touch) int {
		return cmp.Compare(d.clients[b.client].id, d.clients[a.client].id)
	})
	d.encodeStructs(e, parts)
	e.Deletes(tx.deletes)
	return true
}

// encodeStructs writes the units of each part's client from its clock "before"
// on.
func (d *Doc) encodeStructs(e *codec.Encoder, parts []touch) {
	e.Uint(uint64(len(parts)))
	for _, p := range parts {
		cl := &d.clients[p.client]
		pos := d.find(cl, p.before)
		e.Uint(uint64(cl.countFrom(pos)))
		e.Client(uint64(cl.id))
		e.Uint(p.before)
		first := cl.at(pos)
		d.encodeItem(e, first, p.before-d.items.at(first).clock)
		for pos, more := cl.next(pos); more; pos, more = cl.next(pos) {
			d.encodeItem(e, cl.at(pos), 0)
			e.Spill()
		}
	}
}

// encodeItem writes an item without its first offset units.
func (d *Doc) encodeItem(e *codec.Encoder, h handle, offset uint64) {
	it := d.items.at(h)
	if it.kind == kindGC {
		e.GC(it.len() - offset)
		return
	}
	origin, right := it.origin(), it.rightOrigin()
	l := &d.lists[it.list]
	header := codec.Header{
		Ref:       it.kind,
		HasOrigin: origin.client != 0,
		HasRight:  right.client != 0,
		HasSub:    l.entry,
		Origin:    codec.ID{Client: uint64(d.clients[origin.client].id), Clock: origin.clock},
		Right:     codec.ID{Client: uint64(d.clients[right.client].id), Clock: right.clock},
	}
	if offset > 0 {
		header.HasOrigin = true
		header.Origin = codec.ID{Client: uint64(d.clients[it.client].id), Clock: it.clock + offset - 1}
	}
	e.Header(&header)
	if !header.HasOrigin && !header.HasRight {
		t := d.types[l.typ]
		if t.item == 0 {
			e.Root(t.name)
		} else {
			holder := d.items.at(t.item)
			e.ParentItem(codec.ID{Client: uint64(d.clients[holder.client].id), Clock: holder.clock})
		}
		if l.entry {
			e.String(d.keys[l.key])
		}
	}
	d.encodeContent(e, it, offset)
}

func (d *Doc) encodeContent(e *codec.Encoder, it *item, offset uint64) {
	switch it.kind {
	case kindDeleted:
		e.Length(it.len() - offset)
	case kindString:
		e.Text(d.text.bytes(it), offset, it.len())
	case kindAny, kindJSON:
		e.Length(it.len() - offset)
		for _, v := range d.elements.values[it.content][offset:] {
			if it.kind == kindAny {
				e.Any(v)
			} else {
				e.JSONElement(v)
			}
		}
	case kindBinary:
		e.Binary([]byte(d.singles.values[it.content].Str()))
	case kindEmbed:
		e.Embed(d.singles.values[it.content])
	case kindFormat:
		e.Format(d.keys[it.size], d.singles.values[it.content])
	case kindType:
		t := d.types[it.content]
		e.Type(codec.Type{Kind: byte(t.kind), Name: t.name})
	case kindDoc:
		e.Subdoc(d.subdocs.values[it.content].wire())
	}
}

// appendContent appends the content of an item in format 1.
func (d *Doc) appendContent(dst []byte, it *item) []byte {
	e := codec.AppendTo(dst)
	d.encodeContent(&e, it, 0)
	return e.Finish()
}
