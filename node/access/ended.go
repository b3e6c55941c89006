package access

import (
	"cmp"
	"slices"

	"github.com/sheafdocs/sheaf/node/wire"
)

// hits reports whether a revoke names an authority, or one above it on the way
// of its dev_adds, and keeps none of the devices between. It returns the one
// named.
func hits(r *node, h *holder) (*holder, bool) {
	for at := h; at != nil; at = at.up {
		if t := r.op.Revoke.Target; t.Op == at.node.op.ID && int(t.Index) == at.index {
			return at, true
		}
		for _, kept := range r.op.Revoke.Keep {
			if kept == at.device {
				return nil, false
			}
		}
	}
	return nil, false
}

// mayEnd reports whether the author of an op that names an authority may say
// what counts of it: owners of those below them in role or rank, and a user's
// devices of those below them.
func mayEnd(by, h, named *holder) bool {
	if by.role == Owner && (h.role < Owner || compareHolders(by, h) < 0) {
		return true
	}
	return by.root() == h.root() && compareHolders(by, named) < 0
}

// MayEnd reports whether a revoke that names m, made by a device now, would end
// it.
func (l *Log) MayEnd(by wire.Device, m Member) bool {
	from, h := l.authority(by), l.holder(m.Auth, m.Device)
	return from != nil && h != nil && mayEnd(from, h, h)
}

// rightful reports whether a revoke ends an authority, if it is Valid.
func rightful(r *node, h *holder) bool {
	if r.by == nil || h.node.past.has(r.index) {
		return false
	}
	named, ok := hits(r, h)
	return ok && mayEnd(r.by, h, named)
}

// root is the grant or genesis that an authority comes from by dev_adds.
func (h *holder) root() *node {
	for h.up != nil {
		h = h.up
	}
	return h.node
}

// revokesOf goes through the Valid revokes that end an authority, until yield
// says to stop.
func (l *Log) revokesOf(h *holder, yield func(*node) bool) {
	for at := h; at != nil; at = at.up {
		for _, r := range l.revokes[Target{Op: at.node.op.ID, Index: uint32(at.index)}] {
			if rightful(r, h) && l.isValid(r) && !yield(r) {
				return
			}
		}
	}
}

// endedFor reports whether a removal of its author's authority voids an op: one
// that did not know of it. What was done before a removal stays; what was done
// beside or after it never counts, and saying that it was before needs the
// signature of who removed.
func (l *Log) endedFor(h *holder, o *node) bool {
	ended := false
	l.revokesOf(h, func(r *node) bool {
		ended = !r.past.has(o.index)
		return !ended
	})
	return ended
}

// takesEffect reports whether a leave does, Valid or not and however many there
// are: it speaks of its author alone, and were its effect to depend on revokes,
// then so would theirs on it.
func (n *node) takesEffect() bool { return n.by != nil }

// leftBefore reports whether an op follows a leave of its author's authority.
func (l *Log) leftBefore(h *holder, o *node) bool {
	for _, leave := range l.leaves[h.device] {
		if leave.takesEffect() && o.past.has(leave.index) && !h.node.past.has(leave.index) {
			return true
		}
	}
	return false
}

// ended reports whether an authority counts no more. A leave ends all that its
// author did not get after it, also what it did not know of.
func (l *Log) ended(h *holder) bool {
	for _, leave := range l.leaves[h.device] {
		if leave.takesEffect() && !h.node.past.has(leave.index) {
			return true
		}
	}
	return l.revoked(h)
}

// revoked reports whether a Valid revoke ends an authority.
func (l *Log) revoked(h *holder) bool {
	revoked := false
	l.revokesOf(h, func(*node) bool { revoked = true; return false })
	return revoked
}

// A Limit says how many entries of a chain count.
type Limit struct {
	Bounded bool
	Counts  uint64 // if Bounded: entries with a lower seq count
}

// said is what one op says of one chain.
type said struct {
	by     *node
	counts uint64 // entries that count, if limit
	limit  bool
	stated *Statement
}

// stronger orders what ops say of a chain: owners before others, then by
// seniority, then the later op, then the lower id.
func stronger(a, b said) int {
	x, y := a.by.by, b.by.by
	return cmp.Or(
		compareBool(y.role == Owner, x.role == Owner),
		compareHolders(x, y),
		cmp.Compare(b.by.depth, a.by.depth),
		compareIDs(a.by.op.ID, b.by.op.ID),
	)
}

// leaveStates returns what a leave states of a chain: what it lists or, where it
// has no room, what its author's own pins before it list; of several the least.
func (l *Log) leaveStates(leave *node, h *holder, inc uint32) []Statement {
	listed := func(list []Statement) *Statement {
		for i := range list {
			if s := &list[i]; s.Device == h.device && s.Inc == inc {
				return s
			}
		}
		return nil
	}
	if listed(leave.op.Leave.Statements) != nil {
		return leave.op.Leave.Statements
	}
	var from *node
	var least *Statement
	for _, p := range l.pins[Target{Op: h.node.op.ID, Index: uint32(h.index)}] {
		if p.by == nil || p.op.Author != h.device || p.op.Pin.Limit != 1 || !leave.past.has(p.index) {
			continue
		}
		s := listed(p.op.Pin.Statements)
		if s == nil {
			continue
		}
		if least == nil || cmp.Or(cmp.Compare(s.Seq, least.Seq), compareIDs(p.op.ID, from.op.ID)) < 0 {
			from, least = p, s
		}
	}
	if least == nil {
		return nil
	}
	return []Statement{*least}
}

// sayings collects what Valid ops say of a chain, in no order.
func (l *Log) sayings(h *holder, inc uint32) []said {
	var all []said
	take := func(n *node, list []Statement, limit, unlisted bool) {
		for i := range list {
			if s := &list[i]; s.Device == h.device && s.Inc == inc {
				all = append(all, said{by: n, counts: s.Seq + 1, limit: limit, stated: s})
				return
			}
		}
		if unlisted {
			all = append(all, said{by: n, limit: true})
		}
	}
	l.revokesOf(h, func(r *node) bool {
		take(r, r.op.Revoke.Cuts, true, true)
		return true
	})
	for at := h; at != nil; at = at.up {
		for _, p := range l.pins[Target{Op: at.node.op.ID, Index: uint32(at.index)}] {
			if p.by != nil && mayEnd(p.by, h, at) && l.isValid(p) {
				take(p, p.op.Pin.Statements, p.op.Pin.Limit == 1, false)
			}
		}
	}
	var least *said // of several leaves
	for _, leave := range l.leaves[h.device] {
		if !leave.takesEffect() || !leave.past.has(h.node.index) {
			continue
		}
		before := len(all)
		take(leave, l.leaveStates(leave, h, inc), true, true)
		one := all[before]
		all = all[:before]
		if least == nil || one.counts < least.counts || one.counts == least.counts && stronger(one, *least) < 0 {
			least = &one
		}
	}
	if least != nil {
		all = append(all, *least)
	}
	return all
}

// Limit returns how many entries of a chain count by the Valid ops that say so.
func (l *Log) Limit(auth wire.Auth, d wire.Device, inc uint32) Limit {
	h := l.holder(auth, d)
	if h == nil {
		return Limit{}
	}
	var best *said
	for _, s := range l.sayings(h, inc) {
		if s.limit && (best == nil || stronger(s, *best) < 0) {
			best = &s
		}
	}
	if best == nil {
		return Limit{}
	}
	return Limit{Bounded: true, Counts: best.counts}
}

// Statements lists what Valid ops state of a chain, the strongest first. They
// choose its branch.
func (l *Log) Statements(auth wire.Auth, d wire.Device, inc uint32) []Statement {
	h := l.holder(auth, d)
	if h == nil {
		return nil
	}
	all := l.sayings(h, inc)
	slices.SortFunc(all, stronger)
	var list []Statement
	for _, s := range all {
		if s.stated != nil {
			list = append(list, *s.stated)
		}
	}
	return list
}

// StatedIncs lists the chains of a device of which its own leaves state something,
// and pins for the authority do, ascending; some of what they say may not count.
func (l *Log) StatedIncs(auth wire.Auth, d wire.Device) []uint32 {
	h := l.holder(auth, d)
	if h == nil {
		return nil
	}
	var incs []uint32
	take := func(list []Statement) {
		for _, s := range list {
			if s.Device == d {
				incs = append(incs, s.Inc)
			}
		}
	}
	for _, leave := range l.leaves[d] {
		take(leave.op.Leave.Statements)
	}
	for at := h; at != nil; at = at.up {
		for _, p := range l.pins[Target{Op: at.node.op.ID, Index: uint32(at.index)}] {
			take(p.op.Pin.Statements)
		}
	}
	slices.Sort(incs)
	return slices.Compact(incs)
}

// Ended reports whether a device has had an authority here and has none now.
func (l *Log) Ended(d wire.Device) bool {
	if l.authority(d) != nil {
		return false
	}
	for _, h := range l.devices[d] {
		if h.node.valid {
			return true
		}
	}
	return false
}
