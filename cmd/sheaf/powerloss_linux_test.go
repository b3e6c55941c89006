package main

import (
	"math/rand/v2"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/sheafdocs/sheaf/node/store/storetest"
)

// TestF13PowerLossWhileTyping takes the disk of a whole node away at random
// moments while an editor types: every word that was acknowledged is in what
// "sheaf export" prints from the disk that is left.
func TestF13PowerLossWhileTyping(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(storetest.Seed(t), 14))
	image := storetest.NewLoopImage(t, 1<<30)
	n := serveIn(t, filepath.Join(image.Dir, "data"))
	id := n.create(t, "Power")
	y, err := openTypist(t.Context(), n, id)
	if err != nil {
		t.Fatal(err)
	}
	go y.listen(t.Context())
	go y.typeOn(t.Context(), func() time.Duration { return 2 * time.Millisecond })
	losses := storetest.Rounds(20, 300)
	for range losses {
		y.waitSaved(t, y.saved()+1)
		<-time.After(time.Duration(r.IntN(150)) * time.Millisecond)
		if err := n.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		saved := y.saved()
		lost := image.PowerLoss(t)
		if err := n.cmd.Process.Signal(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
		checkExport(t, filepath.Join(lost.Dir, "data"), id, saved)
		lost.Remove(t)
	}
	n.kill() // before its disk is unmounted
	t.Logf("%d power losses, %d words acknowledged, all there", losses, y.saved())
}
