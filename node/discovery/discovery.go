package discovery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/event"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/peerstore"
	ma "github.com/multiformats/go-multiaddr"

	"github.com/sheafdocs/sheaf/node/transport"
)

// Mode says whether the local network is asked for peers.
type Mode uint8

// The modes.
const (
	Auto Mode = iota // announce and ask by multicast DNS
	Off              // neither
)

// Timing and limits of redialing.
const (
	redialMin     = 500 * time.Millisecond
	redialMax     = 5 * time.Second        // longest pause, with few peers
	redialEach    = 100 * time.Millisecond // and for each peer kept: a dial in 100 ms at most
	dialTimeout   = 15 * time.Second
	redialTimeout = 5 * time.Second
	foundTTL      = 10 * time.Minute // how long addresses found on the local network are kept
	maxKept       = 1024             // peers kept connected
	maxHints      = 16               // addresses dialed for one link
	maxPeerAddrs  = 16               // addresses kept for one peer
	protectTag    = "sheaf-discovery"
)

var (
	// ErrClosed is returned after Close.
	ErrClosed = errors.New("discovery is closed")
	// ErrOffline is returned while offline.
	ErrOffline = errors.New("working offline")
	// ErrNoAddress means that none of the hints is an address with a peer id.
	ErrNoAddress = errors.New("no usable address")
)

// Config says what a Discovery is made of. Host is required.
type Config struct {
	Host host.Host
	// Mode says whether the local network is asked. Default Auto.
	Mode Mode
	// Found, if set, is called for each peer that shows itself on the local
	// network, from a goroutine of its own, possibly often. The peer's
	// addresses are in the host's peerstore by then. Without Found, such
	// peers are dialed.
	Found func(peer.AddrInfo)
	// Logger gets what an operator should know. Nil discards.
	Logger *slog.Logger
}

// Discovery finds peers and keeps connections. Its methods are safe for
// concurrent use.
type Discovery struct {
	cfg    Config
	log    *slog.Logger
	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup
	notify *network.NotifyBundle

	mu      sync.Mutex
	closed  bool
	offline bool
	lan     *localService // nil when off or offline
	kept    map[peer.ID]*keeper
}

// New starts a Discovery on a host. That the local network cannot be asked is
// logged and no error: a node works without.
func New(cfg Config) (*Discovery, error) {
	if cfg.Host == nil {
		return nil, errors.New("discovery: Config needs a Host")
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	d := &Discovery{cfg: cfg, log: cfg.Logger, kept: map[peer.ID]*keeper{}}
	d.ctx, d.cancel = context.WithCancel(context.Background())
	d.notify = &network.NotifyBundle{
		ConnectedF:    func(_ network.Network, c network.Conn) { d.nudge(c.RemotePeer()) },
		DisconnectedF: func(_ network.Network, c network.Conn) { d.nudge(c.RemotePeer()) },
	}
	moved, err := cfg.Host.EventBus().Subscribe(new(event.EvtLocalAddressesUpdated))
	if err != nil {
		return nil, fmt.Errorf("watch addresses: %w", err)
	}
	cfg.Host.Network().Notify(d.notify)
	d.wg.Add(1)
	go func() {
		defer d.wg.Done()
		d.watchAddresses(moved)
	}()
	d.startLocal()
	return d, nil
}

// watchAddresses dials the kept peers when this machine has come to another
// network, or to one at all.
func (d *Discovery) watchAddresses(moved event.Subscription) {
	defer func() { _ = moved.Close() }()
	for {
		select {
		case _, ok := <-moved.Out():
			if !ok {
				return
			}
			d.wakeAll()
		case <-d.ctx.Done():
			return
		}
	}
}

func (d *Discovery) wakeAll() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, k := range d.kept {
		k.wake()
	}
}

// Close ends everything it started. Connections stay open.
func (d *Discovery) Close() error {
	d.mu.Lock()
	d.closed = true
	d.mu.Unlock()
	d.cfg.Host.Network().StopNotify(d.notify)
	d.cancel()
	d.stopLocal()
	d.wg.Wait()
	return nil
}

// Keep keeps the peer connected: it is dialed whenever there is no connection,
// at the addresses given, now or earlier, and those the host learns, with
// pauses from half a second up to five seconds, or more when many are kept. It
// is dialed at once when the addresses of this machine change.
func (d *Discovery) Keep(info peer.AddrInfo) {
	if info.ID == d.cfg.Host.ID() || info.ID == "" {
		return
	}
	addrs := info.Addrs[:min(len(info.Addrs), maxPeerAddrs)]
	d.cfg.Host.Peerstore().AddAddrs(info.ID, addrs, peerstore.PermanentAddrTTL)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return
	}
	if k := d.kept[info.ID]; k != nil {
		k.wake()
		return
	}
	if len(d.kept) >= maxKept {
		d.log.Warn("too many peers to keep connected", "peer", info.ID)
		return
	}
	k := &keeper{d: d, id: info.ID, kick: make(chan struct{}, 1), gone: make(chan struct{})}
	d.kept[info.ID] = k
	d.cfg.Host.ConnManager().Protect(info.ID, protectTag)
	d.wg.Add(1)
	go func() {
		defer d.wg.Done()
		k.run()
	}()
}

// Forget stops keeping the peer connected. It closes no connection.
func (d *Discovery) Forget(id peer.ID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if k := d.kept[id]; k != nil {
		close(k.gone)
		delete(d.kept, id)
		d.cfg.Host.ConnManager().Unprotect(id, protectTag)
	}
}

// Kept lists the peers that are kept connected.
func (d *Discovery) Kept() []peer.ID {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []peer.ID
	for id := range d.kept {
		out = append(out, id)
	}
	return out
}

// Dial connects to the peers that hints name, all at once, and returns those
// reached. The error says why, if none was.
func (d *Discovery) Dial(ctx context.Context, hints []string) ([]peer.ID, error) {
	if d.isOffline() {
		return nil, ErrOffline
	}
	infos, err := parseHints(hints)
	if len(infos) == 0 {
		return nil, errors.Join(ErrNoAddress, err)
	}
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	type result struct {
		id  peer.ID
		err error
	}
	results := make(chan result, len(infos))
	for _, info := range infos {
		go func() { results <- result{info.ID, transport.Connect(ctx, d.cfg.Host, info)} }()
	}
	var reached []peer.ID
	errs := []error{err}
	for range infos {
		r := <-results
		if r.err == nil {
			reached = append(reached, r.id)
		} else {
			errs = append(errs, fmt.Errorf("dial %s: %w", r.id, r.err))
		}
	}
	if len(reached) > 0 {
		return reached, nil
	}
	return nil, errors.Join(errs...)
}

// parseHints reads addresses with peer ids, by peer.
func parseHints(hints []string) ([]peer.AddrInfo, error) {
	var errs []error
	var addrs []ma.Multiaddr
	for _, h := range hints[:min(len(hints), maxHints)] {
		a, err := ma.NewMultiaddr(h)
		if err == nil {
			_, err = peer.AddrInfoFromP2pAddr(a)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("read address %q: %w", h, err))
			continue
		}
		addrs = append(addrs, a)
	}
	infos, err := peer.AddrInfosFromP2pAddrs(addrs...)
	return infos, errors.Join(append(errs, err)...)
}

// GoOffline stops announcing, asking and dialing until GoOnline.
func (d *Discovery) GoOffline() {
	d.mu.Lock()
	d.offline = true
	d.mu.Unlock()
	d.stopLocal()
}

// GoOnline starts again, and dials every kept peer at once.
func (d *Discovery) GoOnline() {
	d.mu.Lock()
	d.offline = false
	d.mu.Unlock()
	d.wakeAll()
	d.startLocal()
}

func (d *Discovery) isOffline() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.offline || d.closed
}

// nudge lets the keeper of a peer look at its connections again.
func (d *Discovery) nudge(id peer.ID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if k := d.kept[id]; k != nil {
		k.wake()
	}
}

// found takes a peer that showed itself on the local network.
func (d *Discovery) found(info peer.AddrInfo) {
	if info.ID == d.cfg.Host.ID() || d.isOffline() {
		return
	}
	info.Addrs = info.Addrs[:min(len(info.Addrs), maxPeerAddrs)]
	d.cfg.Host.Peerstore().AddAddrs(info.ID, info.Addrs, foundTTL)
	d.nudge(info.ID)
	if d.cfg.Found != nil {
		d.cfg.Found(info)
		return
	}
	ctx, cancel := context.WithTimeout(d.ctx, dialTimeout)
	defer cancel()
	if err := d.cfg.Host.Connect(ctx, info); err != nil {
		d.log.Debug("cannot reach a peer on the local network", "peer", info.ID, "err", err)
	}
}

// keeper keeps one peer connected.
type keeper struct {
	d    *Discovery
	id   peer.ID
	kick chan struct{} // capacity 1
	gone chan struct{} // closed by Forget
}

func (k *keeper) wake() {
	select {
	case k.kick <- struct{}{}:
	default:
	}
}

// run dials whenever there is no connection. A connection that held for a
// while, and every wake, shorten the next pause.
func (k *keeper) run() {
	wait := redialMin
	for {
		var timer <-chan time.Time
		if k.idle() {
			wait = redialMin
		} else if k.dial() {
			continue
		} else {
			timer = time.After(wait/2 + rand.N(wait))
			wait = min(2*wait, k.d.longestPause())
		}
		select {
		case <-timer:
		case <-k.kick:
		case <-k.gone:
			return
		case <-k.d.ctx.Done():
			return
		}
	}
}

// longestPause is how long a keeper waits at most between two dials.
func (d *Discovery) longestPause() time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	return redialMax + time.Duration(len(d.kept))*redialEach
}

// idle reports whether there is nothing to do: the peer is connected, or the
// node is offline.
func (k *keeper) idle() bool {
	return k.d.isOffline() || k.d.cfg.Host.Network().Connectedness(k.id) == network.Connected
}

func (k *keeper) dial() bool {
	ctx, cancel := context.WithTimeout(k.d.ctx, redialTimeout)
	defer cancel()
	err := transport.Connect(ctx, k.d.cfg.Host, peer.AddrInfo{ID: k.id})
	if err != nil {
		k.d.log.Debug("cannot reach a peer, will try again", "peer", k.id, "err", err)
	}
	return err == nil && k.idle()
}
