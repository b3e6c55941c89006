package crdt

import (
	"encoding/binary"

	"github.com/sheafdocs/sheaf/crdt/internal/codec"
	"github.com/sheafdocs/sheaf/crdt/internal/columns"
	"github.com/sheafdocs/sheaf/crdt/internal/lib0"
)

// Columns returns the whole document as package packed compresses and stores it,
// which is who this is for. It is Plain, and no more than states, if columns
// cannot express it.
func (d *Doc) Columns() columns.File {
	p := packer{d: d}
	return p.pack()
}

// packer writes a document's lists one after the other, in the order in which
// their types are first met: the roots, what they hold, what that holds.
type packer struct {
	d       *Doc
	clients []uint64 // by index into Doc.clients: index into the file's table

	content columns.Columns // what is visible
	history columns.Columns // how it came about

	types    []packedType // to come
	ends     []uint64     // by client of the file: where its last item ended
	openText int          // bytes of text that the tree does not tell of yet
	odd      bool         // something is not deleted although its parent is
}

// packedType is a type whose lists are to be packed.
type packedType struct {
	typ  int32
	live bool
}

func (p *packer) pack() columns.File {
	d := p.d
	p.content = make(columns.Columns, columns.NumContent)
	p.history = make(columns.Columns, columns.NumHistory)
	p.clients = make([]uint64, len(d.clients))
	p.ends = make([]uint64, len(d.clients))
	for i, c := range d.descending() {
		p.clients[c] = uint64(i)
	}
	p.content.Uint(columns.Tree, uint64(len(d.roots)))
	for _, root := range d.roots {
		p.content[columns.Tree] = lib0.AppendString(p.content[columns.Tree], d.types[root].name)
		p.types = append(p.types, packedType{root, true})
	}
	for i := 0; i < len(p.types); i++ {
		p.body(p.types[i])
	}
	p.collected()
	if d.pending.any() {
		p.history[columns.Pending] = d.pendingUpdate()
	}
	if p.odd {
		return columns.File{Plain: true, States: d.packedStates()}
	}
	return columns.File{States: d.packedStates(), Content: p.content, History: p.history}
}

// packedStates returns the state of every client, in descending order of ids.
func (d *Doc) packedStates() []columns.State {
	var states []columns.State
	for _, c := range d.descending() {
		states = append(states, columns.State{Client: uint64(d.clients[c].id), Clock: d.clients[c].state})
	}
	return states
}

// pendingUpdate returns what is pending as an update.
func (d *Doc) pendingUpdate() []byte {
	nothing := codec.Ranges(nil).Append([]byte{0})
	return d.withPending(codec.V1, nothing, nil)
}

// body writes the lists of a type: its children, the keys that have a value,
// the keys that have none any more.
func (p *packer) body(t packedType) {
	d := p.d
	typ := d.types[t.typ]
	p.list(typ.children, t.live)
	var gone []mapEntry
	values := 0
	for _, e := range typ.entries.all() {
		if p.hasValue(e) {
			values++
		} else {
			gone = append(gone, e)
		}
	}
	if t.live {
		p.content.Uint(columns.Tree, uint64(values))
	} else if values > 0 {
		p.odd = true
	}
	for _, e := range typ.entries.all() {
		if p.hasValue(e) {
			p.content[columns.Tree] = lib0.AppendString(p.content[columns.Tree], d.keys[e.key])
			p.list(e.list, true)
		}
	}
	p.history.Uint(columns.Keys, uint64(len(gone)))
	for _, e := range gone {
		p.history[columns.Keys] = lib0.AppendString(p.history[columns.Keys], d.keys[e.key])
		p.list(e.list, false)
	}
}

// hasValue tells whether the newest value of a key, the one that counts, is not
// deleted.
func (p *packer) hasValue(e mapEntry) bool {
	last := p.d.lists[e.list].last
	return last != 0 && !p.d.item(last).deleted()
}

// list writes the items of a list. visible says whether the tree has a place
// for it.
func (p *packer) list(list int32, visible bool) {
	d := p.d
	var runs []columns.Run
	var items []*item
	if list != 0 {
		for h := d.lists[list].first; h != 0; h = d.item(h).right {
			it := d.item(h)
			items = append(items, it)
			runs = append(runs, columns.Run{Client: p.clients[it.client], Clock: it.clock, Len: it.len()})
		}
	}
	left, right := columns.Neighbours(runs)
	for i, it := range items {
		p.odd = p.odd || !it.deleted() && !visible
		p.item(it, runs[i], left[i], right[i])
	}
	p.history[columns.Flags] = append(p.history[columns.Flags], columns.EndOfList)
	if visible {
		p.flushText()
		p.content[columns.Tree] = append(p.content[columns.Tree], columns.EndOfList)
	}
}

// item writes one item. left and right are its expected origins.
func (p *packer) item(it *item, run columns.Run, left, right columns.Unit) {
	flags := byte(columns.Live)
	if it.deleted() {
		flags = it.kind
	}
	origin := p.unit(it.origin())
	rightOrigin := p.unit(it.rightOrigin())
	if origin != left {
		flags |= columns.OtherOrigin
		p.named(origin, run)
	}
	if rightOrigin != right {
		flags |= columns.OtherRight
		p.named(rightOrigin, run)
	}
	h := p.history
	h[columns.Flags] = append(h[columns.Flags], flags)
	h.Uint(columns.Clients, run.Client)
	h[columns.Clocks] = binary.AppendVarint(h[columns.Clocks], int64(run.Clock)-int64(p.ends[run.Client]))
	p.ends[run.Client] = run.Clock + run.Len
	if it.deleted() {
		p.deleted(it)
	} else {
		p.visible(it)
	}
	if it.kind == kindType {
		p.types = append(p.types, packedType{int32(it.content), !it.deleted()})
	}
}

func (p *packer) unit(u unit) columns.Unit {
	if u.client == 0 {
		return columns.Unit{}
	}
	return columns.Unit{Known: true, Client: p.clients[u.client], Clock: u.clock}
}

// named writes an origin that is not the expected one.
func (p *packer) named(u columns.Unit, run columns.Run) {
	if !u.Known {
		p.history.Uint(columns.Origins, 0)
		return
	}
	p.history.Uint(columns.Origins, u.Client+1)
	p.history[columns.Origins] = binary.AppendVarint(p.history[columns.Origins], int64(u.Clock)-int64(run.Clock))
}

// visible writes the content of an item that is not deleted. Text that shows
// as one is one in the tree; the history says how it is divided.
func (p *packer) visible(it *item) {
	c := p.content
	if it.kind == kindString {
		text := p.d.text.bytes(it)
		c[columns.Text] = append(c[columns.Text], text...)
		p.history.Uint(columns.Lengths, uint64(len(text)))
		p.openText += len(text)
		return
	}
	p.flushText()
	c[columns.Tree] = p.d.appendContent(append(c[columns.Tree], it.kind), it)
}

// deleted writes the content of an item that is deleted: its length, unless
// garbage collection is off.
func (p *packer) deleted(it *item) {
	if it.kind == kindDeleted {
		p.history.Uint(columns.Gaps, it.len())
		return
	}
	p.history[columns.Gone] = p.d.appendContent(p.history[columns.Gone], it)
}

func (p *packer) flushText() {
	if p.openText > 0 {
		p.content[columns.Tree] = append(p.content[columns.Tree], kindString)
		p.content.Uint(columns.Tree, uint64(p.openText))
		p.openText = 0
	}
}

// collected writes the units of which only the number is known.
func (p *packer) collected() {
	d := p.d
	for _, c := range d.descending() {
		end := uint64(0)
		for _, block := range d.clients[c].blocks {
			for _, h := range block {
				if it := d.item(h); it.kind == kindGC {
					p.history.Uint(columns.Collected, p.clients[c]+1)
					p.history.Uint(columns.Collected, it.clock-end)
					p.history.Uint(columns.Collected, it.len())
					end = it.end()
				}
			}
		}
	}
}
