package oracle

import "github.com/sheafdocs/sheaf/crdt"

// find returns the live types of a family, parents before children.
func find(from []crdt.Shared, family func(crdt.Shared) bool) []crdt.Shared {
	var found []crdt.Shared
	var visit func(crdt.Shared)
	visit = func(s crdt.Shared) {
		if family(s) {
			found = append(found, s)
		}
		for _, c := range children(s) {
			visit(c.shared)
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
