package transport

import (
	"slices"

	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
)

// Addresser is the part of a libp2p host that Hints asks.
type Addresser interface {
	ID() peer.ID
	Addrs() []ma.Multiaddr
}

// Hints returns at most max addresses under which others may reach h, each
// with its peer id, the most widely useful first: public before private, QUIC
// before TCP before WebSocket. Loopback addresses are given only by a host
// that has no other.
func Hints(h Addresser, max int) []string {
	addrs := slices.DeleteFunc(slices.Clone(h.Addrs()), func(a ma.Multiaddr) bool {
		return manet.IsIPUnspecified(a) || manet.IsIP6LinkLocal(a)
	})
	if slices.ContainsFunc(addrs, func(a ma.Multiaddr) bool { return !manet.IsIPLoopback(a) }) {
		addrs = slices.DeleteFunc(addrs, manet.IsIPLoopback)
	}
	slices.SortStableFunc(addrs, func(a, b ma.Multiaddr) int { return hintRank(a) - hintRank(b) })
	suffix, err := ma.NewComponent("p2p", h.ID().String())
	if err != nil {
		return nil
	}
	var out []string
	for _, a := range addrs {
		s := a.Encapsulate(suffix.Multiaddr()).String()
		if len(out) < max && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// hintRank orders addresses: the smaller, the earlier in a link.
func hintRank(a ma.Multiaddr) int {
	rank := 0
	if !manet.IsPublicAddr(a) {
		rank += 8
	}
	switch {
	case hasProtocol(a, ma.P_QUIC_V1):
	case hasProtocol(a, ma.P_WS), hasProtocol(a, ma.P_WSS):
		rank += 2
	default:
		rank++
	}
	return rank
}

func hasProtocol(a ma.Multiaddr, code int) bool {
	return slices.ContainsFunc(a.Protocols(), func(p ma.Protocol) bool { return p.Code == code })
}
