//go:build !js

package main

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/sheafdocs/sheaf/node/store/storetest"
)

// TestF13KilledWhileTyping kills a node again and again while an editor types:
// every word that was acknowledged is in the export.
func TestF13KilledWhileTyping(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(storetest.Seed(t), 13))
	dir := t.TempDir()
	n := serveIn(t, dir)
	id := n.create(t, "Killed")
	total, sent := 0, 0
	rounds := storetest.Rounds(20, 1000)
	for range rounds {
		ctx, cancel := context.WithCancel(t.Context())
		y, err := openTypist(ctx, n, id)
		if err != nil {
			t.Fatal(err)
		}
		if y.first < total {
			t.Fatalf("%d words were acknowledged, %d are left after the restart", total, y.first)
		}
		done := make(chan struct{})
		go y.listen(ctx)
		go func() {
			defer close(done)
			y.typeOn(ctx, func() time.Duration { return time.Duration(rand.IntN(4)) * time.Millisecond })
		}()
		y.waitSaved(t, y.first+1)
		<-time.After(time.Duration(r.IntN(400)) * time.Millisecond)
		total = y.saved() // what a page would have shown by now
		n.kill()
		cancel()
		<-done
		sent += y.sent
		checkExport(t, dir, id, total)
		n = serveIn(t, dir)
	}
	t.Logf("%d kills, %d words sent, %d acknowledged, all there", rounds, sent, total)
}
