package seal

import (
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"

	"golang.org/x/crypto/chacha20poly1305"

	"github.com/sheafdocs/sheaf/node/wire"
)

// Bytes that encryption adds to a plaintext.
const (
	nonceBytes    = chacha20poly1305.NonceSizeX
	overheadBytes = nonceBytes + chacha20poly1305.Overhead
)

// Chain names the chain whose entries a Sealer is for.
type Chain struct {
	Doc    wire.DocID
	Device wire.Device
	Auth   wire.Auth
	Inc    uint32
}

// Sealer encrypts and opens the entries of one chain in one epoch. It is safe
// for concurrent use; keep it, for making one derives two keys.
type Sealer struct{ c synthetic }

// NewSealer derives the keys of a chain.
func NewSealer(ek EpochKey, chain Chain) (*Sealer, error) {
	c, err := newSynthetic(ek, func(label string) any {
		return chainInfo{Use: "sheaf/1/k", Doc: chain.Doc, Device: chain.Device, Auth: chain.Auth, Inc: chain.Inc, Label: label}
	})
	if err != nil {
		return nil, fmt.Errorf("derive chain keys: %w", err)
	}
	return &Sealer{c}, nil
}

// chainInfo separates the keys of chains.
type chainInfo struct {
	_      struct{} `cbor:",toarray"`
	Use    string
	Doc    wire.DocID
	Device wire.Device
	Auth   wire.Auth
	Inc    uint32
	Label  string
}

// Seal encrypts a payload, bound to aad (the entry's header with an empty
// ciphertext hash). The same payload and aad always give the same ciphertext.
// The error is ErrTooLarge when it does not fit into an entry.
func (s *Sealer) Seal(aad []byte, p Payload) ([]byte, error) {
	pt, err := p.plaintext()
	if err != nil {
		return nil, fmt.Errorf("seal payload: %w", err)
	}
	return s.c.seal(aad, pt), nil
}

// Open decrypts a ciphertext. The error is ErrDecrypt or ErrInert; both are
// the same for everyone who holds the key.
func (s *Sealer) Open(aad, ct []byte) (Payload, error) {
	pt, err := s.c.open(aad, ct)
	if err != nil {
		return Payload{}, fmt.Errorf("open payload: %w", err)
	}
	p, err := parsePayload(pt)
	if err != nil {
		return Payload{}, fmt.Errorf("open payload: %w: %w", ErrInert, err)
	}
	return p, nil
}

// synthetic is XChaCha20-Poly1305 with the nonce computed from what is
// encrypted: HMAC-SHA256(kn, aad ‖ plaintext), shortened.
type synthetic struct {
	aead cipher.AEAD
	kn   [32]byte
}

// newSynthetic derives both keys of a cipher; info gives the HKDF info of a
// label.
func newSynthetic(ek EpochKey, info func(label string) any) (synthetic, error) {
	var keys [2][32]byte
	for i, label := range []string{"enc", "nonce"} {
		b, err := wire.Marshal(info(label))
		if err != nil {
			return synthetic{}, fmt.Errorf("encode key info: %w", err)
		}
		keys[i] = derive(ek[:], string(b))
	}
	aead, err := chacha20poly1305.NewX(keys[0][:])
	if err != nil {
		return synthetic{}, fmt.Errorf("make cipher: %w", err)
	}
	return synthetic{aead, keys[1]}, nil
}

// nonce appends the nonce of a plaintext to dst.
func (s *synthetic) nonce(dst, aad, pt []byte) []byte {
	mac := hmac.New(sha256.New, s.kn[:])
	mac.Write(aad)
	mac.Write(pt)
	var sum [32]byte
	return append(dst, mac.Sum(sum[:0])[:nonceBytes]...)
}

func (s *synthetic) seal(aad, pt []byte) []byte {
	ct := s.nonce(make([]byte, 0, len(pt)+overheadBytes), aad, pt)
	return s.aead.Seal(ct, ct[:nonceBytes], pt, aad)
}

// open decrypts and checks that the nonce is the plaintext's own.
func (s *synthetic) open(aad, ct []byte) ([]byte, error) {
	if len(ct) < overheadBytes || len(ct) > MaxPlaintextBytes+overheadBytes {
		return nil, fmt.Errorf("%w: %d bytes", ErrDecrypt, len(ct))
	}
	pt, err := s.aead.Open(nil, ct[:nonceBytes], ct[nonceBytes:], aad)
	if err != nil {
		return nil, ErrDecrypt
	}
	var want [nonceBytes]byte
	if !hmac.Equal(s.nonce(want[:0], aad, pt), ct[:nonceBytes]) {
		return nil, fmt.Errorf("%w: nonce is not the plaintext's", ErrInert)
	}
	return pt, nil
}
