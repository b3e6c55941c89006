//go:build !js

package node_test

import (
	"context"
	"testing"

	"github.com/sheafdocs/sheaf/node"
	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/replication"
	"github.com/sheafdocs/sheaf/node/store/memstore"
)

// TestRemovedEditorHandsInLateEditsWhenItReturns: an editor is removed while it
// writes offline. When it comes back, over the network alone, its late edits
// count for nobody, the owner is told of them, and accepts them.
func TestRemovedEditorHandsInLateEditsWhenItReturns(t *testing.T) {
	a, b := start(t), start(t)
	da, db := together(t, a, b, "start. ")
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

// acceptLate has the owner accept the one group of edits that is set aside, once
// it can be read there.
func acceptLate(t *testing.T, d *node.Document, text string) {
	t.Helper()
	var g []node.AsideGroup
	await(t, "the edits set aside to be read", func() bool {
		g = d.Aside()
		return len(g) == 1 && g[0].CanAccept && len(g[0].Entries) > 0 && g[0].Entries[0].Text == text
	})
	if err := d.AcceptAside(context.Background(), g[0].ID); err != nil {
		t.Fatal(err)
	}
}

// tell hands a node the access ops of another's copy, and nothing else.
func tell(t *testing.T, n, by *node.Node, d *node.Document) {
	t.Helper()
	if err := n.Receive(context.Background(), by.Device(), replication.Delivery{Doc: d.ID(), Ops: d.OpsSince(nil, nil)}); err != nil {
		t.Fatal(err)
	}
}

// TestDraftsOfARemovedEditorAreHandedIn: what an editor typed offline is a draft
// when it hears that its role was taken away, or lowered. It becomes late edits,
// which the owner is told of and accepts.
func TestDraftsOfARemovedEditorAreHandedIn(t *testing.T) {
	ctx := context.Background()
	for name, end := range map[string]func(*node.Document, node.RemoveOptions) error{
		"removed": func(d *node.Document, o node.RemoveOptions) error { _, err := d.Remove(ctx, o); return err },
		"demoted": func(d *node.Document, o node.RemoveOptions) error { return d.SetRole(ctx, o, access.Viewer) },
	} {
		t.Run(name, func(t *testing.T) {
			a, b := start(t), start(t)
			da, db := together(t, a, b, "start. ")
			page := edit(t, db)
			page.typeText("seen. ")
			await(t, "A to have B's text", func() bool { return da.Text() == "start. seen. " })
			offline(t, b, true)
			if err := end(da, node.RemoveOptions{Device: b.Device()}); err != nil {
				t.Fatal(err)
			}
			other := edit(t, db)
			page.typeText("la")
			await(t, "the second page to hear of it", func() bool { return db.Text() == "start. seen. la" })
			if err := other.doc.ApplyUpdate(other.session.State(nil), nil); err != nil {
				t.Fatal(err)
			}
			other.typeText("te.")
			tell(t, b, a, da)
			await(t, "B to set them aside", func() bool { return db.Text() == "start. seen. " && db.AsideCount() == 2 })
			if text, edits := db.LateText(); text != "late." || edits != 2 {
				t.Errorf("late: %d edits, %q", edits, text)
			}
			offline(t, b, false)
			await(t, "A to be told of the late edits", func() bool { return da.AsideCount() == 2 })
			if g := da.Aside(); len(g) != 1 || !g[0].CanAccept {
				t.Fatalf("set aside: %+v", g)
			} else if err := da.AcceptAside(ctx, g[0].ID); err != nil {
				t.Fatal(err)
			}
			await(t, "A to show them", func() bool { return da.Text() == "start. seen. late." })
		})
	}
}

// TestDraftsFoundAtStartOfARemovedEditorAreHandedIn: the device stops with
// drafts, and hears of its removal after it has started again.
func TestDraftsFoundAtStartOfARemovedEditorAreHandedIn(t *testing.T) {
	a, key, st := start(t), newKey(t), memstore.New()
	t.Cleanup(func() { st.Close() })
	b, stop := stoppable(t, key, st)
	da, db := together(t, a, b, "start. ")
	write(t, db, "seen. ")
	await(t, "A to have B's text", func() bool { return da.Text() == "start. seen. " })
	offline(t, b, true)
	write(t, db, "late.")
	stop()
	if _, err := da.Remove(context.Background(), node.RemoveOptions{Device: b.Device()}); err != nil {
		t.Fatal(err)
	}
	b = startOn(t, key, st)
	db, err := b.Document(da.ID())
	if err != nil {
		t.Fatal(err)
	}
	offline(t, b, false)
	await(t, "A to be told of the late edits", func() bool { return da.AsideCount() == 1 })
	acceptLate(t, da, "late.")
	await(t, "A to show them", func() bool { return da.Text() == "start. seen. late." })
	if db.Text() != "start. seen. " {
		t.Errorf("B shows %q", db.Text())
	}
}

// TestEntriesOvertakenByARemovalAreSetAside: the device hears of its removal
// while its newest entries are on their way to its store.
func TestEntriesOvertakenByARemovalAreSetAside(t *testing.T) {
	a, b := start(t), start(t)
	da, db := together(t, a, b, "start. ")
	offline(t, b, true)
	if _, err := da.Remove(context.Background(), node.RemoveOptions{Device: b.Device()}); err != nil {
		t.Fatal(err)
	}
	edit(t, db).typeText("late.")
	if err := node.SealBeside(db, da.OpsSince(nil, nil)); err != nil {
		t.Fatal(err)
	}
	await(t, "B to set them aside", func() bool { return db.Text() == "start. " && db.AsideCount() == 1 })
	if text, edits := db.LateText(); text != "late." || edits != 1 {
		t.Errorf("late: %d edits, %q", edits, text)
	}
	offline(t, b, false)
	await(t, "A to be told of the late edits", func() bool { return da.AsideCount() == 1 })
	acceptLate(t, da, "late.")
	await(t, "A to show them", func() bool { return da.Text() == "start. late." })
}

// TestAsideOfWhoWasLetInAgainReachesTheOwner: a device has heard that its role is
// another when it meets the owner again, so that both hold the same log and
// nobody asks for anything. What it wrote under the old role is handed in, though
// it is written again under the new one.
func TestAsideOfWhoWasLetInAgainReachesTheOwner(t *testing.T) {
	a, b := start(t), start(t)
	da, db := together(t, a, b, "start. ")
	offline(t, b, true)
	comment(t, db, "is this right?")
	letInAgain(t, da, b)
	tell(t, b, a, da)
	await(t, "B to have written it again", func() bool { return reads(db) == "is this right?" && db.AsideCount() == 0 })
	offline(t, b, false)
	await(t, "A to be told of it", func() bool { return da.AsideCount() == 1 })
	awaitThreads(t, da, "is this right?")
	awaitThreads(t, db, "is this right?")
}
