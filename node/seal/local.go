package seal

import (
	"crypto/cipher"
	"fmt"
	"io"

	"golang.org/x/crypto/chacha20poly1305"
)

// localVersion is the first byte of every local record.
const localVersion = 1

// MaxLocalBytes limits a local record's plaintext.
const MaxLocalBytes = 1 << 20

// Local seals records that stay on this device: drafts, the keyring. It is
// safe for concurrent use.
type Local struct{ aead cipher.AEAD }

// NewLocal makes the sealer of a secret, which should serve nothing else.
func NewLocal(secret [32]byte) *Local {
	aead, err := chacha20poly1305.NewX(secret[:])
	if err != nil {
		panic("seal: XChaCha20-Poly1305 refused a 32-byte key: " + err.Error())
	}
	return &Local{aead}
}

// Seal encrypts a record, bound to aad (the place where it is kept, so that
// records cannot be exchanged). The nonce is drawn from rand.
func (l *Local) Seal(rand io.Reader, pt, aad []byte) ([]byte, error) {
	if len(pt) > MaxLocalBytes {
		return nil, fmt.Errorf("seal record: %w: %d bytes", ErrTooLarge, len(pt))
	}
	record := make([]byte, 1+nonceBytes, 1+len(pt)+overheadBytes)
	record[0] = localVersion
	nonce := record[1:]
	if _, err := io.ReadFull(rand, nonce); err != nil {
		return nil, fmt.Errorf("draw nonce: %w", err)
	}
	return l.aead.Seal(record, nonce, pt, aad), nil
}

// Open decrypts a record. The error is ErrDecrypt for whatever is wrong.
func (l *Local) Open(record, aad []byte) ([]byte, error) {
	if len(record) < 1+overheadBytes || len(record) > 1+MaxLocalBytes+overheadBytes || record[0] != localVersion {
		return nil, fmt.Errorf("open record: %w", ErrDecrypt)
	}
	pt, err := l.aead.Open(nil, record[1:1+nonceBytes], record[1+nonceBytes:], aad)
	if err != nil {
		return nil, fmt.Errorf("open record: %w", ErrDecrypt)
	}
	return pt, nil
}
