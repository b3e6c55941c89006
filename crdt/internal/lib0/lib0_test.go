package lib0

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math"
	"strings"
	"testing"
)

func TestUint(t *testing.T) {
	for _, n := range []uint64{0, 1, 127, 128, 16383, 16384, 1 << 32, MaxSafeInteger} {
		b := AppendUint(nil, n)
		d := NewDecoder(b)
		if got := d.Uint(); got != n || d.Err() != nil || d.Remaining() != 0 {
			t.Errorf("%d became %x, then %d, %v", n, b, got, d.Err())
		}
	}
	for in, want := range map[string]error{
		"":                       ErrUnexpectedEnd,
		"80":                     ErrUnexpectedEnd,
		"ffffffffffffff1f":       ErrIntegerRange, // 2^54-ish
		"80808080808080808080":   ErrIntegerRange,
		"8080808080808080808001": ErrIntegerRange,
	} {
		b, _ := hex.DecodeString(in)
		d := NewDecoder(b)
		if d.Uint(); !errors.Is(d.Err(), want) {
			t.Errorf("%s: %v, want %v", in, d.Err(), want)
		}
	}
}

// anyVectors are encodings made by lib0 in JavaScript.
var anyVectors = []struct {
	hex   string
	value Any
}{
	{"7f", Any{}},
	{"7e", Null()},
	{"79", Bool(false)},
	{"78", Bool(true)},
	{"7d00", Number(0)},
	{"7d40", Number(math.Copysign(0, -1))},
	{"7d3f", Number(63)},
	{"7d8001", Number(64)},
	{"7dc101", Number(-65)},
	{"7dbfffffff0f", Number(math.MaxInt32)},
	{"7c4f000000", Number(1 << 31)},
	{"7cbf000000", Number(-0.5)},
	{"7b3fb999999999999a", Number(0.1)},
	{"7b7ff8000000000000", Number(math.NaN())},
	{"7c7f800000", Number(math.Inf(1))},
	{"7affffffffffffffff", BigInt(-1)},
	{"7702c3a9", String("é")},
	{"740201ff", Bytes([]byte{1, 255})},
	{"75027d017e", Array([]Any{Number(1), Null()})},
	{"760201327d0101617d02", Object([]string{"a", "2"}, []Any{Number(2), Number(1)})},
}

func TestAny(t *testing.T) {
	for _, v := range anyVectors {
		if got := hex.EncodeToString(AppendAny(nil, v.value)); got != v.hex {
			t.Errorf("encoded %s, want %s", got, v.hex)
		}
		b, _ := hex.DecodeString(v.hex)
		d := NewDecoder(b)
		got := d.Any()
		if d.Err() != nil || !Equal(got, v.value) || d.Remaining() != 0 {
			t.Errorf("%s decoded to %s, %v", v.hex, AppendJSON(nil, got), d.Err())
		}
	}
}

func TestObjectOrder(t *testing.T) {
	o := Object([]string{"b", "10", "a", "9", "b", "01"}, []Any{Number(1), Number(2), Number(3), Number(4), Number(5), Number(6)})
	if got := string(AppendJSON(nil, o)); got != `{"9":4,"10":2,"b":5,"a":3,"01":6}` {
		t.Error(got)
	}
}

func TestDepth(t *testing.T) {
	deep := append(bytes.Repeat([]byte{117, 1}, MaxDepth+1), 127)
	for _, read := range []func(*Decoder){func(d *Decoder) { d.Any() }, (*Decoder).SkipAny} {
		d := NewDecoder(deep)
		if read(d); !errors.Is(d.Err(), ErrDepth) {
			t.Error(d.Err())
		}
	}
	if _, err := ParseJSON([]byte(strings.Repeat("[", MaxDepth+2))); !errors.Is(err, ErrDepth) {
		t.Error(err)
	}
}

func TestJSON(t *testing.T) {
	for in, want := range map[string]string{
		`{"a":[1,2.50,-0,1e21,1e-7,123456789012345680000],"b":"x\u00e9\n\u001f\/"}`: `{"a":[1,2.5,0,1e+21,1e-7,123456789012345680000],"b":"xé\n\u001f/"}`,
		` "\ud83d\ude00\ud800\ude00\udc00" `:                                        `"😀𐈀\udc00"`,
		`1e999`:                                                                     `null`,
		`{"__proto__":1,"a":1,"a":2}`:                                               `{"__proto__":1,"a":2}`,
	} {
		v, err := ParseJSON([]byte(in))
		if got := string(AppendJSON(nil, v)); err != nil || got != want {
			t.Errorf("%s became %s, %v", in, got, err)
		}
	}
	for _, in := range []string{"", "nul", "01", "1.", "-", `"\x"`, "\"\n\"", "[1,]", `{"a"}`, `{a:1}`, "1 2", `"\ud83"`} {
		if _, err := ParseJSON([]byte(in)); !errors.Is(err, ErrJSON) {
			t.Errorf("%q: %v", in, err)
		}
	}
}

func TestLoneSurrogates(t *testing.T) {
	v, err := ParseJSON([]byte(`"a\ud800b"`))
	if err != nil {
		t.Fatal(err)
	}
	if got := string(AppendJSON(nil, v)); got != `"a\ud800b"` {
		t.Error(got)
	}
	if got := hex.EncodeToString(AppendAny(nil, v)); got != "770561efbfbd62" {
		t.Error(got)
	}
}

func TestByteOffset(t *testing.T) {
	text := []byte("aé漢😀b")
	total := UTF16Len(text)
	wantAt := []int{0, 1, 3, 6, 6, 10, 11}
	for unit, want := range wantAt {
		at, inside := ByteOffset(text, unit, total)
		if at != want || inside != (unit == 4) {
			t.Errorf("unit %d: %d, %v", unit, at, inside)
		}
	}
}

func TestEqualFlat(t *testing.T) {
	nested := Object([]string{"x"}, []Any{Array(nil)})
	for _, c := range []struct {
		a, b Any
		want bool
	}{
		{Number(1), Number(1), true},
		{Null(), Any{}, false},
		{Object([]string{"x"}, []Any{Number(1)}), Object([]string{"x"}, []Any{Number(1)}), true},
		{nested, nested, true},
		{nested, Object([]string{"x"}, []Any{Array(nil)}), false},
		{Array([]Any{Number(1)}), Object([]string{"0"}, []Any{Number(1)}), true},
		{Object([]string{"x"}, []Any{{}}), Object([]string{"y"}, []Any{{}}), false},
		{Null(), Array(nil), false},
	} {
		if got := EqualFlat(c.a, c.b); got != c.want {
			t.Errorf("%s and %s: %v", AppendJSON(nil, c.a), AppendJSON(nil, c.b), got)
		}
	}
}

func FuzzAny(f *testing.F) {
	for _, v := range anyVectors {
		b, _ := hex.DecodeString(v.hex)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		skip, read := NewDecoder(b), NewDecoder(b)
		skip.SkipAny()
		v := read.Any()
		if !errors.Is(skip.Err(), read.Err()) || skip.Pos() != read.Pos() {
			t.Fatalf("skipping: %v at %d; reading: %v at %d", skip.Err(), skip.Pos(), read.Err(), read.Pos())
		}
		if read.Err() != nil {
			return
		}
		encoded := AppendAny(nil, v)
		again := NewDecoder(encoded)
		w := again.Any()
		if again.Err() != nil || !Equal(v, w) || !bytes.Equal(AppendAny(nil, w), encoded) {
			t.Fatalf("%x became %x, then %x: %v", b, encoded, AppendAny(nil, w), again.Err())
		}
	})
}

func FuzzJSON(f *testing.F) {
	f.Add([]byte(`{"a":[1,-2.5e3,null,true,"x\u00e9\ud800"]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := ParseJSON([]byte(ValidString(string(b))))
		if err != nil {
			return
		}
		text := AppendJSON(nil, v)
		w, err := ParseJSON(text)
		if err != nil || !bytes.Equal(AppendJSON(nil, w), text) {
			t.Fatalf("%s became %s, %v", text, AppendJSON(nil, w), err)
		}
	})
}

func FuzzInteger(f *testing.F) {
	f.Add([]byte{0x80, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		d := NewDecoder(b)
		if n := d.Uint(); d.Err() == nil {
			if again := NewDecoder(AppendUint(nil, n)); again.Uint() != n {
				t.Fatal(n)
			}
		}
		d = NewDecoder(b)
		if n, negative := d.Int(); d.Err() == nil {
			again := NewDecoder(AppendInt(nil, n, negative))
			if m, neg := again.Int(); m != n || neg != negative {
				t.Fatal(n, negative)
			}
		}
	})
}
