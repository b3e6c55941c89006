package access

import "slices"

// Verdicts are kept up to date by asking again only about what a new op can
// change. What an op's validity rests on forms a graph without cycles, so that
// asking in any order ends with the one answer:
//
//	owner's op ◄── its authority's op, revokes by more senior owners and by
//	               more senior devices of its root
//	other op   ◄── the same, and any owner's revoke; a grant by way of an
//	               invite also: the invite, and owners' revokes before it
//
// An authority's op is older than what rests on it, who may revoke is more
// senior, and an owner's op never rests on a grant by way of an invite. Which
// ops of others count by their number rests on owners' ops alone, and the effect of
// a leave on nothing.

// count puts an op in its groups, of which it is to be found anew which ops count.
func (l *Log) count(n *node) {
	n.counted = true
	for _, g := range l.groupsOf(n) {
		ops := l.groups[g.group]
		at, _ := slices.BinarySearchFunc(ops, n, compareNodes)
		ops = slices.Insert(ops, at, n)
		l.groups[g.group] = ops
		l.recounts[g.group] = g.most
	}
}

// recount finds out which ops of a group count: the first ones of those that no
// owner's removal of their authority voids. What a removed device adds to its
// past therefore takes no place from what it did before, and so cannot take that
// back (docs/adr/0012).
func (l *Log) recount(g group, most int) {
	place := 0
	for _, n := range l.groups[g] {
		in := n.by == nil || !l.endedByOwner(n.by, n)
		if in {
			place++
			in = place <= most
		}
		bit := uint8(1) << g.class
		if out := n.out&bit != 0; out == in {
			n.out ^= bit
			if counted := n.out == 0; counted != n.counted {
				n.counted = counted
				l.doubt(n)
			}
		}
	}
}

// endedByOwner is endedFor, of removals by owners alone.
func (l *Log) endedByOwner(h *holder, o *node) bool {
	ended := false
	l.revokesOf(h, func(r *node) bool {
		ended = r.by.role == Owner && !r.past.has(o.index)
		return !ended
	})
	return ended
}

// doubt asks for new verdicts.
func (l *Log) doubt(list ...*node) {
	for _, n := range list {
		if !n.doubted {
			n.doubted = true
			l.doubts = append(l.doubts, n)
		}
	}
}

// settle brings all verdicts up to date.
func (l *Log) settle() {
	// In a bad order an op may be asked about once for each op above it. Beyond
	// a few times it is cheaper to begin again with what rests on nothing.
	budget := 8*len(l.order) + 1024
	for i := 0; i < len(l.doubts) || len(l.recounts) > 0; {
		for ; i < len(l.doubts) && i < budget; i++ {
			n := l.doubts[i]
			n.doubted = false
			if valid := l.judge(n); valid != n.valid {
				n.valid = valid
				l.noteChange(n)
			}
		}
		if i == budget {
			l.settleAll()
			break
		}
		for g, most := range l.recounts {
			delete(l.recounts, g)
			l.recount(g, most)
		}
	}
	l.doubts = l.doubts[:0]
}

// settleAll makes all verdicts anew: those on what owners did, who rest on each
// other alone, then which ops of others count, then those on the rest.
func (l *Log) settleAll() {
	for _, n := range l.order {
		n.known = false
	}
	for _, n := range l.order {
		if n.by == nil || n.by.role == Owner {
			l.isValid(n)
		}
	}
	for _, n := range l.order {
		for _, g := range l.groupsOf(n) {
			l.recounts[g.group] = g.most
		}
	}
	for g, most := range l.recounts {
		l.recount(g, most)
	}
	clear(l.recounts)
	for _, n := range l.order {
		l.isValid(n)
		n.doubted = false
	}
	l.unsure, l.epochsStale = append(l.unsure, l.all...), true
}

// noteChange doubts all that rests directly on an op whose verdict has changed.
func (l *Log) noteChange(n *node) {
	for _, h := range n.holders {
		l.doubt(h.ops...)
	}
	l.unsure = append(l.unsure, n.holders...)
	l.doubt(n.lets...)
	switch {
	case n.op.Genesis != nil || n.op.Rotate != nil || n.op.Leave != nil:
		l.epochsStale = true
	case n.op.Invite != nil:
		l.epochsStale = l.epochsStale || len(l.revokes[Target{Op: n.op.ID}]) > 0
	case len(n.holders) > 0:
		l.epochsStale = l.epochsStale || slices.ContainsFunc(n.holders, l.removable)
	case n.op.Revoke != nil:
		l.epochsStale = true
		l.doubtTarget(n)
	}
}

// doubtTarget doubts what a revoke may end: the ops of the authority it names
// and of those under it, and grants by way of invites that it closes.
func (l *Log) doubtTarget(r *node) {
	t := r.op.Revoke.Target
	if target := l.nodes[t.Op]; target != nil {
		for _, h := range target.holders {
			if h.index == int(t.Index) {
				l.doubtUnder(h)
			}
		}
		l.doubtAfter(r, target.lets)
	}
	if r.index == len(l.order)-1 {
		return // nothing follows it yet
	}
	for _, invite := range l.closing {
		if !invite.past.has(r.index) {
			l.doubtAfter(r, invite.lets)
		}
	}
}

func (l *Log) doubtUnder(h *holder) {
	l.unsure = append(l.unsure, h)
	l.doubt(h.ops...)
	for _, n := range h.ops {
		for _, g := range l.groupsOf(n) {
			l.recounts[g.group] = g.most
		}
	}
	for _, below := range h.adds {
		l.doubtUnder(below)
	}
}

func (l *Log) doubtAfter(r *node, list []*node) {
	for _, n := range list {
		if n.past.has(r.index) {
			l.doubt(n)
		}
	}
}

// isValid returns an op's verdict as it stands, or decides it if all are made
// anew. It asks about ops of the past and about revokes by those who are senior;
// so it ends.
func (l *Log) isValid(n *node) bool {
	if !n.known {
		n.valid = false
		n.valid = l.judge(n)
		n.known = true
	}
	return n.valid
}

// judge decides whether an op is Valid, given the verdicts on what it rests on.
func (l *Log) judge(n *node) bool {
	switch {
	case n.op.Genesis != nil:
		return true
	case !n.counted || n.by == nil || !n.op.judged() || !l.isValid(n.by.node):
		return false
	case l.leftBefore(n.by, n) || l.endedFor(n.by, n):
		return false
	case n.op.Grant != nil && len(n.op.Grant.Via) != 0:
		return n.via != nil && l.isValid(n.via) && !l.closedBefore(n.via, n)
	}
	return true
}

// closedBefore reports whether an invite was revoked, or closed by a removal, in
// the past of a grant. Only the grant's own past decides, so that no later op
// shuts out who was let in honestly.
func (l *Log) closedBefore(invite, grant *node) bool {
	return l.closed(invite, func(r *node) bool { return grant.past.has(r.index) }) != InviteOpen
}

// closed says whether Valid owners' revokes that seen accepts end an invite.
func (l *Log) closed(invite *node, seen func(*node) bool) InviteState {
	for _, r := range l.revokes[Target{Op: invite.op.ID}] {
		if r.endsLink() && seen(r) && l.isValid(r) {
			return InviteRevoked
		}
	}
	if invite.op.Invite.CloseOnRemoval == 0 {
		return InviteOpen
	}
	for _, r := range l.removals {
		if r.op.Revoke != nil && !l.endsInvite(r) && r.by != nil && r.by.role == Owner && seen(r) && !invite.past.has(r.index) && l.isValid(r) {
			return InviteClosed
		}
	}
	return InviteOpen
}

// endsInvite reports whether a revoke ends an invite it knew of: that removes
// nobody, and other invites stay open.
func (l *Log) endsInvite(r *node) bool {
	n := l.nodes[r.op.Revoke.Target.Op]
	return n != nil && n.op.Invite != nil && r.past.has(n.index)
}
