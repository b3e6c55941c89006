package crdt

import (
	"cmp"
	"slices"
	"sort"

	"github.com/sheafdocs/sheaf/crdt/internal/codec"
	"github.com/sheafdocs/sheaf/crdt/internal/sorting"
)

// ApplyUpdate merges an update into the document. What is known already has
// no effect; what builds on unknown edits is kept until those arrive. An
// error wraps ErrMalformed, or ErrTooLarge where the document might pass
// MaxTextBytes, and then nothing was changed.
func (d *Doc) ApplyUpdate(update []byte, origin any) error {
	return d.applyFormat(codec.V1, update, origin)
}

// ApplyUpdateV2 is ApplyUpdate for an update of format 2. A document may get
// updates of both formats, in any order.
func (d *Doc) ApplyUpdateV2(update []byte, origin any) error {
	return d.applyFormat(codec.V2, update, origin)
}

func (d *Doc) applyFormat(f codec.Format, update []byte, origin any) error {
	// Hooks may apply further updates meanwhile, which then find no spare.
	spare := d.spareSections
	d.spareSections = nil
	sections, deletes, err := codec.ScanInto(spare, f, update)
	defer func() {
		if cap(sections) <= fewItems {
			clear(sections[:cap(sections)]) // they hold the update
			d.spareSections = sections[:0]
		}
	}()
	if err != nil {
		return failed("apply update", ErrMalformed, err)
	}
	if err := d.fits(update); err != nil {
		return err
	}
	d.transact(origin, false, func(tx *Txn) { tx.apply(sections, deletes) })
	return nil
}

// fits says whether the text of an update is sure to have room.
func (d *Doc) fits(update []byte) error {
	if len(d.text.buf)+len(update) > MaxTextBytes {
		return failed("apply update: document", ErrTooLarge)
	}
	return nil
}

// apply integrates the structs of an update that was checked, deletes what it
// deletes, and goes on with what waited for it.
func (tx *Txn) apply(sections []codec.Section, deletes codec.Ranges) {
	p := &tx.doc.pending
	tx.doc.makeRoom(sections)
	tx.deletes = slices.Grow(tx.deletes, len(deletes))
	in := newIntegration(tx, sections)
	rest := in.run()
	p.add(tx.doc, rest)
	unknown := tx.deleteRanges(deletes.Normalize())
	tx.retryDeletes()
	p.deletes.add(unknown)
	if len(p.woken) == 0 {
		return
	}
	// Whatever is free now is in it, so once is enough.
	in = newIntegration(tx, p.release(tx.doc))
	rest = in.run()
	p.add(tx.doc, rest)
	tx.retryDeletes()
}

// makeRoom allocates at once what the new structs of an update will take: in
// pieces, loading a document would cost half as much again.
func (d *Doc) makeRoom(sections []codec.Section) {
	structs, text := codec.Room(sections, func(client uint64) uint64 { return d.stateOf(ClientID(client)) })
	d.items.reserve(structs)
	d.text.buf = slices.Grow(d.text.buf, text)
}

// integration integrates the structs of one update in the order in which they
// build on each other.
type integration struct {
	tx       *Txn
	sections []codec.Section // one a client, ascending
	open     int             // those from here on have no structs left
	current  *codec.Section
	stack    []codec.Struct // each waits for what is above it
}

func newIntegration(tx *Txn, sections []codec.Section) integration {
	sorting.Stable(sections, func(a, b codec.Section) int { return cmp.Compare(a.Client, b.Client) })
	n := 0
	for i := range sections { // of two sections of one client the later counts
		if n > 0 && sections[n-1].Client == sections[i].Client {
			n--
		}
		sections[n] = sections[i]
		tx.apart = tx.apart || sections[i].AroundItself
		n++
	}
	return integration{tx: tx, sections: sections[:n], open: n}
}

// section returns the section of a client, or nil if there is none or it was
// given up.
func (in *integration) section(client uint64) *codec.Section {
	i, ok := sort.Find(len(in.sections), func(i int) int { return cmp.Compare(client, in.sections[i].Client) })
	if !ok || in.sections[i].Dropped() {
		return nil
	}
	return &in.sections[i]
}

// nextSection makes the section of the highest client that has structs left
// the current one.
func (in *integration) nextSection() bool {
	for ; in.open > 0; in.open-- {
		if s := &in.sections[in.open-1]; s.More() {
			in.current = s
			return true
		}
	}
	return false
}

// run integrates all it can and returns the rest.
func (in *integration) run() []*pendingRun {
	if !in.nextSection() {
		return nil
	}
	var head codec.Struct
	var w restWriter
	in.current.Next(&head)
	for {
		if in.step(&head, &w) {
			continue // with what head waits for
		}
		switch {
		case len(in.stack) > 0:
			head = in.stack[len(in.stack)-1]
			in.stack = in.stack[:len(in.stack)-1]
		case in.current.More() || in.nextSection():
			in.current.Next(&head)
		default:
			return w.finish()
		}
	}
}

// step integrates head. If head waits for another struct of the update, it
// goes onto the stack, that struct becomes the head, and step returns true. If
// it waits for something else, the whole stack is given up.
func (in *integration) step(head *codec.Struct, w *restWriter) bool {
	if head.Ref == codec.RefSkip {
		return false
	}
	d := in.tx.doc
	state := d.clients[d.clientIndex(ClientID(head.Client))].state
	if head.Clock > state {
		in.giveUp(*head, w)
		return false
	}
	if client, missing := d.missing(head); missing {
		if s := in.section(client); s != nil && s.More() {
			in.stack = append(in.stack, *head)
			s.Next(head)
			return true
		}
		in.giveUp(*head, w)
		return false
	}
	left, right, list := in.tx.neighbours(head)
	if offset := state - head.Clock; offset < head.Len {
		in.tx.integrate(head, offset, left, right, list)
	}
	return false
}

// giveUp puts the stack and head, and all that follows them in their clients'
// sections, into the remainder.
func (in *integration) giveUp(head codec.Struct, w *restWriter) {
	for _, s := range append(in.stack, head) {
		if section := in.section(s.Client); section != nil {
			w.add(restPart{section: section.Rest()})
		} else {
			w.add(restPart{single: s})
		}
	}
	in.stack = in.stack[:0]
}

// restWriter collects the remainder by client; of two parts of one client the
// later counts, as in Yjs.
type restWriter struct{ parts []restPart }

// restPart is a section or, where there is none, one struct.
type restPart struct {
	section codec.Section
	single  codec.Struct
}

func (p *restPart) client() uint64 {
	if p.section.More() {
		return p.section.Client
	}
	return p.single.Client
}

func (w *restWriter) add(p restPart) { w.parts = append(w.parts, p) }

// finish returns the remainder.
func (w *restWriter) finish() []*pendingRun {
	sorting.Stable(w.parts, func(a, b restPart) int { return cmp.Compare(b.client(), a.client()) })
	var out runWriter
	for i := range w.parts {
		p := &w.parts[i]
		if i+1 < len(w.parts) && w.parts[i+1].client() == p.client() {
			continue
		}
		if !p.section.More() {
			out.add(&p.single)
		}
		for p.section.More() {
			p.section.Next(&p.single)
			out.add(&p.single)
		}
	}
	return out.finish()
}
