package gossip_test

import (
	"testing"
	"time"

	"github.com/sheafdocs/sheaf/node/gossip"
	"github.com/sheafdocs/sheaf/node/transport/transporttest"
	"github.com/sheafdocs/sheaf/node/wire"
)

// otherDocument is a second document of the same members, from which nobody is
// ever removed.
type otherDocument struct{ *member }

func (otherDocument) Allows(wire.Device) bool { return true }

// TestRemovedDeviceIsSentNothing removes a device that knows the topic and is
// still a member of another document: from the review on it is sent no message
// of the topic, also after it has connected again, until it is let in anew.
func TestRemovedDeviceIsSentNothing(t *testing.T) {
	simulate(t, 3, gossip.Rates{}, func(t *testing.T, g *group) {
		for _, m := range g.members {
			if _, err := m.gossip.Join("sheaf/1/other", otherDocument{m}); err != nil {
				t.Fatal(err)
			}
		}
		owner, removed := g.members[0], g.members[2]
		e := owner.doc.Write(newRand(1), 0, 1, 50)[0]
		owner.publish(t, gossip.Entry, e.Raw)
		transporttest.Within(t, 2*time.Second, func() bool { return removed.doc.Len() == 1 })

		forbid := func(yes bool) {
			for _, m := range g.members[:2] {
				m.mu.Lock()
				m.forbidden[removed.replica.Key.Device()] = yes
				m.mu.Unlock()
				m.topic.Review()
			}
		}
		forbid(true)
		e = owner.doc.Write(newRand(2), 0, 1, 50)[0]
		owner.publish(t, gossip.Entry, e.Raw)
		time.Sleep(3 * time.Second)
		g.Connect(t, 0, 2)
		g.Connect(t, 1, 2)
		time.Sleep(5 * time.Second)
		e = owner.doc.Write(newRand(3), 0, 1, 50)[0]
		owner.publish(t, gossip.Entry, e.Raw)
		time.Sleep(3 * time.Second)
		if got := removed.count(gossip.Entry); got != 1 {
			t.Errorf("the removed device was sent %d entries, want the one from before", got)
		}
		if got := g.members[1].doc.Len(); got != 3 {
			t.Errorf("the other member has %d entries, want 3", got)
		}

		forbid(false)
		time.Sleep(3 * time.Second)
		g.Connect(t, 0, 2)
		time.Sleep(5 * time.Second)
		e = owner.doc.Write(newRand(4), 5, 1, 50)[0] // a chain of its own: it has no gap
		owner.publish(t, gossip.Entry, e.Raw)
		transporttest.Within(t, 3*time.Second, func() bool { return removed.doc.Len() == 2 })
	})
}
