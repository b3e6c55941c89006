package seal

import (
	"crypto/hpke"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/wire"
)

// Lengths of a wrap's ciphertext: the encapsulated key of X-Wing, then the
// epoch key and its tag.
const (
	wrapEncBytes = 1120
	wrapCtBytes  = wrapEncBytes + len(EpochKey{}) + 16
)

// ErrWrap means a wrap does not give its recipient the key it names.
var ErrWrap = errors.New("wrap does not hold the epoch's key")

// wrapInfo binds a wrap to its document, epoch and rotator.
type wrapInfo struct {
	_      struct{} `cbor:",toarray"`
	Use    string
	Doc    wire.DocID
	Epoch  wire.EpochID
	Device wire.Device
}

// info encodes what a wrap is bound to.
func info(doc wire.DocID, epoch wire.EpochID, uploader wire.Device) ([]byte, error) {
	b, err := wire.Marshal(wrapInfo{Use: string(wire.DomainWrap), Doc: doc, Epoch: epoch, Device: uploader})
	if err != nil {
		return nil, fmt.Errorf("encode wrap info: %w", err)
	}
	return b, nil
}

// WrapKey encrypts an epoch key to the public half of a recipient's seal key,
// and signs the record as the uploader. It draws randomness from crypto/rand.
func WrapKey(ek EpochKey, doc wire.DocID, epoch wire.EpochID, recipient []byte, uploader *identity.Key) (*access.Wrap, error) {
	public, err := hpke.MLKEM768X25519().NewPublicKey(recipient)
	if err != nil {
		return nil, fmt.Errorf("read recipient's seal key: %w", err)
	}
	bound, err := info(doc, epoch, uploader.Device())
	if err != nil {
		return nil, err
	}
	ct, err := hpke.Seal(public, hpke.HKDFSHA256(), hpke.ChaCha20Poly1305(), bound, ek[:])
	if err != nil {
		return nil, fmt.Errorf("wrap epoch key: %w", err)
	}
	w := &access.Wrap{
		Doc:       doc.Short(),
		Epoch:     epoch,
		Recipient: wire.SealHash(sha256.Sum256(recipient)),
		Uploader:  uploader.Device(),
		Ct:        ct,
	}
	if err := w.Sign(uploader); err != nil {
		return nil, fmt.Errorf("sign wrap: %w", err)
	}
	return w, nil
}

// OpenWrap decrypts a wrap with the recipient's seal key and checks that the
// key is the one that the rotator announced under the wrap's epoch id, so that
// an uploader cannot pass off another. The record's signature is not verified
// here. The error is ErrWrap for whatever is wrong with the wrap.
func OpenWrap(w *access.Wrap, doc wire.DocID, rotator wire.Device, recipient hpke.PrivateKey) (EpochKey, error) {
	if w.Doc != doc.Short() || len(w.Ct) != wrapCtBytes {
		return EpochKey{}, fmt.Errorf("open wrap: %w", ErrWrap)
	}
	bound, err := info(doc, w.Epoch, w.Uploader)
	if err != nil {
		return EpochKey{}, err
	}
	pt, err := hpke.Open(recipient, hpke.HKDFSHA256(), hpke.ChaCha20Poly1305(), bound, w.Ct)
	if err != nil || len(pt) != len(EpochKey{}) {
		return EpochKey{}, fmt.Errorf("open wrap: %w: it does not decrypt", ErrWrap)
	}
	ek := EpochKey(pt)
	if ek.ID(rotator) != w.Epoch {
		return EpochKey{}, fmt.Errorf("open wrap: %w: its key has another id", ErrWrap)
	}
	return ek, nil
}
