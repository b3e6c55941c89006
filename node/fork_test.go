//go:build !js

package node_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/sheafdocs/sheaf/node"
	"github.com/sheafdocs/sheaf/node/replication"
)

// TestForkedChainIsKeptAndDecidedAlike gives a chain several second branches,
// as a copied device key could, and checks that both nodes keep and report
// them, choose the same one whatever came first, and rebuild what they show. The
// device writes its own words again if another branch is chosen, those it had
// not sent among them, and goes on.
func TestForkedChainIsKeptAndDecidedAlike(t *testing.T) {
	a, b := start(t), start(t)
	da := create(t, a, "")
	db := joinBy(t, b, da)
	e := edit(t, da)
	e.typeText("the honest branch")
	await(t, "B to have the text", func() bool { return db.Text() == "the honest branch" })
	reader := edit(t, db)
	offline(t, a, true)
	e.typeText(", a draft")
	await(t, "the draft to be durable", func() bool { return e.ackedThrough() == e.sent })
	var forged []string
	for i := range 6 { // about half of them have a lower id than the honest entry
		forged = append(forged, fmt.Sprintf("forged branch %d.", i))
		raw, err := node.ForgeBranch(e.session, forged[i])
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Receive(context.Background(), a.Device(), replication.Delivery{Doc: da.ID(), Entries: [][]byte{raw}}); err != nil {
			t.Fatal(err)
		}
	}
	offline(t, a, false)
	await(t, "A to learn of the branches", func() bool { return da.Forks() == 1 })
	write(t, da, ", and on")
	whole := func(d *node.Document) bool {
		for _, words := range []string{"the honest branch", ", a draft", ", and on"} {
			if strings.Count(d.Text(), words) != 1 {
				return false
			}
		}
		return true
	}
	await(t, "all words of A to be there, once", func() bool { return whole(da) })
	await(t, "B to have them", func() bool { return whole(db) })
	await(t, "both to hold the same", func() bool { return da.Summary().Digest == db.Summary().Digest })
	for _, words := range forged {
		if n := strings.Count(da.Text(), words); n > 1 {
			t.Errorf("%q is there %d times: %q", words, n, da.Text())
		}
	}
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
	if strings.Contains(db.Text(), "forged") {
		await(t, "the open page to be told that the document changed under it", func() bool { return reader.lastTrouble().Kind == node.EventReset })
	}
}
