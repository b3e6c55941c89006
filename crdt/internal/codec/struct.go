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

	// What follows is the content. Kind is that of a shared type, Name the name
	// of a node, the key of a format mark, or the GUID of a subdocument.
	Kind byte
	Name []byte
	// Content is, for a string or byte array, its bytes; for Any and JSON, the
	// values without their count, as format 1 writes them; for an embed, a format
	// mark or a subdocument's options, the value: JSON text if JSON is set, else
	// in lib0's encoding.
	Content []byte
	JSON    bool
}

// End returns the clock after the last unit.
func (s *Struct) End() uint64 { return s.Clock + s.Len }

// read reads the struct at the given client and clock.
func (s *Struct) read(in *input, id ID) {
	info := in.info()
	*s = Struct{ID: id, Ref: info & infoRef}
	switch {
	case s.Ref == RefGC:
		s.Len = in.length()
	case s.Ref == RefSkip && info == RefSkip:
		s.Len = in.d.Uint() // in no column
	case s.Ref >= RefSkip:
		in.d.Fail(ErrContent)
	default:
		s.readHeader(in, info)
		s.readContent(in)
	}
	switch {
	case in.d.Err() != nil:
	case s.Len == 0:
		in.d.Fail(ErrEmpty)
	case s.Len > lib0.MaxSafeInteger-s.Clock:
		in.d.Fail(ErrClock)
	}
}

func (s *Struct) readHeader(in *input, info byte) {
	if info&infoOrigin != 0 {
		s.HasOrigin, s.Origin = true, in.left()
		s.checkID(in, s.Origin)
	}
	if info&infoRight != 0 {
		s.HasRight, s.Right = true, in.right()
		s.checkID(in, s.Right)
	}
	if s.HasOrigin || s.HasRight {
		return // parent and key are those of the neighbours
	}
	if in.parentIsRoot() {
		s.Parent, s.Root = ParentRoot, in.string()
	} else {
		s.Parent, s.ParentID = ParentItem, in.left()
		s.checkID(in, s.ParentID)
	}
	if info&infoSub != 0 {
		s.HasSub, s.Sub = true, in.string()
	}
}

func (s *Struct) checkID(in *input, id ID) {
	if id.Client == s.Client && id.Clock >= s.Clock {
		in.d.Fail(ErrReference)
	}
}

func (s *Struct) readContent(in *input) {
	s.Len = 1
	switch s.Ref {
	case RefDeleted:
		s.Len = in.length()
	case RefString:
		s.Content, s.Len = in.text()
	case RefAny:
		s.Len = in.length()
		start := in.d.Pos()
		for i := uint64(0); i < s.Len && in.d.Err() == nil; i++ {
			in.d.SkipAny()
		}
		if in.d.Err() == nil {
			s.Content = in.d.Since(start)
		}
	case RefJSON:
		s.Len = in.length()
		s.Content = in.elements(s.Len)
	case RefBinary:
		s.Content = in.d.Bytes()
	case RefEmbed:
		s.Content, s.JSON = in.value()
	case RefFormat:
		s.Name = in.key()
		s.Content, s.JSON = in.value()
	case RefType:
		s.readType(in)
	case RefDoc:
		s.Name = in.string()
		s.Content = in.any()
		if len(s.Content) > 0 && lib0.IsNullish(s.Content) {
			in.d.Fail(ErrSubdoc)
		}
	}
}

func (s *Struct) readType(in *input) {
	kind := in.typeRef()
	if kind > TypeXMLText {
		in.d.Fail(ErrType)
		return
	}
	s.Kind = byte(kind)
	if s.Type().named() {
		s.Name = in.key()
	}
}

// write writes the struct without its first offset units, as Yjs encodes it.
func (s *Struct) write(e *Encoder, offset uint64) {
	switch s.Ref {
	case RefGC:
		e.GC(s.Len - offset)
		return
	case RefSkip:
		e.skip(s.Len - offset)
		return
	}
	h := Header{Ref: s.Ref, HasOrigin: s.HasOrigin, HasRight: s.HasRight, HasSub: s.HasSub, Origin: s.Origin, Right: s.Right}
	if offset > 0 {
		h.HasOrigin, h.Origin = true, ID{s.Client, s.Clock + offset - 1}
	}
	e.Header(&h)
	if !h.HasOrigin && !h.HasRight {
		if s.Parent == ParentRoot {
			e.Root(string(s.Root))
		} else {
			e.ParentItem(s.ParentID)
		}
		if s.HasSub {
			e.String(string(s.Sub))
		}
	}
	s.writeContent(e, offset)
}

func (s *Struct) writeContent(e *Encoder, offset uint64) {
	switch s.Ref {
	case RefDeleted:
		e.Length(s.Len - offset)
	case RefString:
		e.Text(s.Content, offset, s.Len)
	case RefAny, RefJSON:
		e.Length(s.Len - offset)
		d := lib0.NewDecoder(s.Content)
		for i := uint64(0); i < s.Len; i++ {
			switch {
			case i < offset:
				s.skipElement(d)
			case s.Ref == RefAny:
				e.Any(d.Any())
			default:
				e.JSONElement(readJSONElement(d))
			}
		}
	case RefBinary:
		e.Binary(s.Content)
	case RefEmbed:
		e.Embed(s.Value())
	case RefFormat:
		e.Format(string(s.Name), s.Value())
	case RefType:
		e.Type(s.Type())
	case RefDoc:
		e.Subdoc(s.Subdoc())
	}
}
