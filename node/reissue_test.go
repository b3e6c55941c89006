//go:build !js

package node_test

import (
	"context"
	"testing"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/node"
	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/store/memstore"
)

// letInAgain ends what a device may do and gives it another role.
func letInAgain(t *testing.T, by *node.Document, n *node.Node) {
	t.Helper()
	if err := node.RevokeDevice(by, n.Device(), 0); err != nil {
		t.Fatal(err)
	}
	if err := node.GrantDevice(by, n.Device(), access.Owner); err != nil {
		t.Fatal(err)
	}
}

// TestPagesThatNameEachOthersTextAreWrittenAgain: two pages of one device write
// offline in each other's text, and delete of it, when the device is given
// another role: both chains are set aside, and written again as they were.
func TestPagesThatNameEachOthersTextAreWrittenAgain(t *testing.T) {
	a, b := start(t), start(t)
	da, db := together(t, a, b, "start. ")
	pages := []*editor{edit(t, db), edit(t, db)}
	offline(t, b, true)
	want := "start. "
	for i, word := range []string{"a-", "b-", "c-", "d-", "e-", "f"} {
		p := pages[i%2]
		if err := p.doc.ApplyUpdate(p.session.State(nil), nil); err != nil {
			t.Fatal(err)
		}
		p.typeText(word)
		want += word
		await(t, "the page's text", func() bool { return db.Text() == want })
		node.SealNow(db)
	}
	text := pages[1].doc.Text("text")
	del := pages[1].update(func(tx *crdt.Txn) error { return text.Delete(tx, len("start. a-b-"), len("c-")) })
	if err := pages[1].session.Update(del); err != nil {
		t.Fatal(err)
	}
	const left = "start. a-b-d-e-f"
	await(t, "the deletion", func() bool { return db.Text() == left })
	node.SealNow(db)
	letInAgain(t, da, b)
	offline(t, b, false)
	await(t, "A to have it as B wrote it", func() bool { return da.Text() == left })
	await(t, "B to have written all again", func() bool { return db.Text() == left && db.AsideCount() == 0 })
	checkSame(t, da, db)
}

// TestDraftsFoundAtStartMoveWhenLetInAgain: a device stops with an entry that
// nobody has and with drafts behind it. While it is away it is given another
// role. All of it is written again on another chain, and what is written then.
func TestDraftsFoundAtStartMoveWhenLetInAgain(t *testing.T) {
	for name, sealed := range map[string]string{"drafts": "", "an entry and drafts": "second. "} {
		t.Run(name, func(t *testing.T) {
			a, key, st := start(t), newKey(t), memstore.New()
			t.Cleanup(func() { st.Close() })
			b, stop := stoppable(t, key, st)
			da, db := together(t, a, b, "start. ")
			page := edit(t, db)
			page.typeText("first. ")
			await(t, "A to have B's text", func() bool { return da.Text() == "start. first. " })
			offline(t, b, true)
			if sealed != "" {
				page.typeText(sealed)
				node.SealNow(db)
			}
			page.typeText("draft. ")
			await(t, "the draft to be durable", func() bool { return page.ackedThrough() == page.sent })
			stop()
			letInAgain(t, da, b)
			b = startOn(t, key, st)
			db, err := b.Document(da.ID())
			if err != nil {
				t.Fatal(err)
			}
			want := "start. first. " + sealed + "draft. "
			if db.Text() != want {
				t.Fatalf("after the start B reads %q", db.Text())
			}
			tell(t, b, a, da)
			offline(t, b, false)
			await(t, "A to have all of it", func() bool { return da.Text() == want })
			write(t, db, "after.")
			await(t, "A to have what follows", func() bool { return da.Text() == want+"after." })
			checkSame(t, da, db)
		})
	}
}

// TestCommentsAreWrittenAgain: a comment and an answer to it, made offline under
// a role that had ended by then, are written again under the new one, once.
func TestCommentsAreWrittenAgain(t *testing.T) {
	a, b := start(t), start(t)
	da, db := together(t, a, b, "start. ")
	offline(t, b, true)
	id := comment(t, db, "is this right?")
	if _, err := db.Reply(context.Background(), id, "it is", nil); err != nil {
		t.Fatal(err)
	}
	letInAgain(t, da, b)
	offline(t, b, false)
	want := "is this right? / it is"
	awaitThreads(t, da, want)
	awaitThreads(t, db, want)
	comment(t, db, "and this?")
	await(t, "A to have what follows", func() bool { return len(da.Threads()) == 2 })
	if n := db.AsideCount(); n != 0 {
		t.Errorf("%d records are set aside though they were written again", n)
	}
}

// TestCommentSetAsideIsReadAndAccepted: a comment made offline, under a role that
// had ended by then, is set aside. The owner reads what it says, and accepts it.
func TestCommentSetAsideIsReadAndAccepted(t *testing.T) {
	a, b := start(t), start(t)
	da, db := together(t, a, b, "start. ")
	offline(t, b, true)
	if _, err := db.Comment(context.Background(), somewhere, "start", "is this right?", nil); err != nil {
		t.Fatal(err)
	}
	if err := node.RevokeDevice(da, b.Device(), 0); err != nil {
		t.Fatal(err)
	}
	offline(t, b, false)
	await(t, "A to be told of it", func() bool { return da.AsideCount() == 1 })
	acceptLate(t, da, "is this right?")
	await(t, "A to show it", func() bool { return len(da.Threads()) == 1 })
}
