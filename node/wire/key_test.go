package wire

import (
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"testing"

	"filippo.io/edwards25519"
)

func TestVerifyKeepsDomainsApart(t *testing.T) {
	key := ed25519.NewKeyFromSeed(make([]byte, 32))
	d := Device(key.Public().(ed25519.PublicKey))
	body := []byte("body")
	sig := Sign(key, DomainACL, body)
	if !Verify(d, DomainACL, body, sig) {
		t.Fatal("a good signature does not verify")
	}
	if Verify(d, DomainEntry, body, sig) || Verify(d, DomainACL, []byte("other"), sig) || Verify(Device{1}, DomainACL, body, sig) {
		t.Fatal("a signature verifies for something else")
	}
	for i := range sig {
		bad := sig
		bad[i] ^= 1
		if Verify(d, DomainACL, body, bad) {
			t.Fatalf("verifies with byte %d changed", i)
		}
	}
}

func TestValidDeviceKey(t *testing.T) {
	good := Device(ed25519.NewKeyFromSeed(make([]byte, 32)).Public().(ed25519.PublicKey))
	if err := ValidDeviceKey(good); err != nil {
		t.Fatal(err)
	}
	bad := map[string]Device{}
	// The eight points of small order (one of them the identity), and some of
	// their non-canonical encodings.
	for name, s := range map[string]string{
		"identity":                        "0100000000000000000000000000000000000000000000000000000000000000",
		"order 2":                         "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"order 4":                         "0000000000000000000000000000000000000000000000000000000000000000",
		"order 4, other sign":             "0000000000000000000000000000000000000000000000000000000000000080",
		"order 8":                         "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
		"order 8, other sign":             "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
		"order 8, second":                 "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
		"order 8, second, other sign":     "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
		"identity, negative zero":         "0100000000000000000000000000000000000000000000000000000000000080",
		"identity, y beyond the field":    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"order 4, y beyond the field":     "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"order 2, negative zero":          "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
		"not on the curve":                "0200000000000000000000000000000000000000000000000000000000000000",
		"beyond the field, not canonical": "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	} {
		b, err := hex.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		bad[name] = Device(b)
	}
	// A good key with a point of small order added: not torsion-free.
	p, err := edwards25519.NewIdentityPoint().SetBytes(good[:])
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"order 2", "order 4", "order 8", "order 8, second, other sign"} {
		d := bad[name]
		q, err := edwards25519.NewIdentityPoint().SetBytes(d[:])
		if err != nil {
			t.Fatal(err)
		}
		bad["a good key plus a point of "+name] = Device(q.Add(p, q).Bytes())
	}
	for name, d := range bad {
		if err := ValidDeviceKey(d); !errors.Is(err, ErrDeviceKey) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func BenchmarkValidDeviceKey(b *testing.B) {
	d := Device(ed25519.NewKeyFromSeed(make([]byte, 32)).Public().(ed25519.PublicKey))
	for b.Loop() {
		if err := ValidDeviceKey(d); err != nil {
			b.Fatal(err)
		}
	}
}
