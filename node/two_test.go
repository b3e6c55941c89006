//go:build !js

package node_test

import (
	"fmt"
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

// checkSame waits until two copies of a document are the same: what shows
// nowhere, like the times of edits, may come after the text.
func checkSame(t *testing.T, a, b *node.Document) {
	t.Helper()
	await(t, fmt.Sprintf("two copies of %q to be the same", a.Title()), func() bool {
		ha, err := a.StateHash()
		if err != nil {
			t.Fatal(err)
		}
		hb, err := b.StateHash()
		if err != nil {
			t.Fatal(err)
		}
		return ha == hb
	})
}
