package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/fxamacker/cbor/v2"
)

// Limits of every CBOR item, checked before anything is allocated for it. The
// size of a whole record is bounded by who reads it.
const (
	// MaxBytes bounds one encoded item.
	MaxBytes = 2 << 20
	// MaxDepth bounds how deep arrays nest.
	MaxDepth = 12
	// MaxItems bounds the elements of one array.
	MaxItems = 1 << 16
)

// Version is the version of every format this package's callers write.
const Version = 1

var (
	// ErrNotCanonical says that bytes are not strict CBOR of the expected shape.
	// Such bytes are no honest node's.
	ErrNotCanonical = errors.New("not canonical CBOR")
	// ErrUnknownVersion says that bytes were written by a newer version. They are
	// ignored, never held against their sender.
	ErrUnknownVersion = errors.New("unknown version")
	// ErrTooLarge says that bytes are more than MaxBytes.
	ErrTooLarge = errors.New("encoded item too large")
)

var (
	encMode = func() cbor.EncMode {
		o := cbor.CoreDetEncOptions()
		o.NilContainers = cbor.NilContainerAsEmpty
		o.TagsMd = cbor.TagsForbidden
		o.IndefLength = cbor.IndefLengthForbidden
		m, err := o.EncMode()
		if err != nil {
			panic(fmt.Sprintf("wire: encoding options: %v", err))
		}
		return m
	}()
	decMode = func() cbor.DecMode {
		m, err := cbor.DecOptions{
			DupMapKey:         cbor.DupMapKeyEnforcedAPF,
			IndefLength:       cbor.IndefLengthForbidden,
			TagsMd:            cbor.TagsForbidden,
			MaxNestedLevels:   MaxDepth,
			MaxArrayElements:  MaxItems,
			MaxMapPairs:       16,
			ExtraReturnErrors: cbor.ExtraDecErrorUnknownField,
			UTF8:              cbor.UTF8RejectInvalid,
			BignumTag:         cbor.BignumTagForbidden,
		}.DecMode()
		if err != nil {
			panic(fmt.Sprintf("wire: decoding options: %v", err))
		}
		return m
	}()
)

// Marshal encodes v: a struct with `cbor:",toarray"`, whose fields are unsigned
// integers, byte strings or arrays, text, booleans, or more such structs and
// slices of them. Nil slices are empty. Anything else is an error, as Unmarshal
// would not take it.
func Marshal(v any) ([]byte, error) {
	b, err := encMode.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode CBOR: %w", err)
	}
	if err := Check(b); err != nil {
		return nil, fmt.Errorf("encode CBOR: %w", err)
	}
	return b, nil
}

// Unmarshal decodes b into v, which must encode to the same bytes again. Maps,
// tags, floats, null, negative integers, indefinite lengths, longer heads than
// needed, arrays of another length and trailing bytes are ErrNotCanonical. v is
// undefined after an error. Nothing in v aliases b.
func Unmarshal(b []byte, v any) error {
	if err := Check(b); err != nil {
		return err
	}
	if err := decMode.Unmarshal(b, v); err != nil {
		return fmt.Errorf("%w: %v", ErrNotCanonical, err)
	}
	again, err := encMode.Marshal(v)
	if err != nil {
		return fmt.Errorf("%w: encode again: %v", ErrNotCanonical, err)
	}
	// A byte string of another length than its array, or an integer where a
	// string was meant, shows here.
	if !bytes.Equal(again, b) {
		return fmt.Errorf("%w: encodes differently", ErrNotCanonical)
	}
	return nil
}

// ReadVersion returns the first element of an array before anything else of it
// is looked at, with ErrUnknownVersion if it is not Version: what a newer node
// writes may be anything after that. Bytes that are no array with a version are
// ErrNotCanonical.
func ReadVersion(b []byte) (uint64, error) {
	if len(b) == 0 || b[0]>>5 != majorArray {
		return 0, fmt.Errorf("%w: no version", ErrNotCanonical)
	}
	rest := b[1:]
	switch info := b[0] & 0x1f; {
	case info < 24 || info == 31:
	case info <= 27 && len(rest) > 1<<(info-24):
		rest = rest[1<<(info-24):]
	default:
		return 0, fmt.Errorf("%w: no version", ErrNotCanonical)
	}
	major, version, _, err := head(rest)
	if err != nil || major != majorUint {
		return 0, fmt.Errorf("%w: no version", ErrNotCanonical)
	}
	if version != Version {
		return version, fmt.Errorf("%w %d", ErrUnknownVersion, version)
	}
	return version, nil
}

// Major types of CBOR heads (RFC 8949, section 3.1).
const (
	majorUint   = 0
	majorBytes  = 2
	majorText   = 3
	majorArray  = 4
	majorSimple = 7
)

// Check walks b and reports whether it is one item of the strict kind, whatever
// its shape. Decoders need it because typed decoding alone lets some of these
// pass: null for a byte string, say, or anything at all inside a raw message.
func Check(b []byte) error {
	if len(b) > MaxBytes {
		return fmt.Errorf("%w: %d bytes", ErrTooLarge, len(b))
	}
	rest, err := check(b, 0)
	if err != nil {
		return fmt.Errorf("%w: %v", ErrNotCanonical, err)
	}
	if len(rest) != 0 {
		return fmt.Errorf("%w: %d bytes after the end", ErrNotCanonical, len(rest))
	}
	return nil
}

// check walks one item and returns what follows it.
func check(b []byte, depth int) ([]byte, error) {
	major, n, rest, err := head(b)
	if err != nil {
		return nil, err
	}
	switch major {
	case majorUint:
		return rest, nil
	case majorBytes, majorText:
		if n > uint64(len(rest)) {
			return nil, errors.New("string is cut short")
		}
		if major == majorText && !utf8.Valid(rest[:n]) {
			return nil, errors.New("text is not UTF-8")
		}
		return rest[n:], nil
	case majorArray:
		if n > MaxItems {
			return nil, fmt.Errorf("array of %d elements, at most %d are allowed", n, MaxItems)
		}
		if n > uint64(len(rest)) {
			return nil, errors.New("array is cut short")
		}
		if depth == MaxDepth {
			return nil, fmt.Errorf("arrays nest deeper than %d", MaxDepth)
		}
		for range n {
			if rest, err = check(rest, depth+1); err != nil {
				return nil, err
			}
		}
		return rest, nil
	case majorSimple:
		if b[0] == 0xf4 || b[0] == 0xf5 {
			return rest, nil
		}
	}
	return nil, fmt.Errorf("item of type %#x is not allowed", b[0])
}

// head reads one head: its major type and argument, in shortest form.
func head(b []byte) (major byte, n uint64, rest []byte, err error) {
	if len(b) == 0 {
		return 0, 0, nil, errors.New("item is missing")
	}
	major, info := b[0]>>5, b[0]&0x1f
	rest = b[1:]
	if info < 24 {
		return major, uint64(info), rest, nil
	}
	if info > 27 {
		return 0, 0, nil, errors.New("length is indefinite or reserved")
	}
	size := 1 << (info - 24)
	if len(rest) < size {
		return 0, 0, nil, errors.New("head is cut short")
	}
	var least uint64
	switch size {
	case 1:
		n, least = uint64(rest[0]), 24
	case 2:
		n, least = uint64(binary.BigEndian.Uint16(rest)), 1<<8
	case 4:
		n, least = uint64(binary.BigEndian.Uint32(rest)), 1<<16
	default:
		n, least = binary.BigEndian.Uint64(rest), 1<<32
	}
	if n < least {
		return 0, 0, nil, errors.New("head is longer than needed")
	}
	return major, n, rest[size:], nil
}

// appendUint appends an unsigned integer in shortest form.
func appendUint(b []byte, n uint64) []byte {
	switch {
	case n < 24:
		return append(b, byte(n))
	case n < 1<<8:
		return append(b, 24, byte(n))
	case n < 1<<16:
		return binary.BigEndian.AppendUint16(append(b, 25), uint16(n))
	case n < 1<<32:
		return binary.BigEndian.AppendUint32(append(b, 26), uint32(n))
	default:
		return binary.BigEndian.AppendUint64(append(b, 27), n)
	}
}

// Raw is one encoded item inside another, decoded later by who knows its shape.
// Check has passed over it already.
type Raw = cbor.RawMessage
