package codec

import (
	"cmp"
	"slices"

	"github.com/sheafdocs/sheaf/crdt/internal/lib0"
)

// Range is Len units of one client from Clock on.
type Range struct{ Client, Clock, Len uint64 }

// End returns the clock after the last unit.
func (r Range) End() uint64 { return r.Clock + r.Len }

// Ranges is a delete set.
type Ranges []Range

// Group sorts by client, descending, and leaves the order within a client.
func (r Ranges) Group() {
	slices.SortStableFunc(r, func(a, b Range) int { return cmp.Compare(b.Client, a.Client) })
}

func compareRanges(a, b Range) int {
	if a.Client != b.Client {
		return cmp.Compare(b.Client, a.Client)
	}
	return cmp.Compare(a.Clock, b.Clock)
}

// Normalize sorts by client, descending, and clock, and joins ranges that
// touch or overlap. It works in place and returns the shortened slice.
func (r Ranges) Normalize() Ranges {
	if len(r) < 2 {
		return r
	}
	if !slices.IsSortedFunc(r, compareRanges) {
		slices.SortStableFunc(r, compareRanges)
	}
	n := 0
	for _, next := range r[1:] {
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
func (r Ranges) Append(dst []byte) []byte {
	dst = lib0.AppendUint(dst, r.numClients())
	for i := 0; i < len(r); {
		j := i + 1
		for j < len(r) && r[j].Client == r[i].Client {
			j++
		}
		dst = lib0.AppendUint(lib0.AppendUint(dst, r[i].Client), uint64(j-i))
		for ; i < j; i++ {
			dst = lib0.AppendUint(lib0.AppendUint(dst, r[i].Clock), r[i].Len)
		}
	}
	return dst
}

// appendV2 appends the delete set as format 2 has it: the clock of a range is
// counted from the end of the one before, and no range is empty.
func (r Ranges) appendV2(dst []byte) []byte {
	if !r.ascend() {
		r = slices.DeleteFunc(slices.Clone(r), func(x Range) bool { return x.Len == 0 }).Normalize()
	}
	dst = lib0.AppendUint(dst, r.numClients())
	for i := 0; i < len(r); {
		j := i + 1
		for j < len(r) && r[j].Client == r[i].Client {
			j++
		}
		dst = lib0.AppendUint(lib0.AppendUint(dst, r[i].Client), uint64(j-i))
		for end := uint64(0); i < j; i++ {
			dst = lib0.AppendUint(lib0.AppendUint(dst, r[i].Clock-end), r[i].Len-1)
			end = r[i].End()
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

// OfClient returns where the ranges of a client begin and end. The delete set
// must be grouped by client.
func (r Ranges) OfClient(client uint64) (from, to int) {
	from, _ = slices.BinarySearchFunc(r, client, func(r Range, client uint64) int { return cmp.Compare(client, r.Client) })
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
