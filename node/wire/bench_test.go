package wire

import "testing"

// BenchmarkRecord encodes and decodes a record with the usual number of ids.
func BenchmarkRecord(b *testing.B) {
	type record struct {
		_    struct{} `cbor:",toarray"`
		Ver  uint64
		Doc  Doc16
		By   Device
		Prev []OpID
		Sig  Signature
	}
	in := record{Ver: Version, Doc: Doc16{1}, By: Device{2}, Prev: []OpID{{3}, {4}}, Sig: Signature{5}}
	raw, err := Marshal(in)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("encode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := Marshal(in); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("decode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var out record
			if err := Unmarshal(raw, &out); err != nil {
				b.Fatal(err)
			}
		}
	})
}
