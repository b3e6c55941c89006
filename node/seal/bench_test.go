package seal

import (
	"bytes"
	"testing"

	"github.com/sheafdocs/sheaf/node/wire"
)

// A header of about the usual length, and an update of 20 bytes with two
// dependencies.
var (
	benchAAD     = make([]byte, 140)
	benchPayload = Payload{Deps: deps(2), Body: bytes.Repeat([]byte{1}, 20)}
)

func BenchmarkSeal(b *testing.B) {
	s := testSealer(b, testKey, nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Seal(benchAAD, benchPayload); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	s := testSealer(b, testKey, nil)
	ct, err := s.Seal(benchAAD, benchPayload)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Open(benchAAD, ct); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpenLarge(b *testing.B) {
	s := testSealer(b, testKey, nil)
	ct, err := s.Seal(benchAAD, Payload{Body: make([]byte, 16<<10)})
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(16 << 10)
	for b.Loop() {
		if _, err := s.Open(benchAAD, ct); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNewSealer(b *testing.B) {
	for b.Loop() {
		testSealer(b, testKey, nil)
	}
}

func BenchmarkWrapKey(b *testing.B) {
	owner, guest := testIdentity(b, 1), testIdentity(b, 2)
	public, epoch := guest.SealPublic(), testKey.ID(owner.Device())
	for b.Loop() {
		if _, err := WrapKey(testKey, wire.DocID{8}, epoch, public, owner); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpenWrap(b *testing.B) {
	owner, guest := testIdentity(b, 1), testIdentity(b, 2)
	w, err := WrapKey(testKey, wire.DocID{8}, testKey.ID(owner.Device()), guest.SealPublic(), owner)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := OpenWrap(w, wire.DocID{8}, owner.Device(), guest.SealPrivate()); err != nil {
			b.Fatal(err)
		}
	}
}
