package codec

import "github.com/sheafdocs/sheaf/crdt/internal/lib0"

// ParentKind tells how a struct names its parent.
type ParentKind uint8

// How a struct names its parent: not at all (it is that of its neighbours),
// by the name of a root type, or by the id of the item that holds the type.
const (
	ParentCopied ParentKind = iota
	ParentRoot
	ParentItem
)

// Struct is one entry of an update. Its slices point into the update.
type Struct struct {
	ID
	Len       uint64 // units of content; for GC and Skip units covered
	Ref       byte   // one of the Ref constants
	HasOrigin bool
	HasRight  bool
	HasSub    bool
	Parent    ParentKind
	Origin    ID
	Right     ID
	ParentID  ID     // with ParentItem
	Root      []byte // with ParentRoot: the name
	Sub       []byte // the key in the parent's map

	// Content is the encoded content: for a string its bytes, for Any and JSON
	// the values without their count, else everything after the header.
	Content []byte
}

// End returns the clock after the last unit.
func (s *Struct) End() uint64 { return s.Clock + s.Len }

// read reads the struct at the given client and clock.
func (s *Struct) read(d *lib0.Decoder, id ID) {
	info := d.Byte()
	*s = Struct{ID: id, Ref: info & infoRef}
	switch {
	case s.Ref == RefGC, s.Ref == RefSkip && info == RefSkip:
		s.Len = d.Uint()
	case s.Ref >= RefSkip:
		d.Fail(ErrContent)
	default:
		s.readHeader(d, info)
		s.readContent(d)
	}
	switch {
	case d.Err() != nil:
	case s.Len == 0:
		d.Fail(ErrEmpty)
	case s.Len > lib0.MaxSafeInteger-s.Clock:
		d.Fail(ErrClock)
	}
}

func (s *Struct) readHeader(d *lib0.Decoder, info byte) {
	if info&infoOrigin != 0 {
		s.HasOrigin, s.Origin = true, s.readID(d)
	}
	if info&infoRight != 0 {
		s.HasRight, s.Right = true, s.readID(d)
	}
	if s.HasOrigin || s.HasRight {
		return // parent and key are those of the neighbours
	}
	if d.Uint() == 1 {
		s.Parent, s.Root = ParentRoot, d.String()
	} else {
		s.Parent, s.ParentID = ParentItem, s.readID(d)
	}
	if info&infoSub != 0 {
		s.HasSub, s.Sub = true, d.String()
	}
}

func (s *Struct) readID(d *lib0.Decoder) ID {
	id := ID{d.Uint(), d.Uint()}
	if id.Client == s.Client && id.Clock >= s.Clock {
		d.Fail(ErrReference)
	}
	return id
}

func (s *Struct) readContent(d *lib0.Decoder) {
	s.Len = 1
	start := d.Pos()
	switch s.Ref {
	case RefDeleted:
		s.Len = d.Uint()
		return
	case RefString:
		s.Content = d.String()
		s.Len = uint64(lib0.UTF16Len(s.Content))
		return
	case RefAny, RefJSON:
		s.Len = d.Uint()
		start = d.Pos()
		for i := uint64(0); i < s.Len && d.Err() == nil; i++ {
			if s.Ref == RefAny {
				d.SkipAny()
			} else {
				readJSONElement(d)
			}
		}
	case RefBinary:
		d.Bytes()
	case RefEmbed:
		ReadJSON(d)
	case RefFormat:
		d.String()
		ReadJSON(d)
	case RefType:
		ReadType(d)
	case RefDoc:
		ReadSubdoc(d)
	}
	if d.Err() == nil {
		s.Content = d.Since(start)
	}
}

// Append appends the struct without its first offset units, as Yjs encodes
// it.
func (s *Struct) Append(dst []byte, offset uint64) []byte {
	if s.Ref == RefGC || s.Ref == RefSkip {
		return lib0.AppendUint(append(dst, s.Ref), s.Len-offset)
	}
	h := Header{Ref: s.Ref, HasOrigin: s.HasOrigin, HasRight: s.HasRight, HasSub: s.HasSub, Origin: s.Origin, Right: s.Right}
	if offset > 0 {
		h.HasOrigin, h.Origin = true, ID{s.Client, s.Clock + offset - 1}
	}
	dst = h.Append(dst)
	if !h.HasOrigin && !h.HasRight {
		if s.Parent == ParentRoot {
			dst = AppendRoot(dst, string(s.Root))
		} else {
			dst = AppendParentItem(dst, s.ParentID)
		}
		if s.HasSub {
			dst = lib0.AppendBytes(dst, s.Sub)
		}
	}
	return s.appendContent(dst, offset)
}

func (s *Struct) appendContent(dst []byte, offset uint64) []byte {
	d := lib0.NewDecoder(s.Content)
	switch s.Ref {
	case RefDeleted:
		return lib0.AppendUint(dst, s.Len-offset)
	case RefString:
		return AppendText(dst, s.Content, int(offset), int(s.Len))
	case RefAny:
		dst = lib0.AppendUint(dst, s.Len-offset)
		for i := uint64(0); i < offset; i++ {
			d.SkipAny()
		}
		for i := offset; i < s.Len; i++ {
			dst = lib0.AppendAny(dst, d.Any())
		}
	case RefJSON:
		dst = lib0.AppendUint(dst, s.Len-offset)
		for i := uint64(0); i < s.Len; i++ {
			v := readJSONElement(d)
			if i >= offset {
				dst = AppendJSONElement(dst, v)
			}
		}
	case RefBinary:
		dst = lib0.AppendBytes(dst, d.Bytes())
	case RefEmbed:
		dst = AppendJSON(dst, ReadJSON(d))
	case RefFormat:
		dst = lib0.AppendBytes(dst, d.String())
		dst = AppendJSON(dst, ReadJSON(d))
	case RefType:
		dst = ReadType(d).Append(dst)
	case RefDoc:
		dst = ReadSubdoc(d).Append(dst)
	}
	return dst
}

// Header is what begins the encoding of an item.
type Header struct {
	Ref                         byte
	HasOrigin, HasRight, HasSub bool
	Origin, Right               ID
}

// Append appends the info byte and the ids. With neither of them, parent and
// key must follow.
func (h *Header) Append(dst []byte) []byte {
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
	dst = append(dst, info)
	if h.HasOrigin {
		dst = appendID(dst, h.Origin)
	}
	if h.HasRight {
		dst = appendID(dst, h.Right)
	}
	return dst
}

func appendID(dst []byte, id ID) []byte {
	return lib0.AppendUint(lib0.AppendUint(dst, id.Client), id.Clock)
}

// AppendRoot appends a parent that is a root type.
func AppendRoot(dst []byte, name string) []byte { return lib0.AppendString(append(dst, 1), name) }

// AppendParentItem appends a parent that is held by an item.
func AppendParentItem(dst []byte, id ID) []byte { return appendID(append(dst, 0), id) }
