package oracle

import (
	"slices"

	"github.com/sheafdocs/sheaf/crdt"
)

// find returns the live types of a family, parents before children.
func find(from []crdt.Shared, family func(crdt.Shared) bool) []crdt.Shared {
	var found []crdt.Shared
	var visit func(crdt.Shared)
	visitValue := func(v crdt.Value) {
		if s := v.Shared(); s != nil {
			visit(s)
		}
	}
	visit = func(s crdt.Shared) {
		if family(s) {
			found = append(found, s)
		}
		switch {
		case isText(s):
			for _, op := range text(s).Delta() {
				visitValue(op.Insert)
			}
		case isMap(s):
			var keys []string
			for key := range asMap(s).All() {
				keys = append(keys, key)
			}
			slices.Sort(keys)
			for _, key := range keys {
				v, _ := asMap(s).Get(key)
				visitValue(v)
			}
		case isArray(s):
			for _, v := range s.(*crdt.Array).All() {
				visitValue(v)
			}
		case isXML(s):
			for _, v := range fragment(s).All() {
				visitValue(v)
			}
		}
	}
	for _, s := range from {
		visit(s)
	}
	return found
}

func isText(s crdt.Shared) bool    { return text(s) != nil }
func isMap(s crdt.Shared) bool     { return asMap(s) != nil }
func isXML(s crdt.Shared) bool     { return fragment(s) != nil }
func isArray(s crdt.Shared) bool   { _, ok := s.(*crdt.Array); return ok }
func isElement(s crdt.Shared) bool { _, ok := s.(*crdt.XMLElement); return ok }

func text(s crdt.Shared) *crdt.Text {
	switch t := s.(type) {
	case *crdt.Text:
		return t
	case *crdt.XMLText:
		return &t.Text
	}
	return nil
}

func asMap(s crdt.Shared) *crdt.Map {
	switch t := s.(type) {
	case *crdt.Map:
		return t
	case *crdt.XMLHook:
		return &t.Map
	}
	return nil
}

func fragment(s crdt.Shared) *crdt.XMLFragment {
	switch t := s.(type) {
	case *crdt.XMLFragment:
		return t
	case *crdt.XMLElement:
		return &t.XMLFragment
	}
	return nil
}
