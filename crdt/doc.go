// Package crdt merges edits: it is a Yjs document in Go. It speaks both of
// Yjs's update formats exactly, byte for byte, so that every Yjs editor and every
// Yjs document works with it.
//
// A Doc holds shared types under names: Text, Array, Map and the XML types,
// which can hold further types. Edits happen inside a transaction
// (Doc.Transact); each transaction yields one update (Doc.OnUpdate), tells the
// observers of the types that it changed how they changed (Observe), and
// replicas that have applied the same updates, in whatever order and however
// often (Doc.ApplyUpdate), hold the same content; only what was undone inside a type
// that undoing had made again can stand in another order, as in Yjs (yjs#794, see
// "Undoing" in README.md). An UndoManager undoes the edits of one author. A
// RelativePosition (Doc.Resolve) stays where it is while others
// edit. A Snapshot (Doc.Snapshot) names a state, and Text.DeltaAt, Array.AllAt,
// Map.AllAt and Doc.DocFromSnapshot show what was there. Text.Authors tells who
// wrote what. Clone and Doc.Clone copy types and documents. MergeUpdates,
// DiffUpdate, StateVectorFromUpdate, Inspect, ObfuscateUpdate, StructureOnly and
// RenameClient work on updates without a document. Package packed keeps
// a document at rest.
//
// What is in a type is ranged over: All of each type yields all of it, AllAt as it
// was at a snapshot, Text.Runs a part of a text with its formats, Attributes those
// of an element, XMLFragment.Descendants a whole tree, Doc.Roots the document. They
// are iterators (iter.Seq), which make a value when it is its turn and hold no copy;
// so nothing may be edited while one runs. What is small, or made for editing meanwhile
// (Doc.Subdocs), is a slice; a StateVector is a map.
//
// Format 1 is meant unless a name ends in V2, as in Yjs. An update does not say
// itself which format it is of; ConvertUpdateToV1 and ConvertUpdateToV2 turn one
// into the other. SplitUpdate, CompactUpdate, StructureOnly, RenameClient,
// RebaseClient and InsertedText know format 1 only: convert first.
//
// The package promises that bytes from outside never make it panic, never
// change the document when they are malformed, and never cost memory beyond a
// small multiple of their size; that Yjs 13.6 would encode the same state in
// the same bytes; and that no operation takes time in proportion to the
// document, but for those that "What costs what" in README.md lists. It
// starts no goroutine and reads no clock, randomness, file or network: client ids
// come from the caller.
//
// Any number of goroutines may read a Doc at once as long as none writes; a
// sync.RWMutex beside it does (see the example of Doc). Reading is what takes no
// Txn: looking at types, and encoding, packing, cloning or taking a snapshot of the
// document. Writing is all that edits, applies, undoes, observes or configures, and
// also what looks like reading and is not: Doc.Text and the like for a root that
// was not defined yet, and Text.DeltaAt and Doc.DocFromSnapshot, which split items
// for a while. Functions without a Doc are safe always; they read updates as a
// stream, which is to say struct by struct without building a document. The bytes
// of an update are in memory meanwhile; beyond them they take memory for what they
// return, not for what they read.
//
// An update is preceded by the numbers of its structs, and in format 2 each column by
// its length, which are known at the end only. So what is returned is in memory twice
// for a moment: as it was written, and put together. Apart from it merging keeps a
// place in each update, and all keep the ranges that are deleted, 24 bytes each.
//
// Two things can take seconds, and end with a context: loading what is long
// (Doc.ApplyUpdateContext), which takes about ten times as long as reading it, and merging
// any number of updates (MergeUpdatesContext). Both look at the context many times in a
// tenth of a second, but for a single text of tens of megabytes, which is looked through at
// once. The other functions without a Doc read one update once, tens of megabytes a second,
// so whoever limits how long an update may be limits them too; for what is longer than one
// wants to wait, SplitUpdate gives parts that they can be called with one by one. Without a
// context are Doc.Clone, DocFromSnapshot and package packed, which take about as long as
// loading: of what was loaded already, a second time. Editing and encoding take none,
// because a transaction, once begun, is always completed.
//
// README.md beside the source explains the data structure, and has a table from
// each call of Yjs to ours.
package crdt

import (
	"sync"
	"sync/atomic"

	"github.com/sheafdocs/sheaf/crdt/internal/codec"
	"github.com/sheafdocs/sheaf/crdt/internal/lib0"
)

// Config says how a document starts. The zero Config is a document that can
// be read and merged but needs SetClientID before it can be edited.
type Config struct {
	// ClientID signs the edits made here; 0: set it later. Never use one id on
	// two replicas at the same time.
	ClientID ClientID
	// GUID names the document; it has no influence on merging.
	GUID string
	// DisableGC keeps the content of what is deleted, at a cost in memory and
	// bytes.
	DisableGC bool
	// GCFilter, if set, is asked about what is deleted before its content is
	// dropped, and keeps it by returning false, like DisableGC does with
	// everything. What is inside a type that is dropped goes with it. It is asked
	// once, at the end of the transaction that deleted, and must not edit. It is
	// Yjs's gcFilter.
	GCFilter func(DeletedItem) bool
	// DisableFormatCleanup leaves format marks alone that merging made
	// pointless, where Yjs deletes them in a transaction of its own. Set it on
	// a replica whose every deletion must come from an update it received.
	DisableFormatCleanup bool
}

// Doc is a document that merges. Make one with NewDoc. Several goroutines may
// read it at once while none writes; see the package comment.
type Doc struct {
	config Config

	items     arena
	text      textStore
	tree      forest
	elements  table[[]lib0.Any] // contents of JSON and Any items
	singles   table[lib0.Any]   // contents of Binary, Embed and Format items
	subdocs   table[subdocEntry]
	types     []*sharedType // index 0 is never used
	lists     []itemList    // index 0 is never used
	freeLists []int32
	keys      []string // map keys and format names
	keyOf     map[string]uint32

	// lazy guards what reading computes once: sorted, the views of types, and the
	// trees while treeless is not 0.
	lazy sync.Mutex
	// treeless is how many lists of children have no tree yet.
	treeless atomic.Int32

	clients  []client // index 0 stands for none
	clientOf map[ClientID]uint32
	recent   uint32   // the client that was looked up last
	sorted   []uint32 // clients by id, highest first; without the latest

	roots  []int32 // types, in order of their first mention
	rootOf map[string]int32
	rivals rivals // where many wrote at one place

	tx       *Txn   // the transaction whose function runs
	queue    []*Txn // those not cleaned up yet, in order
	txns     uint64
	spareTxn *Txn // one that is over, to be used again
	// spareSections is for reading the next update.
	spareSections []codec.Section
	// For encoding the updates of transactions.
	encoder, encoderV2 codec.Encoder

	redone map[handle]unit // by item, the first unit as which undoing made it again

	pending pending
	hooks   hooks
	// observers is how many functions observe types of this document.
	observers  int
	wrote      uint64 // the last transaction that added units
	deepInside int    // how many ever were deep observers of a type that is no root
}

// NewDoc returns an empty document.
func NewDoc(c Config) *Doc {
	return &Doc{
		config:   c,
		types:    make([]*sharedType, 1),
		lists:    make([]itemList, 1),
		clients:  make([]client, 1),
		keyOf:    make(map[string]uint32),
		clientOf: make(map[ClientID]uint32),
		rootOf:   make(map[string]int32),
	}
}

// ClientID returns the id that signs the edits made here.
func (d *Doc) ClientID() ClientID { return d.config.ClientID }

// SetClientID changes the id that signs the edits made here, from the next
// edit on.
func (d *Doc) SetClientID(id ClientID) { d.config.ClientID = id }

// GUID returns the name given in Config.
func (d *Doc) GUID() string { return d.config.GUID }

// StateVector returns how much is known of each client.
func (d *Doc) StateVector() StateVector {
	sv := make(StateVector, len(d.clients)-1)
	for _, c := range d.clients[1:] {
		if c.state > 0 {
			sv[c.id] = c.state
		}
	}
	return sv
}

// HasPending tells whether updates were received whose predecessors are still
// missing. They are kept, encoded with the state, and applied as soon as what
// they build on arrives.
func (d *Doc) HasPending() bool { return d.pending.any() }

// table keeps values under small numbers, so that items can refer to them
// without pointers.
type table[T any] struct {
	values []T
	free   []uint32
}

// Not inlined: 18 callers, 4 kB of a page.
//
//go:noinline
func (t *table[T]) add(v T) uint32 {
	if n := len(t.free); n > 0 {
		i := t.free[n-1]
		t.free = t.free[:n-1]
		t.values[i] = v
		return i
	}
	t.values = append(t.values, v)
	return uint32(len(t.values) - 1)
}

func (t *table[T]) drop(i uint32) {
	var zero T
	t.values[i] = zero
	t.free = append(t.free, i)
}

// keyIndex returns the number that stands for a map key or format name.
// Not inlined: 5 callers, 1 kB of a page.
//
//go:noinline
func (d *Doc) keyIndex(key string) uint32 {
	if i, ok := d.keyOf[key]; ok {
		return i
	}
	i := uint32(len(d.keys))
	d.keys = append(d.keys, key)
	d.keyOf[key] = i
	return i
}
