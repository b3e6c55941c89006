package transport

import (
	"sync/atomic"

	"github.com/libp2p/go-libp2p/core/control"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
)

// A Gate decides whether a host may have connections at all. The zero value
// is open. Closing it refuses new connections in both directions; connections
// that exist stay until someone closes them. Safe for concurrent use.
type Gate struct{ closed atomic.Bool }

// Close refuses new connections from now on.
func (g *Gate) Close() { g.closed.Store(true) }

// Open lets connections through again.
func (g *Gate) Open() { g.closed.Store(false) }

// Closed reports whether connections are refused.
func (g *Gate) Closed() bool { return g.closed.Load() }

// InterceptPeerDial is part of libp2p's ConnectionGater.
func (g *Gate) InterceptPeerDial(peer.ID) bool { return !g.Closed() }

// InterceptAddrDial is part of libp2p's ConnectionGater.
func (g *Gate) InterceptAddrDial(peer.ID, ma.Multiaddr) bool { return !g.Closed() }

// InterceptAccept is part of libp2p's ConnectionGater.
func (g *Gate) InterceptAccept(network.ConnMultiaddrs) bool { return !g.Closed() }

// InterceptSecured is part of libp2p's ConnectionGater.
func (g *Gate) InterceptSecured(network.Direction, peer.ID, network.ConnMultiaddrs) bool {
	return !g.Closed()
}

// InterceptUpgraded is part of libp2p's ConnectionGater.
func (g *Gate) InterceptUpgraded(network.Conn) (bool, control.DisconnectReason) {
	return !g.Closed(), 0
}
