package identity

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"io"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/chacha20poly1305"

	"github.com/sheafdocs/sheaf/node/wire"
)

// Errors of protected key files.
var (
	// ErrLocked says that a key file is whole and its passphrase is needed.
	ErrLocked = errors.New("the device key is locked with a passphrase")
	// ErrPassphrase says that a key file is whole and the passphrase another.
	ErrPassphrase = errors.New("wrong passphrase")
	// ErrPassphraseLength refuses to protect a key with such a passphrase.
	ErrPassphraseLength = fmt.Errorf("a passphrase has %d to %d bytes", MinPassphraseBytes, MaxPassphraseBytes)
)

// Limits on passphrases.
const (
	MinPassphraseBytes = 8
	MaxPassphraseBytes = 1 << 10
)

// Stretch says how a passphrase becomes a key: the parameters of Argon2id,
// which lie in the key file. The zero value is the second recommendation of RFC 9106: 64 MiB, three passes, four lanes.
type Stretch struct {
	Passes    uint32 // over the memory
	MemoryKiB uint32
	Lanes     uint8
}

// Limits on what a key file may ask for: a file made by somebody else must not
// take all memory or hours.
const (
	maxPasses    = 16
	maxMemoryKiB = 1 << 20 // 1 GiB
	maxLanes     = 16
)

func (s Stretch) check() error {
	switch {
	case s.Passes < 1 || s.Passes > maxPasses:
		return fmt.Errorf("%d passes, 1 to %d are allowed", s.Passes, maxPasses)
	case s.Lanes < 1 || s.Lanes > maxLanes:
		return fmt.Errorf("%d lanes, 1 to %d are allowed", s.Lanes, maxLanes)
	case s.MemoryKiB < 8*uint32(s.Lanes) || s.MemoryKiB > maxMemoryKiB:
		return fmt.Errorf("%d KiB of memory, 8 for each lane to %d are allowed", s.MemoryKiB, maxMemoryKiB)
	}
	return nil
}

// protectedVersion is the version of a key file with a passphrase.
const protectedVersion = 2

const (
	saltBytes      = 16
	protectedBytes = 2*seedBytes + chacha20poly1305.Overhead
)

// protectedFile is a key as it lies in its file under a passphrase.
type protectedFile struct {
	_         struct{} `cbor:",toarray"`
	Ver       uint64
	Device    wire.Device
	Passes    uint32
	MemoryKiB uint32
	Lanes     uint8
	Salt      [saltBytes]byte
	Nonce     [chacha20poly1305.NonceSizeX]byte
	Sealed    [protectedBytes]byte
	Check     [8]byte // first bytes of a hash over the rest: tells damage from a wrong passphrase
}

// protectedHead is what the ciphertext is bound to.
type protectedHead struct {
	_         struct{} `cbor:",toarray"`
	Ver       uint64
	Device    wire.Device
	Passes    uint32
	MemoryKiB uint32
	Lanes     uint8
	Salt      [saltBytes]byte
}

func (f *protectedFile) aad() ([]byte, error) {
	head, err := wire.Marshal(protectedHead{
		Ver: f.Ver, Device: f.Device, Passes: f.Passes, MemoryKiB: f.MemoryKiB, Lanes: f.Lanes, Salt: f.Salt,
	})
	if err != nil {
		return nil, err
	}
	return wire.DomainKeyFile.Bytes(head), nil
}

func (f *protectedFile) check() ([8]byte, error) {
	aad, err := f.aad()
	if err != nil {
		return [8]byte{}, err
	}
	sum := wire.DomainKeyFile.Sum(append(append(aad, f.Nonce[:]...), f.Sealed[:]...))
	return [8]byte(sum[:8]), nil
}

func (f *protectedFile) stretch() Stretch {
	return Stretch{Passes: f.Passes, MemoryKiB: f.MemoryKiB, Lanes: f.Lanes}
}

// MarshalProtected encodes the key for a file that only the passphrase opens.
func (k *Key) MarshalProtected(rand io.Reader, passphrase string, s Stretch) ([]byte, error) {
	if n := len(passphrase); n < MinPassphraseBytes || n > MaxPassphraseBytes {
		return nil, ErrPassphraseLength
	}
	if s == (Stretch{}) {
		s = Stretch{Passes: 3, MemoryKiB: 64 << 10, Lanes: 4}
	}
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("protect device key: %w", err)
	}
	f := protectedFile{Ver: protectedVersion, Device: k.device, Passes: s.Passes, MemoryKiB: s.MemoryKiB, Lanes: s.Lanes}
	for _, b := range [][]byte{f.Salt[:], f.Nonce[:]} {
		if _, err := io.ReadFull(rand, b); err != nil {
			return nil, fmt.Errorf("read randomness: %w", err)
		}
	}
	aad, err := f.aad()
	if err != nil {
		return nil, fmt.Errorf("protect device key: %w", err)
	}
	aead, err := chacha20poly1305.NewX(f.derive(passphrase))
	if err != nil {
		return nil, fmt.Errorf("protect device key: %w", err)
	}
	plain := append(append(make([]byte, 0, 2*seedBytes), k.signSeed[:]...), k.sealSeed[:]...)
	copy(f.Sealed[:], aead.Seal(nil, f.Nonce[:], plain, aad))
	clear(plain)
	if f.Check, err = f.check(); err != nil {
		return nil, fmt.Errorf("protect device key: %w", err)
	}
	return wire.Marshal(f)
}

func (f *protectedFile) derive(passphrase string) []byte {
	return argon2.IDKey([]byte(passphrase), f.Salt[:], f.Passes, f.MemoryKiB, f.Lanes, chacha20poly1305.KeySize)
}

// ParseProtected reads a key file, with or without a passphrase on it; for one
// without, the passphrase is not looked at. Beside the errors of ParseKey there
// is ErrPassphrase.
func ParseProtected(b []byte, passphrase string) (*Key, error) {
	key, err := ParseKey(b)
	if !errors.Is(err, ErrLocked) {
		return key, err
	}
	f, err := readProtected(b)
	if err != nil {
		return nil, err
	}
	if len(passphrase) > MaxPassphraseBytes {
		return nil, ErrPassphrase
	}
	aad, err := f.aad()
	if err != nil {
		return nil, fmt.Errorf("open device key: %w", err)
	}
	aead, err := chacha20poly1305.NewX(f.derive(passphrase))
	if err != nil {
		return nil, fmt.Errorf("open device key: %w", err)
	}
	plain, err := aead.Open(nil, f.Nonce[:], f.Sealed[:], aad)
	if err != nil {
		return nil, ErrPassphrase
	}
	defer clear(plain)
	key, err = FromSeeds([seedBytes]byte(plain[:seedBytes]), [seedBytes]byte(plain[seedBytes:]))
	if err != nil {
		return nil, err
	}
	if key.device != f.Device {
		return nil, fmt.Errorf("%w: it holds the key of another device", ErrKeyFile)
	}
	return key, nil
}

// readProtected reads a protected file without opening it.
func readProtected(b []byte) (*protectedFile, error) {
	f := new(protectedFile)
	if err := wire.Unmarshal(b, f); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeyFile, err)
	}
	check, err := f.check()
	if err != nil || subtle.ConstantTimeCompare(check[:], f.Check[:]) != 1 {
		return nil, fmt.Errorf("%w: its checksum does not match", ErrKeyFile)
	}
	if err := f.stretch().check(); err != nil {
		return nil, fmt.Errorf("%w: it asks for %w", ErrKeyFile, err)
	}
	return f, nil
}

// Erase overwrites what it can of the key's secrets, when the key is not used
// any more. Copies that the runtime or other packages made are out of reach;
// SECURITY.md says so.
func (k *Key) Erase() {
	clear(k.signSeed[:])
	clear(k.sealSeed[:])
	clear(k.sign)
	k.seal = nil
}
