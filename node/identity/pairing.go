package identity

import (
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/sheafdocs/sheaf/node/wire"
)

// PairLifetime is how long a pairing link is good for.
const PairLifetime = 120 * time.Second

// Limits of what the two ends of a pairing send.
const (
	// MaxPairFrameBytes bounds one message of the handshake.
	MaxPairFrameBytes = 4 << 10
	maxPairNameBytes  = 64
)

// ErrPairing says that a pairing failed: the other end did not prove the
// link's secret, or did not keep to the protocol. The secret is burnt.
var ErrPairing = errors.New("the other device did not prove that it has this link")

// ErrPairExpired says that a link is older than PairLifetime, or was used.
var ErrPairExpired = errors.New("the link for adding a device has expired or was used already")

// PairRole is an end of a pairing.
type PairRole uint8

// The ends.
const (
	PairOld PairRole = iota // shows the link
	PairNew                 // reads it
)

func (r PairRole) String() string {
	if r == PairOld {
		return "old"
	}
	return "new"
}

// Pairing is one end of the handshake by which a new device proves to an old one
// that it read its link, and the old one that it made it. It does no I/O: feed
// it the other end's messages and send what it returns.
//
//	new → old   hello   nonce, seal key, kind, name
//	old → new   nonce
//	new → old   proof   HMAC as "new"
//	old → new   proof   HMAC as "old"
//
// Both proofs are over both devices, the new one's seal key and both nonces, so
// that none can be used in another session or for another device. What follows
// (the person's consent on the old device, and what it grants) is node's matter.
// The carrier has authenticated both devices.
type Pairing struct {
	role     PairRole
	secret   [16]byte
	old, new wire.Device
	step     int
	failed   bool
	nonces   [2][32]byte // of the new device, of the old one
	peer     PairedDevice
	own      PairedDevice
}

// PairedDevice is the new device as it describes itself.
type PairedDevice struct {
	Device     wire.Device
	SealPublic []byte
	Kind       uint8
	Name       string
}

type pairHello struct {
	_     struct{} `cbor:",toarray"`
	Ver   uint64
	Nonce [32]byte
	Seal  []byte
	Kind  uint8
	Name  string
}

type pairNonce struct {
	_     struct{} `cbor:",toarray"`
	Ver   uint64
	Nonce [32]byte
}

type pairProof struct {
	_   struct{} `cbor:",toarray"`
	Ver uint64
	MAC [32]byte
}

// NewPairingOld begins the old device's end towards a device that the carrier
// has authenticated. nonce is 32 random bytes.
func NewPairingOld(link PairLink, peer wire.Device, nonce [32]byte) *Pairing {
	p := &Pairing{role: PairOld, secret: link.Secret, old: link.Old, new: peer}
	p.nonces[1] = nonce
	return p
}

// NewPairingNew begins the new device's end and returns its first message. peer
// is the device that the carrier has authenticated: the error wraps ErrPairing
// if it is not the one whose link this is.
func NewPairingNew(link PairLink, peer wire.Device, self PairedDevice, nonce [32]byte) (*Pairing, []byte, error) {
	if peer != link.Old {
		return nil, nil, fmt.Errorf("%w: another device answered", ErrPairing)
	}
	if len(self.Name) > maxPairNameBytes {
		self.Name = ""
	}
	p := &Pairing{role: PairNew, secret: link.Secret, old: link.Old, new: self.Device, own: self}
	p.nonces[0] = nonce
	b, err := wire.Marshal(pairHello{Ver: wire.Version, Nonce: nonce, Seal: self.SealPublic, Kind: self.Kind, Name: self.Name})
	return p, b, err
}

// Next takes the other end's message and returns the answer to it, nil for none.
// done says that both have proven the secret. After an error, which wraps
// ErrPairing, the pairing is over and the link must not be used again.
func (p *Pairing) Next(msg []byte) (answer []byte, done bool, err error) {
	defer func() {
		if err != nil {
			p.failed = true
		}
	}()
	if p.failed || len(msg) > MaxPairFrameBytes {
		return nil, false, fmt.Errorf("%w: it does not keep to the protocol", ErrPairing)
	}
	p.step++
	switch {
	case p.role == PairOld && p.step == 1:
		return p.takeHello(msg)
	case p.role == PairOld && p.step == 2:
		if err := p.takeProof(msg, PairNew); err != nil {
			return nil, false, err
		}
		answer, err = p.proof(PairOld)
		return answer, true, err
	case p.role == PairNew && p.step == 1:
		var n pairNonce
		if err := wire.Unmarshal(msg, &n); err != nil || n.Ver != wire.Version {
			return nil, false, fmt.Errorf("%w: it does not keep to the protocol", ErrPairing)
		}
		p.nonces[1] = n.Nonce
		answer, err = p.proof(PairNew)
		return answer, false, err
	case p.role == PairNew && p.step == 2:
		return nil, true, p.takeProof(msg, PairOld)
	}
	return nil, false, fmt.Errorf("%w: it does not keep to the protocol", ErrPairing)
}

func (p *Pairing) takeHello(msg []byte) ([]byte, bool, error) {
	var h pairHello
	if err := wire.Unmarshal(msg, &h); err != nil || h.Ver != wire.Version || h.Kind > maxCardKind ||
		len(h.Seal) != SealPublicBytes || len(h.Name) > maxPairNameBytes {
		return nil, false, fmt.Errorf("%w: it does not keep to the protocol", ErrPairing)
	}
	if _, err := KEM().NewPublicKey(h.Seal); err != nil {
		return nil, false, fmt.Errorf("%w: its seal key is none", ErrPairing)
	}
	p.nonces[0] = h.Nonce
	p.peer = PairedDevice{Device: p.new, SealPublic: h.Seal, Kind: h.Kind, Name: h.Name}
	b, err := wire.Marshal(pairNonce{Ver: wire.Version, Nonce: p.nonces[1]})
	return b, false, err
}

// Peer is the new device, once the handshake is done on the old one.
func (p *Pairing) Peer() PairedDevice { return p.peer }

// Code is six digits that both ends show, for people who want to see that it is
// these two devices that speak with each other.
func (p *Pairing) Code() string {
	mac := p.mac("code")
	return fmt.Sprintf("%06d", (uint32(mac[0])<<16|uint32(mac[1])<<8|uint32(mac[2]))%1_000_000)
}

func (p *Pairing) proof(role PairRole) ([]byte, error) {
	return wire.Marshal(pairProof{Ver: wire.Version, MAC: p.mac(role.String())})
}

func (p *Pairing) takeProof(msg []byte, role PairRole) error {
	var got pairProof
	if err := wire.Unmarshal(msg, &got); err != nil || got.Ver != wire.Version {
		return fmt.Errorf("%w: it does not keep to the protocol", ErrPairing)
	}
	want := p.mac(role.String())
	if !hmac.Equal(got.MAC[:], want[:]) {
		return ErrPairing
	}
	return nil
}

// mac is HMAC-SHA256 under the secret of what both ends know.
func (p *Pairing) mac(role string) [32]byte {
	sealed := p.own.SealPublic
	if p.role == PairOld {
		sealed = p.peer.SealPublic
	}
	b, err := wire.Marshal(struct {
		_        struct{} `cbor:",toarray"`
		Domain   string
		Role     string
		Old, New wire.Device
		Seal     wire.SealHash
		N1, N2   [32]byte
	}{Domain: string(wire.DomainPair), Role: role, Old: p.old, New: p.new, Seal: HashSeal(sealed), N1: p.nonces[0], N2: p.nonces[1]})
	if err != nil {
		panic(fmt.Sprintf("identity: encode pairing: %v", err)) // fixed arrays always encode
	}
	h := hmac.New(sha256.New, p.secret[:])
	h.Write(b)
	return [32]byte(h.Sum(nil))
}
