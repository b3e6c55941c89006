package comments

import (
	"bytes"
	"container/heap"
	"maps"
	"slices"

	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/wire"
)

// Dep names an entry that another one was written after.
type Dep struct {
	Chain wire.ChainID
	Seq   uint64
	ID8   [8]byte // beginning of the entry's id
}

// Entry is an entry of stream 1 that holds a record.
type Entry struct {
	ID     wire.EntryID
	Chain  wire.ChainID
	Seq    uint64
	Device wire.Device // who signed
	Auth   wire.Auth   // the op that gives the device its role
	Deps   []Dep
	Record Record
}

// Author is who a device is by one authority.
type Author struct {
	User wire.UserID // a label
	Root wire.OpID   // the genesis or grant that its devices go back to
	Role access.Role
}

// Authority tells who authors are; an access log does.
type Authority interface {
	// Author returns who device d is by the op auth, and whether that op counts.
	Author(auth wire.Auth, d wire.Device) (Author, bool)
}

// place is where an entry stands.
type place struct {
	chain wire.ChainID
	seq   uint64
}

// Set is the entries of a document that hold records. Make one with [NewSet].
// It is not safe for concurrent use.
type Set struct {
	entries map[wire.EntryID]*Entry
	places  map[place]*Entry
	chains  map[wire.ChainID][]uint64 // numbers of entries held, ascending
}

// NewSet returns an empty set.
func NewSet() *Set {
	return &Set{entries: map[wire.EntryID]*Entry{}, places: map[place]*Entry{}, chains: map[wire.ChainID][]uint64{}}
}

// Len returns how many entries are in the set.
func (s *Set) Len() int { return len(s.entries) }

// Get returns an entry of the set. Nobody may change it.
func (s *Set) Get(id wire.EntryID) (*Entry, bool) {
	e, ok := s.entries[id]
	return e, ok
}

// Add puts an entry into the set, which keeps it. The caller adds only entries
// of their chains' chosen branches, so that there is one at a place; an entry
// at the place of another is not added.
func (s *Set) Add(e *Entry) {
	at := place{e.Chain, e.Seq}
	if s.places[at] != nil {
		return
	}
	s.entries[e.ID] = e
	s.places[at] = e
	i, _ := slices.BinarySearch(s.chains[e.Chain], e.Seq)
	s.chains[e.Chain] = slices.Insert(s.chains[e.Chain], i, e.Seq)
}

// With returns a set that has further entries.
func (s *Set) With(entries ...*Entry) *Set {
	c := &Set{maps.Clone(s.entries), maps.Clone(s.places), make(map[wire.ChainID][]uint64, len(s.chains)+1)}
	for id, seqs := range s.chains {
		c.chains[id] = slices.Clone(seqs)
	}
	for _, e := range entries {
		c.Add(e)
	}
	return c
}

// before lists the entries of the set that one comes after. They may repeat.
func (s *Set) before(e *Entry) []*Entry {
	var list []*Entry
	for _, d := range e.Deps {
		if other := s.places[place{d.Chain, d.Seq}]; other != nil && [8]byte(other.ID[:8]) == d.ID8 {
			list = append(list, other)
		}
	}
	if other := s.entries[e.Record.Target]; other != nil {
		list = append(list, other)
	}
	seqs := s.chains[e.Chain]
	if i, _ := slices.BinarySearch(seqs, e.Seq); i > 0 {
		list = append(list, s.places[place{e.Chain, seqs[i-1]}])
	}
	return list
}

// ordered returns the entries in the order they are folded in: each after
// those it comes after, of those ready the lowest id first.
//
// An entry names others by their hashes, so no circle can be made without
// breaking the hash; should there be one, its lowest id goes first.
func (s *Set) ordered() []*Entry {
	waits := make(map[*Entry]int, len(s.entries))
	followers := make(map[*Entry][]*Entry, len(s.entries))
	var ready idHeap
	for _, e := range s.entries {
		before := s.before(e)
		for _, b := range before {
			followers[b] = append(followers[b], e)
		}
		if waits[e] = len(before); len(before) == 0 {
			ready = append(ready, e)
		}
	}
	heap.Init(&ready)
	out := make([]*Entry, 0, len(s.entries))
	for len(waits) > 0 {
		if ready.Len() == 0 {
			ready = append(ready, slices.MinFunc(slices.Collect(maps.Keys(waits)), compareEntries))
		}
		e := heap.Pop(&ready).(*Entry)
		if _, ok := waits[e]; !ok {
			continue
		}
		delete(waits, e)
		out = append(out, e)
		for _, f := range followers[e] {
			if _, ok := waits[f]; !ok {
				continue
			}
			if waits[f]--; waits[f] == 0 {
				heap.Push(&ready, f)
			}
		}
	}
	return out
}

func compareEntries(a, b *Entry) int { return bytes.Compare(a.ID[:], b.ID[:]) }

// idHeap is a heap of entries, the lowest id first.
type idHeap []*Entry

func (h idHeap) Len() int           { return len(h) }
func (h idHeap) Less(i, j int) bool { return compareEntries(h[i], h[j]) < 0 }
func (h idHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *idHeap) Push(x any)        { *h = append(*h, x.(*Entry)) }
func (h *idHeap) Pop() any {
	last := len(*h) - 1
	e := (*h)[last]
	*h = (*h)[:last]
	return e
}
