package discovery_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/sheafdocs/sheaf/node/discovery"
	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/transport"
	"github.com/sheafdocs/sheaf/node/transport/transporttest"
)

func keys(t *testing.T, n int) (out []*identity.Key) {
	t.Helper()
	for i := range byte(n) {
		k, err := identity.FromSeeds([32]byte{i}, [32]byte{i, i})
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, k)
	}
	return out
}

// simulate runs a test with hosts, the first of which has a Discovery.
func simulate(t *testing.T, n int, f func(t *testing.T, net *transporttest.Network, d *discovery.Discovery)) {
	t.Helper()
	transporttest.Simulate(t, keys(t, n), func(t *testing.T, net *transporttest.Network) {
		d, err := discovery.New(discovery.Config{Host: net.Hosts[0], Mode: discovery.Off})
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			for range 2 {
				if err := d.Close(); err != nil {
					t.Error(err)
				}
			}
		}()
		f(t, net, d)
	})
}

func connected(net *transporttest.Network, a, b int) func() bool {
	return func() bool {
		return net.Hosts[a].Network().Connectedness(net.Hosts[b].ID()) == network.Connected
	}
}

func info(net *transporttest.Network, i int) peer.AddrInfo {
	return peer.AddrInfo{ID: net.Hosts[i].ID(), Addrs: net.Hosts[i].Addrs()}
}

func TestKeptPeerIsDialedAgain(t *testing.T) {
	simulate(t, 2, func(t *testing.T, net *transporttest.Network, d *discovery.Discovery) {
		d.Keep(info(net, 1))
		d.Keep(info(net, 1))
		d.Keep(info(net, 0)) // itself
		transporttest.Within(t, time.Second, connected(net, 0, 1))
		if got := d.Kept(); len(got) != 1 {
			t.Errorf("%d peers kept", len(got))
		}
		time.Sleep(time.Second)
		if err := net.Hosts[1].Network().ClosePeer(net.Hosts[0].ID()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * transporttest.Latency)
		took := transporttest.Within(t, 5*time.Second, connected(net, 0, 1))
		t.Logf("connected again after %v", took)

		net.Partition(1)
		time.Sleep(10 * time.Minute)
		if connected(net, 0, 1)() {
			t.Fatal("still connected over a cut network")
		}
		net.Heal()
		took = transporttest.Within(t, 20*time.Second, connected(net, 0, 1))
		t.Logf("after ten minutes without a network, connected again %v after it came back", took)

		time.Sleep(time.Second)
		d.Forget(net.Hosts[1].ID())
		if err := net.Hosts[1].Network().ClosePeer(net.Hosts[0].ID()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Minute)
		if connected(net, 0, 1)() {
			t.Error("a forgotten peer was dialed")
		}
	})
}

func TestOffline(t *testing.T) {
	simulate(t, 2, func(t *testing.T, net *transporttest.Network, d *discovery.Discovery) {
		d.GoOffline()
		d.Keep(info(net, 1))
		if _, err := d.Dial(context.Background(), transport.Hints(net.Hosts[1], 8)); !errors.Is(err, discovery.ErrOffline) {
			t.Errorf("dial while offline: %v", err)
		}
		time.Sleep(10 * time.Minute)
		if connected(net, 0, 1)() {
			t.Fatal("dialed while offline")
		}
		d.GoOnline()
		transporttest.Within(t, time.Second, connected(net, 0, 1))
	})
}

func TestDial(t *testing.T) {
	simulate(t, 3, func(t *testing.T, net *transporttest.Network, d *discovery.Discovery) {
		hints := append([]string{"nonsense"}, transport.Hints(net.Hosts[1], 8)...)
		reached, err := d.Dial(context.Background(), hints)
		if err != nil || len(reached) != 1 || reached[0] != net.Hosts[1].ID() {
			t.Errorf("reached %v, %v", reached, err)
		}
		for _, bad := range [][]string{nil, {"nonsense"}, {"/ip4/1.2.3.4/tcp/5"}} {
			if _, err := d.Dial(context.Background(), bad); !errors.Is(err, discovery.ErrNoAddress) {
				t.Errorf("dial %v: %v", bad, err)
			}
		}
		net.Partition(2)
		if _, err := d.Dial(context.Background(), transport.Hints(net.Hosts[2], 8)); err == nil {
			t.Error("reached a host beyond a cut")
		}
	})
}
