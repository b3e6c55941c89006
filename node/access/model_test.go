package access

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/sheafdocs/sheaf/node/wire"
)

// A model answers what a Log does, from the whole set of ops at once and by the
// text of the rules: slow, without indexes, sharing nothing with the Log but the
// ops and the limits.
type model struct {
	doc    wire.DocID
	limits limits
	ops    map[wire.OpID]*Op
	pasts  map[wire.OpID]map[wire.OpID]bool
	depths map[wire.OpID]int
	facts  map[wire.OpID]*fact
}

// fact is what the past of an op alone says of it.
type fact struct {
	held bool  // not void, and everything before it is held
	by   *seat // the author's authority
	via  wire.OpID
}

// seat is an authority: the path of (op, place in it) from the genesis.
type seat struct {
	op     wire.OpID
	index  int
	device wire.Device
	role   Role
	path   []step
}

type step struct {
	op    wire.OpID
	index int
}

func newModel(doc wire.DocID, lim limits, ops []*Op) *model {
	m := &model{
		doc: doc, limits: lim, ops: map[wire.OpID]*Op{}, pasts: map[wire.OpID]map[wire.OpID]bool{},
		depths: map[wire.OpID]int{}, facts: map[wire.OpID]*fact{},
	}
	for _, op := range ops {
		m.ops[op.ID] = op
	}
	return m
}

func (m *model) past(id wire.OpID) map[wire.OpID]bool {
	if p, ok := m.pasts[id]; ok {
		return p
	}
	p := map[wire.OpID]bool{}
	for _, prev := range m.ops[id].Prev {
		p[prev] = true
		m.depths[id] = max(m.depths[id], 1)
		if m.ops[prev] != nil {
			for x := range m.past(prev) {
				p[x] = true
			}
			m.depths[id] = max(m.depths[id], m.depths[prev]+1)
		}
	}
	m.pasts[id] = p
	return p
}

// seats lists the authorities an op gives, if it is held.
func (m *model) seats(id wire.OpID) []*seat {
	op, f := m.ops[id], m.fact(id)
	if !f.held {
		return nil
	}
	var out []*seat
	if g := op.Genesis; g != nil {
		for i, d := range g.Devices {
			out = append(out, &seat{id, i, d.Device, Owner, []step{{id, i}}})
		}
	}
	if g := op.Grant; g != nil {
		parent := f.by
		if len(g.Via) == 1 {
			parent = m.fact(g.Via[0].Invite).by
		}
		if f.by == nil || parent == nil {
			return nil
		}
		for i, d := range g.Devices {
			out = append(out, &seat{id, i, d.Device, g.Role, append(slices.Clone(parent.path), step{id, i})})
		}
	}
	return out
}

func (m *model) fact(id wire.OpID) *fact {
	if f := m.facts[id]; f != nil {
		return f
	}
	f := &fact{}
	m.facts[id] = f
	op := m.ops[id]
	if op == nil {
		return f
	}
	f.held = m.isHeld(op, f)
	return f
}

func (m *model) isHeld(op *Op, f *fact) bool {
	if op.Kind == KindGenesis {
		return op.DocID() == m.doc
	}
	if op.Doc != m.doc.Short() {
		return false
	}
	for _, prev := range op.Prev {
		if !m.fact(prev).held {
			return false
		}
	}
	past := m.past(op.ID)
	if !past[op.Auth] {
		return false
	}
	switch m.ops[op.Auth].Kind {
	case KindGenesis, KindGrant:
		for _, s := range m.seats(op.Auth) {
			if s.device == op.Author {
				f.by = s
			}
		}
	case KindInvite, KindMerge:
		return false
	default:
		return true // not for this version to say
	}
	if f.by == nil {
		return false
	}
	switch op.Kind {
	case KindInvite:
		return f.by.role == Owner
	case KindMerge:
		return f.by.role >= Commenter
	case KindGrant:
		return m.grantHeld(op, f, past)
	}
	return true
}

func (m *model) grantHeld(op *Op, f *fact, past map[wire.OpID]bool) bool {
	parent := f.by
	if len(op.Grant.Via) == 0 {
		if f.by.role != Owner {
			return false
		}
	} else {
		f.via = op.Grant.Via[0].Invite
		if !past[f.via] || m.ops[f.via].Invite == nil {
			return false
		}
		parent = m.fact(f.via).by
		if parent == nil {
			return true
		}
		invite, d := m.ops[f.via].Invite, op.Grant.Devices[0]
		switch {
		case f.by.role == Viewer || f.by.role == Commenter:
			return false
		case op.Grant.Role > invite.Role, (op.Grant.Role == Doorkeeper) != (invite.Role == Doorkeeper):
			return false
		case !wire.Verify(invite.Sign, wire.DomainInviteProof, proofBody(m.doc, d.Device, d.Seal), op.Grant.Via[0].Proof):
			return false
		}
	}
	return len(parent.path) <= m.limits.path
}

// before is the order of siblings and of counting.
func (m *model) before(a, b wire.OpID) int {
	m.past(a)
	m.past(b)
	return cmp.Or(cmp.Compare(m.depths[a], m.depths[b]), bytes.Compare(a[:], b[:]))
}

func (m *model) counted(op *Op) bool {
	f := m.fact(op.ID)
	if op.Kind == KindGenesis || f.by != nil && f.by.role == Owner {
		return true
	}
	most := m.limits.ops
	if f.by != nil && f.by.role == Doorkeeper {
		most = m.limits.doorkeeper
	}
	removal := func(k Kind) bool { return k == KindRevoke || k == KindLeave }
	if removal(op.Kind) {
		most = m.limits.removals
	}
	earlier, adds := 0, 0
	for _, other := range m.ops {
		if m.fact(other.ID).held && other.Auth == op.Auth && other.Author == op.Author &&
			removal(other.Kind) == removal(op.Kind) && m.before(other.ID, op.ID) < 0 {
			earlier++
			if other.Kind == KindDevAdd {
				adds++
			}
		}
	}
	return earlier < most && (op.Kind != KindDevAdd || adds < m.limits.devAdds)
}

func (m *model) valid(id wire.OpID) bool {
	op, f := m.ops[id], m.fact(id)
	if op == nil || !f.held {
		return false
	}
	switch op.Kind {
	case KindGenesis:
		return true
	case KindGrant, KindInvite, KindMerge:
	default:
		return false
	}
	if f.by == nil || !m.counted(op) || !m.valid(op.Auth) {
		return false
	}
	if op.Grant != nil && len(op.Grant.Via) == 1 {
		return m.fact(f.via).by != nil && m.valid(f.via)
	}
	return true
}

// senior orders seats: pre-order of the tree of grants.
func (m *model) senior(a, b *seat) int {
	for i := range min(len(a.path), len(b.path)) {
		x, y := a.path[i], b.path[i]
		if c := cmp.Or(m.before(x.op, y.op), cmp.Compare(x.index, y.index)); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(a.path), len(b.path))
}

// members lists the seats of Valid ops, the most senior first.
func (m *model) members() []*seat {
	var out []*seat
	for id := range m.ops {
		if m.valid(id) {
			out = append(out, m.seats(id)...)
		}
	}
	slices.SortFunc(out, m.senior)
	return out
}
