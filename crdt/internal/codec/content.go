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

// undefinedText stands for undefined in JSON content.
const undefinedText = "undefined"

func checkJSON(d *lib0.Decoder, text []byte) {
	if d.Err() != nil {
		return
	}
	if _, err := lib0.ParseJSON(text); err != nil {
		d.Fail(err)
	}
}

// Value returns the value of an embed or format mark.
func (s *Struct) Value() lib0.Any {
	if !s.JSON {
		return lib0.NewDecoder(s.Content).Any()
	}
	v, _ := lib0.ParseJSON(s.Content) // it was checked
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
	if d.Err() != nil || string(text) == undefinedText {
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

// Type is the content that is a shared type.
type Type struct {
	Kind byte   // one of the Type constants
	Name string // of an XML element or hook
}

// named tells whether types of this kind have a name.
func (t Type) named() bool { return t.Kind == TypeXMLElement || t.Kind == TypeXMLHook }

// Type returns the content of a struct that holds a shared type.
func (s *Struct) Type() Type { return Type{Kind: s.Kind, Name: string(s.Name)} }

// Subdoc is the content that is an entry for another document.
type Subdoc struct {
	GUID      string
	DisableGC bool
	AutoLoad  bool
	Meta      lib0.Any // undefined or null: none
}

// Subdoc returns the content of a struct that holds a subdocument. Options that
// Yjs would not write again are dropped.
func (s *Struct) Subdoc() Subdoc {
	out := Subdoc{GUID: string(s.Name)}
	opts := s.Value()
	if gc, ok := opts.Get("gc"); ok && gc.Kind() != lib0.KindUndefined {
		out.DisableGC = !gc.Truthy()
	}
	if auto, ok := opts.Get("autoLoad"); ok {
		out.AutoLoad = auto.Truthy()
	}
	if guid, ok := opts.Get("guid"); ok && guid.Kind() == lib0.KindString {
		out.GUID = guid.Str()
	}
	out.Meta, _ = opts.Get("meta")
	return out
}

// options returns what is written of the entry beside its GUID.
func (s Subdoc) options() lib0.Any {
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
	return lib0.Object(keys, list)
}

// ReadContent reads content of the given kind, as it follows the header of a
// struct in format 1. Of the result only Ref, Len and the content are set.
func ReadContent(d *lib0.Decoder, ref byte) Struct {
	s := Struct{Ref: ref}
	in := input{d: *d}
	s.readContent(&in)
	*d = in.d
	return s
}
