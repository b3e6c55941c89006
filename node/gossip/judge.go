package gossip

import (
	"errors"
	"time"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/wire"
)

// judge decides on the messages of one topic, cheap checks first. One
// goroutine uses it.
type judge struct {
	g       *Gossip
	doc     Document
	buckets *buckets
	asked   map[peer.ID]time.Time // when a peer was last asked about unknown authors
}

func newJudge(g *Gossip, doc Document) *judge {
	return &judge{g: g, doc: doc, buckets: newBuckets(g.cfg.Rates), asked: map[peer.ID]time.Time{}}
}

// errRate means that a limit of Rates is reached.
var errRate = errors.New("over the rate limit")

// message judges one message, and returns what to deliver.
func (c *judge) message(from peer.ID, device wire.Device, data []byte, now time.Time) (pubsub.ValidationResult, []Message) {
	if !c.doc.Allows(device) {
		c.g.metrics.strangers.Inc()
		return pubsub.ValidationIgnore, nil
	}
	m, err := decode(data)
	v := verdictOf(err)
	var deliver []Message
	if err == nil {
		switch m.Kind {
		case Entry:
			v, deliver = c.entry(from, m, now)
		case Op:
			v, deliver = c.op(from, m, now)
		case Wrap:
			v, deliver = c.wrap(from, m, now)
		case Presence:
			v, deliver = c.presence(from, m, now)
		}
	}
	kind := m.Kind.String()
	if err != nil {
		kind = "unknown"
	}
	c.g.metrics.judged.WithLabelValues(kind, v.Action.String()).Inc()
	if v.Action == oplog.Reject {
		c.g.log.Info("gossip message rejected", "peer", device.String(), "kind", kind, "err", v.Reason)
	}
	return resultOf(v.Action), deliver
}

func (c *judge) entry(from peer.ID, m Message, now time.Time) (oplog.Verdict, []Message) {
	e, err := oplog.Decode(m.Body)
	if err != nil {
		return oplog.VerdictOf(err), nil
	}
	m.Entry = e
	count := bucketKey{kind: entryCount, peer: from, author: e.Author}
	size := bucketKey{kind: entryBytes, peer: from, author: e.Author}
	if !c.buckets.take(count, 1, now) || !c.buckets.take(size, float64(len(m.Body)), now) {
		return ignore(errRate), []Message{{Kind: Gap, Entry: e}}
	}
	v := c.doc.CheckEntry(e)
	switch {
	case v.Action == oplog.Accept, v.Keep():
		return v, []Message{m}
	case errors.Is(v.Reason, oplog.ErrGap), errors.Is(v.Reason, oplog.ErrPrev):
		return v, []Message{{Kind: Gap, Entry: e}}
	case errors.Is(v.Reason, oplog.ErrNoAuthority):
		return v, c.unknownAuthor(from, now)
	}
	return v, nil
}

// unknownAuthor asks for the access ops a peer seems to know, now and then.
func (c *judge) unknownAuthor(from peer.ID, now time.Time) []Message {
	if at, ok := c.asked[from]; ok && now.Sub(at) < authorityInterval {
		return nil
	}
	if len(c.asked) >= maxBuckets {
		clear(c.asked)
	}
	c.asked[from] = now
	return []Message{{Kind: Gap}}
}

func (c *judge) op(from peer.ID, m Message, now time.Time) (oplog.Verdict, []Message) {
	if !c.buckets.take(bucketKey{kind: opCount, peer: from}, 1, now) {
		return ignore(errRate), c.unknownAuthor(from, now)
	}
	v := c.doc.CheckOp(m.Body)
	if v.Action != oplog.Accept {
		return v, nil
	}
	return v, []Message{m}
}

func (c *judge) wrap(from peer.ID, m Message, now time.Time) (oplog.Verdict, []Message) {
	if !c.buckets.take(bucketKey{kind: wrapCount, peer: from}, 1, now) {
		return ignore(errRate), nil
	}
	w, err := access.DecodeWrap(m.Body)
	if err != nil {
		return oplog.VerdictOf(err), nil
	}
	if !w.Verify() {
		return oplog.Verdict{Action: oplog.Reject, Reason: oplog.ErrSignature}, nil
	}
	return oplog.Verdict{}, []Message{m}
}

func (c *judge) presence(from peer.ID, m Message, now time.Time) (oplog.Verdict, []Message) {
	p, err := oplog.DecodePresence(m.Body)
	if err != nil {
		return oplog.VerdictOf(err), nil
	}
	if !c.buckets.take(bucketKey{kind: presenceCount, peer: from, author: p.Author}, 1, now) {
		return ignore(errRate), nil
	}
	v := c.doc.CheckPresence(m.Body)
	if v.Action != oplog.Accept {
		return v, nil
	}
	return v, []Message{m}
}

// verdictOf judges a message by the error of decoding its envelope.
func verdictOf(err error) oplog.Verdict {
	if errors.Is(err, errUnknownKind) {
		return ignore(err)
	}
	return oplog.VerdictOf(err)
}

func ignore(reason error) oplog.Verdict {
	return oplog.Verdict{Action: oplog.Ignore, Reason: reason}
}

// resultOf is a verdict in gossipsub's words.
func resultOf(a oplog.Action) pubsub.ValidationResult {
	switch a {
	case oplog.Accept:
		return pubsub.ValidationAccept
	case oplog.Reject:
		return pubsub.ValidationReject
	}
	return pubsub.ValidationIgnore
}
