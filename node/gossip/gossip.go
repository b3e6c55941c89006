package gossip

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	pb "github.com/libp2p/go-libp2p-pubsub/pb"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/transport"
	"github.com/sheafdocs/sheaf/node/wire"
)

// Limits of a host's gossip.
const (
	idontwantBytes    = 256     // messages from this size on are announced as not wanted again
	maxSubscriptions  = 1 << 14 // topics in one announcement of a peer
	validationQueue   = 1 << 10 // messages waiting to be put into their topic's queue
	peerOutboundQueue = 1 << 10 // messages waiting for a slow peer, before they are dropped
)

var (
	// ErrClosed is returned after Close.
	ErrClosed = errors.New("gossip is closed")
	// ErrJoined is returned when a topic is joined twice.
	ErrJoined = errors.New("topic is joined already")
)

// Document judges and takes what is spread about one document. Its methods are
// called without any lock of this package; the Check methods and Deliver of
// one topic come one at a time.
type Document interface {
	// Allows reports whether a peer may take part: a member, or a relay named
	// in the access log. Answers are remembered for a second.
	Allows(peer wire.Device) bool
	// CheckEntry judges an entry, its form already checked.
	CheckEntry(e *oplog.Entry) oplog.Verdict
	// CheckOp judges an access op.
	CheckOp(raw []byte) oplog.Verdict
	// CheckPresence judges a presence frame.
	CheckPresence(body []byte) oplog.Verdict
	// Deliver takes a message that was accepted, right after its check. Wraps
	// come unchecked, from members only. A Gap says that something was passed
	// over.
	Deliver(from wire.Device, m Message)
}

// Config says what a Gossip is made of. Host is required.
type Config struct {
	Host host.Host
	// Rates limit what each document takes.
	Rates Rates
	// Now is the clock of the limits. Default time.Now.
	Now func() time.Time
	// Registry receives the package's metrics. Nil: none.
	Registry prometheus.Registerer
	// Logger gets what an operator should know. Nil discards.
	Logger *slog.Logger
}

// Gossip takes part in the topics of a node's documents. Its methods are safe
// for concurrent use.
type Gossip struct {
	cfg     Config
	self    peer.ID
	log     *slog.Logger
	metrics *metrics
	ps      *pubsub.PubSub
	ctx     context.Context
	cancel  context.CancelFunc
	wg      sync.WaitGroup
	scores  scores

	mu     sync.Mutex
	closed bool
	topics map[string]*Topic
}

// New starts gossip on a host. Close ends it; the host stays open.
func New(cfg Config) (*Gossip, error) {
	if cfg.Host == nil {
		return nil, errors.New("gossip: Config needs a Host")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	m, err := newMetrics(cfg.Registry)
	if err != nil {
		return nil, err
	}
	g := &Gossip{
		cfg: cfg, self: cfg.Host.ID(), log: cfg.Logger, metrics: m,
		topics: map[string]*Topic{}, scores: scores{graylisted: m.graylisted},
	}
	g.ctx, g.cancel = context.WithCancel(context.Background())
	g.ps, err = pubsub.NewGossipSub(g.ctx, cfg.Host, g.options()...)
	if err != nil {
		g.cancel()
		return nil, fmt.Errorf("start gossipsub: %w", err)
	}
	return g, nil
}

func (g *Gossip) options() []pubsub.Option {
	params := pubsub.DefaultGossipSubParams()
	params.IDontWantMessageThreshold = idontwantBytes
	score, thresholds := g.scoring()
	return []pubsub.Option{
		pubsub.WithGossipSubParams(params),
		pubsub.WithMessageSignaturePolicy(pubsub.StrictNoSign),
		pubsub.WithNoAuthor(),
		pubsub.WithMessageIdFn(messageID),
		pubsub.WithMaxMessageSize(2 * MaxMessageBytes), // of one transmission, which may carry several
		pubsub.WithFloodPublish(true),
		pubsub.WithPeerExchange(false),
		pubsub.WithPeerScore(score, thresholds),
		pubsub.WithPeerScoreInspect(g.scores.set, scoreInterval), // after WithPeerScore
		pubsub.WithPeerFilter(g.allows),
		pubsub.WithSubscriptionFilter(subscriptionFilter{g}),
		pubsub.WithPeerOutboundQueueSize(peerOutboundQueue),
		// One worker takes messages off the network in their order; the topics
		// judge them each in a goroutine of its own.
		pubsub.WithValidateWorkers(1),
		pubsub.WithValidateQueueSize(validationQueue),
		pubsub.WithDefaultValidator(pubsub.ValidatorEx(g.admit), pubsub.WithValidatorInline(true)),
		pubsub.WithLogger(slog.New(slog.DiscardHandler)),
	}
}

// messageID names a message by its content.
func messageID(m *pb.Message) string {
	sum := sha256.Sum256(m.GetData())
	return string(sum[:20])
}

// subscriptionFilter takes notice only of topics that are joined here.
type subscriptionFilter struct{ g *Gossip }

// CanSubscribe is part of pubsub.SubscriptionFilter.
func (f subscriptionFilter) CanSubscribe(string) bool { return true }

// FilterIncomingSubscriptions is part of pubsub.SubscriptionFilter. Topics that
// are not joined here are kept too, up to the limit: they may be joined later,
// and a peer announces itself only once. Those of a topic the peer was expelled
// from are not.
func (f subscriptionFilter) FilterIncomingSubscriptions(id peer.ID, subs []*pb.RPC_SubOpts) ([]*pb.RPC_SubOpts, error) {
	if len(subs) > maxSubscriptions {
		return nil, pubsub.ErrTooManySubscriptions
	}
	return pubsub.FilterSubscriptions(subs, func(topic string) bool {
		f.g.allows(id, topic) // the roster learns of the peer before it asks for anything
		return len(topic) <= maxTopicBytes && !f.g.expelled(id, topic)
	}), nil
}

// maxTopicBytes is longer than any topic name of ours.
const maxTopicBytes = 64

// topic finds a joined topic.
func (g *Gossip) topic(name string) *Topic {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.topics[name]
}

// allows is gossipsub's peer filter: who takes part in the mesh of a topic,
// and is asked for and offered messages. A peer not known yet is not; gossipsub
// asks again at its next heartbeat.
func (g *Gossip) allows(id peer.ID, name string) bool {
	t := g.topic(name)
	if t == nil {
		return false
	}
	d, err := transport.DeviceOf(id)
	return err == nil && t.roster.get(d).allowed
}

// expelled reports whether a peer was removed from a document and not let in
// again.
func (g *Gossip) expelled(id peer.ID, name string) bool {
	t := g.topic(name)
	if t == nil {
		return false
	}
	d, err := transport.DeviceOf(id)
	return err == nil && t.roster.isExpelled(d)
}

// Close leaves every topic and ends gossip. It returns when all goroutines of
// the topics have ended.
func (g *Gossip) Close() error {
	g.mu.Lock()
	g.closed = true
	topics := make([]*Topic, 0, len(g.topics))
	for _, t := range g.topics {
		topics = append(topics, t)
	}
	g.mu.Unlock()
	for _, t := range topics {
		_ = t.Close()
	}
	g.cancel()
	g.wg.Wait()
	return nil
}

// Join takes part in a topic on behalf of a document.
func (g *Gossip) Join(name string, doc Document) (*Topic, error) {
	t := newTopic(g, name, doc)
	g.mu.Lock()
	switch {
	case g.closed:
		g.mu.Unlock()
		return nil, ErrClosed
	case g.topics[name] != nil:
		g.mu.Unlock()
		return nil, fmt.Errorf("%w: %s", ErrJoined, name)
	}
	g.topics[name] = t
	g.mu.Unlock()
	if err := t.start(); err != nil {
		g.forget(t)
		return nil, fmt.Errorf("join topic: %w", err)
	}
	return t, nil
}

func (g *Gossip) forget(t *Topic) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.topics[t.name] == t {
		delete(g.topics, t.name)
	}
}
