package codec

import (
	"slices"

	"github.com/sheafdocs/sheaf/crdt/internal/lib0"
)

// Encoder writes the fields of an update in either format. The zero Encoder
// writes format 1.
type Encoder struct {
	rest []byte      // in V2: what is in no column
	full lib0.Buffer // what was written before rest
	cols *outColumns // nil: V1
	pace *pace
}

// outColumns are the columns of an update of format 2.
type outColumns struct {
	keyClock   lib0.IntDiffColumnWriter
	client     lib0.UintColumnWriter
	leftClock  lib0.IntDiffColumnWriter
	rightClock lib0.IntDiffColumnWriter
	info       lib0.ByteColumnWriter
	str        lib0.StringColumnWriter
	parentInfo lib0.ByteColumnWriter
	typeRef    lib0.UintColumnWriter
	length     lib0.UintColumnWriter

	numKeys uint64
}

// NewEncoder returns an empty Encoder of a format.
func NewEncoder(f Format) Encoder {
	if f == V1 {
		return Encoder{}
	}
	return Encoder{cols: &outColumns{}}
}

// AppendTo returns an Encoder of format 1 that appends to dst.
func AppendTo(dst []byte) Encoder { return Encoder{rest: dst} }

// Uint appends a count or a clock.
func (e *Encoder) Uint(n uint64) { e.rest = lib0.AppendUint(e.rest, n) }

// Client appends the client of the structs that follow.
func (e *Encoder) Client(id uint64) {
	if e.cols != nil {
		e.cols.client.Add(id)
		return
	}
	e.Uint(id)
}

func (e *Encoder) info(b byte) {
	if e.cols != nil {
		e.cols.info.Add(b)
		return
	}
	e.rest = append(e.rest, b)
}

func (e *Encoder) left(id ID) {
	if e.cols != nil {
		e.cols.client.Add(id.Client)
		e.cols.leftClock.Add(id.Clock)
		return
	}
	e.rest = lib0.AppendUint(lib0.AppendUint(e.rest, id.Client), id.Clock)
}

func (e *Encoder) right(id ID) {
	if e.cols != nil {
		e.cols.client.Add(id.Client)
		e.cols.rightClock.Add(id.Clock)
		return
	}
	e.rest = lib0.AppendUint(lib0.AppendUint(e.rest, id.Client), id.Clock)
}

func (e *Encoder) parentInfo(b byte) {
	if e.cols != nil {
		e.cols.parentInfo.Add(b)
		return
	}
	e.rest = append(e.rest, b)
}

// Length appends the length of content.
func (e *Encoder) Length(n uint64) {
	if e.cols != nil {
		e.cols.length.Add(n)
		return
	}
	e.Uint(n)
}

// String appends a string.
func (e *Encoder) String(s string) {
	if e.cols != nil {
		e.cols.str.AddString(s)
		return
	}
	e.rest = lib0.AppendString(e.rest, s)
}

// key appends the key of a format mark or the name of a node. Yjs numbers them
// and repeats them all the same.
func (e *Encoder) key(s string) {
	if e.cols != nil {
		e.cols.keyClock.Add(e.cols.numKeys)
		e.cols.numKeys++
	}
	e.String(s)
}

// json appends a value that V1 writes as JSON text.
func (e *Encoder) json(v lib0.Any) {
	if e.cols != nil {
		e.rest = lib0.AppendAny(e.rest, v)
		return
	}
	e.rest = AppendJSON(e.rest, v)
}

// Header is what begins the encoding of an item.
type Header struct {
	Ref                         byte
	HasOrigin, HasRight, HasSub bool
	Origin, Right               ID
}

// Header appends the info byte and the ids. With neither of them, parent and
// key must follow.
func (e *Encoder) Header(h *Header) {
	info := h.Ref
	if h.HasOrigin {
		info |= infoOrigin
	}
	if h.HasRight {
		info |= infoRight
	}
	if h.HasSub {
		info |= infoSub
	}
	e.info(info)
	if h.HasOrigin {
		e.left(h.Origin)
	}
	if h.HasRight {
		e.right(h.Right)
	}
}

// Root appends a parent that is a root type.
func (e *Encoder) Root(name string) {
	e.parentInfo(1)
	e.String(name)
}

// ParentItem appends a parent that is held by an item.
func (e *Encoder) ParentItem(id ID) {
	e.parentInfo(0)
	e.left(id)
}

// GC appends units collected as garbage.
func (e *Encoder) GC(n uint64) {
	e.info(RefGC)
	e.Length(n)
}

func (e *Encoder) skip(n uint64) {
	e.info(RefSkip)
	e.Uint(n) // in no column
}

// Text appends a string of total UTF-16 units without the first offset of them.
// A surrogate pair cut in two leaves U+FFFD.
func (e *Encoder) Text(text []byte, offset, total uint64) {
	if e.cols == nil {
		e.rest = AppendText(e.rest, text, int(offset), int(total))
		return
	}
	if offset > 0 {
		at, inside := lib0.ByteOffset(text, int(offset), int(total))
		if text = text[at:]; inside {
			text = append([]byte(lib0.Replacement), text[4:]...)
		}
	}
	e.cols.str.Add(text, total-offset)
}

// Any appends an element of a list.
func (e *Encoder) Any(v lib0.Any) { e.rest = lib0.AppendAny(e.rest, v) }

// JSONElement appends an element of JSON content.
func (e *Encoder) JSONElement(v lib0.Any) {
	if v.Kind() == lib0.KindUndefined {
		e.String(undefinedText)
		return
	}
	e.String(string(lib0.AppendJSON(nil, v)))
}

// Binary appends a byte array.
func (e *Encoder) Binary(b []byte) { e.rest = lib0.AppendBytes(e.rest, b) }

// Embed appends an embedded object.
func (e *Encoder) Embed(v lib0.Any) { e.json(v) }

// Format appends a format mark.
func (e *Encoder) Format(key string, v lib0.Any) {
	e.key(key)
	e.json(v)
}

// Type appends a shared type.
func (e *Encoder) Type(t Type) {
	if e.cols != nil {
		e.cols.typeRef.Add(uint64(t.Kind))
	} else {
		e.rest = append(e.rest, t.Kind)
	}
	if t.named() {
		e.key(t.Name)
	}
}

// Subdoc appends an entry for another document.
func (e *Encoder) Subdoc(s Subdoc) {
	e.String(s.GUID)
	e.Any(s.options())
}

// Deletes appends a delete set, which must be grouped by client.
func (e *Encoder) Deletes(r Ranges) {
	f := V1
	if e.cols != nil {
		f = V2
	}
	e.rest = r.append(e.rest, f, e.pace)
}

// Len returns about how many bytes were written.
func (e *Encoder) Len() int { return e.full.Len() + len(e.rest) }

// Spill puts what was written aside once it is long. With that between structs,
// a long update is copied no more than once.
func (e *Encoder) Spill() { e.rest = e.full.Spill(e.rest) }

// Begin starts the next update, of a format that stays the same.
func (e *Encoder) Begin(f Format) {
	if e.rest = e.rest[:0]; f != V1 && e.cols == nil {
		e.cols = &outColumns{}
	}
}

// Take returns a copy of the update, and leaves buffers for the next unless they
// grew beyond so many bytes.
func (e *Encoder) Take(maxKept int) []byte {
	var update []byte
	if e.cols == nil && e.full.Len() == 0 {
		update = slices.Clone(e.rest)
	} else {
		update = e.Finish()
	}
	if cap(e.rest) > maxKept || len(update) > maxKept {
		*e = Encoder{}
	}
	return update
}

// Finish returns the update, which in format 1 takes over the Encoder's buffer.
func (e *Encoder) Finish() []byte {
	if e.cols == nil && e.full.Len() == 0 {
		return e.rest
	}
	out := e.appendColumns(make([]byte, 0, e.endColumns()+e.Len()))
	return append(e.full.MoveTo(out, e.full.Len()), e.rest...)
}

// endColumns ends the columns and returns how many bytes appendColumns will append.
func (e *Encoder) endColumns() int {
	if e.cols == nil {
		return 0
	}
	n := 1
	for _, c := range e.cols.all() {
		n += c.End()
	}
	return n
}

func (e *Encoder) appendColumns(dst []byte) []byte {
	if e.cols == nil {
		return dst
	}
	dst = append(dst, 0) // no features
	for _, c := range e.cols.all() {
		dst = c.Append(dst)
	}
	e.cols.numKeys = 0
	return dst
}

// columnWriter is one of lib0's.
type columnWriter interface {
	End() int
	Append(dst []byte) []byte
}

// all returns the columns in their order.
func (c *outColumns) all() [9]columnWriter {
	return [...]columnWriter{&c.keyClock, &c.client, &c.leftClock, &c.rightClock, &c.info, &c.str, &c.parentInfo, &c.typeRef, &c.length}
}
