package access

import (
	"cmp"
	"fmt"

	"github.com/sheafdocs/sheaf/node/wire"
)

// Limits on what counts. They are counts over the set of ops, so that they do
// not depend on the order of arrival, and never stop an owner. Ops beyond them
// stay in the graph and mean nothing.
const (
	// MaxOpsPerAuthority is how many ops of one device's authority count, the
	// first in (depth, id) order, revokes and leaves not among them.
	MaxOpsPerAuthority = 256
	// MaxOpsPerDoorkeeper is the same for a doorkeeper.
	MaxOpsPerDoorkeeper = 4096
	// MaxRemovalsPerAuthority is how many revokes and leaves count besides, so
	// that however much someone writes, a removal fits.
	MaxRemovalsPerAuthority = 32
	// MaxDevAddsPerAuthority is how many of the ops that count may be dev_adds.
	MaxDevAddsPerAuthority = 8
	// MaxPath is how many grants may lie between a device and the genesis.
	MaxPath = 16
	// MaxDevAddPath is how many dev_adds may lie between a device and a grant.
	MaxDevAddPath = 4
)

// limits are the constants above, but for tests that want them small.
type limits struct{ ops, doorkeeper, removals, devAdds, path, devPath int }

var defaultLimits = limits{
	MaxOpsPerAuthority, MaxOpsPerDoorkeeper, MaxRemovalsPerAuthority, MaxDevAddsPerAuthority, MaxPath, MaxDevAddPath,
}

// A holder is an authority: a device, by the op that gives it a role. Holders
// form a tree, which is what seniority is read from: a holder's parent is the
// authority of who granted it, or of who made the invite it came by.
type holder struct {
	listed
	node    *node
	parent  *holder // nil for the genesis's
	up      *holder // of a device that another one of its user added: that one
	path    int     // grants and dev_adds between this and the genesis
	grants  int     // the grants among them
	devPath int     // dev_adds between this and its grant or the genesis

	ops  []*node   // what was done under it
	adds []*holder // the devices it added
}

// compareHolders orders authorities by seniority, the senior first: the
// pre-order of their tree, siblings by depth, id and place in their op.
func compareHolders(a, b *holder) int {
	if a == b {
		return 0
	}
	// Climb from the deeper one until both are as far from the genesis; an
	// ancestor is senior to all below it.
	x, y := a, b
	for x.path > y.path {
		x = x.parent
	}
	for y.path > x.path {
		y = y.parent
	}
	if x == y {
		return cmp.Compare(a.path, b.path)
	}
	for x.parent != y.parent {
		x, y = x.parent, y.parent
	}
	return cmp.Or(compareNodes(x.node, y.node), cmp.Compare(x.index, y.index))
}

// examine fills in what an op is by its past alone, which never changes. The
// error wraps ErrVoid.
func (l *Log) examine(n *node) error {
	op := n.op
	if op.Genesis != nil {
		n.addHolders(nil)
		return nil
	}
	auth := l.nodes[op.Auth]
	if auth == nil || !n.past.has(auth.index) {
		return fmt.Errorf("%w: its authority is not in its past", ErrVoid)
	}
	if !auth.op.judged() {
		return nil // of a kind for later versions
	}
	for _, h := range auth.holders {
		if h.device == op.Author {
			n.by = h
		}
	}
	if n.by == nil {
		return fmt.Errorf("%w: its authority is not its author's", ErrVoid)
	}
	if least, ok := needs[op.Kind]; ok && n.by.role < least {
		return fmt.Errorf("%w: %s by a %s", ErrVoid, op.Kind, n.by.role)
	}
	switch {
	case op.Grant != nil:
		return l.examineGrant(n)
	case op.DevAdd != nil:
		return l.examineDevAdd(n)
	}
	return nil
}

// needs is the least role for an op of a kind; others have rules of their own.
var needs = map[Kind]Role{
	KindInvite: Owner, KindPolicy: Owner, KindRelay: Owner, KindRotate: Editor, KindMerge: Commenter,
}

// examineDevAdd checks that a device's user stays within the limit of devices
// that add each other.
func (l *Log) examineDevAdd(n *node) error {
	if n.by.devPath+1 > l.limits.devPath {
		return fmt.Errorf("%w: more than %d devices that added each other", ErrVoid, l.limits.devPath)
	}
	d := n.op.devices()[0]
	d.user, d.role = n.by.user, n.by.role
	n.holders = []*holder{{
		listed: d, node: n,
		parent: n.by, up: n.by, path: n.by.path + 1, grants: n.by.grants, devPath: n.by.devPath + 1,
	}}
	return nil
}

// examineGrant checks a grant: by an owner, or by someone who lets people in by
// way of an invite in its past that is not exceeded and whose key has signed for
// the device.
func (l *Log) examineGrant(n *node) error {
	g := n.op.Grant
	parent := n.by
	if len(g.Via) == 0 {
		if n.by.role != Owner {
			return fmt.Errorf("%w: grant by a %s", ErrVoid, n.by.role)
		}
	} else {
		via := l.nodes[g.Via[0].Invite]
		if via == nil || via.op.Invite == nil || !n.past.has(via.index) {
			return fmt.Errorf("%w: the invite is not in its past", ErrVoid)
		}
		if via.by == nil {
			return nil // made by an authority that is not judged
		}
		invite, d := via.op.Invite, g.Devices[0]
		if !n.by.role.letsIn() {
			return fmt.Errorf("%w: a %s let someone in", ErrVoid, n.by.role)
		}
		if !within(g.Role, invite.Role) {
			return fmt.Errorf("%w: grant as %s by an invite as %s", ErrVoid, g.Role, invite.Role)
		}
		if !n.op.stored && !wire.Verify(invite.Sign, wire.DomainInviteProof, proofBody(l.doc, d.Device, d.Seal), g.Via[0].Proof) {
			return fmt.Errorf("%w: the invite did not sign for the device", ErrVoid)
		}
		n.via, parent = via, via.by
	}
	if parent.grants+1 > l.limits.path {
		return fmt.Errorf("%w: more than %d grants from the genesis", ErrVoid, l.limits.path)
	}
	n.addHolders(parent)
	return nil
}

// within reports whether an invite as one role lets in as another. Doorkeepers
// are a thing of their own: no other invite makes one, and theirs makes no other.
func within(r, invite Role) bool {
	return r <= invite && (r == Doorkeeper) == (invite == Doorkeeper)
}

// addHolders makes the authorities that a genesis or a grant gives.
func (n *node) addHolders(parent *holder) {
	devices := n.op.devices()
	made := make([]holder, len(devices))
	n.holders = make([]*holder, len(devices))
	for i, d := range devices {
		h := &made[i]
		*h = holder{listed: d, node: n, parent: parent}
		if parent != nil {
			h.path, h.grants = parent.path+1, parent.grants+1
		}
		n.holders[i] = h
	}
}

// A group is the ops that share a limit on how many count.
type group struct {
	auth   wire.OpID
	author wire.Device
	class  class
}

type class uint8

const (
	classOps class = iota
	classRemovals
	classDevAdds
)

// groupsOf lists the groups an op is in, with the limit of each; none for owners.
func (l *Log) groupsOf(n *node) []limitedGroup {
	most := l.limits.ops
	switch {
	case n.op.Genesis != nil || n.by != nil && n.by.role == Owner:
		return nil
	case n.by != nil && n.by.role == Doorkeeper:
		most = l.limits.doorkeeper
	}
	g := group{auth: n.op.Auth, author: n.op.Author}
	if k := n.op.Kind; k == KindRevoke || k == KindLeave {
		g.class = classRemovals
		return []limitedGroup{{g, l.limits.removals}}
	} else if k == KindDevAdd {
		adds := g
		adds.class = classDevAdds
		return []limitedGroup{{g, most}, {adds, l.limits.devAdds}}
	}
	return []limitedGroup{{g, most}}
}

type limitedGroup struct {
	group
	most int
}
