package wire

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
)

// Domain says what a hash or signature is for. It stands before the bytes,
// with a zero byte between.
type Domain string

// The domains.
const (
	DomainDoc         Domain = "sheaf/1/doc"          // id of a document, over its genesis header
	DomainACL         Domain = "sheaf/1/acl"          // access op: id and signature
	DomainEntry       Domain = "sheaf/1/entry"        // log entry: id and signature
	DomainSnapshot    Domain = "sheaf/1/snap"         // snapshot
	DomainWrap        Domain = "sheaf/1/wrap"         // wrapped epoch key
	DomainPresence    Domain = "sheaf/1/presence"     // presence frame
	DomainReceipt     Domain = "sheaf/1/receipt"      // receipt of a durable copy
	DomainDev         Domain = "sheaf/1/dev"          // certificate of a user's device
	DomainRelayAuth   Domain = "sheaf/1/relayauth"    // proof to a peer or relay
	DomainWebAuth     Domain = "sheaf/1/webauth"      // binding of a device to an account
	DomainInviteProof Domain = "sheaf/1/invite-proof" // request to be let in by an invite
	DomainEpoch       Domain = "sheaf/1/epoch"        // id of an epoch key
	DomainChain       Domain = "sheaf/1/chain"        // id of a chain
	DomainClient      Domain = "sheaf/1/client"       // Yjs client id of a chain
)

// Bytes returns domain, zero byte, body: what is signed.
func (d Domain) Bytes(body []byte) []byte {
	out := make([]byte, 0, len(d)+1+len(body))
	out = append(out, d...)
	out = append(out, 0)
	return append(out, body...)
}

// Sum returns SHA-256 of domain, zero byte, body.
func (d Domain) Sum(body []byte) [32]byte {
	h := sha256.New()
	h.Write([]byte(d))
	h.Write([]byte{0})
	h.Write(body)
	return [32]byte(h.Sum(nil))
}

// Sign signs body under the domain.
func Sign(key ed25519.PrivateKey, d Domain, body []byte) Signature {
	return Signature(ed25519.Sign(key, d.Bytes(body)))
}

// Verify says whether sig is the device's signature of body under the domain.
// Signatures are verified one by one: batch verification disagrees with this
// on crafted signatures and would split the members of a document.
func Verify(dev Device, d Domain, body []byte, sig Signature) bool {
	return ed25519.Verify(dev[:], d.Bytes(body), sig[:])
}

// NewChainID names the chain of a device under an authority and inc.
func NewChainID(doc Doc16, dev Device, auth Auth, inc uint32) ChainID {
	b := mustMarshal(struct {
		_    struct{} `cbor:",toarray"`
		Doc  Doc16
		Dev  Device
		Auth Auth
		Inc  uint32
	}{Doc: doc, Dev: dev, Auth: auth, Inc: inc})
	sum := DomainChain.Sum(b)
	return ChainID(sum[:len(ChainID{})])
}

// ClientIDBits is the width of a Yjs client id, the integers a JavaScript
// number holds exactly.
const ClientIDBits = 53

// ClientID returns the Yjs client id under which a chain writes a stream: the
// low 53 bits of the hash, read big endian.
func ClientID(doc Doc16, dev Device, auth Auth, inc uint32, stream uint8) uint64 {
	b := mustMarshal(struct {
		_      struct{} `cbor:",toarray"`
		Doc    Doc16
		Dev    Device
		Auth   Auth
		Inc    uint32
		Stream uint8
	}{Doc: doc, Dev: dev, Auth: auth, Inc: inc, Stream: stream})
	sum := DomainClient.Sum(b)
	return binary.BigEndian.Uint64(sum[24:]) & (1<<ClientIDBits - 1)
}
