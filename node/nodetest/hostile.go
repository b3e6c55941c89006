package nodetest

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"sync"
	"time"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	pb "github.com/libp2p/go-libp2p-pubsub/pb"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/sheafdocs/sheaf/node"
	"github.com/sheafdocs/sheaf/node/gossip"
	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/replication"
	"github.com/sheafdocs/sheaf/node/store/memstore"
	nodesync "github.com/sheafdocs/sheaf/node/sync"
	"github.com/sheafdocs/sheaf/node/transport"
	"github.com/sheafdocs/sheaf/node/wire"
)

// Hostile is a device of a World that runs a program of its own: it speaks
// gossipsub and /sheaf/sync/1, and what it says there is up to the test. It has
// the key and the disk of a node that took part before (Peer.Corrupt), or those
// of a stranger (World.Outsider).
//
// Besides what is crafted it serves what it holds, as an honest node would, and
// keeps what it is sent.
type Hostile struct {
	*node.Node // on its disk, without a network
	Key        *identity.Key

	world *World
	host  host.Host
	sync  *nodesync.Service
	topic *pubsub.Topic
	stop  context.CancelFunc

	listening sync.WaitGroup

	mu     sync.Mutex
	lines  map[wire.DocID]map[wire.ChainID][][]byte // served beside what it holds
	wraps  [][]byte                                 // offered instead of those it has
	silent bool                                     // it gives no wraps but those
	heard  [][]byte                                 // messages of the topic
}

// Corrupt ends the peer's node and puts a hostile program in its place, which
// takes part in a gossip topic and connects with all others. The peer is no
// part of the World any more.
func (p *Peer) Corrupt(topic string) *Hostile {
	p.world.T.Helper()
	p.Stop()
	w := p.world
	w.Peers = slices.DeleteFunc(w.Peers, func(q *Peer) bool { return q == p })
	return w.hostile(p.index, p.key, p.store, topic)
}

// Outsider starts a hostile device that is a member of nothing.
func (w *World) Outsider(topic string) *Hostile {
	w.T.Helper()
	w.made++
	return w.hostile(w.made-1, w.key(), memstore.New(), topic)
}

func (w *World) hostile(index int, key *identity.Key, st *memstore.Store, topic string) *Hostile {
	w.T.Helper()
	h := &Hostile{world: w, Key: key, host: w.newHost(index, key, nil), lines: map[wire.DocID]map[wire.ChainID][][]byte{}}
	w.hostiles = append(w.hostiles, h)
	ctx, cancel := context.WithCancel(context.Background())
	h.stop = cancel
	var err error
	if h.Node, err = node.New(node.Config{Key: key, Store: st}); err != nil {
		w.T.Fatal(err)
	}
	if h.sync, err = nodesync.New(nodesync.Config{Host: h.host, Key: key, Replica: hostileReplica{h}, Handler: hostileHandler{h}}); err != nil {
		w.T.Fatal(err)
	}
	ps, err := pubsub.NewGossipSub(ctx, h.host,
		pubsub.WithMessageSignaturePolicy(pubsub.StrictNoSign), pubsub.WithNoAuthor(),
		pubsub.WithMessageIdFn(func(m *pb.Message) string {
			sum := sha256.Sum256(m.GetData()) // as the others name it
			return string(sum[:20])
		}),
		pubsub.WithMaxMessageSize(8<<20), pubsub.WithFloodPublish(true), pubsub.WithPeerOutboundQueueSize(1<<12),
	)
	if err != nil {
		w.T.Fatal(err)
	}
	if h.topic, err = ps.Join(topic); err != nil {
		w.T.Fatal(err)
	}
	sub, err := h.topic.Subscribe()
	if err != nil {
		w.T.Fatal(err)
	}
	h.listening.Go(func() { h.listen(ctx, sub) })
	h.Connect()
	return h
}

// maxHeard is how many messages a hostile device remembers.
const maxHeard = 4096

func (h *Hostile) listen(ctx context.Context, sub *pubsub.Subscription) {
	for {
		msg, err := sub.Next(ctx)
		if err != nil {
			return
		}
		h.mu.Lock()
		if msg.ReceivedFrom != h.host.ID() && len(h.heard) < maxHeard {
			h.heard = append(h.heard, msg.GetData())
		}
		h.mu.Unlock()
	}
}

// Heard lists the messages of the topic that came, the first ones first.
func (h *Hostile) Heard() [][]byte {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.heard)
}

// Connect connects with every honest node that is online, and waits until it may
// speak.
func (h *Hostile) Connect() {
	h.world.T.Helper()
	online := 0
	for _, p := range h.world.Peers {
		if p.Offline() {
			continue
		}
		online++
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		err := transport.Connect(ctx, h.host, peer.AddrInfo{ID: p.host.ID(), Addrs: p.host.Addrs()})
		cancel()
		if err != nil {
			h.world.T.Fatal(err)
		}
	}
	h.world.Await("the topic's members to be heard of", time.Minute, func() bool {
		return len(h.topic.ListPeers()) >= online
	})
	time.Sleep(3 * time.Second) // they learn of this one, and let it into the mesh
}

// Publish spreads a message of any bytes in the topic.
func (h *Hostile) Publish(data []byte) {
	h.world.T.Helper()
	if err := h.topic.Publish(context.Background(), data); err != nil {
		h.world.T.Fatal(err)
	}
}

// Envelope is a message of the topic, whatever is in it.
func Envelope(version, kind uint64, body []byte) []byte {
	data, err := wire.Marshal(struct {
		_             struct{} `cbor:",toarray"`
		Version, Kind uint64
		Body          []byte
	}{Version: version, Kind: kind, Body: body})
	if err != nil {
		panic(err)
	}
	return data
}

// Say spreads a message of a kind.
func (h *Hostile) Say(kind gossip.Kind, body []byte) {
	h.world.T.Helper()
	h.Publish(Envelope(1, uint64(kind), body))
}

// Serve offers records as a line of entries by sync, to whoever asks what there
// is of the document, and says that there is something new.
func (h *Hostile) Serve(doc wire.DocID, raws ...[]byte) {
	h.mu.Lock()
	if h.lines[doc] == nil {
		h.lines[doc] = map[wire.ChainID][][]byte{}
	}
	var line wire.ChainID // a name nobody has a line under
	line[0] = 0xff
	binary.BigEndian.PutUint32(line[1:], uint32(len(h.lines[doc])))
	h.lines[doc][line] = raws
	h.mu.Unlock()
	h.sync.Changed(doc)
}

// OfferOnly has the device give these wraps instead of those it holds.
func (h *Hostile) OfferOnly(doc wire.DocID, wraps ...[]byte) {
	h.mu.Lock()
	h.wraps, h.silent = wraps, true
	h.mu.Unlock()
	h.sync.Changed(doc)
}

// OfferAll has the device give the wraps it holds again.
func (h *Hostile) OfferAll(doc wire.DocID) {
	h.mu.Lock()
	h.wraps, h.silent = nil, false
	h.mu.Unlock()
	h.sync.Changed(doc)
}

// WriteFrame opens a stream of the sync protocol with a peer, writes bytes, and
// returns when the peer has ended it.
func (h *Hostile) WriteFrame(p *Peer, raw []byte) {
	h.world.T.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	s, err := h.host.NewStream(ctx, p.host.ID(), nodesync.Protocol)
	if err != nil {
		h.world.T.Fatal(err)
	}
	_, _ = s.Write(raw) // it may hang up in the middle
	_ = s.SetReadDeadline(time.Now().Add(time.Minute))
	_, _ = io.Copy(io.Discard, s)
	_ = s.Reset()
}

// Connected says whether a peer keeps a connection with the device.
func (h *Hostile) Connected(p *Peer) bool {
	return p.host.Network().Connectedness(h.host.ID()) == network.Connected
}

// ForgeEntry signs a header that no honest program makes: of any version, with
// numbers beyond their limits.
func (h *Hostile) ForgeEntry(version, stream, inc uint64, of oplog.Header, ct []byte) []byte {
	hash := sha256.Sum256(ct)
	hdr, err := wire.Marshal(struct {
		_         struct{} `cbor:",toarray"`
		Version   uint64
		Doc       wire.Doc16
		Author    wire.Device
		Auth      wire.Auth
		Inc, Seq  uint64
		Prev      wire.EntryID
		Epoch     wire.EpochID
		Stream    uint64
		Kind, Ops uint64
		CtHash    [32]byte
	}{
		Version: version, Doc: of.Doc, Author: of.Author, Auth: of.Auth, Inc: inc, Seq: of.Seq, Prev: of.Prev, Epoch: of.Epoch,
		Stream: stream, Kind: uint64(of.Kind), Ops: uint64(of.NumOps), CtHash: hash,
	})
	if err != nil {
		h.world.T.Fatal(err)
	}
	sig := h.Key.Sign(wire.DomainEntry, hdr)
	return JoinEntry(hdr, ct, sig[:])
}

// JoinEntry encodes an entry of its parts.
func JoinEntry(hdr, ct, sig []byte) []byte {
	raw, err := wire.Marshal(struct {
		_            struct{} `cbor:",toarray"`
		Hdr, Ct, Sig []byte
	}{Hdr: hdr, Ct: ct, Sig: sig})
	if err != nil {
		panic(err)
	}
	return raw
}

func (h *Hostile) close() {
	h.stop()
	h.listening.Wait()
	if err := errors.Join(h.sync.Close(), h.Node.Close(), h.host.Close()); err != nil {
		h.world.T.Error(err)
	}
}

// hostileHandler keeps what it is sent, and is bothered by nothing.
type hostileHandler struct{ h *Hostile }

func (s hostileHandler) Receive(ctx context.Context, from wire.Device, d replication.Delivery) error {
	return s.h.Node.Receive(ctx, from, d)
}

func (s hostileHandler) Receipts(from wire.Device, rs []oplog.Receipt) { s.h.Node.Receipts(from, rs) }

func (hostileHandler) PeerUp(wire.Device)   {}
func (hostileHandler) PeerDown(wire.Device) {}

// hostileReplica shows what the device holds, and what was crafted.
type hostileReplica struct{ h *Hostile }

func (r hostileReplica) Documents(wire.Device) (ids []wire.DocID) {
	for _, d := range r.h.Node.Documents() {
		ids = append(ids, d.ID())
	}
	return ids
}

func (r hostileReplica) Document(id wire.DocID) (replication.Document, bool) {
	d, err := r.h.Node.Document(id)
	return hostileDocument{d, r.h}, err == nil
}

func (r hostileReplica) VerifyInvite(replication.InviteClaim) (wire.SealHash, bool) {
	return wire.SealHash{}, false
}

type hostileDocument struct {
	*node.Document
	h *Hostile
}

// Standing implements replication.Document: it talks to everybody.
func (d hostileDocument) Standing(wire.Device) replication.Standing { return replication.Member }

func (d hostileDocument) Summary() replication.Summary {
	s := d.Document.Summary()
	d.h.mu.Lock()
	defer d.h.mu.Unlock()
	vector := oplog.Vector{}
	for _, v := range []oplog.Vector{s.Vector, s.Held} {
		for line, at := range v {
			vector[line] = at
		}
	}
	for line, raws := range d.h.lines[d.ID()] {
		at := oplog.Position{Seq: uint64(len(raws)) - 1}
		if e, err := oplog.Decode(raws[len(raws)-1]); err == nil {
			at.ID = e.ID
		}
		vector[line] = at
		s.Digest[0]++ // nobody holds the same
	}
	s.Vector, s.Held = vector, vector
	return s
}

func (d hostileDocument) Entries(line wire.ChainID, from uint64, maxBytes int) ([][]byte, error) {
	d.h.mu.Lock()
	raws, crafted := d.h.lines[d.ID()][line]
	d.h.mu.Unlock()
	if !crafted {
		return d.Document.Entries(line, from, maxBytes)
	}
	raws = raws[min(from, uint64(len(raws))):]
	size := 0
	for i, raw := range raws {
		if size += len(raw); size > maxBytes && i > 0 {
			return raws[:i], nil
		}
	}
	return raws, nil
}

func (d hostileDocument) Offer(peer wire.Device, invite wire.SealHash, why replication.Reason) replication.Offer {
	o := d.Document.Offer(peer, invite, why)
	d.h.mu.Lock()
	defer d.h.mu.Unlock()
	if d.h.silent {
		o.Version, o.Wraps = 0, d.h.wraps
	}
	return o
}
