//go:build !js

package node_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/protocol"

	"github.com/sheafdocs/sheaf/node"
	"github.com/sheafdocs/sheaf/node/discovery"
	"github.com/sheafdocs/sheaf/node/store/memstore"
	"github.com/sheafdocs/sheaf/node/transport"
)

// slowHost takes its time to remove a stream handler, the first time.
type slowHost struct {
	host.Host
	again     atomic.Bool
	held, let chan struct{}
}

func (h *slowHost) RemoveStreamHandler(id protocol.ID) {
	if id == "/sheaf/pair/1" && !h.again.Swap(true) {
		close(h.held)
		<-h.let
	}
	h.Host.RemoveStreamHandler(id)
}

// TestALinkMadeWhileOneEnds: a link for a device, made while an earlier one is
// just being given up, works.
func TestALinkMadeWhileOneEnds(t *testing.T) {
	ctx := context.Background()
	key, st := newKey(t), memstore.New()
	t.Cleanup(func() { st.Close() })
	h, err := transport.NewHost(transport.Config{Key: key, LoopbackOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	slow := &slowHost{Host: h, held: make(chan struct{}), let: make(chan struct{})}
	laptop, err := node.New(node.Config{Key: key, Store: st, Host: slow, LocalDiscovery: discovery.Off})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { laptop.Close(); h.Close() })
	phone := start(t)
	stale, err := laptop.Pair(ctx)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { defer close(ended); laptop.CancelPairing(stale.Number) }()
	<-slow.held
	made := make(chan node.PairOffer, 1)
	go func() {
		offer, err := laptop.Pair(ctx)
		if err != nil {
			t.Error(err)
		}
		made <- offer
	}()
	<-time.After(100 * time.Millisecond) // the new one overtakes the end of the old, or waits for it
	close(slow.let)
	<-ended
	offer := <-made
	if err := phone.JoinPairing(ctx, offer.Link, "phone"); err != nil {
		t.Fatal(err)
	}
	await(t, "the laptop to ask", func() bool {
		if st := phone.PairingStatus(); st.State == node.PairingFailed {
			t.Fatal(st.Err)
		}
		return laptop.PairingStatus().State == node.PairingConfirm
	})
	if err := laptop.ConfirmPairing(false); err != nil {
		t.Error(err)
	}
}

// TestANewDeviceGivesUpAtOnce: a device that waits for the person at the other
// one can be stopped.
func TestANewDeviceGivesUpAtOnce(t *testing.T) {
	laptop, phone := start(t), start(t)
	offer, err := laptop.Pair(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if err := phone.JoinPairing(context.Background(), offer.Link, "phone"); err != nil {
		t.Fatal(err)
	}
	await(t, "the laptop to ask", func() bool { return laptop.PairingStatus().State == node.PairingConfirm })
	closed := make(chan error, 1)
	go func() { closed <- phone.Close() }()
	select {
	case err := <-closed:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(20 * time.Second):
		t.Error("the node does not end while it waits for the other device")
		if err := laptop.ConfirmPairing(false); err != nil {
			t.Error(err)
		}
	}
}
