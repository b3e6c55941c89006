// Package codec reads and writes Yjs's update formats, its delete sets and its
// state vectors, and works on updates without a document: merging them, cutting
// off what is known, telling what they hold, and converting between the formats.
//
// The main types are Struct (one entry of an update, its content still
// encoded), Reader (walks over the structs of an update), Writer and Encoder
// (write one) and Ranges (a delete set). The formats differ only in how single
// fields are read and written (input.go, output.go); all else is one piece of
// code for both. A Reader holds one Struct at a time, so reading an update costs
// no memory beyond its bytes. A Writer collects chunks (lib0.Buffer), because numbers of
// structs and lengths of columns stand before what they count, and copies them once.
// Measuring first and then writing into place would save that copy, at the price of
// doing all the work twice.
//
// The package promises to reject malformed input with an error, to read no more
// out of an update than a small multiple of its size, and to write what Yjs 13.6
// writes. It leaves out what structs mean to a document.
package codec

import (
	"errors"

	"github.com/sheafdocs/sheaf/crdt/internal/lib0"
)

// MaxUpdateBytes is the size of the largest update that is read.
const MaxUpdateBytes = 1 << 30

// What can be wrong with an update, beyond the errors of lib0.
var (
	ErrTooLarge  = errors.New("update too large")
	ErrContent   = errors.New("unknown content type")
	ErrType      = errors.New("unknown shared type")
	ErrEmpty     = errors.New("struct without length")
	ErrClock     = errors.New("clock out of range")
	ErrGap       = errors.New("clocks of a client do not follow one another")
	ErrReference = errors.New("struct refers to a later struct of its own client")
	ErrSubdoc    = errors.New("subdocument options are missing")
	ErrFeature   = errors.New("update is not of format 2, or of a later version of it")
	ErrExpansion = errors.New("update of format 2 stands for too much; use format 1 for it")
)

// ID names one unit of content.
type ID struct{ Client, Clock uint64 }

// Content references: the kinds of struct.
const (
	RefGC      = 0
	RefDeleted = 1
	RefJSON    = 2
	RefBinary  = 3
	RefString  = 4
	RefEmbed   = 5
	RefFormat  = 6
	RefType    = 7
	RefAny     = 8
	RefDoc     = 9
	RefSkip    = 10
)

// Shared types, as RefType content names them.
const (
	TypeArray       = 0
	TypeMap         = 1
	TypeText        = 2
	TypeXMLElement  = 3
	TypeXMLFragment = 4
	TypeXMLHook     = 5
	TypeXMLText     = 6
)

// Bits of the info byte; the low five are the content reference.
const (
	infoSub    = 0x20
	infoRight  = 0x40
	infoOrigin = 0x80
	infoRef    = 0x1f
)

// ReadStateVector reads a state vector and yields its entries.
func ReadStateVector(b []byte, yield func(client, clock uint64)) error {
	d := lib0.NewDecoder(b)
	n := d.Uint()
	for i := uint64(0); i < n; i++ {
		client, clock := d.Uint(), d.Uint()
		if d.Err() != nil {
			break
		}
		yield(client, clock)
	}
	return d.Err()
}
