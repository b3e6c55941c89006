// Package backup writes everything a device holds into one encrypted file, and
// reads it back: the device's key and every record of its store.
//
// [Write] makes such a file, [Verify] reads it to its end and says what is in
// it, [Restore] puts it into an empty store. All stream: memory does not grow
// with the size of the backup. A file is only good as a whole: what was cut off,
// damaged or changed is told, and never half restored by [Restore]'s caller if it
// verifies first.
//
// The package leaves out where files lie and how they get their names (cmd). The
// bytes are specified in docs/formats/backup.md.
package backup

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
	"time"

	"filippo.io/age"

	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/wire"
)

// Errors of reading a backup.
var (
	// ErrPassphrase says that the passphrase is another.
	ErrPassphrase = errors.New("this is not the passphrase of the backup")
	// ErrDamaged says that a file is no whole backup.
	ErrDamaged = errors.New("this is not a whole backup")
)

const magic = "sheaf-backup 1\n"

// Limits on what is read.
const (
	maxFrameBytes = store.MaxValueBytes + 4<<10
	maxWorkFactor = 20 // of scrypt: 1 GiB of memory
)

// Types of frames.
const (
	frameHead = iota
	frameRecord
	frameEnd
)

type headFrame struct {
	_    struct{} `cbor:",toarray"`
	Type uint64
	Made uint64 // unix ms
	Key  []byte // key file without a passphrase
}

type recordFrame struct {
	_     struct{} `cbor:",toarray"`
	Type  uint64
	Doc   wire.DocID
	Kind  uint64
	Name  []byte
	Value []byte
}

type endFrame struct {
	_       struct{} `cbor:",toarray"`
	Type    uint64
	Records uint64
	Hash    [32]byte // of everything before this frame's length
}

// Summary says what is in a backup.
type Summary struct {
	Device    wire.Device
	Made      time.Time
	Documents int // without those that Hidden names
	Records   int
	Bytes     int64 // of keys and values
	Damaged   int   // records that the store could not read and that were left out; of Write only

	sum    [32]byte // of the hashes of all records, in any order
	last   wire.DocID
	hidden map[wire.DocID]bool // not counted in Documents
}

// Hidden says which documents a record of the node's own names that a person does
// not see in their list, and so does not expect to be counted.
type Hidden func(*identity.Key, store.Record) []wire.DocID

// hide leaves out of the count what a record names. Records of the node's own
// come before those of any document.
func (s *Summary) hide(docs []wire.DocID) {
	for _, doc := range docs {
		if s.hidden == nil {
			s.hidden = map[wire.DocID]bool{}
		}
		s.hidden[doc] = true
	}
}

// add counts a record.
func (s *Summary) add(r store.Record) {
	if !r.Key.Doc.IsZero() && r.Key.Doc != s.last {
		s.last = r.Key.Doc
		if !s.hidden[r.Key.Doc] {
			s.Documents++
		}
	}
	s.Records++
	key := r.Key.Append(nil)
	s.Bytes += int64(len(key) + len(r.Value))
	h := sha256.New()
	var n [4]byte
	binary.BigEndian.PutUint32(n[:], uint32(len(key)))
	h.Write(n[:])
	h.Write(key)
	h.Write(r.Value)
	for i, b := range h.Sum(nil) {
		s.sum[i] ^= b
	}
}

// Config says what is backed up. Key and Store are required.
type Config struct {
	Key   *identity.Key
	Store store.Store
	Now   time.Time // is noted in the backup
	// WorkFactor is the base-2 logarithm of scrypt's cost. Default 18: 256 MiB
	// and about a second.
	WorkFactor int
}

// order is the order in which a document's records are read while its node goes
// on writing: what replaces a record comes after it, and what a record needs
// comes after that too, so that nothing is missed between the two.
// Kinds that are not in the list come last.
func order() []store.Kind {
	kinds := []store.Kind{
		store.KindDraft, store.KindEntry, store.KindReceipt, store.KindRequest,
		store.KindWrap, store.KindOp, store.KindSecret, store.KindLocal,
	}
	for _, k := range store.Kinds() {
		if !slices.Contains(kinds, k) {
			kinds = append(kinds, k)
		}
	}
	return kinds
}

// Write writes a backup of a store, which may be in use. When it returns nil,
// everything was handed to w.
func Write(ctx context.Context, w io.Writer, passphrase string, cfg Config) (Summary, error) {
	sum := Summary{Device: cfg.Key.Device(), Made: cfg.Now}
	recipient, err := age.NewScryptRecipient(passphrase)
	if err != nil {
		return sum, fmt.Errorf("take passphrase: %w", err)
	}
	if cfg.WorkFactor > 0 {
		recipient.SetWorkFactor(cfg.WorkFactor)
	}
	sealed, err := age.Encrypt(w, recipient)
	if err != nil {
		return sum, fmt.Errorf("begin backup: %w", err)
	}
	out := &frameWriter{w: bufio.NewWriterSize(sealed, 64<<10), hash: sha256.New()}
	if err := out.all(ctx, cfg, &sum); err != nil {
		return sum, err
	}
	if err := errors.Join(out.w.Flush(), sealed.Close()); err != nil {
		return sum, fmt.Errorf("write backup: %w", err)
	}
	return sum, nil
}

// frameWriter writes frames and hashes them.
type frameWriter struct {
	w    *bufio.Writer
	hash hash.Hash
}

func (f *frameWriter) write(b []byte) error {
	f.hash.Write(b)
	if _, err := f.w.Write(b); err != nil {
		return fmt.Errorf("write backup: %w", err)
	}
	return nil
}

func (f *frameWriter) frame(v any) error {
	b, err := wire.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode backup: %w", err)
	}
	var n [4]byte
	binary.BigEndian.PutUint32(n[:], uint32(len(b)))
	if err := f.write(n[:]); err != nil {
		return err
	}
	return f.write(b)
}

// all writes every frame of a backup.
func (f *frameWriter) all(ctx context.Context, cfg Config, sum *Summary) error {
	key, err := cfg.Key.Marshal()
	if err != nil {
		return fmt.Errorf("encode device key: %w", err)
	}
	if err := f.write([]byte(magic)); err != nil {
		return err
	}
	if err := f.frame(headFrame{Type: frameHead, Made: uint64(cfg.Now.UnixMilli()), Key: key}); err != nil {
		return err
	}
	docs, err := cfg.Store.Documents(ctx)
	if err != nil {
		return fmt.Errorf("list documents: %w", err)
	}
	for _, doc := range append([]wire.DocID{{}}, docs...) {
		for _, kind := range order() {
			if err := f.records(ctx, cfg.Store, doc, kind, sum); err != nil {
				return err
			}
		}
	}
	return f.frame(endFrame{Type: frameEnd, Records: uint64(sum.Records), Hash: [32]byte(f.hash.Sum(nil))})
}

func (f *frameWriter) records(ctx context.Context, st store.Store, doc wire.DocID, kind store.Kind, sum *Summary) error {
	for r, err := range st.Scan(ctx, doc, kind, "") {
		var corrupt *store.CorruptError
		if errors.As(err, &corrupt) {
			sum.Damaged++
			continue
		}
		if err != nil {
			return fmt.Errorf("read %s records: %w", kind, err)
		}
		sum.add(r)
		frame := recordFrame{Type: frameRecord, Doc: doc, Kind: uint64(kind), Name: []byte(r.Key.Name), Value: r.Value}
		if err := f.frame(frame); err != nil {
			return err
		}
	}
	return nil
}
