package codec

import (
	"cmp"
	"slices"
	"sort"

	"github.com/sheafdocs/sheaf/crdt/internal/lib0"
	"github.com/sheafdocs/sheaf/crdt/internal/sorting"
)

// Range is Len units of one client from Clock on.
type Range struct{ Client, Clock, Len uint64 }

// End returns the clock after the last unit.
func (r Range) End() uint64 { return r.Clock + r.Len }

// Ranges is a delete set.
type Ranges []Range

// Group sorts by client, descending, and leaves the order within a client.
// Not inlined: a page is smaller for it.
//
//go:noinline
func (r Ranges) Group() {
	sorting.Stable(r, func(a, b Range) int { return cmp.Compare(b.Client, a.Client) })
}

// before tells whether r comes first by client, descending, and clock.
func (r *Range) before(o *Range) bool {
	return r.Client > o.Client || r.Client == o.Client && r.Clock < o.Clock
}

// inOrder tells whether the ranges are sorted by client, descending, and clock.
func (r Ranges) inOrder(p *pace) bool {
	for i := 1; i < len(r) && !p.over(); i++ {
		if r[i].before(&r[i-1]) {
			return false
		}
	}
	return true
}

// mergeSort sorts by client, descending, and clock. Delete sets are long, and
// most are put together from what is in order. spare is half as long.
func (r Ranges) mergeSort(spare Ranges, p *pace) {
	if len(r) < 2 {
		return
	}
	mid := len(r) / 2
	r[:mid].mergeSort(spare, p)
	r[mid:].mergeSort(spare, p)
	if !r[mid].before(&r[mid-1]) {
		return
	}
	a, b := spare[:copy(spare, r[:mid])], r[mid:]
	for i := 0; len(a) > 0 && !p.over(); i++ {
		if len(b) > 0 && b[0].before(&a[0]) {
			r[i], b = b[0], b[1:]
		} else {
			r[i], a = a[0], a[1:]
		}
	}
}

// Normalize sorts by client, descending, and clock, and joins ranges that
// touch or overlap. It works in place and returns the shortened slice.
// Not inlined: a page is smaller for it.
//
//go:noinline
func (r Ranges) Normalize() Ranges { return r.normalize(nil) }

// normalize is Normalize with a pace. What it returns once that is over is useless.
func (r Ranges) normalize(p *pace) Ranges {
	if len(r) < 2 {
		return r
	}
	if !r.inOrder(p) {
		r.mergeSort(make(Ranges, (len(r)+1)/2), p)
	}
	n := 0
	for _, next := range r[1:] {
		if p.over() {
			break
		}
		last := &r[n]
		if last.Client == next.Client && last.End() >= next.Clock {
			last.Len = max(last.Len, next.End()-last.Clock)
			continue
		}
		n++
		r[n] = next
	}
	return r[:n+1]
}

func (r Ranges) numClients() uint64 {
	n := uint64(0)
	for i := range r {
		if i == 0 || r[i].Client != r[i-1].Client {
			n++
		}
	}
	return n
}

// Append appends the delete set, which must be grouped by client, as format 1
// has it.
func (r Ranges) Append(dst []byte) []byte { return r.append(dst, V1, nil) }

// append appends the delete set as a format has it. In format 2 the clock of a range
// is counted from the end of the one before, and no range is empty.
func (r Ranges) append(dst []byte, f Format, p *pace) []byte {
	least := uint64(0)
	if f != V1 {
		least = 1
		if !r.ascend() {
			r = slices.DeleteFunc(slices.Clone(r), func(x Range) bool { return x.Len == 0 }).normalize(p)
		}
	}
	dst = lib0.AppendUint(dst, r.numClients())
	for i := 0; i < len(r) && !p.over(); {
		j := i + 1
		for j < len(r) && r[j].Client == r[i].Client {
			j++
		}
		dst = lib0.AppendUint(lib0.AppendUint(dst, r[i].Client), uint64(j-i))
		for base := uint64(0); i < j && !p.over(); i++ {
			dst = lib0.AppendUint(lib0.AppendUint(dst, r[i].Clock-base), r[i].Len-least)
			base = r[i].End() * least
		}
	}
	return dst
}

// ascend tells whether no range is empty or begins before its client's last one
// ends.
func (r Ranges) ascend() bool {
	for i, x := range r {
		if x.Len == 0 || i > 0 && r[i-1].Client == x.Client && x.Clock < r[i-1].End() {
			return false
		}
	}
	return true
}

// Search returns the place of the first range that begins at a unit or behind
// it. The delete set must be normalized.
func (r Ranges) Search(client, clock uint64) int {
	at := Range{Client: client, Clock: clock}
	return sort.Search(len(r), func(i int) bool { return !r[i].before(&at) })
}

// Has tells whether a unit is in the delete set, which must be normalized.
func (r Ranges) Has(client, clock uint64) bool {
	i := r.Search(client, clock+1)
	return i > 0 && r[i-1].Client == client && clock < r[i-1].End()
}

// OfClient returns where the ranges of a client begin and end. The delete set
// must be grouped by client.
func (r Ranges) OfClient(client uint64) (from, to int) {
	from = r.Search(client, 0)
	for to = from; to < len(r) && r[to].Client == client; to++ {
	}
	return from, to
}

// Clients returns the clients in the order of their first range.
func (r Ranges) Clients() []uint64 {
	var out []uint64
	seen := make(map[uint64]struct{})
	for _, x := range r {
		if _, ok := seen[x.Client]; !ok {
			seen[x.Client] = struct{}{}
			out = append(out, x.Client)
		}
	}
	return out
}
