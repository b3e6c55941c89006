package badgerstore_test

import (
	"math/rand/v2"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/sheafdocs/sheaf/node/store/storetest"
)

// TestF13PowerLoss takes the disk of a writer away again and again, at random
// moments: everything acknowledged is there, and nothing by halves.
func TestF13PowerLoss(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(storetest.Seed(t), 0))
	const lossesOfOne = 5 // then a new disk, lest it grow
	losses, total := 0, 0
	for losses < storetest.Rounds(lossesOfOne, 1000) {
		image := storetest.NewLoopImage(t, 1<<30)
		w := startWriter(t, filepath.Join(image.Dir, "store"), make([]int, logWorkers))
		for range lossesOfOne {
			losses++
			select {
			case <-time.After(time.Duration(r.IntN(200)) * time.Millisecond):
			case <-w.done:
				t.Fatal("the writer ended by itself")
			}
			if err := w.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
				t.Fatal(err)
			}
			acked := w.snapshot()
			lost := image.PowerLoss(t)
			if err := w.cmd.Process.Signal(syscall.SIGCONT); err != nil {
				t.Fatal(err)
			}
			s := openClean(t, testConfig(filepath.Join(lost.Dir, "store")))
			if err := storetest.CheckLog(t.Context(), s, acked); err != nil {
				t.Fatalf("power loss %d: %v", losses, err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			lost.Remove(t)
		}
		for _, n := range w.snapshot() {
			total += n
		}
		w.kill()
		image.Remove(t)
	}
	t.Logf("%d power losses, %d commits acknowledged, all there", losses, total)
}
