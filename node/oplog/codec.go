package oplog

import (
	"encoding/binary"
	"fmt"

	"github.com/sheafdocs/sheaf/node/wire"
)

// Entries are the one thing a node decodes by the hundred thousand, so their
// few CBOR heads are read and written here by hand instead of by reflection.
// The reader takes only shortest heads, definite lengths and the exact shape
// asked for; what it takes is therefore canonical, and encoding it again gives
// the same bytes. A test holds it against wire.Marshal.

// Major types of CBOR heads (RFC 8949, section 3.1).
const (
	majorUint  = 0 << 5
	majorBytes = 2 << 5
	majorArray = 4 << 5
)

// appendHead appends the shortest head of a major type with an argument.
func appendHead(dst []byte, major byte, n uint64) []byte {
	switch {
	case n < 24:
		return append(dst, major|byte(n))
	case n < 1<<8:
		return append(dst, major|24, byte(n))
	case n < 1<<16:
		return binary.BigEndian.AppendUint16(append(dst, major|25), uint16(n))
	case n < 1<<32:
		return binary.BigEndian.AppendUint32(append(dst, major|26), uint32(n))
	default:
		return binary.BigEndian.AppendUint64(append(dst, major|27), n)
	}
}

func appendUint(dst []byte, n uint64) []byte { return appendHead(dst, majorUint, n) }

func appendBytes(dst, b []byte) []byte {
	return append(appendHead(dst, majorBytes, uint64(len(b))), b...)
}

// reader takes canonical items from the front of b; after the first fault it
// yields zero values and keeps the fault.
type reader struct {
	b   []byte
	err error
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: "+format, append([]any{wire.ErrNotCanonical}, args...)...)
	}
}

// head takes one head of the given major type.
func (r *reader) head(major byte, what string) uint64 {
	if r.err != nil {
		return 0
	}
	if len(r.b) == 0 {
		r.fail("%s is missing", what)
		return 0
	}
	first := r.b[0]
	if first&0xe0 != major {
		r.fail("%s has CBOR head %#x", what, first)
		return 0
	}
	r.b = r.b[1:]
	info := first & 0x1f
	if info < 24 {
		return uint64(info)
	}
	if info > 27 {
		r.fail("%s has CBOR head %#x", what, first)
		return 0
	}
	size := 1 << (info - 24)
	if len(r.b) < size {
		r.fail("%s is cut short", what)
		return 0
	}
	var n, least uint64
	switch size {
	case 1:
		n, least = uint64(r.b[0]), 24
	case 2:
		n, least = uint64(binary.BigEndian.Uint16(r.b)), 1<<8
	case 4:
		n, least = uint64(binary.BigEndian.Uint32(r.b)), 1<<16
	default:
		n, least = binary.BigEndian.Uint64(r.b), 1<<32
	}
	r.b = r.b[size:]
	if n < least {
		r.fail("%s has a longer head than it needs", what)
		return 0
	}
	return n
}

// array takes an array head of exactly n items.
func (r *reader) array(n uint64, what string) {
	if got := r.head(majorArray, what); r.err == nil && got != n {
		r.fail("%s has %d fields, not %d", what, got, n)
	}
}

// uint takes an unsigned integer of at most max.
func (r *reader) uint(max uint64, what string) uint64 {
	n := r.head(majorUint, what)
	if r.err == nil && n > max {
		r.err = fmt.Errorf("%w: %s is %d, at most %d is allowed", ErrLimit, what, n, max)
		return 0
	}
	return n
}

// bytes takes a byte string of any length and returns it without copying.
func (r *reader) bytes(what string) []byte {
	n := r.head(majorBytes, what)
	if r.err != nil {
		return nil
	}
	if n > uint64(len(r.b)) {
		r.fail("%s is cut short", what)
		return nil
	}
	b := r.b[:n:n]
	r.b = r.b[n:]
	return b
}

// fixed fills dst from a byte string of exactly its length.
func (r *reader) fixed(dst []byte, what string) {
	b := r.bytes(what)
	if r.err == nil && len(b) != len(dst) {
		r.fail("%s has %d bytes, not %d", what, len(b), len(dst))
		return
	}
	copy(dst, b)
}

// end checks that nothing is left and returns the first fault.
func (r *reader) end(what string) error {
	if r.err == nil && len(r.b) != 0 {
		r.fail("%d bytes after the %s", len(r.b), what)
	}
	return r.err
}
