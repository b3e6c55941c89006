package codec

import "github.com/sheafdocs/sheaf/crdt/internal/lib0"

// AppendText appends a string of total UTF-16 units without the first offset
// of them. A surrogate pair cut in two leaves U+FFFD.
func AppendText(dst, text []byte, offset, total int) []byte {
	if offset == 0 {
		return lib0.AppendBytes(dst, text)
	}
	at, inside := lib0.ByteOffset(text, offset, total)
	if !inside {
		return lib0.AppendBytes(dst, text[at:])
	}
	rest := text[at+4:]
	dst = lib0.AppendUint(dst, uint64(len(lib0.Replacement)+len(rest)))
	return append(append(dst, lib0.Replacement...), rest...)
}

// ReadJSON reads a value written as JSON text.
func ReadJSON(d *lib0.Decoder) lib0.Any {
	text := d.String()
	if d.Err() != nil {
		return lib0.Any{}
	}
	v, err := lib0.ParseJSON(text)
	if err != nil {
		d.Fail(err)
	}
	return v
}

// AppendJSON appends v as JSON text.
func AppendJSON(dst []byte, v lib0.Any) []byte {
	return lib0.AppendBytes(dst, lib0.AppendJSON(nil, v))
}

// readJSONElement reads one value of JSON content, where the bare word
// undefined is allowed.
func readJSONElement(d *lib0.Decoder) lib0.Any {
	text := d.String()
	if d.Err() != nil || string(text) == "undefined" {
		return lib0.Any{}
	}
	v, err := lib0.ParseJSON(text)
	if err != nil {
		d.Fail(err)
	}
	return v
}

// Text returns the text of a string without its first offset units, and how
// many units that is.
func (s *Struct) Text(offset uint64) ([]byte, uint64) {
	if offset == 0 {
		return s.Content, s.Len
	}
	rest := s.from(offset)
	return rest.Content, rest.Len
}

// Elements decodes the values of a struct of JSON or Any content.
func (s *Struct) Elements() []lib0.Any {
	d := lib0.NewDecoder(s.Content)
	out := make([]lib0.Any, s.Len)
	for i := range out {
		if s.Ref == RefAny {
			out[i] = d.Any()
		} else {
			out[i] = readJSONElement(d)
		}
	}
	return out
}

// AppendJSONElement appends one value of JSON content.
func AppendJSONElement(dst []byte, v lib0.Any) []byte {
	if v.Kind() == lib0.KindUndefined {
		return lib0.AppendString(dst, "undefined")
	}
	return AppendJSON(dst, v)
}

// Type is the content that is a shared type.
type Type struct {
	Kind byte   // one of the Type constants
	Name string // of an XML element or hook
}

// ReadType reads the content of a struct that holds a shared type.
func ReadType(d *lib0.Decoder) Type {
	kind := d.Uint()
	if kind > TypeXMLText {
		d.Fail(ErrType)
		return Type{}
	}
	t := Type{Kind: byte(kind)}
	if kind == TypeXMLElement || kind == TypeXMLHook {
		t.Name = string(d.String())
	}
	return t
}

// Append appends the content.
func (t Type) Append(dst []byte) []byte {
	dst = append(dst, t.Kind)
	if t.Kind == TypeXMLElement || t.Kind == TypeXMLHook {
		dst = lib0.AppendString(dst, t.Name)
	}
	return dst
}

// Subdoc is the content that is an entry for another document.
type Subdoc struct {
	GUID      string
	DisableGC bool
	AutoLoad  bool
	Meta      lib0.Any // undefined or null: none
}

// ReadSubdoc reads the content of a struct that holds a subdocument. Options
// that Yjs would not write again are dropped.
func ReadSubdoc(d *lib0.Decoder) Subdoc {
	s := Subdoc{GUID: string(d.String())}
	opts := d.Any()
	if d.Err() == nil && (opts.Kind() == lib0.KindUndefined || opts.Kind() == lib0.KindNull) {
		d.Fail(ErrSubdoc)
	}
	if gc, ok := opts.Get("gc"); ok && gc.Kind() != lib0.KindUndefined {
		s.DisableGC = !gc.Truthy()
	}
	if auto, ok := opts.Get("autoLoad"); ok {
		s.AutoLoad = auto.Truthy()
	}
	if guid, ok := opts.Get("guid"); ok && guid.Kind() == lib0.KindString {
		s.GUID = guid.Str()
	}
	s.Meta, _ = opts.Get("meta")
	return s
}

// Append appends the content.
func (s Subdoc) Append(dst []byte) []byte {
	dst = lib0.AppendString(dst, s.GUID)
	var keys []string
	var list []lib0.Any
	if s.DisableGC {
		keys, list = append(keys, "gc"), append(list, lib0.Bool(false))
	}
	if s.AutoLoad {
		keys, list = append(keys, "autoLoad"), append(list, lib0.Bool(true))
	}
	if s.Meta.Kind() > lib0.KindNull {
		keys, list = append(keys, "meta"), append(list, s.Meta)
	}
	return lib0.AppendAny(dst, lib0.Object(keys, list))
}

// ReadContent reads content of the given kind, as it follows the header of a
// struct. Of the result only Ref, Len and Content are set.
func ReadContent(d *lib0.Decoder, ref byte) Struct {
	s := Struct{Ref: ref}
	s.readContent(d)
	return s
}
