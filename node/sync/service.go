package sync

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/replication"
	"github.com/sheafdocs/sheaf/node/transport"
	"github.com/sheafdocs/sheaf/node/wire"
)

// Protocol is the libp2p protocol id of the streams.
const Protocol protocol.ID = "/sheaf/sync/1"

// Timing of a session.
const (
	CheckInterval = 30 * time.Second       // between comparisons of digests
	AskInterval   = 200 * time.Millisecond // between two questions about one document to one peer
	openTimeout   = 10 * time.Second       // to open a stream on a connection
	writeTimeout  = 60 * time.Second       // for a peer to take one frame
	helloTimeout  = 20 * time.Second       // for a peer to say hello
	reopenMin     = 250 * time.Millisecond // before a broken stream is opened again
	reopenMax     = 30 * time.Second
)

// Limits of a service.
const (
	MaxSessions = 1024 // peers with a stream at one time
	maxPokes    = 1 << 14
)

var (
	// ErrClosed is returned after Close.
	ErrClosed = errors.New("sync is closed")
	// ErrOffline is returned while the service is offline.
	ErrOffline = errors.New("working offline")
	// ErrNoSession means that the peer is connected but does not synchronise.
	ErrNoSession = errors.New("no sync session with the peer")
)

// Handler takes what peers send. Calls for one peer come one after another;
// calls for different peers may come at once.
type Handler interface {
	// Receive takes a delivery. It returns when everything was judged and
	// handed on to be stored; until then nothing more of this peer is read.
	// An error means that the node cannot take it now (a full store): the
	// session ends and is tried again later.
	Receive(ctx context.Context, from wire.Device, d replication.Delivery) error
	// Receipts takes receipts with verified signatures. A receipt may be of
	// another device than the one that brought it.
	Receipts(from wire.Device, rs []oplog.Receipt)
	// PeerUp says that a session with the device works.
	PeerUp(wire.Device)
	// PeerDown says that it has ended. Each follows a PeerUp.
	PeerDown(wire.Device)
}

// Config says what a Service is made of. Host, Key, Replica and Handler are
// required.
type Config struct {
	Host    host.Host
	Key     *identity.Key
	Replica replication.Replica
	Handler Handler
	// PeersChanged, if set, is called when a document began or ceased to be
	// shared with a peer: PeersOf has changed. It must not block for long.
	PeersChanged func(wire.DocID)
	// Compared, if set, is called when a peer told what it says to hold of a
	// document, or with nil when it was found to hold the same as this device.
	Compared func(from wire.Device, doc wire.DocID, theirs oplog.Vector)
	// Gate, if the host has one, is closed while offline.
	Gate *transport.Gate
	// Rand makes nonces. Default crypto/rand.
	Rand io.Reader
	// Registry receives the package's metrics. Nil: none.
	Registry prometheus.Registerer
	// Logger gets what an operator should know. Nil discards.
	Logger *slog.Logger
}

// Service synchronises documents with every connected device. Its methods are
// safe for concurrent use.
type Service struct {
	cfg     Config
	self    wire.Device
	log     *slog.Logger
	metrics *metrics
	ctx     context.Context
	cancel  context.CancelFunc
	wg      sync.WaitGroup
	notify  *network.NotifyBundle

	mu      sync.Mutex
	closed  bool
	offline bool
	links   map[wire.Device]*link // connected devices
}

// New starts a Service on a host. Close ends it; the host stays open.
func New(cfg Config) (*Service, error) {
	if cfg.Host == nil || cfg.Key == nil || cfg.Replica == nil || cfg.Handler == nil {
		return nil, errors.New("sync: Config needs Host, Key, Replica and Handler")
	}
	if cfg.Rand == nil {
		cfg.Rand = rand.Reader
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	m, err := newMetrics(cfg.Registry)
	if err != nil {
		return nil, err
	}
	s := &Service{
		cfg: cfg, self: cfg.Key.Device(), log: cfg.Logger, metrics: m,
		links: map[wire.Device]*link{},
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.notify = &network.NotifyBundle{
		ConnectedF:    func(_ network.Network, c network.Conn) { s.connected(c) },
		DisconnectedF: func(n network.Network, c network.Conn) { s.disconnected(n, c) },
	}
	cfg.Host.SetStreamHandler(Protocol, s.accept)
	cfg.Host.Network().Notify(s.notify)
	for _, c := range cfg.Host.Network().Conns() {
		s.connected(c)
	}
	return s, nil
}

// Close ends every session and waits for what it started.
func (s *Service) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		s.wg.Wait()
		return nil
	}
	s.closed = true
	s.mu.Unlock()
	s.cfg.Host.Network().StopNotify(s.notify)
	s.cfg.Host.RemoveStreamHandler(Protocol)
	s.cancel()
	s.wg.Wait()
	return nil
}

// opens reports whether this device, not the other, opens the stream.
func (s *Service) opens(d wire.Device) bool { return bytes.Compare(s.self[:], d[:]) < 0 }

// connected makes sure that there is a link with the device at the other end.
func (s *Service) connected(c network.Conn) {
	s.mu.Lock()
	offline := s.offline
	s.mu.Unlock()
	if offline {
		s.hangUp(c)
		return
	}
	if l := s.linkTo(c.RemotePeer()); l != nil {
		l.wake()
	}
}

// hangUp closes a connection from a goroutine of its own: the network calls
// its observers while it holds locks.
func (s *Service) hangUp(c network.Conn) {
	s.start(func() { _ = c.Close() })
}

// start runs f in a goroutine that Close waits for, unless closed.
func (s *Service) start(f func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.wg.Add(1)
	go func() {
		defer s.wg.Done()
		f()
	}()
	return true
}

// linkTo returns the link with a peer, made on first use; nil for a peer that
// is no device, when closed, or when there are too many.
func (s *Service) linkTo(id peer.ID) *link {
	d, err := transport.DeviceOf(id)
	if err != nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if l, ok := s.links[d]; ok {
		return l
	}
	if s.closed || s.offline || len(s.links) >= MaxSessions {
		return nil
	}
	l := newLink(s, id, d)
	s.links[d] = l
	s.wg.Add(1)
	go func() {
		defer s.wg.Done()
		l.run()
	}()
	return l
}

// disconnected ends the link when the last connection is gone.
func (s *Service) disconnected(n network.Network, c network.Conn) {
	d, err := transport.DeviceOf(c.RemotePeer())
	if err != nil || n.Connectedness(c.RemotePeer()) == network.Connected {
		return
	}
	s.mu.Lock()
	l := s.links[d]
	s.mu.Unlock()
	if l != nil {
		l.wake()
	}
}

// drop forgets a link whose peer is gone. It reports false if the peer is
// connected again.
func (s *Service) drop(l *link) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx.Err() == nil && !s.offline && s.cfg.Host.Network().Connectedness(l.id) == network.Connected {
		return false
	}
	delete(s.links, l.device)
	return true
}

// accept takes a stream that a peer opened.
func (s *Service) accept(stream network.Stream) {
	l := s.linkTo(stream.Conn().RemotePeer())
	if l == nil || s.opens(l.device) {
		_ = stream.Reset()
		return
	}
	l.offer(stream)
}

// protect keeps the connections of peers that share documents from being
// trimmed when there are many.
func (s *Service) protect(id peer.ID, documents int) {
	const tag = "sheaf-sync"
	if documents > 0 {
		s.cfg.Host.ConnManager().Protect(id, tag)
	} else {
		s.cfg.Host.ConnManager().Unprotect(id, tag)
	}
}

// snapshot lists the links.
func (s *Service) snapshot() []*link {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]*link, 0, len(s.links))
	for _, l := range s.links {
		out = append(out, l)
	}
	return out
}

// Peer makes sure that there is a session with a connected peer, and waits
// for it.
func (s *Service) Peer(ctx context.Context, id peer.ID) error {
	_, err := s.session(ctx, id)
	return err
}

func (s *Service) session(ctx context.Context, id peer.ID) (*link, error) {
	s.mu.Lock()
	closed, offline := s.closed, s.offline
	s.mu.Unlock()
	switch {
	case closed:
		return nil, ErrClosed
	case offline:
		return nil, ErrOffline
	}
	l := s.linkTo(id)
	if l == nil {
		return nil, fmt.Errorf("%w: %s", ErrNoSession, id)
	}
	if err := l.wait(ctx); err != nil {
		return nil, err
	}
	return l, nil
}

// Changed says that the local state of a document changed by other means than
// sync: new ops, wraps, own entries no peer confirmed, or a new document.
// Every peer that may have it is offered it. Live entries that gossip carries
// need no call.
func (s *Service) Changed(doc wire.DocID) {
	for _, l := range s.snapshot() {
		l.poke(doc, pokeChanged)
	}
}

// Gap says that something of a document is missing here. The peer named is
// asked at once, or any other that has it if that one is not connected or
// from is zero: for what follows in the given chains, or without chains for
// everything, keys included.
func (s *Service) Gap(from wire.Device, doc wire.DocID, chains ...wire.ChainID) {
	var other *link
	for _, l := range s.snapshot() {
		if !l.shares(doc) {
			continue
		}
		if l.device == from {
			l.poke(doc, pokeGap, chains...)
			return
		}
		if other == nil || bytes.Compare(l.device[:], other.device[:]) < 0 {
			other = l
		}
	}
	if other != nil {
		other.poke(doc, pokeGap, chains...)
	}
}

// Settle asks every connected peer that shares the document for all it has of
// it, and returns when that has gone through Handler.Receive, or ctx ends: how
// many peers have answered.
func (s *Service) Settle(ctx context.Context, doc wire.DocID) (answered int) {
	results := make(chan error, MaxSessions)
	asked := 0
	for _, l := range s.snapshot() {
		sess := l.working()
		if asked == cap(results) || sess == nil || !sess.shared.has(doc) {
			continue
		}
		if s.start(func() { results <- sess.settle(ctx, doc) }) {
			asked++
		}
	}
	for range asked {
		if err := <-results; err == nil {
			answered++
		}
	}
	return answered
}

// SendReceipts sends receipts to every connected peer that shares the document,
// or once it does: they may be given as soon as PeerUp has been called.
func (s *Service) SendReceipts(doc wire.DocID, rs []oplog.Receipt) {
	for _, l := range s.snapshot() {
		l.addReceipts(doc, rs)
	}
}

// SendReceiptsTo is SendReceipts for one peer.
func (s *Service) SendReceiptsTo(dev wire.Device, doc wire.DocID, rs []oplog.Receipt) {
	for _, l := range s.snapshot() {
		if l.device == dev {
			l.addReceipts(doc, rs)
		}
	}
}

// PeersOf lists the devices that share the document in a working session.
func (s *Service) PeersOf(doc wire.DocID) []wire.Device {
	var out []wire.Device
	for _, l := range s.snapshot() {
		if l.shares(doc) {
			out = append(out, l.device)
		}
	}
	slices.SortFunc(out, func(a, b wire.Device) int { return bytes.Compare(a[:], b[:]) })
	return out
}

// Peers lists the devices with a working session.
func (s *Service) Peers() []wire.Device {
	var out []wire.Device
	for _, l := range s.snapshot() {
		if l.isUp() {
			out = append(out, l.device)
		}
	}
	slices.SortFunc(out, func(a, b wire.Device) int { return bytes.Compare(a[:], b[:]) })
	return out
}

// GoOffline closes every connection and refuses new ones until GoOnline.
func (s *Service) GoOffline() {
	s.mu.Lock()
	s.offline = true
	s.mu.Unlock()
	if s.cfg.Gate != nil {
		s.cfg.Gate.Close()
	}
	for _, c := range s.cfg.Host.Network().Conns() {
		_ = c.Close()
	}
	for _, l := range s.snapshot() {
		l.wake()
	}
}

// GoOnline lets connections through again. It dials nobody: that is
// discovery's part.
func (s *Service) GoOnline() {
	if s.cfg.Gate != nil {
		s.cfg.Gate.Open()
	}
	s.mu.Lock()
	s.offline = false
	s.mu.Unlock()
}

// Offline reports whether the service is offline.
func (s *Service) Offline() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.offline
}
