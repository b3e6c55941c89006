package access

import (
	"fmt"

	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/wire"
)

// MaxWrapBytes bounds the ciphertext of a wrap.
const MaxWrapBytes = 2 << 10

// Wrap is an epoch key encrypted for one recipient and signed by whoever made
// it. node/seal makes and opens the ciphertext.
type Wrap struct {
	Doc       wire.Doc16
	Epoch     wire.EpochID
	Recipient wire.SealHash
	Uploader  wire.Device
	Ct        []byte
	Sig       wire.Signature
}

// wrapBody is the signed part.
type wrapBody struct {
	_         struct{} `cbor:",toarray"`
	Ver       uint64
	Doc       wire.Doc16
	Epoch     wire.EpochID
	Recipient wire.SealHash
	Uploader  wire.Device
	Ct        []byte
}

func (w *Wrap) body() ([]byte, error) {
	return wire.Marshal(wrapBody{
		Ver: Version, Doc: w.Doc, Epoch: w.Epoch, Recipient: w.Recipient, Uploader: w.Uploader, Ct: w.Ct,
	})
}

// Sign signs the wrap as the key's device.
func (w *Wrap) Sign(key *identity.Key) error {
	w.Uploader = key.Device()
	body, err := w.body()
	if err != nil {
		return fmt.Errorf("encode wrap: %w", err)
	}
	w.Sig = key.Sign(wire.DomainWrap, body)
	return nil
}

// Verify says whether the uploader signed the wrap.
func (w *Wrap) Verify() bool {
	body, err := w.body()
	return err == nil && wire.Verify(w.Uploader, wire.DomainWrap, body, w.Sig)
}

// Encode returns the record's bytes.
func (w *Wrap) Encode() ([]byte, error) {
	body, err := w.body()
	if err != nil {
		return nil, fmt.Errorf("encode wrap: %w", err)
	}
	return wire.Marshal(signed{Hdr: body, Sig: w.Sig})
}

// DecodeWrap reads a record strictly, without verifying its signature.
func DecodeWrap(raw []byte) (*Wrap, error) {
	if len(raw) > MaxWrapBytes+512 {
		return nil, fmt.Errorf("%w: wrap of %d bytes", ErrTooLarge, len(raw))
	}
	var s signed
	if err := wire.Unmarshal(raw, &s); err != nil {
		return nil, fmt.Errorf("read wrap: %w", err)
	}
	ver, err := wire.ReadVersion(s.Hdr)
	if err != nil {
		return nil, fmt.Errorf("read wrap: %w", err)
	}
	if ver != Version {
		return nil, fmt.Errorf("read wrap: %w %d", wire.ErrUnknownVersion, ver)
	}
	var b wrapBody
	if err := wire.Unmarshal(s.Hdr, &b); err != nil {
		return nil, fmt.Errorf("read wrap: %w", err)
	}
	if len(b.Ct) > MaxWrapBytes {
		return nil, fmt.Errorf("%w: ciphertext of %d bytes", ErrTooLarge, len(b.Ct))
	}
	return &Wrap{Doc: b.Doc, Epoch: b.Epoch, Recipient: b.Recipient, Uploader: b.Uploader, Ct: b.Ct, Sig: s.Sig}, nil
}
