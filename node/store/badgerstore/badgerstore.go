//go:build !js

// Package badgerstore keeps a node's records in Badger, for every build but the
// browser's. It is written for the worst day of a disk: Badger alone returns
// wrong values after a flipped bit, drops half of its log without a word, and
// dies on a full disk.
//
// [Open] returns a [Store] and a [Report] of what it found. [Store.Health] says
// how things stand, [Store.Scrub] checks every record.
//
// What it promises beyond store.Store:
//
//   - Every record carries a hash of its key and value, checked on every read. How
//     many records each document has, and what their hashes add up to, is kept a
//     second time outside Badger (file tally) and compared at every open: records
//     that vanish are noticed and told, per document.
//   - A store that does not open, or that Badger would damage further by opening
//     it, is renamed (….damaged-TIME) and never deleted. All records that are
//     still whole are moved into a fresh one.
//   - Below a reserve of free space the store is read-only (store.ErrFull), so that
//     Badger, which writes through memory maps, is never killed for want of it.
//     It recovers by itself.
//   - A failed flush acknowledges nothing. The store then reads as before, says
//     that it is failing, and opens Badger anew once the disk takes writes again.
//   - A second process gets store.ErrLocked and a sentence it can show.
//
// It does not use Badger's value log: Badger reports no error when flushing that
// fails, and all our values are small enough to live without it. So there is no
// value-log garbage to collect either. The files and bytes are specified in
// docs/formats/store.md.
package badgerstore

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/wire"
)

// Defaults of Config.
const (
	DefaultReserveBytes = 128 << 20
	DefaultBallastBytes = 64 << 20
	// minReserveBytes is twice what Badger needs to open: a log, and tables from
	// the logs it finds.
	minReserveBytes = 64 << 20
)

// Config says where and how to keep a store. Dir must be set.
type Config struct {
	// Dir is the store's directory, made if missing. Nothing else may be kept in
	// it.
	Dir string
	// Logger gets what an operator should know; nil discards it.
	Logger *slog.Logger
	// ReserveBytes is how much of the disk must be free for commits to be taken;
	// default DefaultReserveBytes, at least 64 MiB. Half of it is needed to open.
	ReserveBytes int64
	// BallastBytes is the size of a file kept to be given up when a full disk
	// would keep the store from opening; default DefaultBallastBytes, at most
	// half of ReserveBytes; negative for none.
	BallastBytes int64
	// OnHealth, if set, is called with the new health whenever it changes, by one
	// goroutine at a time, and must not block.
	OnHealth func(Health)
	// SyncDelay is for tests: every commit waits this long before its flush.
	SyncDelay time.Duration
	// SyncFault is for tests: it is asked after every flush, and an error it
	// returns is taken for a failure of that flush.
	SyncFault func() error
}

func (c Config) withDefaults() Config {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.ReserveBytes <= 0 {
		c.ReserveBytes = DefaultReserveBytes
	}
	c.ReserveBytes = max(c.ReserveBytes, minReserveBytes)
	if c.BallastBytes == 0 {
		c.BallastBytes = DefaultBallastBytes
	}
	// More ballast than this, given up, would look like free space.
	c.BallastBytes = max(0, min(c.BallastBytes, c.ReserveBytes/2))
	return c
}

// Store is a store in a directory. See Open.
type Store struct {
	cfg    Config
	log    *slog.Logger
	lock   *os.File
	health health
	tally  *tallies

	queue     chan *request
	stop      chan struct{} // closed by Close
	dead      chan struct{} // closed when the writer has ended
	closeOnce sync.Once
	closeErr  error
	wg        sync.WaitGroup

	// mu guards db: held for reading while db is read, for writing while it is
	// opened anew.
	mu sync.RWMutex
	db *badger.DB // nil while it cannot be opened

	generation int // of db; changed by the writer

	// Owned by the writer.
	broken  bool  // Badger's state is unknown since a failed commit
	cause   error // why
	nextTry time.Time
	journal journal
	closing chan error // result of a Badger that takes long to close
	mapping *mapping
	live    int64  // bytes of keys and values
	since   *since // while tables are merged; else nil

	started   atomic.Int64 // when the group being written was begun, in Unix nanoseconds; or 0
	reviving  atomic.Bool  // the writer wants to open Badger anew
	ending    atomic.Bool  // being closed
	brokenNow atomic.Bool  // broken, for others than the writer

	marks marks
}

var _ store.Store = (*Store)(nil)

// Open opens the store in cfg.Dir, or makes one. The report says what was damaged
// and what was done about it; it is meaningful if err is nil.
//
// The errors to tell apart are store.ErrLocked and store.ErrFull; both come with a
// sentence that says what to do. After any error nothing has been lost.
func Open(cfg Config) (*Store, Report, error) {
	cfg = cfg.withDefaults()
	if cfg.Dir == "" {
		return nil, Report{}, errors.New("open store: no directory given")
	}
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, Report{}, fmt.Errorf("open store: %w", err)
	}
	lock, err := lockDir(cfg.Dir)
	if err != nil {
		return nil, Report{}, fmt.Errorf("open store: %w", err)
	}
	s := &Store{
		cfg:   cfg,
		log:   cfg.Logger,
		lock:  lock,
		tally: newTallies(),
		queue: make(chan *request, 256),
		stop:  make(chan struct{}),
		dead:  make(chan struct{}),
	}
	s.health.changed = cfg.OnHealth
	s.journal.dir = cfg.Dir
	s.journal.dirty = make(chan struct{}, 1)
	report, err := s.openAll()
	if err != nil {
		_ = unlockDir(lock)
		return nil, report, fmt.Errorf("open store %s: %w", cfg.Dir, err)
	}
	s.wg.Add(3)
	go s.write()
	go s.watch()
	go s.tidyLoop()
	return s, report, nil
}

func (s *Store) openAll() (Report, error) {
	if err := checkFormat(s.cfg.Dir); err != nil {
		return Report{}, err
	}
	if err := s.makeRoomToOpen(); err != nil {
		return Report{}, err
	}
	return s.raise()
}

// formatName is a file that says what kind of directory this is.
const (
	formatName = "format"
	formatText = "sheaf-store 1\n"
)

// checkFormat refuses a directory written by a later version of Sheaf. The file
// has no other use, so one that cannot be understood is written anew.
func checkFormat(dir string) error {
	path := filepath.Join(dir, formatName)
	b, err := os.ReadFile(path)
	if err == nil && string(b) == formatText {
		return nil
	}
	var version int
	if n, _ := fmt.Sscanf(string(b), "sheaf-store %d\n", &version); err == nil && n == 1 && version > 1 && version < 1000 {
		return fmt.Errorf("the directory was written by a later version of Sheaf (format %d, this one knows 1); nothing was changed; use that version, or remove %s if you are sure", version, path)
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return writeFileDurably(path, []byte(formatText))
}

// Get implements store.Store.
func (s *Store) Get(ctx context.Context, k store.Key) (value []byte, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := k.Check(); err != nil {
		return nil, err
	}
	bkey := recordKey(k)
	err = s.read(func(txn *badger.Txn) error {
		item, err := txn.Get(bkey)
		if errors.Is(err, badger.ErrKeyNotFound) {
			return store.ErrNotFound
		}
		if err != nil {
			return err
		}
		return item.Value(func(stored []byte) error {
			v, _, err := openValue(bkey, stored)
			if err != nil {
				return &store.CorruptError{Key: k, Reason: err.Error()}
			}
			value = append(make([]byte, 0, len(v)), v...)
			return nil
		})
	})
	var fault *faultError
	if errors.As(err, &fault) {
		// The disk does not give the page that the record is on.
		err = &store.CorruptError{Key: k, Reason: err.Error()}
	}
	if err != nil {
		return nil, err
	}
	return value, nil
}

// Limits of what a scan holds in memory at a time.
const (
	pageRecords = 256
	pageBytes   = 512 << 10
)

// Scan implements store.Store. It reads a page of records at a time and holds
// nothing between pages, so a slow loop blocks no one.
func (s *Store) Scan(ctx context.Context, doc wire.DocID, kind store.Kind, prefix string) iter.Seq2[store.Record, error] {
	return func(yield func(store.Record, error) bool) {
		first := store.Key{Doc: doc, Kind: kind, Name: prefix}
		if err := first.Check(); err != nil {
			yield(store.Record{}, err)
			return
		}
		bprefix := recordKey(first)
		for from := bprefix; from != nil; {
			if err := ctx.Err(); err != nil {
				yield(store.Record{}, err)
				return
			}
			page, next, err := s.page(bprefix, from)
			if err != nil {
				yield(store.Record{}, err)
				return
			}
			for _, r := range page {
				var err error
				if r.corrupt != "" {
					err = &store.CorruptError{Key: r.Key, Reason: r.corrupt}
				}
				if !yield(r.Record, err) {
					return
				}
			}
			from = next
		}
	}
}

type pageRecord struct {
	store.Record
	corrupt string // why it is damaged; Value is nil then
}

// page reads records from the key from on; next is where to go on, nil at the end.
func (s *Store) page(bprefix, from []byte) (page []pageRecord, next []byte, err error) {
	err = s.read(func(txn *badger.Txn) error {
		it := txn.NewIterator(badger.IteratorOptions{Prefix: bprefix})
		defer it.Close()
		size := 0
		for it.Seek(from); it.ValidForPrefix(bprefix); it.Next() {
			item := it.Item()
			if len(page) == pageRecords || size >= pageBytes {
				next = item.KeyCopy(nil)
				return nil
			}
			k, err := parseRecordKey(item.Key())
			if err != nil {
				return fmt.Errorf("scan: %w", err)
			}
			r := pageRecord{Record: store.Record{Key: k}}
			err = item.Value(func(stored []byte) error {
				v, _, err := openValue(item.Key(), stored)
				if err != nil {
					r.corrupt = err.Error()
					return nil
				}
				r.Value = append(make([]byte, 0, len(v)), v...)
				return nil
			})
			if err != nil {
				r.corrupt = err.Error()
			}
			size += len(k.Name) + len(r.Value)
			page = append(page, r)
		}
		return nil
	})
	return page, next, err
}

// Documents implements store.Store.
func (s *Store) Documents(ctx context.Context) ([]wire.DocID, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case <-s.stop:
		return nil, store.ErrClosed
	default:
		return s.tally.documents(), nil
	}
}

// read runs f on a read transaction. A fault in a memory map, as when the disk
// cannot be read, is returned as a *faultError and does not end the process.
func (s *Store) read(f func(*badger.Txn) error) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	select {
	case <-s.stop:
		return store.ErrClosed
	default:
	}
	if s.db == nil {
		return errUnavailable
	}
	err := guard(func() error {
		txn := s.db.NewTransaction(false)
		defer txn.Discard()
		return f(txn)
	})
	var fault *faultError
	if errors.As(err, &fault) && fault.ofBadger() {
		return errUnavailable
	}
	return err
}

// Close implements store.Store.
func (s *Store) Close() error {
	s.closeOnce.Do(func() {
		close(s.stop)
		s.makeRoomToClose()
		s.ending.Store(true)
		s.wg.Wait()
		s.mu.Lock()
		defer s.mu.Unlock()
		s.closeErr = errors.Join(s.closeBadger(), s.journal.close())
		if s.closing == nil {
			// Else Badger is still at it: no one may open the directory yet.
			s.closeErr = errors.Join(s.closeErr, unlockDir(s.lock))
		}
	})
	return s.closeErr
}
