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
		if n.valid && l.stateOf(n) == InviteOpen && (now.IsZero() || !n.op.Invite.expired(now)) && (best == nil || compareNodes(n, best) < 0) {
			best = n
		}
	}
	return best
}

// openInvite returns a Valid invite by its op.
func (l *Log) openInvite(id wire.OpID) (*node, error) {
	l.settle()
	n := l.nodes[id]
	if n == nil || !n.valid || n.op.Invite == nil {
		return nil, fmt.Errorf("%w: its invite is not known here", ErrRequest)
	}
	if l.stateOf(n) != InviteOpen {
		return nil, fmt.Errorf("%w: the link was taken back", ErrRequest)
	}
	return n, nil
}

func (i *Invite) expired(now time.Time) bool {
	return i.ExpiresMillis != 0 && millis(now) >= i.ExpiresMillis
}

// uses counts the devices other than d that an invite has let in.
func (l *Log) uses(invite *node, d wire.Device) int {
	seen := map[wire.Device]bool{}
	for _, n := range invite.lets {
		if n.valid && n.op.Grant.Devices[0].Device != d {
			seen[n.op.Grant.Devices[0].Device] = true
		}
	}
	return len(seen)
}

// InviteState says whether an invite lets anyone in.
type InviteState uint8

// The states of an invite, by the access log alone.
const (
	InviteOpen    InviteState = iota
	InviteRevoked             // an owner took it back
	InviteClosed              // someone was removed, and it was to close then
)

func (l *Log) stateOf(invite *node) InviteState {
	return l.closed(invite, func(*node) bool { return true })
}

// InviteInfo describes an invite.
type InviteInfo struct {
	Op             wire.OpID
	Sign           wire.Device
	Seal           wire.SealHash
	Role           Role
	Max            uint32    // devices it may let in; 0: any number
	Expires        time.Time // zero: never
	CloseOnRemoval bool
	By             wire.Device
	Made           time.Time // by the clock of who made it
	State          InviteState
	Uses           []wire.Device // those it has let in
}

// Invites lists the Valid invites in topological order.
func (l *Log) Invites() []InviteInfo {
	l.settle()
	var list []InviteInfo
	for _, n := range l.links {
		if !n.valid {
			continue
		}
		b := n.op.Invite
		info := InviteInfo{
			Op: n.op.ID, Sign: b.Sign, Seal: b.Seal, Role: b.Role, Max: b.MaxUses, CloseOnRemoval: b.CloseOnRemoval == 1,
			By: n.op.Author, Made: n.op.Time, State: l.stateOf(n),
		}
		if b.ExpiresMillis != 0 {
			info.Expires = time.UnixMilli(int64(b.ExpiresMillis))
		}
		seen := map[wire.Device]bool{}
		for _, g := range n.lets {
			if d := g.op.Grant.Devices[0].Device; g.valid && !seen[d] {
				seen[d] = true
				info.Uses = append(info.Uses, d)
			}
		}
		list = append(list, info)
	}
	return list
}
