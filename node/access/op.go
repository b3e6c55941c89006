package access

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/wire"
)

// Limits of an operation.
const (
	// MaxOpBytes bounds an encoded operation.
	MaxOpBytes = 8 << 10
	// MaxPrev bounds the operations one may follow.
	MaxPrev = 16
)

var (
	// ErrMalformed says that bytes are no record of this package, whatever else
	// is known.
	ErrMalformed = errors.New("malformed access record")
	// ErrSignature says that a signature does not verify.
	ErrSignature = errors.New("signature does not verify")
)

// An Op is one operation of a document's access log. Ops are immutable; those
// from DecodeOp and the builders have the right shape and a good signature, but
// may still be void.
type Op struct {
	ID     wire.OpID
	Doc    wire.Doc16 // zero for the genesis
	Kind   Kind
	Author wire.Device
	Auth   wire.OpID   // what gives the author its role; zero for the genesis
	Prev   []wire.OpID // ascending; all that the author had seen is in their past
	Time   time.Time   // by the author's clock, for display only
	Raw    []byte      // as signed and sent

	// At most one of these is set, by Kind. A merge has no body to read; kinds
	// that this version does not know are kept unread.
	Genesis *Genesis
	Grant   *Grant
	DevAdd  *DevAdd
	Revoke  *Revoke
	Leave   *Leave
	Invite  *Invite
	Rotate  *Rotate
	Pin     *Pin
	Policy  *Policy
	Relays  *Relays

	doc    wire.DocID // what the document's id would be if this is its genesis
	stored bool       // see DecodeStored
}

// DocID returns the id of the document that this genesis makes.
func (op *Op) DocID() wire.DocID { return op.doc }

// envelope is how everything signed travels: the signed bytes as a string, so
// that nobody encodes them again before verification.
type envelope struct {
	_   struct{} `cbor:",toarray"`
	Hdr []byte
	Sig wire.Signature
}

type opHeader struct {
	_      struct{} `cbor:",toarray"`
	Ver    uint64
	Doc    wire.Doc16
	Kind   Kind
	Author wire.Device
	Auth   wire.OpID
	Prev   []wire.OpID
	TS     uint64
	Body   wire.Raw
}

// openEnvelope splits a signed record and reads the version of its header. The
// error is wire.ErrUnknownVersion for a later one, else wraps ErrMalformed.
func openEnvelope(raw []byte, max int) (e envelope, err error) {
	if len(raw) > max {
		return e, fmt.Errorf("%w: %d bytes, at most %d are allowed", ErrMalformed, len(raw), max)
	}
	if err := wire.Unmarshal(raw, &e); err != nil {
		return e, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if _, err := wire.ReadVersion(e.Hdr); errors.Is(err, wire.ErrUnknownVersion) {
		return e, err
	} else if err != nil {
		return e, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return e, nil
}

// DecodeOp reads an operation and checks all that needs no other: size, strict
// encoding, limits, the keys it introduces and its signature. The error wraps
// wire.ErrUnknownVersion (ignore it), or is ErrMalformed or ErrSignature (no honest node
// sent this).
func DecodeOp(raw []byte) (*Op, error) {
	op, err := decodeOp(raw, false)
	if err != nil {
		return nil, fmt.Errorf("read access op: %w", err)
	}
	return op, nil
}

// DecodeStored reads an operation that this node has had in a Log and has stored
// since. It checks all that DecodeOp does but keys and signatures, the proof of an
// invite's bearer among them, which takes a hundredth of the time. The caller has
// to know that the bytes are the same, as by comparing the ID.
func DecodeStored(raw []byte) (*Op, error) {
	op, err := decodeOp(raw, true)
	if err != nil {
		return nil, fmt.Errorf("read stored access op: %w", err)
	}
	return op, nil
}

func decodeOp(raw []byte, stored bool) (*Op, error) {
	e, err := openEnvelope(raw, MaxOpBytes)
	if err != nil {
		return nil, err
	}
	var h opHeader
	if err := wire.Unmarshal(e.Hdr, &h); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if err := h.check(); err != nil {
		return nil, err
	}
	op := &Op{
		ID:     wire.DomainACL.Sum(e.Hdr),
		Doc:    h.Doc,
		Kind:   h.Kind,
		Author: h.Author,
		Auth:   h.Auth,
		Prev:   h.Prev,
		Time:   time.UnixMilli(int64(h.TS)),
		Raw:    bytes.Clone(raw),
		stored: stored,
	}
	if err := op.readBody(h.Body); err != nil {
		return nil, fmt.Errorf("%s: %w", h.Kind, err)
	}
	if !stored && !wire.Verify(h.Author, wire.DomainACL, e.Hdr, e.Sig) {
		return nil, ErrSignature
	}
	if h.Kind == KindGenesis {
		op.doc = wire.DomainDoc.Sum(e.Hdr)
		if _, ok := op.device(op.Author); !ok {
			return nil, fmt.Errorf("%w: genesis by a device it does not list", ErrMalformed)
		}
	}
	return op, nil
}

func (h *opHeader) check() error {
	if h.TS > maxTimeMillis {
		return fmt.Errorf("%w: time out of range", ErrMalformed)
	}
	if len(h.Prev) > MaxPrev {
		return fmt.Errorf("%w: follows %d ops, at most %d are allowed", ErrMalformed, len(h.Prev), MaxPrev)
	}
	for i := 1; i < len(h.Prev); i++ {
		if bytes.Compare(h.Prev[i-1][:], h.Prev[i][:]) >= 0 {
			return fmt.Errorf("%w: what it follows is not in ascending order", ErrMalformed)
		}
	}
	if h.Kind == KindGenesis {
		if len(h.Prev) != 0 || !h.Auth.IsZero() || !h.Doc.IsZero() {
			return fmt.Errorf("%w: genesis that follows something", ErrMalformed)
		}
		return nil
	}
	if len(h.Prev) == 0 || h.Auth.IsZero() || h.Doc.IsZero() {
		return fmt.Errorf("%w: follows nothing", ErrMalformed)
	}
	if h.Kind == KindMerge && len(h.Prev) < MinMergeHeads {
		return fmt.Errorf("%w: merge of %d heads, at least %d make one", ErrMalformed, len(h.Prev), MinMergeHeads)
	}
	return nil
}

// listed is a device as the operation that introduces it lists it.
type listed struct {
	index  int
	device wire.Device
	seal   wire.SealHash
	user   wire.UserID
	role   Role
	kind   DeviceKind
}

// devices returns the devices that an op gives a role.
func (op *Op) devices() []listed {
	var out []listed
	switch {
	case op.Genesis != nil:
		for i, d := range op.Genesis.Devices {
			out = append(out, listed{i, d.Device, d.Seal, op.Genesis.User, Owner, d.Kind})
		}
	case op.Grant != nil:
		for i, d := range op.Grant.Devices {
			out = append(out, listed{i, d.Device, d.Seal, op.Grant.User, op.Grant.Role, d.Kind})
		}
	case op.DevAdd != nil: // user and role are its author's
		out = append(out, listed{device: op.DevAdd.Device, seal: op.DevAdd.Seal, kind: op.DevAdd.Kind})
	}
	return out
}

// device finds a device that the op gives a role.
func (op *Op) device(d wire.Device) (listed, bool) {
	for _, l := range op.devices() {
		if l.device == d {
			return l, true
		}
	}
	return listed{}, false
}

// sign makes an op of a header and checks it as any other node will.
func sign(key *identity.Key, h opHeader, body any) (*Op, error) {
	raw, err := wire.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("encode body: %w", err)
	}
	h.Ver, h.Author, h.Body = wire.Version, key.Device(), raw
	hdr, err := wire.Marshal(h)
	if err != nil {
		return nil, fmt.Errorf("encode header: %w", err)
	}
	sealed, err := wire.Marshal(envelope{Hdr: hdr, Sig: key.Sign(wire.DomainACL, hdr)})
	if err != nil {
		return nil, fmt.Errorf("encode op: %w", err)
	}
	return DecodeOp(sealed)
}

// millis turns a time into what records carry; times before 1970 are 1970.
func millis(t time.Time) uint64 {
	return uint64(min(max(t.UnixMilli(), 0), maxTimeMillis))
}
