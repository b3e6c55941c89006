//go:build !js

package badgerstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/sheafdocs/sheaf/node/store"
)

// Badger merges its tables in the background, to get rid of what was overwritten or
// deleted. When it cannot write one of the new tables (no space, no file
// descriptor, an I/O error) it forgets the error (a deferred call whose argument is
// evaluated too early), goes on without that table and deletes the old ones:
// everything in it is gone.
//
// So Badger's merging is switched off. Instead, when there are many tables, all
// records are copied into a new generation while the old one serves; the copy is
// read and compared with the tally; what was committed meanwhile is added; and only
// then the new one takes the place of the old. No one ever reads what was not
// checked, and a crash at any moment leaves one whole generation.

// When a new generation is made: when there are tidyTables more than twice as many
// tables as the present one began with, or more than tidyGarbage and more than half
// of their bytes are garbage; when space gets scarce, as soon as it gains anything.
const (
	tidyEvery   = time.Minute
	tidyFull    = 5 * time.Second // while the disk is full
	tidyTables  = 8
	tidyGarbage = 64 << 20
	tidyGain    = 2 * memTableBytes
	// maxSinceBytes bounds what is remembered of the commits made meanwhile.
	maxSinceBytes = 64 << 20
)

var errTooMuchMeanwhile = fmt.Errorf("more than %d MiB were written meanwhile", maxSinceBytes>>20)

// since is what was committed while a copy is made.
type since struct {
	stored map[string][]byte // nil: deleted
	size   int
	tooBig bool
}

func (c *since) add(key, stored []byte) {
	if c.tooBig {
		return
	}
	if c.size += len(key) + len(stored) + store.RecordOverheadBytes; c.size > maxSinceBytes {
		c.tooBig, c.stored = true, nil
		return
	}
	c.stored[string(key)] = stored
}

// tidyLoop makes a new generation now and then.
func (s *Store) tidyLoop() {
	defer s.wg.Done()
	tick := time.NewTicker(tidyFull)
	defer tick.Stop()
	for last := time.Now(); ; {
		select {
		case <-s.stop:
			return
		case <-tick.C:
		}
		if time.Since(last) < tidyEvery && !s.health.has(causeFull) {
			continue
		}
		last = time.Now()
		if err := s.tidy(context.Background(), s.wantsTidying); err != nil && !errors.Is(err, store.ErrClosed) {
			s.log.Warn("store not tidied", "err", err)
		}
	}
}

// wantsTidying reports whether a copy is worth its while and there is room for it.
// It is run by the writer.
func (s *Store) wantsTidying() bool {
	var size int64
	tables := 0
	for _, l := range s.db.Levels() {
		size, tables = size+l.Size, tables+l.NumTables
	}
	free, err := freeBytes(s.cfg.Dir)
	if err != nil || free < s.live+s.live/4+5*memTableBytes {
		return false
	}
	garbage := size - s.live
	if free < 2*s.cfg.ReserveBytes {
		return garbage > tidyGain
	}
	return tables >= 2*s.firstTables()+tidyTables || garbage > max(tidyGarbage, s.live)
}

// copying is a generation being made.
type copying struct {
	store      *Store
	from       *badger.DB
	txn        *badger.Txn // what is copied
	want       groupNote   // what that is
	to         *badger.DB
	mapping    *mapping
	generation int
	outcome    outcome
}

// outcome is what became of a copy.
type outcome uint8

const (
	dropped outcome = iota // it is not needed
	taken                  // it is the present generation
	unsure                 // it may be, at the next opening; so may the old one
)

// tidy makes a new generation if wanted says so.
func (s *Store) tidy(ctx context.Context, wanted func() bool) error {
	c, err := s.beginCopy(ctx, wanted)
	if c == nil {
		return err
	}
	err = c.run(ctx)
	if cerr := c.end(); err == nil {
		err = cerr
	}
	return err
}

func (s *Store) beginCopy(ctx context.Context, wanted func() bool) (c *copying, err error) {
	err = s.between(ctx, func() error {
		if s.db == nil || s.broken || !wanted() {
			return nil
		}
		c = &copying{
			store: s, from: s.db, generation: s.generation + 1,
			txn: s.db.NewTransaction(false), want: s.tally.snapshot(),
		}
		s.since = &since{stored: make(map[string][]byte)}
		return nil
	})
	return c, err
}

func (c *copying) run(ctx context.Context) error {
	s := c.store
	dir := s.generationDir(c.generation)
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	var err error
	if c.to, c.mapping, err = s.openBadger(dir); err != nil {
		return err
	}
	if err := c.fill(ctx); err != nil {
		return fmt.Errorf("copy store: %w", err)
	}
	found, err := surveyDB(c.to)
	if err != nil {
		return err
	}
	if len(found.corrupt) > 0 || len(difference(c.want.shelfs, found.shelfs)) > 0 {
		return errors.New("the copy is not what was copied; it is thrown away")
	}
	return s.between(ctx, c.take)
}

// fill copies all pairs, a page at a time, so that readers and Close need not wait.
func (c *copying) fill(ctx context.Context) error {
	wb := c.to.NewWriteBatch()
	defer wb.Cancel()
	for from := []byte{}; from != nil; {
		if err := ctx.Err(); err != nil {
			return err
		}
		var page [][2][]byte
		var err error
		if page, from, err = c.page(from); err != nil {
			return err
		}
		for _, p := range page {
			if err := wb.Set(p[0], p[1]); err != nil {
				return err
			}
		}
	}
	return wb.Flush()
}

// page reads pairs from the key from on; next is where to go on, nil at the end.
func (c *copying) page(from []byte) (page [][2][]byte, next []byte, err error) {
	err = c.store.read(func(*badger.Txn) error {
		if c.store.db != c.from {
			return errInterrupted
		}
		it := c.txn.NewIterator(badger.IteratorOptions{})
		defer it.Close()
		for it.Seek(from); it.Valid(); it.Next() {
			item := it.Item()
			if len(page) == pageRecords {
				next = item.KeyCopy(nil)
				return nil
			}
			stored, err := item.ValueCopy(nil)
			if err != nil {
				return err
			}
			page = append(page, [2][]byte{item.KeyCopy(nil), stored})
		}
		return nil
	})
	return page, next, err
}

// take adds what was committed since the copy was begun, and puts the copy in the
// place of the old generation. It is run by the writer.
func (c *copying) take() error {
	s := c.store
	if s.db != c.from || s.broken {
		return errInterrupted
	}
	if s.since.tooBig {
		return errTooMuchMeanwhile
	}
	err := guard(func() error {
		wb := c.to.NewWriteBatch()
		defer wb.Cancel()
		for key, stored := range s.since.stored {
			var err error
			if stored == nil {
				err = wb.Delete([]byte(key))
			} else {
				err = wb.Set([]byte(key), stored)
			}
			if err != nil {
				return err
			}
		}
		if err := wb.Flush(); err != nil {
			return err
		}
		return c.compareSince()
	})
	if err != nil {
		return fmt.Errorf("add what was written meanwhile: %w", err)
	}
	if err := s.complete(c.generation, c.to); err != nil {
		// It may count now or not. Both generations hold the same; so before
		// anything is added to either, the store is opened anew by what the disk
		// says.
		s.setBroken(err)
		c.outcome = unsure
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.db, s.mapping, s.generation, c.outcome = c.to, c.mapping, c.generation, taken
	return nil
}

// compareSince checks that what was added to the copy is in it.
func (c *copying) compareSince() error {
	txn := c.to.NewTransaction(false)
	defer txn.Discard()
	for key, stored := range c.store.since.stored {
		item, err := txn.Get([]byte(key))
		if errors.Is(err, badger.ErrKeyNotFound) && stored == nil {
			continue
		}
		if err != nil {
			return err
		}
		err = item.Value(func(have []byte) error {
			if !bytes.Equal(have, stored) {
				return errHash
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// end closes and removes the generation that is not needed: the old one, or the
// copy if it was not taken.
func (c *copying) end() error {
	s := c.store
	_ = s.between(context.Background(), func() error { s.since = nil; return nil })
	c.txn.Discard()
	rest, dir := c.to, s.generationDir(c.generation)
	if c.outcome == taken {
		rest, dir = c.from, s.generationDir(c.generation-1)
	}
	remove := func() error {
		if c.outcome == unsure {
			return nil
		}
		return os.RemoveAll(dir)
	}
	if rest == nil {
		return remove()
	}
	closed := make(chan error, 1)
	go func() { closed <- guard(rest.Close) }()
	select {
	case err := <-closed:
		return errors.Join(err, remove())
	case <-time.After(closeTimeout):
		// Its directory is removed when the store is opened next.
		return fmt.Errorf("close %s: no answer within %v", filepath.Base(dir), closeTimeout)
	}
}
