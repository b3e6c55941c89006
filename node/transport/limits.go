//go:build !js

package transport

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/network"
	rcmgr "github.com/libp2p/go-libp2p/p2p/host/resource-manager"
	"github.com/libp2p/go-libp2p/x/rate"
)

// Limits of a host.
const (
	// MaxConnsPerAddress is how many connections one IPv4 address, or one
	// IPv6 /56, may have: an office or a campus behind one NAT.
	MaxConnsPerAddress = 512
	// MaxConnsPerSite is the same for an IPv6 /48.
	MaxConnsPerSite = 2048
	// NewConnsPerSecond and NewConnsBurst limit how fast one address may
	// connect: a whole office that comes back after an outage is let in.
	NewConnsPerSecond = 16
	NewConnsBurst     = MaxConnsPerAddress

	maxConnsInbound = 2048            // connections others opened
	maxConns        = 4096            // all connections
	maxHandshakes   = 512             // inbound connections not yet secured
	maxStreams      = 32768           // streams over all connections
	connsLow        = 512             // above connsHigh, unprotected connections are closed down to this
	connsHigh       = 768             //
	connsGrace      = 2 * time.Minute // young connections are not trimmed
)

// newResourceManager is libp2p's, with limits for each address and for the
// whole that an office behind one NAT fits into.
func newResourceManager() (network.ResourceManager, error) {
	scaling := rcmgr.DefaultLimits
	libp2p.SetDefaultServiceLimits(&scaling)
	sys := &scaling.SystemBaseLimit
	sys.ConnsInbound = maxConnsInbound
	sys.ConnsOutbound = maxConnsInbound
	sys.Conns = maxConns
	sys.StreamsInbound = maxStreams / 2
	sys.StreamsOutbound = maxStreams / 2
	sys.Streams = maxStreams
	pre := &scaling.TransientBaseLimit
	pre.ConnsInbound = maxHandshakes
	pre.Conns = 2 * maxHandshakes
	pre.StreamsInbound = maxHandshakes
	pre.Streams = 2 * maxHandshakes

	v4 := []rcmgr.ConnLimitPerSubnet{{PrefixLength: 32, ConnCount: MaxConnsPerAddress}}
	v6 := []rcmgr.ConnLimitPerSubnet{
		{PrefixLength: 56, ConnCount: MaxConnsPerAddress},
		{PrefixLength: 48, ConnCount: MaxConnsPerSite},
	}
	m, err := rcmgr.NewResourceManager(
		rcmgr.NewFixedLimiter(scaling.AutoScale()),
		rcmgr.WithLimitPerSubnet(v4, v6),
		rcmgr.WithConnRateLimiters(newConnRateLimiter()),
	)
	if err != nil {
		return nil, fmt.Errorf("make resource manager: %w", err)
	}
	return m, nil
}

// newConnRateLimiter limits how fast one address opens connections. This
// machine itself is not limited.
func newConnRateLimiter() *rate.Limiter {
	perAddress := rate.Limit{RPS: NewConnsPerSecond, Burst: NewConnsBurst}
	perSite := rate.Limit{RPS: 4 * NewConnsPerSecond, Burst: MaxConnsPerSite}
	return &rate.Limiter{
		NetworkPrefixLimits: []rate.PrefixLimit{
			{Prefix: netip.MustParsePrefix("127.0.0.0/8")},
			{Prefix: netip.MustParsePrefix("::1/128")},
		},
		SubnetRateLimiter: rate.SubnetLimiter{
			IPv4SubnetLimits: []rate.SubnetLimit{{PrefixLength: 32, Limit: perAddress}},
			IPv6SubnetLimits: []rate.SubnetLimit{
				{PrefixLength: 56, Limit: perAddress},
				{PrefixLength: 48, Limit: perSite},
			},
			GracePeriod: time.Minute,
		},
	}
}
