//go:build !js

package transport

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/metrics"
	"github.com/libp2p/go-libp2p/p2p/muxer/yamux"
	"github.com/libp2p/go-libp2p/p2p/net/connmgr"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	quic "github.com/libp2p/go-libp2p/p2p/transport/quic"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
	ws "github.com/libp2p/go-libp2p/p2p/transport/websocket"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/sheafdocs/sheaf/node/identity"
)

// ErrNoKey is returned by NewHost without a device key.
var ErrNoKey = errors.New("no device key")

// Config says what a host is made of. Key is required.
type Config struct {
	// Key is the device's key and becomes the host's peer identity.
	Key *identity.Key
	// Listen are the multiaddresses to listen on. Default: QUIC, TCP and
	// WebSocket on any free port of every IPv4 and IPv6 interface.
	Listen []string
	// LoopbackOnly restricts the default Listen to this machine.
	LoopbackOnly bool
	// Gate, if set, can close the host to the network.
	Gate *Gate
	// Bandwidth, if set, counts the bytes on the wire.
	Bandwidth metrics.Reporter
	// Registry receives libp2p's own metrics. Nil: none.
	Registry prometheus.Registerer
	// Logger gets what an operator should know. Nil discards.
	Logger *slog.Logger
}

// NewHost starts a libp2p host for the device. It listens when NewHost
// returns; the caller closes it.
func NewHost(cfg Config) (host.Host, error) {
	if cfg.Key == nil {
		return nil, ErrNoKey
	}
	key, err := hostKey(cfg.Key)
	if err != nil {
		return nil, err
	}
	limits, err := newResourceManager()
	if err != nil {
		return nil, err
	}
	conns, err := connmgr.NewConnManager(connsLow, connsHigh, connmgr.WithGracePeriod(connsGrace))
	if err != nil {
		return nil, fmt.Errorf("make connection manager: %w", err)
	}
	listen := cfg.Listen
	if len(listen) == 0 {
		listen = defaultListen(cfg.LoopbackOnly)
	}
	opts := []libp2p.Option{
		libp2p.Identity(key),
		libp2p.ListenAddrStrings(listen...),
		libp2p.Transport(quic.NewTransport),
		libp2p.Transport(tcp.NewTCPTransport),
		libp2p.Transport(ws.New),
		libp2p.Security(noise.ID, noise.New),
		libp2p.Muxer(yamux.ID, yamux.DefaultTransport),
		libp2p.ResourceManager(limits),
		libp2p.ConnectionManager(conns),
		libp2p.DisableRelay(),
		// Peers that are off are dialed often and in vain; libp2p must not
		// conclude from that that this network lets no UDP through.
		libp2p.UDPBlackHoleSuccessCounter(nil),
		libp2p.IPv6BlackHoleSuccessCounter(nil),
		libp2p.ProtocolVersion("sheaf/1"),
		libp2p.UserAgent("sheaf"),
	}
	if cfg.Gate != nil {
		opts = append(opts, libp2p.ConnectionGater(cfg.Gate))
	}
	if cfg.Bandwidth != nil {
		opts = append(opts, libp2p.BandwidthReporter(cfg.Bandwidth))
	}
	if cfg.Registry != nil {
		opts = append(opts, libp2p.PrometheusRegisterer(cfg.Registry))
	} else {
		opts = append(opts, libp2p.DisableMetrics())
	}
	h, err := libp2p.New(opts...)
	if err != nil {
		return nil, fmt.Errorf("start libp2p host: %w", err)
	}
	if cfg.Logger != nil {
		cfg.Logger.Info("listening", "peer", h.ID(), "addresses", h.Addrs())
	}
	return h, nil
}

// hostKey is the device key in libp2p's form.
func hostKey(k *identity.Key) (crypto.PrivKey, error) {
	priv := ed25519.NewKeyFromSeed(k.Seed())
	key, err := crypto.UnmarshalEd25519PrivateKey(priv)
	if err != nil {
		return nil, fmt.Errorf("read device key: %w", err)
	}
	return key, nil
}

// defaultListen is every transport on a free port.
func defaultListen(loopbackOnly bool) []string {
	ips := []string{"/ip4/0.0.0.0", "/ip6/::"}
	if loopbackOnly {
		ips = []string{"/ip4/127.0.0.1"}
	}
	var out []string
	for _, ip := range ips {
		out = append(out, ip+"/udp/0/quic-v1", ip+"/tcp/0", ip+"/tcp/0/ws")
	}
	return out
}
