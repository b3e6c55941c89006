package node

import (
	"context"
	"fmt"
	"io"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/transport"
	"github.com/sheafdocs/sheaf/node/wire"
)

// JoinPairing makes this device one of the user whose device shows the link. It
// returns when that is under way; PairingStatus and PairingChanged tell the rest.
func (n *Node) JoinPairing(ctx context.Context, link identity.PairLink, name string) error {
	if home := n.homeDoc(); home != nil && len(home.readHome().own) != 1 {
		return ErrHasDevices
	}
	if name != "" {
		if err := n.SetName(ctx, name); err != nil {
			return err
		}
	}
	run, number, err := n.beginPairing(identity.PairNew, identity.PairLifetime+pairAskTimeout)
	if err != nil {
		return err
	}
	n.notify(Change{Kind: PairingChanged})
	n.wg.Add(1)
	go func() {
		defer n.wg.Done()
		n.endPairing(number, n.askIn(run, link))
	}()
	return nil
}

// askIn is the new device's end.
func (n *Node) askIn(ctx context.Context, link identity.PairLink) error {
	s, err := n.dialPairing(ctx, link)
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { _ = s.Reset() })() // else a read would wait for its own time
	if err := n.speak(ctx, link, s); err != nil {
		_ = s.Reset()
		return err
	}
	_ = s.Close() // all was said
	return nil
}

// speak runs the new device's end on a stream.
func (n *Node) speak(ctx context.Context, link identity.PairLink, s network.Stream) error {
	var nonce [32]byte
	if _, err := io.ReadFull(n.rand(), nonce[:]); err != nil {
		return fmt.Errorf("read randomness: %w", err)
	}
	device, err := transport.DeviceOf(s.Conn().RemotePeer())
	if err != nil {
		return err
	}
	hand, msg, err := identity.NewPairingNew(link, device, identity.PairedDevice{
		Device: n.device, SealPublic: n.cfg.Key.SealPublic(), Kind: uint8(access.ThisDevice()), Name: n.Name(),
	}, nonce)
	if err != nil {
		return err
	}
	for done := false; !done; {
		if err := writeFrame(s, msg); err != nil {
			return err
		}
		answer, err := readFrame(s, identity.MaxPairFrameBytes, pairStepTimeout)
		if err != nil {
			return fmt.Errorf("%w: %w", identity.ErrPairExpired, err)
		}
		if msg, done, err = hand.Next(answer); err != nil {
			return err
		}
	}
	n.tellPairing(ctx, func(st *PairingStatus) {
		st.Device, st.Code = device, hand.Code() // it waits for the person at the other one
	})
	b, err := readFrame(s, maxPairGrantBytes, pairAskTimeout)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrPairRefused, err)
	}
	grant, err := decodeGrant(b)
	if err != nil {
		return err
	}
	if grant.Accepted != 1 {
		return ErrPairRefused
	}
	n.tellPairing(ctx, func(st *PairingStatus) { st.State = PairingWorking })
	if err := n.takeGrant(ctx, grant); err != nil {
		return err
	}
	done, err := wire.Marshal([]uint64{wire.Version, 1})
	if err != nil {
		return fmt.Errorf("encode end of pairing: %w", err)
	}
	return writeFrame(s, done)
}

// takeGrant makes the home document of another device this one's.
func (n *Node) takeGrant(ctx context.Context, grant pairGrant) error {
	if _, err := n.adopt(ctx, grant.Home, grant.keys()); err != nil {
		return err
	}
	return n.setHome(ctx, grant.Home)
}

// dialPairing opens a stream to the device of a link.
func (n *Node) dialPairing(ctx context.Context, link identity.PairLink) (network.Stream, error) {
	id, err := transport.PeerID(link.Old)
	if err != nil {
		return nil, err
	}
	info := peer.AddrInfo{ID: id}
	for _, hint := range link.Hints {
		if one, err := peer.AddrInfoFromString(hint); err == nil && one.ID == id {
			info.Addrs = append(info.Addrs, one.Addrs...)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, pairStepTimeout)
	defer cancel()
	if err := transport.Connect(ctx, n.cfg.Host, info); err != nil {
		return nil, fmt.Errorf("the other device could not be reached; both have to be on the same network or reachable from outside: %w", err)
	}
	s, err := n.cfg.Host.NewStream(ctx, id, pairProtocol)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", identity.ErrPairExpired, err)
	}
	return s, nil
}
