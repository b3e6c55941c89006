package access

import (
	"slices"

	"github.com/sheafdocs/sheaf/node/wire"
)

// Limits on ops that are not in the graph. What is lost to them comes again by
// sync; they change no verdict.
const (
	// MaxParkedBytes bounds the ops kept whose predecessors have not arrived.
	// Beyond it the oldest are forgotten.
	MaxParkedBytes = 8 << 20
	// maxVoid bounds the ids remembered of ops that turned out void.
	maxVoid = 4096
)

// parked holds the ops whose predecessors have not arrived.
type parked struct {
	ops   map[wire.OpID]*Op
	waits map[wire.OpID][]*Op // by each predecessor that was missing
	ages  []wire.OpID         // oldest first; may name ops that have gone
	bytes int

	void     map[wire.OpID]bool
	voidAges []wire.OpID
}

func newParked() parked {
	return parked{ops: map[wire.OpID]*Op{}, waits: map[wire.OpID][]*Op{}, void: map[wire.OpID]bool{}}
}

// park keeps an op until those it misses are there.
func (p *parked) park(op *Op, missing []wire.OpID) {
	p.ops[op.ID] = op
	p.bytes += len(op.Raw)
	p.ages = append(p.ages, op.ID)
	for _, id := range missing {
		p.waits[id] = append(p.waits[id], op)
	}
	for p.bytes > MaxParkedBytes {
		p.forget(p.ages[0])
		p.ages = p.ages[1:]
	}
	if len(p.ages) > 2*len(p.ops)+16 { // mostly names of ops that have gone
		live := p.ages[:0:0]
		for _, id := range p.ages {
			if p.ops[id] != nil {
				live = append(live, id)
			}
		}
		p.ages = live
	}
}

// forget ends the wait of an op, if it is parked.
func (p *parked) forget(id wire.OpID) {
	op := p.ops[id]
	if op == nil {
		return
	}
	delete(p.ops, id)
	p.bytes -= len(op.Raw)
	for _, missing := range op.Prev {
		waiting := slices.DeleteFunc(p.waits[missing], func(w *Op) bool { return w == op })
		if len(waiting) == 0 {
			delete(p.waits, missing)
		} else {
			p.waits[missing] = waiting
		}
	}
}

// condemn remembers that an op is void, and returns the parked ops that follow
// it, which are void with it and no longer parked.
func (p *parked) condemn(id wire.OpID) []*Op {
	var fell []*Op
	todo := []wire.OpID{id}
	for len(todo) > 0 {
		id := todo[0]
		todo = todo[1:]
		p.remember(id)
		for _, op := range slices.Clone(p.waits[id]) {
			p.forget(op.ID)
			fell = append(fell, op)
			todo = append(todo, op.ID)
		}
	}
	return fell
}

func (p *parked) remember(id wire.OpID) {
	if p.void[id] {
		return
	}
	if len(p.voidAges) == maxVoid {
		delete(p.void, p.voidAges[0])
		p.voidAges = p.voidAges[1:]
	}
	p.void[id] = true
	p.voidAges = append(p.voidAges, id)
}

// isVoid reports whether an op is known to be void, or to follow one that is.
func (p *parked) isVoid(op *Op) bool {
	if p.void[op.ID] {
		return true
	}
	for _, id := range op.Prev {
		if p.void[id] {
			return true
		}
	}
	return false
}
