package oracle

import (
	"encoding/hex"
	"slices"
	"strconv"

	"github.com/sheafdocs/sheaf/crdt"
)

func toAttrs(attrs []Attr) []crdt.Attr {
	list := make([]crdt.Attr, len(attrs))
	for i, a := range attrs {
		list[i] = crdt.Attr{Key: a.Key, Value: toValue(a.Value)}
	}
	return list
}

func toValues(list []Val) []crdt.Value {
	values := make([]crdt.Value, len(list))
	for i, v := range list {
		values[i] = toValue(v)
	}
	return values
}

// toShared returns a new shared type, or nil for a plain value.
func toShared(v Val) crdt.Shared {
	switch v.Kind {
	case "Text":
		return crdt.NewText()
	case "Array":
		return crdt.NewArray()
	case "Map":
		return crdt.NewMap()
	case "Fragment":
		return crdt.NewXMLFragment()
	case "Element":
		return crdt.NewXMLElement(v.Text)
	case "XmlText":
		return crdt.NewXMLText()
	case "Hook":
		return crdt.NewXMLHook(v.Text)
	}
	return nil
}

// toNodes returns new nodes for a fragment.
func toNodes(list []Val) []crdt.Shared {
	nodes := make([]crdt.Shared, len(list))
	for i, v := range list {
		nodes[i] = toShared(v)
	}
	return nodes
}

// toValue turns a value of a program into the engine's. Malformed ones come
// only from programs written by hand and are reported by panicking.
func toValue(v Val) crdt.Value {
	if s := toShared(v); s != nil {
		return crdt.ValueOf(s)
	}
	switch v.Kind {
	case "undefined":
		return crdt.Undefined()
	case "null":
		return crdt.Null()
	case "bool":
		return crdt.Bool(v.Text == "true")
	case "number":
		return crdt.Number(must(strconv.ParseFloat(v.Text, 64)))
	case "bigint":
		return crdt.BigInt(must(strconv.ParseInt(v.Text, 10, 64)))
	case "string":
		return crdt.String(v.Text)
	case "bytes":
		return crdt.Bytes(must(hex.DecodeString(v.Text)))
	case "list":
		return crdt.ArrayOf(toValues(v.List)...)
	case "object":
		fields := make([]crdt.Field, len(v.List))
		for i, e := range v.List {
			fields[i] = crdt.Field{Key: v.Names[i], Value: toValue(e)}
		}
		return crdt.ObjectOf(fields...)
	case "subdoc":
		s := &crdt.Subdoc{GUID: v.Text}
		s.AutoLoad, s.DisableGC, s.Unloaded = slices.Contains(v.Names, "autoload"), slices.Contains(v.Names, "nogc"), slices.Contains(v.Names, "unloaded")
		if len(v.List) > 0 {
			s.Meta = toValue(v.List[0])
		}
		return crdt.SubdocValue(s)
	}
	panic("value of kind " + v.Kind)
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
