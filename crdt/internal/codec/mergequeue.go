package codec

import (
	"cmp"
	"container/heap"
	"slices"

	"github.com/sheafdocs/sheaf/crdt/internal/sorting"
)

// source is one of the updates being merged.
type source struct {
	r    *Reader
	done bool
	turn int // in a heap: when it was last first
}

// open goes to the beginning of an update.
func (s *source) open(f Format, update []byte) {
	s.done = false
	s.r.start(f, update)
}

// next advances to the next struct that is not a Skip.
func (s *source) next() bool {
	for s.r.Next() {
		if s.r.Struct.Ref != RefSkip {
			return true
		}
	}
	s.done = true
	return false
}

// compare orders sources by the structs they come to next: higher clients
// first, then lower clocks.
func (s *source) compare(o *source) int {
	a, b := &s.r.Struct, &o.r.Struct
	if a.Client != b.Client {
		return cmp.Compare(b.Client, a.Client)
	}
	return cmp.Compare(a.Clock, b.Clock)
}

// queue yields the source to take structs from, or nil at the end.
type queue interface{ next() *source }

// sortedSources is how many sources are sorted anew for each step, as Yjs
// does.
const sortedSources = 63

// sortedQueue does what Yjs does in JavaScript. That matters when two updates
// have the same unit, in one of them collected as garbage: Yjs compares such
// structs so that each is less than the other, and the steps of the sorting
// algorithm decide which one is kept.
type sortedQueue struct{ sources []*source }

func (q *sortedQueue) next() *source {
	q.sources = slices.DeleteFunc(q.sources, func(s *source) bool { return s.done })
	if len(q.sources) == 0 {
		return nil
	}
	q.sort()
	return q.sources[0]
}

// less is Yjs's comparison.
func less(a, b *source) bool {
	if c := a.compare(b); c != 0 {
		return c < 0
	}
	return (a.r.Struct.Ref == RefGC) != (b.r.Struct.Ref == RefGC)
}

// sort is the way in which V8 sorts short arrays: it takes what is in order
// at the start, reversed if it descends, and inserts the rest by binary
// search.
func (q *sortedQueue) sort() {
	s := q.sources
	if len(s) < 2 {
		return
	}
	run := 2
	descends := less(s[1], s[0])
	for run < len(s) && less(s[run], s[run-1]) == descends {
		run++
	}
	if descends {
		slices.Reverse(s[:run])
	}
	for ; run < len(s); run++ {
		pivot := s[run]
		left, right := 0, run
		for left < right {
			if mid := (left + right) / 2; less(pivot, s[mid]) {
				right = mid
			} else {
				left = mid + 1
			}
		}
		copy(s[left+1:run+1], s[left:run])
		s[left] = pivot
	}
}

// heapQueue serves many sources. Of equal ones, the one that was first last
// comes first, and then the one that was given first.
//
// Most merges of many updates are of a history of keystrokes, in which each
// update is done with after one step. So an update is only opened when it is
// first, and before that is no more than a place in a sorted row; only those
// that went on after their first turn are in the heap.
type heapQueue struct {
	pace    *pace
	format  Format
	updates [][]byte
	waiting []waiting // those that were not first yet

	heap  sources
	turns int
	first *source // that was returned last
	spare *source // that is done, for the next one
}

// waiting is an update of which only the first struct's id is known.
type waiting struct {
	ID
	update int // which one
}

func (q *heapQueue) sort() {
	sorting.Stable(q.waiting, func(a, b waiting) int {
		if q.pace.over() {
			return 0 // ends the sorting soon
		}
		return cmp.Or(cmp.Compare(b.Client, a.Client), cmp.Compare(a.Clock, b.Clock))
	})
}

func (q *heapQueue) next() *source {
	q.putBack()
	switch {
	case len(q.heap) > 0 && !q.waitingFirst():
		q.first = heap.Pop(&q.heap).(*source)
	case len(q.waiting) > 0:
		q.first = q.take()
	}
	return q.first
}

// putBack puts the source that was first last into the heap again, unless it is
// done.
func (q *heapQueue) putBack() {
	switch s := q.first; {
	case s == nil:
	case s.done:
		q.spare = s
	default:
		q.turns++
		s.turn = q.turns
		heap.Push(&q.heap, s)
	}
	q.first = nil
}

// waitingFirst tells whether an update that waits comes before all of the heap.
func (q *heapQueue) waitingFirst() bool {
	if len(q.waiting) == 0 {
		return false
	}
	w, s := &q.waiting[0], &q.heap[0].r.Struct
	return w.Client > s.Client || w.Client == s.Client && w.Clock < s.Clock
}

// take opens the first update that waits, which is known to begin well.
func (q *heapQueue) take() *source {
	s := q.spare
	if q.spare = nil; s == nil {
		s = &source{r: &Reader{in: input{pace: q.pace}}}
	}
	s.open(q.format, q.updates[q.waiting[0].update])
	s.next()
	q.waiting = q.waiting[1:]
	return s
}

// sources is a heap.
type sources []*source

func (q sources) Len() int { return len(q) }
func (q sources) Less(i, j int) bool {
	if c := q[i].compare(q[j]); c != 0 {
		return c < 0
	}
	return q[i].turn > q[j].turn
}
func (q sources) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *sources) Push(x any)   { *q = append(*q, x.(*source)) }
func (q *sources) Pop() any {
	last := len(*q) - 1
	x := (*q)[last]
	*q = (*q)[:last]
	return x
}
