package seal

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"io"
	"strings"

	"github.com/sheafdocs/sheaf/node/wire"
)

// EpochKey is the secret that a document's members share from one rotation to
// the next.
type EpochKey [32]byte

// NewEpochKey draws a key.
func NewEpochKey(rand io.Reader) (EpochKey, error) {
	var ek EpochKey
	if _, err := io.ReadFull(rand, ek[:]); err != nil {
		return EpochKey{}, fmt.Errorf("draw epoch key: %w", err)
	}
	return ek, nil
}

// ID returns the id under which the given device announces the key. It depends
// on the device, so that nobody can announce another's key as their own.
func (ek EpochKey) ID(rotator wire.Device) wire.EpochID {
	sum := wire.DomainEpoch.Sum(append(rotator[:], ek[:]...))
	return wire.EpochID(sum[:len(wire.EpochID{})])
}

// String hides the key, so that it cannot slip into a log.
func (ek EpochKey) String() string { return "epoch key" }

// GoString hides the key from %#v too.
func (ek EpochKey) GoString() string { return "seal.EpochKey" }

// TopicOf returns the name of a document's gossip topic. It follows from the
// document's first epoch key, so that it stays while keys rotate and tells
// nothing to those who never held one.
func TopicOf(first EpochKey) string {
	key := derive(first[:], "topic")
	mac := hmac.New(sha256.New, key[:])
	mac.Write([]byte("topic"))
	name := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(mac.Sum(nil)[:16])
	return "sheaf/1/" + strings.ToLower(name)
}

// derive is HKDF-SHA256 without salt, for 32 bytes.
func derive(secret []byte, info string) [32]byte {
	key, err := hkdf.Key(sha256.New, secret, nil, info, 32)
	if err != nil {
		panic("seal: hkdf refused 32 bytes: " + err.Error())
	}
	return [32]byte(key)
}
