package access

import (
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/hpke"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/wire"
)

// InviteKeys are the keys that follow from a link's secret: one proves that
// its bearer has the link, the other opens the epoch keys wrapped for it.
type InviteKeys struct {
	sign ed25519.PrivateKey
	seal hpke.PrivateKey
}

// DeriveInvite derives the keys of a link's secret by HKDF-SHA256.
func DeriveInvite(secret [16]byte) (*InviteKeys, error) {
	var seeds [2][]byte
	for i, label := range []string{"sheaf/1/invite/sign", "sheaf/1/invite/seal"} {
		seed, err := hkdf.Key(sha256.New, secret[:], nil, label, 32)
		if err != nil {
			return nil, fmt.Errorf("derive invite key: %w", err)
		}
		seeds[i] = seed
	}
	seal, err := identity.KEM().NewPrivateKey(seeds[1])
	if err != nil {
		return nil, fmt.Errorf("make invite seal key: %w", err)
	}
	return &InviteKeys{sign: ed25519.NewKeyFromSeed(seeds[0]), seal: seal}, nil
}

// Public is the key by which an invite op names the link.
func (k *InviteKeys) Public() wire.Device {
	return wire.Device(k.sign.Public().(ed25519.PublicKey))
}

// SealPublic is the encoded key that epoch keys are wrapped for.
func (k *InviteKeys) SealPublic() []byte { return k.seal.PublicKey().Bytes() }

// SealHash names the key that epoch keys are wrapped for.
func (k *InviteKeys) SealHash() wire.SealHash { return identity.HashSeal(k.SealPublic()) }

// SealPrivate opens epoch keys wrapped for the link.
func (k *InviteKeys) SealPrivate() hpke.PrivateKey { return k.seal }

// NewGenesis makes the first op of a document, owned by the key's device.
func NewGenesis(key *identity.Key, epoch wire.EpochID, rand io.Reader, now time.Time) (*Op, error) {
	g := Genesis{
		Devs:  []Device{{Key: key.Device(), Seal: key.SealHash()}},
		User:  key.UserID(),
		Epoch: epoch,
	}
	if _, err := io.ReadFull(rand, g.Nonce[:]); err != nil {
		return nil, fmt.Errorf("draw genesis nonce: %w", err)
	}
	return signOp(key, header{Kind: KindGenesis, Time: stamp(now), Prev: []wire.OpID{}}, g)
}

// NewInvite makes the op that opens a link with the given role. The key's
// device must be an owner.
func NewInvite(l *Log, key *identity.Key, keys *InviteKeys, role Role, now time.Time) (*Op, error) {
	h, err := l.next(key.Device(), func(r Role) bool { return r == Owner })
	if err != nil {
		return nil, err
	}
	h.Kind, h.Time = KindInvite, stamp(now)
	return signOp(key, h, Invite{Sign: keys.Public(), Seal: keys.SealHash(), Role: role})
}

// stamp is a time as ops carry it.
func stamp(t time.Time) uint64 { return uint64(max(t.UnixMilli(), 0)) }

// FindInvite returns the op of the link whose public key is given.
func (l *Log) FindInvite(public wire.Device) (wire.OpID, bool) {
	l.settle()
	for _, n := range l.order {
		if n.valid && n.op.Invite != nil && n.op.Invite.Sign == public {
			return n.op.ID, true
		}
	}
	return wire.OpID{}, false
}

// inviteProof is what a bearer sends to be served the document.
type inviteProof struct {
	_      struct{}    `cbor:",toarray"`
	Invite wire.Device // the link's public key
	Sig    wire.Signature
}

// proveBody is what is signed: the document, both devices, the challenge.
type proveBody struct {
	_         struct{} `cbor:",toarray"`
	Doc       wire.DocID
	Prover    wire.Device
	Verifier  wire.Device
	Challenge [32]byte
}

// Prove shows a peer that the bearer has the link. challenge is the peer's.
func (k *InviteKeys) Prove(doc wire.DocID, prover, verifier wire.Device, challenge [32]byte) ([]byte, error) {
	body, err := wire.Marshal(proveBody{Doc: doc, Prover: prover, Verifier: verifier, Challenge: challenge})
	if err != nil {
		return nil, fmt.Errorf("encode proof: %w", err)
	}
	return wire.Marshal(inviteProof{Invite: k.Public(), Sig: wire.Sign(k.sign, wire.DomainRelayAuth, body)})
}

// VerifyInvite checks a proof made by Prove and that its invite is open: known,
// valid and by the clock given not expired. It names the invite's seal key.
func (l *Log) VerifyInvite(proof []byte, prover, verifier wire.Device, challenge [32]byte, now time.Time) (wire.SealHash, bool) {
	var p inviteProof
	if wire.Unmarshal(proof, &p) != nil {
		return wire.SealHash{}, false
	}
	id, ok := l.FindInvite(p.Invite)
	if !ok || expired(l.nodes[id].op.Invite, now) {
		return wire.SealHash{}, false
	}
	body, err := wire.Marshal(proveBody{Doc: l.doc, Prover: prover, Verifier: verifier, Challenge: challenge})
	if err != nil || !wire.Verify(p.Invite, wire.DomainRelayAuth, body, p.Sig) {
		return wire.SealHash{}, false
	}
	return l.nodes[id].op.Invite.Seal, true
}

func expired(i *Invite, now time.Time) bool { return i.Expires != 0 && stamp(now) > i.Expires }

// Errors of join requests.
var (
	ErrRequest = errors.New("join request cannot be answered")
	ErrExpired = errors.New("the link has expired")
	ErrUsedUp  = errors.New("the link has let in as many as it may")
)

// JoinRequest asks a member to let a device in by way of an invite.
type JoinRequest struct {
	_          struct{} `cbor:",toarray"`
	Ver        uint64
	Invite     wire.OpID
	User       wire.UserID
	Device     wire.Device
	SealPublic []byte
	Proof      wire.Signature // of the invite's key over [doc, device, H(seal)]
}

// proofBody is what the invite's key signs for a device.
func proofBody(doc wire.DocID, dev wire.Device, seal wire.SealHash) []byte {
	b, err := wire.Marshal(struct {
		_    struct{} `cbor:",toarray"`
		Doc  wire.DocID
		Dev  wire.Device
		Seal wire.SealHash
	}{Doc: doc, Dev: dev, Seal: seal})
	if err != nil {
		panic(err) // only fixed arrays
	}
	return b
}

// NewJoinRequest makes the request of the key's device.
func NewJoinRequest(doc wire.DocID, invite wire.OpID, keys *InviteKeys, key *identity.Key) ([]byte, error) {
	return wire.Marshal(JoinRequest{
		Ver: Version, Invite: invite, User: key.UserID(), Device: key.Device(), SealPublic: key.SealPublic(),
		Proof: wire.Sign(keys.sign, wire.DomainInviteProof, proofBody(doc, key.Device(), key.SealHash())),
	})
}

// ParseJoinRequest reads a request strictly.
func ParseJoinRequest(raw []byte) (*JoinRequest, error) {
	switch ver, err := wire.ReadVersion(raw); {
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrRequest, err)
	case ver != Version:
		return nil, fmt.Errorf("read join request: %w %d", wire.ErrUnknownVersion, ver)
	}
	r := new(JoinRequest)
	if err := wire.Unmarshal(raw, r); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	if len(r.SealPublic) != identity.SealPublicBytes {
		return nil, fmt.Errorf("%w: seal key of %d bytes", ErrRequest, len(r.SealPublic))
	}
	if err := wire.ValidDeviceKey(r.Device); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	return r, nil
}

// CheckJoinRequest says why a request is not to be answered: its invite is
// unknown, expired or used up, or the proof is wrong. Expiry and number of
// uses are the answering node's policy, by the clock it passes.
func CheckJoinRequest(l *Log, r *JoinRequest, now time.Time) error {
	l.settle()
	n := l.nodes[r.Invite]
	if n == nil || !n.valid || n.op.Invite == nil {
		return fmt.Errorf("%w: no such invite", ErrRequest)
	}
	i := n.op.Invite
	if !wire.Verify(i.Sign, wire.DomainInviteProof, proofBody(l.doc, r.Device, identity.HashSeal(r.SealPublic)), r.Proof) {
		return fmt.Errorf("%w: the link's proof is wrong", ErrRequest)
	}
	if expired(i, now) {
		return ErrExpired
	}
	if i.Max > 0 && l.uses(r.Invite, r.Device) >= i.Max {
		return ErrUsedUp
	}
	return nil
}

// uses counts the devices other than d that an invite has let in.
func (l *Log) uses(invite wire.OpID, d wire.Device) uint64 {
	seen := map[wire.Device]bool{}
	for _, n := range l.order {
		if g := n.op.Grant; n.valid && g != nil && len(g.Via) == 1 && g.Via[0].Invite == invite && g.Devs[0].Key != d {
			seen[g.Devs[0].Key] = true
		}
	}
	return uint64(len(seen))
}

// NewGrantVia makes the op that lets the requesting device in. The key's
// device must be an owner, editor or doorkeeper; the request must have passed
// CheckJoinRequest.
func NewGrantVia(l *Log, key *identity.Key, r *JoinRequest, now time.Time) (*Op, error) {
	h, err := l.next(key.Device(), Role.admits)
	if err != nil {
		return nil, err
	}
	h.Kind, h.Time = KindGrant, stamp(now)
	return signOp(key, h, Grant{
		User: r.User, Role: l.nodes[r.Invite].op.Invite.Role,
		Devs: []GrantDevice{{Key: r.Device, Seal: identity.HashSeal(r.SealPublic), Cert: []byte{}}},
		Via:  []Via{{Invite: r.Invite, Proof: r.Proof}},
	})
}
