package nodetest

import (
	"context"
	"testing"
	"time"

	"github.com/sheafdocs/sheaf/node"
	"github.com/sheafdocs/sheaf/node/wire"
)

// TestEpochIsRotatedEvery30Days sets the clocks on by a month: a new key is made
// (or two, by members who are not connected again when their turn comes), every
// member reads what is written under it, also one that was away
// meanwhile, and each keeps it over a restart.
func TestEpochIsRotatedEvery30Days(t *testing.T) {
	Run(t, 1, 3, func(w *World) {
		ctx := context.Background()
		id := w.Share(ctx)
		w.Peers[0].Insert(ctx, id, 0, "before. ")
		w.CheckEqual(id)
		epochs := func(p *Peer) int { return announced(ctx, p, id) }
		setOn := func(days int, peers ...*Peer) {
			for _, p := range peers {
				p.Crash()
				p.Skew = time.Duration(days) * 24 * time.Hour
				p.Start()
			}
		}
		w.Peers[2].Stop()
		setOn(29, w.Peers[:2]...)
		time.Sleep(2 * time.Minute)
		if n := epochs(w.Peers[0]); n != 1 {
			t.Fatalf("%d epochs after 29 days", n)
		}
		setOn(31, w.Peers[:2]...)
		w.Await("a new key at both", 2*time.Minute, func() bool {
			return epochs(w.Peers[0]) > 1 && epochs(w.Peers[0]) == epochs(w.Peers[1])
		})
		w.Peers[1].Insert(ctx, id, 0, "after. ")
		w.Peers[2].Start()
		w.CheckEqual(id)
		for _, p := range w.Peers {
			p.Crash()
			p.Start()
		}
		for i, p := range w.Peers {
			if got := p.Document(id).Text(); got != "after. before. " {
				t.Errorf("node %d reads %q after a restart", i, got)
			}
			if n := epochs(p); n < 2 || n > 3 || n != epochs(w.Peers[0]) {
				t.Errorf("node %d knows %d epochs", i, n)
			}
		}
	})
}

// announced counts the epochs that a node has heard of.
func announced(ctx context.Context, p *Peer, id wire.DocID) int {
	p.world.T.Helper()
	h, err := p.Document(id).Holding(ctx)
	if err != nil {
		p.world.T.Fatal(err)
	}
	return h.Epochs
}

// TestStolenDeviceReadsNothingNew removes one device of four: the others go on
// under a key of which it is not even told.
func TestStolenDeviceReadsNothingNew(t *testing.T) {
	Run(t, 2, 4, func(w *World) {
		ctx := context.Background()
		id := w.Share(ctx)
		w.Peers[0].Insert(ctx, id, 0, "before. ")
		w.CheckEqual(id)
		stolen := w.Peers[3]
		n, err := w.Peers[0].Document(id).Remove(ctx, node.RemoveOptions{Device: stolen.Device()})
		if err != nil || n != 1 {
			t.Fatalf("%d devices removed, %v", n, err)
		}
		w.Await("the stolen device to learn of it", time.Minute, func() bool {
			return stolen.Document(id).State() == node.StateRemoved
		})
		w.Peers[1].Insert(ctx, id, 0, "after. ")
		for _, p := range w.Peers[:3] {
			w.Await("the others to read on", time.Minute, func() bool { return p.Document(id).Text() == "after. before. " })
		}
		time.Sleep(2 * time.Minute)
		if got := stolen.Document(id).Text(); got != "before. " {
			t.Errorf("the stolen device reads %q", got)
		}
		if n := announced(ctx, stolen, id); n != 1 {
			t.Errorf("the stolen device has heard of %d epochs", n)
		}
	})
}
