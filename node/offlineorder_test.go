//go:build !js

package node_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/store/memstore"
	"github.com/sheafdocs/sheaf/node/wire"
)

// slowOnce holds the first commit of the node's settings back until let go.
type slowOnce struct {
	*memstore.Store
	again     atomic.Bool
	held, let chan struct{}
}

func (s *slowOnce) Commit(ctx context.Context, b *store.Batch) error {
	err := s.Store.Commit(ctx, b)
	if len(b.Put) == 1 && b.Put[0].Key == store.SecretKey(wire.DocID{}, "profile") {
		if !s.again.Swap(true) {
			close(s.held)
			<-s.let
		}
	}
	return err
}

// TestOfflineAndOnlineAtOnce: of two that switch the network at once, what the
// node says in the end is what it does.
func TestOfflineAndOnlineAtOnce(t *testing.T) {
	ctx := context.Background()
	st := &slowOnce{Store: memstore.New(), held: make(chan struct{}), let: make(chan struct{})}
	t.Cleanup(func() { st.Close() })
	a, b := startOn(t, newKey(t), st), start(t)
	da, db := together(t, a, b, "one")
	done := make(chan error, 2)
	go func() { done <- a.SetOffline(ctx, true) }()
	<-st.held
	go func() { done <- a.SetOffline(ctx, false) }()
	<-time.After(100 * time.Millisecond) // the second one overtakes the first, or waits for it
	close(st.let)
	for range 2 {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	if a.Offline() {
		t.Fatal("the node says that it works offline")
	}
	write(t, da, " two")
	await(t, "what was written to arrive", func() bool { return db.Text() == "one two" })
}
