package access

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/sheafdocs/sheaf/node/wire"
)

// Limits of a log.
const (
	// MaxParked bounds the ops kept whose predecessors have not arrived. More
	// are dropped, and come again by sync.
	MaxParked = 1024
	// MaxOpsPerAuthority is how many ops of one authority below owner count,
	// the first in (depth, id) order. It is a count over the set, so it does
	// not depend on arrival.
	MaxOpsPerAuthority = 256
	// MaxOpsPerDoorkeeper is the same for doorkeepers.
	MaxOpsPerDoorkeeper = 4096
)

// ErrGenesis is returned for an op that claims to begin the document and does
// not hash to its id.
var ErrGenesis = errors.New("genesis of another document")

// Log is the access log of one document. It is not safe for concurrent use.
type Log struct {
	doc      wire.DocID
	nodes    map[wire.OpID]*node
	order    []*node                 // topological: as ops became complete
	heads    map[wire.OpID]bool      // ops that no other follows
	parked   map[wire.OpID]*Op       // predecessors missing
	waits    map[wire.OpID][]*Op     // parked ops by a missing predecessor
	short    map[wire.Auth]*node     // valid authorities by the first half of their id
	byDevice map[wire.Device][]*node // and by the devices they name
	used     map[authority][]*node   // ops by the authority they name
	dirty    bool                    // verdicts are to be computed anew
}

// node is an op in the graph.
type node struct {
	op    *Op
	index int    // in order
	depth int    // longest way from the genesis
	past  bitset // indexes of all ops before it
	valid bool
}

// authority is one device's right to write, by the op that gives it.
type authority struct {
	op  wire.OpID
	dev wire.Device
}

// NewLog returns the empty log of a document.
func NewLog(doc wire.DocID) *Log {
	return &Log{
		doc: doc, nodes: map[wire.OpID]*node{}, heads: map[wire.OpID]bool{},
		parked: map[wire.OpID]*Op{}, waits: map[wire.OpID][]*Op{},
		short: map[wire.Auth]*node{}, byDevice: map[wire.Device][]*node{}, used: map[authority][]*node{},
	}
}

// AddResult says what Add did.
type AddResult struct {
	Added  []*Op // the op and those that waited for it, in topological order
	Parked bool  // the op waits for predecessors; see Missing
}

// Add puts an op into the log. An op that is known, or whose right to exist
// is not shown by its past, is no error: it is kept and does not count. The
// error is for an op of another document.
func (l *Log) Add(op *Op) (AddResult, error) {
	var res AddResult
	if l.nodes[op.ID] != nil || l.parked[op.ID] != nil {
		return res, nil
	}
	if op.Kind == KindGenesis {
		if op.DocID() != l.doc {
			return res, ErrGenesis
		}
	} else if op.Doc != l.doc.Short() {
		return res, ErrDocument
	}
	if missing := l.firstMissing(op); !missing.IsZero() {
		if len(l.parked) >= MaxParked {
			return res, nil
		}
		l.parked[op.ID] = op
		l.waits[missing] = append(l.waits[missing], op)
		res.Parked = true
		return res, nil
	}
	res.Added = l.complete(op)
	return res, nil
}

func (l *Log) firstMissing(op *Op) wire.OpID {
	for _, id := range op.Prev {
		if l.nodes[id] == nil {
			return id
		}
	}
	return wire.OpID{}
}

// complete adds an op whose predecessors are there, and those that waited.
func (l *Log) complete(first *Op) []*Op {
	todo := []*Op{first}
	var added []*Op
	for len(todo) > 0 {
		op := todo[0]
		todo = todo[1:]
		if l.nodes[op.ID] != nil {
			continue
		}
		delete(l.parked, op.ID)
		l.insert(op)
		added = append(added, op)
		for _, waiter := range l.waits[op.ID] {
			if missing := l.firstMissing(waiter); !missing.IsZero() {
				l.waits[missing] = append(l.waits[missing], waiter)
			} else {
				todo = append(todo, waiter)
			}
		}
		delete(l.waits, op.ID)
	}
	return added
}

// insert makes the node of an op and judges it.
func (l *Log) insert(op *Op) {
	n := &node{op: op, index: len(l.order)}
	for _, id := range op.Prev {
		p := l.nodes[id]
		n.depth = max(n.depth, p.depth+1)
		n.past.union(p.past)
		n.past.set(p.index)
		delete(l.heads, id)
	}
	l.nodes[op.ID] = n
	l.order = append(l.order, n)
	l.heads[op.ID] = true
	a := authority{op.Auth, op.Author}
	l.used[a] = append(l.used[a], n)
	if len(l.used[a]) > MaxOpsPerAuthority {
		l.dirty = true // which of them count may have changed
		return
	}
	if !l.dirty {
		l.judge(n)
	}
}

// settle computes every verdict anew when one may have changed.
func (l *Log) settle() {
	if !l.dirty {
		return
	}
	l.dirty = false
	clear(l.short)
	clear(l.byDevice)
	for _, n := range l.order {
		n.valid = false
	}
	for _, n := range l.order {
		l.judge(n)
	}
}

// Has says whether an op is in the log, complete.
func (l *Log) Has(id wire.OpID) bool { return l.nodes[id] != nil }

// Get returns an op of the log.
func (l *Log) Get(id wire.OpID) (*Op, bool) {
	n := l.nodes[id]
	if n == nil {
		return nil, false
	}
	return n.op, true
}

// Valid says whether an op is in the log and counts.
func (l *Log) Valid(id wire.OpID) bool {
	l.settle()
	n := l.nodes[id]
	return n != nil && n.valid
}

// Heads lists the ops that no other follows, ascending.
func (l *Log) Heads() []wire.OpID {
	ids := make([]wire.OpID, 0, len(l.heads))
	for id := range l.heads {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b wire.OpID) int { return bytes.Compare(a[:], b[:]) })
	return ids
}

// Missing lists ops that others wait for.
func (l *Log) Missing() []wire.OpID {
	var ids []wire.OpID
	for id := range l.waits {
		if l.parked[id] == nil {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b wire.OpID) int { return bytes.Compare(a[:], b[:]) })
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
// order. Heads not known here are passed over.
func (l *Log) Since(heads []wire.OpID) []*Op {
	var have bitset
	for _, id := range heads {
		if n := l.nodes[id]; n != nil {
			have.union(n.past)
			have.set(n.index)
		}
	}
	var ops []*Op
	for _, n := range l.order {
		if !have.has(n.index) {
			ops = append(ops, n.op)
		}
	}
	return ops
}

// Ignored lists the kinds of ops that are kept and not read by this version,
// with how many of each there are.
func (l *Log) Ignored() map[Kind]int {
	kinds := map[Kind]int{}
	for _, n := range l.order {
		if op := n.op; op.Genesis == nil && op.Grant == nil && op.Invite == nil && op.Kind != KindMerge {
			kinds[op.Kind]++
		}
	}
	return kinds
}

// next fills the header of an op made on the log's heads by the key's device.
// Ops that do not count are not followed.
func (l *Log) next(dev wire.Device, needs func(Role) bool) (header, error) {
	l.settle()
	auth, role, ok := l.authority(dev)
	if !ok || !needs(role) {
		return header{}, fmt.Errorf("%w: device is %s", ErrRole, role)
	}
	h := header{Doc: l.doc.Short(), Auth: auth}
	for _, id := range l.Heads() {
		if l.nodes[id].valid && len(h.Prev) < MaxPrev {
			h.Prev = append(h.Prev, id)
		}
	}
	if len(h.Prev) == 0 {
		h.Prev = []wire.OpID{auth}
	}
	// The authority has to lie in the op's past.
	if !slices.ContainsFunc(h.Prev, func(id wire.OpID) bool {
		n := l.nodes[id]
		return id == auth || n.past.has(l.nodes[auth].index)
	}) {
		h.Prev = append(h.Prev[:min(len(h.Prev), MaxPrev-1)], auth)
		slices.SortFunc(h.Prev, func(a, b wire.OpID) int { return bytes.Compare(a[:], b[:]) })
	}
	return h, nil
}

// bitset is a set of small integers.
type bitset []uint64

func (s *bitset) set(i int) {
	for len(*s) <= i/64 {
		*s = append(*s, 0)
	}
	(*s)[i/64] |= 1 << (i % 64)
}

func (s bitset) has(i int) bool { return i/64 < len(s) && s[i/64]&(1<<(i%64)) != 0 }

func (s *bitset) union(other bitset) {
	for len(*s) < len(other) {
		*s = append(*s, 0)
	}
	for i, w := range other {
		(*s)[i] |= w
	}
}
