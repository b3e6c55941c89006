package seal

import (
	"errors"
	"fmt"

	"github.com/sheafdocs/sheaf/node/wire"
)

// MaxPresenceBytes limits the padded plaintext of a presence frame: the
// greatest bucket whose frame stays within 1 KiB.
const MaxPresenceBytes = 768

// PresenceState is what a session tells of itself.
type PresenceState struct {
	Awareness []byte // an awareness update of the session's client; may be empty
	Digest    []byte // 16 bytes: digest of what the sender holds; or empty
}

// presenceBody is its encoded form.
type presenceBody struct {
	_         struct{} `cbor:",toarray"`
	Awareness []byte
	Digest    []byte
}

func (s PresenceState) check() error {
	if n := len(s.Digest); n != 0 && n != 16 {
		return errors.New("digest is neither empty nor of 16 bytes")
	}
	return nil
}

// PresenceSealer encrypts and opens the presence frames of one device in one
// epoch. It is safe for concurrent use.
type PresenceSealer struct{ c synthetic }

// presenceInfo separates the presence keys of devices.
type presenceInfo struct {
	_      struct{} `cbor:",toarray"`
	Use    string
	Doc    wire.DocID
	Device wire.Device
	Label  string
}

// NewPresenceSealer derives the presence keys of a device.
func NewPresenceSealer(ek EpochKey, doc wire.DocID, d wire.Device) (*PresenceSealer, error) {
	c, err := newSynthetic(ek, func(label string) any {
		return presenceInfo{Use: string(wire.DomainPresence), Doc: doc, Device: d, Label: label}
	})
	if err != nil {
		return nil, fmt.Errorf("derive presence keys: %w", err)
	}
	return &PresenceSealer{c}, nil
}

// Seal encrypts a state, bound to aad (the frame with an empty ciphertext).
// The error is ErrTooLarge when it does not fit into a frame.
func (s *PresenceSealer) Seal(aad []byte, state PresenceState) ([]byte, error) {
	if err := state.check(); err != nil {
		return nil, fmt.Errorf("seal presence: %w", err)
	}
	pt, err := frame(presenceBody{Awareness: state.Awareness, Digest: state.Digest})
	if err != nil {
		return nil, fmt.Errorf("seal presence: %w", err)
	}
	if len(pt) > MaxPresenceBytes {
		return nil, fmt.Errorf("seal presence: %w: %d bytes", ErrTooLarge, len(pt))
	}
	return s.c.seal(aad, pt), nil
}

// Open decrypts a frame's ciphertext. The error is ErrDecrypt or ErrInert.
func (s *PresenceSealer) Open(aad, ct []byte) (PresenceState, error) {
	if len(ct) > MaxPresenceBytes+overheadBytes {
		return PresenceState{}, fmt.Errorf("open presence: %w: %d bytes", ErrDecrypt, len(ct))
	}
	pt, err := s.c.open(aad, ct)
	if err != nil {
		return PresenceState{}, fmt.Errorf("open presence: %w", err)
	}
	var body presenceBody
	if err := unframe(pt, &body); err != nil {
		return PresenceState{}, fmt.Errorf("open presence: %w: %w", ErrInert, err)
	}
	state := PresenceState{Awareness: body.Awareness, Digest: body.Digest}
	if err := state.check(); err != nil {
		return PresenceState{}, fmt.Errorf("open presence: %w: %w", ErrInert, err)
	}
	return state, nil
}
