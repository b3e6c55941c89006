package lib0

import (
	"encoding/binary"
	"math"
	"unicode/utf8"
)

// Decoder reads primitives from a byte slice. The first failure sticks: from
// then on every read returns a zero value, and Err tells what went wrong.
// Slices it returns point into the input.
type Decoder struct {
	buf []byte
	pos int
	err error
}

// NewDecoder returns a Decoder at the start of buf.
func NewDecoder(buf []byte) *Decoder { return &Decoder{buf: buf} }

// Reset starts again at offset pos of buf.
func (d *Decoder) Reset(buf []byte, pos int) { d.buf, d.pos, d.err = buf, pos, nil }

// Err returns the first error met.
func (d *Decoder) Err() error { return d.err }

// Pos returns the offset of the next byte to read.
func (d *Decoder) Pos() int { return d.pos }

// Remaining returns how many bytes are left.
func (d *Decoder) Remaining() int { return len(d.buf) - d.pos }

// Since returns the input from offset start up to the current position.
func (d *Decoder) Since(start int) []byte { return d.buf[start:d.pos:d.pos] }

// Fail records err unless an earlier error is already recorded.
// Not inlined: 39 callers, 2 kB of a page.
//
//go:noinline
func (d *Decoder) Fail(err error) { d.fail(err) }

// fail is Fail for what is inlined itself.
func (d *Decoder) fail(err error) {
	if d.err == nil {
		d.err = err
	}
	d.pos = len(d.buf)
}

// Byte reads one byte.
func (d *Decoder) Byte() byte {
	if d.pos >= len(d.buf) {
		d.fail(ErrUnexpectedEnd)
		return 0
	}
	b := d.buf[d.pos]
	d.pos++
	return b
}

// Uint reads a variable-length unsigned integer of at most 53 bits. Most have one
// byte.
func (d *Decoder) Uint() uint64 {
	if p := d.pos; p < len(d.buf) && d.buf[p] < 0x80 {
		d.pos++
		return uint64(d.buf[p])
	}
	if n, next := quickUint(d.buf, d.pos); next > 0 && n <= MaxSafeInteger {
		d.pos = next
		return n
	}
	return d.uint()
}

// quickBytes is how long the integers are that quickUint and quickInt read.
const quickBytes = 8

// quickUint reads an unsigned integer and returns where it ends, or 0 if that is
// not within a few bytes.
func quickUint(buf []byte, pos int) (n uint64, next int) {
	for shift := 0; pos < len(buf) && shift < 7*quickBytes; shift += 7 {
		b := buf[pos]
		pos++
		n |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return n, pos
		}
	}
	return 0, 0
}

// quickInt is quickUint for signed integers.
func quickInt(buf []byte, pos int) (magnitude uint64, negative bool, next int) {
	if pos >= len(buf) {
		return 0, false, 0
	}
	b := buf[pos]
	pos++
	magnitude, negative = uint64(b&0x3f), b&0x40 != 0
	for shift := 6; b >= 0x80; shift += 7 {
		if pos >= len(buf) || shift >= 7*quickBytes {
			return 0, false, 0
		}
		b = buf[pos]
		pos++
		magnitude |= uint64(b&0x7f) << shift
	}
	return magnitude, negative, pos
}

// uint is Uint for integers of any length, and says what is wrong.
func (d *Decoder) uint() uint64 {
	var n uint64
	for shift := uint(0); shift < 7*maxVarBytes; shift += 7 {
		b := d.Byte()
		if d.err != nil {
			return 0
		}
		bits := uint64(b & 0x7f)
		if shift > 53 && bits != 0 {
			break
		}
		n |= bits << shift
		if n > MaxSafeInteger {
			break
		}
		if b < 0x80 {
			return n
		}
	}
	d.Fail(ErrIntegerRange)
	return 0
}

// Int reads a variable-length signed integer. The sign is separate because
// minus zero exists.
func (d *Decoder) Int() (magnitude uint64, negative bool) { return d.int(MaxSafeInteger) }

// int is Int with another limit, of at most 54 bits.
func (d *Decoder) int(limit uint64) (magnitude uint64, negative bool) {
	if n, negative, next := quickInt(d.buf, d.pos); next > 0 && n <= limit {
		d.pos = next
		return n, negative
	}
	b := d.Byte()
	if d.err != nil {
		return 0, false
	}
	negative = b&0x40 != 0
	n := uint64(b & 0x3f)
	for shift := uint(6); b >= 0x80; shift += 7 {
		b = d.Byte()
		if d.err != nil {
			return 0, false
		}
		bits := uint64(b & 0x7f)
		if shift > 54 && (bits != 0 || shift > 7*maxVarBytes) {
			d.Fail(ErrIntegerRange)
			return 0, false
		}
		n |= bits << shift
		if n > limit {
			d.Fail(ErrIntegerRange)
			return 0, false
		}
	}
	return n, negative
}

// Take reads n bytes.
func (d *Decoder) Take(n uint64) []byte {
	if n > uint64(d.Remaining()) {
		d.fail(ErrUnexpectedEnd)
		return nil
	}
	b := d.buf[d.pos : d.pos+int(n) : d.pos+int(n)]
	d.pos += int(n)
	return b
}

// Bytes reads a length-prefixed byte array.
func (d *Decoder) Bytes() []byte { return d.Take(d.Uint()) }

// String reads a length-prefixed UTF-8 string without copying it.
func (d *Decoder) String() []byte {
	b := d.Bytes()
	if !utf8.Valid(b) {
		d.Fail(ErrUTF8)
		return nil
	}
	return b
}

// Text is String with how many UTF-16 units the string has.
func (d *Decoder) Text() ([]byte, uint64) {
	b := d.Bytes()
	if isASCII(b) {
		return b, uint64(len(b))
	}
	if !utf8.Valid(b) {
		d.Fail(ErrUTF8)
		return nil, 0
	}
	return b, uint64(UTF16Len(b))
}

// float32Bits and float64Bits read big-endian floats.
func (d *Decoder) float32() float64 {
	b := d.Take(4)
	if b == nil {
		return 0
	}
	return float64(math.Float32frombits(binary.BigEndian.Uint32(b)))
}

func (d *Decoder) uint64() uint64 {
	b := d.Take(8)
	if b == nil {
		return 0
	}
	return binary.BigEndian.Uint64(b)
}
