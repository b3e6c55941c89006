//go:build !js

package node_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/node"
	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/comments"
	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/replication"
	"github.com/sheafdocs/sheaf/node/store/memstore"
	"github.com/sheafdocs/sheaf/node/wire"
)

var testTime = time.UnixMilli(1_700_000_000_000)

var somewhere = comments.Anchor{From: []byte{0, 1}, To: []byte{0, 2}}

// joinAs lets n join d with a role, and waits until it is in.
func joinAs(t *testing.T, n *node.Node, d *node.Document, role access.Role) *node.Document {
	t.Helper()
	link, err := node.ShareAs(d, role)
	if err != nil {
		t.Fatal(err)
	}
	joined, err := n.Join(context.Background(), link)
	if err != nil {
		t.Fatal(err)
	}
	await(t, "the node to be let in", func() bool { return joined.State() == node.StateReady })
	return joined
}

// comment begins a thread.
func comment(t *testing.T, d *node.Document, text string) wire.EntryID {
	t.Helper()
	id, err := d.Comment(context.Background(), somewhere, "quoted", text, nil)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// reads renders a document's threads.
func reads(d *node.Document) string {
	var lines []string
	for _, th := range d.Threads() {
		var said []string
		for _, c := range th.Comments {
			text := c.Text
			if c.Deleted {
				text = "-"
			}
			said = append(said, text)
		}
		line := strings.Join(said, " / ")
		if th.Resolved {
			line += " done"
		}
		lines = append(lines, line)
	}
	slices.Sort(lines)
	return strings.Join(lines, "; ")
}

// insertText writes at the start of the plain-text root.
func insertText(doc *crdt.Doc, s string) func(*crdt.Txn) error {
	return func(tx *crdt.Txn) error { return doc.Text("text").Insert(tx, 0, s) }
}

// awaitThreads waits until a document reads so.
func awaitThreads(t *testing.T, d *node.Document, want string) {
	t.Helper()
	await(t, fmt.Sprintf("threads %q, last %q", want, reads(d)), func() bool { return reads(d) == want })
}

func TestNodesTalkAboutADocument(t *testing.T) {
	ctx := context.Background()
	a, b := start(t), start(t)
	for n, name := range map[*node.Node]string{a: "Ada", b: "Ben"} {
		if err := n.SetName(ctx, name); err != nil {
			t.Fatal(err)
		}
	}
	da := create(t, a, "Plan")
	db := joinBy(t, b, da)
	id := comment(t, da, "why?")
	awaitThreads(t, db, "why?")
	if name := db.NameOf(a.Device()); name != "Ada" {
		t.Errorf("B knows A as %q", name)
	}
	if _, err := db.Reply(ctx, id, "because", nil); err != nil {
		t.Fatal(err)
	}
	if err := db.EditComment(ctx, id, "no", nil); !errors.Is(err, node.ErrReadOnly) {
		t.Errorf("B edits A's comment: %v", err)
	}
	awaitThreads(t, da, "why? / because")
	if err := da.EditComment(ctx, id, "why so?", nil); err != nil {
		t.Fatal(err)
	}
	awaitThreads(t, db, "why so? / because")
	if err := db.Resolve(ctx, id, true); err != nil {
		t.Fatal(err)
	}
	awaitThreads(t, da, "why so? / because done")
	if err := db.DeleteComment(ctx, id); err != nil { // an editor may
		t.Fatal(err)
	}
	awaitThreads(t, da, "- / because done")
	await(t, "B to have the title", func() bool { return db.Title() == "Plan" })
	checkSame(t, da, db)
}

func TestThreadsAreThereAfterARestart(t *testing.T) {
	key, st := newKey(t), memstore.New()
	defer st.Close()
	n, err := node.New(node.Config{Key: key, Store: st})
	if err != nil {
		t.Fatal(err)
	}
	d := create(t, n, "Plan")
	id := comment(t, d, "why?")
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := alone(t, key, st).Document(d.ID())
	if err != nil {
		t.Fatal(err)
	}
	if got := reads(again); got != "why?" {
		t.Fatalf("threads read %q", got)
	}
	if _, err := again.Reply(context.Background(), id, "still", nil); err != nil {
		t.Fatal(err)
	}
	if got := reads(again); got != "why? / still" {
		t.Errorf("threads read %q", got)
	}
}

// TestRoleByStream holds each role against each stream, as its own node has it
// and as others judge entries that are signed all the same.
func TestRoleByStream(t *testing.T) {
	ctx := context.Background()
	record, err := comments.Record{Kind: comments.KindComment, At: testTime, Anchor: somewhere, Text: "forged"}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		role          access.Role
		writes, talks bool
	}{
		{access.Viewer, false, false},
		{access.Commenter, false, true},
		{access.Editor, true, true},
	} {
		t.Run(c.role.String(), func(t *testing.T) {
			a, b := start(t), start(t)
			da := create(t, a, "Plan")
			db := joinAs(t, b, da, c.role)
			if _, err := db.Comment(ctx, somewhere, "", "said", nil); errors.Is(err, node.ErrReadOnly) == c.talks {
				t.Errorf("comment: %v", err)
			}
			e := edit(t, db)
			if err := e.session.Update(e.update(insertText(e.doc, "typed"))); errors.Is(err, node.ErrReadOnly) == c.writes {
				t.Errorf("update: %v", err)
			}
			for stream, body := range map[uint8][]byte{oplog.StreamBody: []byte("forged"), oplog.StreamComments: record} {
				raw, err := node.ForgeEntry(db, stream, body)
				if err != nil {
					t.Fatal(err)
				}
				if err := a.Receive(ctx, b.Device(), replication.Delivery{Doc: da.ID(), Entries: [][]byte{raw}}); err != nil {
					t.Fatal(err) // a role too low is no fault of who passes it on
				}
			}
			if c.talks {
				await(t, "what was said", func() bool { r := reads(da); return r == "forged; said" })
			} else if got := reads(da); got != "" {
				t.Errorf("A reads %q", got)
			}
			if c.writes {
				await(t, "what was typed", func() bool { s := da.Text(); return strings.Contains(s, "forged") && strings.Contains(s, "typed") })
			} else if got := da.Text(); got != "" {
				t.Errorf("A's text is %q", got)
			}
		})
	}
}

// TestInertRecordsSayNothing sends entries of a commenter that hold no record.
func TestInertRecordsSayNothing(t *testing.T) {
	ctx := context.Background()
	a, b := start(t), start(t)
	da := create(t, a, "Plan")
	db := joinAs(t, b, da, access.Commenter)
	for _, body := range []string{"junk", "\x83\x01\x09\x00", "\x82\x02\x00"} {
		raw, err := node.ForgeEntry(db, oplog.StreamComments, []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Receive(ctx, b.Device(), replication.Delivery{Doc: da.ID(), Entries: [][]byte{raw}}); err != nil {
			t.Fatal(err)
		}
	}
	comment(t, db, "said")
	awaitThreads(t, da, "said")
}

func TestWatchersAreToldOfComments(t *testing.T) {
	st := memstore.New()
	defer st.Close()
	n := alone(t, newKey(t), st)
	d := create(t, n, "Plan")
	changes, stop := n.Watch()
	defer stop()
	comment(t, d, "why?")
	for c := range changes {
		if c.Kind == node.CommentsChanged && c.Doc == d.ID() {
			return
		}
	}
	t.Error("the node closed without a word")
}

// TestVoidCommentsLeaveTheirReplies removes a commenter: what it said is gone
// everywhere, what was answered stays under a placeholder, and what it says
// after that reaches no one.
func TestVoidCommentsLeaveTheirReplies(t *testing.T) {
	ctx := context.Background()
	a, b := start(t), start(t)
	da := create(t, a, "Plan")
	db := joinAs(t, b, da, access.Commenter)
	id := comment(t, db, "mine")
	comment(t, db, "mine alone")
	awaitThreads(t, da, "mine; mine alone")
	if _, err := da.Reply(ctx, id, "answer", nil); err != nil {
		t.Fatal(err)
	}
	awaitThreads(t, db, "mine / answer; mine alone")
	late, err := node.ForgeEntry(db, oplog.StreamComments, lateRecord(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := node.RevokeWhole(da, b.Device()); err != nil {
		t.Fatal(err)
	}
	awaitThreads(t, da, "answer")
	if th := da.Threads(); len(th) != 1 || !th[0].Missing || th[0].ID != id {
		t.Errorf("threads are %+v", th)
	}
	if err := a.Receive(ctx, b.Device(), replication.Delivery{Doc: da.ID(), Entries: [][]byte{late}}); err != nil {
		t.Fatal(err)
	}
	await(t, "the keys to be renewed", func() bool {
		_, err := da.Comment(ctx, somewhere, "", "next", nil)
		if err != nil && !errors.Is(err, node.ErrNoKey) {
			t.Fatal(err)
		}
		return err == nil
	})
	awaitThreads(t, da, "answer; next")
}

func lateRecord(t *testing.T) []byte {
	t.Helper()
	b, err := comments.Record{Kind: comments.KindComment, At: testTime, Anchor: somewhere, Text: "late"}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return b
}
