package access

import (
	"cmp"
	"fmt"
	"slices"
	"time"

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
	b := n.op.DevAdd
	n.holders = []*holder{{
		listed: listed{0, b.Device, b.Seal, n.by.user, n.by.role, b.Kind}, node: n,
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
		if !wire.Verify(invite.Sign, wire.DomainInviteProof, proofBody(l.doc, d.Device, d.Seal), g.Via[0].Proof) {
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
	for _, d := range n.op.devices() {
		h := &holder{listed: d, node: n, parent: parent}
		if parent != nil {
			h.path, h.grants = parent.path+1, parent.grants+1
		}
		n.holders = append(n.holders, h)
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

// count decides whether an op is among those that count, and whether it takes
// the place of another.
func (l *Log) count(n *node) {
	n.counted = true
	for _, g := range l.groupsOf(n) {
		ops := l.groups[g.group]
		at, _ := slices.BinarySearchFunc(ops, n, compareNodes)
		ops = slices.Insert(ops, at, n)
		l.groups[g.group] = ops
		if at >= g.most {
			n.counted = false
		} else if len(ops) > g.most {
			l.stale = true // the one at g.most no longer counts, nor what rests on it
		}
	}
}

// settle makes all verdicts anew after an op has lost its place to another.
func (l *Log) settle() {
	if !l.stale {
		return
	}
	l.stale = false
	for _, n := range l.order {
		n.counted, n.known = true, false
		for _, g := range l.groupsOf(n) {
			if ops := l.groups[g.group]; len(ops) > g.most {
				if at, _ := slices.BinarySearchFunc(ops, n, compareNodes); at >= g.most {
					n.counted = false
				}
			}
		}
	}
	for _, n := range l.order {
		l.isValid(n)
	}
}

// isValid decides whether an op is Valid, once. It asks about ops of its past,
// and about revokes by those who are senior to its author; so it ends.
func (l *Log) isValid(n *node) bool {
	if !n.known {
		n.valid = false
		n.valid = l.judge(n)
		n.known = true
	}
	return n.valid
}

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
		if r.by != nil && r.by.role == Owner && seen(r) && l.isValid(r) {
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

// Valid reports whether an op is in the log and counts. Ops of kinds that this
// version does not judge are not Valid.
func (l *Log) Valid(id wire.OpID) bool {
	l.settle()
	n := l.nodes[id]
	return n != nil && n.valid
}

// RoleOf returns the role that the op whose id begins with auth gives device d,
// if it is Valid, also after it was ended: what was written under it before is
// judged by it, and Limit says how much of that counts. Of several such ops, which nobody has ever seen, the one with
// the lowest id is meant.
func (l *Log) RoleOf(auth wire.Auth, d wire.Device) (Role, bool) {
	if h := l.holder(auth, d); h != nil {
		return h.role, true
	}
	return 0, false
}

func (l *Log) holder(auth wire.Auth, d wire.Device) (best *holder) {
	l.settle()
	for _, h := range l.holders[auth] {
		if h.device == d && h.node.valid && (best == nil || compareIDs(h.node.op.ID, best.node.op.ID) < 0) {
			best = h
		}
	}
	return best
}

// Authority returns what a device writes under: of its Valid authorities the one
// with the highest role, and of those the most senior.
func (l *Log) Authority(d wire.Device) (wire.Auth, Role, bool) {
	h := l.authority(d)
	if h == nil {
		return wire.Auth{}, 0, false
	}
	return h.node.op.ID.Short(), h.role, true
}

func (l *Log) authority(d wire.Device) *holder {
	l.settle()
	var best *holder
	for _, h := range l.devices[d] {
		if !h.node.valid || l.ended(h) {
			continue
		}
		if best == nil || h.role > best.role || h.role == best.role && compareHolders(h, best) < 0 {
			best = h
		}
	}
	return best
}

// A Member is a device with a role, by one op.
type Member struct {
	Device   wire.Device
	User     wire.UserID // a label, not proven
	Seal     wire.SealHash
	Role     Role
	Auth     wire.Auth
	Op       wire.OpID // what gives the role
	Index    int       // and the device's place in it
	Kind     DeviceKind
	Root     wire.OpID   // the grant or genesis that the user's devices come from
	Via      wire.OpID   // the invite it came by; zero for none
	Since    time.Time   // by the clock of who let it in
	ByDevice wire.Device // who that was
}

// Members lists the authorities that count now, the most senior first. A device
// that was let in more than once is listed as often.
func (l *Log) Members() []Member {
	l.settle()
	var all []*holder
	for _, n := range l.order {
		for _, h := range n.holders {
			if n.valid && !l.ended(h) {
				all = append(all, h)
			}
		}
	}
	slices.SortFunc(all, compareHolders)
	members := make([]Member, 0, len(all))
	for _, h := range all {
		members = append(members, h.member())
	}
	return members
}

func (h *holder) member() Member {
	op := h.node.op
	m := Member{
		Device: h.device, User: h.user, Seal: h.seal, Role: h.role, Auth: op.ID.Short(), Op: op.ID, Index: h.index,
		Kind: h.kind, Root: h.root().op.ID, Since: op.Time, ByDevice: op.Author,
	}
	if via := h.root().via; via != nil {
		m.Via = via.op.ID
	}
	return m
}

// Senior reports whether the authority (a, x) is senior to (b, y); false if
// either is not Valid.
func (l *Log) Senior(a wire.Auth, x wire.Device, b wire.Auth, y wire.Device) bool {
	p, q := l.holder(a, x), l.holder(b, y)
	return p != nil && q != nil && compareHolders(p, q) < 0
}

// CompareAuthority orders two authorities by seniority, the senior first, whether
// they were ended or not; one that is not Valid comes last.
func (l *Log) CompareAuthority(a wire.Auth, x wire.Device, b wire.Auth, y wire.Device) int {
	p, q := l.holder(a, x), l.holder(b, y)
	if p == nil || q == nil {
		return compareBool(p == nil, q == nil)
	}
	return compareHolders(p, q)
}

// First returns the document's first epoch and the device that announced it,
// both zero before the genesis is there.
func (l *Log) First() (wire.EpochID, wire.Device) {
	if len(l.order) == 0 {
		return wire.EpochID{}, wire.Device{}
	}
	first := l.order[0].op // nothing enters before it
	return first.Genesis.Epoch, first.Author
}

// Epoch returns the epoch that writers prefer and the device that announced it.
func (l *Log) Epoch() (wire.EpochID, wire.Device) {
	if list := l.Epochs(); len(list) > 0 {
		return list[0].ID, list[0].Rotator
	}
	return wire.EpochID{}, wire.Device{}
}

// Rotator returns the device that announced an epoch. Of several, who cannot all
// have made its key, it is the first that writers prefer.
func (l *Log) Rotator(epoch wire.EpochID) (wire.Device, bool) {
	for _, e := range l.Epochs() {
		if e.ID == epoch {
			return e.Rotator, true
		}
	}
	return wire.Device{}, false
}
