//go:build !js

package sync_test

import (
	"context"
	"strings"
	stdsync "sync"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/replication"
	"github.com/sheafdocs/sheaf/node/replication/replicationtest"
	"github.com/sheafdocs/sheaf/node/sync"
	"github.com/sheafdocs/sheaf/node/transport"
	"github.com/sheafdocs/sheaf/node/wire"
)

// real is a node on this machine's loopback.
type real struct {
	*replicationtest.Replica
	host    host.Host
	service *sync.Service
	mu      stdsync.Mutex
	waiting func() bool
	done    chan struct{}
}

func (n *real) Receive(_ context.Context, _ wire.Device, d replication.Delivery) error {
	err := n.Replica.Receive(d)
	n.look()
	return err
}
func (n *real) Receipts(wire.Device, []oplog.Receipt) {}
func (n *real) PeerUp(wire.Device)                    {}
func (n *real) PeerDown(wire.Device)                  {}

func (n *real) look() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.waiting != nil && n.waiting() {
		n.waiting = nil
		close(n.done)
	}
}

// until waits until ok holds after a delivery.
func (n *real) until(t *testing.T, ok func() bool) {
	t.Helper()
	n.mu.Lock()
	n.waiting, n.done = ok, make(chan struct{})
	done := n.done
	n.mu.Unlock()
	n.look()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatal("nothing came in 20 s")
	}
}

func startReal(t *testing.T, n int) *real {
	t.Helper()
	key := replicationtest.Key(n)
	h, err := transport.NewHost(transport.Config{Key: key, LoopbackOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	r := &real{Replica: replicationtest.New(key), host: h}
	r.service, err = sync.New(sync.Config{Host: h, Key: key, Replica: r.Replica, Handler: r, Registry: prometheus.NewRegistry()})
	if err != nil {
		t.Fatal(err)
	}
	r.Changed, r.Joining = r.service.Changed, r.service.Request
	t.Cleanup(func() {
		for range 2 {
			if err := r.service.Close(); err != nil {
				t.Error(err)
			}
		}
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// A document of 20 MB travels to someone with a link, over each transport.
func TestLoopback(t *testing.T) {
	for i, name := range []string{"/quic-v1", "/tcp", "/ws"} {
		t.Run(name[1:], func(t *testing.T) {
			a, b := startReal(t, 20+2*i), startReal(t, 21+2*i)
			const chains, each, size = 4, 125, 40 << 10
			d := a.Create(uint64(i))
			for inc := range uint32(chains) {
				d.Write(newRand(uint64(i)), inc, each, size)
			}
			link := d.Invite(byte(i))
			for _, hint := range transport.Hints(a.host, 8) {
				if strings.Contains(hint, name) && (name != "/tcp" || !strings.Contains(hint, "/ws")) {
					link.Hints = append(link.Hints, hint)
				}
			}
			joined := b.Await(link)
			start := time.Now()
			if err := b.service.Join(context.Background(), link); err != nil {
				t.Fatal(err)
			}
			if joined.Len() != chains*each {
				t.Errorf("%d entries when Join returned", joined.Len())
			}
			t.Logf("%d MB in %v", chains*each*size>>20, time.Since(start).Round(time.Millisecond))
			b.until(t, joined.Member)
		})
	}
}
