package access

import (
	"fmt"

	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/wire"
)

// Limits of a wrap. An epoch key under X-Wing takes 1,168 bytes.
const (
	MaxWrapCtBytes = 2 << 10
	MaxWrapBytes   = MaxWrapCtBytes + 256
)

// A Wrap carries an epoch key to the holder of one seal key. What is inside is
// node/seal's business; the record says who put it there.
type Wrap struct {
	Doc       wire.Doc16
	Epoch     wire.EpochID
	Recipient wire.SealHash
	Uploader  wire.Device
	Ct        []byte
	Sig       wire.Signature // the uploader's, under DomainWrap
}

type wrapHeader struct {
	_         struct{} `cbor:",toarray"`
	Ver       uint64
	Doc       wire.Doc16
	Epoch     wire.EpochID
	Recipient wire.SealHash
	Uploader  wire.Device
	Ct        []byte
}

// header returns the bytes that are signed.
func (w *Wrap) header() []byte {
	b, err := wire.Marshal(wrapHeader{
		Ver: wire.Version, Doc: w.Doc, Epoch: w.Epoch, Recipient: w.Recipient, Uploader: w.Uploader, Ct: w.Ct,
	})
	if err != nil {
		panic(fmt.Sprintf("access: encode wrap: %v", err)) // its fields always encode
	}
	return b
}

// Sign makes key's device the uploader and signs the wrap.
func (w *Wrap) Sign(key *identity.Key) error {
	if n := len(w.Ct); n == 0 || n > MaxWrapCtBytes {
		return fmt.Errorf("sign wrap: %w: %d bytes inside", ErrMalformed, n)
	}
	w.Uploader = key.Device()
	w.Sig = key.Sign(wire.DomainWrap, w.header())
	return nil
}

// Verify reports whether the uploader signed the wrap.
func (w *Wrap) Verify() bool { return wire.Verify(w.Uploader, wire.DomainWrap, w.header(), w.Sig) }

// Encode returns the record that DecodeWrap reads.
func (w *Wrap) Encode() ([]byte, error) {
	if n := len(w.Ct); n == 0 || n > MaxWrapCtBytes {
		return nil, fmt.Errorf("encode wrap: %w: %d bytes inside", ErrMalformed, n)
	}
	return wire.Marshal(envelope{Hdr: w.header(), Sig: w.Sig})
}

// DecodeWrap reads a wrap. Its signature is not verified here: see Verify.
func DecodeWrap(raw []byte) (*Wrap, error) {
	e, err := openEnvelope(raw, MaxWrapBytes)
	if err != nil {
		return nil, fmt.Errorf("read wrap: %w", err)
	}
	var h wrapHeader
	if err := wire.Unmarshal(e.Hdr, &h); err != nil {
		return nil, fmt.Errorf("read wrap: %w: %w", ErrMalformed, err)
	}
	if n := len(h.Ct); n == 0 || n > MaxWrapCtBytes {
		return nil, fmt.Errorf("read wrap: %w: %d bytes inside", ErrMalformed, n)
	}
	return &Wrap{Doc: h.Doc, Epoch: h.Epoch, Recipient: h.Recipient, Uploader: h.Uploader, Ct: h.Ct, Sig: e.Sig}, nil
}
