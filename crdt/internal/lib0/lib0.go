// Package lib0 reads and writes the primitive encodings that the Yjs formats
// are made of: variable-length integers, length-prefixed strings and byte
// arrays, the self-describing "any" encoding, and JSON as JavaScript prints
// and parses it, and the run-length encoded columns of update format 2.
//
// The main types are Decoder (reads from a byte slice and remembers its first
// error), Any (a JavaScript value), the columns, and the Append functions, which
// write.
//
// The package promises that no input makes it panic, that it allocates no
// more than a small multiple of the bytes actually present, and that values
// written are byte for byte what JavaScript's lib0 writes.
package lib0

import "errors"

// Limits on bytes from outside.
const (
	// MaxSafeInteger is the largest integer JavaScript holds exactly; no clock,
	// length or client id may be larger.
	MaxSafeInteger = 1<<53 - 1
	// MaxDepth is how deep arrays and objects may nest inside one value.
	MaxDepth = 512
	// maxVarBytes is the longest encoding of a 53-bit number that is accepted.
	maxVarBytes = 10
)

// Errors a Decoder reports.
var (
	ErrUnexpectedEnd = errors.New("unexpected end of input")
	ErrIntegerRange  = errors.New("integer out of range")
	ErrUTF8          = errors.New("string is not UTF-8")
	ErrDepth         = errors.New("value nested too deeply")
	ErrValueType     = errors.New("unknown value type")
	ErrJSON          = errors.New("malformed JSON")
)
