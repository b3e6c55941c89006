//go:build !js

package badgerstore

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"

	"github.com/sheafdocs/sheaf/node/store/storetest"
)

const tidyWorkers = 4

// manyTables is a store with several tables to merge.
func manyTables(t *testing.T) (*Store, []int) {
	t.Helper()
	cfg := Config{Dir: filepath.Join(t.TempDir(), "store"), BallastBytes: -1, ReserveBytes: minReserveBytes, Logger: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))}
	acked := make([]int, tidyWorkers)
	for range 9 {
		s, report, err := Open(cfg)
		if err != nil || !report.Clean() {
			t.Fatal(err, report)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var mu sync.Mutex
		n := 0
		err = storetest.WriteLog(ctx, s, tidyWorkers, func(w, i int) {
			mu.Lock()
			defer mu.Unlock()
			acked[w] = max(acked[w], i+1)
			if n++; n == 60 {
				cancel()
			}
		})
		if err = errors.Join(err, s.Close()); err != nil {
			t.Fatal(err)
		}
	}
	s, report, err := Open(cfg)
	if err != nil || !report.Clean() {
		t.Fatal(err, report)
	}
	t.Cleanup(func() { s.Close() })
	return s, acked
}

func always() bool { return true }

func (s *Store) tables() int { return len(s.db.Tables()) }

func TestTidy(t *testing.T) {
	t.Parallel()
	s, acked := manyTables(t)
	if n := s.tables(); n < tidyTables || !s.wantsTidying() {
		t.Fatalf("%d tables; wants tidying: %v", n, s.wantsTidying())
	}
	if err := s.tidy(t.Context(), s.wantsTidying); err != nil {
		t.Fatal(err)
	}
	if n := s.tables(); n > 2 || s.wantsTidying() || s.generation != 2 {
		t.Errorf("generation %d: %d tables", s.generation, n)
	}
	if report, err := s.Scrub(t.Context()); err != nil || !report.Clean() {
		t.Errorf("scrub: %v, %v", report, err)
	}
	if err := storetest.CheckLog(t.Context(), s, acked); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if dirs, err := filepath.Glob(filepath.Join(s.cfg.Dir, "badger-*")); err != nil || len(dirs) != 1 {
		t.Errorf("left: %v, %v", dirs, err)
	}
	reopen(t, s, acked)
}

func reopen(t *testing.T, s *Store, acked []int) {
	t.Helper()
	s, report, err := Open(s.cfg)
	if err != nil || !report.Clean() {
		t.Fatal(err, report)
	}
	if err := errors.Join(storetest.CheckLog(t.Context(), s, acked), s.Close()); err != nil {
		t.Error(err)
	}
}

// TestTidyWhileWriting makes new generations, one after the other, under a store
// that is written and read; some of them fail.
func TestTidyWhileWriting(t *testing.T) {
	t.Parallel()
	s, acked := manyTables(t)
	ctx, cancel := context.WithCancel(t.Context())
	var mu sync.Mutex
	done := make(chan error)
	go func() {
		done <- storetest.WriteLog(ctx, s, tidyWorkers, func(w, i int) {
			mu.Lock()
			defer mu.Unlock()
			acked[w] = max(acked[w], i+1)
		})
	}()
	taken := 0
	for range 6 {
		err := s.tidy(t.Context(), always)
		if err == nil {
			taken++
		}
		mu.Lock()
		now := append([]int(nil), acked...)
		mu.Unlock()
		for w, n := range now {
			if _, err := s.Get(t.Context(), storetest.LogKey(w, n-1)); err != nil {
				t.Errorf("worker %d, entry %d: %v", w, n-1, err)
			}
		}
		t.Logf("generation %d: %v", s.generation, err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if taken == 0 {
		t.Error("no generation was taken")
	}
	if report, err := s.Scrub(t.Context()); err != nil || !report.Clean() {
		t.Errorf("scrub: %v, %v", report, err)
	}
	if err := errors.Join(storetest.CheckLog(t.Context(), s, acked), s.Close()); err != nil {
		t.Error(err)
	}
	reopen(t, s, acked)
}

// TestTidyInterrupted ends the process, as it were, at steps of making a generation.
func TestTidyInterrupted(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"filled", "complete", "swapped"} {
		s, acked := manyTables(t)
		c, err := s.beginCopy(t.Context(), always)
		if err != nil {
			t.Fatal(err)
		}
		if c.to, c.mapping, err = s.openBadger(s.generationDir(c.generation)); err != nil {
			t.Fatal(err)
		}
		if err := c.fill(t.Context()); err != nil {
			t.Fatal(err)
		}
		switch step {
		case "complete":
			if err := s.complete(c.generation, c.to); err != nil {
				t.Fatal(err)
			}
		case "swapped":
			if err := s.between(t.Context(), c.take); err != nil {
				t.Fatal(err)
			}
			// More is written, which only the new one has.
			for w := range acked {
				if err := s.Commit(t.Context(), storetest.LogBatch(w, acked[w])); err != nil {
					t.Fatal(err)
				}
				acked[w]++
			}
			c.to = c.from // the one that is not s.db
		}
		c.txn.Discard()
		if err := errors.Join(c.to.Close(), s.Close()); err != nil {
			t.Fatal(err)
		}
		reopen(t, s, acked)
		if dirs, err := filepath.Glob(filepath.Join(s.cfg.Dir, "badger-*")); err != nil || len(dirs) != 1 {
			t.Errorf("%s: left: %v, %v", step, dirs, err)
		}
	}
}

// TestTidyFails makes a copy that is not what was copied: it is not taken.
func TestTidyFails(t *testing.T) {
	t.Parallel()
	s, acked := manyTables(t)
	if err := s.tidy(t.Context(), func() bool { return false }); err != nil {
		t.Error(err)
	}
	c, err := s.beginCopy(t.Context(), always)
	if err != nil {
		t.Fatal(err)
	}
	c.want.shelfs = nil // as if the copy were not what it should be
	if err := c.run(t.Context()); err == nil {
		t.Error("a wrong copy was taken")
	} else {
		t.Log(err)
	}
	if err := c.end(); err != nil {
		t.Error(err)
	}
	if s.generation != 1 {
		t.Errorf("generation %d", s.generation)
	}
	if err := errors.Join(storetest.CheckLog(t.Context(), s, acked), s.Close()); err != nil {
		t.Error(err)
	}
	reopen(t, s, acked)
}
