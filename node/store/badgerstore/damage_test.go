//go:build !js

package badgerstore_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/store/badgerstore"
	"github.com/sheafdocs/sheaf/node/store/storetest"
)

// skipShort skips a test that opens stores dozens of times, one after the other.
func skipShort(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("takes long; runs without -short")
	}
}

// fixture is a store with tables, a log, and a known content, as it lies on disk
// after a crash (its log not yet in tables) and after closing.
type fixture struct {
	crashed, closed string
	entries         int // of each worker
}

func newFixture(t *testing.T) fixture {
	t.Helper()
	root := memoryDir(t)
	live := filepath.Join(root, "live")
	f := fixture{crashed: filepath.Join(root, "crashed"), closed: filepath.Join(root, "closed"), entries: 90}
	write := func(s store.Store, from, to int) {
		for n := from; n < to; n++ {
			for w := range logWorkers {
				if err := s.Commit(t.Context(), storetest.LogBatch(w, n)); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	for part := range 3 { // each closing makes a table
		s := openClean(t, testConfig(live))
		write(s, part*f.entries/3, (part+1)*f.entries/3)
		if part == 2 {
			copyTree(t, f.crashed, live)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	copyTree(t, f.closed, live)
	return f
}

// copyTree copies a directory; zeros at the end of a file become a hole.
func copyTree(t *testing.T, dst, src string) {
	t.Helper()
	err := filepath.WalkDir(src, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		to := filepath.Join(dst, strings.TrimPrefix(path, src))
		if d.IsDir() {
			return os.MkdirAll(to, 0o700)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if err := os.WriteFile(to, bytes.TrimRight(b, "\x00"), 0o600); err != nil {
			return err
		}
		return os.Truncate(to, int64(len(b)))
	})
	if err != nil {
		t.Fatal(err)
	}
}

// storeFiles lists the files of a store, relative to it.
func storeFiles(t *testing.T, dir string) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(dir, path)
			files = append(files, rel)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// checkDamaged opens a damaged copy and returns how many records are gone. It fails
// if any is wrong, or gone without being reported.
func (f fixture) checkDamaged(t *testing.T, dir string) (lost int, report badgerstore.Report) {
	t.Helper()
	s, report, err := badgerstore.Open(testConfig(dir))
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	defer s.Close()
	told := func(k store.Key) bool {
		return slices.ContainsFunc(report.Damaged, func(d badgerstore.Damage) bool { return d.Doc == k.Doc && d.Kind == k.Kind })
	}
	missing := func(k store.Key, err error) {
		t.Helper()
		var corrupt *store.CorruptError
		switch {
		case errors.As(err, &corrupt):
			t.Errorf("%v is damaged after opening: %v", k, err)
		case !errors.Is(err, store.ErrNotFound):
			t.Errorf("%v: %v", k, err)
		case !told(k):
			t.Errorf("%v is gone without a word; report: %v", k, report)
		}
		lost++
	}
	for w := range logWorkers {
		for n := range f.entries {
			k := storetest.LogKey(w, n)
			v, err := s.Get(t.Context(), k)
			if err != nil {
				missing(k, err)
			} else if !bytes.Equal(v, storetest.LogValue(w, n)) {
				t.Errorf("%v: a wrong value, silently", k)
			}
		}
		last := store.LocalKey(storetest.Doc(w), "last")
		if v, err := s.Get(t.Context(), last); err != nil {
			missing(last, err)
		} else if n, err := strconv.Atoi(string(v)); err != nil || n != f.entries-1 && !told(last) {
			t.Errorf("last of %d: %q, not told; report: %v", w, v, report)
		} else if n != f.entries-1 {
			lost++
		}
	}
	if report.Clean() || len(report.Damaged) == 0 && !report.Unverified {
		acked := slices.Repeat([]int{f.entries}, logWorkers)
		if err := storetest.CheckLog(t.Context(), s, acked); err != nil {
			t.Errorf("nothing was reported lost, but: %v; report: %v", err, report)
		}
	}
	// It is a working store, and says at the next opening what it said at this.
	k := store.LocalKey(storetest.Doc(0), "after")
	if err := s.Commit(t.Context(), &store.Batch{Put: []store.Record{{Key: k, Value: []byte("v")}}}); err != nil {
		t.Errorf("commit after repair: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("close after repair: %v", err)
	}
	s, again, err := badgerstore.Open(testConfig(dir))
	if err != nil {
		t.Fatalf("open again: %v", err)
	}
	defer s.Close()
	if again.SetAside != "" || again.Unverified || len(again.Damaged) != len(report.Damaged) {
		t.Errorf("second opening: %v; first: %v", again, report)
	}
	if len(report.Damaged) > 0 {
		if h := s.Health(); h.State != badgerstore.StateRepaired {
			t.Errorf("health: %v", h)
		}
		for _, doc := range report.Documents() {
			if err := s.Healed(t.Context(), doc); err != nil {
				t.Errorf("healed: %v", err)
			}
		}
	}
	if h := s.Health(); h.State != badgerstore.StateOK {
		t.Errorf("health when healed: %v", h)
	}
	return lost, report
}

// TestF35BitFlips flips bits in every file of a store, closed and crashed: no value
// is ever wrong, and what is missing is told, by document.
func TestF35BitFlips(t *testing.T) {
	t.Parallel()
	skipShort(t)
	f := newFixture(t)
	seed := storetest.Seed(t)
	r := rand.New(rand.NewPCG(seed, 0))
	perFile := storetest.Rounds(3, 100)
	type result struct{ flips, told, whole, lost int }
	results := map[string]*result{}
	for state, from := range map[string]string{"closed": f.closed, "crashed": f.crashed} {
		for _, file := range storeFiles(t, from) {
			b, err := os.ReadFile(filepath.Join(from, file))
			if err != nil {
				t.Fatal(err)
			}
			used := len(bytes.TrimRight(b, "\x00"))
			if used == 0 {
				continue
			}
			kind := state + " " + filepath.Base(file)
			if ext := filepath.Ext(file); ext != "" {
				kind = state + " *" + ext
			}
			res := results[kind]
			if res == nil {
				res = &result{}
				results[kind] = res
			}
			flips := perFile
			if used < 100 {
				flips = 1
			}
			for i := range flips {
				at := r.IntN(used)
				switch i {
				case 0:
					at = min(used-1, 24+r.IntN(8)) // the first lengths
				case 1:
					at = used - 1 - min(used-1, r.IntN(24)) // the last
				}
				dir := filepath.Join(memoryDir(t), "store")
				copyTree(t, dir, from)
				flipped := bytes.Clone(b)
				flipped[at] ^= 1 << r.IntN(8)
				if err := os.WriteFile(filepath.Join(dir, file), flipped, 0o600); err != nil {
					t.Fatal(err)
				}
				lost, report := f.checkDamaged(t, dir)
				if t.Failed() {
					t.Fatalf("seed %d: %s store, %s, byte %d of %d (%d used): %v", seed, state, file, at, len(b), used, report)
				}
				res.flips++
				res.lost += lost
				if !report.Clean() {
					res.told++
					if lost == 0 {
						res.whole++
					}
					if i == 0 || lost > 0 {
						t.Logf("%s, byte %d: %s", file, at, strings.ReplaceAll(report.String(), dir, "…"))
					}
				}
				os.RemoveAll(dir)
			}
		}
	}
	for kind, res := range results {
		t.Logf("%-24s %2d flips: %2d told, of these %2d without loss; %d of %d records lost together",
			kind, res.flips, res.told, res.whole, res.lost, res.flips*logWorkers*(f.entries+1))
	}
}

// TestTornLog cuts or overwrites the end of the newest log: the commits before are
// right, those behind are told, since they were acknowledged.
func TestTornLog(t *testing.T) {
	t.Parallel()
	skipShort(t)
	f := newFixture(t)
	seed := storetest.Seed(t)
	r := rand.New(rand.NewPCG(seed, 0))
	for i := range storetest.Rounds(6, 100) {
		dir := filepath.Join(memoryDir(t), "store")
		copyTree(t, dir, f.crashed)
		path := newestLog(t, dir)
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		used := len(bytes.TrimRight(b, "\x00"))
		torn := 1 + r.IntN(5000)
		switch i % 3 {
		case 0: // shorter
			b = b[:used-torn]
		case 1: // never written
			clear(b[used-torn:])
		case 2: // something else written there
			for j := used - torn; j < used; j++ {
				b[j] = byte(r.Uint32())
			}
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		lost, report := f.checkDamaged(t, dir)
		if report.Clean() {
			t.Errorf("seed %d: %d bytes torn off acknowledged commits, and nothing told", seed, torn)
		}
		if i < 3 {
			t.Logf("%d bytes torn, %d records lost: %s", torn, lost, strings.ReplaceAll(report.String(), dir, "…"))
		}
		if t.Failed() {
			t.Fatalf("seed %d, case %d", seed, i)
		}
	}
}

func newestLog(t *testing.T, dir string) string {
	t.Helper()
	logs, err := filepath.Glob(filepath.Join(dir, "badger-*", "*.mem"))
	if err != nil || len(logs) == 0 {
		t.Fatalf("no log: %v", err)
	}
	return slices.Max(logs)
}

// TestTornTally cuts the tally file anywhere: what a crash leaves is completed from
// the ring; what it cannot leave is told, and no record is lost either way.
func TestTornTally(t *testing.T) {
	t.Parallel()
	skipShort(t)
	f := newFixture(t)
	b, err := os.ReadFile(filepath.Join(f.crashed, "tally"))
	if err != nil {
		t.Fatal(err)
	}
	for _, keep := range []int{len(b) - 1, len(b) - 100, len(b) - 8000, 5000, 40, 0} {
		dir := filepath.Join(memoryDir(t), "store")
		copyTree(t, dir, f.crashed)
		if err := os.Truncate(filepath.Join(dir, "tally"), int64(keep)); err != nil {
			t.Fatal(err)
		}
		lost, report := f.checkDamaged(t, dir)
		t.Logf("%d of %d bytes kept: %v", keep, len(b), report)
		if lost > 0 {
			t.Errorf("%d records lost", lost)
		}
		if clean := report.Clean(); clean != (keep >= len(b)-8000) {
			t.Errorf("%d of %d bytes kept: clean is %v", keep, len(b), clean)
		}
	}
}

// TestMissingFiles takes files away.
func TestMissingFiles(t *testing.T) {
	t.Parallel()
	skipShort(t)
	f := newFixture(t)
	for state, from := range map[string]string{"closed": f.closed, "crashed": f.crashed} {
		for _, file := range storeFiles(t, from) {
			dir := filepath.Join(memoryDir(t), "store")
			copyTree(t, dir, from)
			if err := os.Remove(filepath.Join(dir, file)); err != nil {
				t.Fatal(err)
			}
			lost, report := f.checkDamaged(t, dir)
			if lost > 0 || !report.Clean() {
				t.Logf("%s store without %s, %d records lost: %s", state, file, lost, strings.ReplaceAll(report.String(), dir, "…"))
			}
		}
		dir := filepath.Join(memoryDir(t), "store")
		copyTree(t, dir, from)
		if err := os.RemoveAll(filepath.Join(dir, "badger-000001")); err != nil {
			t.Fatal(err)
		}
		lost, report := f.checkDamaged(t, dir)
		if want := logWorkers * (f.entries + 1); lost != want {
			t.Errorf("%s store without any of Badger's files: %d records lost, want %d; %v", state, lost, want, report)
		}
	}
}

// TestRefillIsQuiet puts back what was lost, as a node does that gets it from its
// peers: then nothing is wrong any more.
func TestRefillIsQuiet(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	dir := filepath.Join(memoryDir(t), "store")
	copyTree(t, dir, f.crashed)
	if err := os.Truncate(newestLog(t, dir), 5000); err != nil {
		t.Fatal(err)
	}
	s, report, err := badgerstore.Open(testConfig(dir))
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Damaged) == 0 {
		t.Fatalf("report: %v", report)
	}
	t.Logf("health: %v", s.Health())
	for _, doc := range report.Documents() {
		for w := range logWorkers {
			for n := 0; n < f.entries && storetest.Doc(w) == doc; n++ {
				if err := s.Commit(t.Context(), storetest.LogBatch(w, n)); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := s.Healed(t.Context(), doc); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openClean(t, testConfig(dir))
	if err := storetest.CheckLog(t.Context(), s, slices.Repeat([]int{f.entries}, logWorkers)); err != nil {
		t.Error(err)
	}
	fmt.Fprint(t.Output(), s.Health())
}
