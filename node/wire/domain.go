package wire

import (
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"

	"filippo.io/edwards25519"
)

// A Domain says what a hash or a signature is for. Everything signed is
// domain ‖ 0x00 ‖ CBOR[fields], so that a signature made for one use is never
// valid for another.
type Domain string

// The domains in use, one for each kind of thing that is hashed or signed.
const (
	DomainDoc         Domain = "sheaf/1/doc"          // id of a document, of its genesis header
	DomainACL         Domain = "sheaf/1/acl"          // operations of an access log
	DomainEntry       Domain = "sheaf/1/entry"        // entries of a chain
	DomainSnapshot    Domain = "sheaf/1/snap"         // snapshots
	DomainWrap        Domain = "sheaf/1/wrap"         // epoch keys wrapped for a device
	DomainPresence    Domain = "sheaf/1/presence"     // who is here, with carets
	DomainReceipt     Domain = "sheaf/1/receipt"      // what is durable on a device
	DomainDev         Domain = "sheaf/1/dev"          // certificates of a person's devices
	DomainRelayAuth   Domain = "sheaf/1/relayauth"    // proof of an invite to a peer
	DomainWebAuth     Domain = "sheaf/1/webauth"      // binding of a device to a web account
	DomainInviteProof Domain = "sheaf/1/invite-proof" // proof of an invite in a request to join
	DomainJoin        Domain = "sheaf/1/join"         // requests to join
	DomainLink        Domain = "sheaf/1/link"         // checksum of a link
	DomainPair        Domain = "sheaf/1/pair"         // pairing of two devices
	DomainCard        Domain = "sheaf/1/card"         // checksum of a contact card
	DomainVerify      Domain = "sheaf/1/verify"       // code that two people compare
	DomainEpoch       Domain = "sheaf/1/epoch"        // id of an epoch key
	DomainChain       Domain = "sheaf/1/chain"        // id of a chain
	DomainClient      Domain = "sheaf/1/client"       // Yjs client id of a chain
	DomainKeyFile     Domain = "sheaf/1/keyfile"      // checksum of a device's key file
)

// Bytes returns domain ‖ 0x00 ‖ body: what is signed.
func (d Domain) Bytes(body []byte) []byte {
	b := make([]byte, 0, len(d)+1+len(body))
	b = append(b, d...)
	b = append(b, 0)
	return append(b, body...)
}

// Sum returns SHA-256(domain ‖ 0x00 ‖ body).
func (d Domain) Sum(body []byte) [32]byte {
	return sha256.Sum256(d.Bytes(body))
}

// Sign returns key's signature of body under dom.
func Sign(key ed25519.PrivateKey, dom Domain, body []byte) Signature {
	return Signature(ed25519.Sign(key, dom.Bytes(body)))
}

// Verify reports whether sig is d's signature of body under dom. Only single
// verification is used anywhere: batch verification disagrees with it on crafted
// signatures and would split the members of a document.
func Verify(d Device, dom Domain, body []byte, sig Signature) bool {
	return ed25519.Verify(d[:], dom.Bytes(body), sig[:])
}

// ErrDeviceKey is wrapped by ValidDeviceKey.
var ErrDeviceKey = errors.New("not a usable device key")

// minusOne is the scalar -1 mod l: -1·P + P = l·P, which is the identity for
// points of the prime-order subgroup and for no other.
var minusOne = func() *edwards25519.Scalar {
	one, err := edwards25519.NewScalar().SetCanonicalBytes(append([]byte{1}, make([]byte, 31)...))
	if err != nil {
		panic(fmt.Sprintf("wire: the scalar 1 is not canonical: %v", err))
	}
	return one.Negate(one)
}()

// ValidDeviceKey checks a device key when an operation introduces it: it must be
// the canonical encoding of a point of the prime-order subgroup. Other keys
// allow signatures that verify for several messages, or in one library only.
func ValidDeviceKey(d Device) error {
	p, err := edwards25519.NewIdentityPoint().SetBytes(d[:])
	if err != nil {
		return fmt.Errorf("%w: not a point on the curve", ErrDeviceKey)
	}
	if Device(p.Bytes()) != d {
		return fmt.Errorf("%w: not canonical", ErrDeviceKey)
	}
	identity := edwards25519.NewIdentityPoint()
	if edwards25519.NewIdentityPoint().MultByCofactor(p).Equal(identity) == 1 {
		return fmt.Errorf("%w: of small order", ErrDeviceKey)
	}
	// Not ScalarMult(l, p): scalars are reduced mod l, so l itself is zero.
	q := edwards25519.NewIdentityPoint().ScalarMult(minusOne, p)
	if q.Add(q, p).Equal(identity) != 1 {
		return fmt.Errorf("%w: not torsion-free", ErrDeviceKey)
	}
	return nil
}
