package node

import (
	"context"
	"errors"
	"fmt"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/sheafdocs/sheaf/node/discovery"
	"github.com/sheafdocs/sheaf/node/gossip"
	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/seal"
	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/sync"
	"github.com/sheafdocs/sheaf/node/transport"
	"github.com/sheafdocs/sheaf/node/wire"
)

// startNetwork begins sync, gossip and discovery on the host.
func (n *Node) startNetwork() error {
	defer close(n.ready) // peers may call in before all parts are there
	if n.offline && n.cfg.Gate != nil {
		n.cfg.Gate.Close()
	}
	var err error
	n.gossip, err = gossip.New(gossip.Config{Host: n.cfg.Host, Logger: n.cfg.Logger, Registry: n.cfg.Registry})
	if err != nil {
		return fmt.Errorf("start gossip: %w", err)
	}
	n.discovery, err = discovery.New(discovery.Config{
		Host: n.cfg.Host, Mode: n.cfg.LocalDiscovery, Logger: n.cfg.Logger,
	})
	if err != nil {
		return errors.Join(fmt.Errorf("start discovery: %w", err), n.gossip.Close())
	}
	n.sync, err = sync.New(sync.Config{
		Host: n.cfg.Host, Key: n.cfg.Key, Replica: replica{n}, Handler: n, Gate: n.cfg.Gate, Logger: n.cfg.Logger,
		PeersChanged: n.peersChanged, Compared: n.compared,
		Registry: n.cfg.Registry,
	})
	if err != nil {
		return errors.Join(fmt.Errorf("start sync: %w", err), n.discovery.Close(), n.gossip.Close())
	}
	if n.offline {
		n.discovery.GoOffline()
		n.sync.GoOffline()
	}
	n.keepKnownPeers()
	for _, d := range n.documents {
		if d.join != nil {
			n.runJoin(d, d.join)
		}
	}
	return nil
}

// stopNetwork ends what startNetwork began.
func (n *Node) stopNetwork() {
	if n.sync == nil {
		return
	}
	err := errors.Join(n.discovery.Close(), n.gossip.Close(), n.sync.Close())
	if err != nil {
		n.cfg.Logger.Error("leave network", "err", err)
	}
}

// enterTopic enters the document's gossip topic once its first key is held and
// this device has a role, and leaves it when it has none any more: members do
// not listen to anyone else there.
// Called by run, without mu: gossip asks the document who is allowed while it
// joins.
func (d *Document) enterTopic() {
	d.mu.Lock()
	first, _ := d.access.First()
	key, ok := d.keys[first]
	_, _, member := d.roleLocked()
	if !member && d.topic != nil {
		d.mu.Unlock()
		d.leaveTopic()
		return
	}
	if !ok || !member || d.topic != nil || d.node.gossip == nil || d.closed {
		d.mu.Unlock()
		return
	}
	d.mu.Unlock()
	topic, err := d.node.gossip.Join(seal.TopicOf(key), d)
	if err != nil {
		d.log.Error("join gossip topic", "err", err)
		return
	}
	d.mu.Lock()
	d.topic = topic
	d.mu.Unlock()
	d.announcePresence()
}

// leaveTopic is the reverse of enterTopic.
func (d *Document) leaveTopic() {
	d.mu.Lock()
	topic := d.topic
	d.topic, d.announce = nil, nil
	d.mu.Unlock()
	if topic == nil {
		return
	}
	if err := topic.Close(); err != nil {
		d.log.Warn("leave gossip topic", "err", err)
	}
}

// SetOffline stops or resumes all exchange with other devices. Editing goes
// on; what is written is kept here and exchanged later. The choice survives a
// restart.
func (n *Node) SetOffline(ctx context.Context, offline bool) error {
	n.settings.Lock()
	defer n.settings.Unlock()
	n.mu.Lock()
	was := n.offline
	n.offline = offline
	n.mu.Unlock()
	if err := n.storeProfile(ctx); err != nil {
		n.mu.Lock()
		n.offline = was
		n.mu.Unlock()
		return err
	}
	if n.sync != nil && was != offline {
		if offline {
			n.discovery.GoOffline()
			n.sync.GoOffline()
		} else {
			n.sync.GoOnline()
			n.discovery.GoOnline()
		}
	}
	n.notify(Change{Kind: StatusChanged})
	return nil
}

// Offline says whether the node exchanges nothing with others.
func (n *Node) Offline() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.offline
}

// Peers counts the connected devices.
func (n *Node) Peers() int {
	if n.sync == nil {
		return 0
	}
	return len(n.sync.Peers())
}

// peersOf lists the connected devices that share a document.
func (n *Node) peersOf(doc wire.DocID) []wire.Device {
	if n.sync == nil {
		return nil
	}
	return n.sync.PeersOf(doc)
}

// hints are the addresses to put into a link.
func (n *Node) hints() []string {
	if n.cfg.Hints != nil {
		return n.cfg.Hints()
	}
	if n.cfg.Host == nil {
		return nil
	}
	return transport.Hints(n.cfg.Host, maxHints)
}

// PeerUp implements sync.Handler: a session with a device works.
func (n *Node) PeerUp(dev wire.Device) {
	<-n.ready
	n.rememberPeer(dev)
	n.saw(dev)
	for _, d := range n.Documents() {
		if d.Serves(dev) {
			d.announcePresence()
			d.sendReceiptsFor(dev)
			d.offerSoon()
			d.passRequests()
			d.sendKnownReceipts(dev)
		}
	}
	n.notify(Change{Kind: StatusChanged})
}

// PeerDown implements sync.Handler. Those who were present through the peer
// are shown as gone at once; who is still there through another says so again.
func (n *Node) PeerDown(dev wire.Device) {
	<-n.ready
	n.saw(dev)
	for _, d := range n.Documents() {
		d.dropPresenceOf(dev)
	}
	n.notify(Change{Kind: StatusChanged})
}

// peersChanged tells those who look at a document that PeersOf has changed.
func (n *Node) peersChanged(doc wire.DocID) {
	<-n.ready
	if d, err := n.Document(doc); err == nil {
		d.tellDurable()
	}
}

// sendReceiptsFor tells a device which entries are durable here, its own and
// others': it may have missed the receipts of before.
func (d *Document) sendReceiptsFor(dev wire.Device) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.out.empty() || !d.unstored.empty() {
		// What is not durable yet must not be receipted.
		d.out.then(func() { d.signReceiptsFor(dev) })
	} else {
		d.signReceiptsFor(dev)
	}
	d.wake()
}

func (d *Document) signReceiptsFor(dev wire.Device) {
	if !d.out.empty() {
		d.out.then(func() { d.signReceiptsFor(dev) })
		return
	}
	others := 0
	for chain := range d.chains.All() {
		author, _, _, _ := d.chains.Author(chain)
		seq, id, ok := d.chains.Head(chain)
		if !ok || author == d.node.device {
			continue // that the author holds it goes without saying
		}
		if author != dev {
			if others++; others > maxReceiptsOnMeeting {
				continue
			}
		}
		r, err := d.ownReceipt(chain, seq, id)
		if err != nil {
			d.log.Error("sign receipt", "err", err)
			return
		}
		if d.receiptsTo == nil {
			d.receiptsTo = map[wire.Device][]oplog.Receipt{}
		}
		d.receiptsTo[dev] = append(d.receiptsTo[dev], r)
	}
}

// maxReceiptsOnMeeting bounds the receipts for third devices' chains that a peer
// is given when it connects.
const maxReceiptsOnMeeting = 1024

// ownReceipt returns this device's receipt for a chain, signed once for each of
// its heads. Called with mu held.
func (d *Document) ownReceipt(chain wire.ChainID, seq uint64, id wire.EntryID) (oplog.Receipt, error) {
	if r, ok := d.ledger.mine[chain]; ok && r.Seq == seq && r.Entry == id {
		return r, nil
	}
	r, err := oplog.SignReceipt(d.node.cfg.Key, oplog.Receipt{Doc: d.id.Short(), Chain: chain, Seq: seq, Entry: id, TS: d.node.cfg.Now()})
	if err == nil {
		d.ledger.mine[chain] = r
	}
	return r, err
}

// tellDurable tells the sessions and watchers anew who is connected.
func (d *Document) tellDurable() {
	d.mu.Lock()
	for _, s := range d.sessions {
		d.pushDurable(s)
	}
	d.mu.Unlock()
	d.node.notify(Change{Kind: DocumentChanged, Doc: d.id})
}

// peerRecord is where a device was last reached.
type peerRecord struct {
	_     struct{} `cbor:",toarray"`
	Addrs []string
}

// maxPeerAddrs bounds the addresses remembered of one device.
const maxPeerAddrs = 16

// rememberPeer notes a device's addresses, so that it is found again after a
// restart without a link or a relay.
func (n *Node) rememberPeer(dev wire.Device) {
	id, err := transport.PeerID(dev)
	if err != nil {
		return
	}
	info := n.cfg.Host.Peerstore().PeerInfo(id)
	rec := peerRecord{Addrs: []string{}}
	for _, a := range info.Addrs {
		if len(rec.Addrs) < maxPeerAddrs {
			rec.Addrs = append(rec.Addrs, a.String())
		}
	}
	if len(rec.Addrs) == 0 {
		return
	}
	n.discovery.Keep(info)
	b, err := wire.Marshal(rec)
	if err != nil {
		return
	}
	err = n.cfg.Store.Commit(n.ctx, &store.Batch{Put: []store.Record{{Key: peerKey(dev), Value: b}}})
	if err != nil {
		n.cfg.Logger.Warn("remember peer", "err", err)
	}
}

// keepKnownPeers has discovery connect to the devices reached before.
func (n *Node) keepKnownPeers() {
	for r, err := range n.cfg.Store.Scan(n.ctx, wire.DocID{}, store.KindLocal, peerPrefix) {
		if err != nil {
			continue // an address is found again by other ways
		}
		var rec peerRecord
		if wire.Unmarshal(r.Value, &rec) != nil || len(r.Key.Name) != len(peerPrefix)+len(wire.Device{}) {
			continue
		}
		id, err := transport.PeerID(wire.Device([]byte(r.Key.Name[len(peerPrefix):])))
		if err != nil {
			continue
		}
		info, err := addrInfo(id, rec.Addrs)
		if err == nil {
			n.discovery.Keep(info)
		}
	}
}

// addrInfo joins a peer id with the addresses that can be read.
func addrInfo(id peer.ID, addrs []string) (peer.AddrInfo, error) {
	info := peer.AddrInfo{ID: id}
	for _, a := range addrs {
		one, err := peer.AddrInfoFromString(a + "/p2p/" + id.String())
		if err == nil {
			info.Addrs = append(info.Addrs, one.Addrs...)
		}
	}
	if len(info.Addrs) == 0 {
		return info, errors.New("no address can be read")
	}
	return info, nil
}

const peerPrefix = "peer/"

func peerKey(dev wire.Device) store.Key {
	return store.Key{Kind: store.KindLocal, Name: peerPrefix + string(dev[:])}
}
