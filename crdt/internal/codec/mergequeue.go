package codec

import (
	"cmp"
	"container/heap"
	"slices"
)

// source is one of the updates being merged.
type source struct {
	r    *Reader
	done bool
	turn int // in a heap: when it was last first
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

func newQueue(s []*source) queue {
	if len(s) <= sortedSources {
		return &sortedQueue{s}
	}
	for i := range s {
		s[i].turn = -i
	}
	q := &heapQueue{heap: s}
	heap.Init(&q.heap)
	return q
}

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
// comes first.
type heapQueue struct {
	heap  sources
	turns int
	taken bool
}

func (q *heapQueue) next() *source {
	if q.taken {
		if first := q.heap[0]; first.done {
			heap.Pop(&q.heap)
		} else {
			q.turns++
			first.turn = q.turns
			heap.Fix(&q.heap, 0)
		}
	}
	if q.taken = len(q.heap) > 0; !q.taken {
		return nil
	}
	return q.heap[0]
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
