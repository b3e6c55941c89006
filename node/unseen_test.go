//go:build !js

package node_test

import (
	"context"
	"errors"
	"testing"

	"github.com/sheafdocs/sheaf/node"
	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/replication"
)

// TestRemovalOfWhoHasWrittenMoreIsRefused: while edits of the target are known
// to exist and are not here, a removal says so and changes nothing; one that
// discards them goes through, and sets them aside when they come.
func TestRemovalOfWhoHasWrittenMoreIsRefused(t *testing.T) {
	a, b := start(t), start(t)
	da := create(t, a, "")
	db := joinBy(t, b, da)
	page := edit(t, db)
	page.typeText("seen. ")
	await(t, "A to have B's text", func() bool { return da.Text() == "seen. " })
	before := entriesOf(t, db)
	offline(t, a, true)
	page.typeText("unseen.")
	node.SealNow(db)
	w, missing := newWithholder(before, entriesOf(t, db))
	if missing != 1 {
		t.Fatalf("B made %d entries", missing)
	}
	// A learns from B's receipt that there is one more.
	r, err := oplog.SignReceipt(node.KeyOf(b), oplog.Receipt{Doc: da.ID().Short(), Chain: w.chain, Seq: w.until})
	if err != nil {
		t.Fatal(err)
	}
	a.Receipts(b.Device(), []oplog.Receipt{r})

	opt := node.RemoveOptions{Device: b.Device()}
	if n, err := da.Remove(context.Background(), opt); !errors.Is(err, node.ErrUnseen) || n != 0 {
		t.Fatalf("a removal beside unseen edits: %d removed, %v", n, err)
	}
	if people, _ := da.People(); len(people) != 2 || da.Epochs() != 1 {
		t.Errorf("the refused removal left %d people and %d keys", len(people), da.Epochs())
	}
	opt.Unseen = node.DiscardUnseen
	if n, err := da.Remove(context.Background(), opt); err != nil || n != 1 {
		t.Fatalf("a removal that discards: %d removed, %v", n, err)
	}
	_, late := node.Held(db)
	if err := a.Receive(context.Background(), b.Device(), replication.Delivery{Doc: da.ID(), Entries: late}); err != nil {
		t.Fatal(err)
	}
	await(t, "the discarded edit to be set aside", func() bool { return da.AsideCount() == 1 })
	if got := da.Text(); got != "seen. " {
		t.Errorf("after it A reads %q", got)
	}
}
