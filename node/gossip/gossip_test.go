package gossip_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	pubsub "github.com/libp2p/go-libp2p-pubsub"

	"github.com/sheafdocs/sheaf/node/gossip"
	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/replication"
	"github.com/sheafdocs/sheaf/node/replication/replicationtest"
	"github.com/sheafdocs/sheaf/node/transport/transporttest"
	"github.com/sheafdocs/sheaf/node/wire"
)

const topicName = "sheaf/1/testtopic"

// member is a node's document as gossip sees it, with its Gossip.
type member struct {
	replica *replicationtest.Replica
	doc     *replicationtest.Document
	gossip  *gossip.Gossip
	topic   *gossip.Topic

	mu        sync.Mutex
	got       []gossip.Message
	slow      time.Duration
	forbidden map[wire.Device]bool
}

func (m *member) Allows(d wire.Device) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return !m.forbidden[d] && m.doc.Serves(d)
}

func (m *member) CheckEntry(e *oplog.Entry) oplog.Verdict { return m.doc.CheckEntry(e) }

func (m *member) CheckOp(raw []byte) oplog.Verdict {
	if string(raw) == "bad" {
		return oplog.Verdict{Action: oplog.Reject, Reason: oplog.ErrSignature}
	}
	return oplog.Verdict{}
}

func (m *member) CheckPresence([]byte) oplog.Verdict { return oplog.Verdict{} }

func (m *member) Deliver(_ wire.Device, msg gossip.Message) {
	m.mu.Lock()
	slow := m.slow
	m.got = append(m.got, msg)
	m.mu.Unlock()
	if slow > 0 {
		time.Sleep(slow)
	}
	if msg.Kind == gossip.Entry {
		// What a node does: the entry is in its chain before the next is judged.
		_ = m.replica.Receive(replication.Delivery{Doc: m.doc.ID(), Entries: [][]byte{msg.Body}})
	}
}

// count returns how many messages of a kind were delivered.
func (m *member) count(k gossip.Kind) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := 0
	for _, msg := range m.got {
		if msg.Kind == k {
			n++
		}
	}
	return n
}

// messages returns what was delivered.
func (m *member) messages() []gossip.Message {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.got)
}

func (m *member) publish(t *testing.T, k gossip.Kind, body []byte) {
	t.Helper()
	if err := m.topic.Publish(context.Background(), gossip.Message{Kind: k, Body: body}); err != nil {
		t.Fatal(err)
	}
}

// group is the members of one document on a simulated network.
type group struct {
	*transporttest.Network
	members []*member
}

// simulate runs a test with n members, all connected with member 0, and
// waits until they know each other's topics.
func simulate(t *testing.T, n int, rates gossip.Rates, f func(t *testing.T, g *group)) {
	t.Helper()
	var keys []*identity.Key
	for i := range n {
		keys = append(keys, replicationtest.Key(i+1))
	}
	transporttest.Simulate(t, keys, func(t *testing.T, net *transporttest.Network) {
		g := &group{Network: net}
		owner := replicationtest.New(keys[0])
		d := owner.Create(1)
		d.Admit(d.Invite(1), keys[1:]...)
		for i := range keys {
			m := &member{replica: owner, doc: d, forbidden: map[wire.Device]bool{}}
			if i > 0 {
				m.replica = replicationtest.New(keys[i])
				m.doc = d.Copy(m.replica)
			}
			var err error
			if m.gossip, err = gossip.New(gossip.Config{Host: net.Hosts[i], Rates: rates}); err != nil {
				t.Fatal(err)
			}
			if m.topic, err = m.gossip.Join(topicName, m); err != nil {
				t.Fatal(err)
			}
			g.members = append(g.members, m)
		}
		defer func() {
			for _, m := range g.members {
				if err := m.gossip.Close(); err != nil {
					t.Error(err)
				}
			}
		}()
		for i := 1; i < n; i++ {
			net.Connect(t, 0, i)
		}
		time.Sleep(3 * time.Second)
		f(t, g)
	})
}

func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }

func TestEntriesReachEveryMember(t *testing.T) {
	simulate(t, 5, gossip.Rates{}, func(t *testing.T, g *group) {
		const n = 60
		for _, e := range g.members[1].doc.Write(newRand(1), 0, n, 200) {
			g.members[1].publish(t, gossip.Entry, e.Raw)
		}
		took := transporttest.Within(t, 2*time.Second, func() bool {
			return !slices.ContainsFunc(g.members, func(m *member) bool { return m.doc.Len() < n })
		})
		t.Logf("%d entries at 5 members after %v", n, took)
		for i, m := range g.members {
			want := n
			if i == 1 {
				want = 0 // not its own
			}
			if got := m.count(gossip.Entry); got != want || m.count(gossip.Gap) != 0 {
				t.Errorf("member %d: %d entries and %d gaps delivered", i, got, m.count(gossip.Gap))
			}
		}
	})
}

func TestFirstMessageAfterJoining(t *testing.T) {
	simulate(t, 2, gossip.Rates{}, func(t *testing.T, g *group) {
		m := g.members[1]
		if err := m.topic.Close(); err != nil {
			t.Fatal(err)
		}
		if err := m.topic.Close(); err != nil {
			t.Fatal(err)
		}
		var err error
		if m.topic, err = m.gossip.Join(topicName, m); err != nil {
			t.Fatal(err)
		}
		time.Sleep(50 * time.Millisecond)
		e := g.members[0].doc.Write(newRand(1), 0, 1, 50)[0]
		g.members[0].publish(t, gossip.Entry, e.Raw)
		transporttest.Within(t, 200*time.Millisecond, func() bool { return m.doc.Len() == 1 })
	})
}

func TestGapIsReported(t *testing.T) {
	simulate(t, 2, gossip.Rates{}, func(t *testing.T, g *group) {
		entries := g.members[0].doc.Write(newRand(1), 0, 3, 50)
		g.members[0].publish(t, gossip.Entry, entries[2].Raw)
		time.Sleep(time.Second)
		m := g.members[1]
		if m.count(gossip.Gap) != 1 || m.count(gossip.Entry) != 0 {
			t.Fatalf("%d gaps and %d entries delivered", m.count(gossip.Gap), m.count(gossip.Entry))
		}
		if e := m.messages()[0].Entry; e == nil || e.ID != entries[2].ID {
			t.Error("the gap does not name the entry")
		}
	})
}

// A member that sends what any node rejects is soon not listened to.
func TestRejectsGraylist(t *testing.T) {
	simulate(t, 3, gossip.Rates{}, func(t *testing.T, g *group) {
		bad := g.members[2]
		for i := range byte(6) {
			raw := slices.Clone(bad.doc.Write(newRand(uint64(i)), uint32(10+i), 1, 50)[0].Raw)
			raw[len(raw)-1]++ // the signature
			bad.publish(t, gossip.Entry, raw)
			time.Sleep(200 * time.Millisecond)
		}
		before := g.members[0].count(gossip.Gap) + g.members[0].count(gossip.Entry)
		good := bad.doc.Write(newRand(9), 1, 1, 50)[0]
		bad.publish(t, gossip.Entry, good.Raw)
		time.Sleep(time.Second)
		if n := g.members[0].count(gossip.Gap) + g.members[0].count(gossip.Entry); n != before {
			t.Errorf("member 0 still listens to the faulty member: %d, %d", before, n)
		}
		// The others hear each other as before.
		e := g.members[1].doc.Write(newRand(5), 0, 1, 50)[0]
		g.members[1].publish(t, gossip.Entry, e.Raw)
		transporttest.Within(t, time.Second, func() bool { return g.members[0].count(gossip.Entry) == 1 })
	})
}

// Who has no role is neither heard nor, but for what everyone on the network
// path sees, told anything.
func TestStrangersTakeNoPart(t *testing.T) {
	simulate(t, 3, gossip.Rates{}, func(t *testing.T, g *group) {
		stranger := g.members[2]
		for _, m := range g.members[:2] {
			m.mu.Lock()
			m.forbidden[stranger.replica.Key.Device()] = true
			m.mu.Unlock()
		}
		time.Sleep(2 * time.Second) // membership is remembered for a moment
		e := stranger.doc.Write(newRand(1), 0, 1, 50)[0]
		stranger.publish(t, gossip.Entry, e.Raw)
		own := g.members[1].doc.Write(newRand(2), 0, 1, 50)[0]
		g.members[1].publish(t, gossip.Entry, own.Raw)
		time.Sleep(2 * time.Second)
		if n := g.members[0].count(gossip.Entry); n != 1 {
			t.Errorf("member 0 got %d entries, want only the member's", n)
		}
		if n := stranger.count(gossip.Entry); n != 0 {
			t.Errorf("the stranger got %d entries", n)
		}
	})
}

func TestF28FloodIsLimited(t *testing.T) {
	simulate(t, 3, gossip.Rates{}, func(t *testing.T, g *group) {
		flood := g.members[2].doc.Write(newRand(1), 0, 400, 50)
		for _, e := range flood {
			g.members[2].publish(t, gossip.Entry, e.Raw)
		}
		quiet := g.members[1].doc.Write(newRand(2), 0, 10, 50)
		for _, e := range quiet {
			g.members[1].publish(t, gossip.Entry, e.Raw)
			time.Sleep(50 * time.Millisecond)
		}
		time.Sleep(time.Second)
		m := g.members[0]
		fromFlood, fromQuiet := 0, 0
		for _, msg := range m.messages() {
			switch {
			case msg.Kind != gossip.Entry:
			case msg.Entry.Author == g.members[2].replica.Key.Device():
				fromFlood++
			default:
				fromQuiet++
			}
		}
		if fromQuiet != len(quiet) {
			t.Errorf("%d of the quiet author's %d entries arrived", fromQuiet, len(quiet))
		}
		if fromFlood > 150 || fromFlood < 100 {
			t.Errorf("%d of the flooding author's entries were taken", fromFlood)
		}
		if m.count(gossip.Gap) == 0 {
			t.Error("nobody was told that entries were passed over")
		}
	})
}

// A document that does not keep up loses messages and is told so; gossip goes
// on for everyone else.
func TestSlowDocument(t *testing.T) {
	fast := gossip.Rates{AuthorEntries: 1e6, AuthorBurst: 1e6, AuthorBytes: 1e9}
	simulate(t, 3, fast, func(t *testing.T, g *group) {
		g.members[1].mu.Lock()
		g.members[1].slow = 100 * time.Millisecond
		g.members[1].mu.Unlock()
		const n = 2000
		for i, e := range g.members[0].doc.Write(newRand(1), 0, n, 100) {
			g.members[0].publish(t, gossip.Entry, e.Raw)
			if i%50 == 49 {
				time.Sleep(10 * time.Millisecond) // as fast as the link takes it
			}
		}
		transporttest.Within(t, 5*time.Second, func() bool { return g.members[2].doc.Len() == n })
		time.Sleep(5 * time.Minute)
		m := g.members[1]
		if m.count(gossip.Gap) == 0 || m.doc.Len() == n {
			t.Errorf("%d gaps, %d entries at the slow document", m.count(gossip.Gap), m.doc.Len())
		}
	})
}

func TestWrongMessages(t *testing.T) {
	simulate(t, 2, gossip.Rates{}, func(t *testing.T, g *group) {
		if err := g.members[0].topic.Publish(context.Background(), gossip.Message{Kind: gossip.Presence, Body: make([]byte, 2000)}); !errors.Is(err, gossip.ErrTooLarge) {
			t.Errorf("long presence: %v", err)
		}
		if err := g.members[0].topic.Publish(context.Background(), gossip.Message{Kind: gossip.Gap}); err != nil {
			t.Logf("gap: %v", err)
		} else {
			t.Error("a Gap was published")
		}
		if _, err := g.members[0].gossip.Join(topicName, g.members[0]); !errors.Is(err, gossip.ErrJoined) {
			t.Errorf("joining twice: %v", err)
		}
		if err := g.members[0].gossip.Close(); err != nil {
			t.Error(err)
		}
		if _, err := g.members[0].gossip.Join("other", g.members[0]); !errors.Is(err, gossip.ErrClosed) {
			t.Errorf("joining after Close: %v", err)
		}
		if err := g.members[0].topic.Publish(context.Background(), gossip.Message{}); err == nil || errors.Is(err, pubsub.ErrEmptyPeerID) {
			t.Errorf("publishing after Close: %v", err)
		}
	})
}

// A device that was connected and in the topic before it was let in takes part
// soon after, also by way of a third one.
func TestMemberLetInLater(t *testing.T) {
	simulate(t, 3, gossip.Rates{}, func(t *testing.T, g *group) {
		late := g.members[2].replica.Key.Device()
		forbid := func(yes bool) {
			for _, m := range g.members[:2] {
				m.mu.Lock()
				m.forbidden[late] = yes
				m.mu.Unlock()
			}
		}
		forbid(true)
		if err := g.members[2].topic.Close(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		var err error
		if g.members[2].topic, err = g.members[2].gossip.Join(topicName, g.members[2]); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second) // gossipsub tries, and is ignored
		forbid(false)
		time.Sleep(3 * time.Second)
		e := g.members[2].doc.Write(newRand(1), 0, 1, 50)[0]
		g.members[2].publish(t, gossip.Entry, e.Raw)
		took := transporttest.Within(t, 2*time.Second, func() bool { return g.members[1].doc.Len() == 1 })
		t.Logf("from the new member by way of another: %v", took)
		own := g.members[1].doc.Write(newRand(2), 0, 1, 50)[0]
		g.members[1].publish(t, gossip.Entry, own.Raw)
		took = transporttest.Within(t, 2*time.Second, func() bool { return g.members[2].doc.Len() == 2 })
		t.Logf("to the new member: %v", took)
	})
}

// lockedDocument is a document whose owner holds its lock while it joins. The
// lock is a channel: virtual time stands still while someone waits for a Mutex.
type lockedDocument struct {
	*member
	lock chan struct{} // capacity 1
}

func (d *lockedDocument) Allows(dev wire.Device) bool {
	d.lock <- struct{}{}
	defer func() { <-d.lock }()
	return d.member.Allows(dev)
}

// Joining under the lock that Allows takes is safe, even while gossipsub asks
// for the topic's members.
func TestJoinUnderLock(t *testing.T) {
	simulate(t, 3, gossip.Rates{}, func(t *testing.T, g *group) {
		m := g.members[2]
		if err := m.topic.Close(); err != nil {
			t.Fatal(err)
		}
		d := &lockedDocument{member: m, lock: make(chan struct{}, 1)}
		d.lock <- struct{}{}
		var err error
		if m.topic, err = m.gossip.Join(topicName, d); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second) // heartbeats, while the document is busy
		e := g.members[1].doc.Write(newRand(1), 0, 1, 50)[0]
		g.members[1].publish(t, gossip.Entry, e.Raw)
		time.Sleep(time.Second)
		<-d.lock
		transporttest.Within(t, 2*time.Second, func() bool { return m.doc.Len() == 1 })
	})
}
