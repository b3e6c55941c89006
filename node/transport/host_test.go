//go:build !js

package transport_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/transport"
	"github.com/sheafdocs/sheaf/node/wire"
)

func key(t testing.TB, n byte) *identity.Key {
	t.Helper()
	k, err := identity.FromSeeds([32]byte{n}, [32]byte{n, n})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func newHost(t testing.TB, cfg transport.Config) host.Host {
	t.Helper()
	cfg.LoopbackOnly = true
	h, err := transport.NewHost(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

func connect(from, to host.Host, addrs ...ma.Multiaddr) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return from.Connect(ctx, peer.AddrInfo{ID: to.ID(), Addrs: addrs})
}

// Each transport carries a stream between two hosts that prove their devices.
func TestTransports(t *testing.T) {
	server := newHost(t, transport.Config{Key: key(t, 1), Registry: prometheus.NewRegistry()})
	server.SetStreamHandler("/test/echo", func(s network.Stream) {
		_, _ = io.Copy(s, s)
		_ = s.Close()
	})
	for _, name := range []string{"/quic-v1", "/tcp", "/ws"} {
		t.Run(name[1:], func(t *testing.T) {
			var addr ma.Multiaddr
			for _, a := range server.Addrs() {
				if strings.Contains(a.String(), name) && (name != "/tcp" || !strings.Contains(a.String(), "/ws")) {
					addr = a
				}
			}
			if addr == nil {
				t.Fatalf("no such address among %v", server.Addrs())
			}
			client := newHost(t, transport.Config{Key: key(t, 2)})
			if err := connect(client, server, addr); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			s, err := client.NewStream(ctx, server.ID(), "/test/echo")
			if err != nil {
				t.Fatal(err)
			}
			if got := s.Conn().RemoteMultiaddr().String(); !strings.Contains(got, name) {
				t.Errorf("connected over %s", got)
			}
			if d, err := transport.DeviceOf(s.Conn().RemotePeer()); err != nil || d != key(t, 1).Device() {
				t.Errorf("the other end is %v, %v", d, err)
			}
			if _, err := s.Write([]byte("hello")); err != nil {
				t.Fatal(err)
			}
			_ = s.CloseWrite()
			if got, err := io.ReadAll(s); err != nil || string(got) != "hello" {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

// A host that is not the device it is dialed as is refused.
func TestWrongDevice(t *testing.T) {
	a, b := newHost(t, transport.Config{Key: key(t, 1)}), newHost(t, transport.Config{Key: key(t, 2)})
	id, err := transport.PeerID(key(t, 3).Device())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := a.Connect(ctx, peer.AddrInfo{ID: id, Addrs: b.Addrs()}); err == nil {
		t.Error("another device's address was taken for this one")
	}
}

func TestGate(t *testing.T) {
	gate := new(transport.Gate)
	a := newHost(t, transport.Config{Key: key(t, 1), Gate: gate})
	b := newHost(t, transport.Config{Key: key(t, 2)})
	gate.Close()
	if err := connect(a, b, b.Addrs()...); err == nil {
		t.Error("dialed through a closed gate")
	}
	// The dialer may see its handshake succeed before it is hung up on.
	if err := connect(b, a, a.Addrs()...); err == nil {
		ctx, cancel := context.WithTimeout(network.WithNoDial(context.Background(), "test"), 10*time.Second)
		defer cancel()
		if _, err := b.NewStream(ctx, a.ID(), "/ipfs/ping/1.0.0"); err == nil {
			t.Error("was dialed through a closed gate")
		}
	}
	if n := len(a.Network().Conns()); n != 0 {
		t.Errorf("%d connections through a closed gate", n)
	}
	gate.Open()
	if err := connect(a, b, b.Addrs()...); err != nil {
		t.Errorf("dial through an open gate: %v", err)
	}
}

// An office: many devices behind one address, all at once. Loopback is exempt
// from limits, so the resource manager is asked directly, for an address that
// is not.
func TestF19ManyDevicesBehindOneAddress(t *testing.T) {
	h := newHost(t, transport.Config{Key: key(t, 1)})
	addr := ma.StringCast("/ip4/203.0.113.7/udp/4001/quic-v1")
	rm := h.Network().ResourceManager()
	var open []network.ConnManagementScope
	defer func() {
		for _, c := range open {
			c.Done()
		}
	}()
	for i := range 2 * transport.MaxConnsPerAddress {
		c, err := rm.OpenConnection(network.DirInbound, false, addr)
		if err != nil {
			t.Logf("connection %d refused: %v", i, err)
			break
		}
		open = append(open, c)
		id, err := transport.PeerID(key(t, byte(i)).Device())
		if err != nil {
			t.Fatal(err)
		}
		if err := c.SetPeer(id); err != nil {
			t.Fatalf("connection %d: %v", i, err)
		}
	}
	if len(open) < 200 || len(open) > transport.MaxConnsPerAddress {
		t.Errorf("%d connections from one address were taken", len(open))
	}
}

func TestNames(t *testing.T) {
	d := key(t, 1).Device()
	id, err := transport.PeerID(d)
	if err != nil {
		t.Fatal(err)
	}
	if back, err := transport.DeviceOf(id); err != nil || back != d {
		t.Errorf("DeviceOf(PeerID(d)) = %v, %v", back, err)
	}
	for _, id := range []peer.ID{"", "x", peer.ID("\x00\x01\x02"), "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N"} {
		if _, err := transport.DeviceOf(id); !errors.Is(err, transport.ErrNotDevice) {
			t.Errorf("DeviceOf(%q): %v", string(id), err)
		}
	}
	if _, err := transport.NewHost(transport.Config{}); !errors.Is(err, transport.ErrNoKey) {
		t.Errorf("NewHost without a key: %v", err)
	}
}

// addresser is a host with given addresses.
type addresser struct {
	id    peer.ID
	addrs []string
}

func (a addresser) ID() peer.ID { return a.id }
func (a addresser) Addrs() (out []ma.Multiaddr) {
	for _, s := range a.addrs {
		out = append(out, ma.StringCast(s))
	}
	return out
}

func TestHints(t *testing.T) {
	id, err := transport.PeerID(wire.Device(key(t, 1).Device()))
	if err != nil {
		t.Fatal(err)
	}
	suffix := "/p2p/" + id.String()
	got := transport.Hints(addresser{id, []string{
		"/ip4/127.0.0.1/tcp/1", "/ip4/192.168.1.2/tcp/1", "/ip4/192.168.1.2/udp/1/quic-v1",
		"/ip4/192.168.1.2/tcp/2/ws", "/ip4/198.51.100.1/tcp/1", "/ip4/8.8.8.8/tcp/1", "/ip6/fe80::1/tcp/1",
	}}, 4)
	want := []string{
		"/ip4/8.8.8.8/tcp/1" + suffix, "/ip4/192.168.1.2/udp/1/quic-v1" + suffix,
		"/ip4/192.168.1.2/tcp/1" + suffix,
	}
	for i, w := range want {
		if i >= len(got) || got[i] != w {
			t.Errorf("hint %d of %v is not %s", i, got, w)
		}
	}
	if len(got) != 4 {
		t.Errorf("%d hints", len(got))
	}
	only := transport.Hints(addresser{id, []string{"/ip4/127.0.0.1/tcp/1"}}, 8)
	if len(only) != 1 || only[0] != "/ip4/127.0.0.1/tcp/1"+suffix {
		t.Errorf("hints of a loopback host: %v", only)
	}
}
