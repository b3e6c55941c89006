package access

import (
	"slices"
	"time"

	"github.com/sheafdocs/sheaf/node/wire"
)

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
		if !l.current(h) {
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
// that was let in more than once is listed as often. The list is not to be
// changed; later ones are others.
func (l *Log) Members() []Member {
	l.settle()
	l.findMembers()
	return l.members
}

// findMembers brings the list of members up to date.
func (l *Log) findMembers() {
	if len(l.unsure) == 0 {
		return
	}
	if len(l.unsure) <= 64 {
		l.members = append(make([]Member, 0, len(l.members)+len(l.unsure)), l.members...)
		for _, h := range l.unsure {
			at, found := slices.BinarySearchFunc(l.seated, h, compareHolders)
			switch in := l.current(h); {
			case in && !found:
				l.seated = slices.Insert(l.seated, at, h)
				l.members = slices.Insert(l.members, at, h.member())
			case !in && found:
				l.seated = slices.Delete(l.seated, at, at+1)
				l.members = slices.Delete(l.members, at, at+1)
			}
		}
	} else {
		l.seated = slices.Grow(l.seated[:0], len(l.all))
		for _, h := range l.all {
			if l.current(h) {
				l.seated = append(l.seated, h)
			}
		}
		slices.SortFunc(l.seated, compareHolders)
		l.members = make([]Member, 0, len(l.seated))
		for _, h := range l.seated {
			l.members = append(l.members, h.member())
		}
	}
	l.unsure = l.unsure[:0]
}

// Left lists the authorities that a leave alone has ended, the most senior first.
func (l *Log) Left() []Member {
	l.settle()
	var left []*holder
	for device := range l.leaves {
		for _, h := range l.devices[device] {
			if h.node.valid && l.ended(h) && !l.revoked(h) {
				left = append(left, h)
			}
		}
	}
	slices.SortFunc(left, compareHolders)
	list := make([]Member, len(left))
	for i, h := range left {
		list[i] = h.member()
	}
	return list
}

// current reports whether an authority counts now.
func (l *Log) current(h *holder) bool { return h.node.valid && !l.ended(h) }

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
