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
	// Unloaded keeps an entry that is inserted here from asking for its
	// document at once (Load asks then); Yjs's shouldLoad: false.
	Unloaded bool

	doc        *Doc   // that holds the entry; nil: none, or it was destroyed
	index      uint32 // into Doc.subdocs
	shouldLoad bool
}

func (s *Subdoc) valueKind() Kind { return KindSubdoc }

// SubdocValue returns the value that stands for a subdocument entry.
func SubdocValue(s *Subdoc) Value { return Value{node: s} }

// ShouldLoad tells whether the document was asked for: because the entry was
// inserted here, by AutoLoad, or by Load.
func (s *Subdoc) ShouldLoad() bool { return s.shouldLoad }

// Load asks for the document, in a transaction of its own: OnSubdocs tells of
// it. The second time nothing happens.
func (s *Subdoc) Load() {
	if s.doc != nil && !s.shouldLoad {
		s.doc.transact(nil, true, func(tx *Txn) {
			e := tx.subdocEvent()
			e.Loaded = append(e.Loaded, s)
		})
	}
	s.shouldLoad = true
}

// Destroy lets go of the document, in a transaction of its own: the entry in
// the document becomes a new Subdoc that is not loaded, and OnSubdocs tells of
// both. As in Yjs it happens by itself to entries that were deleted, so that
// these are reported as removed twice.
func (s *Subdoc) Destroy() {
	d := s.doc
	if d == nil {
		return
	}
	s.doc = nil
	fresh := &Subdoc{GUID: s.GUID, AutoLoad: s.AutoLoad, DisableGC: s.DisableGC, Meta: s.Meta}
	entry := &d.subdocs.values[s.index]
	alive := entry.Subdoc == s && !entry.deleted
	if entry.Subdoc == s {
		fresh.doc, fresh.index, entry.Subdoc = d, s.index, fresh
	}
	d.transact(nil, true, func(tx *Txn) {
		e := tx.subdocEvent()
		if alive {
			e.Added = append(e.Added, fresh)
		}
		e.Removed = append(e.Removed, s)
	})
}

// SubdocEvent tells which subdocument entries a transaction added and removed,
// and which documents it asked to load.
type SubdocEvent struct {
	Loaded, Added, Removed []*Subdoc
}

// subdocEntry is a subdocument entry in the document.
type subdocEntry struct {
	*Subdoc
	deleted bool
}

func (tx *Txn) subdocEvent() *SubdocEvent {
	if tx.subdocs == nil {
		tx.subdocs = &SubdocEvent{}
	}
	return tx.subdocs
}

func (tx *Txn) subdocAdded(i uint32) {
	s := tx.doc.subdocs.values[i].Subdoc
	s.doc, s.index = tx.doc, i
	e := tx.subdocEvent()
	e.Added = append(e.Added, s)
	if s.shouldLoad {
		e.Loaded = append(e.Loaded, s)
	}
}

func (tx *Txn) subdocRemoved(i uint32) {
	entry := &tx.doc.subdocs.values[i]
	entry.deleted = true
	s := entry.Subdoc
	e := tx.subdocEvent()
	if i := slices.Index(e.Added, s); i >= 0 {
		e.Added = remove(e.Added, i, i+1)
		return
	}
	e.Removed = append(e.Removed, s)
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
	return &Subdoc{GUID: s.GUID, AutoLoad: s.AutoLoad, DisableGC: s.DisableGC, Meta: Value{plain: s.Meta}, shouldLoad: s.AutoLoad}
}

func (s *Subdoc) wire() codec.Subdoc {
	return codec.Subdoc{GUID: lib0.ValidString(s.GUID), AutoLoad: s.AutoLoad, DisableGC: s.DisableGC, Meta: s.Meta.plain}
}
