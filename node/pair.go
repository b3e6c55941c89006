package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	stdsync "sync"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"

	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/seal"
	"github.com/sheafdocs/sheaf/node/transport"
	"github.com/sheafdocs/sheaf/node/wire"
)

// pairProtocol is the libp2p protocol id of adding a device.
const pairProtocol protocol.ID = "/sheaf/pair/1"

// Limits of adding a device.
const (
	maxPairGrantBytes = 8 << 10
	pairStepTimeout   = 15 * time.Second // for the other device to answer in the handshake
	pairAskTimeout    = 2 * time.Minute  // for the person to decide
)

var (
	// ErrPairBusy says that a device is being added already.
	ErrPairBusy = errors.New("a device is being added already")
	// ErrPairReplaced says that a newer link for adding a device was made.
	ErrPairReplaced = errors.New("a newer link took the place of this one")
	// ErrNoPairing says that no device waits to be added.
	ErrNoPairing = errors.New("no device waits to be added")
	// ErrHasDevices says that this device belongs to a user with other devices.
	ErrHasDevices = errors.New("this device belongs to other devices already")
	// ErrPairRefused says that the person at the old device said no.
	ErrPairRefused = errors.New("the other device said no")
)

// PairingState is how far adding a device has come.
type PairingState string

// The states of adding a device; "" is none.
const (
	PairingWaiting PairingState = "waiting" // old: for a device to read the link; new: for the old one, and with a code for the person there
	PairingConfirm PairingState = "confirm" // old: the person decides
	PairingWorking PairingState = "working"
	PairingDone    PairingState = "done"
	PairingFailed  PairingState = "failed"
)

// PairingStatus tells how adding a device stands.
type PairingStatus struct {
	Number uint64 // tells it from others since the node started; 0: there was none
	State  PairingState
	Role   identity.PairRole
	Name   string      // of the other device, if it has one
	Device wire.Device // the other device
	Code   string      // six digits, the same on both
	Err    error       // why it failed
}

// pairing is a device being added, by this one or as this one.
type pairing struct {
	mu      stdsync.Mutex
	status  PairingStatus
	link    identity.PairLink
	cancel  context.CancelFunc // ends it; nil when none is under way
	talking bool               // a handshake is going on or was: the secret is spent
	answer  chan bool          // the person's decision
}

// PairingStatus tells how adding a device stands.
func (n *Node) PairingStatus() PairingStatus {
	n.pairing.mu.Lock()
	defer n.pairing.mu.Unlock()
	return n.pairing.status
}

// tellPairing changes the status while the pairing that ctx belongs to is under
// way.
func (n *Node) tellPairing(ctx context.Context, change func(*PairingStatus)) {
	n.pairing.mu.Lock()
	if ctx.Err() == nil {
		change(&n.pairing.status)
	}
	n.pairing.mu.Unlock()
	n.notify(Change{Kind: PairingChanged})
}

// beginPairing claims the one place there is, and says which pairing this is. A
// link that no device has answered yet gives the place up: whoever asks for a
// new one does not have that any more.
func (n *Node) beginPairing(role identity.PairRole, limit time.Duration) (context.Context, uint64, error) {
	switch {
	case n.cfg.Host == nil:
		return nil, 0, ErrNoNetwork
	case n.Offline():
		return nil, 0, fmt.Errorf("%w: it works offline now; go online first", ErrNoNetwork)
	}
	p := &n.pairing
	p.mu.Lock()
	if p.cancel != nil && p.status.Role == identity.PairOld && role == identity.PairOld && !p.talking {
		stale := p.status.Number
		p.mu.Unlock()
		n.endPairing(stale, ErrPairReplaced)
		p.mu.Lock()
	}
	defer p.mu.Unlock()
	if p.cancel != nil {
		return nil, 0, ErrPairBusy
	}
	ctx, cancel := context.WithTimeout(n.ctx, limit)
	p.cancel, p.talking, p.answer = cancel, false, make(chan bool, 1)
	p.status = PairingStatus{Number: p.status.Number + 1, State: PairingWaiting, Role: role}
	return ctx, p.status.Number, nil
}

// endPairing gives the place of a pairing back. With an error it has failed.
func (n *Node) endPairing(number uint64, err error) {
	p := &n.pairing
	p.mu.Lock()
	if p.cancel == nil || p.status.Number != number {
		p.mu.Unlock()
		return
	}
	p.cancel()
	p.cancel = nil
	p.link = identity.PairLink{}
	if err != nil {
		p.status.State, p.status.Err = PairingFailed, err
	} else {
		p.status.State = PairingDone
	}
	p.mu.Unlock()
	if n.cfg.Host != nil {
		n.cfg.Host.RemoveStreamHandler(pairProtocol)
	}
	n.notify(Change{Kind: PairingChanged})
}

// CancelPairing ends adding a device, if that is under way: the pairing of that
// number, or with 0 whichever it is. Nothing was changed.
func (n *Node) CancelPairing(number uint64) {
	if number == 0 {
		number = n.PairingStatus().Number
	}
	n.endPairing(number, context.Canceled)
}

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
	n.pairing.link = link
	n.pairing.mu.Unlock()
	n.cfg.Host.SetStreamHandler(pairProtocol, func(s network.Stream) { n.servePairing(run, number, s) })
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
	link, taken := p.link, p.talking || p.cancel == nil || ctx.Err() != nil
	p.talking = p.talking || !taken
	p.mu.Unlock()
	if taken {
		_ = s.Reset()
		return
	}
	err := n.admit(ctx, link, s)
	if err != nil {
		_ = s.Reset()
	} else {
		_ = s.Close() // all was said
	}
	n.endPairing(number, err)
}

// admit runs the handshake, asks the person, and makes the new device one of
// this user's.
func (n *Node) admit(ctx context.Context, link identity.PairLink, s network.Stream) error {
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
		var answer []byte
		msg, err := readFrame(s, identity.MaxPairFrameBytes, pairStepTimeout)
		if err != nil {
			return err
		}
		if answer, done, err = hand.Next(msg); err != nil {
			return err
		}
		if err := writeFrame(s, answer); err != nil {
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
	case accepted = <-n.pairing.answer:
	}
	if !accepted {
		if b, err := wire.Marshal(pairGrant{Ver: wire.Version}); err == nil {
			_ = writeFrame(s, b) // it hears of it by the end of the stream too
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

// pairGrant is what a new device is told of its user: where the rest is found.
type pairGrant struct {
	_        struct{} `cbor:",toarray"`
	Ver      uint64
	Accepted uint64
	User     wire.UserID
	Home     wire.DocID
	Keys     []keyRecord // of the home document
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

// decodeGrant reads what the other device answered.
func decodeGrant(b []byte) (grant pairGrant, err error) {
	if err := wire.Unmarshal(b, &grant); err != nil || grant.Ver != wire.Version {
		return grant, fmt.Errorf("%w: its answer cannot be read", identity.ErrPairing)
	}
	return grant, nil
}

// keys lists the keys that are keys.
func (g pairGrant) keys() map[wire.EpochID]seal.EpochKey {
	keys := map[wire.EpochID]seal.EpochKey{}
	for _, k := range g.Keys {
		if len(k.Key) == len(seal.EpochKey{}) {
			keys[k.Epoch] = seal.EpochKey(k.Key)
		}
	}
	return keys
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
