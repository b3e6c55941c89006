package crdt

import (
	"slices"

	"github.com/sheafdocs/sheaf/crdt/internal/codec"
)

// unitSet is a set of units that knows in which order Yjs would go through it:
// clients in the order in which they came in, clocks ascending.
type unitSet struct {
	clients []uint64
	ranges  codec.Ranges // normalized
}

// add adds a range.
func (s *unitSet) add(r codec.Range) {
	if r.Len == 0 {
		return
	}
	if !slices.Contains(s.clients, r.Client) {
		s.clients = append(s.clients, r.Client)
	}
	i := s.ranges.Search(r.Client, r.Clock)
	if i > 0 && s.ranges[i-1].Client == r.Client && s.ranges[i-1].End() >= r.Clock {
		i--
		r = codec.Range{Client: r.Client, Clock: s.ranges[i].Clock, Len: max(s.ranges[i].End(), r.End()) - s.ranges[i].Clock}
	} else {
		s.ranges = insert(s.ranges, i, r)
	}
	next := i + 1
	for next < len(s.ranges) && s.ranges[next].Client == r.Client && s.ranges[next].Clock <= r.End() {
		r.Len = max(r.End(), s.ranges[next].End()) - r.Clock
		next++
	}
	s.ranges[i] = r
	s.ranges = remove(s.ranges, i+1, next)
}

// addAll adds another set.
func (s *unitSet) addAll(o unitSet) {
	for _, client := range o.clients {
		from, to := o.ranges.OfClient(client)
		for _, r := range o.ranges[from:to] {
			s.add(r)
		}
	}
}

// hasItem tells whether the first unit of an item is in the set.
func (d *Doc) hasItem(s *unitSet, it *item) bool {
	return s.ranges.Has(uint64(d.clients[it.client].id), it.clock)
}

func (s *unitSet) clockRanges() []ClockRange {
	var out []ClockRange
	for _, r := range s.ranges {
		out = append(out, ClockRange{ClientID(r.Client), r.Clock, r.End()})
	}
	return out
}

// eachItem calls f for all known items of a set, split so that they hold
// nothing else; only what is collected stays whole.
func (tx *Txn) eachItem(s *unitSet, f func(handle)) {
	d := tx.doc
	for _, id := range s.clients {
		c := d.clientIndex(ClientID(id))
		if c == 0 {
			continue
		}
		state := d.clients[c].state
		from, to := s.ranges.OfClient(id)
		for _, r := range s.ranges[from:to] {
			if r.Clock < state {
				tx.eachItemOf(c, r.Clock, r.End(), f)
			}
		}
	}
}

func (tx *Txn) eachItemOf(c uint32, clock, end uint64, f func(handle)) {
	d := tx.doc
	h := tx.cleanStart(c, clock)
	for {
		if end < d.item(h).end() {
			tx.cleanStart(c, end)
		}
		f(h)
		next := d.item(h).end()
		if next >= end || next >= d.clients[c].state {
			return
		}
		h = d.itemAt(c, next)
	}
}
