package storetest

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"

	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/wire"
)

// A log is what crash tests write: several workers, each with a document of its
// own, commit entry after entry; each batch also moves a note of the last entry
// and replaces a draft by the next. So a check can tell whether everything
// acknowledged is there, and whether every batch is there wholly or not at all.

const lastName = "last"

// LogKey is the key of entry n of a worker.
func LogKey(worker, n int) store.Key {
	return store.EntryKey(Doc(worker), wire.ChainID{byte(worker)}, uint64(n), wire.EntryID{byte(n)})
}

// LogValue is the value of entry n of a worker: mostly small, now and then large,
// different for every one.
func LogValue(worker, n int) []byte {
	var seed [32]byte
	binary.BigEndian.PutUint64(seed[:], uint64(worker))
	binary.BigEndian.PutUint64(seed[8:], uint64(n))
	src := rand.NewChaCha8(seed)
	size := 20 + int(src.Uint64()%600)
	if src.Uint64()%16 == 0 {
		size = 30_000 + int(src.Uint64()%40_000)
	}
	v := make([]byte, size)
	_, _ = src.Read(v) // never fails
	return v
}

func draftName(n int) string { return fmt.Sprintf("draft %d", n) }

// LogBatch is what adds entry n of a worker to the log.
func LogBatch(worker, n int) *store.Batch {
	doc := Doc(worker)
	b := &store.Batch{Put: []store.Record{
		{Key: LogKey(worker, n), Value: LogValue(worker, n)},
		{Key: store.LocalKey(doc, lastName), Value: strconv.AppendInt(nil, int64(n), 10)},
		{Key: store.DraftKey(doc, draftName(n)), Value: LogValue(worker, n)[:10]},
	}}
	if n > 0 {
		b.Delete = []store.Key{store.DraftKey(doc, draftName(n-1))}
	}
	return b
}

// LogLen is how many entries of a worker the store holds.
func LogLen(ctx context.Context, s store.Store, worker int) (int, error) {
	v, err := s.Get(ctx, store.LocalKey(Doc(worker), lastName))
	if errors.Is(err, store.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(string(v))
	return n + 1, err
}

// WriteLog goes on with the log until ctx ends or a commit fails, and calls acked
// after each commit, from the workers' goroutines. It returns nil when ctx ended.
func WriteLog(ctx context.Context, s store.Store, workers int, acked func(worker, n int)) error {
	errs := make([]error, workers)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Add(1)
		go func() {
			defer wg.Done()
			n, err := LogLen(ctx, s, w)
			for ; err == nil; n++ {
				// Not ctx: a commit given up is neither here nor there.
				if err = s.Commit(context.WithoutCancel(ctx), LogBatch(w, n)); err == nil {
					acked(w, n)
					err = ctx.Err()
				}
			}
			if ctx.Err() == nil {
				errs[w] = err
			}
		}()
	}
	wg.Wait()
	return errors.Join(errs...)
}

// CheckLog returns an error unless the store holds every acknowledged entry, whole,
// and of the others only whole batches. acked[w] is how many entries of worker w
// were acknowledged.
func CheckLog(ctx context.Context, s store.Store, acked []int) error {
	for w, want := range acked {
		have, err := LogLen(ctx, s, w)
		if err != nil {
			return fmt.Errorf("worker %d: %w", w, err)
		}
		if have < want {
			return fmt.Errorf("worker %d: %d entries, but %d were acknowledged: %d lost", w, have, want, want-have)
		}
		n := 0
		for r, err := range s.Scan(ctx, Doc(w), store.KindEntry, "") {
			if err != nil {
				return fmt.Errorf("worker %d, entry %d: %w", w, n, err)
			}
			if r.Key != LogKey(w, n) || !bytes.Equal(r.Value, LogValue(w, n)) {
				return fmt.Errorf("worker %d: in place of entry %d: %v, %d bytes", w, n, r.Key, len(r.Value))
			}
			n++
		}
		if n != have {
			return fmt.Errorf("worker %d: %d entries beside a note of %d: a batch is torn", w, n, have)
		}
		drafts := 0
		for r, err := range s.Scan(ctx, Doc(w), store.KindDraft, "") {
			if err != nil {
				return fmt.Errorf("worker %d: draft: %w", w, err)
			}
			if r.Key.Name != draftName(have-1) {
				return fmt.Errorf("worker %d: %s beside entry %d: a batch is torn", w, r.Key.Name, have-1)
			}
			drafts++
		}
		if have > 0 && drafts != 1 {
			return fmt.Errorf("worker %d: %d drafts beside entry %d: a batch is torn", w, drafts, have-1)
		}
	}
	return nil
}
