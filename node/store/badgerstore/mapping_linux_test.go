package badgerstore

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/sheafdocs/sheaf/node/store"
)

// TestMappingIsReserved checks that the files that Badger writes through memory
// maps have their disk blocks: they are no holes that a full disk turns into the
// end of the process.
func TestMappingIsReserved(t *testing.T) {
	dir := t.TempDir()
	s, _, err := Open(Config{Dir: dir, BallastBytes: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Commit(t.Context(), &store.Batch{Put: []store.Record{{Key: store.LocalKey([32]byte{1}, "k")}}}); err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, pattern := range []string{"*" + walSuffix, "*" + vlogSuffix, "DISCARD"} {
		names, err := filepath.Glob(filepath.Join(s.badgerDir(), pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			fi, err := os.Stat(name)
			if err != nil {
				t.Fatal(err)
			}
			if have := fi.Sys().(*syscall.Stat_t).Blocks * 512; have < fi.Size() {
				t.Errorf("%s: %d of %d bytes have blocks", filepath.Base(name), have, fi.Size())
			}
			checked++
		}
	}
	if checked < 3 {
		t.Errorf("only %d files checked", checked)
	}
}
