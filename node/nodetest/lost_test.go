package nodetest

import (
	"context"
	"testing"
	"time"

	"github.com/sheafdocs/sheaf/node"
)

// TestF35LostStoreIsRefilled takes each node's store away in turn and checks
// that the others give everything back: ops, keys, entries and the right to
// write.
func TestF35LostStoreIsRefilled(t *testing.T) {
	for victim := range 2 {
		Run(t, uint64(victim)+1, 2, func(w *World) {
			ctx := context.Background()
			id := w.Share(ctx)
			w.Peers[0].Insert(ctx, id, 0, "from the owner. ")
			w.Peers[1].Insert(ctx, id, 0, "from the guest. ")
			w.CheckEqual(id)
			want := w.Peers[0].Document(id).Text()
			p := w.Peers[victim]
			p.Wipe(id)
			p.Start()
			w.Await("the document to be refilled", 2*time.Minute, func() bool {
				d := p.Document(id)
				return d.State() == node.StateReady && d.Text() == want
			})
			p.Insert(ctx, id, 0, "written after the loss. ")
			w.CheckEqual(id)
		})
	}
}
