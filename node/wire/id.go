package wire

import (
	"encoding/base64"
	"errors"
	"fmt"
)

// Ids are short arrays of bytes, comparable and usable as map keys. Their text
// form is base64url without padding, which is what pages, logs and commands show.
type (
	// DocID names a document: the hash of its genesis under DomainDoc.
	DocID [32]byte
	// Doc16 is the first half of a DocID, as signed records carry it.
	Doc16 [16]byte
	// OpID names an operation of an access log: the hash of its signed bytes.
	OpID [32]byte
	// Auth is the first half of the OpID that gives an author its role, as
	// entries carry it.
	Auth [16]byte
	// EntryID names an entry: the hash of its header.
	EntryID [32]byte
	// ChainID names a chain of entries, see NewChainID.
	ChainID [16]byte
	// Device is a device's Ed25519 public key: its author and principal.
	Device [32]byte
	// UserID labels the devices of one person. It is believed only where a
	// certificate checks, and decides nothing.
	UserID [32]byte
	// EpochID names an epoch key.
	EpochID [16]byte
	// SealHash is the SHA-256 of a device's public seal key.
	SealHash [32]byte
	// Signature is an Ed25519 signature.
	Signature [64]byte
)

// ErrID is wrapped by every ParseX of an id.
var ErrID = errors.New("not an id")

// text is the one text form of ids. Strict: unused bits of the last character
// must be zero, so that an id has one spelling.
var text = base64.RawURLEncoding.Strict()

// parse fills dst from its text form.
func parse(dst []byte, s, what string) error {
	if want := text.EncodedLen(len(dst)); len(s) != want {
		return fmt.Errorf("parse %s: %w: %d characters, not %d", what, ErrID, len(s), want)
	}
	b, err := text.DecodeString(s)
	if err != nil || len(b) != len(dst) { // a newline counts as a character, but decodes to nothing
		return fmt.Errorf("parse %s: %w: not base64url", what, ErrID)
	}
	copy(dst, b)
	return nil
}

// fill fills dst from its binary form.
func fill(dst, b []byte, what string) error {
	if len(b) != len(dst) {
		return fmt.Errorf("read %s: %w: %d bytes, not %d", what, ErrID, len(b), len(dst))
	}
	copy(dst, b)
	return nil
}

// Short returns the half of the id that signed records carry.
func (d DocID) Short() Doc16 { return Doc16(d[:16]) }

// Short returns the half of the id that entries carry as their authority.
func (o OpID) Short() Auth { return Auth(o[:16]) }

// NewChainID returns the name of the chain that device d writes in a document
// under authority a in its incarnation inc:
// H("sheaf/1/chain" ‖ 0x00 ‖ CBOR[doc16, D, auth, inc])[:16].
func NewChainID(doc Doc16, d Device, a Auth, inc uint32) ChainID {
	// Lengths are fixed and the integer is unsigned: encoded by hand, because a
	// node names chains far more often than it meets new ones.
	b := make([]byte, 0, 1+17+34+17+5)
	b = append(b, 0x84)
	b = append(append(b, 0x50), doc[:]...)
	b = append(append(b, 0x58, 0x20), d[:]...)
	b = append(append(b, 0x50), a[:]...)
	b = appendUint(b, uint64(inc))
	sum := DomainChain.Sum(b)
	return ChainID(sum[:16])
}

// MaxClientID is the greatest client id: Yjs carries 53 bits everywhere.
const MaxClientID = 1<<53 - 1

// ClientID returns the Yjs client id of one stream of a chain: the low 53 bits
// (of the last eight bytes, big endian) of
// H("sheaf/1/client" ‖ 0x00 ‖ CBOR[doc16, D, auth, inc, stream]).
func ClientID(doc Doc16, d Device, a Auth, inc uint32, stream uint8) uint64 {
	b := make([]byte, 0, 1+17+34+17+5+2)
	b = append(b, 0x85)
	b = append(append(b, 0x50), doc[:]...)
	b = append(append(b, 0x58, 0x20), d[:]...)
	b = append(append(b, 0x50), a[:]...)
	b = appendUint(b, uint64(inc))
	b = appendUint(b, uint64(stream))
	sum := DomainClient.Sum(b)
	var n uint64
	for _, x := range sum[24:] {
		n = n<<8 | uint64(x)
	}
	return n & MaxClientID
}
