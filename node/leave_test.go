//go:build !js

package node_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/node"
	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/replication"
)

// TestLeaveKeepsEveryChain: who has written in more sessions than one op can
// speak of leaves, and all of it still counts for the others.
func TestLeaveKeepsEveryChain(t *testing.T) {
	a, b := start(t), start(t)
	da, db := together(t, a, b, "start. ")
	del := replication.Delivery{Doc: da.ID()}
	var words []string
	for i := range 2*access.MaxStatements + 4 {
		x, word := node.NewAttacker(db, uint32(i)), fmt.Sprintf("<%d>", i)
		e := x.Write(func(tx *crdt.Txn, doc *crdt.Doc) error { return doc.Text("text").Insert(tx, 7, word) })
		del.Entries = append(del.Entries, e.Raw)
		words = append(words, word)
	}
	for n, by := range map[*node.Node]*node.Node{a: b, b: a} {
		if err := n.Receive(context.Background(), by.Device(), del); err != nil {
			t.Fatal(err)
		}
	}
	all := func(d *node.Document) string {
		for _, w := range words {
			if !strings.Contains(d.Text(), w) {
				return w
			}
		}
		return ""
	}
	await(t, "both to have all", func() bool { return all(da) == "" && all(db) == "" })
	if err := db.Leave(context.Background()); err != nil {
		t.Fatal(err)
	}
	await(t, "A to make a new key", func() bool { return da.Epochs() == 2 })
	for name, d := range map[string]*node.Document{"the owner": da, "who left": db} {
		if lost := all(d); lost != "" || d.AsideCount() != 0 {
			t.Errorf("%s lost %q, %d set aside", name, lost, d.AsideCount())
		}
	}
}

// TestLeaveThatWouldLoseEditsIsRefused: who has made more changes of access than
// count cannot say which of its many chains count, so it stays, with all it wrote.
func TestLeaveThatWouldLoseEditsIsRefused(t *testing.T) {
	a, b := start(t), start(t)
	da, db := together(t, a, b, "start. ")
	offline(t, b, true)
	var del replication.Delivery
	del.Doc = da.ID()
	for i := range access.MaxStatements + 1 {
		x := node.NewAttacker(db, uint32(i))
		del.Entries = append(del.Entries, x.Write(func(tx *crdt.Txn, doc *crdt.Doc) error { return doc.Text("text").Insert(tx, 7, "x") }).Raw)
	}
	if err := b.Receive(context.Background(), a.Device(), del); err != nil {
		t.Fatal(err)
	}
	want := "start. " + strings.Repeat("x", access.MaxStatements+1)
	await(t, "B to have all", func() bool { return db.Text() == want })
	if err := node.RotateOften(db, 256); err != nil {
		t.Fatal(err)
	}
	if err := db.Leave(context.Background()); !errors.Is(err, node.ErrCannotLeave) {
		t.Errorf("leaving: %v", err)
	}
	if db.State() != node.StateReady || db.Text() != want {
		t.Errorf("after it: %s, %d characters", db.State(), len(db.Text()))
	}
}

// TestRemovalClosesTheDoorToWhoLeft: a member writes and leaves. By the link it
// came by, which no removal closes, it may come back, unless it was removed too.
// What it wrote before counts in both cases, and what it signs later does not.
func TestRemovalClosesTheDoorToWhoLeft(t *testing.T) {
	ctx := context.Background()
	for name, remove := range map[string]bool{"left": false, "left and removed": true} {
		t.Run(name, func(t *testing.T) {
			a, b := start(t), start(t)
			da := create(t, a, "")
			link, err := node.ShareAs(da, access.Editor)
			if err != nil {
				t.Fatal(err)
			}
			db, err := b.Join(ctx, link)
			if err != nil {
				t.Fatal(err)
			}
			await(t, "B to be let in", func() bool { return db.State() == node.StateReady })
			x := node.NewAttacker(db, 7)
			seen := x.Write(func(tx *crdt.Txn, doc *crdt.Doc) error { return doc.Text("text").Insert(tx, 0, "seen") })
			for _, n := range []*node.Node{a, b} {
				if err := n.Receive(ctx, b.Device(), replication.Delivery{Doc: da.ID(), Entries: [][]byte{seen.Raw}}); err != nil {
					t.Fatal(err)
				}
			}
			await(t, "both to have B's text", func() bool { return da.Text() == "seen" && db.Text() == "seen" })
			if err := db.Leave(ctx); err != nil {
				t.Fatal(err)
			}
			await(t, "A to make a new key", func() bool { return da.Epochs() == 2 })
			late := x.Write(func(tx *crdt.Txn, doc *crdt.Doc) error { return doc.Text("text").Insert(tx, 0, "late") })
			if err := a.Receive(ctx, b.Device(), replication.Delivery{Doc: da.ID(), Entries: [][]byte{late.Raw}}); err != nil {
				t.Fatal(err)
			}
			await(t, "A to set the late edit aside", func() bool { return da.AsideCount() == 1 })
			if remove {
				if n, err := da.Remove(ctx, node.RemoveOptions{Device: b.Device()}); n != 1 || err != nil {
					t.Fatalf("%d devices removed, %v", n, err)
				}
				if _, err := da.Remove(ctx, node.RemoveOptions{Device: b.Device()}); !errors.Is(err, node.ErrNoMember) {
					t.Errorf("removing once more: %v", err)
				}
			}
			if da.Text() != "seen" || da.AsideCount() != 1 {
				t.Errorf("A reads %q, %d set aside", da.Text(), da.AsideCount())
			}
			if _, err := b.Join(ctx, link); err != nil {
				t.Fatal(err)
			}
			if remove {
				await(t, "the link to be refused", func() bool { return errors.Is(db.JoinError(), node.ErrLinkRefused) })
				if db.State() == node.StateReady || db.Epochs() != 1 {
					t.Errorf("B is %s with %d keys", db.State(), db.Epochs())
				}
			} else {
				await(t, "B to be back", func() bool { return db.State() == node.StateReady })
			}
		})
	}
}
