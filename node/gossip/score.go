package gossip

import (
	"sync"
	"time"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/sheafdocs/sheaf/node/transport"
	"github.com/sheafdocs/sheaf/node/wire"
)

// stranger reports whether a peer is known to be a member of no joined topic.
func (g *Gossip) stranger(id peer.ID) bool {
	d, err := transport.DeviceOf(id)
	if err != nil {
		return true
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, t := range g.topics {
		if s := t.roster.get(d); s.allowed || !s.known {
			return false
		}
	}
	return true
}

// Scores of peers, as gossipsub adds them up.
const (
	rejectWeight  = -10.0 // times the square of the number of rejected messages
	rejectDecay   = 0.995 // of that number, each second: half in 2.3 minutes
	strangerScore = -150  // of a peer that is a member of nothing here
	gossipBelow   = -40   // nothing is gossiped with it
	publishBelow  = -100  // own messages are not sent to it
	graylistBelow = -200  // nothing is taken from it: five rejected messages
)

// scoring tells gossipsub how to score peers: only what nodes rightly reject
// counts, and strangers get no messages. Being slow or behind a shared address
// costs nothing.
func (g *Gossip) scoring() (*pubsub.PeerScoreParams, *pubsub.PeerScoreThresholds) {
	params := &pubsub.PeerScoreParams{
		Topics: map[string]*pubsub.TopicScoreParams{},
		AppSpecificScore: func(id peer.ID) float64 {
			if g.stranger(id) {
				return strangerScore
			}
			return 0
		},
		AppSpecificWeight:         1,
		BehaviourPenaltyWeight:    -1,
		BehaviourPenaltyThreshold: 10,
		BehaviourPenaltyDecay:     0.95,
		DecayInterval:             time.Second,
		DecayToZero:               0.01,
		RetainScore:               30 * time.Minute,
	}
	return params, &pubsub.PeerScoreThresholds{
		GossipThreshold:             gossipBelow,
		PublishThreshold:            publishBelow,
		GraylistThreshold:           graylistBelow,
		AcceptPXThreshold:           1000,
		OpportunisticGraftThreshold: 0,
	}
}

// topicScoring counts rejected messages, and nothing else.
func topicScoring() *pubsub.TopicScoreParams {
	return &pubsub.TopicScoreParams{
		SkipAtomicValidation:           true,
		TopicWeight:                    1,
		TimeInMeshQuantum:              time.Second,
		InvalidMessageDeliveriesWeight: rejectWeight,
		InvalidMessageDeliveriesDecay:  rejectDecay,
	}
}

// scoreInterval is how often gossipsub is asked for the scores.
const scoreInterval = 10 * time.Second

// scores are those that gossipsub told last.
type scores struct {
	graylisted prometheus.Gauge

	mu sync.Mutex
	m  map[peer.ID]float64
}

// set takes what gossipsub tells. It is called from a goroutine of its own.
func (s *scores) set(m map[peer.ID]float64) {
	n := 0
	for _, score := range m {
		if score < graylistBelow {
			n++
		}
	}
	s.graylisted.Set(float64(n))
	s.mu.Lock()
	s.m = m
	s.mu.Unlock()
}

// Score is what gossipsub held against a device when it was last asked, at most
// scoreInterval ago: 0 is nothing, below zero is worse. Graylisted says whether
// nothing is taken from the device any more for it.
func (g *Gossip) Score(d wire.Device) (score float64, graylisted bool) {
	id, err := transport.PeerID(d)
	if err != nil {
		return 0, false
	}
	g.scores.mu.Lock()
	defer g.scores.mu.Unlock()
	score = g.scores.m[id]
	return score, score < graylistBelow
}
