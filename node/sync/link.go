package sync

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/replication"
	"github.com/sheafdocs/sheaf/node/wire"
)

// link is the service's side of one connected device. Its goroutine (run)
// lives as long as the device is connected and holds one session after
// another, each on a stream of its own.
type link struct {
	s      *Service
	id     peer.ID
	device wire.Device
	kick   chan struct{}       // wakes run; capacity 1
	offers chan network.Stream // streams the peer opened; capacity 1, newest kept

	mu      sync.Mutex
	current *session      // nil between sessions
	upCh    chan struct{} // closed while a session works
	gone    bool          // run has ended
}

func newLink(s *Service, id peer.ID, d wire.Device) *link {
	return &link{
		s: s, id: id, device: d,
		kick:   make(chan struct{}, 1),
		offers: make(chan network.Stream, 1),
		upCh:   make(chan struct{}),
	}
}

// wake lets run look at the world again.
func (l *link) wake() {
	select {
	case l.kick <- struct{}{}:
	default:
	}
}

// offer hands a stream to run. A newer one replaces one not taken yet, and
// ends the session on an older one: the peer opens anew only if it has given
// up the old.
func (l *link) offer(stream network.Stream) {
	for {
		select {
		case l.offers <- stream:
			l.mu.Lock()
			gone := l.gone
			if l.current != nil && l.current.stream != stream { // run may hold it already
				l.current.stop(errReplaced)
			}
			l.mu.Unlock()
			if gone {
				l.discardOffers()
			}
			return
		default:
		}
		select {
		case old := <-l.offers:
			_ = old.Reset()
		default:
		}
	}
}

var errReplaced = errors.New("replaced by a newer stream")

// run holds sessions with the device until it is gone.
func (l *link) run() {
	backoff := reopenMin
	for {
		stream := l.stream()
		if stream == nil {
			break
		}
		began := time.Now()
		err := l.hold(stream)
		l.s.metrics.sessions.WithLabelValues(reasonOf(err)).Inc()
		if l.s.ctx.Err() == nil {
			l.s.log.Debug("sync session ended", "peer", l.device.String(), "err", err)
		}
		if time.Since(began) > reopenMax {
			backoff = reopenMin
		}
		if l.s.opens(l.device) && !errors.Is(err, errReplaced) {
			l.pause(backoff)
			backoff = min(2*backoff, reopenMax)
		}
	}
	l.mu.Lock()
	l.gone = true
	l.mu.Unlock()
	l.discardOffers()
}

func (l *link) discardOffers() {
	select {
	case stream := <-l.offers:
		_ = stream.Reset()
	default:
	}
}

// stream opens the next stream, or waits for the peer to. It returns nil when
// the device is gone.
func (l *link) stream() network.Stream {
	backoff := reopenMin
	for {
		if l.s.ctx.Err() != nil || l.s.Offline() || l.s.cfg.Host.Network().Connectedness(l.id) != network.Connected {
			if l.s.drop(l) {
				return nil
			}
		}
		if l.s.opens(l.device) {
			ctx, cancel := context.WithTimeout(l.s.ctx, openTimeout)
			stream, err := l.s.cfg.Host.NewStream(network.WithNoDial(ctx, "sync"), l.id, Protocol)
			cancel()
			if err == nil {
				return stream
			}
			l.s.log.Debug("cannot open sync stream", "peer", l.device.String(), "err", err)
			l.pause(backoff)
			backoff = min(2*backoff, reopenMax)
			continue
		}
		select {
		case stream := <-l.offers:
			return stream
		case <-l.kick:
		case <-l.s.ctx.Done():
		}
	}
}

// pause waits about d, or until something happens.
func (l *link) pause(d time.Duration) {
	t := time.NewTimer(d/2 + rand.N(d))
	defer t.Stop()
	select {
	case <-t.C:
	case <-l.kick:
	case <-l.s.ctx.Done():
	}
}

// hold runs one session on a stream and returns why it ended.
func (l *link) hold(stream network.Stream) error {
	var nonce [32]byte
	if _, err := io.ReadFull(l.s.cfg.Rand, nonce[:]); err != nil {
		_ = stream.Reset()
		return err
	}
	role := replication.Accepter
	if l.s.opens(l.device) {
		role = replication.Opener
	}
	sess := newSession(l, stream, replication.New(replication.Config{
		Replica: l.s.cfg.Replica, Peer: l.device, Role: role, Nonce: nonce,
	}))
	l.mu.Lock()
	l.current = sess
	l.mu.Unlock()
	err := sess.run(l.s.ctx)
	l.mu.Lock()
	l.current = nil
	wasUp := sess.up
	if wasUp {
		l.upCh = make(chan struct{})
	}
	l.mu.Unlock()
	if wasUp {
		l.s.metrics.up.Dec()
		l.s.cfg.Handler.PeerDown(l.device)
	}
	return err
}

// markUp says that the current session works.
func (l *link) markUp(sess *session) {
	l.mu.Lock()
	sess.up = true
	close(l.upCh)
	l.mu.Unlock()
	l.s.metrics.up.Inc()
	l.s.cfg.Handler.PeerUp(l.device)
}

func (l *link) isUp() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.current != nil && l.current.up
}

// wait returns when a session with the device works.
func (l *link) wait(ctx context.Context) error {
	l.mu.Lock()
	up := l.upCh
	l.mu.Unlock()
	l.wake()
	select {
	case <-up:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-l.s.ctx.Done():
		return ErrClosed
	}
}

// working returns the session that works now, or nil.
func (l *link) working() *session {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.current == nil || !l.current.up {
		return nil
	}
	return l.current
}

func (l *link) shares(doc wire.DocID) bool {
	sess := l.working()
	return sess != nil && sess.shared.has(doc)
}

func (l *link) poke(doc wire.DocID, kind pokeKind, chains ...wire.ChainID) {
	if sess := l.working(); sess != nil {
		sess.poke(doc, kind, chains...)
	}
}

func (l *link) addReceipts(doc wire.DocID, rs []oplog.Receipt) {
	if sess := l.working(); sess != nil {
		sess.addReceipts(doc, rs)
	}
}
