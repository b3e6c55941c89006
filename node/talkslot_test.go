//go:build !js

package node_test

import (
	"context"
	"strings"
	"testing"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/node"
	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/replication"
	"github.com/sheafdocs/sheaf/node/wire"
)

// TestCommentsGoOnOnAnotherChainWhenTheirsIsBarred: a senior member takes the
// client id of the chain on which someone comments, so that nothing of it counts.
// What was said is said again, and what is said from then on counts.
func TestCommentsGoOnOnAnotherChainWhenTheirsIsBarred(t *testing.T) {
	a, b := start(t), start(t)
	da := create(t, a, "")
	db := joinAs(t, b, da, access.Commenter)
	const inc = 5
	g := &grindstone{found: map[wire.Device]map[uint32]crdt.ClientID{}}
	for _, n := range []*node.Node{a, b} {
		node.NarrowClients(n, g.clientOf)
	}
	comment(t, db, "first")
	awaitThreads(t, da, "first")
	x := node.NewAttacker(da, inc)
	x.Grind(node.TalkClient(db))
	g.mu.Lock()
	g.found[a.Device()] = map[uint32]crdt.ClientID{inc: node.TalkClient(db)}
	g.mu.Unlock()
	taken := x.Write(func(tx *crdt.Txn, doc *crdt.Doc) error { return doc.Text("text").Insert(tx, 0, "mine") })
	for _, n := range []*node.Node{a, b} {
		if err := n.Receive(context.Background(), a.Device(), replication.Delivery{Doc: da.ID(), Entries: [][]byte{taken.Raw}}); err != nil {
			t.Fatal(err)
		}
	}
	comment(t, db, "second")
	for _, d := range []*node.Document{da, db} {
		await(t, "both comments, once", func() bool {
			return len(d.Threads()) == 2 && strings.Contains(reads(d), "first") && strings.Contains(reads(d), "second")
		})
	}
	await(t, "both to show the same", func() bool { return da.Text() == "mine" && db.Text() == "mine" })
}
