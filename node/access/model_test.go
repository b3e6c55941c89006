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
	valids map[wire.OpID]bool
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
	up     *seat // of a dev_add: the seat that added it
}

// root is the op that the seat comes from by dev_adds.
func (s *seat) root() wire.OpID {
	for s.up != nil {
		s = s.up
	}
	return s.op
}

// adds counts the dev_adds from the seat up to its root.
func (s *seat) adds() (n int) {
	for ; s.up != nil; s = s.up {
		n++
	}
	return n
}

// grants counts the grants from the genesis down to the seat.
func (m *model) grants(s *seat) (n int) {
	for _, p := range s.path {
		if m.ops[p.op].Grant != nil {
			n++
		}
	}
	return n
}

type step struct {
	op    wire.OpID
	index int
}

func newModel(doc wire.DocID, lim limits, ops []*Op) *model {
	m := &model{
		doc: doc, limits: lim, ops: map[wire.OpID]*Op{}, pasts: map[wire.OpID]map[wire.OpID]bool{},
		depths: map[wire.OpID]int{}, facts: map[wire.OpID]*fact{}, valids: map[wire.OpID]bool{},
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
			out = append(out, &seat{op: id, index: i, device: d.Device, role: Owner, path: []step{{id, i}}})
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
			out = append(out, &seat{
				op: id, index: i, device: d.Device, role: g.Role, path: append(slices.Clone(parent.path), step{id, i}),
			})
		}
	}
	if g := op.DevAdd; g != nil && f.by != nil {
		out = append(out, &seat{
			op: id, device: g.Device, role: f.by.role, path: append(slices.Clone(f.by.path), step{id, 0}), up: f.by,
		})
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
	case KindGenesis, KindGrant, KindDevAdd:
		for _, s := range m.seats(op.Auth) {
			if s.device == op.Author {
				f.by = s
			}
		}
	case 98, 99:
		return true // not for this version to say
	default:
		return false
	}
	if f.by == nil {
		return false
	}
	switch op.Kind {
	case KindInvite, KindPolicy, KindRelay:
		return f.by.role == Owner
	case KindRotate:
		return f.by.role >= Editor
	case KindMerge:
		return f.by.role >= Commenter
	case KindDevAdd:
		return f.by.adds() < m.limits.devPath
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
	return m.grants(parent) < m.limits.path
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
			removal(other.Kind) == removal(op.Kind) && m.before(other.ID, op.ID) < 0 && m.known(other.ID) {
			earlier++
			if other.Kind == KindDevAdd {
				adds++
			}
		}
	}
	return m.known(op.ID) && earlier < most && (op.Kind != KindDevAdd || adds < m.limits.devAdds)
}

// known reports whether all owners who removed an op's authority knew the op.
func (m *model) known(id wire.OpID) bool {
	s := m.fact(id).by
	if s == nil {
		return true
	}
	for r, op := range m.ops {
		if op.Revoke == nil || !m.fact(r).held || m.fact(r).by == nil || m.fact(r).by.role != Owner || m.past(s.op)[r] || m.past(r)[id] {
			continue
		}
		if named := m.named(op.Revoke, s); named != nil && m.mayEnd(m.fact(r).by, s, named) && m.valid(r) {
			return false
		}
	}
	return true
}

func (m *model) valid(id wire.OpID) bool {
	if v, ok := m.valids[id]; ok {
		return v
	}
	v := m.judge(id)
	m.valids[id] = v
	return v
}

func (m *model) judge(id wire.OpID) bool {
	op, f := m.ops[id], m.fact(id)
	if op == nil || !f.held || op.Kind == 98 || op.Kind == 99 {
		return false
	}
	if op.Kind == KindGenesis {
		return true
	}
	if f.by == nil || !m.counted(op) || !m.valid(op.Auth) {
		return false
	}
	past := m.past(id)
	for _, o := range m.ops { // a leave before it
		if o.Leave != nil && past[o.ID] && o.Author == op.Author && m.leaves(o) && !m.past(op.Auth)[o.ID] {
			return false
		}
	}
	for _, r := range m.revokes(f.by) { // a removal that does not know it
		if !m.past(r)[id] {
			return false
		}
	}
	if op.Grant == nil || len(op.Grant.Via) == 0 {
		return true
	}
	return m.fact(f.via).by != nil && m.valid(f.via) && !m.closed(f.via, past)
}

// leaves reports whether a leave takes effect.
func (m *model) leaves(op *Op) bool {
	return m.fact(op.ID).held && m.fact(op.ID).by != nil
}

// revokes lists the Valid revokes that are rightful against a seat.
func (m *model) revokes(s *seat) (ids []wire.OpID) {
	for id, op := range m.ops {
		if op.Revoke == nil || !m.fact(id).held || m.fact(id).by == nil || m.past(s.op)[id] {
			continue
		}
		if named := m.named(op.Revoke, s); named != nil && m.mayEnd(m.fact(id).by, s, named) && m.valid(id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// named finds the seat that a revoke names at or above s, unless it keeps one
// on the way.
func (m *model) named(r *Revoke, s *seat) *seat {
	for at := s; at != nil; at = at.up {
		if at.op == r.Target.Op && at.index == int(r.Target.Index) {
			return at
		}
		if slices.Contains(r.Keep, at.device) {
			return nil
		}
	}
	return nil
}

func (m *model) mayEnd(by, s, named *seat) bool {
	return by.role == Owner && (s.role != Owner || m.senior(by, s) < 0) ||
		by.root() == s.root() && m.senior(by, named) < 0
}

// closed reports whether an invite was over for someone who knew of past; nil
// stands for all there is.
func (m *model) closed(invite wire.OpID, past map[wire.OpID]bool) bool {
	for id, op := range m.ops {
		if op.Revoke == nil || past != nil && !past[id] || !m.fact(id).held || m.fact(id).by == nil || m.fact(id).by.role != Owner {
			continue
		}
		names := op.Revoke.Target == Target{Op: invite}
		target := op.Revoke.Target.Op
		link := m.ops[target] != nil && m.ops[target].Invite != nil && m.past(id)[target]
		closes := m.ops[invite].Invite.CloseOnRemoval == 1 && !m.past(invite)[id] && !link
		if (names || closes) && m.valid(id) {
			return true
		}
	}
	return false
}

// over reports whether a seat counts no more.
func (m *model) over(s *seat) bool {
	for id, op := range m.ops {
		if op.Leave != nil && op.Author == s.device && !m.past(s.op)[id] && m.leaves(op) {
			return true
		}
	}
	return len(m.revokes(s)) > 0
}

// saying is what one op says of a chain; counts is -1 where it limits nothing.
type saying struct {
	op     wire.OpID
	by     *seat
	counts int64
	stated []Statement
}

// sayings lists what Valid ops say of a chain, the strongest first.
func (m *model) sayings(s *seat, inc uint32) (all []saying) {
	find := func(list []Statement) []Statement {
		for _, st := range list {
			if st.Device == s.device && st.Inc == inc {
				return []Statement{st}
			}
		}
		return nil
	}
	limit := func(stated []Statement) int64 {
		if len(stated) == 0 {
			return 0
		}
		return int64(stated[0].Seq) + 1
	}
	for _, id := range m.revokes(s) {
		stated := find(m.ops[id].Revoke.Cuts)
		all = append(all, saying{id, m.fact(id).by, limit(stated), stated})
	}
	var leave []saying
	for id, op := range m.ops {
		by := m.fact(id).by
		switch {
		case op.Leave != nil && op.Author == s.device && m.past(id)[s.op] && m.leaves(op):
			stated := find(op.Leave.Statements)
			if stated == nil {
				stated = m.pinnedBefore(id, s, find)
			}
			leave = append(leave, saying{id, by, limit(stated), stated})
		case op.Pin != nil && by != nil && m.valid(id):
			named := m.named(&Revoke{Target: op.Pin.Target}, s)
			stated := find(op.Pin.Statements)
			if named == nil || !m.mayEnd(by, s, named) || stated == nil {
				continue
			}
			one := saying{id, by, -1, stated}
			if op.Pin.Limit == 1 {
				one.counts = limit(stated)
			}
			all = append(all, one)
		}
	}
	slices.SortFunc(leave, func(a, b saying) int { return cmp.Or(cmp.Compare(a.counts, b.counts), m.stronger(a, b)) })
	all = append(all, leave[:min(1, len(leave))]...)
	slices.SortFunc(all, m.stronger)
	return all
}

func (m *model) stronger(a, b saying) int {
	class := func(s saying) int {
		if s.by.role == Owner {
			return 0
		}
		return 1
	}
	return cmp.Or(cmp.Compare(class(a), class(b)), m.senior(a.by, b.by), cmp.Compare(m.depths[b.op], m.depths[a.op]), bytes.Compare(a.op[:], b.op[:]))
}

// chain says how a chain stands: its limit and the ids that choose its branch.
func (m *model) chain(s *seat, inc uint32) (limit Limit, ids []wire.EntryID) {
	for _, one := range m.sayings(s, inc) {
		if one.counts >= 0 && !limit.Bounded {
			limit = Limit{Bounded: true, Counts: uint64(one.counts)}
		}
		for _, st := range one.stated {
			ids = append(ids, st.ID)
		}
	}
	return limit, ids
}

// clean reports whether all that lost access did so before a rotation.
func (m *model) clean(id wire.OpID) bool {
	for target, op := range m.ops {
		if !m.valid(target) {
			continue
		}
		if op.Invite != nil {
			var by []wire.OpID
			for r, o := range m.ops {
				if o.Revoke != nil && o.Revoke.Target == (Target{Op: target}) && m.valid(r) && m.fact(r).by.role == Owner {
					by = append(by, r)
				}
			}
			if !m.follows(id, by) {
				return false
			}
		}
		for _, s := range m.seats(target) {
			by := slices.Clone(m.revokes(s))
			for r, o := range m.ops {
				if o.Leave != nil && o.Author == s.device && m.leaves(o) && !m.past(target)[r] {
					by = append(by, r)
				}
			}
			if !m.follows(id, by) {
				return false
			}
		}
	}
	return m.valid(id)
}

// follows reports whether an op follows one of several, if there are any.
func (m *model) follows(id wire.OpID, by []wire.OpID) bool {
	return len(by) == 0 || slices.ContainsFunc(by, func(r wire.OpID) bool { return m.past(id)[r] })
}

// last finds the Valid op of a kind that was made last.
func (m *model) last(kind Kind) (best *Op) {
	for id, op := range m.ops {
		if op.Kind != kind || !m.valid(id) {
			continue
		}
		if best == nil || m.depths[id] > m.depths[best.ID] || m.depths[id] == m.depths[best.ID] && bytes.Compare(id[:], best.ID[:]) < 0 {
			best = op
		}
	}
	return best
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
	out = slices.DeleteFunc(out, m.over)
	slices.SortFunc(out, m.senior)
	return out
}
