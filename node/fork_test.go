//go:build !js

package node_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/sheafdocs/sheaf/node"
	"github.com/sheafdocs/sheaf/node/replication"
)

// TestForkedChainIsKeptAndDecidedAlike gives a chain several second branches,
// as a copied device key could, and checks that both nodes keep and report
// them, choose the same one whatever came first, and rebuild what they show.
func TestForkedChainIsKeptAndDecidedAlike(t *testing.T) {
	a, b := start(t), start(t)
	da := create(t, a, "")
	db := joinBy(t, b, da)
	e := edit(t, da)
	e.typeText("the honest branch")
	await(t, "B to have the text", func() bool { return db.Text() == "the honest branch" })
	reader := edit(t, db)
	for i := range 6 { // about half of them have a lower id than the honest entry
		raw, err := node.ForgeBranch(e.session, fmt.Sprintf("forged branch %d", i))
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Receive(context.Background(), a.Device(), replication.Delivery{Doc: da.ID(), Entries: [][]byte{raw}}); err != nil {
			t.Fatal(err)
		}
	}
	await(t, "A to learn of the branches", func() bool {
		return da.Forks() == 1 && da.Summary().Digest == db.Summary().Digest
	})
	await(t, "both to show the same", func() bool {
		ha, err := da.StateHash()
		if err != nil {
			t.Fatal(err)
		}
		hb, err := db.StateHash()
		if err != nil {
			t.Fatal(err)
		}
		return ha == hb
	})
	if !da.Info().Forked || db.Info().Forked {
		t.Errorf("another copy of its key has written: A says %v, whose key it is, and B %v", da.Info().Forked, db.Info().Forked)
	}
	if db.Forks() != 1 {
		t.Errorf("B reports %d forks, want 1", db.Forks())
	}
	if db.Text() != "the honest branch" {
		await(t, "the open page to be told that the document changed under it", func() bool { return reader.lastTrouble().Kind == node.EventReset })
	}
}
