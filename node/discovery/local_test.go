//go:build !js

package discovery_test

import (
	"net"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/sheafdocs/sheaf/node/discovery"
	"github.com/sheafdocs/sheaf/node/transport"
)

// Two hosts on this machine's own network find each other by multicast DNS,
// and one that is switched off is not found.
func TestLocalNetwork(t *testing.T) {
	if !hasMulticast(t) {
		t.Skip("this machine has no network interface that can multicast")
	}
	found := make(chan peer.ID, 64)
	var ids []peer.ID
	for i, k := range keys(t, 3) {
		h, err := transport.NewHost(transport.Config{Key: k, Listen: []string{"/ip4/0.0.0.0/udp/0/quic-v1"}})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = h.Close() }()
		ids = append(ids, h.ID())
		cfg := discovery.Config{Host: h}
		switch i {
		case 0:
			cfg.Found = func(info peer.AddrInfo) {
				select {
				case found <- info.ID:
				default:
				}
			}
		case 2:
			cfg.Mode = discovery.Off
		}
		d, err := discovery.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := d.Close(); err != nil {
				t.Error(err)
			}
		}()
	}
	deadline := time.After(15 * time.Second)
	for {
		select {
		case id := <-found:
			switch id {
			case ids[1]:
				return
			case ids[2]:
				t.Fatal("found a host that is switched off")
			}
		case <-deadline:
			t.Fatal("the hosts did not find each other in 15 s")
		}
	}
}

func hasMulticast(t *testing.T) bool {
	t.Helper()
	ifaces, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range ifaces {
		addrs, err := i.Addrs()
		if err == nil && len(addrs) > 0 && i.Flags&(net.FlagUp|net.FlagMulticast|net.FlagLoopback) == net.FlagUp|net.FlagMulticast {
			return true
		}
	}
	return false
}
