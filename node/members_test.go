//go:build !js

package node_test

import (
	"context"
	"errors"
	"testing"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/node"
	"github.com/sheafdocs/sheaf/node/access"
)

// guestOf is a node as a contact card shows it.
func guestOf(n *node.Node) node.Invitee {
	key := node.KeyOf(n)
	return node.Invitee{User: key.UserID(), Devices: []access.GrantDevice{{
		Device: key.Device(), Seal: key.SealHash(), Kind: access.DeviceNative,
	}}}
}

// TestInviteByCard lets a person in whose seal key is not known yet: the key
// reaches the owner when they first connect, and the document's keys come back.
func TestInviteByCard(t *testing.T) {
	a, b := start(t), start(t)
	da := create(t, a, "Plan")
	write(t, da, "shared. ")
	link, err := da.Invite(context.Background(), guestOf(b), access.Commenter)
	if err != nil {
		t.Fatal(err)
	}
	db, err := b.Join(context.Background(), link)
	if err != nil {
		t.Fatal(err)
	}
	await(t, "the guest to read", func() bool { return db.State() == node.StateReady && db.Text() == "shared. " })
	if info := db.Info(); info.Role != access.Commenter {
		t.Errorf("the guest is %s", info.Role)
	}
	lease, err := db.Lease(context.Background(), "")
	if err != nil {
		t.Fatal(err)
	}
	if lease.Role != access.Commenter {
		t.Errorf("the session is leased as %s", lease.Role)
	}
	e := edit(t, db)
	text := e.doc.Text("text")
	err = e.session.Update(e.update(func(tx *txn) error { return text.Insert(tx, 0, "forged") }))
	if !errors.Is(err, node.ErrReadOnly) {
		t.Errorf("a commenter's edit of the body: %v", err)
	}
	stranger := start(t)
	ds, err := stranger.Join(context.Background(), link)
	if err != nil {
		t.Fatal(err)
	}
	await(t, "the stranger to be refused", func() bool { return ds.JoinError() != nil })
	if ds.State() != node.StateJoining || ds.Text() != "" {
		t.Errorf("a link without a secret gave a stranger %q", ds.Text())
	}
}

// TestSetRole raises and lowers what a member may do: what was written as an
// editor stays, and a viewer's next edit is refused.
func TestSetRole(t *testing.T) {
	a, b := start(t), start(t)
	da, db := together(t, a, b, "one. ")
	write(t, db, "two. ")
	await(t, "A to have B's text", func() bool { return da.Text() == "one. two. " })
	opt := node.RemoveOptions{Device: b.Device()}
	if err := da.SetRole(context.Background(), opt, access.Viewer); err != nil {
		t.Fatal(err)
	}
	await(t, "B to be a viewer", func() bool { return db.Info().Role == access.Viewer })
	write(t, da, "three. ")
	await(t, "B to go on reading", func() bool { return db.Text() == "one. two. three. " })
	if err := db.Edit(context.Background(), insertNothing); !errors.Is(err, node.ErrReadOnly) {
		t.Errorf("a viewer's edit: %v", err)
	}
	if err := da.SetRole(context.Background(), opt, access.Editor); err != nil {
		t.Fatal(err)
	}
	await(t, "B to be an editor", func() bool { return db.Info().Role == access.Editor })
	write(t, db, "four.")
	await(t, "A to have what B wrote anew", func() bool { return da.Text() == "one. two. three. four." })
	checkSame(t, da, db)
}

// TestNobodyIsToldOfARemovalThatIsNone: whose removal would end nothing is told
// so, and adds nothing to the log: one who is no owner, an owner against one who
// was before them, and anyone against themselves.
func TestNobodyIsToldOfARemovalThatIsNone(t *testing.T) {
	ctx := context.Background()
	a, b, c := start(t), start(t), start(t)
	da := create(t, a, "")
	db, dc := joinBy(t, b, da), joinBy(t, c, da)
	await(t, "C to know B", func() bool {
		people, _ := dc.People()
		return len(people) == 3
	})
	refused := func(what string, err, want error) {
		t.Helper()
		if !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", what, err, want)
		}
	}
	remove := func(d *node.Document, n *node.Node) error {
		_, err := d.Remove(ctx, node.RemoveOptions{Device: n.Device()})
		return err
	}
	refused("an editor removes another", remove(dc, b), node.ErrMayNotEnd)
	if err := da.SetRole(ctx, node.RemoveOptions{Device: b.Device()}, access.Owner); err != nil {
		t.Fatal(err)
	}
	await(t, "B to be an owner", func() bool { return db.Info().Role == access.Owner })
	refused("an owner removes the creator", remove(db, a), node.ErrMayNotEnd)
	refused("an owner lowers the creator", db.SetRole(ctx, node.RemoveOptions{Device: a.Device()}, access.Viewer), node.ErrMayNotEnd)
	refused("an owner removes themselves", remove(db, b), node.ErrOneself)
	if da.Epochs() != 1 {
		t.Errorf("the document has %d keys after removals that were refused", da.Epochs())
	}
	if err := remove(db, c); err != nil {
		t.Errorf("an owner removes an editor: %v", err)
	}
	await(t, "C to be removed", func() bool { return dc.State() == node.StateRemoved })
	refused("who was removed leaves", dc.Leave(ctx), node.ErrRemoved)
}

// TestLeave: who leaves keeps a readable copy, what they wrote stays, and the
// others write under a key that the leaver does not have.
func TestLeave(t *testing.T) {
	a, b := start(t), start(t)
	da, db := together(t, a, b, "one. ")
	write(t, db, "two. ")
	await(t, "A to have B's text", func() bool { return da.Text() == "one. two. " })
	await(t, "A to know that B holds it", func() bool { return len(da.Holders()) == 1 })
	if err := da.Leave(context.Background()); !errors.Is(err, node.ErrLastOwner) {
		t.Errorf("the only owner leaves: %v", err)
	}
	if err := db.Leave(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got := db.State(); got != node.StateRemoved {
		t.Errorf("who left has a document that is %s", got)
	}
	if _, err := db.Share(context.Background()); !errors.Is(err, node.ErrRemoved) {
		t.Errorf("who left makes a link: %v", err)
	}
	await(t, "A to make a new key", func() bool { return da.Epochs() == 2 })
	if n := len(da.Holders()); n != 0 {
		t.Errorf("%d devices are said to hold the document after the only other one left", n)
	}
	write(t, da, "three.")
	if got := da.Text(); got != "one. two. three." {
		t.Errorf("A reads %q", got)
	}
	if got := db.Text(); got != "one. two. " || db.Epochs() != 1 {
		t.Errorf("who left reads %q with %d keys", got, db.Epochs())
	}
}

// TestRejoinByAnOldLinkIsRefused: a removed device that kept the link, and one
// that gets it from there, are not let in by it; a link made later works.
func TestRejoinByAnOldLinkIsRefused(t *testing.T) {
	a, b := start(t), start(t)
	da := create(t, a, "")
	old, err := da.Share(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	db := joinBy(t, b, da)
	if _, err := da.Remove(context.Background(), node.RemoveOptions{Device: b.Device()}); err != nil {
		t.Fatal(err)
	}
	await(t, "B to learn of it", func() bool { return db.State() == node.StateRemoved })
	write(t, da, "secret")
	c := start(t)
	dc, err := c.Join(context.Background(), old)
	if err != nil {
		t.Fatal(err)
	}
	await(t, "the link to be refused", func() bool { return dc.JoinError() != nil })
	if dc.Text() != "" || dc.Epochs() != 0 {
		t.Errorf("the old link gave %q and %d keys", dc.Text(), dc.Epochs())
	}
	fresh := start(t)
	if d := joinBy(t, fresh, da); d.State() != node.StateReady {
		t.Errorf("a link made after the removal does not work: %s", d.State())
	}
}

type txn = crdt.Txn

// insertNothing is an edit that any editor may make.
func insertNothing(tx *crdt.Txn, doc *crdt.Doc) error {
	return doc.Text("text").Insert(tx, 0, "x")
}
