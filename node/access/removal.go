package access

import (
	"fmt"

	"github.com/sheafdocs/sheaf/node/wire"
)

// MaxStatements bounds the statements of one operation; what an operation has
// no room for goes into further pins.
const MaxStatements = 48

// RevokeStatements is how many of them a revoke has room for however large their
// numbers are, beside as many devices to keep and ops to follow as are allowed.
const RevokeStatements = 40

// Chains as entries number them.
const (
	maxInc = 1 << 20
	maxSeq = 1<<53 - 1
)

// A Statement says which entry of a chain is the last one that counts, or which
// of its branches is meant. It carries the author's signature of that entry, so
// that whoever holds the statement has an anchor there.
type Statement struct {
	_      struct{}    `cbor:",toarray"`
	Device wire.Device // the chain's author
	Inc    uint32
	Seq    uint64
	ID     wire.EntryID
	Sig    wire.Signature
}

// A Target names an authority: an operation and the place of a device in its
// list. For an invite the place is 0.
type Target struct {
	_     struct{} `cbor:",toarray"`
	Op    wire.OpID
	Index uint32
}

// DevAdd gives another device of the author's user the author's role.
type DevAdd struct {
	_      struct{} `cbor:",toarray"`
	Device wire.Device
	Seal   wire.SealHash
	Kind   DeviceKind
	Cert   []byte // empty, or a certificate that the device is the user's
}

// Revoke ends an authority and those that its device added, or an invite.
type Revoke struct {
	_      struct{} `cbor:",toarray"`
	Target Target
	Cuts   []Statement   // the last entries that count; of chains that are not listed, none does
	Keep   []wire.Device // devices the target added that stay
}

// Leave ends all authorities of its author.
type Leave struct {
	_          struct{} `cbor:",toarray"`
	Statements []Statement
}

// Pin says what counts of the chains of an authority, or which branches.
type Pin struct {
	_          struct{} `cbor:",toarray"`
	Target     Target
	Limit      uint8 // 1: nothing after the entries stated counts; 0: they only choose branches
	Statements []Statement
}

func checkStatements(list []Statement) error {
	if len(list) > MaxStatements {
		return fmt.Errorf("%w: %d statements, at most %d are allowed", ErrMalformed, len(list), MaxStatements)
	}
	type chain struct {
		d   wire.Device
		inc uint32
	}
	seen := map[chain]bool{}
	for _, s := range list {
		if s.Inc >= maxInc || s.Seq > maxSeq {
			return fmt.Errorf("%w: statement out of range", ErrMalformed)
		}
		if seen[chain{s.Device, s.Inc}] {
			return fmt.Errorf("%w: two statements on one chain", ErrMalformed)
		}
		seen[chain{s.Device, s.Inc}] = true
	}
	return nil
}

func (t Target) check() error {
	if t.Op.IsZero() || t.Index >= MaxDevices {
		return fmt.Errorf("%w: it names no authority", ErrMalformed)
	}
	return nil
}

func (b *DevAdd) check() error {
	if n := len(b.Cert); n != 0 && n != len(wire.Signature{}) {
		return fmt.Errorf("%w: certificate of %d bytes", ErrMalformed, n)
	}
	return checkDevice(map[wire.Device]bool{}, b.Device, b.Kind)
}

func (b *Revoke) check() error {
	if err := b.Target.check(); err != nil {
		return err
	}
	if len(b.Keep) > MaxDevices {
		return fmt.Errorf("%w: keeps %d devices, at most %d are allowed", ErrMalformed, len(b.Keep), MaxDevices)
	}
	return checkStatements(b.Cuts)
}

func (b *Leave) check() error { return checkStatements(b.Statements) }

func (b *Pin) check() error {
	if b.Limit > 1 {
		return fmt.Errorf("%w: pin out of range", ErrMalformed)
	}
	if err := b.Target.check(); err != nil {
		return err
	}
	return checkStatements(b.Statements)
}
