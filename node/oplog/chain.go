package oplog

import (
	"bytes"
	"slices"

	"github.com/sheafdocs/sheaf/node/wire"
)

// MaxBranches is how many branches of a forked chain are kept.
const MaxBranches = 4

// Position names an entry of a known chain.
type Position struct {
	Seq uint64
	ID  wire.EntryID
}

// chain is what is held of one chain: its branches, in order.
//
// A branch is listed whole, from entry 0, so that none depends on another.
// None is the beginning of another. They are in ascending order of the id at
// the first number where two differ, which is the order of a walk through the
// tree that goes to the lowest id first. The first MaxBranches are kept, and
// those that a statement names or something depends on. Without statements and
// endorsement (see bounds) the first one is chosen. Both are functions of the
// set of entries ever seen, whatever the order of arrival and whatever was
// dropped on the way: a branch outside the first MaxBranches has that many
// before it, and more entries can only lengthen or multiply those.
type chain struct {
	bounds
	doc      wire.Doc16
	author   wire.Device
	auth     wire.Auth
	inc      uint32
	client   uint64 // under which its updates write
	branches []*branch
}

// branch is one way through a chain's tree.
type branch struct {
	ids     []wire.EntryID // ids[seq]
	anchors bitset         // entries held with a signature this node has verified
}

func (b *branch) len() uint64 { return uint64(len(b.ids)) }

// head returns the last entry.
func (b *branch) head() Position { return Position{b.len() - 1, b.ids[b.len()-1]} }

// last returns the last of the first n entries; zero if n is 0.
func (b *branch) last(n uint64) Position {
	if n == 0 {
		return Position{}
	}
	return Position{n - 1, b.ids[n-1]}
}

func (b *branch) holds(p Position) bool {
	return p.Seq < b.len() && b.ids[p.Seq] == p.ID
}

func (b *branch) push(id wire.EntryID, anchor bool) {
	if anchor {
		b.anchors.set(b.len())
	}
	b.ids = append(b.ids, id)
}

// fork returns the first number at which two branches differ.
func (b *branch) fork(other *branch) uint64 {
	n := min(b.len(), other.len())
	for seq := range n {
		if b.ids[seq] != other.ids[seq] {
			return seq
		}
	}
	return n
}

// compare orders branches; neither may be the beginning of the other.
func (b *branch) compare(other *branch) int {
	seq := b.fork(other)
	return bytes.Compare(b.ids[seq][:], other.ids[seq][:])
}

// sameAs says whether the header's chain is this one and not another whose
// shortened id is the same.
func (c *chain) sameAs(h *Header) bool {
	return c.doc == h.Doc && c.author == h.Author && c.auth == h.Auth && c.inc == h.Inc
}

// place is where an entry goes in a chain.
type place struct {
	kind   placeKind
	branch *branch // the branch it extends, or leaves
}

type placeKind uint8

const (
	placeHeld    placeKind = iota // known
	placeExtend                   // next of branch
	placeFork                     // leaves branch before its end
	placeGap                      // numbers between the longest branch and this one are missing
	placeUnknown                  // the entry before is not held, though its number is
)

// locate finds the place of an entry.
func (c *chain) locate(h *Header, id wire.EntryID) place {
	longest := uint64(0)
	for _, b := range c.branches {
		if b.holds(Position{h.Seq, id}) {
			return place{placeHeld, b}
		}
		longest = max(longest, b.len())
	}
	if h.Seq > longest {
		return place{kind: placeGap}
	}
	for _, b := range c.branches {
		if h.Seq > 0 && !b.holds(Position{h.Seq - 1, h.Prev}) {
			continue
		}
		if h.Seq == b.len() {
			return place{placeExtend, b}
		}
		return place{placeFork, b}
	}
	return place{kind: placeUnknown}
}

// grow returns the branch that a fork of from at position p makes.
func grow(from *branch, p Position, anchor bool) *branch {
	b := &branch{ids: slices.Clone(from.ids[:p.Seq]), anchors: from.anchors.prefix(p.Seq)}
	b.push(p.ID, anchor)
	return b
}

// full says whether a new branch that leaves from with the given entry would
// rank behind the branches that are kept.
func (c *chain) full(from *branch, p Position) bool {
	switch {
	case len(c.branches) >= maxKeptBranches:
		return true
	case c.misses(p.Seq):
		return false
	case p.Seq >= c.limit, c.decidedAt(p.Seq):
		return true // it counts for nothing
	}
	last := c.lastOf(MaxBranches)
	if last == nil {
		return false
	}
	if from.fork(last) < p.Seq {
		return false // it parts from the last branch where from does, and from is before it
	}
	return bytes.Compare(p.ID[:], last.ids[p.Seq][:]) > 0
}

// ranks numbers the branches, from 1; those that differ only past the limit
// have the same number.
func (c *chain) ranks() []int {
	ranks := make([]int, len(c.branches))
	for i, b := range c.branches {
		ranks[i] = 1
		if i > 0 {
			ranks[i] = ranks[i-1]
			if b.fork(c.branches[i-1]) < c.limit {
				ranks[i]++
			}
		}
	}
	return ranks
}

// lastOf returns the first branch with a rank, or nil.
func (c *chain) lastOf(rank int) *branch {
	if i := slices.Index(c.ranks(), rank); i >= 0 {
		return c.branches[i]
	}
	return nil
}

// insert adds a branch in its place and returns the one that is dropped for
// it, if any.
func (c *chain) insert(b *branch) (dropped *branch) {
	i, _ := slices.BinarySearchFunc(c.branches, b, (*branch).compare)
	c.branches = slices.Insert(c.branches, i, b)
	if len(c.branches) > MaxBranches && !c.misses(0) {
		dropped = c.drop()
	}
	return dropped
}

// drop removes the last branch beyond the first MaxBranches that nothing asks
// to be kept.
func (c *chain) drop() *branch {
	ranks := c.ranks()
	for i := len(c.branches) - 1; i >= MaxBranches && ranks[i] > MaxBranches; i-- {
		if b := c.branches[i]; !c.precious(b) {
			c.branches = slices.Delete(slices.Clone(c.branches), i, i+1)
			return b
		}
	}
	return nil
}

// only lists the entries of a dropped branch that no kept branch holds.
func (c *chain) only(dropped *branch) []Position {
	from := uint64(0)
	for _, b := range c.branches {
		from = max(from, b.fork(dropped))
	}
	var list []Position
	for seq := from; seq < dropped.len(); seq++ {
		list = append(list, Position{seq, dropped.ids[seq]})
	}
	return list
}

// bitset is a set of entry numbers.
type bitset []uint64

func (s *bitset) set(n uint64) {
	for uint64(len(*s)) <= n/64 {
		*s = append(*s, 0)
	}
	(*s)[n/64] |= 1 << (n % 64)
}

func (s bitset) has(n uint64) bool {
	return n/64 < uint64(len(s)) && s[n/64]&(1<<(n%64)) != 0
}

// prefix returns a copy with the numbers below n.
func (s bitset) prefix(n uint64) bitset {
	var out bitset
	for i := range n {
		if s.has(i) {
			out.set(i)
		}
	}
	return out
}
