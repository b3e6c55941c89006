package sync

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"

	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/replication"
	"github.com/sheafdocs/sheaf/node/transport"
	"github.com/sheafdocs/sheaf/node/wire"
)

// Limits of one attempt to join.
const (
	maxHints    = 16               // addresses of a link that are tried
	dialTimeout = 15 * time.Second // for each peer: dial, secure, say hello
	joinTimeout = 60 * time.Second // for a peer to serve the document
)

// ErrUnreachable means that nobody named in a link could be reached.
var ErrUnreachable = errors.New("no member of the document could be reached")

// JoinError says what was tried to join a document, and what came of it. It
// is ErrUnreachable if nobody answered, and replication.ErrRefused if someone
// answered that it has no such document for this device.
type JoinError struct {
	Attempts []Attempt
}

// Attempt is one peer that was asked, or one address that could not be used.
type Attempt struct {
	Addrs []string // as the link has them
	Err   error
}

// Error lists the attempts.
func (e *JoinError) Error() string {
	if len(e.Attempts) == 0 {
		return "join document: the link names no address"
	}
	var b strings.Builder
	b.WriteString("join document: nobody served it")
	for _, a := range e.Attempts {
		fmt.Fprintf(&b, "; tried %s: %v", strings.Join(a.Addrs, ", "), a.Err)
	}
	return b.String()
}

// Is reports whether the error is ErrUnreachable or replication.ErrRefused.
func (e *JoinError) Is(target error) bool {
	refused := false
	for _, a := range e.Attempts {
		refused = refused || errors.Is(a.Err, replication.ErrRefused)
	}
	return target == replication.ErrRefused && refused || target == ErrUnreachable && !refused
}

// Join asks the peers whose addresses a link carries for its document, all at
// once, and returns when the first has served it: what it sent has gone
// through Handler.Receive. The connection is kept. Join may be called again,
// also when the document is partly here: it asks anew. It leaves no request
// to be let in: see Request.
func (s *Service) Join(ctx context.Context, link access.Link) error {
	if s.Offline() {
		return ErrOffline
	}
	keys, err := access.DeriveInvite(link.Secret)
	if err != nil {
		return fmt.Errorf("derive invite keys: %w", err)
	}
	prove := func(device wire.Device, challenge [32]byte) ([]byte, error) {
		return keys.Prove(link.Doc, s.self, device, challenge)
	}
	targets, failed := targetsOf(link.Hints, s.cfg.Host.ID())
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	results := make(chan Attempt, len(targets))
	for _, t := range targets {
		if !s.start(func() { results <- Attempt{Addrs: t.hints, Err: s.joinFrom(ctx, t.info, link.Doc, prove)} }) {
			return ErrClosed
		}
	}
	for range targets {
		a := <-results
		if a.Err == nil {
			s.metrics.joins.WithLabelValues("served").Inc()
			return nil
		}
		failed = append(failed, a)
	}
	joinErr := &JoinError{Attempts: failed}
	if joinErr.Is(replication.ErrRefused) {
		s.metrics.joins.WithLabelValues("refused").Inc()
	} else {
		s.metrics.joins.WithLabelValues("unreachable").Inc()
	}
	return joinErr
}

// joinFrom asks one peer.
func (s *Service) joinFrom(ctx context.Context, info peer.AddrInfo, doc wire.DocID, prove replication.Prover) error {
	reach, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	if err := transport.Connect(reach, s.cfg.Host, info); err != nil {
		return fmt.Errorf("dial: %w", err)
	}
	l, err := s.session(reach, info.ID)
	if err != nil {
		return fmt.Errorf("start session: %w", err)
	}
	sess := l.working()
	if sess == nil {
		return ErrNoSession
	}
	served, cancel := context.WithTimeout(ctx, joinTimeout)
	defer cancel()
	return sess.join(served, doc, prove)
}

// Request hands a request to be let into a document to every peer that shares
// it or has served it by an invite. It never blocks; when the peer lets this
// device in, that arrives like any other change.
func (s *Service) Request(doc wire.DocID, request []byte) {
	for _, l := range s.snapshot() {
		if sess := l.working(); sess != nil {
			sess.request(doc, request)
		}
	}
}

// target is a peer named in a link, with its addresses.
type target struct {
	info  peer.AddrInfo
	hints []string
}

// targetsOf reads the addresses of a link, by peer. Addresses of this host
// are passed over; those that are none are returned as failed.
func targetsOf(hints []string, self peer.ID) (targets []*target, failed []Attempt) {
	byPeer := map[peer.ID]*target{}
	for _, hint := range hints[:min(len(hints), maxHints)] {
		addr, err := ma.NewMultiaddr(hint)
		if err != nil {
			failed = append(failed, Attempt{Addrs: []string{hint}, Err: fmt.Errorf("read address: %w", err)})
			continue
		}
		info, err := peer.AddrInfoFromP2pAddr(addr)
		if err != nil {
			failed = append(failed, Attempt{Addrs: []string{hint}, Err: fmt.Errorf("read address: %w", err)})
			continue
		}
		if info.ID == self {
			continue
		}
		t := byPeer[info.ID]
		if t == nil {
			t = &target{info: peer.AddrInfo{ID: info.ID}}
			byPeer[info.ID] = t
			targets = append(targets, t)
		}
		t.info.Addrs = append(t.info.Addrs, info.Addrs...)
		t.hints = append(t.hints, hint)
	}
	return targets, failed
}
