package access

import (
	"errors"
	"fmt"
	"time"

	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/wire"
)

// MaxRequestBytes bounds an encoded request to join.
const MaxRequestBytes = 2 << 10

var (
	// ErrRequest says that a request to join is not to be answered; the error
	// tells why.
	ErrRequest = errors.New("request to join cannot be answered")
	// ErrExpired says that the request's link has expired.
	ErrExpired = errors.New("the link has expired")
	// ErrUsedUp says that the request's link has let in as many as it may.
	ErrUsedUp = errors.New("the link has let in as many devices as it may")
)

// A JoinRequest asks the members of a document to let a device in by an invite.
// It carries the device's public seal key, so that whoever answers can wrap the
// epoch keys at once.
type JoinRequest struct {
	Doc        wire.DocID
	Invite     wire.OpID
	User       wire.UserID
	Device     wire.Device
	Kind       DeviceKind
	SealPublic []byte
	Cert       []byte         // empty, or a certificate that the device is the user's
	Proof      wire.Signature // of the invite's key, see docs/formats/access.md
}

type requestHeader struct {
	_          struct{} `cbor:",toarray"`
	Ver        uint64
	Doc        wire.DocID
	Invite     wire.OpID
	User       wire.UserID
	Device     wire.Device
	Kind       DeviceKind
	SealPublic []byte
	Cert       []byte
	Proof      wire.Signature
}

// proofBody is what an invite's key signs for a device that joins by it.
func proofBody(doc wire.DocID, d wire.Device, seal wire.SealHash) []byte {
	b, err := wire.Marshal(struct {
		_    struct{} `cbor:",toarray"`
		Doc  wire.DocID
		D    wire.Device
		Seal wire.SealHash
	}{Doc: doc, D: d, Seal: seal})
	if err != nil {
		panic(fmt.Sprintf("access: encode proof: %v", err)) // fixed arrays always encode
	}
	return b
}

// NewJoinRequest makes the request of key's device, signed by it.
func NewJoinRequest(doc wire.DocID, invite wire.OpID, keys *InviteKeys, key *identity.Key) ([]byte, error) {
	h := requestHeader{
		Ver: wire.Version, Doc: doc, Invite: invite, User: key.UserID(), Device: key.Device(), Kind: thisDevice(),
		SealPublic: key.SealPublic(),
		Proof:      keys.key.Sign(wire.DomainInviteProof, proofBody(doc, key.Device(), key.SealHash())),
	}
	if h.User == wire.UserID(h.Device) {
		cert := key.Certify(h.User, h.Device, key.SealHash())
		h.Cert = cert[:]
	}
	hdr, err := wire.Marshal(h)
	if err != nil {
		return nil, fmt.Errorf("encode request to join: %w", err)
	}
	return wire.Marshal(envelope{Hdr: hdr, Sig: key.Sign(wire.DomainJoin, hdr)})
}

// ParseJoinRequest reads a request and checks all that needs no access log, its
// signature among it. The error wraps wire.ErrUnknownVersion, ErrMalformed or
// ErrSignature.
func ParseJoinRequest(raw []byte) (*JoinRequest, error) {
	e, err := openEnvelope(raw, MaxRequestBytes)
	if err != nil {
		return nil, fmt.Errorf("read request to join: %w", err)
	}
	var h requestHeader
	if err := wire.Unmarshal(e.Hdr, &h); err != nil {
		return nil, fmt.Errorf("read request to join: %w: %w", ErrMalformed, err)
	}
	if len(h.SealPublic) != identity.SealPublicBytes {
		return nil, fmt.Errorf("read request to join: %w: seal key of %d bytes", ErrMalformed, len(h.SealPublic))
	}
	if n := len(h.Cert); n != 0 && n != len(wire.Signature{}) {
		return nil, fmt.Errorf("read request to join: %w: certificate of %d bytes", ErrMalformed, n)
	}
	if err := checkDevice(map[wire.Device]bool{}, h.Device, h.Kind); err != nil {
		return nil, fmt.Errorf("read request to join: %w", err)
	}
	if err := wire.ValidDeviceKey(h.Device); err != nil {
		return nil, fmt.Errorf("read request to join: %w: %w", ErrMalformed, err)
	}
	if !wire.Verify(h.Device, wire.DomainJoin, e.Hdr, e.Sig) {
		return nil, fmt.Errorf("read request to join: %w", ErrSignature)
	}
	return &JoinRequest{
		Doc: h.Doc, Invite: h.Invite, User: h.User, Device: h.Device, Kind: h.Kind,
		SealPublic: h.SealPublic, Cert: h.Cert, Proof: h.Proof,
	}, nil
}

// CheckJoinRequest decides whether a node answers a request: its invite is
// Valid, its proof and certificate verify, and by the clock given and the grants
// known the link has neither expired nor been used up. The last two are each
// node's policy, no rule of the log. The error wraps ErrRequest, ErrExpired or
// ErrUsedUp.
func CheckJoinRequest(l *Log, r *JoinRequest, now time.Time) error {
	if r.Doc != l.doc {
		return fmt.Errorf("%w: it is for another document", ErrRequest)
	}
	n, err := l.openInvite(r.Invite)
	if err != nil {
		return err
	}
	invite, seal := n.op.Invite, identity.HashSeal(r.SealPublic)
	if !wire.Verify(invite.Sign, wire.DomainInviteProof, proofBody(l.doc, r.Device, seal), r.Proof) {
		return fmt.Errorf("%w: its proof of the link is wrong", ErrRequest)
	}
	if r.User == wire.UserID(r.Device) &&
		(len(r.Cert) == 0 || !identity.VerifyCert(r.Device, r.User, r.Device, seal, wire.Signature(r.Cert))) {
		return fmt.Errorf("%w: its certificate is wrong", ErrRequest)
	}
	if _, err := identity.KEM().NewPublicKey(r.SealPublic); err != nil {
		return fmt.Errorf("%w: its seal key is none: %w", ErrRequest, err)
	}
	if invite.expired(now) {
		return ErrExpired
	}
	if invite.MaxUses != 0 && l.uses(n, r.Device) >= int(invite.MaxUses) {
		return ErrUsedUp
	}
	return nil
}
