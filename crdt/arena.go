package crdt

import (
	"slices"

	"github.com/sheafdocs/sheaf/crdt/internal/codec"
)

// handle addresses an item in the arena; 0 is none.
type handle = int32

// Kinds of item, by their content. The numbers are those of the update format.
const (
	kindGC      = codec.RefGC // not an item any more: only its length is known
	kindDeleted = codec.RefDeleted
	kindJSON    = codec.RefJSON
	kindBinary  = codec.RefBinary
	kindString  = codec.RefString
	kindEmbed   = codec.RefEmbed
	kindFormat  = codec.RefFormat
	kindType    = codec.RefType
	kindAny     = codec.RefAny
	kindDoc     = codec.RefDoc
)

// item is a run of units that one client wrote next to each other. It holds no
// pointers, so the garbage collector never looks at it.
type item struct {
	clock       uint64
	length      uint64 // units
	originClock uint64
	rightClock  uint64

	client       uint32 // index into Doc.clients, as the next two
	originClient uint32 // 0: no origin
	rightClient  uint32 // 0: no right origin

	left, right handle // neighbours in the list
	list        int32  // index into Doc.lists; 0 for kindGC
	leaf        int32  // leaf of the list's tree that holds the item

	// content is, by kind: String: offset into Doc.text; JSON, Any: index into
	// Doc.elements; Binary, Embed, Format: index into Doc.singles; Type: index
	// into Doc.types; Doc: index into Doc.subdocs.
	content uint32
	size    uint32 // String: bytes; Format: index of the key

	kind    uint8
	deleted bool
	keep    bool // not collected by itself, because it can be undone
	redone  bool // undoing made it again, as Doc.redone tells
}

func (it *item) end() uint64 { return it.clock + it.length }

// countable tells whether the item's units count in the length of its list.
func (it *item) countable() bool { return it.kind != kindFormat && it.kind != kindDeleted }

// units returns what the item adds to the length of its list.
func (it *item) units() int64 {
	if it.deleted || !it.countable() {
		return 0
	}
	return int64(it.length)
}

// isMark tells whether the item is a format mark that is in effect.
func (it *item) isMark() bool { return it.kind == kindFormat && !it.deleted }

// chunkBits is small: most documents are a few items, and many are open at once.
const chunkBits = 4

type chunk [1 << chunkBits]item

// arena stores items in chunks that never move. Handle 0 is never given out.
type arena struct {
	chunks []*chunk
	used   handle // handles given out so far, with 0
	free   handle // list of freed items, linked by left
	live   int
}

func (a *arena) at(h handle) *item { return &a.chunks[h>>chunkBits][h&(1<<chunkBits-1)] }

// alloc returns the handle of a zero item.
func (a *arena) alloc() handle {
	a.live++
	if h := a.free; h != 0 {
		it := a.at(h)
		a.free = it.left
		*it = item{}
		return h
	}
	if a.used == 0 {
		a.used = 1
	}
	h := a.used
	a.used++
	if int(h>>chunkBits) == len(a.chunks) {
		a.chunks = append(a.chunks, new(chunk))
	}
	return h
}

// reserve makes room for n more items at once.
func (a *arena) reserve(n int) {
	n -= len(a.chunks)<<chunkBits - int(max(a.used, 1))
	if n <= 1<<chunkBits {
		return
	}
	fresh := make([]chunk, (n+1<<chunkBits-1)>>chunkBits)
	a.chunks = slices.Grow(a.chunks, len(fresh))
	for i := range fresh {
		a.chunks = append(a.chunks, &fresh[i])
	}
}

func (a *arena) release(h handle) {
	a.live--
	*a.at(h) = item{left: a.free}
	a.free = h
}
