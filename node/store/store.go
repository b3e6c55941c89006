// Package store is where a node keeps what it must not lose: access operations,
// entries, wraps, drafts, receipts and its own settings, as small records under
// typed keys.
//
// [Store] is the interface, with three implementations: memstore (memory, for
// tests), badgerstore (Badger, for every native build) and idbstore (IndexedDB,
// for the browser). All pass the suite in storetest. [Key], [Record] and [Batch]
// are what goes in and out; [EntryKey], [OpKey] and their siblings build the keys
// in use, so that two packages cannot disagree about one.
//
// A Store promises that a batch is committed wholly or not at all, that it
// survives a crash or a power loss once [Store.Commit] has returned nil, and that
// a value is never returned wrong: it is checked against its hash on every read,
// and damage is an error ([CorruptError]) and never a guess.
//
// A Store does not know what its records mean, verifies no signature, encrypts
// nothing (what must be secret arrives sealed) and keeps no history: the last
// value put under a key is the value.
package store

import (
	"context"
	"fmt"
	"iter"

	"github.com/sheafdocs/sheaf/node/wire"
)

// Limits on what a store takes. They are checked before anything is queued or
// copied, and are the same for every implementation, so that what one node could
// store another can.
const (
	// MaxNameBytes bounds the Name of a Key.
	MaxNameBytes = 256
	// MaxValueBytes bounds the Value of a Record: 1 MiB, less what a store may
	// need to keep beside it.
	MaxValueBytes = 1<<20 - 256
	// MaxBatchBytes bounds Batch.Size. One record of the largest value fits, with
	// room for the small ones that belong to it.
	MaxBatchBytes = 1<<20 + 128<<10
	// RecordOverheadBytes is what a record counts in Batch.Size beside its name
	// and value.
	RecordOverheadBytes = 128
)

// Store keeps records. Its methods may be called by many goroutines at once.
type Store interface {
	// Commit applies the batch, all of it or none, and returns nil only when it
	// is durable: a crash or a power loss afterwards does not undo it. Callers
	// that commit at the same time share a disk flush; one that is alone does not
	// wait for others. The batch may be reused when Commit returns.
	//
	// An error means that the batch must not be reported as saved, and nothing
	// more: after a failed flush, or when ctx ends while the batch waits its
	// turn, it may still become durable later. Committing it again is safe.
	//
	// The errors are ErrFull (nothing was written; try again when space returns),
	// ErrClosed, *LimitError, the error of ctx, or a failure of the disk.
	Commit(ctx context.Context, b *Batch) error

	// Get returns the value under a key: ErrNotFound if there is none,
	// *CorruptError if it is there but is not what was put. The caller owns the
	// bytes.
	Get(ctx context.Context, k Key) ([]byte, error)

	// Scan yields the records of one document and kind whose names begin with
	// prefix, in the order of their names as bytes. A damaged record yields its
	// Key and a *CorruptError, and the scan goes on; any other error ends it.
	//
	// The loop may call any method of the store. Records that are there when the
	// scan begins and are not touched while it runs are all seen; of those
	// committed or deleted meanwhile, each may be seen or not.
	Scan(ctx context.Context, doc wire.DocID, kind Kind, prefix string) iter.Seq2[Record, error]

	// Documents lists the documents that have any record, in the order of their
	// ids. The zero id, under which a node keeps its own records, is left out.
	Documents(ctx context.Context) ([]wire.DocID, error)

	// Close finishes the commits already queued, waits for the store's goroutines
	// and releases what it holds. Closing twice is safe.
	Close() error
}

// Record is one stored value and its key.
type Record struct {
	Key   Key
	Value []byte // at most MaxValueBytes; empty is a value
}

// Batch is a set of changes that belong together. Deletes are applied before
// puts, puts in their order; deleting what is not there is no error.
type Batch struct {
	Put    []Record
	Delete []Key
}

// Size is what the batch counts against MaxBatchBytes: each record its name, its
// value and RecordOverheadBytes.
func (b *Batch) Size() int {
	n := 0
	for i := range b.Put {
		n += len(b.Put[i].Key.Name) + len(b.Put[i].Value) + RecordOverheadBytes
	}
	for i := range b.Delete {
		n += len(b.Delete[i].Name) + RecordOverheadBytes
	}
	return n
}

// Check returns a *LimitError if the batch is not one that a store takes.
func (b *Batch) Check() error {
	for i := range b.Put {
		if err := b.Put[i].Key.Check(); err != nil {
			return err
		}
		if n := len(b.Put[i].Value); n > MaxValueBytes {
			return &LimitError{What: "value of " + b.Put[i].Key.String(), Size: n, Limit: MaxValueBytes}
		}
	}
	for i := range b.Delete {
		if err := b.Delete[i].Check(); err != nil {
			return err
		}
	}
	if n := b.Size(); n > MaxBatchBytes {
		return &LimitError{What: fmt.Sprintf("batch of %d records", len(b.Put)+len(b.Delete)), Size: n, Limit: MaxBatchBytes}
	}
	return nil
}
