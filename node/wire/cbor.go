package wire

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/fxamacker/cbor/v2"
)

// Limits of anything decoded.
const (
	MaxBytes  = 2 << 20 // one encoded value
	maxNested = 8       // arrays within arrays
	maxArray  = 1 << 17 // elements of one array
)

var (
	// ErrNotCanonical is returned for bytes that are not the one encoding of
	// their value.
	ErrNotCanonical = errors.New("not the canonical encoding")
	// ErrUnknownVersion is returned for a version this program does not know.
	// Such data is ignored, never held against its sender.
	ErrUnknownVersion = errors.New("unknown version")
	// ErrTooLarge is returned for bytes beyond MaxBytes.
	ErrTooLarge = errors.New("encoded value too large")
)

var encMode = mustMode(cbor.EncOptions{
	Sort:          cbor.SortCoreDeterministic,
	IndefLength:   cbor.IndefLengthForbidden,
	TagsMd:        cbor.TagsForbidden,
	NilContainers: cbor.NilContainerAsEmpty,
}.EncMode())

var decMode = mustMode(cbor.DecOptions{
	DupMapKey:          cbor.DupMapKeyEnforcedAPF,
	IndefLength:        cbor.IndefLengthForbidden,
	TagsMd:             cbor.TagsForbidden,
	MaxNestedLevels:    maxNested,
	MaxArrayElements:   maxArray,
	MaxMapPairs:        16,
	ExtraReturnErrors:  cbor.ExtraDecErrorUnknownField,
	UTF8:               cbor.UTF8RejectInvalid,
	FieldNameMatching:  cbor.FieldNameMatchingCaseSensitive,
	ByteStringToString: cbor.ByteStringToStringForbidden,
	NaN:                cbor.NaNDecodeForbidden,
	Inf:                cbor.InfDecodeForbidden,
	BignumTag:          cbor.BignumTagForbidden,
}.DecMode())

func mustMode[M any](m M, err error) M {
	if err != nil {
		panic(err) // the options above are constant
	}
	return m
}

// Marshal encodes a value: structs as arrays (cbor:",toarray"), integers as
// short as possible, definite lengths.
func Marshal(v any) ([]byte, error) {
	b, err := encMode.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	return b, nil
}

func mustMarshal(v any) []byte {
	b, err := Marshal(v)
	if err != nil {
		panic(err) // only for fixed types of this package
	}
	return b
}

// Unmarshal decodes exactly one value and checks that encoding it again gives
// the same bytes, which refuses maps in place of arrays, longer forms of
// integers, wrong lengths of fixed arrays, and null for a byte string.
func Unmarshal(b []byte, v any) error {
	if len(b) > MaxBytes {
		return fmt.Errorf("%w: %d bytes", ErrTooLarge, len(b))
	}
	if err := decMode.Unmarshal(b, v); err != nil {
		return fmt.Errorf("decode: %w", err)
	}
	again, err := encMode.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode again: %w", err)
	}
	if !bytes.Equal(again, b) {
		return ErrNotCanonical
	}
	return nil
}

// ReadVersion reads the version of an encoded header: the first element of an
// array. It looks at nothing else, so that later versions may have another
// shape.
func ReadVersion(b []byte) (uint64, error) {
	const arrays, tinyMax = 4 << 5, 23
	if len(b) < 2 || b[0]&0xe0 != arrays || b[0]&0x1f == 0 || b[0]&0x1f > tinyMax {
		return 0, fmt.Errorf("%w: no version", ErrNotCanonical)
	}
	if b[1] > tinyMax {
		return 0, fmt.Errorf("%w: version is not a small integer", ErrNotCanonical)
	}
	return uint64(b[1]), nil
}
