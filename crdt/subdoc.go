package crdt

import (
	"slices"

	"github.com/sheafdocs/sheaf/crdt/internal/codec"
)

// Subdoc is an entry for another document, named by its GUID. It is only the
// entry: the application opens the document itself.
type Subdoc struct {
	GUID      string
	AutoLoad  bool  // the document should be loaded together with this one
	DisableGC bool  // the document keeps what is deleted
	Meta      Value // anything; undefined or null: nothing
}

func (s *Subdoc) valueKind() Kind { return KindSubdoc }

// SubdocValue returns the value that stands for a subdocument entry.
func SubdocValue(s *Subdoc) Value { return Value{node: s} }

// SubdocEvent tells which subdocument entries a transaction added and removed.
type SubdocEvent struct {
	Added, Removed []*Subdoc
}

func (tx *Txn) subdocAdded(s *Subdoc) { tx.subdocs.Added = append(tx.subdocs.Added, s) }

func (tx *Txn) subdocRemoved(s *Subdoc) {
	if i := slices.Index(tx.subdocs.Added, s); i >= 0 {
		tx.subdocs.Added = slices.Delete(tx.subdocs.Added, i, i+1)
		return
	}
	tx.subdocs.Removed = append(tx.subdocs.Removed, s)
}

// Subdocs returns the entries that are not deleted.
func (d *Doc) Subdocs() []*Subdoc {
	var out []*Subdoc
	for h := handle(1); h < d.items.used; h++ {
		if it := d.items.at(h); it.kind == kindDoc && !it.deleted {
			out = append(out, d.subdocs.values[it.content])
		}
	}
	return out
}

func subdocFromWire(s codec.Subdoc) *Subdoc {
	return &Subdoc{GUID: s.GUID, AutoLoad: s.AutoLoad, DisableGC: s.DisableGC, Meta: Value{plain: s.Meta}}
}

func (s *Subdoc) wire() codec.Subdoc {
	return codec.Subdoc{GUID: validName(s.GUID), AutoLoad: s.AutoLoad, DisableGC: s.DisableGC, Meta: s.Meta.plain}
}
