package node_test

import (
	"context"
	"crypto/rand"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/node"
	"github.com/sheafdocs/sheaf/node/discovery"
	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/store/memstore"
	"github.com/sheafdocs/sheaf/node/transport"
)

// start runs a node on a loopback host of its own.
func start(t *testing.T) *node.Node {
	t.Helper()
	key, err := identity.Generate(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	gate := new(transport.Gate)
	h, err := transport.NewHost(transport.Config{Key: key, LoopbackOnly: true, Gate: gate})
	if err != nil {
		t.Fatal(err)
	}
	st := memstore.New()
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	n, err := node.New(node.Config{Key: key, Store: st, Host: h, Gate: gate, LocalDiscovery: discovery.Off, Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close(); h.Close(); st.Close() })
	return n
}

// await polls until ok says yes.
func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(15 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
		<-time.After(5 * time.Millisecond)
	}
}

func TestTwoNodesShareADocument(t *testing.T) {
	ctx := context.Background()
	a, b := start(t), start(t)
	da, err := a.Create(ctx, "Plan")
	if err != nil {
		t.Fatal(err)
	}
	write := func(d *node.Document, s string) {
		t.Helper()
		if err := d.Edit(ctx, func(tx *crdt.Txn, doc *crdt.Doc) error {
			return doc.Text("text").Insert(tx, doc.Text("text").Len(), s)
		}); err != nil {
			t.Fatal(err)
		}
	}
	write(da, "hello ")
	link, err := da.Share(ctx)
	if err != nil {
		t.Fatal(err)
	}
	db, err := b.Join(ctx, link)
	if err != nil {
		t.Fatal(err)
	}
	await(t, "B to be let in", func() bool { return db.State() == node.StateReady })
	await(t, "B to have the text", func() bool { return db.Text() == "hello " && db.Title() == "Plan" })
	write(db, "world")
	await(t, "A to have B's text", func() bool { return da.Text() == "hello world" })
	await(t, "A's receipt at B", func() bool {
		h := db.Holders()
		return len(h) == 1 && h[0].Complete
	})
	ha, _ := da.StateHash()
	hb, _ := db.StateHash()
	if ha != hb {
		t.Fatalf("state hashes differ: %x, %x", ha, hb)
	}
}
