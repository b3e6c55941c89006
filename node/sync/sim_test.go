package sync_test

import (
	"context"
	"math/rand/v2"
	stdsync "sync"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/host"

	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/replication"
	"github.com/sheafdocs/sheaf/node/replication/replicationtest"
	"github.com/sheafdocs/sheaf/node/sync"
	"github.com/sheafdocs/sheaf/node/transport/transporttest"
	"github.com/sheafdocs/sheaf/node/wire"
)

// node is a device with a replica and a Service. It is its own Handler.
type node struct {
	*replicationtest.Replica
	host    host.Host
	service *sync.Service

	mu       stdsync.Mutex
	receipts []oplog.Receipt
	ups      []wire.Device
	downs    int
	slow     time.Duration // how long Receive takes
}

func (n *node) Receive(ctx context.Context, _ wire.Device, d replication.Delivery) error {
	n.mu.Lock()
	slow := n.slow
	n.mu.Unlock()
	if slow > 0 {
		select {
		case <-time.After(slow):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return n.Replica.Receive(d)
}

func (n *node) Receipts(_ wire.Device, rs []oplog.Receipt) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.receipts = append(n.receipts, rs...)
}

func (n *node) PeerUp(d wire.Device) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.ups = append(n.ups, d)
}

func (n *node) PeerDown(wire.Device) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.downs++
}

// up returns how many sessions work.
func (n *node) up() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.ups) - n.downs
}

// began returns how many sessions ever worked.
func (n *node) began() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.ups)
}

// world is several nodes on a simulated network.
type world struct {
	*transporttest.Network
	nodes []*node
}

// simulate runs a test with n nodes in virtual time.
func simulate(t *testing.T, n int, f func(t *testing.T, w *world)) {
	t.Helper()
	var keys []*identity.Key
	for i := range n {
		keys = append(keys, replicationtest.Key(i+1))
	}
	transporttest.Simulate(t, keys, func(t *testing.T, net *transporttest.Network) {
		w := &world{Network: net}
		for i, key := range keys {
			n := &node{Replica: replicationtest.New(key), host: net.Hosts[i]}
			n.start(t)
			w.nodes = append(w.nodes, n)
		}
		defer func() {
			for _, n := range w.nodes {
				if err := n.service.Close(); err != nil {
					t.Error(err)
				}
			}
		}()
		f(t, w)
	})
}

func (n *node) start(t *testing.T) {
	t.Helper()
	s, err := sync.New(sync.Config{Host: n.host, Key: n.Key, Replica: n.Replica, Handler: n})
	if err != nil {
		t.Fatal(err)
	}
	n.service = s
	n.Changed = s.Changed
	n.Joining = s.Request
}

// share makes a document of node 0 with all the others as members.
func (w *world) share(seed uint64) wire.DocID {
	d := w.nodes[0].Create(seed)
	link := d.Invite(byte(seed))
	for _, n := range w.nodes[1:] {
		d.Admit(link, n.Key)
	}
	for _, n := range w.nodes[1:] {
		d.Copy(n.Replica)
	}
	return d.ID()
}

func (w *world) checkSame(t *testing.T, doc wire.DocID) {
	t.Helper()
	for i, n := range w.nodes[1:] {
		if diff := replicationtest.Same(doc, w.nodes[0].Replica, n.Replica); diff != "" {
			t.Errorf("nodes 0 and %d: %s", i+1, diff)
		}
	}
}

func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }
