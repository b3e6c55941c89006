package access

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"github.com/sheafdocs/sheaf/node/wire"
)

// MaxBackBytes bounds what a rotation carries of the keys before it.
const MaxBackBytes = 7 << 10

// Rotate announces a new epoch key. Back holds the keys before it, sealed with
// the new one; what is inside is node/seal's business.
type Rotate struct {
	_     struct{} `cbor:",toarray"`
	Epoch wire.EpochID
	Back  []byte
}

func (b *Rotate) check() error {
	if len(b.Back) > MaxBackBytes {
		return fmt.Errorf("%w: %d bytes of older keys, at most %d are allowed", ErrMalformed, len(b.Back), MaxBackBytes)
	}
	return nil
}

// MaxRelays bounds the relays an operation names.
const MaxRelays = 16

// Relays names the relays that may store the document and push its entries.
type Relays struct {
	_       struct{} `cbor:",toarray"`
	Devices []wire.Device
	Topic   string // the document's gossip topic
}

func (b *Relays) check() error {
	if len(b.Devices) > MaxRelays || len(b.Topic) > 64 {
		return fmt.Errorf("%w: relays out of range", ErrMalformed)
	}
	seen := map[wire.Device]bool{}
	for _, d := range b.Devices {
		if err := checkDevice(seen, d, DeviceNative); err != nil {
			return err
		}
	}
	return nil
}

// NewPolicy is the body of a policy op.
type newPolicy struct {
	_      struct{} `cbor:",toarray"`
	Policy Policy
}

func (*newPolicy) check() error { return nil }

// An Epoch is a key that an operation announced.
type Epoch struct {
	ID      wire.EpochID
	Rotator wire.Device // who made the key
	Op      wire.OpID   // the genesis or the rotation
	Depth   int
	Back    []byte
	Valid   bool // its op is
	Clean   bool // and who lost access did so before it: writers may use it
}

// Epochs lists every epoch announced, in the order in which writers prefer
// them: clean ones first, then the deepest, then the lowest id. Those of void
// rotations come last; what was written under them can be read. The list is not
// to be changed; later ones are others.
func (l *Log) Epochs() []Epoch {
	l.settle()
	if l.epochsStale {
		l.epochsStale = false
		l.findEpochs()
	}
	return l.epochs
}

func (l *Log) findEpochs() {
	l.epochs = make([]Epoch, 0, len(l.rotations))
	endings := l.endings()
	for _, n := range l.rotations {
		e := Epoch{Rotator: n.op.Author, Op: n.op.ID, Depth: n.depth, Valid: n.valid, Clean: n.valid && n.clean(endings)}
		if n.op.Genesis != nil {
			e.ID = n.op.Genesis.Epoch
		} else {
			e.ID, e.Back = n.op.Rotate.Epoch, n.op.Rotate.Back
		}
		l.epochs = append(l.epochs, e)
	}
	slices.SortFunc(l.epochs, func(a, b Epoch) int {
		return cmp.Or(compareBool(b.Clean, a.Clean), compareBool(b.Valid, a.Valid),
			cmp.Compare(b.Depth, a.Depth), bytes.Compare(a.ID[:], b.ID[:]), compareIDs(a.Op, b.Op))
	})
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// endings lists, for each authority and each invite that was Valid and is ended,
// what ended it. A removal that ended nothing is in none of the lists: of those
// anybody could make as many as its quota allows, and have a new key made for
// each. Nor does it help to end again what is ended.
func (l *Log) endings() [][]*node {
	var list [][]*node
	seen := map[*holder]bool{}
	var under func(h *holder)
	under = func(h *holder) {
		if seen[h] {
			return
		}
		seen[h] = true
		if by := l.endedBy(h); len(by) > 0 {
			list = append(list, by)
		}
		for _, below := range h.adds {
			under(below)
		}
	}
	for target := range l.revokes {
		n := l.nodes[target.Op]
		if n == nil {
			continue
		}
		for _, h := range n.holders {
			if h.index == int(target.Index) {
				under(h)
			}
		}
		if by := l.inviteRevokes(n); len(by) > 0 {
			list = append(list, by)
		}
	}
	for device := range l.leaves {
		for _, h := range l.devices[device] {
			under(h)
		}
	}
	return list
}

// endedBy lists what ended an authority that was Valid.
func (l *Log) endedBy(h *holder) (by []*node) {
	if !l.isValid(h.node) {
		return nil
	}
	for _, leave := range l.leaves[h.device] {
		if leave.takesEffect() && !h.node.past.has(leave.index) {
			by = append(by, leave)
		}
	}
	l.revokesOf(h, func(r *node) bool { by = append(by, r); return true })
	return by
}

// inviteRevokes lists what took back an invite that was Valid.
func (l *Log) inviteRevokes(n *node) (by []*node) {
	if n.op.Invite == nil || !l.isValid(n) {
		return nil
	}
	for _, r := range l.revokes[Target{Op: n.op.ID}] {
		if r.endsLink() && l.isValid(r) {
			by = append(by, r)
		}
	}
	return by
}

// endsLink reports whether a revoke takes back the invite it names, if it is
// Valid.
func (n *node) endsLink() bool { return n.by != nil && n.by.role == Owner }

// clean reports whether all that was ended was so by something that precedes an
// op: whoever lost access before it was made does not get its key.
func (n *node) clean(endings [][]*node) bool {
	for _, by := range endings {
		if !slices.ContainsFunc(by, func(r *node) bool { return n.past.has(r.index) }) {
			return false
		}
	}
	return true
}

// removable reports whether something names an authority, or one above it on
// the way of its dev_adds, or its device has left.
func (l *Log) removable(h *holder) bool {
	for at := h; at != nil; at = at.up {
		if len(l.revokes[Target{Op: at.node.op.ID, Index: uint32(at.index)}]) > 0 || len(l.leaves[at.device]) > 0 {
			return true
		}
	}
	return false
}

// RotateTurn returns a device's place among those that may rotate now: the order
// is that of H(D ‖ heads), so that mostly one of them does it. It is -1 for a
// device that may not.
func (l *Log) RotateTurn(d wire.Device) int {
	var heads []byte
	for _, id := range l.Heads() {
		heads = append(heads, id[:]...)
	}
	place := func(d wire.Device) []byte {
		sum := wire.DomainEpoch.Sum(append(d[:], heads...))
		return sum[:]
	}
	own, turn, may := place(d), 0, false
	seen := map[wire.Device]bool{}
	for _, m := range l.Members() {
		if m.Role < Editor || seen[m.Device] {
			continue
		}
		seen[m.Device] = true
		switch c := bytes.Compare(place(m.Device), own); {
		case m.Device == d:
			may = true
		case c < 0:
			turn++
		}
	}
	if !may {
		return -1
	}
	return turn
}
