package crdt

import (
	"cmp"
	"slices"

	"github.com/sheafdocs/sheaf/crdt/internal/codec"
	"github.com/sheafdocs/sheaf/crdt/internal/sorting"
)

// pendingDeletes are deletions of units that are not known yet: for each
// client, how many units from which clock on, lowest clock first.
type pendingDeletes struct {
	of         map[uint64]clockHeap
	due        []uint64 // clients of which some became known
	count      int
	normalized int // count when ranges were last joined
}

// minJoinedDeletes is how many pending ranges pile up before they are joined.
const minJoinedDeletes = 1024

// add keeps ranges.
func (p *pendingDeletes) add(ranges codec.Ranges) {
	if len(ranges) == 0 {
		return
	}
	if p.of == nil {
		p.of = make(map[uint64]clockHeap)
	}
	for _, r := range ranges {
		heap := p.of[r.Client]
		heap.push(clockEntry{r.Clock, r.Len})
		p.of[r.Client] = heap
	}
	if p.count += len(ranges); p.count > 2*p.normalized+minJoinedDeletes {
		p.join() // so that what is received again does not pile up
	}
}

// join replaces the ranges by as few as possible.
func (p *pendingDeletes) join() {
	all := p.ranges()
	p.of = make(map[uint64]clockHeap)
	for _, r := range all { // in order, which is a heap
		p.of[r.Client] = append(p.of[r.Client], clockEntry{r.Clock, r.Len})
	}
	p.count, p.normalized = len(all), len(all)
}

// ranges returns all of it as a delete set.
func (p *pendingDeletes) ranges() codec.Ranges {
	var all codec.Ranges
	for client, heap := range p.of {
		for _, e := range heap {
			all = append(all, codec.Range{Client: client, Clock: e.clock, Len: e.value})
		}
	}
	return all.Normalize()
}

// advanced takes note that a client's state is now state.
func (p *pendingDeletes) advanced(client, state uint64) {
	if heap := p.of[client]; len(heap) > 0 && heap[0].clock < state &&
		(len(p.due) == 0 || p.due[len(p.due)-1] != client) {
		p.due = append(p.due, client)
	}
}

// retryDeletes deletes those units of pending ranges that became known.
func (tx *Txn) retryDeletes() {
	d := tx.doc
	p := &d.pending.deletes
	if len(p.due) == 0 {
		return
	}
	due := p.due
	p.due = nil
	sorting.Stable(due, func(a, b uint64) int { return cmp.Compare(b, a) }) // Yjs's order
	for _, client := range slices.Compact(due) {
		heap := p.of[client]
		state := d.stateOf(ClientID(client))
		var known codec.Ranges
		for len(heap) > 0 && heap[0].clock < state {
			e := heap.pop()
			known = append(known, codec.Range{Client: client, Clock: e.clock, Len: e.value})
		}
		p.count -= len(known)
		if len(heap) == 0 {
			delete(p.of, client)
		} else {
			p.of[client] = heap
		}
		// Joined, as Yjs keeps them: at the end of each an item is split, and
		// half a surrogate pair is text lost.
		p.add(tx.deleteRanges(known.Normalize()))
	}
}

// clockHeap is a binary heap with the lowest clock first.
type clockHeap []clockEntry

type clockEntry struct{ clock, value uint64 }

func (h *clockHeap) push(e clockEntry) {
	*h = append(*h, e)
	s := *h
	for i := len(s) - 1; i > 0; {
		up := (i - 1) / 2
		if s[up].clock <= s[i].clock {
			return
		}
		s[up], s[i] = s[i], s[up]
		i = up
	}
}

func (h *clockHeap) pop() clockEntry {
	s := *h
	top, n := s[0], len(s)-1
	s[0] = s[n]
	s = s[:n]
	*h = s
	for i := 0; ; {
		least := i
		for _, child := range []int{2*i + 1, 2*i + 2} {
			if child < n && s[child].clock < s[least].clock {
				least = child
			}
		}
		if least == i {
			return top
		}
		s[i], s[least] = s[least], s[i]
		i = least
	}
}
