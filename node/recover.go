package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/seal"
	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/transport"
	"github.com/sheafdocs/sheaf/node/wire"
)

// Acting is what a second node in this program stands on, for the time it acts
// as the paper key.
type Acting struct {
	Host  host.Host
	Store store.Store  // empty, forgotten afterwards
	Close func() error // ends both
}

// RecoverOptions say how to recover.
type RecoverOptions struct {
	Secret identity.RecoverySecret
	// Hints are addresses of devices that may have the documents, and links to
	// documents: words carry no address. Devices on the local network are found
	// without.
	Hints []string
	// Revoke lists devices that were lost: they are taken out of every document.
	Revoke []wire.Device
}

// Recovered is what came of it.
type Recovered struct {
	Documents int // that this device has now
	Missing   int // that are known and could not be reached; try again when their devices are there
	Revoked   int // documents that lost devices were taken out of
}

// Recover makes this device, which has to be unused, one of those whose words
// are given: for the time of the call the program acts as the paper key in a
// node of its own, which reads what the key may read, adds this device, removes
// those that were lost, and is forgotten.
func (n *Node) Recover(ctx context.Context, opt RecoverOptions) (Recovered, error) {
	var done Recovered
	paper, home, end, err := n.asPaper(ctx, opt)
	if err != nil {
		return done, err
	}
	defer end()
	if d := paper.homeDoc(); d.State() != StateReady {
		// No other device has the home document; a member of some document was
		// reached. It begins anew from the words.
		if err := paper.beginHome(ctx, d, home); err != nil {
			return done, err
		}
	}
	paper.fill(ctx)
	grant, err := paper.enrol(ctx, identity.PairedDevice{
		Device: n.device, SealPublic: n.cfg.Key.SealPublic(), Kind: uint8(access.ThisDevice()), Name: n.Name(),
	})
	if err != nil {
		return done, err
	}
	for _, dev := range opt.Revoke {
		removed, _, err := paper.RevokeDevice(ctx, dev)
		if err != nil {
			return done, err
		}
		done.Revoked = max(done.Revoked, removed)
	}
	if err := n.takeGrant(ctx, grant); err != nil {
		return done, err
	}
	if err := n.meetPeersOf(ctx, paper); err != nil {
		return done, err
	}
	done.Documents, done.Missing = n.awaitRecovered(ctx, paper)
	return done, nil
}

// Recoverable lists the devices of those whose words are given, so that the
// person can say which of them are lost before the words bring anything back.
// Nothing is changed. It lists none where only a document of theirs was found.
func (n *Node) Recoverable(ctx context.Context, opt RecoverOptions) ([]OwnDevice, error) {
	paper, _, end, err := n.asPaper(ctx, opt)
	if err != nil {
		return nil, err
	}
	defer end()
	if _, err := paper.readyHome(); err != nil {
		return nil, nil
	}
	list, _ := paper.OwnDevices()
	return list, nil
}

// asPaper runs a node as the paper key of the words that are given, which has
// found someone who has its documents, until end is called.
func (n *Node) asPaper(ctx context.Context, opt RecoverOptions) (paper *Node, home paperHome, end func(), err error) {
	switch {
	case n.cfg.Host == nil:
		return nil, home, nil, ErrNoNetwork
	case n.cfg.Acting == nil:
		return nil, home, nil, ErrCannotActAsPaper
	case n.homeDoc() != nil || len(n.Documents()) > 0:
		return nil, home, nil, ErrNotEmpty
	}
	if home, err = homeOfWords(opt.Secret); err != nil {
		return nil, home, nil, err
	}
	paper, stop, err := n.actAs(home.key)
	if err != nil {
		home.key.Erase()
		return nil, home, nil, err
	}
	end = func() {
		stop()
		home.key.Erase()
	}
	if err := paper.find(ctx, n, home, opt.Hints); err != nil {
		end()
		return nil, home, nil, err
	}
	return paper, home, end, nil
}

// meetPeersOf connects this device with the paper key's node and with those
// that it has found.
func (n *Node) meetPeersOf(ctx context.Context, paper *Node) error {
	h := paper.cfg.Host
	if err := n.cfg.Host.Connect(ctx, peer.AddrInfo{ID: h.ID(), Addrs: h.Addrs()}); err != nil {
		return fmt.Errorf("hand over to this device: %w", err)
	}
	for _, id := range h.Network().Peers() {
		if id == n.cfg.Host.ID() {
			continue
		}
		dial, cancel := context.WithTimeout(ctx, pairStepTimeout)
		if err := transport.Connect(dial, n.cfg.Host, h.Peerstore().PeerInfo(id)); err != nil {
			n.cfg.Logger.Info("peer of the paper key not reached", "peer", id.String(), "err", err)
		}
		cancel()
	}
	return nil
}

// actAs runs a node with the paper key until end is called.
func (n *Node) actAs(key *identity.Key) (paper *Node, end func(), err error) {
	on, err := n.cfg.Acting(key)
	if err != nil {
		return nil, nil, fmt.Errorf("act as paper key: %w", err)
	}
	paper, err = New(Config{
		Key: key, Store: on.Store, Host: on.Host, LocalDiscovery: n.cfg.LocalDiscovery,
		Rand: n.cfg.Rand, Now: n.cfg.Now, Logger: n.cfg.Logger,
	})
	if err != nil {
		return nil, nil, errors.Join(err, on.Close())
	}
	return paper, func() {
		if err := errors.Join(paper.Close(), on.Close()); err != nil {
			n.cfg.Logger.Warn("end of recovery", "err", err)
		}
	}, nil
}

// find reaches someone who has the home document or one of those that hints
// link to.
func (n *Node) find(ctx context.Context, self *Node, home paperHome, hints []string) error {
	d, err := n.adopt(ctx, home.genesis.DocID(), map[wire.EpochID]seal.EpochKey{home.epoch: home.ek})
	if err != nil {
		return err
	}
	if err := n.setHome(ctx, d.id); err != nil {
		return err
	}
	linked, err := n.follow(ctx, self, hints)
	if err != nil {
		return err
	}
	found := n.awaitUntil(ctx, recoverReach, func() bool {
		return d.State() == StateReady && n.sync.Settle(ctx, d.id) > 0
	}, func() bool {
		// Who was reached says in one go which documents they share: if the home
		// document is among them, it is worth waiting for.
		return len(linked) > 0 && n.allWhole(ctx, linked) && len(n.peersOf(d.id)) == 0
	})
	if d.State() != StateReady && !found && len(linked) == 0 {
		return ErrNothingFound
	}
	return nil
}

// beginHome makes the home document of the words in place of one that nobody
// had.
func (n *Node) beginHome(ctx context.Context, d *Document, home paperHome) error {
	err := d.durably(ctx, func() error {
		if err := d.addOwnOp(home.genesis); err != nil {
			return err
		}
		return d.wrapFor(n.cfg.Key.SealPublic())
	})
	if err != nil {
		return err
	}
	return d.writeHome(ctx, n.paperContent(home, &homeData{})...)
}

// follow connects to the addresses and links a person gave, and to those this
// device is connected to, and opens the documents of links.
func (n *Node) follow(ctx context.Context, self *Node, hints []string) (linked []*Document, err error) {
	var infos []peer.AddrInfo
	for _, id := range self.cfg.Host.Network().Peers() {
		infos = append(infos, self.cfg.Host.Peerstore().PeerInfo(id))
	}
	for _, hint := range hints {
		addrs := []string{hint}
		if link, err := access.ParseLink(hint); err == nil {
			addrs = link.Hints
			d, err := n.adopt(ctx, link.Doc, nil)
			if err != nil {
				return nil, err
			}
			linked = append(linked, d)
		}
		for _, a := range addrs {
			if info, err := peer.AddrInfoFromString(a); err == nil {
				infos = append(infos, *info)
			}
		}
	}
	for _, info := range infos {
		dial, cancel := context.WithTimeout(ctx, pairStepTimeout)
		if err := transport.Connect(dial, n.cfg.Host, info); err != nil {
			n.cfg.Logger.Info("peer not reached for recovery", "peer", info.ID.String(), "err", err)
		}
		cancel()
	}
	return linked, nil
}

// allWhole says whether a peer has answered for each of the documents.
func (n *Node) allWhole(ctx context.Context, docs []*Document) bool {
	for _, d := range docs {
		if d.State() != StateReady || n.sync.Settle(ctx, d.id) == 0 {
			return false
		}
	}
	return true
}

// fill opens every document of the home document and waits until each is whole,
// or time is up.
func (n *Node) fill(ctx context.Context) {
	n.awaitUntil(ctx, recoverFill, func() bool {
		if err := n.tendHome(ctx); err != nil {
			n.cfg.Logger.Warn("home document not followed", "err", err)
		}
		for _, d := range n.Documents() {
			shared := len(n.peersOf(d.id)) > 0
			if d.State() != StateReady || shared && n.sync.Settle(ctx, d.id) == 0 {
				return false
			}
		}
		return true
	})
}

// awaitRecovered waits until this device has what the paper key has.
func (n *Node) awaitRecovered(ctx context.Context, paper *Node) (have, missing int) {
	count := func() bool {
		have, missing = 0, 0
		waits := false
		for _, theirs := range paper.Documents() {
			d, err := n.Document(theirs.id)
			ready := err == nil && d.State() == StateReady
			waits = waits || theirs.State() == StateReady && !(ready && d.sameAs(theirs))
			switch {
			case n.IsHome(theirs.id):
			case ready:
				have++
			default:
				missing++
			}
		}
		return !waits
	}
	n.awaitUntil(ctx, recoverFill, count)
	return have, missing
}

// sameAs says whether two nodes of this process hold the same of a document.
func (d *Document) sameAs(other *Document) bool {
	return d.Summary().Digest == other.Summary().Digest
}

// awaitUntil polls until one of the conditions holds, and says whether one did
// before time was up.
func (n *Node) awaitUntil(ctx context.Context, limit time.Duration, conditions ...func() bool) bool {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	ticker := time.NewTicker(recoverPoll)
	defer ticker.Stop()
	for {
		for _, ok := range conditions {
			if ok() {
				return true
			}
		}
		select {
		case <-ctx.Done():
			return false
		case <-n.ctx.Done():
			return false
		case <-ticker.C:
		}
	}
}

// ParseHint checks an address or link that is to help a recovery.
func ParseHint(s string) error {
	if _, err := access.ParseLink(s); err == nil {
		return nil
	}
	info, err := peer.AddrInfoFromString(s)
	if err != nil {
		return fmt.Errorf("read address: %w", err)
	}
	_, err = transport.DeviceOf(info.ID)
	return err
}
