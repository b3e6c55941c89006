package crdt

import "slices"

// handle addresses an item in the arena; 0 is none.
type handle = int32

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

// at is inlined, which takes 40 bytes of a page each time; what is not hot calls
// Doc.item instead.
func (a *arena) at(h handle) *item { return &a.chunks[h>>chunkBits][h&(1<<chunkBits-1)] }

//go:noinline
func (d *Doc) item(h handle) *item { return d.items.at(h) }

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
