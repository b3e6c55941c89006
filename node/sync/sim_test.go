package sync_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	stdsync "sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/x/simlibp2p"
	"github.com/marcopolo/simnet"

	"crypto/ed25519"

	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/replication"
	"github.com/sheafdocs/sheaf/node/replication/replicationtest"
	"github.com/sheafdocs/sheaf/node/sync"
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

// world is several nodes on a simulated network.
type world struct {
	net   *simnet.Simnet
	nodes []*node
}

// simulate runs a test with n nodes in virtual time. Link latency is 10 ms.
func simulate(t *testing.T, n int, f func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{net: &simnet.Simnet{LatencyFunc: simnet.StaticLatency(10 * time.Millisecond)}}
		link := simnet.NodeBiDiLinkSettings{
			Downlink: simnet.LinkSettings{BitsPerSecond: 100 * simlibp2p.OneMbps},
			Uplink:   simnet.LinkSettings{BitsPerSecond: 100 * simlibp2p.OneMbps},
		}
		for i := range n {
			key := replicationtest.Key(i + 1)
			h, err := libp2p.New(
				libp2p.Identity(hostKey(t, key)),
				libp2p.ListenAddrStrings(fmt.Sprintf("/ip4/1.0.0.%d/udp/8000/quic-v1", i+1)),
				libp2p.DisableIdentifyAddressDiscovery(),
				libp2p.ResourceManager(&network.NullResourceManager{}),
				simlibp2p.QUICSimnet(w.net, link),
			)
			if err != nil {
				t.Fatal(err)
			}
			w.nodes = append(w.nodes, &node{Replica: replicationtest.New(key), host: h})
		}
		w.net.Start()
		for _, n := range w.nodes {
			n.start(t)
		}
		defer func() {
			for _, n := range w.nodes {
				if err := n.service.Close(); err != nil {
					t.Error(err)
				}
			}
			for _, n := range w.nodes {
				_ = n.host.Close()
			}
			w.net.Close()
			time.Sleep(time.Minute) // let the transports' own timers run out
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

func hostKey(t *testing.T, k *identity.Key) crypto.PrivKey {
	t.Helper()
	key, err := crypto.UnmarshalEd25519PrivateKey(ed25519.NewKeyFromSeed(k.Seed()))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (w *world) connect(t *testing.T, a, b int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	to := w.nodes[b].host
	if err := w.nodes[a].host.Connect(ctx, peer.AddrInfo{ID: to.ID(), Addrs: to.Addrs()}); err != nil {
		t.Fatal(err)
	}
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

// within waits until ok, at most d, and returns how long it took.
func within(t *testing.T, d time.Duration, ok func() bool) time.Duration {
	t.Helper()
	start := time.Now()
	for !ok() {
		if time.Since(start) > d {
			t.Fatalf("not done after %v", d)
		}
		time.Sleep(5 * time.Millisecond)
	}
	return time.Since(start)
}

func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }
