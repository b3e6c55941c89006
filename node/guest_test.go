//go:build !js

package node_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/node"
	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/discovery"
	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/replication"
	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/store/memstore"
	"github.com/sheafdocs/sheaf/node/transport"
	"github.com/sheafdocs/sheaf/node/wire"
)

// hintsOf are the addresses of a node, as its links carry them.
func hintsOf(t *testing.T, n *node.Node) []string {
	t.Helper()
	link, err := create(t, n, "").Share(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return link.Hints
}

// linkOf makes a link with the addresses of another node than its maker.
func linkOf(t *testing.T, d *node.Document, terms node.LinkTerms, hints []string) (access.Link, node.Link) {
	t.Helper()
	made, err := d.MakeLink(context.Background(), terms)
	if err != nil {
		t.Fatal(err)
	}
	secret := *made.Secret
	if hints != nil {
		secret.Hints = hints
	}
	return secret, made
}

func join(t *testing.T, n *node.Node, link access.Link) *node.Document {
	t.Helper()
	d, err := n.Join(context.Background(), link)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func offline(t *testing.T, n *node.Node, off bool) {
	t.Helper()
	if err := n.SetOffline(context.Background(), off); err != nil {
		t.Fatal(err)
	}
}

// stoppable runs a node that the test ends itself.
func stoppable(t *testing.T, key *identity.Key, st store.Store) (n *node.Node, stop func()) {
	t.Helper()
	gate := new(transport.Gate)
	h, err := transport.NewHost(transport.Config{Key: key, LoopbackOnly: true, Gate: gate})
	if err != nil {
		t.Fatal(err)
	}
	n, err = node.New(node.Config{Key: key, Store: st, Host: h, Gate: gate, LocalDiscovery: discovery.Off})
	if err != nil {
		t.Fatal(err)
	}
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		if err := n.Close(); err != nil {
			t.Error(err)
		}
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(stop)
	return n, stop
}

// readerOf makes a node that reads d and may let nobody in.
func readerOf(t *testing.T, d *node.Document) (*node.Node, *node.Document) {
	t.Helper()
	n := start(t)
	link, _ := linkOf(t, d, node.LinkTerms{Role: access.Viewer}, nil)
	copied := join(t, n, link)
	await(t, "the reader to be let in", func() bool { return copied.State() == node.StateReady })
	return n, copied
}

// awaitKeys waits until a reader can serve the bearer of the owner's second
// link: it holds the key wrapped for owner, reader and both links.
func awaitKeys(t *testing.T, owner *node.Node, read *node.Document) {
	t.Helper()
	await(t, "the reader to be able to serve the link", func() bool {
		return len(read.Links()) == 2 && len(read.Offer(owner.Device(), wire.SealHash{}, replication.Asked).Wraps) == 4
	})
}

// TestGuestWritesAtOnce has a device join by a viewer, who may not let it in:
// it reads and writes, its edits outlive a restart, and when the owner is back
// everyone has them, once, an open editor's included.
func TestGuestWritesAtOnce(t *testing.T) {
	owner := start(t)
	d := create(t, owner, "Plan")
	write(t, d, "owner; ")
	reader, read := readerOf(t, d)
	await(t, "the reader to have the text", func() bool { return read.Text() == "owner; " })
	link, _ := linkOf(t, d, node.LinkTerms{Role: access.Editor}, hintsOf(t, reader))
	awaitKeys(t, owner, read)
	offline(t, owner, true)

	key, st := newKey(t), memstore.New()
	t.Cleanup(func() { st.Close() })
	guest, stop := stoppable(t, key, st)
	g := join(t, guest, link)
	await(t, "the guest to read", func() bool { return g.Text() == "owner; " })
	if info := g.Info(); info.State != node.StateJoining || !info.Waiting || info.Role != access.Editor {
		t.Errorf("the guest's document is %s, waiting %v, as %s", info.State, info.Waiting, info.Role)
	}
	write(t, g, "guest one; ")
	stop()

	guest, _ = stoppable(t, key, st)
	g, err := guest.Document(d.ID())
	if err != nil {
		t.Fatal(err)
	}
	if got := g.Text(); got != "owner; guest one; " {
		t.Fatalf("after a restart the guest has %q", got)
	}
	e := edit(t, g)
	e.typeText("guest two; ")
	await(t, "the guest's edit to be durable", func() bool { return e.ackedThrough() == 1 })
	await(t, "the reader to keep the request", func() bool { return len(read.Requests()) == 1 })
	if r := read.Requests()[0]; r.Device != guest.Device() || r.Role != access.Editor {
		t.Errorf("the request is of %s as %s", r.Device, r.Role)
	}
	if got := read.Text(); got != "owner; " {
		t.Errorf("the reader has %q from a device without a role", got)
	}

	offline(t, owner, false)
	await(t, "the guest to be let in", func() bool { return g.State() == node.StateReady && !g.Info().Waiting })
	want := "owner; guest one; guest two; "
	for name, copied := range map[string]*node.Document{"owner": d, "reader": read, "guest": g} {
		await(t, name+" to have everything, not "+d.Text()+"/"+g.Text(), func() bool { return copied.Text() == want })
	}
	await(t, "the open editor to be reset", func() bool { return e.lastTrouble().Kind == node.EventReset })
	to := g.Renamed()[e.session.Client()]
	if to == 0 || to == e.session.Client() {
		t.Errorf("the editor is not told its new client id: %v", g.Renamed())
	}
	write(t, g, "as member")
	await(t, "the owner to have what the member writes", func() bool { return d.Text() == want+"as member" })
	checkSame(t, d, g)
	checkSame(t, d, read)
	await(t, "the request to be forgotten", func() bool { return len(read.Requests()) == 0 })
}

// TestGuestOfARevokedLinkKeepsText has the link revoked before anyone answers.
func TestGuestOfARevokedLinkKeepsText(t *testing.T) {
	owner := start(t)
	d := create(t, owner, "Plan")
	write(t, d, "owner; ")
	reader, read := readerOf(t, d)
	await(t, "the reader to have the text", func() bool { return read.Text() == "owner; " })
	link, made := linkOf(t, d, node.LinkTerms{Role: access.Editor}, hintsOf(t, reader))
	awaitKeys(t, owner, read)
	offline(t, owner, true)
	guest := start(t)
	g := join(t, guest, link)
	await(t, "the guest to read", func() bool { return g.Text() == "owner; " })
	e := edit(t, g)
	e.typeText("guest; ")
	await(t, "the guest's edit to be durable", func() bool { return e.ackedThrough() == 1 })

	if err := d.RevokeLink(context.Background(), made.ID); err != nil {
		t.Fatal(err)
	}
	offline(t, owner, false)
	await(t, "the guest to hear of it", func() bool { return errors.Is(g.JoinError(), node.ErrLinkRefused) })
	if got := g.Text(); got != "owner; guest; " {
		t.Errorf("the guest has %q", got)
	}
	if got := d.Text(); got != "owner; " {
		t.Errorf("the owner has %q", got)
	}

	// A new link brings the edits of then.
	again, _ := linkOf(t, d, node.LinkTerms{Role: access.Editor}, nil)
	join(t, guest, again)
	await(t, "the guest to be let in", func() bool { return g.State() == node.StateReady })
	await(t, "the owner to have what the guest wrote", func() bool { return d.Text() == "owner; guest; " })
}

// TestLinkTermsAreKeptTo has the owner's node answer requests by links that
// have expired or been used up.
func TestLinkTermsAreKeptTo(t *testing.T) {
	owner := start(t)
	d := create(t, owner, "")
	once, made := linkOf(t, d, node.LinkTerms{Role: access.Commenter, MaxUses: 1, Label: "for Ben"}, nil)
	first := join(t, start(t), once)
	await(t, "the first to be let in", func() bool { return first.State() == node.StateReady })
	if got := first.Info().Role; got != access.Commenter {
		t.Errorf("let in as %s", got)
	}
	second := join(t, start(t), once)
	await(t, "the second to hear that the link is used up", func() bool {
		w, ok := second.Guest()
		return ok && w.Link == node.LinkUsed
	})
	e := edit(t, second)
	text := e.doc.Text("text")
	err := e.session.Update(e.update(func(tx *crdt.Txn) error { return text.Insert(tx, 0, "x") }))
	if !errors.Is(err, node.ErrReadOnly) {
		t.Errorf("who came by a spent link writes: %v", err)
	}
	links := d.Links()
	if len(links) != 1 || links[0].ID != made.ID || links[0].State != node.LinkUsed || links[0].Uses != 1 || links[0].Label != "for Ben" || !links[0].Mine {
		t.Errorf("the owner sees %+v", links)
	}
	if got := first.Links()[0]; got.Secret != nil || got.Label != "" || got.Mine {
		t.Errorf("another member sees %+v", got)
	}
	for _, bad := range []node.LinkTerms{
		{Role: access.Owner}, {Role: access.Doorkeeper},
		{Role: access.Editor, Expires: time.Now().Add(-time.Second)}, {Role: access.Editor, Label: strings.Repeat("x", 129)},
	} {
		if _, err := d.MakeLink(context.Background(), bad); err == nil {
			t.Errorf("a link was made on the terms %+v", bad)
		}
	}
	if _, err := first.MakeLink(context.Background(), node.LinkTerms{Role: access.Viewer}); err == nil {
		t.Error("a commenter made a link")
	}
}

// TestRevokedLinkAndWhoCameByIt revokes a link and removes those it let in; who
// came otherwise stays, and a link that the removal closed has a successor.
func TestRevokedLinkAndWhoCameByIt(t *testing.T) {
	owner := start(t)
	d := create(t, owner, "")
	write(t, d, "before; ")
	leaked, made := linkOf(t, d, node.LinkTerms{Role: access.Editor, Label: "leaked"}, nil)
	_, kept := linkOf(t, d, node.LinkTerms{Role: access.Viewer, Label: "public"}, nil)
	gone := join(t, start(t), leaked)
	await(t, "the editor to be let in", func() bool { return gone.State() == node.StateReady })
	await(t, "the editor to have the text", func() bool { return gone.Text() == "before; " })
	stays := join(t, start(t), *kept.Secret)
	await(t, "the reader to be let in", func() bool { return stays.State() == node.StateReady })

	if err := d.RevokeLink(context.Background(), made.ID); err != nil {
		t.Fatal(err)
	}
	if got := states(d, "public"); got[node.LinkOpen] != 1 || len(got) != 1 {
		t.Errorf("another link's revocation made the public one %v", got)
	}
	removed, err := d.Remove(context.Background(), node.RemoveOptions{Via: made.ID})
	if err != nil || removed != 1 {
		t.Fatalf("%d removed, %v", removed, err)
	}
	await(t, "the editor to be removed", func() bool { return gone.State() == node.StateRemoved })
	write(t, d, "after; ")
	await(t, "the reader to have what came after", func() bool { return stays.Text() == "before; after; " })
	if got := gone.Text(); got != "before; " {
		t.Errorf("the removed one has %q", got)
	}
	await(t, "the closed link to have a successor", func() bool {
		got := states(d, "public")
		return got[node.LinkClosed] == 1 && got[node.LinkOpen] == 1
	})
	for _, l := range d.Links() {
		if l.Label == "public" && l.State == node.LinkOpen {
			late := join(t, start(t), *l.Secret)
			await(t, "someone to come by the successor", func() bool {
				return late.State() == node.StateReady && late.Text() == "before; after; "
			})
		}
	}
}

// states counts the links with a label by their state.
func states(d *node.Document, label string) map[node.LinkState]int {
	found := map[node.LinkState]int{}
	for _, l := range d.Links() {
		if l.Label == label {
			found[l.State]++
		}
	}
	return found
}
