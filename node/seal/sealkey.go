package seal

import (
	"errors"
	"fmt"

	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/wire"
)

// MaxSealKeyBytes bounds an encoded SealKey.
const MaxSealKeyBytes = 1 + 34 + 3 + identity.SealPublicBytes

// ErrSealKey means that a record holds no public seal key.
var ErrSealKey = errors.New("not a seal key record")

// SealKey is the public seal key of a member's device, or of an invite, by the
// key that signs for it. Access ops carry only its hash: who believes one
// compares Hash with that.
type SealKey struct {
	Owner  wire.Device
	Public []byte
}

type sealKeyRecord struct {
	_      struct{} `cbor:",toarray"`
	Owner  wire.Device
	Public []byte
}

// Hash is what access ops name the key by.
func (k SealKey) Hash() wire.SealHash { return identity.HashSeal(k.Public) }

// Encode returns the record that DecodeSealKey reads.
func (k SealKey) Encode() ([]byte, error) {
	if len(k.Public) != identity.SealPublicBytes {
		return nil, fmt.Errorf("encode seal key: %w: %d bytes", ErrSealKey, len(k.Public))
	}
	return wire.Marshal(sealKeyRecord{Owner: k.Owner, Public: k.Public})
}

// DecodeSealKey reads a record, strictly. The error wraps ErrSealKey.
func DecodeSealKey(raw []byte) (SealKey, error) {
	if len(raw) > MaxSealKeyBytes {
		return SealKey{}, fmt.Errorf("read seal key: %w: %d bytes", ErrSealKey, len(raw))
	}
	var r sealKeyRecord
	if err := wire.Unmarshal(raw, &r); err != nil {
		return SealKey{}, fmt.Errorf("read seal key: %w: %w", ErrSealKey, err)
	}
	if len(r.Public) != identity.SealPublicBytes {
		return SealKey{}, fmt.Errorf("read seal key: %w: key of %d bytes", ErrSealKey, len(r.Public))
	}
	return SealKey{Owner: r.Owner, Public: r.Public}, nil
}
