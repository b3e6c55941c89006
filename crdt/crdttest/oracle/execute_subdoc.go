package oracle

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sheafdocs/sheaf/crdt"
)

// subdocs writes down what a replica's document tells of its subdocument
// entries, as node/subdoc.mjs does.
type subdocs struct{ seen []string }

func (s *subdocs) watch(d *crdt.Doc) {
	s.seen = nil
	d.OnSubdocs(func(e crdt.SubdocEvent) {
		s.seen = append(s.seen, fmt.Sprintf("loaded %s added %s removed %s", describeAll(e.Loaded), describeAll(e.Added), describeAll(e.Removed)))
	})
}

// write writes down what was told, and what entries there are: in no order,
// because Yjs keeps that in which it got to know them.
func (s *subdocs) write(d *crdt.Doc, o *Observation) {
	all := d.Subdocs()
	if len(s.seen)+len(all) > 0 {
		var entries []string
		for _, e := range all {
			entries = append(entries, describeSubdoc(e))
		}
		slices.Sort(entries)
		o.add("subdocuments", []byte(strings.Join(append(s.seen, entries...), "\n")))
	}
	s.seen = nil
}

func describeAll(list []*crdt.Subdoc) string {
	var parts []string
	for _, e := range list {
		parts = append(parts, describeSubdoc(e))
	}
	return "[" + strings.Join(parts, ",") + "]"
}

func describeSubdoc(s *crdt.Subdoc) string {
	return fmt.Sprintf("%s %v %v", s.GUID, s.AutoLoad, s.ShouldLoad())
}

// subdocsIn returns the entries that are directly inside an array or a map.
func subdocsIn(s crdt.Shared) (list []*crdt.Subdoc) {
	add := func(v crdt.Value) {
		if e := v.Subdoc(); e != nil {
			list = append(list, e)
		}
	}
	switch {
	case isArray(s):
		for _, v := range s.(*crdt.Array).All() {
			add(v)
		}
	case isMap(s):
		fields := fieldsOf(asMap(s).All())
		slices.SortFunc(fields, func(x, y crdt.Field) int { return strings.Compare(x.Key, y.Key) })
		for _, f := range fields {
			add(f.Value)
		}
	}
	return list
}

func holdsSubdocs(s crdt.Shared) bool { return len(subdocsIn(s)) > 0 }

// onSubdoc is an edit that does something with one of the entries in a type.
func onSubdoc(do func(*crdt.Subdoc)) edit {
	return edit{holdsSubdocs, func(_ *replica, _ *crdt.Txn, s crdt.Shared, op Op) error {
		list := subdocsIn(s)
		do(list[op.Length%len(list)])
		return nil
	}}
}

// bare does operations that need no transaction without one.
func (r *replica) bare(ops []Op) error {
	for _, op := range ops {
		if err := r.editOne(nil, op); err != nil {
			return err
		}
	}
	return nil
}
