package access

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/wire"
)

// Limits of an op.
const (
	Version    = 1
	MaxOpBytes = 8 << 10 // a whole encoded op
	MaxPrev    = 16      // ops it follows
	MaxDevices = 64      // devices one grant lists
	maxTime    = 1<<53 - 1
)

// Kind is what an op does.
type Kind uint64

// The kinds. Those without a type of body in this package are kept unread.
const (
	KindGenesis Kind = 0
	KindGrant   Kind = 1
	KindDevAdd  Kind = 2
	KindRevoke  Kind = 3
	KindLeave   Kind = 4
	KindInvite  Kind = 5
	KindRotate  Kind = 7
	KindPin     Kind = 8
	KindPolicy  Kind = 10
	KindRelay   Kind = 11
	KindMerge   Kind = 12
)

// Faults of an op that every node finds in its bytes.
var (
	ErrMalformed = errors.New("malformed access op")
	ErrTooLarge  = errors.New("access op too large")
	ErrSignature = errors.New("access op has a wrong signature")
	ErrDocument  = errors.New("access op of another document")
)

// Op is one signed op.
type Op struct {
	ID      wire.OpID
	Doc     wire.Doc16 // zero in a genesis, which makes the document's id
	Kind    Kind
	Author  wire.Device
	Auth    wire.OpID   // the op that gives the author its role; zero in a genesis
	Prev    []wire.OpID // the heads it was made on, ascending
	Time    time.Time   // by the author's clock; for display only
	Genesis *Genesis    // the body, where the kind is known
	Grant   *Grant
	Invite  *Invite
	Raw     []byte // [hdr, sig]
	hdr     []byte
}

// header is the signed part of an op.
type header struct {
	_      struct{} `cbor:",toarray"`
	Ver    uint64
	Doc    wire.Doc16
	Kind   Kind
	Author wire.Device
	Auth   wire.OpID
	Prev   []wire.OpID
	Time   uint64 // unix ms
	Body   []byte // encoded body of the kind
}

// signed is a whole op.
type signed struct {
	_   struct{} `cbor:",toarray"`
	Hdr []byte
	Sig wire.Signature
}

// Device is one device of a genesis: its keys and what it is.
type Device struct {
	_    struct{} `cbor:",toarray"`
	Key  wire.Device
	Seal wire.SealHash
	Kind uint64 // 0 a machine, 1 a browser, 2 a paper key
}

// Genesis is the body of the first op: the owner's devices and the first epoch.
type Genesis struct {
	_      struct{} `cbor:",toarray"`
	Nonce  [16]byte
	Devs   []Device // the most senior first
	User   wire.UserID
	Policy uint64 // 0: history is kept whole
	Epoch  wire.EpochID
}

// GrantDevice is one device of a grant.
type GrantDevice struct {
	_    struct{} `cbor:",toarray"`
	Key  wire.Device
	Seal wire.SealHash
	Kind uint64
	Cert []byte // signature of the user's key, or empty
}

// Via is the proof that a grant's device came by an invite.
type Via struct {
	_      struct{} `cbor:",toarray"`
	Invite wire.OpID
	Proof  wire.Signature // of the invite's key; see JoinRequest
}

// Grant is the body of an op that gives devices of one user a role.
type Grant struct {
	_    struct{} `cbor:",toarray"`
	User wire.UserID
	Role Role
	Devs []GrantDevice
	Via  []Via // one when the grant answers an invite, else none
}

// Invite is the body of an op that opens a link.
type Invite struct {
	_              struct{}      `cbor:",toarray"`
	Sign           wire.Device   // public key that proves the link's secret
	Seal           wire.SealHash // of the key that epoch keys are wrapped for
	Role           Role          // at most Editor
	Max            uint64        // devices it may let in; 0: any number
	Expires        uint64        // unix ms; 0: never
	CloseOnRemoval uint64        // 1: any removal closes it
}

// DecodeOp reads an op strictly and verifies its signature. The error is
// wire.ErrUnknownVersion, which says nothing bad of the sender, or one that
// every node finds.
func DecodeOp(raw []byte) (*Op, error) {
	if len(raw) > MaxOpBytes {
		return nil, fmt.Errorf("%w: %d bytes", ErrTooLarge, len(raw))
	}
	var s signed
	if err := wire.Unmarshal(raw, &s); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	ver, err := wire.ReadVersion(s.Hdr)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if ver != Version {
		return nil, fmt.Errorf("read access op: %w %d", wire.ErrUnknownVersion, ver)
	}
	var h header
	if err := wire.Unmarshal(s.Hdr, &h); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	op, err := fromHeader(h, s.Hdr, raw)
	if err != nil {
		return nil, err
	}
	if !wire.Verify(op.Author, wire.DomainACL, s.Hdr, s.Sig) {
		return nil, ErrSignature
	}
	return op, nil
}

// fromHeader checks the header's shape and reads the body.
func fromHeader(h header, hdr, raw []byte) (*Op, error) {
	op := &Op{
		ID: wire.OpID(wire.DomainACL.Sum(hdr)), Doc: h.Doc, Kind: h.Kind, Author: h.Author,
		Auth: h.Auth, Prev: h.Prev, Time: time.UnixMilli(int64(h.Time)), Raw: raw, hdr: hdr,
	}
	root := h.Kind == KindGenesis
	switch {
	case h.Time > maxTime:
		return nil, fmt.Errorf("%w: time %d", ErrMalformed, h.Time)
	case len(h.Prev) > MaxPrev:
		return nil, fmt.Errorf("%w: follows %d ops", ErrMalformed, len(h.Prev))
	case !ascending(h.Prev):
		return nil, fmt.Errorf("%w: ops it follows are not in order", ErrMalformed)
	case root != (len(h.Prev) == 0), root != h.Auth.IsZero(), root != h.Doc.IsZero():
		return nil, fmt.Errorf("%w: a genesis, and only it, follows nothing", ErrMalformed)
	}
	return op, op.readBody(h.Body)
}

func ascending(ids []wire.OpID) bool {
	for i := 1; i < len(ids); i++ {
		if bytes.Compare(ids[i-1][:], ids[i][:]) >= 0 {
			return false
		}
	}
	return true
}

// readBody reads the body of a known kind.
func (op *Op) readBody(body []byte) error {
	var v any
	switch op.Kind {
	case KindGenesis:
		op.Genesis = new(Genesis)
		v = op.Genesis
	case KindGrant:
		op.Grant = new(Grant)
		v = op.Grant
	case KindInvite:
		op.Invite = new(Invite)
		v = op.Invite
	default:
		return nil
	}
	if err := wire.Unmarshal(body, v); err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return op.checkBody()
}

// checkBody checks what a body says against the limits of its kind.
func (op *Op) checkBody() error {
	switch {
	case op.Genesis != nil:
		g := op.Genesis
		if len(g.Devs) == 0 || len(g.Devs) > MaxDevices {
			return fmt.Errorf("%w: genesis of %d devices", ErrMalformed, len(g.Devs))
		}
		if !slices.ContainsFunc(g.Devs, func(d Device) bool { return d.Key == op.Author }) {
			return fmt.Errorf("%w: genesis does not list its author", ErrMalformed)
		}
		for _, d := range g.Devs {
			if err := wire.ValidDeviceKey(d.Key); err != nil {
				return fmt.Errorf("%w: %w", ErrMalformed, err)
			}
		}
	case op.Grant != nil:
		g := op.Grant
		if len(g.Devs) == 0 || len(g.Devs) > MaxDevices || len(g.Via) > 1 || g.Role > Owner {
			return fmt.Errorf("%w: grant of role %d to %d devices via %d invites", ErrMalformed, g.Role, len(g.Devs), len(g.Via))
		}
		for _, d := range g.Devs {
			if err := wire.ValidDeviceKey(d.Key); err != nil {
				return fmt.Errorf("%w: %w", ErrMalformed, err)
			}
			if len(d.Cert) != 0 && len(d.Cert) != len(wire.Signature{}) {
				return fmt.Errorf("%w: certificate of %d bytes", ErrMalformed, len(d.Cert))
			}
		}
	case op.Invite != nil:
		i := op.Invite
		if i.Role < Viewer || i.Role > Editor || i.CloseOnRemoval > 1 || i.Expires > maxTime {
			return fmt.Errorf("%w: invite with role %d", ErrMalformed, i.Role)
		}
		if err := wire.ValidDeviceKey(i.Sign); err != nil {
			return fmt.Errorf("%w: %w", ErrMalformed, err)
		}
	}
	return nil
}

// DocID returns the id of the document that a genesis begins.
func (op *Op) DocID() wire.DocID { return wire.DocID(wire.DomainDoc.Sum(op.hdr)) }

// signOp makes an op.
func signOp(key *identity.Key, h header, body any) (*Op, error) {
	encoded, err := wire.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("encode body: %w", err)
	}
	h.Ver, h.Author, h.Body = Version, key.Device(), encoded
	hdr, err := wire.Marshal(h)
	if err != nil {
		return nil, fmt.Errorf("encode header: %w", err)
	}
	raw, err := wire.Marshal(signed{Hdr: hdr, Sig: key.Sign(wire.DomainACL, hdr)})
	if err != nil {
		return nil, fmt.Errorf("encode op: %w", err)
	}
	return DecodeOp(raw)
}
