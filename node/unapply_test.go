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
)

// give hands everything that one copy of a document holds to another, as sync
// would.
func give(t *testing.T, to *node.Node, from *node.Document, by *node.Node) {
	t.Helper()
	ops, entries := node.Held(from)
	if err := to.Receive(context.Background(), by.Device(), replication.Delivery{Doc: from.ID(), Ops: ops, Entries: entries}); err != nil {
		t.Fatal(err)
	}
}

// circle is the nodes that hand each other what they hold, besides what their
// network does: a test of what counts should not wait for a lost message.
type circle struct {
	t     *testing.T
	nodes []*node.Node
	docs  []*node.Document
}

func newCircle(t *testing.T, n *node.Node, d *node.Document) *circle {
	return &circle{t, []*node.Node{n}, []*node.Document{d}}
}

// join lets a node in.
func (c *circle) join(n *node.Node) *node.Document {
	c.t.Helper()
	d := joinBy(c.t, n, c.docs[0])
	c.nodes, c.docs = append(c.nodes, n), append(c.docs, d)
	return d
}

// round has everyone give what it holds to everyone.
func (c *circle) round() {
	c.t.Helper()
	for i, d := range c.docs {
		for j, n := range c.nodes {
			if i != j {
				give(c.t, n, d, c.nodes[i])
			}
		}
	}
}

// await goes on with rounds until ok says yes.
func (c *circle) await(what string, ok func() bool) {
	c.t.Helper()
	n := 0
	await(c.t, what, func() bool {
		if n++; n%20 == 0 {
			c.round()
		}
		return ok()
	})
}

// settle waits until all show the same.
func (c *circle) settle() {
	c.t.Helper()
	c.await("all to hold and show the same", func() bool {
		first, err := c.docs[0].StateHash()
		if err != nil {
			c.t.Fatal(err)
		}
		for _, d := range c.docs[1:] {
			if h, err := d.StateHash(); err != nil || h != first || d.Summary().Digest != c.docs[0].Summary().Digest {
				return false
			}
		}
		return true
	})
}

// insert puts text at a place of the plain-text root.
func insert(t *testing.T, d *node.Document, at int, s string) {
	t.Helper()
	err := d.Edit(context.Background(), func(tx *crdt.Txn, doc *crdt.Doc) error {
		return doc.Text("text").Insert(tx, at, s)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestVoidEntriesDisappearAndWhatWasBuiltOnThemStays removes an editor whose
// last entries another one has built upon.
func TestVoidEntriesDisappearAndWhatWasBuiltOnThemStays(t *testing.T) {
	a, b, c := start(t), start(t), start(t)
	da := create(t, a, "")
	write(t, da, "start. ")
	all := newCircle(t, a, da)
	db, dc := all.join(b), all.join(c)
	all.await("B and C to have the text", func() bool { return db.Text() == "start. " && dc.Text() == "start. " })
	page := edit(t, db)
	page.typeText("kept of B. ")
	all.await("A to have it", func() bool { return da.Text() == "start. kept of B. " })
	page.typeText("VOID of B")
	all.await("C to have it", func() bool { return strings.HasSuffix(dc.Text(), "VOID of B") })
	insert(t, dc, dc.TextLen()-5, "(C was here)")
	all.await("A to have it all", func() bool { return strings.Contains(da.Text(), "VOID(C was here) of B") })
	reader := edit(t, dc)

	if err := node.RevokeDevice(da, b.Device(), 1); err != nil {
		t.Fatal(err)
	}
	const want = "start. kept of B. (C was here)"
	all.await("A to show what counts", func() bool { return da.Text() == want })
	all.await("C to show what counts", func() bool { return dc.Text() == want })
	all.settle()
	all.await("C's page to be told", func() bool { return reader.lastTrouble().Kind == node.EventReset })
	all.await("B to show what counts", func() bool { return db.Text() == want })
	checkSame(t, da, db)
}

// TestOwnerAcceptsLateEditsOfARemovedEditor: what a removed editor wrote without
// knowing counts for nobody, is listed with its text, and counts everywhere
// once an owner accepts it.
func TestOwnerAcceptsLateEditsOfARemovedEditor(t *testing.T) {
	a, b, c := start(t), start(t), start(t)
	da := create(t, a, "")
	write(t, da, "start. ")
	all := newCircle(t, a, da)
	db, dc := all.join(b), all.join(c)
	all.await("B and C to have the text", func() bool { return db.Text() == "start. " && dc.Text() == "start. " })
	offline(t, b, true)
	if err := node.RevokeDevice(da, b.Device(), 0); err != nil {
		t.Fatal(err)
	}
	write(t, db, "late edit. ")
	write(t, db, "and more.")
	node.SealNow(db)
	_, late := node.Held(db)
	if err := a.Receive(context.Background(), b.Device(), replication.Delivery{Doc: da.ID(), Entries: late}); err != nil {
		t.Fatal(err)
	}
	all.await("the late edits to be listed", func() bool {
		list := da.Aside()
		return da.AsideCount() == 2 && len(list) == 1 && list[0].Entries[1].Text != ""
	})
	groups := da.Aside()
	if len(groups) != 1 || groups[0].Device != b.Device() || !groups[0].CanAccept || groups[0].Count != 2 ||
		len(groups[0].Entries[0].Text+groups[0].Entries[1].Text) != len("late edit. and more.") {
		t.Fatalf("set aside: %+v", groups)
	}
	if da.Text() != "start. " {
		t.Fatalf("late edits show: %q", da.Text())
	}
	all.await("B to set its own edits aside", func() bool { return db.Text() == "start. " && db.AsideCount() == 2 })
	if err := dc.AcceptAside(context.Background(), groups[0].ID); err == nil {
		t.Error("an editor accepts edits")
	}
	if err := da.AcceptAside(context.Background(), groups[0].ID); err != nil {
		t.Fatal(err)
	}
	all.await("A to show them", func() bool { return da.Text() == "start. late edit. and more." })
	all.await("C to show them", func() bool { return dc.Text() == da.Text() })
	all.settle()
	if n := da.AsideCount(); n != 0 {
		t.Errorf("%d edits are still set aside", n)
	}
	all.await("B to show them again", func() bool { return db.Text() == da.Text() })
}

// TestRoleChangeLosesNoText: an editor who is given another role while writing
// offline writes again, under the new role, what the end of the old one cut
// off.
func TestRoleChangeLosesNoText(t *testing.T) {
	a, b := start(t), start(t)
	da := create(t, a, "")
	write(t, da, "start. ")
	all := newCircle(t, a, da)
	db := all.join(b)
	all.await("B to have the text", func() bool { return db.Text() == "start. " })
	page := edit(t, db)
	page.typeText("first. ")
	all.await("A to have it", func() bool { return da.Text() == "start. first. " })
	offline(t, b, true)
	page.typeText("second. ")
	node.SealNow(db)
	if err := node.RevokeDevice(da, b.Device(), 0); err != nil {
		t.Fatal(err)
	}
	if err := node.GrantDevice(da, b.Device(), access.Owner); err != nil {
		t.Fatal(err)
	}
	page.typeText("draft.")
	offline(t, b, false)
	const want = "start. first. second. draft."
	all.await("A to have all of it", func() bool { return da.Text() == want })
	all.settle()
	if n := db.AsideCount(); n != 0 {
		t.Errorf("%d edits are set aside though they were written again", n)
	}
}

// TestCarryBringsNewcomersWhatWasBuiltUpon: an owner is removed without anyone
// knowing yet whom it let in. What that guest wrote is void and taken from
// nobody; an editor who has built upon it carries it to newcomers.
func TestCarryBringsNewcomersWhatWasBuiltUpon(t *testing.T) {
	a, b, c, e := start(t), start(t), start(t), start(t)
	da := create(t, a, "")
	write(t, da, "start. ")
	all := newCircle(t, a, da)
	db, dc := all.join(b), all.join(c)
	if err := node.GrantDevice(da, b.Device(), access.Owner); err != nil {
		t.Fatal(err)
	}
	all.settle()
	offline(t, a, true)
	de := joinBy(t, e, db)
	await(t, "the guest to have the text", func() bool { give(t, e, db, b); return de.Text() == "start. " })
	insert(t, de, 7, "GUEST")
	node.SealNow(de)
	await(t, "C to have the guest's text", func() bool {
		give(t, b, de, e)
		give(t, c, db, b)
		return dc.Text() == "start. GUEST"
	})
	insert(t, dc, 9, "(C)")
	node.SealNow(dc)
	if err := node.RevokeDevice(da, b.Device(), 0); err != nil {
		t.Fatal(err)
	}
	offline(t, b, true)
	offline(t, e, true)
	offline(t, a, false)
	two := &circle{t, []*node.Node{a, c}, []*node.Document{da, dc}}
	two.await("A to have what C wrote", func() bool { return da.Text() == "start. (C)" })
	n := start(t)
	dn := two.join(n)
	two.await("the newcomer to have it", func() bool { return dn.Text() == "start. (C)" })
	two.settle()
}
