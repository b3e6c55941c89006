package crdt

import (
	"github.com/sheafdocs/sheaf/crdt/internal/codec"
	"github.com/sheafdocs/sheaf/crdt/internal/lib0"
)

// Limits on what others may send and on what a document may hold. Beyond one of
// the first two, editing or applying ends in ErrTooLarge.
const (
	// MaxTextBytes is how many bytes of text, as UTF-8, one document holds, with
	// what was deleted lately. An update is taken to be all text: where it would not
	// fit then, it is not applied.
	MaxTextBytes = 1 << 29
	// MaxClock is how many units, counted from 0, one client can write. Editing ends
	// 2^40 units before it, so that no single edit goes beyond; an update that goes
	// beyond is malformed.
	MaxClock = lib0.MaxSafeInteger
	// MaxUpdateBytes is the bytes of the largest update or snapshot that is read;
	// a longer one is malformed. No document holds so much, but functions
	// without a document work on it.
	MaxUpdateBytes = codec.MaxUpdateBytes
	// MaxClientID is the largest client id: 53 bits, what a JavaScript number
	// holds exactly. Under a larger one nothing can be written (ErrNoClientID), and
	// an update that names one is malformed.
	MaxClientID ClientID = lib0.MaxSafeInteger
	// MaxValueNesting is how many levels of plain arrays and objects may be inside
	// a Value. A deeper one cannot be stored (ErrValue), and JSON or an
	// update with a deeper one is malformed.
	MaxValueNesting = lib0.MaxDepth
	// MaxNesting is how many levels of shared types below a type JSON, String and
	// Clone follow. Deeper ones are kept, but come out as null, as nothing and as
	// empty types.
	MaxNesting = 10_000
)

// Limits on what an update of format 2 may stand for, in which a few bytes can
// repeat something any number of times: so much, and so much more for each of its
// bytes. An update beyond them is malformed; format 1 has no such limit.
const (
	// FormatV2FreeStructs and FormatV2StructsPerByte bound its structs.
	FormatV2FreeStructs    = codec.FreeStructs
	FormatV2StructsPerByte = codec.StructsPerByte
	// FormatV2FreeKeyBytes and FormatV2KeyBytesPerByte bound the bytes of the keys of
	// formats that it names by number instead of writing them again.
	FormatV2FreeKeyBytes    = codec.FreeKeyBytes
	FormatV2KeyBytesPerByte = codec.KeyBytesPerByte
)
