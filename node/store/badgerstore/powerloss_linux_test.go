package badgerstore_test

import (
	"math/rand/v2"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/sheafdocs/sheaf/node/store/storetest"
)

// TestF13PowerLoss takes the disk of a writer away 20 times, at random moments:
// everything acknowledged is there, and nothing by halves.
func TestF13PowerLoss(t *testing.T) {
	t.Parallel()
	image := storetest.NewLoopImage(t, 1<<30)
	dir := filepath.Join(image.Dir, "store")
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	acked := make([]int, logWorkers)
	w := startWriter(t, dir, acked)
	defer w.kill()
	total := 0
	for round := range 20 {
		select {
		case <-time.After(time.Duration(r.IntN(200)) * time.Millisecond):
		case <-w.done:
			t.Fatal("the writer ended by itself")
		}
		if err := w.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		lost := image.PowerLoss(t)
		// Read from the pipe after the copy: that can only be more.
		want := w.snapshot()
		if err := w.cmd.Process.Signal(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
		s := openClean(t, testConfig(filepath.Join(lost.Dir, "store")))
		if err := storetest.CheckLog(t.Context(), s, want); err != nil {
			t.Fatalf("seed %d, round %d: %v", seed, round, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		lost.Remove(t)
		total = 0
		for _, n := range want {
			total += n
		}
	}
	t.Logf("20 power losses, %d commits acknowledged by the last, all there", total)
}
