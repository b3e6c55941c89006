package lib0

import (
	"encoding/binary"
	"unicode/utf8"
)

// Replacement is U+FFFD in UTF-8, which stands for what cannot be encoded.
const Replacement = "\uFFFD"

// UTF16Len returns how many UTF-16 code units b takes. b must be UTF-8, but
// lone surrogates in three bytes count as one.
func UTF16Len(b []byte) int {
	n := 0
	for _, c := range b {
		n += units(c)
	}
	return n
}

// UTF16LenString is UTF16Len for a string.
func UTF16LenString(s string) int {
	n := 0
	for i := 0; i < len(s); i++ {
		n += units(s[i])
	}
	return n
}

// units returns how many code units begin with the byte c: none inside a
// character, two at the start of one beyond the basic plane.
func units(c byte) int {
	switch {
	case c < 0x80:
		return 1
	case c < 0xc0:
		return 0
	case c < 0xf0:
		return 1
	}
	return 2
}

// isASCII tells whether each byte is a character and a code unit of its own.
func isASCII(b []byte) bool {
	for ; len(b) >= 8; b = b[8:] {
		if binary.LittleEndian.Uint64(b)&0x8080808080808080 != 0 {
			return false
		}
	}
	var all byte
	for _, c := range b {
		all |= c
	}
	return all < utf8.RuneSelf
}

// ByteOffset returns the offset in b of the character that holds code unit
// unit, where the whole of b has total units. inside tells that unit is the
// second half of a surrogate pair; the offset is then that of the pair. It
// scans from the nearer end.
func ByteOffset(b []byte, unit, total int) (offset int, inside bool) {
	if len(b) == total {
		return unit, false
	}
	if unit > total/2 {
		n, i := total, len(b)
		for n > unit {
			i--
			n -= units(b[i])
		}
		return i, n < unit
	}
	n, i := 0, 0
	for n < unit {
		n += units(b[i])
		if n > unit {
			return i, true
		}
		i++
		for i < len(b) && b[i]&0xc0 == 0x80 {
			i++
		}
	}
	return i, false
}

// ValidString returns s with each run of bytes that are not valid UTF-8 replaced
// by U+FFFD.
func ValidString(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var out []byte
	wasValid := true
	for rest := s; rest != ""; {
		r, size := utf8.DecodeRuneInString(rest)
		valid := r != utf8.RuneError || size > 1
		if valid || wasValid {
			out = utf8.AppendRune(out, r)
		}
		wasValid, rest = valid, rest[size:]
	}
	return string(out)
}

// Surrogate returns a string that holds one half of a surrogate pair, as three
// bytes that are not UTF-8. Written as JSON it is an escape, written in any
// other encoding it is U+FFFD.
func Surrogate(r rune) Any { return String(string(appendSurrogate(nil, r))) }

func appendSurrogate(dst []byte, r rune) []byte {
	return append(dst, 0xed, 0x80|byte(r>>6)&0x3f, 0x80|byte(r)&0x3f)
}

// hasSurrogate tells whether s holds a lone surrogate, as JSON escapes can
// produce (encoded as three bytes, ED A0..BF xx).
func hasSurrogate(s string) bool {
	for i := 0; i+2 < len(s); i++ {
		if s[i] == 0xed && s[i+1] >= 0xa0 {
			return true
		}
	}
	return false
}

// WellFormed returns s with every lone surrogate replaced by U+FFFD, as
// JavaScript's toWellFormed does.
func WellFormed(s string) string {
	if !hasSurrogate(s) {
		return s
	}
	var out []byte
	for i := 0; i < len(s); {
		if i+2 < len(s) && s[i] == 0xed && s[i+1] >= 0xa0 {
			out = append(out, Replacement...)
			i += 3
			continue
		}
		_, size := utf8.DecodeRuneInString(s[i:])
		out = append(out, s[i:i+size]...)
		i += size
	}
	return string(out)
}
