//go:build !js

package badgerstore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/sheafdocs/sheaf/node/store"
)

// request is a batch on its way to the writer, already hashed and copied.
type request struct {
	ctx  context.Context
	ops  []op
	size int
	run  func() error // instead of ops: to be run between groups
	done chan error   // receives the outcome once; buffered
}

// op changes one key of Badger.
type op struct {
	key    []byte
	stored []byte // nil: delete
	sum    sum    // hash in stored
	shelf  shelfID
}

// Commit implements store.Store. Hashing is done by the caller; one goroutine
// writes. A batch that finds it idle is written at once; those that come while it
// flushes make up the next group.
func (s *Store) Commit(ctx context.Context, b *store.Batch) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := b.Check(); err != nil {
		return err
	}
	r := &request{ctx: ctx, size: b.Size(), ops: make([]op, 0, len(b.Delete)+len(b.Put)), done: make(chan error, 1)}
	for _, k := range b.Delete {
		r.ops = append(r.ops, op{key: recordKey(k), shelf: shelfOf(k)})
	}
	for i := range b.Put {
		k := b.Put[i].Key
		o := op{key: recordKey(k), shelf: shelfOf(k)}
		o.stored = sealValue(o.key, b.Put[i].Value)
		copy(o.sum[:], o.stored[1:])
		r.ops = append(r.ops, o)
	}
	return s.submit(ctx, r)
}

// submit hands a request to the writer and waits for its outcome.
func (s *Store) submit(ctx context.Context, r *request) error {
	select {
	case <-s.stop:
		return store.ErrClosed
	default:
	}
	select {
	case s.queue <- r:
	case <-ctx.Done():
		return ctx.Err()
	case <-s.stop:
		return store.ErrClosed
	}
	select {
	case err := <-r.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-s.dead:
	}
	select {
	case err := <-r.done: // decided just before the writer ended
		return err
	default:
		return store.ErrClosed
	}
}

// write is the writer: the only goroutine that changes Badger and the journal.
func (s *Store) write() {
	defer s.wg.Done()
	defer close(s.dead)
	var held *request // did not fit the last group
	for {
		group := s.gather(&held)
		if group == nil {
			return
		}
		var err error
		if run := group[0].run; run != nil {
			err = run()
		} else {
			err = s.commitGroup(group)
		}
		for _, r := range group {
			r.done <- err
		}
	}
}

// gather waits for a request and adds what is queued behind it, up to what one
// Badger transaction takes. It returns nil when the store is closed and the queue
// is empty.
func (s *Store) gather(held **request) []*request {
	var group []*request
	size := 0
	add := func(r *request) bool {
		if r.ctx.Err() != nil {
			r.done <- r.ctx.Err() // given up before it began
			return true
		}
		if len(group) > 0 && (r.run != nil || size+r.size > store.MaxBatchBytes) {
			*held = r
			return false
		}
		group, size = append(group, r), size+r.size
		return r.run == nil
	}
	if r := *held; r != nil {
		*held = nil
		if !add(r) {
			return group
		}
	}
	for {
		select {
		case r := <-s.queue:
			if add(r) {
				continue
			}
			return group
		default:
		}
		if len(group) > 0 {
			return group
		}
		select {
		case r := <-s.queue:
			if !add(r) {
				return group
			}
		case <-s.stop:
			select {
			case r := <-s.queue:
				if !add(r) {
					return group
				}
			default:
				return nil
			}
		}
	}
}

// reviveIdle ends a failure if the disk works again, though no one commits.
func (s *Store) reviveIdle() error {
	if err := s.checkSpace(); err != nil {
		return err
	}
	if err := s.makeSpare(); err != nil {
		return err
	}
	if s.broken {
		if err := s.revive(); err != nil {
			return err
		}
	}
	s.health.set(causeFailing, "")
	return nil
}

// retryEvery is how often a failing disk is tried again.
const retryEvery = time.Second

var errUnavailable = errors.New("the disk fails: nothing is saved until it works again; what was saved is kept")

// commitGroup makes a group durable, or says why not. After a failed flush it
// opens Badger anew, as what the kernel failed to write it may not try again, and
// tries once more.
func (s *Store) commitGroup(group []*request) error {
	s.started.Store(time.Now().UnixNano())
	defer s.started.Store(0)
	if err := s.checkSpace(); err != nil {
		return err
	}
	err := s.makeSpare()
	if errors.Is(err, store.ErrFull) {
		return err
	}
	if err != nil {
		s.health.set(causeFailing, failingMessage(err))
		return fmt.Errorf("commit: %w", err)
	}
	for range 2 {
		if s.broken {
			if err := s.revive(); err != nil {
				return fmt.Errorf("commit: %w", err)
			}
		}
		if err = s.flushGroup(group); err == nil {
			s.health.set(causeFailing, "")
			return nil
		}
		s.setBroken(err)
		s.log.Error("commit failed", "err", err)
		if isFull(err) {
			s.noteFull()
			return fmt.Errorf("%w (%w)", store.ErrFull, err)
		}
		s.health.set(causeFailing, failingMessage(err))
	}
	return fmt.Errorf("commit: %w", err)
}

func failingMessage(err error) string {
	return fmt.Sprintf("The disk does not take what is written to it (%v). What was saved is kept; new edits are not saved until it works again. Check the disk.", err)
}

// flushGroup writes a group as one Badger transaction, together with its note.
func (s *Store) flushGroup(group []*request) error {
	if d := s.cfg.SyncDelay; d > 0 {
		time.Sleep(d)
	}
	note := groupNote{seq: s.tally.seq + 1, shelfs: make(map[shelfID]tally)}
	live := s.live
	err := guard(func() error {
		txn := s.db.NewTransaction(true)
		defer txn.Discard()
		for _, r := range group {
			for _, o := range r.ops {
				grown, err := s.change(txn, o, note.shelfs)
				if err != nil {
					return err
				}
				live += int64(grown)
			}
		}
		key := ringKey(note.seq)
		if err := txn.Set(key, sealValue(key, note.encode())); err != nil {
			return err
		}
		return txn.Commit()
	})
	if err == nil {
		err = s.stillJournals()
	}
	if err == nil && s.cfg.SyncFault != nil {
		err = s.cfg.SyncFault()
	}
	if err != nil {
		return err
	}
	if s.since != nil {
		for _, r := range group {
			for _, o := range r.ops {
				s.since.add(o.key, o.stored)
			}
		}
		key := ringKey(note.seq)
		s.since.add(key, sealValue(key, note.encode()))
	}
	s.live = live
	s.tally.apply(note)
	if err := s.journal.add(note, s.tally); err != nil {
		s.log.Error("tally not written", "err", err)
	}
	return nil
}

// change makes one change in txn and in the tallies that it touches, and returns by
// how many bytes the records grow.
func (s *Store) change(txn *badger.Txn, o op, changed map[shelfID]tally) (grown int, err error) {
	if o.key[0] != spaceRecord {
		if o.stored == nil {
			return 0, txn.Delete(o.key)
		}
		return 0, txn.Set(o.key, o.stored)
	}
	t, ok := changed[o.shelf]
	if !ok {
		t = s.tally.get(o.shelf)
	}
	item, err := txn.Get(o.key)
	switch {
	case errors.Is(err, badger.ErrKeyNotFound):
		if o.stored == nil {
			return 0, nil
		}
	case err != nil:
		return 0, err
	default:
		// A damaged old value has another hash than was counted. That shows at the
		// next scrub, as it should: the damage was there.
		err := item.Value(func(old []byte) error {
			if len(old) < valueOverhead {
				return errShortValue
			}
			t = t.without(sum(old[1:valueOverhead]))
			grown -= len(o.key) + len(old)
			return nil
		})
		if err != nil {
			return 0, err
		}
	}
	if o.stored == nil {
		err = txn.Delete(o.key)
	} else {
		t = t.with(o.sum)
		grown += len(o.key) + len(o.stored)
		err = txn.Set(o.key, o.stored)
	}
	changed[o.shelf] = t
	return grown, err
}

// revive closes Badger and opens it anew, once the disk takes writes again.
func (s *Store) revive() error {
	if now := time.Now(); now.Before(s.nextTry) {
		return fmt.Errorf("%w: %w", errUnavailable, s.cause)
	}
	s.nextTry = time.Now().Add(retryEvery)
	if s.cause = s.probe(); s.cause != nil {
		return fmt.Errorf("%w: %w", errUnavailable, s.cause)
	}
	s.reviving.Store(true)
	defer s.reviving.Store(false)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.closeBadger(); err != nil {
		s.log.Error("close after failure", "err", err)
		if s.closing != nil {
			s.cause = err
			return fmt.Errorf("%w: %w", errUnavailable, err)
		}
	}
	if err := s.journal.close(); err != nil {
		s.log.Error("close after failure", "err", err)
	}
	report, err := s.raise()
	if err != nil {
		s.cause = err
		return fmt.Errorf("%w: %w", errUnavailable, err)
	}
	if !report.Clean() {
		s.log.Error("store damaged", "report", report.String())
	}
	s.broken = false
	s.brokenNow.Store(false)
	return nil
}

// setBroken notes that a commit failed: what Badger holds in memory may not be on
// the disk.
func (s *Store) setBroken(cause error) {
	s.broken, s.cause = true, cause
	s.brokenNow.Store(true)
}

// probe tries whether the disk takes a flushed write.
func (s *Store) probe() error {
	if s.cfg.SyncFault != nil {
		if err := s.cfg.SyncFault(); err != nil {
			return err
		}
	}
	path := filepath.Join(s.cfg.Dir, "probe")
	if err := writeFileDurably(path, []byte("probe\n")); err != nil {
		return err
	}
	return os.Remove(path)
}
