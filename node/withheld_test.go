//go:build !js

package node_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/sheafdocs/sheaf/node"
	"github.com/sheafdocs/sheaf/node/discovery"
	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/replication"
	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/store/memstore"
	"github.com/sheafdocs/sheaf/node/sync"
	"github.com/sheafdocs/sheaf/node/transport"
	"github.com/sheafdocs/sheaf/node/wire"
)

// withholder is a member's device that takes everything, tells truly what it
// holds, and delivers of one chain only the beginning.
type withholder struct {
	*node.Node
	chain wire.ChainID
	until uint64
}

func (w *withholder) Documents(wire.Device) []wire.DocID {
	var ids []wire.DocID
	for _, d := range w.Node.Documents() {
		ids = append(ids, d.ID())
	}
	return ids
}

func (w *withholder) Document(id wire.DocID) (replication.Document, bool) {
	d, err := w.Node.Document(id)
	return withheldDocument{d, w}, err == nil
}

func (w *withholder) VerifyInvite(replication.InviteClaim) (wire.SealHash, bool) {
	return wire.SealHash{}, false
}

func (w *withholder) PeerUp(wire.Device)   {}
func (w *withholder) PeerDown(wire.Device) {}

type withheldDocument struct {
	*node.Document
	w *withholder
}

func (d withheldDocument) Entries(line wire.ChainID, from uint64, maxBytes int) ([][]byte, error) {
	if line != d.w.chain {
		return d.Document.Entries(line, from, maxBytes)
	}
	raws, err := d.Document.Entries(line, 0, maxBytes)
	if from >= d.w.until || err != nil {
		return nil, err
	}
	return raws[from:d.w.until], nil
}

// newWithholder keeps back what one chain has after and had not before.
func newWithholder(before, after map[wire.ChainID][][]byte) (w *withholder, missing int) {
	w = &withholder{}
	for chain, raws := range after {
		if n := len(raws) - len(before[chain]); n > 0 {
			w.chain, w.until, missing = chain, uint64(len(before[chain])), n
		}
	}
	return w, missing
}

// serve has the device of a seat withhold, until the test ends. It returns what
// connects it with another.
func (w *withholder) serve(t *testing.T, s seat) (meet func(peer.AddrInfo)) {
	t.Helper()
	h, err := transport.NewHost(transport.Config{Key: s.key, LoopbackOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	if w.Node, err = node.New(node.Config{Key: s.key, Store: s.st}); err != nil {
		t.Fatal(err)
	}
	served, err := sync.New(sync.Config{Host: h, Key: s.key, Replica: w, Handler: w})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(served.Close(), w.Node.Close(), h.Close()); err != nil {
			t.Error(err)
		}
	})
	return func(address peer.AddrInfo) {
		t.Helper()
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := h.Connect(ctx, address); err != nil {
			t.Fatal(err)
		}
	}
}

// withheldOf is what a node tells of a document, in the list and in the panel.
func withheldOf(t *testing.T, n *node.Node, id wire.DocID) (int, node.Holding) {
	t.Helper()
	d, err := n.Document(id)
	if err != nil {
		t.Fatal(err)
	}
	h, err := d.Holding(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, m := range h.Withheld {
		count += m.Count
	}
	if d.Info().Withheld != count {
		t.Errorf("the list says %d, the panel %d", d.Info().Withheld, count)
	}
	return count, h
}

// seat is a device with its store, which can run as a node or otherwise.
type seat struct {
	key *identity.Key
	st  store.Store
}

func newSeat(t *testing.T) seat {
	st := memstore.New()
	t.Cleanup(func() { st.Close() })
	return seat{newKey(t), st}
}

// serve runs a node on the seat, until stop.
func (s seat) serve(t *testing.T, now func() time.Time) (n *node.Node, address peer.AddrInfo, stop func()) {
	t.Helper()
	gate := new(transport.Gate)
	h, err := transport.NewHost(transport.Config{Key: s.key, LoopbackOnly: true, Gate: gate})
	if err != nil {
		t.Fatal(err)
	}
	n, err = node.New(node.Config{Key: s.key, Store: s.st, Host: h, Gate: gate, LocalDiscovery: discovery.Off, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	done := false
	stop = func() {
		if done {
			return
		}
		done = true
		if err := n.Close(); err != nil {
			t.Error(err)
		}
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(stop)
	return n, peer.AddrInfo{ID: h.ID(), Addrs: h.Addrs()}, stop
}

// entriesOf reads everything a node holds of a document.
func entriesOf(t *testing.T, d *node.Document) map[wire.ChainID][][]byte {
	t.Helper()
	all := map[wire.ChainID][][]byte{}
	for chain := range d.Summary().Vector {
		raws, err := d.Entries(chain, 0, 16<<20)
		if err != nil {
			t.Fatal(err)
		}
		all[chain] = raws
	}
	return all
}

// TestWithheldEntriesAreNoticed is the malicious relay of replication.md §11,
// played by a member's device: it holds an author's newest entries, and keeps
// them back. The reader is told how many exist and of whom, also after a
// restart, and no more once another device delivers them.
func TestWithheldEntriesAreNoticed(t *testing.T) {
	author, keeper, reader := newSeat(t), newSeat(t), newSeat(t)
	a, _, stopA := author.serve(t, nil)
	b, _, stopB := keeper.serve(t, nil)
	var ahead atomic.Int64 // C's clock against the others'
	clock := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	c, _, stopC := reader.serve(t, clock)
	da := create(t, a, "")
	db, dc := joinBy(t, b, da), joinBy(t, c, da)
	e := edit(t, da)
	e.typeText("delivered ")
	await(t, "C to have the text", func() bool { return dc.Text() == "delivered " })
	before := entriesOf(t, da)

	// C is away while A writes on; B hears it all.
	stopC()
	for i := range 12 {
		e.typeText(fmt.Sprint(i))
		want := da.Text()
		await(t, "B to have the text", func() bool { return db.Text() == want })
	}
	stopA()
	stopB()
	after := entriesOf(t, da)

	w, missing := newWithholder(before, after)
	if missing < 2 {
		t.Fatalf("A made %d entries", missing)
	}
	meet := w.serve(t, keeper)
	withheld := func(n *node.Node) (int, node.Holding) { return withheldOf(t, n, da.ID()) }
	c, addrC, stopC := reader.serve(t, clock)
	meet(addrC)
	await(t, "C to know that something exists", func() bool { return node.KnownMissing(c, da.ID()) == missing })
	if n, _ := withheld(c); n != 0 {
		t.Errorf("%d entries count as withheld at once", n)
	}
	stopC()
	ahead.Store(int64(time.Minute))
	c, _, stopC = reader.serve(t, clock)
	n, h := withheld(c)
	if n != missing || len(h.Withheld) != 1 || h.Withheld[0].Device != a.Device() {
		t.Errorf("after a restart %+v are withheld, want %d of A", h.Withheld, missing)
	}

	// Another device that has them delivers them.
	dc, err := c.Document(da.ID())
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Receive(context.Background(), a.Device(), replication.Delivery{Doc: da.ID(), Entries: after[w.chain]}); err != nil {
		t.Fatal(err)
	}
	await(t, "C to have all", func() bool { n, _ := withheld(c); return n == 0 && dc.Text() == da.Text() })
	stopC()
}

// TestReceiptsTellOfMissingEntries gives a node a member's receipt for entries
// that it has not got, and a stranger's, which counts for nothing.
func TestReceiptsTellOfMissingEntries(t *testing.T) {
	a, b, stranger := start(t), start(t), newKey(t)
	da := create(t, a, "")
	db := joinBy(t, b, da)
	write(t, da, "hello")
	await(t, "B to have the text", func() bool { return db.Text() == "hello" })
	var chain wire.ChainID
	for id := range da.Summary().Vector {
		chain = id
	}
	far, err := oplog.SignReceipt(stranger, oplog.Receipt{Doc: da.ID().Short(), Chain: chain, Seq: 1000})
	if err != nil {
		t.Fatal(err)
	}
	b.Receipts(a.Device(), []oplog.Receipt{far})
	if n := node.KnownMissing(b, da.ID()); n != 0 {
		t.Errorf("a stranger's receipt makes %d entries missing", n)
	}
	far.Device = a.Device() // sync has verified the signature
	b.Receipts(a.Device(), []oplog.Receipt{far})
	if n := node.KnownMissing(b, da.ID()); n < 999 {
		t.Errorf("after a member's receipt %d entries are missing", n)
	}
}
