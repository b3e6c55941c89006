//go:build !js

package node_test

import (
	"testing"

	"github.com/sheafdocs/sheaf/node"
)

func TestTwoNodesShareADocument(t *testing.T) {
	a, b := start(t), start(t)
	da := create(t, a, "Plan")
	write(t, da, "hello ")
	db := joinBy(t, b, da)
	await(t, "B to have the text", func() bool { return db.Text() == "hello " && db.Title() == "Plan" })
	write(t, db, "world")
	await(t, "A to have B's text", func() bool { return da.Text() == "hello world" })
	await(t, "A's receipt at B", func() bool {
		h := db.Holders()
		return len(h) == 1 && h[0].Complete
	})
	checkSame(t, da, db)
}

// checkSame compares two copies of a document.
func checkSame(t *testing.T, a, b *node.Document) {
	t.Helper()
	ha, err := a.StateHash()
	if err != nil {
		t.Fatal(err)
	}
	hb, err := b.StateHash()
	if err != nil {
		t.Fatal(err)
	}
	if ha != hb {
		t.Errorf("state hashes differ: texts %q and %q", a.Text(), b.Text())
	}
}
