package crdt

import (
	"cmp"

	"github.com/sheafdocs/sheaf/crdt/internal/sorting"
)

// blockCap is how many items one block of a client's index holds.
const blockCap = 128

// client is what a document knows of one author: its items, ordered by clock
// and without gaps, in blocks short enough to insert into.
type client struct {
	id     ClientID
	state  uint64 // clock of the next unit
	blocks [][]handle
	firsts []uint64 // the clock at which each block begins
	recent runPos   // where find found something, which may have moved since

	// The last transaction that added units, and the state before it.
	txn    uint64
	before uint64
}

// runPos is a position in a client's index.
type runPos struct{ block, i int }

func (c *client) at(p runPos) handle { return c.blocks[p.block][p.i] }

// last returns the item with the highest clock, or 0.
func (c *client) last() handle {
	if len(c.blocks) == 0 {
		return 0
	}
	b := c.blocks[len(c.blocks)-1]
	return b[len(b)-1]
}

func (c *client) lastPos() runPos {
	b := len(c.blocks) - 1
	return runPos{b, len(c.blocks[b]) - 1}
}

func (c *client) isFirst(p runPos) bool { return p.block == 0 && p.i == 0 }

// prev returns the position before p, which is not the first.
func (c *client) prev(p runPos) runPos {
	if p.i > 0 {
		return runPos{p.block, p.i - 1}
	}
	return runPos{p.block - 1, len(c.blocks[p.block-1]) - 1}
}

// next returns the position after p and whether there is one.
func (c *client) next(p runPos) (runPos, bool) {
	if p.i+1 < len(c.blocks[p.block]) {
		return runPos{p.block, p.i + 1}, true
	}
	return runPos{p.block + 1, 0}, p.block+1 < len(c.blocks)
}

func (p runPos) compare(q runPos) int {
	if p.block != q.block {
		return cmp.Compare(p.block, q.block)
	}
	return cmp.Compare(p.i, q.i)
}

// push adds an item, which begins at clock, after the last one.
func (c *client) push(h handle, clock uint64) {
	if n := len(c.blocks); n > 0 && len(c.blocks[n-1]) < blockCap {
		c.blocks[n-1] = append(c.blocks[n-1], h)
		return
	}
	var block []handle
	if len(c.blocks) > 0 {
		block = make([]handle, 0, blockCap) // one that wrote so much goes on
	}
	c.blocks = append(c.blocks, append(block, h))
	c.firsts = append(c.firsts, clock)
}

// insertAfter adds an item after p.
func (c *client) insertAfter(items *arena, p runPos, h handle) {
	b := c.blocks[p.block]
	if len(b) < blockCap {
		c.blocks[p.block] = insert(b, p.i+1, h)
		return
	}
	half := append(make([]handle, 0, blockCap), b[blockCap/2:]...)
	c.blocks = insert(c.blocks, p.block+1, half)
	c.firsts = insert(c.firsts, p.block+1, items.at(half[0]).clock)
	c.blocks[p.block] = b[:blockCap/2]
	if p.i >= blockCap/2 {
		p.block, p.i = p.block+1, p.i-blockCap/2
	}
	c.blocks[p.block] = insert(c.blocks[p.block], p.i+1, h)
}

// removeAfter removes the n items after p. Positions up to p stay valid.
func (c *client) removeAfter(items *arena, p runPos, n int) {
	b := c.blocks[p.block]
	here := min(n, len(b)-p.i-1)
	c.blocks[p.block] = remove(b, p.i+1, p.i+1+here)
	n -= here
	whole := p.block + 1
	for n > 0 && n >= len(c.blocks[whole]) {
		n -= len(c.blocks[whole])
		whole++
	}
	if n > 0 {
		c.blocks[whole] = remove(c.blocks[whole], 0, n)
		c.firsts[whole] = items.at(c.blocks[whole][0]).clock
	}
	c.blocks = remove(c.blocks, p.block+1, whole)
	c.firsts = remove(c.firsts, p.block+1, whole)
	if next := p.block + 1; next < len(c.blocks) && len(c.blocks[p.block])+len(c.blocks[next]) <= blockCap/2 {
		c.blocks[p.block] = append(c.blocks[p.block], c.blocks[next]...)
		c.blocks = remove(c.blocks, next, next+1)
		c.firsts = remove(c.firsts, next, next+1)
	}
}

// countFrom returns how many items there are from p on.
func (c *client) countFrom(p runPos) int {
	n := -p.i
	for _, b := range c.blocks[p.block:] {
		n += len(b)
	}
	return n
}

// find returns the position of the item that holds clock, which is below the
// client's state.
func (d *Doc) find(c *client, clock uint64) runPos {
	if last := c.lastPos(); d.items.at(c.at(last)).clock <= clock {
		return last
	}
	if r := c.recent; r.block < len(c.blocks) && r.i < len(c.blocks[r.block]) &&
		c.firsts[r.block] <= clock && (r.block+1 == len(c.firsts) || clock < c.firsts[r.block+1]) {
		return d.found(c, runPos{r.block, d.findNear(c.blocks[r.block], r.i, clock)})
	}
	// Most of the way is in one row of numbers: looking into items is slow,
	// because they are far apart.
	low, high := 0, len(c.firsts)
	for high-low > 1 {
		if mid := int(uint(low+high) >> 1); c.firsts[mid] <= clock {
			low = mid
		} else {
			high = mid
		}
	}
	b := c.blocks[low]
	return d.found(c, runPos{low, d.findNear(b, c.guess(low, clock), clock)})
}

// guess returns which item of a block holds clock, which is in the block, if all
// of them have as many units, as they nearly do where people type here and there.
func (c *client) guess(block int, clock uint64) int {
	first, end := c.firsts[block], c.state
	if block+1 < len(c.firsts) {
		end = c.firsts[block+1]
	}
	return int((clock - first) * uint64(len(c.blocks[block])) / (end - first))
}

// found notes where an item was found, unless others may be reading too.
func (d *Doc) found(c *client, at runPos) runPos {
	if len(d.queue) > 0 {
		c.recent = at
	}
	return at
}

// findBetween returns which item of a block, from one on and below another,
// holds clock.
func (d *Doc) findBetween(b []handle, from, to int, clock uint64) int {
	for to-from > 1 {
		if mid := int(uint(from+to) >> 1); d.items.at(b[mid]).clock <= clock {
			from = mid
		} else {
			to = mid
		}
	}
	return from
}

// findNear is findBetween for a whole block, in steps that double from an item
// on: what is looked for is mostly close to what was found before.
func (d *Doc) findNear(b []handle, i int, clock uint64) int {
	step := 1
	if d.items.at(b[i]).clock <= clock {
		for i+step < len(b) && d.items.at(b[i+step]).clock <= clock {
			i, step = i+step, 2*step
		}
		return d.findBetween(b, i, min(i+step, len(b)), clock)
	}
	for i-step > 0 && d.items.at(b[i-step]).clock > clock {
		i, step = i-step, 2*step
	}
	return d.findBetween(b, max(i-step, 0), i, clock)
}

// itemAt returns the item that holds a unit, which must be known.
func (d *Doc) itemAt(c uint32, clock uint64) handle {
	cl := &d.clients[c]
	return cl.at(d.find(cl, clock))
}

// clientIndex returns the index of a client, or 0 if nothing is known of it.
// Not inlined: a page is smaller for it.
//
//go:noinline
func (d *Doc) clientIndex(id ClientID) uint32 {
	if i := d.recent; i != 0 && d.clients[i].id == id {
		return i
	}
	i := d.clientOf[id]
	if len(d.queue) > 0 { // otherwise others may be reading too
		d.recent = i
	}
	return i
}

// addClient returns the index of a client, which it adds if it is new.
func (d *Doc) addClient(id ClientID) uint32 {
	if i := d.clientIndex(id); i != 0 {
		return i
	}
	i := uint32(len(d.clients))
	if len(d.clients) == cap(d.clients) { // append makes room for a quarter more, and copies all each time
		d.clients = append(make([]client, 0, 2*len(d.clients)), d.clients...)
	}
	d.clients = append(d.clients, client{id: id})
	d.clientOf[id] = i
	return i
}

// stateOf returns how much is known of a client.
// Not inlined: 17 callers, 2 kB of a page. Where each struct is looked at, it is written out.
//
//go:noinline
func (d *Doc) stateOf(id ClientID) uint64 { return d.clients[d.clientIndex(id)].state }

// descending returns the indexes of all clients, highest id first.
func (d *Doc) descending() []uint32 {
	d.lazy.Lock()
	defer d.lazy.Unlock()
	if len(d.sorted) < len(d.clients)-1 {
		for i := len(d.sorted) + 1; i < len(d.clients); i++ {
			d.sorted = append(d.sorted, uint32(i))
		}
		sorting.Stable(d.sorted, func(a, b uint32) int {
			return cmp.Compare(d.clients[b].id, d.clients[a].id)
		})
	}
	return d.sorted
}
