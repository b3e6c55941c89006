package lib0

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// AppendUint appends n in variable-length form.
// Not inlined: 81 callers, 9 kB of a page.
//
//go:noinline
func AppendUint(dst []byte, n uint64) []byte {
	switch {
	case n < 1<<7:
		return append(dst, byte(n))
	case n < 1<<14:
		return append(dst, byte(n)|0x80, byte(n>>7))
	case n < 1<<21:
		return append(dst, byte(n)|0x80, byte(n>>7)|0x80, byte(n>>14))
	}
	for n > 0x7f {
		dst = append(dst, byte(n)|0x80)
		n >>= 7
	}
	return append(dst, byte(n))
}

// UintLen returns how many bytes AppendUint appends.
func UintLen(n uint64) int { return max(1, (bits.Len64(n)+6)/7) }

// AppendInt appends a signed integer given as sign and magnitude.
func AppendInt(dst []byte, magnitude uint64, negative bool) []byte {
	b := byte(magnitude & 0x3f)
	if negative {
		b |= 0x40
	}
	magnitude >>= 6
	if magnitude == 0 {
		return append(dst, b)
	}
	dst = append(dst, b|0x80)
	return AppendUint(dst, magnitude)
}

// AppendBytes appends a length-prefixed byte array.
// Not inlined: 7 callers, 1 kB of a page.
//
//go:noinline
func AppendBytes(dst, b []byte) []byte {
	dst = AppendUint(dst, uint64(len(b)))
	return append(dst, b...)
}

// AppendString appends a length-prefixed string. Lone surrogates, which Go
// strings hold as three bytes that are not UTF-8, become U+FFFD as in
// JavaScript.
func AppendString(dst []byte, s string) []byte {
	s = WellFormed(s)
	dst = AppendUint(dst, uint64(len(s)))
	return append(dst, s...)
}

// AppendAny appends v in the "any" encoding.
func AppendAny(dst []byte, v Any) []byte {
	switch v.Kind() {
	case KindNull:
		return append(dst, 126)
	case KindBool:
		if v.Bool() {
			return append(dst, 120)
		}
		return append(dst, 121)
	case KindNumber:
		return appendNumber(dst, v.Number())
	case KindBigInt:
		return binary.BigEndian.AppendUint64(append(dst, 122), uint64(v.BigInt()))
	case KindString:
		return AppendString(append(dst, 119), v.Str())
	case KindBytes:
		return append(AppendUint(append(dst, 116), uint64(len(v.Str()))), v.Str()...)
	case KindArray:
		list := v.List()
		dst = AppendUint(append(dst, 117), uint64(len(list)))
		for _, e := range list {
			dst = AppendAny(dst, e)
		}
		return dst
	case KindObject:
		keys, list := v.Keys(), v.List()
		dst = AppendUint(append(dst, 118), uint64(len(keys)))
		for i, e := range list {
			dst = AppendAny(AppendString(dst, keys[i]), e)
		}
		return dst
	default:
		return append(dst, 127)
	}
}

func appendNumber(dst []byte, f float64) []byte {
	if f == math.Trunc(f) && math.Abs(f) <= math.MaxInt32 {
		return AppendInt(append(dst, 125), uint64(math.Abs(f)), math.Signbit(f))
	}
	if float64(float32(f)) == f {
		return binary.BigEndian.AppendUint32(append(dst, 124), math.Float32bits(float32(f)))
	}
	if f != f {
		return binary.BigEndian.AppendUint64(append(dst, 123), 0x7ff8000000000000)
	}
	return binary.BigEndian.AppendUint64(append(dst, 123), math.Float64bits(f))
}
