//go:build !js

package node_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/node"
	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/replication"
	"github.com/sheafdocs/sheaf/node/wire"
)

// TestF25RemovedDeviceReadsNothingNew removes a member who is connected: what
// is written afterwards reaches the others and not the removed one, whose late
// edits change nobody's state; its own copy stays readable and says why.
func TestF25RemovedDeviceReadsNothingNew(t *testing.T) {
	a, b, c := start(t), start(t), start(t)
	da := create(t, a, "Plan")
	write(t, da, "shared. ")
	db, dc := joinBy(t, b, da), joinBy(t, c, da)
	await(t, "C to have the text", func() bool { return dc.Text() == "shared. " })
	write(t, dc, "by the third. ")
	for i, d := range []*node.Document{da, db, dc} {
		await(t, fmt.Sprintf("node %d to have the text", i), func() bool { return d.Text() == "shared. by the third. " })
	}
	page := edit(t, dc)
	n, err := da.Remove(context.Background(), node.RemoveOptions{Device: c.Device()})
	if err != nil || n != 1 {
		t.Fatalf("%d devices removed, %v", n, err)
	}
	await(t, "the removed device to learn of it", func() bool { return dc.State() == node.StateRemoved })
	await(t, "the page to be told", func() bool { return page.lastTrouble().Kind == node.EventReset })
	write(t, da, "after it. ")
	await(t, "B to have what came after", func() bool { return db.Text() == "shared. by the third. after it. " })
	write(t, db, "and more.")
	await(t, "A to have what came after", func() bool { return da.Text() == "shared. by the third. after it. and more." })
	if got := dc.Text(); got != "shared. by the third. " {
		t.Errorf("the removed device reads %q", got)
	}
	if dc.Epochs() != 1 || da.Epochs() != 2 {
		t.Errorf("the removed device holds %d keys, the owner %d", dc.Epochs(), da.Epochs())
	}
	checkSame(t, da, db)
}

// TestRemovalGoesByKeyNotByName: of two members with the same name, and of one
// who is let in under the other's user id without a certificate, only those are
// removed whose key is meant.
func TestRemovalGoesByKeyNotByName(t *testing.T) {
	a, b, c, x := start(t), start(t), start(t), newKey(t)
	da := create(t, a, "")
	for _, n := range []*node.Node{b, c} {
		if err := n.SetName(context.Background(), "Sam"); err != nil {
			t.Fatal(err)
		}
	}
	joinBy(t, b, da)
	joinBy(t, c, da)
	err := node.GrantAs(da, wire.UserID(c.Device()), access.Editor, access.GrantDevice{Device: x.Device(), Seal: x.SealHash(), Kind: access.DeviceNative})
	if err != nil {
		t.Fatal(err)
	}
	devices := func() map[wire.Device]bool {
		found := map[wire.Device]bool{}
		people, _ := da.People()
		for _, p := range people {
			for _, d := range p.Devices {
				found[d.Device] = true
			}
		}
		return found
	}
	user := func(dev wire.Device) (of wire.UserID, name string) {
		people, _ := da.People()
		for _, p := range people {
			if len(p.Devices) == 1 && p.Devices[0].Device == dev {
				of, name = p.User, p.Name
			}
		}
		return of, name
	}
	await(t, "A to know both names", func() bool {
		_, first := user(b.Device())
		_, second := user(c.Device())
		return first == "Sam" && second == "Sam"
	})
	of, _ := user(c.Device())
	if n, err := da.Remove(context.Background(), node.RemoveOptions{User: of}); err != nil || n != 1 {
		t.Fatalf("%d devices removed, %v", n, err)
	}
	if left := devices(); left[c.Device()] || !left[b.Device()] || !left[x.Device()] {
		t.Errorf("members: the one named %v, of the same name %v, under the same label %v", left[c.Device()], left[b.Device()], left[x.Device()])
	}
}

// TestRemovalKeepsEveryChain removes a member who has written in more sessions
// than one op can speak of, while the log has as many heads and the removal
// keeps as many devices as an op may name: all that was here counts, and what
// the member signs later does not.
func TestRemovalKeepsEveryChain(t *testing.T) {
	a, b, c := start(t), start(t), start(t)
	da := create(t, a, "")
	write(t, da, "start. ")
	db, dc := joinBy(t, b, da), joinBy(t, c, da)
	await(t, "B and C to read", func() bool { return db.Text() == "start. " && dc.Text() == "start. " })
	del := replication.Delivery{Doc: da.ID()}
	var words []string
	var last *node.Attacker
	for i := range 2*access.MaxStatements + 10 {
		x, word := node.NewAttacker(dc, uint32(1<<19+i)), fmt.Sprintf("<%d>", i)
		e := x.Write(func(tx *crdt.Txn, doc *crdt.Doc) error { return doc.Text("text").Insert(tx, 7, word) })
		del.Entries = append(del.Entries, e.Raw)
		words, last = append(words, word), x
	}
	for _, n := range []*node.Node{a, b} {
		if err := n.Receive(context.Background(), c.Device(), del); err != nil {
			t.Fatal(err)
		}
	}
	lost := func(d *node.Document) (n int) {
		for _, w := range words {
			if !strings.Contains(d.Text(), w) {
				n++
			}
		}
		return n
	}
	await(t, "A and B to have all", func() bool { return lost(da) == 0 && lost(db) == 0 })
	if err := node.ManyHeads(da, access.MaxPrev+4); err != nil {
		t.Fatal(err)
	}
	keep := make([]wire.Device, access.MaxDevices)
	for i := range keep {
		keep[i] = newKey(t).Device()
	}
	if n, err := da.Remove(context.Background(), node.RemoveOptions{Device: c.Device(), Keep: keep}); err != nil || n != 1 {
		t.Fatalf("%d devices removed, %v", n, err)
	}
	late := last.Write(func(tx *crdt.Txn, doc *crdt.Doc) error { return doc.Text("text").Insert(tx, 0, "too late") })
	for _, n := range []*node.Node{a, b} {
		if err := n.Receive(context.Background(), c.Device(), replication.Delivery{Doc: da.ID(), Entries: [][]byte{late.Raw}}); err != nil {
			t.Fatal(err)
		}
	}
	await(t, "B to learn of it, and both to set the late edit aside", func() bool {
		return db.Epochs() == 2 && da.AsideCount() == 1 && db.AsideCount() == 1
	})
	for name, d := range map[string]*node.Document{"A": da, "B": db} {
		if n := lost(d); n != 0 || strings.Contains(d.Text(), "too late") {
			t.Errorf("%s lost %d of %d, and reads %.20q", name, n, len(words), d.Text())
		}
	}
	checkSame(t, da, db)
}
