//go:build !js

package node_test

import (
	"context"
	"errors"
	"testing"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/node"
	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/comments"
	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/store/memstore"
)

// waiter is a guest that waits to be let in.
type waiter struct {
	node *node.Node
	doc  *node.Document
	key  *identity.Key
	st   store.Store
	stop func()
	link node.Link // it came by
}

// waiterOf makes a guest of d, by a reader who may let nobody in: the owner is
// offline from then on.
func waiterOf(t *testing.T, owner *node.Node, d *node.Document, role access.Role) (w waiter) {
	t.Helper()
	reader, read := readerOf(t, d)
	await(t, "the reader to have the text", func() bool { return read.Text() == d.Text() })
	link, made := linkOf(t, d, node.LinkTerms{Role: role}, hintsOf(t, reader))
	awaitKeys(t, owner, read)
	offline(t, owner, true)
	key, mem := newKey(t), memstore.New()
	t.Cleanup(func() { mem.Close() })
	guest, stop := stoppable(t, key, mem)
	g := join(t, guest, link)
	await(t, "the guest to read", func() bool { return g.Text() == d.Text() })
	await(t, "the reader to keep the request", func() bool { return len(read.Requests()) == 1 })
	return waiter{guest, g, key, mem, stop, made}
}

// TestGuestCommentsAtOnce: who came by a commenter's link, and waits for a member
// who may let it in, comments, answers, changes and deletes. It is shown on that
// device, also after a restart, and everyone has it once when the owner is back.
func TestGuestCommentsAtOnce(t *testing.T) {
	ctx := context.Background()
	owner := start(t)
	d := create(t, owner, "Plan")
	write(t, d, "owner; ")
	asked := comment(t, d, "well?")
	w := waiterOf(t, owner, d, access.Commenter)
	g := w.doc
	awaitThreads(t, g, "well?")
	if _, err := g.Reply(ctx, asked, "well.", nil); err != nil {
		t.Fatal(err)
	}
	id := comment(t, g, "frist")
	if err := g.EditComment(ctx, id, "first", nil); err != nil {
		t.Fatal(err)
	}
	if err := g.DeleteComment(ctx, comment(t, g, "never mind")); err != nil {
		t.Fatal(err)
	}
	const here = "first; well? / well."
	awaitThreads(t, g, here)
	w.stop()

	guest := startOn(t, w.key, w.st)
	g, err := guest.Document(d.ID())
	if err != nil {
		t.Fatal(err)
	}
	if got := reads(g); got != here {
		t.Fatalf("after a restart the guest reads %q", got)
	}
	if _, err := g.Reply(ctx, id, "second", nil); err != nil {
		t.Fatal(err)
	}
	if got := reads(d); got != "well?" {
		t.Errorf("the owner reads %q of a device that has no role", got)
	}
	offline(t, owner, false)
	await(t, "the guest to be let in", func() bool { return g.State() == node.StateReady && !g.Info().Waiting })
	const want = "first / second; well? / well."
	awaitThreads(t, d, want)
	awaitThreads(t, g, want)
	if _, err := g.Reply(ctx, id, "third", nil); err != nil { // a page that has the old id
		t.Fatal(err)
	}
	awaitThreads(t, d, "first / second / third; well? / well.")
	checkSame(t, d, g)
}

// TestGuestOfARevokedLinkKeepsComments has the link revoked before anyone answers.
func TestGuestOfARevokedLinkKeepsComments(t *testing.T) {
	owner := start(t)
	d := create(t, owner, "Plan")
	write(t, d, "owner; ")
	w := waiterOf(t, owner, d, access.Commenter)
	guest, g := w.node, w.doc
	comment(t, g, "kept")
	if err := d.RevokeLink(context.Background(), w.link.ID); err != nil {
		t.Fatal(err)
	}
	offline(t, owner, false)
	await(t, "the guest to hear of it", func() bool { return errors.Is(g.JoinError(), node.ErrLinkRefused) })
	if got := reads(g); got != "kept" {
		t.Errorf("the guest reads %q", got)
	}
	if got := reads(d); got != "" {
		t.Errorf("the owner reads %q", got)
	}

	// A new link brings the comments of then.
	again, _ := linkOf(t, d, node.LinkTerms{Role: access.Commenter}, nil)
	join(t, guest, again)
	await(t, "the guest to be let in", func() bool { return g.State() == node.StateReady })
	awaitThreads(t, d, "kept")
	awaitThreads(t, g, "kept")
}

// TestGuestsCommentFollowsItsOwnText: a guest comments on what it has written
// itself. Its client id is another one when it is let in, in the comment too.
func TestGuestsCommentFollowsItsOwnText(t *testing.T) {
	owner := start(t)
	d := create(t, owner, "Plan")
	write(t, d, "owner; ")
	g := waiterOf(t, owner, d, access.Editor).doc
	e := edit(t, g)
	e.typeText("guest")
	await(t, "the guest's edit to be durable", func() bool { return e.ackedThrough() == 1 })
	var anchor comments.Anchor
	for at, p := range map[int]*[]byte{len("owner; "): &anchor.From, len("owner; gue"): &anchor.To} {
		pos, err := crdt.NewRelativePosition(e.doc.Text("text"), at, 0)
		if err != nil {
			t.Fatal(err)
		}
		*p = pos.Encode()
	}
	if _, err := g.Comment(context.Background(), anchor, "gue", "hm", nil); err != nil {
		t.Fatal(err)
	}
	awaitThreads(t, g, "hm")
	offline(t, owner, false)
	awaitThreads(t, d, "hm")
	got := d.Threads()[0].Anchor
	for i, raw := range [][]byte{got.From, got.To} {
		pos, err := crdt.DecodeRelativePosition(raw)
		if err != nil {
			t.Fatal(err)
		}
		if item, ok := pos.Item(); !ok || item.Client != g.Renamed()[e.session.Client()] || item.Clock != uint64(3*i) {
			t.Errorf("end %d is at %v, want client %d", i, item, g.Renamed()[e.session.Client()])
		}
	}
	await(t, "the owner to have the text", func() bool { return d.Text() == "owner; guest" })
}
