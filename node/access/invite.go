package access

import (
	"crypto/hkdf"
	"crypto/hpke"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/wire"
)

// InviteKeys are the keys that follow from a link's secret: one proves that its
// bearer has the link, the other opens the epoch keys wrapped for it.
type InviteKeys struct{ key *identity.Key }

// DeriveInvite derives the keys of a link's secret by HKDF-SHA256.
func DeriveInvite(secret [16]byte) (*InviteKeys, error) {
	var seeds [2][32]byte
	for i, label := range []string{"sheaf/1/invite/sign", "sheaf/1/invite/seal"} {
		seed, err := hkdf.Key(sha256.New, secret[:], nil, label, 32)
		if err != nil {
			return nil, fmt.Errorf("derive invite key: %w", err)
		}
		copy(seeds[i][:], seed)
	}
	key, err := identity.FromSeeds(seeds[0], seeds[1])
	if err != nil {
		return nil, fmt.Errorf("derive invite key: %w", err)
	}
	return &InviteKeys{key}, nil
}

// Public returns the key by which an invite names its link.
func (k *InviteKeys) Public() wire.Device { return k.key.Device() }

// SealPublic returns the key for which epoch keys are wrapped.
func (k *InviteKeys) SealPublic() []byte { return k.key.SealPublic() }

// SealHash names that key.
func (k *InviteKeys) SealHash() wire.SealHash { return k.key.SealHash() }

// SealPrivate opens epoch keys wrapped for the link.
func (k *InviteKeys) SealPrivate() hpke.PrivateKey { return k.key.SealPrivate() }

// MaxProofBytes bounds an encoded proof of an invite.
const MaxProofBytes = 128

// inviteProof is what a bearer sends to be served the document.
type inviteProof struct {
	_      struct{} `cbor:",toarray"`
	Ver    uint64
	Invite wire.Device
	Sig    wire.Signature
}

// proofChallenge is what a bearer's proof signs.
type proofChallenge struct {
	_         struct{} `cbor:",toarray"`
	Doc       wire.DocID
	Prover    wire.Device
	Verifier  wire.Device
	Challenge [32]byte
}

func (c proofChallenge) encode() []byte {
	b, err := wire.Marshal(c)
	if err != nil {
		panic(fmt.Sprintf("access: encode challenge: %v", err)) // fixed arrays always encode
	}
	return b
}

// Prove shows the device verifier that prover has the link to doc. challenge is
// 32 random bytes from the verifier.
func (k *InviteKeys) Prove(doc wire.DocID, prover, verifier wire.Device, challenge [32]byte) ([]byte, error) {
	body := proofChallenge{Doc: doc, Prover: prover, Verifier: verifier, Challenge: challenge}.encode()
	return wire.Marshal(inviteProof{
		Ver: wire.Version, Invite: k.Public(), Sig: k.key.Sign(wire.DomainRelayAuth, body),
	})
}

// VerifyInvite checks a proof made by Prove, and that its invite is Valid and by
// the clock given has not expired. It returns the hash of the invite's seal key.
func (l *Log) VerifyInvite(proof []byte, prover, verifier wire.Device, challenge [32]byte, now time.Time) (wire.SealHash, bool) {
	var p inviteProof
	if len(proof) > MaxProofBytes || wire.Unmarshal(proof, &p) != nil || p.Ver != wire.Version {
		return wire.SealHash{}, false
	}
	n := l.findInvite(p.Invite, now)
	if n == nil {
		return wire.SealHash{}, false
	}
	body := proofChallenge{Doc: l.doc, Prover: prover, Verifier: verifier, Challenge: challenge}.encode()
	if !wire.Verify(p.Invite, wire.DomainRelayAuth, body, p.Sig) {
		return wire.SealHash{}, false
	}
	return n.op.Invite.Seal, true
}

// FindInvite returns the Valid invite of the link with the given public key. If
// there are several, it is the first in (depth, id) order.
func (l *Log) FindInvite(public wire.Device) (wire.OpID, bool) {
	if n := l.findInvite(public, time.Time{}); n != nil {
		return n.op.ID, true
	}
	return wire.OpID{}, false
}

// findInvite finds the first Valid invite with a key that has not expired by the
// clock given; the zero time asks for any.
func (l *Log) findInvite(public wire.Device, now time.Time) (best *node) {
	l.settle()
	for _, n := range l.invites[public] {
		if n.valid && (now.IsZero() || !n.op.Invite.expired(now)) && (best == nil || compareNodes(n, best) < 0) {
			best = n
		}
	}
	return best
}

// openInvite returns a Valid invite by its op.
func (l *Log) openInvite(id wire.OpID) (*node, error) {
	l.settle()
	if n := l.nodes[id]; n != nil && n.valid && n.op.Invite != nil {
		return n, nil
	}
	return nil, fmt.Errorf("%w: its invite is not known here", ErrRequest)
}

func (i *Invite) expired(now time.Time) bool {
	return i.ExpiresMillis != 0 && millis(now) >= i.ExpiresMillis
}

// uses counts the devices other than d that an invite has let in.
func (l *Log) uses(invite *node, d wire.Device) int {
	seen := map[wire.Device]bool{}
	for _, n := range l.order {
		if n.valid && n.via == invite && n.op.Grant.Devices[0].Device != d {
			seen[n.op.Grant.Devices[0].Device] = true
		}
	}
	return len(seen)
}
