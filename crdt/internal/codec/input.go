package codec

import (
	"math"
	"slices"

	"github.com/sheafdocs/sheaf/crdt/internal/lib0"
)

// Format is one of Yjs's two encodings of an update. They hold the same; only
// plain values that are not JSON get lost in V1 where it writes JSON text.
type Format uint8

// The formats. V1 writes one struct after another; V2 has a column for each
// kind of field, in which repetitions cost next to nothing.
const (
	V1 Format = iota
	V2
	// Kept is V2 without limits, for what was written here from an update that
	// kept within them.
	Kept
)

// Limits on what an update of format 2 may hold beyond its own size, because a
// few bytes there can stand for any number of equal structs.
const (
	// FreeStructs and StructsPerByte bound the structs of an update. A document
	// beyond that is one that has forgotten nearly all it ever held; it can
	// still be exchanged in format 1.
	FreeStructs    = 1 << 18
	StructsPerByte = 2
	// FreeKeyBytes and KeyBytesPerByte bound the keys of format marks that are
	// named by number instead of being repeated, which Yjs never does.
	FreeKeyBytes    = 1 << 16
	KeyBytesPerByte = 8
)

// input reads the fields of structs in either format.
type input struct {
	d    lib0.Decoder // in V2: what is in no column
	cols *columns     // nil: V1

	structs uint64 // how many may still come, with columns
	pace    *pace
}

// step counts a step and fails if the context is done.
func (in *input) step() {
	if in.pace.over() {
		in.d.Fail(in.pace.err)
	}
}

// columns are the columns of an update of format 2 in their order.
type columns struct {
	keyClock   lib0.IntDiffColumn
	client     lib0.UintColumn
	leftClock  lib0.IntDiffColumn
	rightClock lib0.IntDiffColumn
	info       lib0.ByteColumn
	str        lib0.StringColumn
	parentInfo lib0.ByteColumn
	typeRef    lib0.UintColumn
	length     lib0.UintColumn

	keys    *keyTable
	numKeys int // of keys, those that came before this place
}

// keyTable holds the keys of an update's format marks and node names in the
// order in which they come.
type keyTable struct {
	list   [][]byte
	budget int // bytes that may still be named by number
}

// start goes to the beginning of an update, behind the columns if it has any.
func (in *input) start(f Format, update []byte) {
	in.d.Reset(update, 0)
	if len(update) > MaxUpdateBytes {
		in.d.Fail(ErrTooLarge)
	}
	in.cols = nil
	if f == V1 {
		return
	}
	if in.d.Uint() != 0 {
		in.d.Fail(ErrFeature)
	}
	in.cols = &columns{
		keyClock:   in.d.IntDiffColumn(),
		client:     in.d.UintColumn(),
		leftClock:  in.d.IntDiffColumn(),
		rightClock: in.d.IntDiffColumn(),
		info:       in.d.ByteColumn(),
		str:        in.d.StringColumn(),
		parentInfo: in.d.ByteColumn(),
		typeRef:    in.d.UintColumn(),
		length:     in.d.UintColumn(),
		keys:       &keyTable{budget: FreeKeyBytes + KeyBytesPerByte*len(update)},
	}
	in.structs = FreeStructs + StructsPerByte*uint64(len(update))
	if f == Kept {
		in.structs = math.MaxUint64
	}
}

// place is a position in an update between two structs.
type place struct {
	pos  int
	cols *columns
}

// place returns the current position.
func (in *input) place() place {
	p := place{pos: in.d.Pos()}
	if in.cols != nil {
		p.cols = in.cols.clone()
	}
	return p
}

func (c *columns) clone() *columns {
	copied := *c
	return &copied
}

func (in *input) client() uint64 {
	if in.cols != nil {
		return in.cols.client.Next(&in.d)
	}
	return in.d.Uint()
}

func (in *input) info() byte {
	if in.cols != nil {
		return in.cols.info.Next(&in.d)
	}
	return in.d.Byte()
}

// left reads the id of an origin or parent, right that of a right origin.
func (in *input) left() ID {
	if in.cols != nil {
		return ID{in.cols.client.Next(&in.d), in.cols.leftClock.Next(&in.d)}
	}
	return ID{in.d.Uint(), in.d.Uint()}
}

func (in *input) right() ID {
	if in.cols != nil {
		return ID{in.cols.client.Next(&in.d), in.cols.rightClock.Next(&in.d)}
	}
	return ID{in.d.Uint(), in.d.Uint()}
}

// parentIsRoot reads whether a parent is named by the name of a root.
func (in *input) parentIsRoot() bool {
	if in.cols != nil {
		return in.cols.parentInfo.Next(&in.d) == 1
	}
	return in.d.Uint() == 1
}

func (in *input) length() uint64 {
	if in.cols != nil {
		return in.cols.length.Next(&in.d)
	}
	return in.d.Uint()
}

func (in *input) typeRef() uint64 {
	if in.cols != nil {
		return in.cols.typeRef.Next(&in.d)
	}
	return in.d.Uint()
}

// text reads a string and how many UTF-16 units it has.
func (in *input) text() ([]byte, uint64) {
	if in.cols != nil {
		return in.cols.str.Next(&in.d)
	}
	return in.d.Text()
}

func (in *input) string() []byte {
	if in.cols != nil {
		b, _ := in.cols.str.Next(&in.d)
		return b
	}
	return in.d.String()
}

// key reads the key of a format mark or the name of a node.
func (in *input) key() []byte {
	c := in.cols
	if c == nil {
		return in.d.String()
	}
	n := c.keyClock.Next(&in.d)
	if n < uint64(c.numKeys) {
		key := c.keys.list[n]
		if c.keys.budget -= len(key); c.keys.budget < 0 {
			in.d.Fail(ErrExpansion)
		}
		return key
	}
	key, _ := c.str.Next(&in.d)
	if c.numKeys == len(c.keys.list) {
		c.keys.list = append(c.keys.list, key)
	}
	c.numKeys++
	return key
}

// value passes over a value that V1 writes as JSON text and V2 in lib0's
// encoding, and returns it with which of these it is.
func (in *input) value() (content []byte, json bool) {
	if in.cols == nil {
		content = in.d.String()
		checkJSON(&in.d, content)
		return content, true
	}
	return in.any(), false
}

// any passes over a value in lib0's encoding.
func (in *input) any() []byte {
	start := in.d.Pos()
	in.d.SkipAny()
	if in.d.Err() != nil {
		return nil
	}
	return in.d.Since(start)
}

// elements passes over the values of JSON content, and returns them as V1
// writes them, without their count.
func (in *input) elements(n uint64) []byte {
	start := in.d.Pos()
	var content []byte
	for i := uint64(0); i < n && in.d.Err() == nil; i++ {
		text := in.string()
		if string(text) != undefinedText {
			checkJSON(&in.d, text)
		}
		if in.cols != nil {
			content = lib0.AppendBytes(content, text)
		}
	}
	switch {
	case in.d.Err() != nil:
		return nil
	case in.cols == nil:
		return in.d.Since(start)
	}
	return slices.Clip(content)
}

// deletes reads a delete set, in the order in which it is written, and appends it.
func (in *input) deletes(out Ranges) (Ranges, error) {
	d := &in.d
	n := d.Uint()
	for i := uint64(0); i < n && d.Err() == nil; i++ {
		client, ranges := d.Uint(), d.Uint()
		base := uint64(0) // V2 writes how far a range is from the one before
		// Each range takes at least two bytes, whatever their number says.
		out = slices.Grow(out, int(min(ranges, uint64(d.Remaining()/2))))
		for j := uint64(0); j < ranges; j++ {
			clock, length := d.Uint(), d.Uint()
			if in.cols != nil {
				clock, length = clock+base, length+1
			}
			if clock > lib0.MaxSafeInteger || length > lib0.MaxSafeInteger-clock {
				d.Fail(ErrClock)
			}
			in.step()
			if d.Err() != nil {
				return nil, d.Err()
			}
			base = clock + length
			out = append(out, Range{client, clock, length})
		}
	}
	return out, d.Err()
}
