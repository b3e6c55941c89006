package wire

import (
	"encoding/base64"
	"errors"
	"fmt"
)

// The ids of documents, operations, entries, keys. Each is an array of bytes
// that String and its Parse function write as unpadded base64url.
type (
	DocID     [32]byte // a document: hash of its genesis
	Doc16     [16]byte // first half of a DocID, as ops and entries carry it
	OpID      [32]byte // an access op
	Auth      [16]byte // first half of the OpID that gives an author its role
	EntryID   [32]byte // a log entry
	ChainID   [16]byte // a chain: see NewChainID
	Device    [32]byte // Ed25519 public key of a device
	UserID    [32]byte // label of a user over devices
	EpochID   [16]byte // names an epoch key
	SealHash  [32]byte // SHA-256 of a device's HPKE public key
	Signature [64]byte // Ed25519
)

// ErrID is returned by the Parse functions.
var ErrID = errors.New("malformed id")

func text(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// parse reads base64url into dst, which it has to fill exactly.
func parse(dst []byte, s string) error {
	if base64.RawURLEncoding.DecodedLen(len(s)) != len(dst) {
		return fmt.Errorf("%w: %d characters", ErrID, len(s))
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrID, err)
	}
	copy(dst, b)
	return nil
}

// String returns the id in base64url.
func (id DocID) String() string { return text(id[:]) }

// IsZero says whether the id is unset.
func (id DocID) IsZero() bool { return id == DocID{} }

// ParseDocID is the reverse of String.
func ParseDocID(s string) (id DocID, err error) {
	err = parse(id[:], s)
	return id, err
}

// String returns the id in base64url.
func (id Doc16) String() string { return text(id[:]) }

// IsZero says whether the id is unset.
func (id Doc16) IsZero() bool { return id == Doc16{} }

// ParseDoc16 is the reverse of String.
func ParseDoc16(s string) (id Doc16, err error) {
	err = parse(id[:], s)
	return id, err
}

// String returns the id in base64url.
func (id OpID) String() string { return text(id[:]) }

// IsZero says whether the id is unset.
func (id OpID) IsZero() bool { return id == OpID{} }

// ParseOpID is the reverse of String.
func ParseOpID(s string) (id OpID, err error) {
	err = parse(id[:], s)
	return id, err
}

// String returns the id in base64url.
func (id Auth) String() string { return text(id[:]) }

// IsZero says whether the id is unset.
func (id Auth) IsZero() bool { return id == Auth{} }

// ParseAuth is the reverse of String.
func ParseAuth(s string) (id Auth, err error) {
	err = parse(id[:], s)
	return id, err
}

// String returns the id in base64url.
func (id EntryID) String() string { return text(id[:]) }

// IsZero says whether the id is unset.
func (id EntryID) IsZero() bool { return id == EntryID{} }

// ParseEntryID is the reverse of String.
func ParseEntryID(s string) (id EntryID, err error) {
	err = parse(id[:], s)
	return id, err
}

// String returns the id in base64url.
func (id ChainID) String() string { return text(id[:]) }

// IsZero says whether the id is unset.
func (id ChainID) IsZero() bool { return id == ChainID{} }

// ParseChainID is the reverse of String.
func ParseChainID(s string) (id ChainID, err error) {
	err = parse(id[:], s)
	return id, err
}

// String returns the id in base64url.
func (id Device) String() string { return text(id[:]) }

// IsZero says whether the id is unset.
func (id Device) IsZero() bool { return id == Device{} }

// ParseDevice is the reverse of String.
func ParseDevice(s string) (id Device, err error) {
	err = parse(id[:], s)
	return id, err
}

// String returns the id in base64url.
func (id UserID) String() string { return text(id[:]) }

// IsZero says whether the id is unset.
func (id UserID) IsZero() bool { return id == UserID{} }

// ParseUserID is the reverse of String.
func ParseUserID(s string) (id UserID, err error) {
	err = parse(id[:], s)
	return id, err
}

// String returns the id in base64url.
func (id EpochID) String() string { return text(id[:]) }

// IsZero says whether the id is unset.
func (id EpochID) IsZero() bool { return id == EpochID{} }

// ParseEpochID is the reverse of String.
func ParseEpochID(s string) (id EpochID, err error) {
	err = parse(id[:], s)
	return id, err
}

// String returns the id in base64url.
func (id SealHash) String() string { return text(id[:]) }

// IsZero says whether the id is unset.
func (id SealHash) IsZero() bool { return id == SealHash{} }

// ParseSealHash is the reverse of String.
func ParseSealHash(s string) (id SealHash, err error) {
	err = parse(id[:], s)
	return id, err
}

// String returns the id in base64url.
func (id Signature) String() string { return text(id[:]) }

// IsZero says whether the id is unset.
func (id Signature) IsZero() bool { return id == Signature{} }

// ParseSignature is the reverse of String.
func ParseSignature(s string) (id Signature, err error) {
	err = parse(id[:], s)
	return id, err
}

// Short returns the first half of the id, as ops and entries carry it.
func (id DocID) Short() Doc16 { return Doc16(id[:16]) }

// Short returns the first half of the id, as entries carry it.
func (id OpID) Short() Auth { return Auth(id[:16]) }
