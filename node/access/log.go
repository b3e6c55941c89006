package access

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"

	"github.com/sheafdocs/sheaf/node/wire"
)

var (
	// ErrDocument says that an op belongs to another document.
	ErrDocument = errors.New("access op of another document")
	// ErrGenesis says that an op claims to begin the document and does not hash
	// to its id.
	ErrGenesis = errors.New("genesis of another document")
	// ErrVoid says that an op can never count, whatever else arrives: its own
	// past shows that its author had no right to it, or it follows such an op. No
	// honest node makes or passes on such an op; it is not kept.
	ErrVoid = errors.New("access op without right")
)

// A Log is the access log of one document: a graph of ops, each after those it
// names as its predecessors. It is pure and not safe for concurrent use.
type Log struct {
	doc    wire.DocID
	limits limits
	nodes  map[wire.OpID]*node
	order  []*node // topological, as ops became complete
	heads  map[wire.OpID]*node
	parked parked

	groups    map[group][]*node  // ops that share a limit, in (depth, id) order
	revokes   map[Target][]*node // by what they name
	pins      map[Target][]*node
	leaves    map[wire.Device][]*node // by author
	removals  []*node                 // all revokes and leaves
	rotations []*node                 // the genesis and all rotations
	policies  []*node
	relays    []*node
	revision  uint64

	holders map[wire.Auth][]*holder   // authorities by the first half of their op's id
	devices map[wire.Device][]*holder // and by device
	invites map[wire.Device][]*node   // invites by their key
	all     []*holder                 // all of them
	links   []*node                   // all invites
	closing []*node                   // invites that a removal closes

	recounts    map[group]int // groups of which it is to be found out which ops count
	doubts      []*node       // ops whose verdicts are to be made anew, see settle
	unsure      []*holder     // those that may have come to count, or no longer do
	epochsStale bool          // epochs are to be found anew
	seated      []*holder     // the current ones, the most senior first
	members     []Member      // described
	epochs      []Epoch
}

// node is an op in the graph. After its insertion nothing changes but the
// verdicts on it and the list of grants.
type node struct {
	op      *Op
	index   int       // in order
	depth   int       // longest way from the genesis
	past    past      // indexes of all ops before it
	by      *holder   // the authority its author had; nil: none that is judged
	via     *node     // the invite a grant answers
	holders []*holder // the authorities it gives
	lets    []*node   // of an invite: grants that answer it
	out     uint8     // classes of groups in which it has no place
	counted bool      // it has one in all
	known   bool      // valid says so
	valid   bool
	doubted bool // it is among the doubts
}

// NewLog returns the empty log of a document.
func NewLog(doc wire.DocID) *Log {
	return &Log{
		doc: doc, limits: defaultLimits, nodes: map[wire.OpID]*node{}, heads: map[wire.OpID]*node{},
		parked: newParked(), groups: map[group][]*node{}, revokes: map[Target][]*node{}, pins: map[Target][]*node{},
		leaves: map[wire.Device][]*node{}, holders: map[wire.Auth][]*holder{},
		devices: map[wire.Device][]*holder{}, invites: map[wire.Device][]*node{}, recounts: map[group]int{},
	}
}

// AddResult says what Add did with an op. One that was there before leaves it
// zero.
type AddResult struct {
	Added   []*Op // the op and those that waited for it, in topological order
	Dropped []*Op // ops that waited and turned out ErrVoid
	Parked  bool  // the op waits for others; see Missing
}

// Add puts an op into the log, or parks it until its predecessors are there. An
// op that is held already is no error. The error wraps ErrDocument, ErrGenesis or
// ErrVoid: the op can never count, is not kept, and no honest node sent it.
func (l *Log) Add(op *Op) (AddResult, error) {
	var res AddResult
	err := l.add(op, &res)
	return res, err
}

func (l *Log) add(op *Op, res *AddResult) error {
	if l.nodes[op.ID] != nil || l.parked.ops[op.ID] != nil {
		return nil
	}
	switch {
	case op.Kind == KindGenesis && op.DocID() != l.doc:
		return fmt.Errorf("add access op: %w", ErrGenesis)
	case op.Kind != KindGenesis && op.Doc != l.doc.Short():
		return fmt.Errorf("add access op: %w", ErrDocument)
	case l.parked.isVoid(op):
		res.Dropped = append(res.Dropped, l.parked.condemn(op.ID)...)
		return fmt.Errorf("add access op: %w: it follows one", ErrVoid)
	}
	if missing := l.missing(op); len(missing) > 0 {
		l.parked.park(op, missing)
		res.Parked = true
		return nil
	}
	return l.complete(op, res)
}

// Load adds the ops of a store, in any order, without the bound on parked ones:
// so that none is lost. Those that Add would refuse are in Dropped.
func (l *Log) Load(ops []*Op) AddResult {
	l.expect(len(ops))
	res := AddResult{Added: make([]*Op, 0, len(ops))}
	held := make(map[wire.OpID]*Op, len(ops))
	for _, op := range ops {
		held[op.ID] = op
	}
	// Depth first along prev, without recursion: a log may be long.
	var stack []*Op
	for _, op := range ops {
		stack = append(stack[:0], op)
		for len(stack) > 0 {
			op := stack[len(stack)-1]
			before := len(stack)
			for _, id := range op.Prev {
				if prev := held[id]; prev != nil && l.nodes[id] == nil {
					stack = append(stack, prev)
				}
			}
			if len(stack) > before {
				continue
			}
			stack = stack[:len(stack)-1]
			if held[op.ID] == nil {
				continue
			}
			delete(held, op.ID)
			if err := l.add(op, &res); err != nil {
				res.Dropped = append(res.Dropped, op)
			}
		}
	}
	return res
}

// expect makes room for ops that are about to come into an empty log.
func (l *Log) expect(n int) {
	if len(l.nodes) > 0 {
		return
	}
	l.nodes = make(map[wire.OpID]*node, n)
	l.holders = make(map[wire.Auth][]*holder, n)
	l.order = make([]*node, 0, n)
	l.all = make([]*holder, 0, n)
	l.doubts = make([]*node, 0, n)
	l.unsure = make([]*holder, 0, n)
}

// missing returns the predecessors that are not in the log.
func (l *Log) missing(op *Op) (ids []wire.OpID) {
	for _, id := range op.Prev {
		if l.nodes[id] == nil {
			ids = append(ids, id)
		}
	}
	return ids
}

// complete inserts an op whose predecessors are there, and those that waited.
func (l *Log) complete(first *Op, res *AddResult) error {
	var failed error
	var one [4]*Op // mostly nothing waited
	todo := append(one[:0], first)
	for len(todo) > 0 {
		op := todo[0]
		todo = todo[1:]
		if err := l.insert(op); err != nil {
			if op == first {
				failed = fmt.Errorf("add access op: %w", err)
			} else {
				res.Dropped = append(res.Dropped, op)
			}
			res.Dropped = append(res.Dropped, l.parked.condemn(op.ID)...)
			continue
		}
		res.Added = append(res.Added, op)
		for _, waiter := range l.parked.waits[op.ID] {
			if len(l.missing(waiter)) == 0 {
				todo = append(todo, waiter)
			}
		}
		delete(l.parked.waits, op.ID)
		for _, ready := range todo {
			l.parked.forget(ready.ID)
		}
	}
	return failed
}

// insert makes the node of an op, unless its past shows that it is void, and
// judges it.
func (l *Log) insert(op *Op) error {
	n := &node{op: op, index: len(l.order)}
	for i, id := range op.Prev {
		p := l.nodes[id]
		n.depth = max(n.depth, p.depth+1)
		if i == 0 {
			n.past = append(make(past, 0, p.index/pageBits+1), p.past...).with(p.index)
		} else {
			n.past = n.past.union(p.past)
			if !n.past.has(p.index) {
				n.past = n.past.with(p.index)
			}
		}
	}
	if err := l.examine(n); err != nil {
		return err
	}
	l.nodes[op.ID] = n
	l.order = append(l.order, n)
	for _, id := range op.Prev {
		delete(l.heads, id)
	}
	l.heads[op.ID] = n
	l.index(n)
	l.count(n)
	n.known = true
	l.doubt(n)
	l.revision++
	return nil
}

// index notes an op where it will be looked for.
func (l *Log) index(n *node) {
	op := n.op
	if n.by != nil {
		n.by.ops = append(n.by.ops, n)
	}
	if n.via != nil {
		n.via.lets = append(n.via.lets, n)
	}
	if len(n.holders) > 0 {
		l.holders[op.ID.Short()] = joined(l.holders[op.ID.Short()], n.holders)
	}
	for i, h := range n.holders {
		l.all = append(l.all, h)
		l.devices[h.device] = joined(l.devices[h.device], n.holders[i:i+1])
		if h.up != nil {
			h.up.adds = append(h.up.adds, h)
		}
	}
	switch {
	case op.Invite != nil:
		l.links = append(l.links, n)
		l.invites[op.Invite.Sign] = append(l.invites[op.Invite.Sign], n)
		if op.Invite.CloseOnRemoval == 1 {
			l.closing = append(l.closing, n)
		}
	case op.Revoke != nil:
		l.revokes[op.Revoke.Target] = append(l.revokes[op.Revoke.Target], n)
		l.removals = append(l.removals, n)
	case op.Leave != nil:
		l.leaves[op.Author] = append(l.leaves[op.Author], n)
		l.removals = append(l.removals, n)
		l.unsure = append(l.unsure, l.devices[op.Author]...)
		l.epochsStale = true // it takes effect, Valid or not
	case op.Pin != nil:
		l.pins[op.Pin.Target] = append(l.pins[op.Pin.Target], n)
	case op.Policy != nil:
		l.policies = append(l.policies, n)
	case op.Relays != nil:
		l.relays = append(l.relays, n)
	case op.Rotate != nil || op.Genesis != nil:
		l.rotations = append(l.rotations, n)
		l.epochsStale = true
	}
}

// joined returns a with b behind it. Mostly a is empty and b is shared.
func joined(a, b []*holder) []*holder {
	if len(a) == 0 {
		return slices.Clip(b)
	}
	return append(a, b...)
}

// Has reports whether an op is in the log, with all its predecessors.
func (l *Log) Has(id wire.OpID) bool { return l.nodes[id] != nil }

// Get returns an op of the log.
func (l *Log) Get(id wire.OpID) (*Op, bool) {
	if n := l.nodes[id]; n != nil {
		return n.op, true
	}
	return nil, false
}

// Len returns how many ops are in the log, parked ones not among them.
func (l *Log) Len() int { return len(l.order) }

// Heads lists the ops that no other follows, ascending.
func (l *Log) Heads() []wire.OpID { return slices.SortedFunc(maps.Keys(l.heads), compareIDs) }

// Missing lists the ops that parked ones wait for and that are not here,
// ascending.
func (l *Log) Missing() []wire.OpID {
	var ids []wire.OpID
	for id := range l.parked.waits {
		if l.parked.ops[id] == nil {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, compareIDs)
	return ids
}

// All goes through the ops in topological order.
func (l *Log) All() iter.Seq[*Op] {
	return func(yield func(*Op) bool) {
		for _, n := range l.order {
			if !yield(n.op) {
				return
			}
		}
	}
}

// Since lists the ops that a log with the given heads lacks, in topological
// order. Heads that are not known here are passed over.
func (l *Log) Since(heads []wire.OpID) []*Op {
	var have past
	known := map[wire.OpID]bool{}
	for _, id := range heads {
		if n := l.nodes[id]; n != nil && !known[id] {
			known[id] = true
			have = have.union(n.past)
		}
	}
	var ops []*Op
	for _, n := range l.order {
		if !have.has(n.index) && !known[n.op.ID] {
			ops = append(ops, n.op)
		}
	}
	return ops
}

// Ignored counts the ops that are kept and passed on but not judged by this
// version, by kind.
func (l *Log) Ignored() map[Kind]int {
	kinds := map[Kind]int{}
	for _, n := range l.order {
		if !n.op.judged() {
			kinds[n.op.Kind]++
		}
	}
	return kinds
}

// judged reports whether this version knows what the op means.
func (op *Op) judged() bool { return kindNames[op.Kind] != "" }

// Revision grows whenever any verdict, limit or epoch may have changed.
func (l *Log) Revision() uint64 { return l.revision }

func compareIDs(a, b wire.OpID) int { return bytes.Compare(a[:], b[:]) }

// compareNodes orders ops by depth, then id: an order that every replica shares
// and in which an op comes after its predecessors.
func compareNodes(a, b *node) int {
	return cmp.Or(cmp.Compare(a.depth, b.depth), compareIDs(a.op.ID, b.op.ID))
}
