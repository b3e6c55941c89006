package oracle

import (
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/sheafdocs/sheaf/crdt"
)

// authors tells who wrote a range of a type's children, and who set its keys.
// node/authors.mjs does the same.
func authors(s crdt.Shared, step Step) string {
	var lines []string
	if runs := authorsOf(s); runs != nil {
		total := units(s)
		from := step.choice(0) % (total + 1)
		for a := range runs(from, step.choice(2)%(total-from+1)) {
			lines = append(lines, fmt.Sprint(a.Index, a.Length, a.ID.Client, a.ID.Clock))
		}
	}
	keys, author := keysOf(s)
	slices.Sort(keys)
	for _, key := range keys {
		if id, ok := author(key); ok {
			lines = append(lines, key+" "+id.String())
		}
	}
	return strings.Join(lines, "\n")
}

func authorsOf(s crdt.Shared) func(index, length int) iter.Seq[crdt.Authored] {
	switch {
	case isText(s):
		return text(s).Authors
	case isArray(s):
		return s.(*crdt.Array).Authors
	case isXML(s):
		return fragment(s).Authors
	}
	return nil
}

// keysOf returns the keys of a map or of attributes, and what tells their
// authors.
func keysOf(s crdt.Shared) (keys []string, author func(string) (crdt.ID, bool)) {
	var entries iter.Seq2[string, crdt.Value]
	switch {
	case isMap(s):
		entries, author = asMap(s).All(), asMap(s).Author
	case isText(s):
		entries, author = text(s).Attributes(), text(s).AttributeAuthor
	case isElement(s):
		entries, author = s.(*crdt.XMLElement).Attributes(), s.(*crdt.XMLElement).AttributeAuthor
	default:
		return nil, nil
	}
	for key := range entries {
		keys = append(keys, key)
	}
	return keys, author
}
