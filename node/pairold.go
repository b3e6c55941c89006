package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/libp2p/go-libp2p/core/network"

	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/transport"
	"github.com/sheafdocs/sheaf/node/wire"
)

// PairOffer is what a new device needs to be added.
type PairOffer struct {
	Link   identity.PairLink
	Until  time.Time // it is good for one device until then
	Number uint64    // of the pairing, as in PairingStatus
}

// Pair begins to add a device: the new one is to read the link, once, and
// within identity.PairLifetime. The person then decides by ConfirmPairing. A
// link made before that no device has answered is of no use any more.
func (n *Node) Pair(ctx context.Context) (PairOffer, error) {
	if _, err := n.makeHome(ctx); err != nil {
		return PairOffer{}, err
	}
	run, number, err := n.beginPairing(identity.PairOld, identity.PairLifetime+pairAskTimeout)
	if err != nil {
		return PairOffer{}, err
	}
	link, err := identity.NewPairLink(n.device, n.hints(), n.rand())
	if err != nil {
		n.endPairing(number, err)
		return PairOffer{}, err
	}
	n.pairing.mu.Lock()
	if run.Err() == nil { // else another one may have begun
		n.pairing.link = link
		n.cfg.Host.SetStreamHandler(pairProtocol, func(s network.Stream) { n.servePairing(run, number, s) })
	}
	n.pairing.mu.Unlock()
	n.wg.Add(1)
	go func() {
		defer n.wg.Done()
		select {
		case <-run.Done():
		case <-time.After(identity.PairLifetime):
		}
		n.pairing.mu.Lock()
		unused := run.Err() == nil && !n.pairing.talking
		n.pairing.mu.Unlock()
		if unused {
			n.endPairing(number, identity.ErrPairExpired)
		}
	}()
	n.notify(Change{Kind: PairingChanged})
	return PairOffer{Link: link, Until: n.cfg.Now().Add(identity.PairLifetime), Number: number}, nil
}

// ConfirmPairing says whether the device that waits may be one of the user's.
func (n *Node) ConfirmPairing(accept bool) error {
	p := &n.pairing
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cancel == nil || p.status.State != PairingConfirm || p.status.Role != identity.PairOld {
		return ErrNoPairing
	}
	select {
	case p.answer <- accept:
	default: // decided already
	}
	return nil
}

// servePairing is the old device's end. The link is spent when it returns,
// whatever came of it.
func (n *Node) servePairing(ctx context.Context, number uint64, s network.Stream) {
	p := &n.pairing
	p.mu.Lock()
	link, answer, taken := p.link, p.answer, p.talking || p.cancel == nil || ctx.Err() != nil
	p.talking = p.talking || !taken
	p.mu.Unlock()
	if taken {
		_ = s.Reset()
		return
	}
	err := n.admit(ctx, link, s, answer)
	if err == nil || errors.Is(err, ErrPairRefused) {
		_ = s.Close() // all was said: a reset could overtake it
	} else {
		_ = s.Reset()
	}
	n.endPairing(number, err)
}

// admit runs the handshake, asks the person, and makes the new device one of
// this user's. The person's decision is read from answer: the node may have
// another pairing by then.
func (n *Node) admit(ctx context.Context, link identity.PairLink, s network.Stream, answer <-chan bool) error {
	device, err := transport.DeviceOf(s.Conn().RemotePeer())
	if err != nil {
		return err
	}
	var nonce [32]byte
	if _, err := io.ReadFull(n.rand(), nonce[:]); err != nil {
		return fmt.Errorf("read randomness: %w", err)
	}
	hand := identity.NewPairingOld(link, device, nonce)
	for done := false; !done; {
		var reply []byte
		msg, err := readFrame(s, identity.MaxPairFrameBytes, pairStepTimeout)
		if err != nil {
			return err
		}
		if reply, done, err = hand.Next(msg); err != nil {
			return err
		}
		if err := writeFrame(s, reply); err != nil {
			return err
		}
	}
	fresh := hand.Peer()
	n.tellPairing(ctx, func(st *PairingStatus) {
		st.State, st.Name, st.Device, st.Code = PairingConfirm, fresh.Name, fresh.Device, hand.Code()
	})
	accepted := false
	select {
	case <-ctx.Done():
		return fmt.Errorf("wait for the decision: %w", ctx.Err())
	case accepted = <-answer:
	}
	if !accepted {
		if b, err := wire.Marshal(pairGrant{Ver: wire.Version}); err == nil {
			_ = writeFrame(s, b) // without it the other one hears that the stream ended
		}
		return ErrPairRefused
	}
	n.tellPairing(ctx, func(st *PairingStatus) { st.State = PairingWorking })
	grant, err := n.enrol(ctx, fresh)
	if err != nil {
		return err
	}
	b, err := wire.Marshal(grant)
	if err != nil {
		return fmt.Errorf("encode grant: %w", err)
	}
	if err := writeFrame(s, b); err != nil {
		return err
	}
	_, err = readFrame(s, identity.MaxPairFrameBytes, pairStepTimeout)
	return err
}

// enrol makes a device one of this user's: a member of the home document and of
// every other that is open here. It returns what the device has to know.
func (n *Node) enrol(ctx context.Context, fresh identity.PairedDevice) (pairGrant, error) {
	home, err := n.makeHome(ctx)
	if err != nil {
		return pairGrant{}, err
	}
	h := home.readHome()
	user := h.user
	if user.IsZero() {
		user = n.cfg.Key.UserID()
	}
	kind := access.DeviceKind(fresh.Kind)
	cert := n.cfg.Key.Certify(user, fresh.Device, identity.HashSeal(fresh.SealPublic))
	var errs error
	for _, d := range append(n.Documents(), home) {
		if d != home && (d.State() != StateReady || n.IsHome(d.id)) {
			continue
		}
		errs = errors.Join(errs, d.durably(ctx, func() error {
			return d.addDevice(fresh.Device, fresh.SealPublic, kind, cert[:])
		}))
	}
	if errs != nil {
		n.cfg.Logger.Warn("device not added to every document", "err", errs)
	}
	err = home.writeHome(ctx, homeChange{homeDevices, fresh.Device.String(), homeDevice{
		Name: fresh.Name, Kind: fresh.Kind, AddedAt: n.cfg.Now().UnixMilli(),
		Seal: homeText.EncodeToString(fresh.SealPublic), Cert: homeText.EncodeToString(cert[:]),
	}})
	if err != nil {
		return pairGrant{}, err
	}
	if err := n.tendHome(ctx); err != nil {
		n.cfg.Logger.Warn("home document not followed", "err", err)
	}
	grant := pairGrant{Ver: wire.Version, Accepted: 1, User: user, Home: home.id}
	home.mu.Lock()
	defer home.mu.Unlock()
	if _, _, member := home.access.Authority(fresh.Device); !member {
		return pairGrant{}, fmt.Errorf("add device: %w", errs)
	}
	for _, e := range home.access.Epochs() {
		if key, ok := home.keys[e.ID]; ok && len(grant.Keys) < maxListedKeys {
			grant.Keys = append(grant.Keys, keyRecord{Epoch: e.ID, Key: key[:]})
		}
	}
	return grant, nil
}
