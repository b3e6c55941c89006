package node

import (
	"context"
	"errors"
	"fmt"
	stdsync "sync"
	"time"

	"github.com/libp2p/go-libp2p/core/protocol"

	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/seal"
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
	if n.cfg.Host != nil {
		n.cfg.Host.RemoveStreamHandler(pairProtocol) // with mu held: the next pairing sets its own
	}
	p.mu.Unlock()
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

// pairGrant is what a new device is told of its user: where the rest is found.
type pairGrant struct {
	_        struct{} `cbor:",toarray"`
	Ver      uint64
	Accepted uint64
	User     wire.UserID
	Home     wire.DocID
	Keys     []keyRecord // of the home document
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
