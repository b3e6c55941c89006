package transport

import (
	"context"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/net/swarm"
)

// Connect connects a host to a peer at once, whatever failed before: after
// failures libp2p pauses up to five minutes, which is too long where someone
// waits, or where the caller has pauses of its own.
//
// The pause is cleared rather than passed over by WithForceDirectDial, because a
// forced dial that is under way while the host closes meets a transport that is
// gone, and panics (go-libp2p v0.51).
func Connect(ctx context.Context, h host.Host, info peer.AddrInfo) error {
	if s, ok := h.Network().(interface{ Backoff() *swarm.DialBackoff }); ok {
		s.Backoff().Clear(info.ID)
	}
	return h.Connect(ctx, info)
}
