package badgerstore_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/store/badgerstore"
	"github.com/sheafdocs/sheaf/node/store/storetest"
)

// writeHeavily overwrites large values, so that Badger is often writing tables in
// the background when the disk fills up, and there is garbage to get rid of.
func writeHeavily(t *testing.T, s store.Store) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		value := make([]byte, 200<<10)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for i := 0; ctx.Err() == nil; i++ {
			<-tick.C
			k := store.LocalKey(storetest.Doc(8), fmt.Sprint("heavy ", i%8))
			err := s.Commit(ctx, &store.Batch{Put: []store.Record{{Key: k, Value: value}}})
			if err != nil && ctx.Err() == nil && !errors.Is(err, store.ErrFull) {
				t.Errorf("commit: %v", err)
				return
			}
		}
	}()
	return func() { cancel(); <-done }
}

// TestF32DiskFull fills the disk from outside while a store is written, to the last
// byte: commits are refused, reading goes on, and it recovers by itself. Then the
// store is opened on the full disk.
func TestF32DiskFull(t *testing.T) {
	t.Parallel()
	image := storetest.NewLoopImage(t, 512<<20)
	cfg := testConfig(filepath.Join(image.Dir, "store"))
	cfg.BallastBytes = 32 << 20
	s := openClean(t, cfg)
	ballast := filepath.Join(cfg.Dir, "ballast")
	eventually(t, "the ballast is made", func() bool {
		fi, err := os.Stat(ballast)
		return err == nil && fi.Size() == cfg.BallastBytes
	})
	log := startLogging(t, s)
	stopHeavy := writeHeavily(t, s)
	defer stopHeavy()
	eventually(t, "commits", func() bool { return log.total() > 50 })
	for round := range storetest.Rounds(4, 200) {
		eventually(t, "the ballast is made again", func() bool {
			fi, err := os.Stat(ballast)
			return err == nil && fi.Size() == cfg.BallastBytes
		})
		image.Fill(t, 0)
		eventually(t, "the store is full", func() bool { return s.Health().State == badgerstore.StateFull })
		err := s.Commit(t.Context(), storetest.LogBatch(9, 0))
		if !errors.Is(err, store.ErrFull) {
			t.Fatalf("commit on a full disk: %v", err)
		}
		if round == 0 {
			t.Logf("commit: %v", err)
			t.Logf("health: %v", s.Health())
		}
		full := log.total()
		var corrupt *store.CorruptError
		_, err = s.Get(t.Context(), storetest.LogKey(0, 0))
		if errors.Is(err, store.ErrNotFound) || errors.As(err, &corrupt) {
			t.Fatalf("get on a full disk: %v", err)
		}
		if err != nil {
			// The disk was filled in the moment in which Badger began a new log,
			// faster than the spare could be given up for it.
			t.Logf("round %d: get on a full disk: %v", round, err)
		}
		image.Drain(t)
		eventually(t, "commits again", func() bool { return log.total() > full+50 && s.Health().State == badgerstore.StateOK })
	}
	log.stop()
	stopHeavy()
	for err, n := range log.errs {
		if !strings.Contains(err, store.ErrFull.Error()) {
			t.Errorf("%d × %s", n, err)
		}
	}
	eventually(t, "the ballast is made again", func() bool {
		_, err := os.Stat(ballast)
		return err == nil
	})
	if err := storetest.CheckLog(t.Context(), s, log.acked); err != nil {
		t.Fatal(err)
	}
	image.Fill(t, 0)
	if err := s.Close(); err != nil {
		t.Fatalf("close on a full disk: %v", err)
	}

	// The ballast is there to be given up for opening.
	image.Drain(t)
	s = openClean(t, cfg)
	eventually(t, "the ballast is made again", func() bool {
		fi, err := os.Stat(ballast)
		return err == nil && fi.Size() == cfg.BallastBytes
	})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	image.Fill(t, 0)
	s, report, err := badgerstore.Open(cfg)
	if err != nil || !report.Clean() {
		t.Fatalf("open on a full disk: %v, %v", err, report)
	}
	if err := storetest.CheckLog(t.Context(), s, log.acked); err != nil {
		t.Fatal(err)
	}
	if err := s.Commit(t.Context(), storetest.LogBatch(9, 0)); !errors.Is(err, store.ErrFull) {
		t.Errorf("commit on a full disk: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	// Without it, opening is refused, and nothing is touched.
	image.Fill(t, 0)
	if _, _, err = badgerstore.Open(cfg); !errors.Is(err, store.ErrFull) {
		t.Fatalf("open on a full disk without ballast: %v", err)
	}
	t.Logf("open: %v", err)
	image.Drain(t)
	s = openClean(t, cfg)
	if err := storetest.CheckLog(t.Context(), s, log.acked); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d commits acknowledged, all there", log.total())
}

// TestF32IOErrors makes the disk below a store fail while it is written: nothing
// is acknowledged falsely, the store says that it fails, and after the disk is
// healed and mounted again everything acknowledged is there.
func TestF32IOErrors(t *testing.T) {
	t.Parallel()
	image := storetest.NewThinImage(t, 1<<30, 128<<20)
	cfg := testConfig(filepath.Join(image.Dir, "store"))
	acked := make([]int, logWorkers)
	w := startWriter(t, cfg.Dir, acked, stubbornEnv+"=1")
	<-w.first
	image.Fail(t)
	eventually(t, "the store fails and refuses commits", func() bool {
		return w.heard("health failing") != "" && w.heard("error") != ""
	})
	t.Log(w.heard("health failing"))
	t.Log(w.heard("error"))
	w.kill()
	image.Heal(t)
	image.Remount(t)
	cfg.Dir = filepath.Join(image.Dir, "store")
	s, report, err := badgerstore.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	t.Logf("report: %v", report)
	if err := storetest.CheckLog(t.Context(), s, acked); err != nil {
		t.Fatal(err)
	}
	if err := s.Commit(t.Context(), storetest.LogBatch(9, 0)); err != nil {
		t.Fatalf("commit after healing: %v", err)
	}
	t.Logf("acknowledged, by worker: %v; all there", acked)
}
