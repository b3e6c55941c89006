package access

import (
	"bytes"
	"cmp"
	"errors"
	"iter"
	"slices"

	"github.com/sheafdocs/sheaf/node/wire"
)

// ErrRole is returned when a device's role does not let it make an op.
var ErrRole = errors.New("role does not allow this")

// judge decides whether an op counts, from its past alone. The ops of its
// past have been judged.
func (l *Log) judge(n *node) {
	op := n.op
	if op.Kind == KindGenesis {
		l.accept(n)
		return
	}
	auth := l.nodes[op.Auth]
	if auth == nil || !auth.valid || !n.past.has(auth.index) {
		return
	}
	role, ok := roleIn(auth.op, op.Author)
	if !ok || !l.counts(n, role) {
		return
	}
	switch op.Kind {
	case KindInvite:
		if role != Owner {
			return
		}
	case KindGrant:
		if !l.grantValid(n, role) {
			return
		}
	case KindMerge:
		if role < Commenter {
			return
		}
	default:
		return // a kind this version does not read: kept, ignored
	}
	l.accept(n)
}

func (l *Log) accept(n *node) {
	n.valid = true
	if n.op.Genesis != nil || n.op.Grant != nil {
		l.short[n.op.ID.Short()] = n
		for d := range devices(n.op) {
			l.byDevice[d] = append(l.byDevice[d], n)
		}
	}
}

// devices goes through the devices that an op gives a role.
func devices(op *Op) iter.Seq[wire.Device] {
	return func(yield func(wire.Device) bool) {
		if op.Genesis != nil {
			for _, d := range op.Genesis.Devs {
				if !yield(d.Key) {
					return
				}
			}
			return
		}
		for _, d := range op.Grant.Devs {
			if !yield(d.Key) {
				return
			}
		}
	}
}

// counts says whether an op is among the first of its authority. An owner's
// always are.
func (l *Log) counts(n *node, role Role) bool {
	most := MaxOpsPerAuthority
	switch role {
	case Owner:
		return true
	case Doorkeeper:
		most = MaxOpsPerDoorkeeper
	}
	ops := l.used[authority{n.op.Auth, n.op.Author}]
	if len(ops) <= most {
		return true
	}
	before := 0
	for _, other := range ops {
		if other.before(n) {
			before++
		}
	}
	return before < most
}

// before orders ops by depth, then id.
func (n *node) before(other *node) bool {
	return cmp.Or(cmp.Compare(n.depth, other.depth), bytes.Compare(n.op.ID[:], other.op.ID[:])) < 0
}

// grantValid checks a grant: by an owner, or by way of an invite in its past,
// whose key signed for the device and whose role is not exceeded.
func (l *Log) grantValid(n *node, role Role) bool {
	g := n.op.Grant
	if len(g.Via) == 0 {
		return role == Owner
	}
	if !role.admits() || len(g.Devs) != 1 {
		return false
	}
	invite := l.nodes[g.Via[0].Invite]
	if invite == nil || !invite.valid || invite.op.Invite == nil || !n.past.has(invite.index) {
		return false
	}
	dev := g.Devs[0]
	return g.Role >= Viewer && g.Role <= invite.op.Invite.Role &&
		wire.Verify(invite.op.Invite.Sign, wire.DomainInviteProof, proofBody(l.doc, dev.Key, dev.Seal), g.Via[0].Proof)
}

// roleIn returns the role that a genesis or grant gives a device.
func roleIn(op *Op, d wire.Device) (Role, bool) {
	switch {
	case op.Genesis != nil:
		return Owner, slices.ContainsFunc(op.Genesis.Devs, func(x Device) bool { return x.Key == d })
	case op.Grant != nil:
		return op.Grant.Role, slices.ContainsFunc(op.Grant.Devs, func(x GrantDevice) bool { return x.Key == d })
	}
	return 0, false
}

// RoleOf returns the role that the op auth gives device d, and whether that op
// counts.
func (l *Log) RoleOf(auth wire.Auth, d wire.Device) (Role, bool) {
	l.settle()
	n := l.short[auth]
	if n == nil {
		return 0, false
	}
	return roleIn(n.op, d)
}

// Authority returns what a device writes under: of the ops that give it a
// role, the one with the highest, then the first in (depth, id) order.
func (l *Log) Authority(d wire.Device) (wire.Auth, Role, bool) {
	l.settle()
	id, role, ok := l.authority(d)
	return id.Short(), role, ok
}

func (l *Log) authority(d wire.Device) (id wire.OpID, role Role, ok bool) {
	var best *node
	for _, n := range l.byDevice[d] {
		r, _ := roleIn(n.op, d)
		if best == nil || r > role || r == role && n.before(best) {
			best, role = n, r
		}
	}
	if best == nil {
		return wire.OpID{}, 0, false
	}
	return best.op.ID, role, true
}

// Member is one device with a role.
type Member struct {
	Device wire.Device
	User   wire.UserID
	Seal   wire.SealHash
	Role   Role
	Auth   wire.Auth
}

// Members lists the devices that have a role, each once under its Authority,
// in ascending order of their keys.
func (l *Log) Members() []Member {
	l.settle()
	all := map[wire.Device]Member{}
	add := func(n *node, d wire.Device, seal wire.SealHash, user wire.UserID) {
		if id, role, ok := l.authority(d); ok && id == n.op.ID {
			all[d] = Member{Device: d, User: user, Seal: seal, Role: role, Auth: id.Short()}
		}
	}
	for _, n := range l.short {
		if g := n.op.Genesis; g != nil {
			for _, d := range g.Devs {
				add(n, d.Key, d.Seal, g.User)
			}
		} else {
			for _, d := range n.op.Grant.Devs {
				add(n, d.Key, d.Seal, n.op.Grant.User)
			}
		}
	}
	list := make([]Member, 0, len(all))
	for _, m := range all {
		list = append(list, m)
	}
	slices.SortFunc(list, func(a, b Member) int { return bytes.Compare(a.Device[:], b.Device[:]) })
	return list
}

// Epoch returns the epoch that entries are written under, and the device that
// made its key. Until keys rotate that is the genesis's.
func (l *Log) Epoch() (wire.EpochID, wire.Device) {
	if len(l.order) == 0 || l.order[0].op.Genesis == nil {
		return wire.EpochID{}, wire.Device{}
	}
	first := l.order[0].op
	return first.Genesis.Epoch, first.Author
}

// Rotator returns the device that announced an epoch.
func (l *Log) Rotator(epoch wire.EpochID) (wire.Device, bool) {
	id, dev := l.Epoch()
	return dev, !dev.IsZero() && id == epoch
}
