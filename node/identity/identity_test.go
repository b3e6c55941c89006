package identity_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/wire"
)

var update = flag.Bool("update", false, "write the vectors in docs/formats/vectors instead of checking them")

// hexBytes is written to JSON in hexadecimal.
type hexBytes []byte

// MarshalText implements encoding.TextMarshaler.
func (b hexBytes) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(b)), nil }

// checkVectors compares what this package makes with the file that says what it
// has to make.
func checkVectors(t *testing.T, name string, made any) {
	t.Helper()
	path := filepath.Join("..", "..", "docs", "formats", "vectors", name)
	b, err := json.MarshalIndent(made, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	b = append(b, '\n')
	if *update {
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b, want) {
		t.Errorf("%s says something else than\n%s", path, b)
	}
}

func testKey(t testing.TB, n byte) *identity.Key {
	t.Helper()
	var sign, seal [32]byte
	for i := range sign {
		sign[i], seal[i] = n, n+100
	}
	key, err := identity.FromSeeds(sign, seal)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func marshal(t testing.TB, key *identity.Key) []byte {
	t.Helper()
	b, err := key.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestVectors(t *testing.T) {
	key, other := testKey(t, 1), testKey(t, 2)
	local := key.LocalSecret("drafts")
	cert := key.Certify(key.UserID(), other.Device(), other.SealHash())
	device, seal, otherDevice, otherSeal := key.Device(), key.SealHash(), other.Device(), other.SealHash()
	hash := sha256.Sum256(key.SealPublic())
	if hash != seal {
		t.Fatal("the seal key's name is not its hash")
	}
	checkVectors(t, "identity.json", struct {
		Comment   string   `json:"comment"`
		SignSeed  hexBytes `json:"ed25519_seed"`
		SealSeed  hexBytes `json:"xwing_seed"`
		Device    hexBytes `json:"device"`
		DeviceStr string   `json:"device_text"`
		Seal      hexBytes `json:"seal_public"`
		SealHash  hexBytes `json:"seal_hash"`
		File      hexBytes `json:"key_file"`
		Label     string   `json:"local_label"`
		Local     hexBytes `json:"local_secret"`
		CertFor   hexBytes `json:"certified_device"`
		CertSeal  hexBytes `json:"certified_seal_hash"`
		Cert      hexBytes `json:"certificate"`
	}{
		"docs/formats/identity.md. A device, its key file, a secret of its own, and its certificate that another device is the same user's.",
		bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{101}, 32), device[:], device.String(), key.SealPublic(), seal[:],
		marshal(t, key), "drafts", local[:], otherDevice[:], otherSeal[:], cert[:],
	})
}

func TestKeyFileRoundTrip(t *testing.T) {
	key, err := identity.Generate(rand.NewChaCha8([32]byte{1}))
	if err != nil {
		t.Fatal(err)
	}
	back, err := identity.ParseKey(marshal(t, key))
	if err != nil {
		t.Fatal(err)
	}
	if back.Device() != key.Device() || back.SealHash() != key.SealHash() || !bytes.Equal(back.Seed(), key.Seed()) {
		t.Fatal("another key came back")
	}
	if back.LocalSecret("a") != key.LocalSecret("a") || key.LocalSecret("a") == key.LocalSecret("b") {
		t.Fatal("local secrets are wrong")
	}
	if err := wire.ValidDeviceKey(key.Device()); err != nil {
		t.Fatal(err)
	}
	if _, err := identity.Generate(bytes.NewReader(make([]byte, 63))); err == nil {
		t.Fatal("a key from too little randomness")
	}
}

func TestDamagedKeyFilesAreRefused(t *testing.T) {
	good := marshal(t, testKey(t, 1))
	for i := range good {
		for bit := range 8 {
			bad := bytes.Clone(good)
			bad[i] ^= 1 << bit
			if _, err := identity.ParseKey(bad); !errors.Is(err, identity.ErrKeyFile) && !errors.Is(err, wire.ErrUnknownVersion) {
				t.Fatalf("byte %d, bit %d: %v", i, bit, err)
			}
		}
		if _, err := identity.ParseKey(good[:i]); !errors.Is(err, identity.ErrKeyFile) {
			t.Fatalf("cut at %d: %v", i, err)
		}
	}
	if _, err := identity.ParseKey(append(bytes.Clone(good), 0)); !errors.Is(err, identity.ErrKeyFile) {
		t.Fatalf("a byte more: %v", err)
	}
	newer := bytes.Clone(good)
	newer[1] = 3
	if _, err := identity.ParseKey(newer); !errors.Is(err, wire.ErrUnknownVersion) || errors.Is(err, identity.ErrKeyFile) {
		t.Fatalf("a later version: %v", err)
	}
}

func TestCertificates(t *testing.T) {
	key, phone, eve := testKey(t, 1), testKey(t, 2), testKey(t, 3)
	cert := key.Certify(key.UserID(), phone.Device(), phone.SealHash())
	if !identity.VerifyCert(key.Device(), key.UserID(), phone.Device(), phone.SealHash(), cert) {
		t.Fatal("a good certificate does not verify")
	}
	for name, ok := range map[string]bool{
		"another signer":   identity.VerifyCert(eve.Device(), key.UserID(), phone.Device(), phone.SealHash(), cert),
		"another user":     identity.VerifyCert(key.Device(), eve.UserID(), phone.Device(), phone.SealHash(), cert),
		"another device":   identity.VerifyCert(key.Device(), key.UserID(), eve.Device(), phone.SealHash(), cert),
		"another seal key": identity.VerifyCert(key.Device(), key.UserID(), phone.Device(), eve.SealHash(), cert),
	} {
		if ok {
			t.Errorf("a certificate verifies for %s", name)
		}
	}
}

func FuzzParseKey(f *testing.F) {
	f.Add(marshal(f, testKey(f, 1)))
	f.Add([]byte{0x84, 1})
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		key, err := identity.ParseKey(b)
		if err != nil {
			return
		}
		if again, err := key.Marshal(); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("took %x, gives back %x, %v", b, again, err)
		}
	})
}

func Example() {
	key, err := identity.Generate(rand.NewChaCha8([32]byte{1})) // crypto/rand.Reader in earnest
	if err != nil {
		fmt.Println(err)
		return
	}
	sig := key.Sign(wire.DomainReceipt, []byte("what is signed"))
	fmt.Println(wire.Verify(key.Device(), wire.DomainReceipt, []byte("what is signed"), sig))
	fmt.Println(wire.Verify(key.Device(), wire.DomainEntry, []byte("what is signed"), sig))
	// Output:
	// true
	// false
}
