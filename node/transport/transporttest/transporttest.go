//go:build !js

// Package transporttest runs libp2p hosts on a simulated network in virtual
// time, for tests of everything that talks between nodes.
//
// Simulate makes the hosts inside a testing/synctest bubble: a minute of
// silence costs nothing, and every timeout is exact. Hosts speak QUIC only. A
// Network can be cut between two sets of hosts (Partition) and made whole
// again (Heal). Under the race detector, run with GOMAXPROCS=1.
package transporttest

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"log/slog"
	"net"
	"sync"
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

	"github.com/sheafdocs/sheaf/node/identity"
)

// Properties of the simulated links.
const (
	Latency   = 10 * time.Millisecond // one way
	Bandwidth = 100_000_000           // bits a second, each way, each host
)

// lost is longer than any test: a packet delayed by it never arrives.
const lost = 1000 * time.Hour

// Network is hosts on a simulated network. Host i has the address 1.0.0.i+1.
type Network struct {
	Hosts []host.Host

	net  *simnet.Simnet
	mu   sync.Mutex
	side map[string]int // of each address, while partitioned
}

// Simulate runs f in virtual time with one host for each key. What f starts
// must have ended when it returns; the hosts are closed afterwards.
func Simulate(t *testing.T, keys []*identity.Key, f func(t *testing.T, n *Network)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := &Network{}
		n.net = &simnet.Simnet{LatencyFunc: n.latency, Logger: slog.New(slog.DiscardHandler)}
		for i, key := range keys {
			n.Hosts = append(n.Hosts, n.host(t, i, key))
		}
		n.net.Start()
		defer func() {
			for _, h := range n.Hosts {
				_ = h.Close()
			}
			n.net.Close()
			time.Sleep(time.Minute) // the transports' own timers run out
		}()
		f(t, n)
	})
}

func (n *Network) host(t *testing.T, i int, k *identity.Key) host.Host {
	t.Helper()
	key, err := crypto.UnmarshalEd25519PrivateKey(ed25519.NewKeyFromSeed(k.Seed()))
	if err != nil {
		t.Fatal(err)
	}
	link := simnet.LinkSettings{BitsPerSecond: Bandwidth}
	h, err := libp2p.New(
		libp2p.Identity(key),
		libp2p.ListenAddrStrings(fmt.Sprintf("/ip4/%s/udp/8000/quic-v1", address(i))),
		libp2p.DisableIdentifyAddressDiscovery(), // would never let virtual time pass
		libp2p.ResourceManager(&network.NullResourceManager{}),
		libp2p.DisableMetrics(),
		libp2p.UDPBlackHoleSuccessCounter(nil),
		simlibp2p.QUICSimnet(n.net, simnet.NodeBiDiLinkSettings{Downlink: link, Uplink: link}),
	)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func address(i int) string { return fmt.Sprintf("1.0.%d.%d", i/250, i%250+1) }

// latency is how long a packet takes.
func (n *Network) latency(p *simnet.Packet) time.Duration {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.side[ip(p.From)] != n.side[ip(p.To)] {
		return lost
	}
	return Latency
}

func ip(a net.Addr) string {
	if u, ok := a.(*net.UDPAddr); ok {
		return u.IP.String()
	}
	return ""
}

// Partition cuts the network: the listed hosts reach each other, the others
// reach each other, and no packet passes between.
func (n *Network) Partition(hosts ...int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.side = map[string]int{}
	for _, i := range hosts {
		n.side[address(i)] = 1
	}
}

// Heal undoes Partition. Connections that broke meanwhile stay broken.
func (n *Network) Heal() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.side = nil
}

// Connect connects host a to host b.
func (n *Network) Connect(t *testing.T, a, b int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	to := n.Hosts[b]
	if err := n.Hosts[a].Connect(ctx, peer.AddrInfo{ID: to.ID(), Addrs: to.Addrs()}); err != nil {
		t.Fatal(err)
	}
}

// Within waits until ok, at most d of virtual time, and returns how long it
// took.
func Within(t *testing.T, d time.Duration, ok func() bool) time.Duration {
	t.Helper()
	start := time.Now()
	for !ok() {
		if time.Since(start) > d {
			t.Fatalf("not done after %v", d)
		}
		time.Sleep(time.Millisecond)
	}
	return time.Since(start)
}
