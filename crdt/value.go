package crdt

import "github.com/sheafdocs/sheaf/crdt/internal/lib0"

// Kind tells what a Value holds.
type Kind uint8

// The kinds of Value.
const (
	KindUndefined = Kind(lib0.KindUndefined)
	KindNull      = Kind(lib0.KindNull)
	KindBool      = Kind(lib0.KindBool)
	KindNumber    = Kind(lib0.KindNumber)
	KindBigInt    = Kind(lib0.KindBigInt)
	KindString    = Kind(lib0.KindString)
	KindBytes     = Kind(lib0.KindBytes)
	KindArray     = Kind(lib0.KindArray)
	KindObject    = Kind(lib0.KindObject)
	KindShared    = KindObject + 1 // a nested shared type: Shared
	KindSubdoc    = KindObject + 2 // an entry for another document: Subdoc
)

var kindNames = [...]string{"undefined", "null", "bool", "number", "bigint", "string", "bytes", "array", "object", "shared", "subdoc"}

// String returns the name of the kind.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "unknown"
}

// Value is what a shared type holds: a JavaScript value, a nested shared type
// or a subdocument entry. Values are immutable; the zero Value is undefined.
type Value struct {
	plain lib0.Any
	node  entry // set for nested types and subdocuments
}

// entry is a Value that is more than data.
type entry interface{ valueKind() Kind }

// Undefined returns JavaScript's undefined.
func Undefined() Value { return Value{} }

// Null returns null.
func Null() Value { return Value{plain: lib0.Null()} }

// Bool returns a boolean value.
func Bool(b bool) Value { return Value{plain: lib0.Bool(b)} }

// Number returns a number.
func Number(f float64) Value { return Value{plain: lib0.Number(f)} }

// BigInt returns a 64-bit big integer.
func BigInt(i int64) Value { return Value{plain: lib0.BigInt(i)} }

// String returns a string value. Bytes that are not UTF-8 become U+FFFD.
func String(s string) Value { return Value{plain: lib0.String(lib0.ValidString(s))} }

// Bytes returns a byte array; it copies b.
func Bytes(b []byte) Value { return Value{plain: lib0.Bytes(b)} }

// ArrayOf returns a plain (not shared) array. Nested types in it count as
// undefined.
func ArrayOf(values ...Value) Value {
	list := make([]lib0.Any, len(values))
	for i, v := range values {
		list[i] = v.plain
	}
	return Value{plain: lib0.Array(list)}
}

// Field is one entry of a plain object.
type Field struct {
	Key   string
	Value Value
}

// ObjectOf returns a plain (not shared) object. Nested types in it count as
// undefined. Keys that are array indexes come first, as in JavaScript.
func ObjectOf(fields ...Field) Value {
	keys, list := make([]string, len(fields)), make([]lib0.Any, len(fields))
	for i, f := range fields {
		keys[i], list[i] = lib0.ValidString(f.Key), f.Value.plain
	}
	return Value{plain: lib0.Object(keys, list)}
}

// ValueOf returns the value that stands for a shared type.
func ValueOf(s Shared) Value { return Value{node: s} }

// Kind returns what v holds.
func (v Value) Kind() Kind {
	if v.node != nil {
		return v.node.valueKind()
	}
	return Kind(v.plain.Kind())
}

// Bool returns the boolean that v holds, or false.
func (v Value) Bool() bool { return v.plain.Bool() }

// Number returns the number that v holds, or 0.
func (v Value) Number() float64 { return v.plain.Number() }

// BigInt returns the big integer that v holds, or 0.
func (v Value) BigInt() int64 { return v.plain.BigInt() }

// Str returns the string that v holds, or "".
// Not inlined: 8 callers, 2 kB of a page.
//
//go:noinline
func (v Value) Str() string {
	if v.plain.Kind() != lib0.KindString {
		return ""
	}
	return v.plain.Str()
}

// Bytes returns a copy of the byte array that v holds, or nil.
func (v Value) Bytes() []byte {
	if v.plain.Kind() != lib0.KindBytes {
		return nil
	}
	return []byte(v.plain.Str())
}

// Array returns the elements of a plain array, or nil.
func (v Value) Array() []Value {
	if v.plain.Kind() != lib0.KindArray {
		return nil
	}
	return plainValues(v.plain.List())
}

// Object returns the entries of a plain object in their order, or nil.
func (v Value) Object() []Field {
	if v.plain.Kind() != lib0.KindObject {
		return nil
	}
	fields := make([]Field, len(v.plain.Keys()))
	for i, key := range v.plain.Keys() {
		fields[i] = Field{key, Value{plain: v.plain.List()[i]}}
	}
	return fields
}

// Get returns the value of a plain object's key.
func (v Value) Get(key string) (Value, bool) {
	plain, ok := v.plain.Get(key)
	return Value{plain: plain}, ok
}

// Shared returns the shared type that v holds, or nil.
func (v Value) Shared() Shared {
	s, _ := v.node.(Shared)
	return s
}

// Subdoc returns the subdocument entry that v holds, or nil.
func (v Value) Subdoc() *Subdoc {
	s, _ := v.node.(*Subdoc)
	return s
}

// Equal tells whether v and w hold the same contents; shared types and
// subdocuments are equal only to themselves.
func (v Value) Equal(w Value) bool {
	return v.node == w.node && lib0.Equal(v.plain, w.plain)
}

// JSON returns v with nested types replaced by their contents, as Yjs's
// toJSON does.
func (v Value) JSON() Value {
	switch node := v.node.(type) {
	case Shared:
		return node.JSON()
	case *Subdoc:
		return ObjectOf()
	}
	return v
}

// MarshalJSON prints v as JavaScript's JSON.stringify would; undefined prints
// as null, a byte array as an object of its bytes.
func (v Value) MarshalJSON() ([]byte, error) { return lib0.AppendJSON(nil, v.JSON().plain), nil }

// ParseJSON returns the value that JSON text describes. The error wraps
// ErrMalformed.
func ParseJSON(text []byte) (Value, error) {
	plain, err := parseJSON(text)
	return Value{plain: plain}, err
}

func plainValues(list []lib0.Any) []Value {
	out := make([]Value, len(list))
	for i, e := range list {
		out[i] = Value{plain: e}
	}
	return out
}
