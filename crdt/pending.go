package crdt

import (
	"cmp"
	"slices"

	"github.com/sheafdocs/sheaf/crdt/internal/codec"
	"github.com/sheafdocs/sheaf/crdt/internal/sorting"
)

// pending holds what was received but builds on edits that were not: structs
// by client and clock, and deletions of units that are not known yet.
//
// Of each client only the first pending struct matters, because the others
// build on it. What it waits for is noted there where it will arrive, so that
// whatever arrives sets free what waited for it without a look at anything
// else.
type pending struct {
	chains  map[uint64]*chain    // by client
	waiting map[uint64]clockHeap // by client, until which clock which chains wait for it
	woken   []uint64             // clients whose chain may go on
	structs int                  // how many are kept
	anew    int                  // how many were written anew to merge others exactly
	deletes pendingDeletes
}

// chain is what is pending of one client.
type chain struct {
	client uint64
	runs   runList
	wait   codec.ID // what the first struct waits for
	waits  bool     // wait is set

	// While chains are released: what is, where it ends (0: nothing is yet), the
	// state of the client with it, and the first run of the others.
	released   *codec.Writer
	end, reach uint64
	open       *openRun
}

// maxExactStructs and maxExactBytes are up to how many pending structs, and
// bytes of them, what overlaps them is merged with all of them, as Yjs does.
// That decides which of two structs with units in common is cut, but writes
// everything anew: no more than about maxExactWork structs until nothing is
// pending again, so that many updates cost in proportion. Beyond them only what
// overlaps is merged, so a struct may be cut otherwise than in Yjs, with the
// same effect.
const (
	maxExactStructs = 2048
	maxExactBytes   = 1 << 20
	maxExactWork    = 1 << 14
)

func (p *pending) any() bool { return len(p.chains) > 0 || len(p.deletes.of) > 0 }

// advanced takes note that a client's state is now state.
func (p *pending) advanced(client, state uint64) {
	p.deletes.advanced(client, state)
	p.wake(client, state)
}

// wake notes the chains that wait for no more than a state of a client.
func (p *pending) wake(client, state uint64) {
	heap, ok := p.waiting[client]
	if !ok {
		return
	}
	for len(heap) > 0 && heap[0].clock < state {
		at := heap.pop()
		c := p.chains[at.value]
		if c != nil && c.waits && c.wait == (codec.ID{Client: client, Clock: at.clock}) { // else it waits for something else by now
			c.waits = false
			p.woken = append(p.woken, c.client)
		}
	}
	if len(heap) == 0 {
		delete(p.waiting, client)
	} else {
		p.waiting[client] = heap
	}
}

// add keeps what of an update could not be integrated.
func (p *pending) add(d *Doc, rest []*pendingRun) {
	if len(rest) == 0 {
		return
	}
	if p.chains == nil {
		p.chains, p.waiting = make(map[uint64]*chain), make(map[uint64]clockHeap)
	}
	if len(p.chains) == 0 {
		p.anew = 0
	}
	if slices.ContainsFunc(rest, p.overlaps) {
		if all := p.runsIfFew(); all != nil {
			p.chains, p.waiting, p.woken, p.structs = make(map[uint64]*chain), make(map[uint64]clockHeap), nil, 0
			rest = mergeRuns(all, rest)
		}
	}
	for _, r := range rest {
		p.put(d, r)
	}
}

// overlaps tells whether units of a run are pending already.
func (p *pending) overlaps(r *pendingRun) bool {
	c := p.chains[r.client]
	return c != nil && c.runs.overlaps(r)
}

// put adds a run to the chain of its client.
func (p *pending) put(d *Doc, r *pendingRun) {
	c := p.chains[r.client]
	if c == nil {
		c = &chain{client: r.client}
		p.chains[r.client] = c
	}
	parts := []*pendingRun{r}
	if c.runs.overlaps(r) {
		taken := c.runs.takeOverlapping(r)
		for _, t := range taken {
			p.structs -= t.structs
		}
		parts = mergeRuns(taken, parts)
	}
	for _, part := range parts {
		p.structs += part.structs
		c.runs.insert(part)
	}
	if c.runs.first().clock == parts[0].clock { // else the chain begins as before
		p.await(d, c)
	}
}

// await notes what a chain waits for, or that it does not.
func (p *pending) await(d *Doc, c *chain) {
	if id, waits := p.waitsFor(d, c.runs.first().open().head()); waits {
		p.note(c, id)
	} else {
		p.woken = append(p.woken, c.client)
	}
}

func (p *pending) note(c *chain, id codec.ID) {
	if c.waits && c.wait == id {
		return
	}
	c.wait, c.waits = id, true
	heap := p.waiting[id.Client]
	heap.push(clockEntry{id.Clock, c.client})
	p.waiting[id.Client] = heap
}

// waitsFor returns a unit that must be known before s can be integrated.
func (p *pending) waitsFor(d *Doc, s *codec.Struct) (codec.ID, bool) {
	if s.Clock > p.state(d, s.Client) {
		return codec.ID{Client: s.Client, Clock: s.Clock - 1}, true
	}
	lacks := func(id codec.ID) bool { return id.Client != s.Client && id.Clock >= p.state(d, id.Client) }
	switch {
	case s.HasOrigin && lacks(s.Origin):
		return s.Origin, true
	case s.HasRight && lacks(s.Right):
		return s.Right, true
	case s.Parent == codec.ParentItem && lacks(s.ParentID):
		return s.ParentID, true
	}
	return codec.ID{}, false
}

// state returns the state that a client has, or will have with what is being
// released.
func (p *pending) state(d *Doc, client uint64) uint64 {
	state := d.stateOf(ClientID(client))
	if c := p.chains[client]; c != nil {
		return max(state, c.reach)
	}
	return state
}

// release removes all structs that no longer wait for anything but each other
// and returns them for integration.
func (p *pending) release(d *Doc) []codec.Section {
	var moved []*chain
	for len(p.woken) > 0 {
		client := p.woken[len(p.woken)-1]
		p.woken = p.woken[:len(p.woken)-1]
		c := p.chains[client]
		if c == nil {
			continue
		}
		if c.released == nil {
			out := codec.NewWriter(codec.Kept)
			c.released, c.end, c.reach = &out, 0, d.stateOf(ClientID(client))
			moved = append(moved, c)
		}
		p.follow(d, c)
	}
	var sections []codec.Section
	for _, c := range moved {
		// It was encoded here, so it reads without error.
		part, _, _ := codec.Scan(codec.Kept, c.released.Finish(nil))
		sections = append(sections, part...)
		c.close()
		if c.released, c.reach = nil, 0; c.runs.empty() {
			delete(p.chains, c.client)
		}
	}
	return sections
}

// follow releases structs of a chain up to the first that waits for something.
func (p *pending) follow(d *Doc, c *chain) {
	c.waits = false
	for {
		if c.open == nil {
			if c.runs.empty() {
				return
			}
			c.open = c.runs.first().open()
		}
		head := c.open.head()
		if id, waits := p.waitsFor(d, head); waits {
			p.note(c, id)
			return
		}
		// What came by another way too is released as well: like Yjs,
		// integrating it splits what it was written next to.
		c.release(head)
		p.structs--
		if !c.open.next() {
			c.runs.removeFirst()
			c.open = nil
		}
		p.wake(c.client, c.reach)
	}
}

// release writes a struct to what is released.
func (c *chain) release(s *codec.Struct) {
	if c.end != 0 && c.end < s.Clock {
		c.released.Struct(&codec.Struct{ID: codec.ID{Client: c.client, Clock: c.end}, Ref: codec.RefSkip, Len: s.Clock - c.end}, 0)
	}
	c.released.Struct(s, 0)
	c.end = s.End()
	c.reach = max(c.reach, c.end)
}

// close keeps what was not released of the open run.
func (c *chain) close() {
	if c.open != nil && c.open.taken > 0 {
		c.runs.replaceFirst(c.open.rest())
	}
	c.open = nil
}

// runs returns all pending structs, by client, highest first, and clock.
func (p *pending) runs() []*pendingRun {
	chains := make([]*chain, 0, len(p.chains))
	for _, c := range p.chains {
		chains = append(chains, c)
	}
	sorting.Stable(chains, func(a, b *chain) int { return cmp.Compare(b.client, a.client) })
	var all []*pendingRun
	for _, c := range chains {
		all = c.runs.appendTo(all)
	}
	return all
}

// runsIfFew returns what runs does while that is within the limits of an exact
// merge, else nil.
func (p *pending) runsIfFew() []*pendingRun {
	if p.structs > maxExactStructs || p.anew > maxExactWork {
		return nil
	}
	all, bytes := p.runs(), 0
	for _, r := range all {
		bytes += len(r.update)
	}
	if bytes > maxExactBytes {
		return nil
	}
	p.anew += p.structs
	return all
}

// withPending adds what is pending to an update of format f that encodes the
// state.
func (d *Doc) withPending(f codec.Format, update []byte, sv StateVector) []byte {
	if !d.pending.any() {
		return update
	}
	readers := []*codec.Reader{codec.NewFormatReader(f, update)}
	if deletes := d.pending.deletes.ranges(); len(deletes) > 0 {
		readers = append(readers, codec.NewReader(deletes.Append([]byte{0})))
	}
	// All of it was encoded here, so it reads without error.
	if runs := d.pending.runs(); len(runs) > 0 {
		structs, _ := codec.Diff(codec.Kept, joinRuns(runs), func(client uint64) uint64 { return sv[ClientID(client)] })
		readers = append(readers, codec.NewFormatReader(codec.Kept, structs))
	}
	merged, _ := codec.MergeReaders(f, readers)
	return merged
}
