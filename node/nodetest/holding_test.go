package nodetest_test

import (
	"context"
	"testing"
	"time"

	"github.com/sheafdocs/sheaf/node"
	"github.com/sheafdocs/sheaf/node/nodetest"
)

// TestHoldingTellsWhoHoldsWhat follows the ledger of everybody's entries on
// every node, also where two nodes are not connected with each other, and over
// a restart.
func TestHoldingTellsWhoHoldsWhat(t *testing.T) {
	nodetest.Run(t, 3, 3, func(w *nodetest.World) {
		ctx := context.Background()
		id := w.Share(ctx)
		for _, p := range w.Peers {
			p.Insert(ctx, id, 0, "some text ")
		}
		w.CheckEqual(id)
		full := func(p *nodetest.Peer) (node.Holding, int) {
			h, err := p.Document(id).Holding(ctx)
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			for _, k := range h.Holders {
				if k.Complete(&h) {
					n++
				}
			}
			return h, n
		}
		for _, p := range w.Peers {
			w.Await("a node to know that both others hold all", time.Minute, func() bool {
				h, n := full(p)
				return h.Entries >= 3 && h.Bytes > 0 && h.Epochs == 1 && n == 2
			})
		}
		last := w.Peers[2]
		last.Stop()
		w.Peers[0].Insert(ctx, id, 0, "more ")
		w.Await("node 0 to know that one other holds the new text", time.Minute, func() bool {
			_, n := full(w.Peers[0])
			return n == 1
		})
		last.Start()
		w.CheckEqual(id)
		w.Await("node 2 to know after a restart", time.Minute, func() bool {
			_, n := full(last)
			return n == 2
		})
	})
}
