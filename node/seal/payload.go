package seal

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/sheafdocs/sheaf/node/wire"
)

// Limits of a payload.
const (
	MaxDeps = 64 // dependencies an entry lists

	// MaxPlaintextBytes is the longest padded plaintext: the greatest bucket
	// whose entry stays within 64 KiB.
	MaxPlaintextBytes = 62 << 10

	// MaxBodyBytes is a length of body that fits beside any dependencies.
	MaxBodyBytes = MaxPlaintextBytes - 16 - MaxDeps*maxDepBytes

	maxDepBytes = 1 + 17 + 9 + 9
	maxSeq      = 1<<53 - 1
)

// Reasons why a payload cannot be used.
var (
	// ErrTooLarge means a payload does not fit into an entry.
	ErrTooLarge = errors.New("payload too large for one entry")
	// ErrDecrypt means the ciphertext is not of this key and header.
	ErrDecrypt = errors.New("ciphertext does not decrypt")
	// ErrInert means the ciphertext decrypts but is not what Seal makes of its
	// plaintext, or the plaintext is malformed. Every holder of the key finds
	// the same, so such an entry stays in its chain and contributes nothing.
	ErrInert = errors.New("payload is inert")
)

// Dep names an entry that has to be applied first.
type Dep struct {
	_     struct{} `cbor:",toarray"`
	Chain wire.ChainID
	Seq   uint64
	ID8   [8]byte // beginning of the entry's id
}

// Payload is what an entry says to those who can read it.
type Payload struct {
	Deps []Dep  // in ascending order of Chain, each chain once; at most MaxDeps
	Body []byte // a Yjs v1 update, or a comment record; empty when only deps are listed
}

// payloadBody is the encoded part of a plaintext.
type payloadBody struct {
	_    struct{} `cbor:",toarray"`
	Deps []Dep
	Body []byte
}

// checkDeps returns what is wrong with a list of dependencies.
func checkDeps(deps []Dep) error {
	if len(deps) > MaxDeps {
		return fmt.Errorf("%d dependencies", len(deps))
	}
	for i, d := range deps {
		if d.Seq > maxSeq {
			return fmt.Errorf("dependency on entry %d", d.Seq)
		}
		if i > 0 && bytes.Compare(deps[i-1].Chain[:], d.Chain[:]) >= 0 {
			return errors.New("dependencies are not in order")
		}
	}
	return nil
}

// plaintext encodes and pads the payload.
func (p Payload) plaintext() ([]byte, error) {
	if err := checkDeps(p.Deps); err != nil {
		return nil, err
	}
	return frame(payloadBody{Deps: p.Deps, Body: p.Body})
}

// parsePayload reads a plaintext, strictly.
func parsePayload(pt []byte) (Payload, error) {
	var body payloadBody
	if err := unframe(pt, &body); err != nil {
		return Payload{}, err
	}
	if err := checkDeps(body.Deps); err != nil {
		return Payload{}, err
	}
	return Payload{Deps: body.Deps, Body: body.Body}, nil
}
