package lib0

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// TestBuffer moves bytes out in pieces that are not the chunks they came in.
func TestBuffer(t *testing.T) {
	const seed = 1
	r := rand.New(rand.NewPCG(seed, 0))
	var b Buffer
	var want, got, buf []byte
	for len(want) < 5*ChunkBytes {
		part := bytes.Repeat([]byte{byte(r.Uint32())}, r.IntN(3000))
		want, buf = append(want, part...), append(buf, part...)
		buf = b.Spill(buf)
	}
	b.Add(buf)
	if b.Len() != len(want) || len(b.chunks) < 5 {
		t.Fatalf("%d bytes in %d chunks, want %d", b.Len(), len(b.chunks), len(want))
	}
	for b.Len() > 0 {
		got = b.MoveTo(got, min(b.Len(), r.IntN(10_000)))
	}
	if !bytes.Equal(got, want) {
		t.Error("other bytes come out than went in")
	}
}

// TestLongColumns writes columns of many chunks, twice with the same writers, and
// reads them again.
func TestLongColumns(t *testing.T) {
	var u UintColumnWriter
	var d IntDiffColumnWriter
	var b ByteColumnWriter
	var s StringColumnWriter
	const n = 3 * ChunkBytes
	for round := range uint64(2) {
		for i := range uint64(n) {
			u.Add(i + round)
			d.Add(i * i % 1000)
			b.Add(byte(i))
			s.AddString(string(rune('a' + i%7)))
			if i%100 == 0 {
				s.AddString("éé")
			}
		}
		size := u.End() + d.End() + b.End() + s.End()
		out := s.Append(b.Append(d.Append(u.Append(nil))))
		if len(out) != size {
			t.Fatalf("%d bytes, promised %d", len(out), size)
		}
		in := NewDecoder(out)
		uints, diffs, single, text := in.UintColumn(), in.IntDiffColumn(), in.ByteColumn(), in.StringColumn()
		for i := range uint64(n) {
			got, _ := text.Next(in)
			if uints.Next(in) != i+round || diffs.Next(in) != i*i%1000 || single.Next(in) != byte(i) || string(got) != string(rune('a'+i%7)) {
				t.Fatalf("round %d: value %d is another", round, i)
			}
			if i%100 == 0 {
				text.Next(in)
			}
		}
		if in.Err() != nil {
			t.Fatal(in.Err())
		}
	}
}
