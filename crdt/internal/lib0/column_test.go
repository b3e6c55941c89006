package lib0

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestColumns checks each column against what JavaScript's lib0 writes.
func TestColumns(t *testing.T) {
	var u UintColumnWriter
	for _, v := range []uint64{7, 7, 7, 0, 0, 300, MaxSafeInteger} {
		u.Add(v)
	}
	checkColumn(t, "uint", u.Append(nil), "0e47014000ac04bfffffffffffff1f")
	var i IntDiffColumnWriter
	for _, v := range []uint64{0, 1, 2, 3, 10, 9, 8, 8} {
		i.Add(v)
	}
	checkColumn(t, "int diff", i.Append(nil), "070003010e410000")
	var b ByteColumnWriter
	for _, v := range []byte{4, 4, 4, 132, 4} {
		b.Add(v)
	}
	checkColumn(t, "byte", b.Append(nil), "050402840004")
	var s StringColumnWriter
	s.AddString("héllo")
	s.Add([]byte("a😀"), 3)
	s.AddString("abc")
	checkColumn(t, "string", s.Append(nil), "120e68c3a96c6c6f61f09f9880616263054300")
}

func checkColumn(t *testing.T, name string, got []byte, want string) {
	t.Helper()
	if hex.EncodeToString(got) != want {
		t.Errorf("%s column %x, want %s", name, got, want)
	}
}

// TestColumnsRoundTrip writes runs of random lengths and reads them back.
func TestColumnsRoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 0))
	for range 500 {
		var values []uint64
		v := uint64(0)
		for range r.IntN(12) {
			v = r.Uint64N(1 << r.IntN(54))
			step := uint64(r.IntN(4))
			for range r.IntN(6) {
				values = append(values, min(v, MaxSafeInteger))
				v += step
			}
		}
		var u UintColumnWriter
		var i IntDiffColumnWriter
		var b ByteColumnWriter
		var s StringColumnWriter
		for _, v := range values {
			u.Add(v)
			i.Add(v)
			b.Add(byte(v))
			s.AddString(sample(v))
		}
		buf := s.Append(b.Append(i.Append(u.Append(nil))))
		d := NewDecoder(buf)
		uc, ic, bc, sc := d.UintColumn(), d.IntDiffColumn(), d.ByteColumn(), d.StringColumn()
		if d.Remaining() != 0 {
			t.Fatalf("%d bytes left", d.Remaining())
		}
		for n, v := range values {
			text, units := sc.Next(d)
			got := []uint64{uc.Next(d), ic.Next(d), uint64(bc.Next(d))}
			if d.Err() != nil || !slices.Equal(got, []uint64{v, v, v & 0xff}) || string(text) != sample(v) || units != uint64(UTF16LenString(sample(v))) {
				t.Fatalf("value %d of %v: %v, %q, %v", n, values, got, text, d.Err())
			}
		}
		// Three of the columns are at their end.
		past := []func() uint64{func() uint64 { return uc.Next(d) }, func() uint64 { return ic.Next(d) }, func() uint64 { _, n := sc.Next(d); return n }}
		for _, next := range past {
			d.Reset(buf, 0)
			next()
			if !errors.Is(d.Err(), ErrUnexpectedEnd) {
				t.Fatalf("read past the end: %v", d.Err())
			}
		}
	}
}

// sample returns a text of one to three characters of up to four bytes.
func sample(v uint64) string {
	return string([]rune{'a', 'é', '漢', '😀', 'b', 'c'}[v%4 : v%4+1+v%3])
}

// TestStringColumnPartsPairs reads strings that end inside surrogate pairs.
func TestStringColumnPartsPairs(t *testing.T) {
	var w StringColumnWriter
	w.Add([]byte("a😀😀b"), 2)
	for _, n := range []uint64{0, 1, 2, 1} {
		w.Add(nil, n)
	}
	d := NewDecoder(w.Append(nil))
	c := d.StringColumn()
	var got []string
	for range 5 {
		text, _ := c.Next(d)
		got = append(got, string(text))
	}
	if want := []string{"a" + Replacement, "", Replacement, "😀", "b"}; d.Err() != nil || !slices.Equal(got, want) {
		t.Errorf("%q, %v, want %q", got, d.Err(), want)
	}
	w = StringColumnWriter{}
	w.Add([]byte("😀😀"), 1)
	w.Add(nil, 2)
	w.Add(nil, 1)
	d = NewDecoder(w.Append(nil))
	c = d.StringColumn()
	got = got[:0]
	for range 3 {
		text, _ := c.Next(d)
		got = append(got, string(text))
	}
	if want := []string{Replacement, Replacement + Replacement, Replacement}; d.Err() != nil || !slices.Equal(got, want) {
		t.Errorf("%q, %v, want %q", got, d.Err(), want)
	}
}

// TestIntDiffRange reads steps that lead below zero and beyond what clocks can
// be.
func TestIntDiffRange(t *testing.T) {
	for _, values := range [][]byte{{0x42}, {0x43, 9}, AppendInt(nil, 2*MaxSafeInteger+1, false)} {
		d := NewDecoder(AppendBytes(nil, values))
		c := d.IntDiffColumn()
		for range 3 {
			c.Next(d)
		}
		if d.Err() == nil {
			t.Errorf("%x is read", values)
		}
	}
}

func FuzzColumns(f *testing.F) {
	f.Add([]byte("\x05\x04\x02\x84\x00\x04"), 5)
	f.Fuzz(func(t *testing.T, in []byte, reads int) {
		d := NewDecoder(in)
		uc, ic, bc, sc := d.UintColumn(), d.IntDiffColumn(), d.ByteColumn(), d.StringColumn()
		if d.Err() != nil {
			return
		}
		var u UintColumnWriter
		var i IntDiffColumnWriter
		var b ByteColumnWriter
		var s StringColumnWriter
		var values [3][]uint64
		var texts [][]byte
		for range reads & 0xff {
			x, y, z := uc.Next(d), ic.Next(d), bc.Next(d)
			text, units := sc.Next(d)
			if d.Err() != nil {
				break
			}
			values[0], values[1], values[2] = append(values[0], x), append(values[1], y), append(values[2], uint64(z))
			texts = append(texts, text)
			u.Add(x)
			i.Add(y)
			b.Add(z)
			s.Add(text, units)
		}
		d = NewDecoder(s.Append(b.Append(i.Append(u.Append(nil)))))
		uc, ic, bc, sc = d.UintColumn(), d.IntDiffColumn(), d.ByteColumn(), d.StringColumn()
		for n, want := range texts {
			x, y, z := uc.Next(d), ic.Next(d), bc.Next(d)
			text, _ := sc.Next(d)
			if d.Err() != nil || x != values[0][n] || y != values[1][n] || uint64(z) != values[2][n] || !bytes.Equal(text, want) {
				t.Fatalf("%x: value %d became %d %d %d %q, %v", in, n, x, y, z, text, d.Err())
			}
		}
	})
}
