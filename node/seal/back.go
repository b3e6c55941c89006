package seal

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/sheafdocs/sheaf/node/wire"
)

// Limits of a rotation's back.
const (
	// MaxBackKeys is how many older keys one back holds. Keys that the back of
	// one of these opens need no place of their own.
	MaxBackKeys = 64
	// MaxBackBytes bounds a back, so that it fits into an access op.
	MaxBackBytes = 4 + MaxBackKeys*heldKeyBytes + overheadBytes

	heldKeyBytes = 1 + 34 + 17 + 34
)

// ErrBack means that a rotation's back does not open to keys of the epochs it
// lists.
var ErrBack = errors.New("back does not open to older keys")

// HeldKey is an epoch key with what proves it: its id follows from the device
// that announced it.
type HeldKey struct {
	_       struct{} `cbor:",toarray"`
	Rotator wire.Device
	Epoch   wire.EpochID
	Key     EpochKey
}

// backInfo separates the keys of backs from those of entries and presence.
type backInfo struct {
	_     struct{} `cbor:",toarray"`
	Use   string
	Doc   wire.DocID
	Epoch wire.EpochID
	Label string
}

// backCipher is the cipher of the back of the epoch that rotator announces
// under key ek.
func backCipher(ek EpochKey, doc wire.DocID, rotator wire.Device) (synthetic, error) {
	epoch := ek.ID(rotator)
	return newSynthetic(ek, func(label string) any {
		return backInfo{Use: "sheaf/1/back", Doc: doc, Epoch: epoch, Label: label}
	})
}

// SealBack encrypts older keys under the key of a new epoch that rotator
// announces, so that who gets the new key reads what was written before. The
// keys must be in ascending order of their epochs, at most MaxBackKeys.
func SealBack(ek EpochKey, doc wire.DocID, rotator wire.Device, keys []HeldKey) ([]byte, error) {
	if err := checkBack(keys); err != nil {
		return nil, fmt.Errorf("seal back: %w", err)
	}
	pt, err := wire.Marshal(keys)
	if err != nil {
		return nil, fmt.Errorf("seal back: %w", err)
	}
	c, err := backCipher(ek, doc, rotator)
	if err != nil {
		return nil, fmt.Errorf("seal back: %w", err)
	}
	return c.seal(nil, pt), nil
}

// OpenBack is the reverse of SealBack. Every key it returns is the one its
// rotator announced under its epoch's id. The error wraps ErrBack for whatever
// is wrong with the back.
func OpenBack(ek EpochKey, doc wire.DocID, rotator wire.Device, back []byte) ([]HeldKey, error) {
	if len(back) > MaxBackBytes {
		return nil, fmt.Errorf("open back: %w: %d bytes", ErrBack, len(back))
	}
	c, err := backCipher(ek, doc, rotator)
	if err != nil {
		return nil, fmt.Errorf("open back: %w", err)
	}
	pt, err := c.open(nil, back)
	if err != nil {
		return nil, fmt.Errorf("open back: %w: %w", ErrBack, err)
	}
	var keys []HeldKey
	if err := wire.Unmarshal(pt, &keys); err != nil {
		return nil, fmt.Errorf("open back: %w: %w", ErrBack, err)
	}
	if err := checkBack(keys); err != nil {
		return nil, fmt.Errorf("open back: %w: %w", ErrBack, err)
	}
	return keys, nil
}

// checkBack returns what is wrong with the keys of a back.
func checkBack(keys []HeldKey) error {
	if len(keys) > MaxBackKeys {
		return fmt.Errorf("%d keys", len(keys))
	}
	for i, k := range keys {
		if i > 0 && bytes.Compare(keys[i-1].Epoch[:], k.Epoch[:]) >= 0 {
			return errors.New("keys are not in order")
		}
		if k.Key.ID(k.Rotator) != k.Epoch {
			return errors.New("a key has another id")
		}
	}
	return nil
}
