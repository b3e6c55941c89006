package transport

import (
	"errors"
	"fmt"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/sheafdocs/sheaf/node/wire"
)

// ErrNotDevice is returned for a peer id that is not that of a device: its
// key is not an Ed25519 key, or is not contained in the id.
var ErrNotDevice = errors.New("peer id is not a device key")

// PeerID returns the libp2p name of a device.
func PeerID(d wire.Device) (peer.ID, error) {
	key, err := crypto.UnmarshalEd25519PublicKey(d[:])
	if err != nil {
		return "", fmt.Errorf("read device key: %w", err)
	}
	id, err := peer.IDFromPublicKey(key)
	if err != nil {
		return "", fmt.Errorf("name peer: %w", err)
	}
	return id, nil
}

// DeviceOf returns the device that a peer id names, or ErrNotDevice.
func DeviceOf(id peer.ID) (wire.Device, error) {
	key, err := id.ExtractPublicKey()
	if err != nil {
		return wire.Device{}, fmt.Errorf("%w: %w", ErrNotDevice, err)
	}
	raw, err := key.Raw()
	if err != nil || key.Type() != crypto.Ed25519 || len(raw) != len(wire.Device{}) {
		return wire.Device{}, ErrNotDevice
	}
	return wire.Device(raw), nil
}
