package sync

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/network"

	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/replication"
	"github.com/sheafdocs/sheaf/node/wire"
)

// session carries one replication.Session over one stream. Two goroutines
// work: one reads, and waits for the Handler; the other writes, and waits for
// the peer. Neither waits for the other, so two peers that send each other
// much cannot stop both.
type session struct {
	l      *link
	stream network.Stream
	cancel context.CancelCauseFunc
	kick   chan struct{} // wakes the writer; capacity 1
	up     bool          // guarded by link.mu
	shared docSet
	pokes  pokes

	mu    sync.Mutex // guards what follows; taken before any lock of the Replica
	rep   *replication.Session
	joins map[wire.DocID][]chan error
}

var (
	errStopped = errors.New("session stopped")
	errNoHello = errors.New("peer did not say hello")
)

func newSession(l *link, stream network.Stream, rep *replication.Session) *session {
	return &session{
		l: l, stream: stream, rep: rep,
		cancel: func(error) { _ = stream.Reset() },
		kick:   make(chan struct{}, 1),
		joins:  map[wire.DocID][]chan error{},
	}
}

// stop ends the session from outside. It may be called before run.
func (c *session) stop(reason error) {
	c.cancel(reason)
	_ = c.stream.Reset()
}

// run works until the stream breaks, the peer breaks the protocol, or ctx
// ends, and returns the reason. Nothing of the session is left running.
func (c *session) run(parent context.Context) error {
	ctx, cancel := context.WithCancelCause(parent)
	defer cancel(errStopped)
	c.l.mu.Lock()
	c.cancel = cancel
	c.l.mu.Unlock()

	var wg sync.WaitGroup
	wg.Add(1)
	go func() {
		defer wg.Done()
		err := c.read(ctx)
		cancel(err)
	}()
	err := c.write(ctx)
	cancel(err)
	c.hangUp(context.Cause(ctx))
	wg.Wait()
	c.end(context.Cause(ctx))
	return context.Cause(ctx)
}

// hangUp closes the stream; a peer that broke the protocol is told how.
func (c *session) hangUp(reason error) {
	if fault(reason) {
		_ = c.stream.SetWriteDeadline(time.Now().Add(time.Second))
		_ = c.send(replication.ErrorFrame(reason))
		_ = c.stream.CloseWrite()
	}
	_ = c.stream.Reset()
}

// fault reports whether an error is one that the peer is told.
func fault(err error) bool {
	return errors.Is(err, replication.ErrMalformed) || errors.Is(err, replication.ErrTooLarge) ||
		errors.Is(err, replication.ErrVersion) || errors.Is(err, replication.ErrFlood)
}

// end tells those who wait that nothing more will come.
func (c *session) end(reason error) {
	c.mu.Lock()
	joins := c.joins
	c.joins = nil
	c.mu.Unlock()
	for _, waiting := range joins {
		for _, ch := range waiting {
			ch <- fmt.Errorf("%w: %w", ErrNoSession, reason)
		}
	}
	if docs := c.shared.clear(); c.l.s.cfg.PeersChanged != nil {
		for _, doc := range docs {
			c.l.s.cfg.PeersChanged(doc)
		}
	}
	c.l.s.protect(c.l.id, 0)
}

// wake lets the writer look for something to do.
func (c *session) wake() {
	select {
	case c.kick <- struct{}{}:
	default:
	}
}

// read takes frames until the stream ends.
func (c *session) read(ctx context.Context) error {
	hello := time.AfterFunc(helloTimeout, func() { c.stop(errNoHello) })
	defer hello.Stop()
	in := bufio.NewReader(c.stream)
	var buf []byte
	for {
		frame, err := readFrame(in, buf, c.maxFrame)
		if err != nil {
			return err
		}
		if cap(frame) <= keepBufferBytes {
			buf = frame[:0]
		}
		c.l.s.metrics.received(frame)
		c.mu.Lock()
		effects, err := c.rep.Receive(frame)
		changes := c.rep.SharingChanges()
		c.mu.Unlock()
		c.share(changes)
		c.wake()
		for _, e := range effects {
			if _, ok := e.(replication.Up); ok {
				hello.Stop()
			}
			c.carryOut(ctx, e)
		}
		if err != nil {
			return err
		}
		c.wake()
	}
}

// keepBufferBytes is the longest buffer kept from one frame to the next.
const keepBufferBytes = 256 << 10

// maxFrame is the longest frame that may arrive now.
func (c *session) maxFrame() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.rep.MaxFrame()
}

// readFrame reads one frame: its length in four bytes, big endian, then its
// bytes. The limit is asked for when the length is there, since it may have
// changed while nothing came. Memory grows with what arrives, not with what
// the length claims.
func readFrame(r io.Reader, buf []byte, limit func() int) ([]byte, error) {
	const step = 64 << 10
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, fmt.Errorf("read frame: %w", err)
	}
	n := binary.BigEndian.Uint32(head[:])
	if max := limit(); uint64(n) > uint64(max) {
		return nil, fmt.Errorf("read frame: %w: %d bytes, %d are allowed now", replication.ErrTooLarge, n, max)
	}
	buf = buf[:0]
	for left := int(n); left > 0; {
		part := min(left, step)
		at := len(buf)
		buf = append(buf, make([]byte, part)...)
		if _, err := io.ReadFull(r, buf[at:]); err != nil {
			return nil, fmt.Errorf("read frame: %w", err)
		}
		left -= part
	}
	return buf, nil
}

// carryOut does what the protocol says must happen outside of it.
func (c *session) carryOut(ctx context.Context, e replication.Effect) {
	s := c.l.s
	switch e := e.(type) {
	case replication.Up:
		c.l.markUp(c)
	case replication.Deliver:
		s.metrics.delivered(e.Delivery)
		if err := s.cfg.Handler.Receive(ctx, c.l.device, e.Delivery); err != nil {
			s.metrics.refused.Inc()
			s.log.Info("not everything a peer sent could be used", "peer", c.l.device.String(), "doc", e.Doc.Short().String(), "err", err)
		}
	case replication.GotReceipts:
		s.cfg.Handler.Receipts(c.l.device, e.Receipts)
	case replication.Joined:
		c.mu.Lock()
		waiting := c.joins[e.Doc]
		delete(c.joins, e.Doc)
		c.mu.Unlock()
		for _, ch := range waiting {
			ch <- e.Err
		}
	case replication.Equal:
		s.metrics.equal.Inc()
		if s.cfg.Compared != nil {
			s.cfg.Compared(c.l.device, e.Doc, nil)
		}
	case replication.Heard:
		if s.cfg.Compared != nil {
			s.cfg.Compared(c.l.device, e.Doc, e.Vector)
		}
	}
}

// share notes which documents are shared with the peer.
func (c *session) share(changes []replication.Sharing) {
	if len(changes) == 0 {
		return
	}
	for _, ch := range changes {
		c.shared.set(ch.Doc, ch.Shared)
	}
	c.l.s.protect(c.l.id, c.shared.len())
	if f := c.l.s.cfg.PeersChanged; f != nil {
		for _, ch := range changes {
			f(ch.Doc)
		}
	}
}

// write sends what there is to send until ctx ends or the peer does not take
// it.
func (c *session) write(ctx context.Context) error {
	check := time.NewTimer(jitter(CheckInterval))
	defer check.Stop()
	for {
		frame, ok, due := c.next()
		if ok {
			if err := c.stream.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
				return fmt.Errorf("write frame: %w", err)
			}
			if err := c.send(frame); err != nil {
				return err
			}
			continue
		}
		timer := time.NewTimer(due)
		select {
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		case <-c.kick:
		case <-timer.C:
		case <-check.C:
			c.mu.Lock()
			c.rep.Check()
			c.mu.Unlock()
			check.Reset(jitter(CheckInterval))
		}
		timer.Stop()
	}
}

// next returns the next frame to write, or how long there is nothing to do.
func (c *session) next() (frame []byte, ok bool, due time.Duration) {
	ready, due := c.pokes.ready(time.Now())
	c.mu.Lock()
	for _, p := range ready {
		c.apply(p)
	}
	frame, ok = c.rep.Next()
	changes := c.rep.SharingChanges()
	c.mu.Unlock()
	c.share(changes)
	return frame, ok, due
}

// apply tells the protocol of events at home. The caller holds mu.
func (c *session) apply(p *poked) {
	if p.changed {
		c.rep.Changed(p.doc)
	}
	for _, r := range p.requests {
		c.rep.Request(p.doc, r)
	}
	if p.all {
		c.rep.Want(p.doc)
	} else if len(p.chains) > 0 {
		c.rep.Want(p.doc, p.chains...)
	}
	if len(p.receipts) > 0 {
		c.rep.AddReceipts(p.doc, p.receipts)
	}
}

// send writes one frame.
func (c *session) send(frame []byte) error {
	out := make([]byte, 4, 4+len(frame))
	binary.BigEndian.PutUint32(out, uint32(len(frame)))
	out = append(out, frame...)
	if _, err := c.stream.Write(out); err != nil {
		return fmt.Errorf("write frame: %w", err)
	}
	c.l.s.metrics.sent(frame)
	return nil
}

// join asks the peer for a document by an invite and waits until it has been
// served or refused.
func (c *session) join(ctx context.Context, doc wire.DocID, prove replication.Prover) error {
	done := make(chan error, 1)
	c.mu.Lock()
	if c.joins == nil {
		c.mu.Unlock()
		return ErrNoSession
	}
	c.joins[doc] = append(c.joins[doc], done)
	c.rep.Join(doc, prove)
	c.mu.Unlock()
	c.wake()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// settle asks the peer for all it has of a document and waits until that is
// here.
func (c *session) settle(ctx context.Context, doc wire.DocID) error {
	done := make(chan error, 1)
	c.mu.Lock()
	if c.joins == nil || !c.rep.Await(doc) {
		c.mu.Unlock()
		return ErrNoSession
	}
	c.joins[doc] = append(c.joins[doc], done)
	c.mu.Unlock()
	c.wake()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *session) poke(doc wire.DocID, kind pokeKind, chains ...wire.ChainID) {
	c.pokes.add(doc, kind, chains)
	c.wake()
}

func (c *session) addReceipts(doc wire.DocID, rs []oplog.Receipt) {
	c.pokes.addReceipts(doc, rs)
	c.wake()
}

func (c *session) request(doc wire.DocID, raw []byte) {
	c.pokes.addRequest(doc, raw)
	c.wake()
}

// jitter spreads periodic work: between 3/4 and 5/4 of d.
func jitter(d time.Duration) time.Duration { return d*3/4 + rand.N(d/2) }
