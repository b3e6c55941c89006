package sync_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/network"

	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/replication"
	"github.com/sheafdocs/sheaf/node/replication/replicationtest"
	"github.com/sheafdocs/sheaf/node/sync"
	"github.com/sheafdocs/sheaf/node/transport"
	"github.com/sheafdocs/sheaf/node/transport/transporttest"
	"github.com/sheafdocs/sheaf/node/wire"
)

func TestConnectedNodesBecomeEqual(t *testing.T) {
	simulate(t, 2, func(t *testing.T, w *world) {
		doc := w.share(1)
		w.nodes[0].Get(doc).Write(newRand(1), 0, 200, 300)
		w.nodes[1].Get(doc).Write(newRand(2), 0, 100, 300)
		w.Connect(t, 0, 1)
		took := transporttest.Within(t, 2*time.Second, func() bool {
			return replicationtest.Same(doc, w.nodes[0].Replica, w.nodes[1].Replica) == ""
		})
		t.Logf("equal after %v", took)
		for i, n := range w.nodes {
			if got := n.service.PeersOf(doc); len(got) != 1 || got[0] != w.nodes[1-i].Key.Device() {
				t.Errorf("node %d shares the document with %v", i, got)
			}
			if n.up() != 1 || n.began() != 1 {
				t.Errorf("node %d: %d sessions up, %d made", i, n.up(), n.began())
			}
		}
	})
}

// Both nodes dial each other at the same moment.
func TestSimultaneousOpen(t *testing.T) {
	simulate(t, 2, func(t *testing.T, w *world) {
		doc := w.share(1)
		w.nodes[0].Get(doc).Write(newRand(1), 0, 10, 50)
		done := make(chan struct{})
		go func() { w.Connect(t, 0, 1); close(done) }()
		w.Connect(t, 1, 0)
		<-done
		time.Sleep(5 * time.Second)
		w.checkSame(t, doc)
		for i, n := range w.nodes {
			if n.up() != 1 {
				t.Errorf("node %d has %d sessions", i, n.up())
			}
		}
	})
}

func TestChangeIsOffered(t *testing.T) {
	simulate(t, 3, func(t *testing.T, w *world) {
		doc := w.share(1)
		w.Connect(t, 0, 1)
		w.Connect(t, 1, 2)
		time.Sleep(time.Second)
		w.nodes[0].Get(doc).Write(newRand(1), 0, 20, 100)
		w.nodes[0].service.Changed(doc)
		transporttest.Within(t, time.Second, func() bool { return w.nodes[1].Get(doc).Len() == 20 })
		// Node 2 hears of it from node 1, which checks now and then.
		transporttest.Within(t, 2*sync.CheckInterval, func() bool { return w.nodes[2].Get(doc).Len() == 20 })
		w.checkSame(t, doc)
	})
}

func TestGapIsFilledWithinASecond(t *testing.T) {
	simulate(t, 2, func(t *testing.T, w *world) {
		doc := w.share(1)
		w.Connect(t, 0, 1)
		time.Sleep(time.Second)
		from := w.nodes[0].Key.Device()
		for round := range 20 {
			entries := w.nodes[0].Get(doc).Write(newRand(uint64(round)), 0, 3, 100)
			for range 5 { // several messages show the same gap
				w.nodes[1].service.Gap(from, doc, entries[0].Chain())
			}
			took := transporttest.Within(t, time.Second, func() bool { return w.nodes[1].Get(doc).Len() == 3*(round+1) })
			if round == 19 {
				t.Logf("last gap filled after %v", took)
			}
		}
		// Without a chain, and from a peer that is not there: any other is asked.
		w.nodes[0].Get(doc).Write(newRand(99), 1, 3, 100)
		w.nodes[1].service.Gap(replicationtest.Key(50).Device(), doc)
		transporttest.Within(t, time.Second, func() bool { return w.nodes[1].Get(doc).Len() == 63 })
	})
}

// TestSettle: it returns when what the peers have is here, and says how many
// were asked; without a peer it returns at once.
func TestSettle(t *testing.T) {
	simulate(t, 3, func(t *testing.T, w *world) {
		doc := w.share(1)
		if n := w.nodes[0].service.Settle(context.Background(), doc); n != 0 {
			t.Errorf("%d peers answered, there is none", n)
		}
		w.Connect(t, 0, 1)
		w.Connect(t, 0, 2)
		time.Sleep(time.Second)
		w.nodes[1].Get(doc).Write(newRand(1), 0, 400, 500)
		w.nodes[2].Get(doc).Write(newRand(2), 0, 10, 500)
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if n := w.nodes[0].service.Settle(ctx, doc); n != 2 {
			t.Errorf("%d peers answered, want 2", n)
		}
		if got := w.nodes[0].Get(doc).Len(); got != 410 {
			t.Errorf("%d entries are here, want 410", got)
		}
	})
}

func TestPeriodicCheck(t *testing.T) {
	simulate(t, 2, func(t *testing.T, w *world) {
		doc := w.share(1)
		w.Connect(t, 0, 1)
		time.Sleep(time.Second)
		w.nodes[0].Get(doc).Write(newRand(1), 0, 7, 100) // and nobody says so
		transporttest.Within(t, 2*sync.CheckInterval, func() bool { return w.nodes[1].Get(doc).Len() == 7 })
	})
}

func TestReceipts(t *testing.T) {
	simulate(t, 2, func(t *testing.T, w *world) {
		doc := w.share(1)
		w.Connect(t, 0, 1)
		time.Sleep(time.Second)
		entries := w.nodes[0].Get(doc).Write(newRand(1), 0, 5, 100)
		for _, e := range entries {
			r, err := oplog.SignReceipt(w.nodes[1].Key, oplog.Receipt{
				Doc: doc.Short(), Chain: e.Chain(), Seq: e.Seq, Entry: e.ID, TS: time.Now(),
			})
			if err != nil {
				t.Fatal(err)
			}
			w.nodes[1].service.SendReceipts(doc, []oplog.Receipt{r})
		}
		time.Sleep(time.Second)
		n := w.nodes[0]
		n.mu.Lock()
		defer n.mu.Unlock()
		if len(n.receipts) == 0 || n.receipts[len(n.receipts)-1].Seq != 4 {
			t.Fatalf("receipts: %+v", n.receipts)
		}
		if len(n.receipts) > 2 {
			t.Errorf("%d receipts for one chain, want the newest only", len(n.receipts))
		}
	})
}

func TestJoin(t *testing.T) {
	simulate(t, 2, func(t *testing.T, w *world) {
		d := w.nodes[0].Create(1)
		d.Write(newRand(1), 0, 50, 100)
		link := d.Invite(7, transport.Hints(w.nodes[0].host, 8)...)
		link.Hints = append([]string{"/ip4/1.0.0.77/udp/8000/quic-v1/p2p/" + w.nodes[1].host.ID().String()}, link.Hints...)
		joined := w.nodes[1].Await(link)
		if err := w.nodes[1].service.Join(context.Background(), link); err != nil {
			t.Fatal(err)
		}
		if joined.Len() != 50 || joined.WrapCount() == 0 {
			t.Errorf("%d entries and %d wraps when Join returned", joined.Len(), joined.WrapCount())
		}
		transporttest.Within(t, time.Second, joined.Member)
		w.checkSame(t, link.Doc)
		if d.Requests() == 0 {
			t.Error("no request was left")
		}
		// The connection stays, and serves as any other.
		joined.Write(newRand(2), 0, 5, 100)
		w.nodes[1].service.Changed(link.Doc)
		transporttest.Within(t, time.Second, func() bool { return d.Len() == 55 })
		if got := w.nodes[0].service.PeersOf(link.Doc); len(got) != 1 {
			t.Errorf("the new member is not among the peers of the document: %v", got)
		}
	})
}

func TestJoinFails(t *testing.T) {
	simulate(t, 2, func(t *testing.T, w *world) {
		d := w.nodes[0].Create(1)
		link := d.Invite(7)
		dead := "/ip4/1.0.0.99/udp/8000/quic-v1/p2p/" + mustPeer(t, replicationtest.Key(9).Device())

		link.Hints = []string{dead, "nonsense"}
		w.nodes[1].Await(link)
		err := w.nodes[1].service.Join(context.Background(), link)
		if !errors.Is(err, sync.ErrUnreachable) || errors.Is(err, replication.ErrRefused) {
			t.Errorf("nobody there: %v", err)
		}
		var tried *sync.JoinError
		if !errors.As(err, &tried) || len(tried.Attempts) != 2 || !strings.Contains(err.Error(), dead) {
			t.Errorf("the error does not say what was tried: %v", err)
		}

		link.Secret[0]++
		link.Hints = transport.Hints(w.nodes[0].host, 8)
		err = w.nodes[1].service.Join(context.Background(), link)
		if !errors.Is(err, replication.ErrRefused) || errors.Is(err, sync.ErrUnreachable) {
			t.Errorf("wrong secret: %v", err)
		}
		t.Logf("what a person can be told: %v", err)

		link.Hints = nil
		if err := w.nodes[1].service.Join(context.Background(), link); !errors.Is(err, sync.ErrUnreachable) {
			t.Errorf("no hints: %v", err)
		}
	})
}

func TestOfflineAndBack(t *testing.T) {
	simulate(t, 2, func(t *testing.T, w *world) {
		doc := w.share(1)
		w.Connect(t, 0, 1)
		time.Sleep(time.Second)
		a, b := w.nodes[0], w.nodes[1]
		b.service.GoOffline()
		time.Sleep(time.Second)
		if a.up() != 0 || b.up() != 0 || len(a.service.PeersOf(doc)) != 0 {
			t.Fatalf("sessions while offline: %d and %d", a.up(), b.up())
		}
		if err := b.service.Join(context.Background(), a.Get(doc).Invite(3)); !errors.Is(err, sync.ErrOffline) {
			t.Errorf("join while offline: %v", err)
		}
		w.Connect(t, 0, 1) // is refused right after
		time.Sleep(time.Second)
		if a.up() != 0 || b.host.Network().Connectedness(a.host.ID()) == network.Connected {
			t.Error("a connection was taken while offline")
		}
		a.Get(doc).Write(newRand(1), 0, 10, 100)
		b.Get(doc).Write(newRand(2), 0, 10, 100)
		b.service.GoOnline()
		w.Connect(t, 1, 0)
		transporttest.Within(t, 2*time.Second, func() bool { return replicationtest.Same(doc, a.Replica, b.Replica) == "" })
	})
}

// A node whose store takes its time holds up the peer it takes from, and
// nobody else.
func TestSlowHandlerDelaysOnlyItself(t *testing.T) {
	simulate(t, 3, func(t *testing.T, w *world) {
		doc := w.share(1)
		w.nodes[2].mu.Lock()
		w.nodes[2].slow = 2 * time.Second
		w.nodes[2].mu.Unlock()
		w.nodes[0].Get(doc).Write(newRand(1), 0, 600, 2000)
		w.Connect(t, 0, 1)
		w.Connect(t, 0, 2)
		fast := transporttest.Within(t, 5*time.Second, func() bool { return w.nodes[1].Get(doc).Len() == 600 })
		if n := w.nodes[2].Get(doc).Len(); n == 600 {
			t.Errorf("the slow node was done first")
		}
		slow := transporttest.Within(t, time.Minute, func() bool { return w.nodes[2].Get(doc).Len() == 600 })
		t.Logf("fast node %v, slow node %v", fast, fast+slow)
	})
}

// A device that is gone without a word comes back on a new connection.
func TestRestart(t *testing.T) {
	simulate(t, 2, func(t *testing.T, w *world) {
		doc := w.share(1)
		w.Connect(t, 0, 1)
		time.Sleep(time.Second)
		for round := range 3 {
			n := w.nodes[round%2]
			if err := n.service.Close(); err != nil {
				t.Fatal(err)
			}
			n.Get(doc).Write(newRand(uint64(round)), 0, 4, 100)
			time.Sleep(3 * time.Second)
			n.start(t)
			transporttest.Within(t, time.Minute, func() bool { return replicationtest.Same(doc, w.nodes[0].Replica, w.nodes[1].Replica) == "" })
		}
	})
}

func mustPeer(t *testing.T, d wire.Device) string {
	t.Helper()
	id, err := transport.PeerID(d)
	if err != nil {
		t.Fatal(err)
	}
	return id.String()
}

// A network that is cut and healed: both sides notice, nothing is lost, and
// the nodes find each other equal when they are connected again.
func TestF02Partition(t *testing.T) {
	simulate(t, 3, func(t *testing.T, w *world) {
		doc := w.share(1)
		for _, pair := range [][2]int{{0, 1}, {1, 2}, {0, 2}} {
			w.Connect(t, pair[0], pair[1])
		}
		time.Sleep(time.Second)
		w.Partition(2)
		for i, n := range w.nodes {
			n.Get(doc).Write(newRand(uint64(i)), 0, 10, 100)
			n.service.Changed(doc)
		}
		time.Sleep(2 * time.Minute)
		if a, c := w.nodes[0].Get(doc).Len(), w.nodes[2].Get(doc).Len(); a != 20 || c != 10 {
			t.Errorf("%d and %d entries while the network is cut", a, c)
		}
		if w.nodes[2].up() != 0 {
			t.Errorf("%d sessions over a cut network", w.nodes[2].up())
		}
		w.Heal()
		w.Connect(t, 2, 0)
		took := transporttest.Within(t, 5*time.Second, func() bool { return w.nodes[2].Get(doc).Len() == 30 })
		t.Logf("caught up %v after connecting", took)
		transporttest.Within(t, time.Minute, func() bool { return w.nodes[1].Get(doc).Len() == 30 })
		w.checkSame(t, doc)
	})
}
