package identity_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/wire"
)

// quick stretches a passphrase as little as is allowed.
var quick = identity.Stretch{Passes: 1, MemoryKiB: 64, Lanes: 1}

const passphrase = "correct horse battery staple"

func protect(t testing.TB, key *identity.Key, s identity.Stretch) []byte {
	t.Helper()
	b, err := key.MarshalProtected(rand.NewChaCha8([32]byte{7}), passphrase, s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestProtectedKeyFile(t *testing.T) {
	key := testKey(t, 1)
	for name, s := range map[string]identity.Stretch{"quick": quick, "default": {}} {
		b := protect(t, key, s)
		if len(b) > identity.MaxKeyFileBytes {
			t.Fatalf("%s: %d bytes", name, len(b))
		}
		if _, err := identity.ParseKey(b); !errors.Is(err, identity.ErrLocked) {
			t.Errorf("%s: read without a passphrase: %v", name, err)
		}
		back, err := identity.ParseProtected(b, passphrase)
		if err != nil || !bytes.Equal(marshal(t, back), marshal(t, key)) {
			t.Errorf("%s: another key came back: %v", name, err)
		}
		for _, wrong := range []string{"", "correct horse battery stapl", passphrase + " ", strings.Repeat("x", 2<<10)} {
			if _, err := identity.ParseProtected(b, wrong); !errors.Is(err, identity.ErrPassphrase) {
				t.Errorf("%s: passphrase %.30q: %v", name, wrong, err)
			}
		}
		plain := marshal(t, key)
		if bytes.Contains(b, plain[3:20]) || bytes.Contains(b, key.Seed()[:8]) {
			t.Errorf("%s: the file holds the seed in clear", name)
		}
	}
	back, err := identity.ParseProtected(marshal(t, key), "whatever")
	if err != nil || back.Device() != key.Device() {
		t.Errorf("an unprotected file: %v", err)
	}
}

func TestProtectedVector(t *testing.T) {
	key := testKey(t, 1)
	device := key.Device()
	checkVectors(t, "keyfile.json", struct {
		Comment    string   `json:"comment"`
		SignSeed   hexBytes `json:"ed25519_seed"`
		SealSeed   hexBytes `json:"xwing_seed"`
		Device     hexBytes `json:"device"`
		Passphrase string   `json:"passphrase"`
		File       hexBytes `json:"key_file"`
	}{
		"docs/formats/identity.md. A device's key file with a passphrase; 1 pass over 64 KiB in 1 lane, far less than a node writes.",
		bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{101}, 32), device[:], passphrase, protect(t, key, quick),
	})
}

func TestPassphraseLength(t *testing.T) {
	for _, p := range []string{"", "seven77", strings.Repeat("x", identity.MaxPassphraseBytes+1)} {
		if _, err := testKey(t, 1).MarshalProtected(rand.NewChaCha8([32]byte{}), p, quick); !errors.Is(err, identity.ErrPassphraseLength) {
			t.Errorf("a passphrase of %d bytes: %v", len(p), err)
		}
	}
}

// TestDamagedProtectedKeyFiles flips every bit: damage is told from a wrong
// passphrase, and no damaged file makes Argon2 run with parameters of its own.
func TestDamagedProtectedKeyFiles(t *testing.T) {
	good := protect(t, testKey(t, 1), quick)
	for i := range good {
		for bit := range 8 {
			bad := bytes.Clone(good)
			bad[i] ^= 1 << bit
			_, err := identity.ParseProtected(bad, passphrase)
			if !errors.Is(err, identity.ErrKeyFile) && !errors.Is(err, wire.ErrUnknownVersion) {
				t.Fatalf("byte %d, bit %d: %v", i, bit, err)
			}
		}
		if _, err := identity.ParseProtected(good[:i], passphrase); !errors.Is(err, identity.ErrKeyFile) {
			t.Fatalf("cut at %d: %v", i, err)
		}
	}
}

func TestStretchLimits(t *testing.T) {
	for _, s := range []identity.Stretch{
		{Passes: 17, MemoryKiB: 64, Lanes: 1}, {Passes: 1, MemoryKiB: 1<<20 + 1, Lanes: 1},
		{Passes: 1, MemoryKiB: 64, Lanes: 17}, {Passes: 1, MemoryKiB: 7, Lanes: 1}, {MemoryKiB: 64, Lanes: 1},
	} {
		if _, err := testKey(t, 1).MarshalProtected(rand.NewChaCha8([32]byte{}), passphrase, s); err == nil {
			t.Errorf("%+v was taken", s)
		}
	}
	// A whole file that asks for too much is refused before memory is taken.
	greedy := identity.ProtectedWith(testKey(t, 1), identity.Stretch{Passes: 1, MemoryKiB: 1 << 30, Lanes: 1})
	if _, err := identity.ParseProtected(greedy, passphrase); !errors.Is(err, identity.ErrKeyFile) {
		t.Errorf("a file that asks for a terabyte: %v", err)
	}
}

func TestErase(t *testing.T) {
	key := testKey(t, 1)
	key.Erase()
	if !bytes.Equal(key.Seed(), make([]byte, 32)) {
		t.Error("the seed is still there")
	}
}

func FuzzParseProtected(f *testing.F) {
	f.Add(protect(f, testKey(f, 1), quick))
	f.Add(marshal(f, testKey(f, 1)))
	f.Fuzz(func(t *testing.T, b []byte) {
		// Only what comes before Argon2 is of interest, and takes foreign bytes.
		if _, err := identity.ParseKey(b); err == nil || errors.Is(err, identity.ErrLocked) {
			if len(b) > identity.MaxKeyFileBytes {
				t.Fatalf("took %d bytes", len(b))
			}
		}
	})
}
