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
	"time"

	"filippo.io/age"

	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/wire"
)

// Verify reads a backup to its end, and says what is in it; hidden may be nil. The
// errors wrap ErrPassphrase or ErrDamaged, or are those of r.
func Verify(r io.Reader, passphrase string, hidden Hidden) (Summary, error) {
	_, sum, err := read(r, passphrase, hidden, func(store.Record) error { return nil })
	return sum, err
}

// Restore puts a backup into an empty store, reads everything back from there
// and compares. The errors are those of Verify, and the store's. After an error
// the store holds a part and is of no use.
func Restore(ctx context.Context, r io.Reader, passphrase string, hidden Hidden, into store.Store) (*identity.Key, Summary, error) {
	var b store.Batch
	commit := func() error {
		if err := into.Commit(ctx, &b); err != nil {
			return fmt.Errorf("store restored records: %w", err)
		}
		b = store.Batch{}
		return nil
	}
	key, sum, err := read(r, passphrase, hidden, func(rec store.Record) error {
		one := store.Batch{Put: []store.Record{rec}}
		if b.Size()+one.Size() > store.MaxBatchBytes {
			if err := commit(); err != nil {
				return err
			}
		}
		b.Put = append(b.Put, rec)
		return nil
	})
	if err != nil {
		return nil, sum, err
	}
	if err := commit(); err != nil {
		return nil, sum, err
	}
	found, err := summarise(ctx, into)
	if err != nil {
		return nil, sum, err
	}
	if found.Records != sum.Records || found.sum != sum.sum {
		return nil, sum, fmt.Errorf("%w: %d records were restored and %d found in the store, or others", ErrDamaged, sum.Records, found.Records)
	}
	return key, sum, nil
}

// summarise reads a whole store.
func summarise(ctx context.Context, st store.Store) (Summary, error) {
	var sum Summary
	docs, err := st.Documents(ctx)
	if err != nil {
		return sum, fmt.Errorf("list documents: %w", err)
	}
	for _, doc := range append([]wire.DocID{{}}, docs...) {
		for _, kind := range order() {
			for r, err := range st.Scan(ctx, doc, kind, "") {
				if err != nil {
					return sum, fmt.Errorf("read %s records: %w", kind, err)
				}
				sum.add(r)
			}
		}
	}
	return sum, nil
}

// read goes through a backup and hands every record to take.
func read(r io.Reader, passphrase string, hidden Hidden, take func(store.Record) error) (*identity.Key, Summary, error) {
	id, err := age.NewScryptIdentity(passphrase)
	if err != nil {
		return nil, Summary{}, ErrPassphrase // an empty one
	}
	id.SetMaxWorkFactor(maxWorkFactor)
	open, err := age.Decrypt(r, id)
	var noMatch *age.NoIdentityMatchError
	switch {
	case errors.As(err, &noMatch):
		return nil, Summary{}, ErrPassphrase
	case err != nil:
		return nil, Summary{}, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	f := newFrameReader(open, hidden)
	key, sum, err := f.all(take)
	if err != nil {
		return nil, sum, err
	}
	if _, err := f.r.ReadByte(); !errors.Is(err, io.EOF) {
		return nil, sum, fmt.Errorf("%w: something follows its end", ErrDamaged)
	}
	return key, sum, nil
}

// frameReader reads frames and hashes them.
type frameReader struct {
	r      *bufio.Reader
	hash   hash.Hash
	hidden Hidden
	buf    []byte
}

func newFrameReader(r io.Reader, hidden Hidden) *frameReader {
	if hidden == nil {
		hidden = func(*identity.Key, store.Record) []wire.DocID { return nil }
	}
	return &frameReader{r: bufio.NewReaderSize(r, 64<<10), hash: sha256.New(), hidden: hidden}
}

// fill reads n bytes into the buffer, which the next call overwrites.
func (f *frameReader) fill(n int) ([]byte, error) {
	if cap(f.buf) < n {
		f.buf = make([]byte, n)
	}
	b := f.buf[:n]
	if _, err := io.ReadFull(f.r, b); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return b, nil
}

// frame reads one frame. Its bytes are hashed by hashed, once it is known not
// to be the last.
func (f *frameReader) frame() ([]byte, error) {
	head, err := f.fill(4)
	if err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(head)
	if n > maxFrameBytes {
		return nil, fmt.Errorf("%w: a frame of %d bytes", ErrDamaged, n)
	}
	return f.fill(int(n))
}

func (f *frameReader) hashed(b []byte) {
	var n [4]byte
	binary.BigEndian.PutUint32(n[:], uint32(len(b)))
	f.hash.Write(n[:])
	f.hash.Write(b)
}

// all reads every frame.
func (f *frameReader) all(take func(store.Record) error) (*identity.Key, Summary, error) {
	var sum Summary
	first, err := f.fill(len(magic))
	if err != nil {
		return nil, sum, err
	}
	if string(first) != magic {
		return nil, sum, fmt.Errorf("%w: it begins otherwise, or a later version wrote it", ErrDamaged)
	}
	f.hash.Write(first)
	b, err := f.frame()
	if err != nil {
		return nil, sum, err
	}
	var head headFrame
	if err := wire.Unmarshal(b, &head); err != nil || head.Type != frameHead {
		return nil, sum, fmt.Errorf("%w: it has no head", ErrDamaged)
	}
	f.hashed(b)
	key, err := identity.ParseKey(head.Key)
	if err != nil {
		return nil, sum, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	sum.Device, sum.Made = key.Device(), time.UnixMilli(int64(head.Made))
	for {
		b, err := f.frame()
		if err != nil {
			return nil, sum, err
		}
		last, err := f.next(b, key, &sum, take)
		if err != nil || last {
			return key, sum, err
		}
	}
}

// next takes a record, or the end.
func (f *frameReader) next(b []byte, key *identity.Key, sum *Summary, take func(store.Record) error) (last bool, err error) {
	var end endFrame
	if wire.Unmarshal(b, &end) == nil && end.Type == frameEnd {
		if end.Records != uint64(sum.Records) || end.Hash != [32]byte(f.hash.Sum(nil)) {
			return false, fmt.Errorf("%w: its hash is another", ErrDamaged)
		}
		return true, nil
	}
	var rec recordFrame
	if err := wire.Unmarshal(b, &rec); err != nil || rec.Type != frameRecord || rec.Kind > 255 {
		return false, fmt.Errorf("%w: a record cannot be read", ErrDamaged)
	}
	r := store.Record{Key: store.Key{Doc: rec.Doc, Kind: store.Kind(rec.Kind), Name: string(rec.Name)}, Value: rec.Value}
	if err := (&store.Batch{Put: []store.Record{r}}).Check(); err != nil {
		return false, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	f.hashed(b)
	sum.hide(f.hidden(key, r))
	sum.add(r)
	return false, take(r)
}
