//go:build !js

package badgerstore_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/store/badgerstore"
	"github.com/sheafdocs/sheaf/node/store/storetest"
)

// memoryDir is a temporary directory, in memory where the system offers that:
// damage is the same there, and opening hundreds of stores is quicker.
func memoryDir(t *testing.T) string {
	t.Helper()
	const shm = "/dev/shm"
	if fi, err := os.Stat(shm); err != nil || !fi.IsDir() {
		return t.TempDir()
	}
	dir, err := os.MkdirTemp(shm, "sheaf-test-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	// Containers often have too little of it.
	if probe, _, err := badgerstore.Open(badgerstore.Config{Dir: filepath.Join(dir, "probe"), ReserveBytes: 256 << 20, BallastBytes: -1}); err != nil {
		return t.TempDir()
	} else if err := probe.Close(); err != nil {
		return t.TempDir()
	}
	return dir
}

// TestSecondProcess opens a store that another process has open.
func TestSecondProcess(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(memoryDir(t), "store")
	w := startWriter(t, dir, make([]int, logWorkers))
	<-w.first
	_, _, err := badgerstore.Open(testConfig(dir))
	if !errors.Is(err, store.ErrLocked) {
		t.Fatalf("open: %v, want ErrLocked", err)
	}
	t.Log(err)
	for _, want := range []string{dir, fmt.Sprint(w.cmd.Process.Pid)} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not name %s", err, want)
		}
	}
	w.kill()
	openClean(t, testConfig(dir)) // the lock went with the process
}

// TestSameProcess opens a store twice.
func TestSameProcess(t *testing.T) {
	t.Parallel()
	cfg := testConfig(filepath.Join(memoryDir(t), "store"))
	s := openClean(t, cfg)
	if _, _, err := badgerstore.Open(cfg); !errors.Is(err, store.ErrLocked) {
		t.Fatalf("open: %v, want ErrLocked", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	openClean(t, cfg)
}

// TestSyncDelay delays flushes: nothing is acknowledged before, and callers that
// come meanwhile share the next flush.
func TestSyncDelay(t *testing.T) {
	t.Parallel()
	cfg := testConfig(filepath.Join(memoryDir(t), "store"))
	cfg.SyncDelay = 200 * time.Millisecond
	s := openClean(t, cfg)
	start := time.Now()
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			if err := s.Commit(t.Context(), storetest.LogBatch(i, 0)); err != nil {
				t.Errorf("commit: %v", err)
			}
			if d := time.Since(start); d < cfg.SyncDelay {
				t.Errorf("acknowledged after %v", d)
			}
		}()
	}
	wg.Wait()
	if d := time.Since(start); d > 10*cfg.SyncDelay {
		t.Errorf("50 commits at once took %v: not in groups", d)
	}
}

// TestF32FailingFlush makes flushes fail by themselves for a while: no false
// acknowledgement, a health that says so, and recovery without help.
func TestF32FailingFlush(t *testing.T) {
	t.Parallel()
	cfg := testConfig(filepath.Join(memoryDir(t), "store"))
	var failing atomic.Bool
	cfg.SyncFault = func() error {
		if failing.Load() {
			return errors.New("input/output error (injected)")
		}
		return nil
	}
	var mu sync.Mutex
	var told []badgerstore.Health
	cfg.OnHealth = func(h badgerstore.Health) {
		mu.Lock()
		defer mu.Unlock()
		told = append(told, h)
	}
	s := openClean(t, cfg)
	log := startLogging(t, s)
	for range 3 {
		before := log.total()
		eventually(t, "commits", func() bool { return log.total() > before+20 })
		failing.Store(true)
		eventually(t, "the store fails", func() bool { return s.Health().State == badgerstore.StateFailing })
		stuck := log.total()
		err := s.Commit(t.Context(), storetest.LogBatch(9, 0))
		if err == nil {
			t.Fatal("commit succeeded without a flush")
		}
		if log.total() != stuck {
			t.Fatalf("%d commits were acknowledged without a flush", log.total()-stuck)
		}
		if _, err := s.Get(t.Context(), storetest.LogKey(0, 0)); err != nil {
			t.Fatalf("get while failing: %v", err)
		}
		failing.Store(false)
		eventually(t, "the store recovers", func() bool {
			return log.total() > stuck && s.Health().State == badgerstore.StateOK
		})
	}
	log.stop()
	for err := range log.errs {
		t.Logf("commit: %s", err)
	}
	mu.Lock()
	t.Logf("told: %v", told)
	mu.Unlock()
	if err := storetest.CheckLog(t.Context(), s, log.acked); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openClean(t, cfg)
	if err := storetest.CheckLog(t.Context(), s, log.acked); err != nil {
		t.Fatal(err)
	}
}

// TestF35RotWhileOpen damages a table under an open store: what is read is right or
// an error, a scrub finds it, and the store goes on.
func TestF35RotWhileOpen(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	s := openClean(t, testConfig(f.closed))
	if report, err := s.Scrub(t.Context()); err != nil || !report.Clean() {
		t.Fatalf("scrub of a whole store: %v, %v", report, err)
	}
	// Change a byte in the value of one record, wherever it lies.
	k := storetest.LogKey(1, 7)
	want := storetest.LogValue(1, 7)
	found := false
	for _, file := range storeFiles(t, f.closed) {
		path := filepath.Join(f.closed, file)
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		at := bytes.Index(b, want)
		if at < 0 {
			continue
		}
		found = true
		h, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.WriteAt([]byte{want[3] ^ 4}, int64(at+3)); err != nil {
			t.Fatal(err)
		}
		h.Close()
	}
	if !found {
		t.Fatal("the record is in no file")
	}
	var corrupt *store.CorruptError
	if v, err := s.Get(t.Context(), k); !errors.As(err, &corrupt) || corrupt.Key != k {
		t.Fatalf("get of a damaged record: %d bytes, %v", len(v), err)
	} else {
		t.Logf("get: %v", err)
	}
	n, bad := 0, 0
	for r, err := range s.Scan(t.Context(), storetest.Doc(1), store.KindEntry, "") {
		switch {
		case errors.As(err, &corrupt):
			bad++
			if r.Key != k || r.Value != nil {
				t.Errorf("scan: damaged record %v with %d bytes", r.Key, len(r.Value))
			}
		case err != nil:
			t.Fatal(err)
		}
		n++
	}
	if n != f.entries || bad != 1 {
		t.Errorf("scan: %d records, %d damaged", n, bad)
	}
	report, err := s.Scrub(t.Context())
	if err != nil || report.Clean() {
		t.Fatalf("scrub: %v, %v", report, err)
	}
	t.Logf("scrub: %s", strings.ReplaceAll(report.String(), f.closed, "…"))
	if len(report.Damaged) != 1 || report.Damaged[0].Lost() != 1 || s.Health().State != badgerstore.StateRepaired {
		t.Errorf("report %+v, health %v", report, s.Health())
	}
	// A peer has it.
	if err := s.Commit(t.Context(), &store.Batch{Put: []store.Record{{Key: k, Value: want}}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Healed(t.Context(), storetest.Doc(1)); err != nil {
		t.Fatal(err)
	}
	if report, err := s.Scrub(t.Context()); err != nil || len(report.Damaged) > 0 || s.Health().State != badgerstore.StateOK {
		t.Fatalf("scrub when healed: %v, %v, %v", report, err, s.Health())
	}
	if err := storetest.CheckLog(t.Context(), s, slices.Repeat([]int{f.entries}, logWorkers)); err != nil {
		t.Error(err)
	}
}

// TestLaterFormat refuses a directory of a later version.
func TestLaterFormat(t *testing.T) {
	t.Parallel()
	dir := memoryDir(t)
	if err := os.WriteFile(filepath.Join(dir, "format"), []byte("sheaf-store 2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, _, err := badgerstore.Open(testConfig(dir))
	if err == nil || !strings.Contains(err.Error(), "later version") {
		t.Fatalf("open: %v", err)
	}
	t.Log(err)
}

// TestInterruptedRepair stops a repair at its steps: the next opening completes it.
func TestInterruptedRepair(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for name, prepare := range map[string]func(dir string) error{
		"noted": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "repair"), []byte("badger-000001.damaged-20260101T000000Z\ntest\n"), 0o600)
		},
		"renamed": func(dir string) error {
			return errors.Join(
				os.WriteFile(filepath.Join(dir, "repair"), []byte("badger-000001.damaged-20260101T000000Z\ntest\n"), 0o600),
				os.Rename(filepath.Join(dir, "badger-000001"), filepath.Join(dir, "badger-000001.damaged-20260101T000000Z")))
		},
		"half filled": func(dir string) error {
			return errors.Join(
				os.WriteFile(filepath.Join(dir, "repair"), []byte("badger-000001.damaged-20260101T000000Z\ntest\n"), 0o600),
				os.Rename(filepath.Join(dir, "badger-000001"), filepath.Join(dir, "badger-000001.damaged-20260101T000000Z")),
				os.MkdirAll(filepath.Join(dir, "badger-000001"), 0o700),
				os.WriteFile(filepath.Join(dir, "badger-000001", "MANIFEST"), []byte("half"), 0o600))
		},
		"openings that ended the process": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "opening"), []byte("3"), 0o600)
		},
		"openings that somebody ended": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "opening"), []byte("2"), 0o600)
		},
	} {
		dir := filepath.Join(memoryDir(t), "store")
		copyTree(t, dir, f.crashed)
		if err := prepare(dir); err != nil {
			t.Fatal(err)
		}
		lost, report := f.checkDamaged(t, dir)
		t.Logf("%s: %s", name, strings.ReplaceAll(report.String(), dir, "…"))
		if lost > 0 {
			t.Errorf("%s: %d records lost", name, lost)
		}
		if (name == "noted" || name == "openings that somebody ended") != report.Clean() {
			t.Errorf("%s: clean is %v", name, report.Clean())
		}
	}
}
