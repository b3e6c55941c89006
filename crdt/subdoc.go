package crdt

import (
	"slices"

	"github.com/sheafdocs/sheaf/crdt/internal/codec"
	"github.com/sheafdocs/sheaf/crdt/internal/lib0"
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

// subdocEntry is a subdocument entry in the document.
type subdocEntry struct {
	*Subdoc
	deleted bool
}

func (tx *Txn) subdocAdded(i uint32) {
	tx.subdocs.Added = append(tx.subdocs.Added, tx.doc.subdocs.values[i].Subdoc)
}

func (tx *Txn) subdocRemoved(i uint32) {
	entry := &tx.doc.subdocs.values[i]
	entry.deleted = true
	s := entry.Subdoc
	if i := slices.Index(tx.subdocs.Added, s); i >= 0 {
		tx.subdocs.Added = slices.Delete(tx.subdocs.Added, i, i+1)
		return
	}
	tx.subdocs.Removed = append(tx.subdocs.Removed, s)
}

// Subdocs returns the entries that are not deleted.
func (d *Doc) Subdocs() []*Subdoc {
	var out []*Subdoc
	for _, s := range d.subdocs.values {
		if s.Subdoc != nil && !s.deleted {
			out = append(out, s.Subdoc)
		}
	}
	return out
}

func subdocFromWire(s codec.Subdoc) *Subdoc {
	return &Subdoc{GUID: s.GUID, AutoLoad: s.AutoLoad, DisableGC: s.DisableGC, Meta: Value{plain: s.Meta}}
}

func (s *Subdoc) wire() codec.Subdoc {
	return codec.Subdoc{GUID: lib0.ValidString(s.GUID), AutoLoad: s.AutoLoad, DisableGC: s.DisableGC, Meta: s.Meta.plain}
}
