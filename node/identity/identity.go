// Package identity is who a device is: an Ed25519 key that signs and names it,
// and an HPKE key that others wrap document keys for.
//
// The main type is [Key], a device's private half, with its file ([ParseKey]),
// its signatures, the certificates it gives other devices of the same user
// ([VerifyCert]), and the secrets under which it keeps its own records.
//
// The package promises that a damaged key file is told from a good one, and that
// keys for different uses do not tell of each other. It leaves out what a device
// may do (node/access) and where its key file lies (cmd). The bytes are specified
// in docs/formats/identity.md.
package identity

import (
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/hpke"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	"github.com/sheafdocs/sheaf/node/wire"
)

// KEM is the key encapsulation of every wrapped key: X-Wing, which combines
// ML-KEM-768 with X25519.
func KEM() hpke.KEM { return hpke.MLKEM768X25519() }

// SealPublicBytes is the length of an encoded public seal key.
const SealPublicBytes = 1216

const seedBytes = 32

// ErrKeyFile is returned for bytes that are not an intact key file.
var ErrKeyFile = errors.New("not an intact device key")

// Key is the private half of a device. It is immutable and safe for concurrent
// use.
type Key struct {
	signSeed [seedBytes]byte
	sealSeed [seedBytes]byte
	sign     ed25519.PrivateKey
	seal     hpke.PrivateKey
	public   []byte // encoded public seal key
	device   wire.Device
	sealHash wire.SealHash
}

// Generate makes a new device key from 64 bytes of randomness.
func Generate(rand io.Reader) (*Key, error) {
	var seeds [2 * seedBytes]byte
	if _, err := io.ReadFull(rand, seeds[:]); err != nil {
		return nil, fmt.Errorf("read randomness: %w", err)
	}
	return FromSeeds([seedBytes]byte(seeds[:seedBytes]), [seedBytes]byte(seeds[seedBytes:]))
}

// FromSeeds makes the key of given Ed25519 and X-Wing seeds.
func FromSeeds(sign, seal [32]byte) (*Key, error) {
	k := &Key{signSeed: sign, sealSeed: seal, sign: ed25519.NewKeyFromSeed(sign[:])}
	priv, err := KEM().NewPrivateKey(seal[:])
	if err != nil {
		return nil, fmt.Errorf("make seal key: %w", err)
	}
	k.seal = priv
	k.public = priv.PublicKey().Bytes()
	k.device = wire.Device(k.sign.Public().(ed25519.PublicKey))
	k.sealHash = HashSeal(k.public)
	return k, nil
}

// HashSeal names an encoded public seal key.
func HashSeal(public []byte) wire.SealHash { return sha256.Sum256(public) }

// keyFile is a key as it lies in its file.
type keyFile struct {
	_     struct{} `cbor:",toarray"`
	Ver   uint64
	Sign  [seedBytes]byte
	Seal  [seedBytes]byte
	Check [8]byte // first bytes of a hash over both seeds: tells damage
}

func (f *keyFile) check() [8]byte {
	sum := wire.DomainKeyFile.Sum(append(f.Sign[:], f.Seal[:]...))
	return [8]byte(sum[:8])
}

// MaxKeyFileBytes bounds a key file.
const MaxKeyFileBytes = 1 << 10

// Marshal encodes the key for its file. Whoever reads the file is the device.
func (k *Key) Marshal() ([]byte, error) {
	f := keyFile{Ver: wire.Version, Sign: k.signSeed, Seal: k.sealSeed}
	f.Check = f.check()
	return wire.Marshal(f)
}

// ParseKey reads a key file. The error wraps ErrKeyFile, or
// wire.ErrUnknownVersion for a file that a later version of the program wrote.
// It is ErrLocked for one that ParseProtected reads.
func ParseKey(b []byte) (*Key, error) {
	if len(b) > MaxKeyFileBytes {
		return nil, fmt.Errorf("%w: it has more than %d bytes", ErrKeyFile, MaxKeyFileBytes)
	}
	if version, err := wire.ReadVersion(b); errors.Is(err, wire.ErrUnknownVersion) && version == protectedVersion {
		if _, err := readProtected(b); err != nil {
			return nil, err
		}
		return nil, ErrLocked
	} else if errors.Is(err, wire.ErrUnknownVersion) {
		return nil, fmt.Errorf("read key file: %w", err)
	} else if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeyFile, err)
	}
	var f keyFile
	if err := wire.Unmarshal(b, &f); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeyFile, err)
	}
	if f.check() != f.Check {
		return nil, fmt.Errorf("%w: its checksum does not match", ErrKeyFile)
	}
	return FromSeeds(f.Sign, f.Seal)
}

// Device is the public half: the name of the device, and its peer identity.
func (k *Key) Device() wire.Device { return k.device }

// UserID labels the user of the device: without a paper key, the device's own
// public key.
func (k *Key) UserID() wire.UserID { return wire.UserID(k.device) }

// Seed is the Ed25519 seed, from which the libp2p host makes its identity.
func (k *Key) Seed() []byte { return append([]byte(nil), k.signSeed[:]...) }

// Sign signs body under a domain.
func (k *Key) Sign(d wire.Domain, body []byte) wire.Signature {
	return wire.Sign(k.sign, d, body)
}

// SealPublic is the encoded public key that others wrap keys for.
func (k *Key) SealPublic() []byte { return append([]byte(nil), k.public...) }

// SealHash names the public seal key in ops.
func (k *Key) SealHash() wire.SealHash { return k.sealHash }

// SealPrivate opens what was wrapped for this device.
func (k *Key) SealPrivate() hpke.PrivateKey { return k.seal }

// LocalSecret derives a key for encrypting this device's own records at rest.
// Different labels give unrelated keys.
func (k *Key) LocalSecret(label string) [32]byte {
	out, err := hkdf.Key(sha256.New, append(k.signSeed[:], k.sealSeed[:]...), nil, "sheaf/1/local/"+label, 32)
	if err != nil {
		panic(err) // only for lengths beyond HKDF's limit
	}
	return [32]byte(out)
}
