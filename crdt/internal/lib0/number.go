package lib0

import (
	"math"
	"strconv"
	"strings"
)

// AppendNumber appends f as JavaScript prints a number.
func AppendNumber(dst []byte, f float64) []byte {
	switch {
	case f != f:
		return append(dst, "NaN"...)
	case math.IsInf(f, 1):
		return append(dst, "Infinity"...)
	case math.IsInf(f, -1):
		return append(dst, "-Infinity"...)
	case f == 0:
		return append(dst, '0')
	}
	if abs := math.Abs(f); abs >= 1e-6 && abs < 1e21 {
		return strconv.AppendFloat(dst, f, 'f', -1, 64)
	}
	start := len(dst)
	dst = strconv.AppendFloat(dst, f, 'e', -1, 64)
	// Go pads the exponent to two digits, JavaScript does not.
	if e := start + strings.LastIndexByte(string(dst[start:]), 'e'); dst[e+2] == '0' {
		dst = append(dst[:e+2], dst[e+3:]...)
	}
	return dst
}

func appendJSONNumber(dst []byte, f float64) []byte {
	if f != f || math.IsInf(f, 0) {
		return append(dst, "null"...)
	}
	return AppendNumber(dst, f)
}

// Text returns what JavaScript's String(v) returns.
func Text(v Any) string {
	switch v.Kind() {
	case KindNull:
		return "null"
	case KindBool:
		return strconv.FormatBool(v.Bool())
	case KindNumber:
		return string(AppendNumber(nil, v.Number()))
	case KindBigInt:
		return strconv.FormatInt(v.BigInt(), 10)
	case KindString:
		return v.Str()
	case KindObject:
		return "[object Object]"
	case KindArray, KindBytes:
		return joinText(v)
	}
	return "undefined"
}

func joinText(v Any) string {
	var out []byte
	if v.Kind() == KindBytes {
		for _, c := range []byte(v.Str()) {
			out = append(strconv.AppendInt(out, int64(c), 10), ',')
		}
	}
	for _, e := range v.List() {
		if e.Kind() != KindUndefined && e.Kind() != KindNull {
			out = append(out, Text(e)...)
		}
		out = append(out, ',')
	}
	return string(out[:max(len(out)-1, 0)])
}
