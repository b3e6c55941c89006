package gossip

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/sheafdocs/sheaf/node/transport"
	"github.com/sheafdocs/sheaf/node/wire"
)

// Limits of a topic's queue of messages not judged yet.
const (
	maxQueued         = 1 << 10           // messages
	maxQueuedBytes    = 8 << 20           // their bytes
	maxQueuedFromPeer = maxQueued * 3 / 4 // messages of one peer
)

// Topic is one document's part in gossip. Its methods are safe for concurrent
// use.
type Topic struct {
	g    *Gossip
	name string
	doc  Document
	top  *pubsub.Topic
	sub  *pubsub.Subscription
	done chan struct{} // closed by Close: nothing more is taken
	wg   sync.WaitGroup

	queue  chan *job
	missed atomic.Bool // something was dropped because the queue was full
	judge  *judge      // of the worker alone
	roster *roster

	mu      sync.Mutex
	closed  bool
	bytes   int             // in the queue
	waiting map[peer.ID]int // messages in the queue
}

// job is a message waiting to be judged.
type job struct {
	from    peer.ID
	device  wire.Device
	data    []byte
	verdict chan pubsub.ValidationResult // capacity 1
	passed  chan struct{}                // closed when gossipsub has passed it on
}

func newTopic(g *Gossip, name string, doc Document) *Topic {
	return &Topic{
		g: g, name: name, doc: doc,
		done:    make(chan struct{}),
		queue:   make(chan *job, maxQueued),
		waiting: map[peer.ID]int{},
		judge:   newJudge(g, doc),
		roster:  newRoster(),
	}
}

// start joins the topic and begins to take messages.
func (t *Topic) start() error {
	if len(t.name) > maxTopicBytes {
		return fmt.Errorf("topic name of %d bytes", len(t.name))
	}
	ps := t.g.ps
	if err := ps.RegisterTopicValidator(t.name, pubsub.ValidatorEx(t.await), pubsub.WithValidatorConcurrency(2*maxQueued)); err != nil {
		return fmt.Errorf("register validator: %w", err)
	}
	var err error
	if t.top, err = ps.Join(t.name); err != nil {
		return errors.Join(err, ps.UnregisterTopicValidator(t.name))
	}
	if err = t.top.SetScoreParams(topicScoring()); err == nil {
		t.sub, err = t.top.Subscribe()
	}
	if err != nil {
		return errors.Join(err, t.top.Close(), ps.UnregisterTopicValidator(t.name))
	}
	for _, id := range t.g.cfg.Host.Network().Peers() {
		t.g.allows(id, t.name)
	}
	t.wg.Add(2)
	go t.drain()
	go t.work()
	return nil
}

// drain empties the subscription. Messages reach the document from work; here
// they only show that gossipsub has passed them on.
func (t *Topic) drain() {
	defer t.wg.Done()
	for {
		msg, err := t.sub.Next(t.g.ctx)
		if err != nil {
			return
		}
		if j, ok := msg.ValidatorData.(*job); ok {
			close(j.passed)
		}
	}
}

// Publish spreads a message. It says nothing about who gets it.
func (t *Topic) Publish(ctx context.Context, m Message) error {
	data, err := encode(m)
	if err != nil {
		return err
	}
	if err := t.top.Publish(ctx, data); err != nil {
		return fmt.Errorf("publish %s: %w", m.Kind, err)
	}
	t.g.metrics.published.WithLabelValues(m.Kind.String()).Inc()
	return nil
}

// Peers lists the peers known to take part in the topic, members or not.
func (t *Topic) Peers() []peer.ID { return t.top.ListPeers() }

// Review asks the Document anew about every peer it was asked about. It is to
// be called when members have changed. A peer that has ceased to be one leaves
// the mesh now and not at the next look; and because gossipsub spreads own
// messages to whoever has announced the topic, its connection is closed: when
// it comes back, its announcement of the topic is not taken. Review must not be
// called under a lock that the Document's Allows takes.
func (t *Topic) Review() {
	for _, d := range t.roster.known() {
		if !t.roster.review(d, t.doc.Allows(d)) {
			continue
		}
		id, err := transport.PeerID(d)
		if err != nil {
			continue
		}
		if err := t.g.cfg.Host.Network().ClosePeer(id); err != nil {
			t.g.log.Info("close connection of a removed device", "peer", d.String(), "err", err)
		}
	}
}

// Close leaves the topic. It returns when the last call of the Document has;
// it must not be called from one, nor under a lock that one takes. Closing
// twice is safe.
func (t *Topic) Close() error {
	t.mu.Lock()
	first := !t.closed
	t.closed = true
	t.mu.Unlock()
	if !first {
		t.wg.Wait()
		return nil
	}
	close(t.done)
	t.sub.Cancel()
	t.wg.Wait()
	err := errors.Join(t.top.Close(), t.g.ps.UnregisterTopicValidator(t.name))
	if t.g.ctx.Err() != nil {
		err = nil // gossipsub has ended
	}
	t.g.forget(t)
	return err
}

// admit is the first validator of every message, called one after another in
// the order of arrival: it puts the message into its topic's queue.
func (g *Gossip) admit(_ context.Context, from peer.ID, msg *pubsub.Message) pubsub.ValidationResult {
	if from == g.self {
		return pubsub.ValidationAccept
	}
	t := g.topic(msg.GetTopic())
	device, err := transport.DeviceOf(from)
	if t == nil || err != nil {
		return pubsub.ValidationIgnore
	}
	if len(msg.GetData()) > MaxMessageBytes {
		g.metrics.judged.WithLabelValues("unknown", "reject").Inc()
		return pubsub.ValidationReject
	}
	j := &job{
		from: from, device: device, data: msg.GetData(),
		verdict: make(chan pubsub.ValidationResult, 1), passed: make(chan struct{}),
	}
	if !t.enqueue(j) {
		g.metrics.dropped.Inc()
		return pubsub.ValidationIgnore
	}
	msg.ValidatorData = j
	return pubsub.ValidationAccept
}

// enqueue puts a message into the queue, or notes that one was dropped.
func (t *Topic) enqueue(j *job) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return false
	}
	if t.bytes+len(j.data) > maxQueuedBytes || t.waiting[j.from] >= maxQueuedFromPeer {
		t.missed.Store(true)
		return false
	}
	select {
	case t.queue <- j:
	default:
		t.missed.Store(true)
		return false
	}
	t.bytes += len(j.data)
	t.waiting[j.from]++
	return true
}

func (t *Topic) dequeued(j *job) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.bytes -= len(j.data)
	if t.waiting[j.from]--; t.waiting[j.from] == 0 {
		delete(t.waiting, j.from)
	}
}

// await is the second validator: it waits until the worker has judged.
func (t *Topic) await(ctx context.Context, from peer.ID, msg *pubsub.Message) pubsub.ValidationResult {
	if from == t.g.self {
		return pubsub.ValidationAccept
	}
	j, ok := msg.ValidatorData.(*job)
	if !ok {
		return pubsub.ValidationIgnore
	}
	select {
	case v := <-j.verdict:
		return v
	case <-t.done:
		return pubsub.ValidationIgnore
	case <-ctx.Done():
		return pubsub.ValidationIgnore
	}
}

// work judges and delivers the messages of the queue. The next message gets its
// verdict only when gossipsub has passed on the one before, so that an entry
// never overtakes its predecessor: after a verdict, each message is on a
// goroutine of its own.
func (t *Topic) work() {
	defer t.wg.Done()
	for {
		select {
		case <-t.done:
			return
		case d := <-t.roster.ask:
			t.roster.set(d, t.doc.Allows(d))
		case j := <-t.queue:
			t.dequeued(j)
			result, deliver := t.judge.message(j.from, j.device, j.data, t.g.cfg.Now())
			j.verdict <- result
			for _, m := range deliver {
				t.doc.Deliver(j.device, m)
			}
			if t.missed.Swap(false) {
				t.doc.Deliver(wire.Device{}, Message{Kind: Gap})
			}
			if result == pubsub.ValidationAccept {
				t.awaitPassed(j)
			}
		}
	}
}

// awaitPassed waits for gossipsub, but not for long: should it lose the
// message between verdict and subscription, order is all that is at stake.
func (t *Topic) awaitPassed(j *job) {
	select {
	case <-j.passed:
		return
	default:
	}
	timer := time.NewTimer(passTime)
	defer timer.Stop()
	select {
	case <-j.passed:
	case <-timer.C:
	case <-t.done:
	}
}

// passTime is how long gossipsub may take to pass a message on.
const passTime = 100 * time.Millisecond

// authorityInterval is how often one peer is asked about authors it knows and
// this node does not.
const authorityInterval = 10 * time.Second
