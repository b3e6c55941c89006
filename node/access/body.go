package access

import (
	"fmt"

	"github.com/sheafdocs/sheaf/node/wire"
)

// Kind says what an operation does.
type Kind uint8

// The kinds of operations. Others are kept for nodes that know them.
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

var kindNames = map[Kind]string{
	KindGenesis: "genesis", KindGrant: "grant", KindDevAdd: "dev_add", KindRevoke: "revoke",
	KindLeave: "leave", KindInvite: "invite", KindRotate: "rotate", KindPin: "pin",
	KindPolicy: "policy", KindRelay: "relay", KindMerge: "merge",
}

// String returns the kind's name.
func (k Kind) String() string {
	if name, ok := kindNames[k]; ok {
		return name
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}

// Limits of bodies.
const (
	// MaxDevices bounds the devices one operation lists.
	MaxDevices = 16
	// MinMergeHeads is how many heads make a merge worth an operation.
	MinMergeHeads = 8
	// maxTimeMillis bounds every time: what a JavaScript number holds exactly.
	maxTimeMillis = 1<<53 - 1
)

// Genesis makes a document: its devices are owners, and its epoch is the first.
type Genesis struct {
	_       struct{} `cbor:",toarray"`
	Nonce   [16]byte
	Devices []GenesisDevice // the user's paper key first, if there is one
	User    wire.UserID
	Policy  Policy
	Epoch   wire.EpochID
}

// GenesisDevice is a device of a document's creator.
type GenesisDevice struct {
	_      struct{} `cbor:",toarray"`
	Device wire.Device
	Seal   wire.SealHash
	Kind   DeviceKind
}

// Policy says how a document's history is kept.
type Policy struct {
	_       struct{} `cbor:",toarray"`
	History uint8    // 0: whole
}

// Grant gives the devices of one user a role.
type Grant struct {
	_       struct{} `cbor:",toarray"`
	User    wire.UserID
	Role    Role
	Devices []GrantDevice
	Via     []Via // none, or the one invite that lets an editor or doorkeeper grant
}

// GrantDevice is a device that is let in.
type GrantDevice struct {
	_      struct{} `cbor:",toarray"`
	Device wire.Device
	Seal   wire.SealHash
	Kind   DeviceKind
	Cert   []byte // empty, or a certificate that the device is the user's
}

// Via names the invite a grant answers, with the bearer's proof.
type Via struct {
	_      struct{} `cbor:",toarray"`
	Invite wire.OpID
	Proof  wire.Signature // by the invite's key under DomainInviteProof
}

// Invite lets whoever holds its secret read the document and ask to be let in.
type Invite struct {
	_              struct{}      `cbor:",toarray"`
	Sign           wire.Device   // public key of the invite
	Seal           wire.SealHash // hash of its public seal key
	Role           Role          // at most Editor
	MaxUses        uint32        // 0: any number
	ExpiresMillis  uint64        // Unix time; 0: never
	CloseOnRemoval uint8         // 1: closed when anyone is removed
}

// merge joins many heads into one and says nothing else.
type merge struct {
	_ struct{} `cbor:",toarray"`
}

func (*merge) check() error { return nil }

// readBody reads the body of a kind that this version judges and checks what
// needs no other operation.
func (op *Op) readBody(raw wire.Raw) error {
	var body interface{ check() error }
	switch op.Kind {
	case KindGenesis:
		op.Genesis = new(Genesis)
		body = op.Genesis
	case KindGrant:
		op.Grant = new(Grant)
		body = op.Grant
	case KindInvite:
		op.Invite = new(Invite)
		body = op.Invite
	case KindDevAdd:
		op.DevAdd = new(DevAdd)
		body = op.DevAdd
	case KindRevoke:
		op.Revoke = new(Revoke)
		body = op.Revoke
	case KindLeave:
		op.Leave = new(Leave)
		body = op.Leave
	case KindRotate:
		op.Rotate = new(Rotate)
		body = op.Rotate
	case KindPin:
		op.Pin = new(Pin)
		body = op.Pin
	case KindPolicy:
		b := new(newPolicy)
		op.Policy, body = &b.Policy, b
	case KindRelay:
		op.Relays = new(Relays)
		body = op.Relays
	case KindMerge:
		body = new(merge)
	default:
		return nil
	}
	if err := wire.Unmarshal(raw, body); err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if err := body.check(); err != nil {
		return err
	}
	return op.checkKeys()
}

// checkKeys checks the keys that a body introduces, as far as nobody has yet.
func (op *Op) checkKeys() error {
	var keys []wire.Device
	switch {
	case op.stored:
		return nil
	case op.Invite != nil:
		keys = append(keys, op.Invite.Sign)
	case op.Relays != nil:
		keys = op.Relays.Devices
	}
	for _, d := range op.devices() {
		keys = append(keys, d.device)
	}
	for _, d := range keys {
		if err := wire.ValidDeviceKey(d); err != nil {
			return fmt.Errorf("%w: %w", ErrMalformed, err)
		}
	}
	return nil
}

func (g *Genesis) check() error {
	if n := len(g.Devices); n == 0 || n > MaxDevices {
		return fmt.Errorf("%w: %d devices", ErrMalformed, n)
	}
	seen := map[wire.Device]bool{}
	for _, d := range g.Devices {
		if err := checkDevice(seen, d.Device, d.Kind); err != nil {
			return err
		}
	}
	return nil
}

func (g *Grant) check() error {
	if g.Role > Owner {
		return fmt.Errorf("%w: %s", ErrMalformed, g.Role)
	}
	if n := len(g.Devices); n == 0 || n > MaxDevices {
		return fmt.Errorf("%w: %d devices", ErrMalformed, n)
	}
	if len(g.Via) > 1 {
		return fmt.Errorf("%w: a grant by way of %d invites", ErrMalformed, len(g.Via))
	}
	if len(g.Via) == 1 && (len(g.Devices) != 1 || g.Role == Owner) {
		return fmt.Errorf("%w: an invite lets in one device, never as owner", ErrMalformed)
	}
	seen := map[wire.Device]bool{}
	for _, d := range g.Devices {
		if err := checkDevice(seen, d.Device, d.Kind); err != nil {
			return err
		}
		if n := len(d.Cert); n != 0 && n != len(wire.Signature{}) {
			return fmt.Errorf("%w: certificate of %d bytes", ErrMalformed, n)
		}
	}
	return nil
}

func (i *Invite) check() error {
	if i.Role > Editor {
		return fmt.Errorf("%w: invite as %s", ErrMalformed, i.Role)
	}
	if i.ExpiresMillis > maxTimeMillis || i.CloseOnRemoval > 1 {
		return fmt.Errorf("%w: invite out of range", ErrMalformed)
	}
	return nil
}

// checkDevice checks all but the key of a device that an operation introduces; an
// operation names each once, so that a device and an operation name one authority.
func checkDevice(seen map[wire.Device]bool, d wire.Device, kind DeviceKind) error {
	if seen[d] {
		return fmt.Errorf("%w: device listed twice", ErrMalformed)
	}
	seen[d] = true
	if kind > maxDeviceKind {
		return fmt.Errorf("%w: device kind %d", ErrMalformed, kind)
	}
	return nil
}
