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
	Clean   bool // and every removal precedes it: writers may use it
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
	for _, n := range l.rotations {
		e := Epoch{Rotator: n.op.Author, Op: n.op.ID, Depth: n.depth, Valid: n.valid, Clean: n.valid && l.clean(n)}
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

// clean reports whether every Valid removal precedes an op. Those of a removed
// device are not Valid, so that it cannot make others rotate for ever.
func (l *Log) clean(n *node) bool {
	for _, r := range l.removals {
		if r.valid && !n.past.has(r.index) {
			return false
		}
	}
	return true
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
