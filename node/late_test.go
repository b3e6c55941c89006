//go:build !js

package node_test

import (
	"context"
	"testing"

	"github.com/sheafdocs/sheaf/node"
)

// TestRemovedEditorHandsInLateEditsWhenItReturns: an editor is removed while it
// writes offline. When it comes back, over the network alone, its late edits
// count for nobody, the owner is told of them, and accepts them.
func TestRemovedEditorHandsInLateEditsWhenItReturns(t *testing.T) {
	a, b := start(t), start(t)
	da := create(t, a, "")
	write(t, da, "start. ")
	db := joinBy(t, b, da)
	await(t, "B to have the text", func() bool { return db.Text() == "start. " })
	offline(t, b, true)
	if _, err := da.Remove(context.Background(), node.RemoveOptions{Device: b.Device()}); err != nil {
		t.Fatal(err)
	}
	write(t, db, "late.")
	node.SealNow(db)
	offline(t, b, false)
	await(t, "A to be told of the late edits", func() bool { return da.AsideCount() == 1 })
	await(t, "B to set them aside", func() bool { return db.Text() == "start. " && db.AsideCount() == 1 })
	if da.Text() != "start. " {
		t.Errorf("late edits show: %q", da.Text())
	}
	if g := da.Aside(); len(g) != 1 || !g[0].CanAccept {
		t.Fatalf("set aside: %+v", g)
	} else if err := da.AcceptAside(context.Background(), g[0].ID); err != nil {
		t.Fatal(err)
	}
	await(t, "A to show them", func() bool { return da.Text() == "start. late." })
}
