//go:build !js

package node_test

import (
	"context"
	"testing"

	"github.com/sheafdocs/sheaf/node"
	"github.com/sheafdocs/sheaf/node/access"
)

// TestOwnDevicesShowEachOthersLinks: a link made on one device can be copied on
// the user's other one, which was added later or before, and on nobody else's;
// who comes by it is let in. It is forgotten when it is revoked.
func TestOwnDevicesShowEachOthersLinks(t *testing.T) {
	ctx := context.Background()
	laptop, phone, friend := start(t), start(t), start(t)
	d := create(t, laptop, "Plan")
	write(t, d, "one")
	before, err := d.MakeLink(ctx, node.LinkTerms{Role: access.Viewer, Label: "before"})
	if err != nil {
		t.Fatal(err)
	}
	pair(t, laptop, phone, "phone")
	onPhone := copyOf(t, phone, d.ID(), "one")
	after, err := d.MakeLink(ctx, node.LinkTerms{Role: access.Editor, Label: "after"})
	if err != nil {
		t.Fatal(err)
	}
	shown := func(d *node.Document, made node.Link) bool {
		for _, l := range d.Links() {
			if l.ID == made.ID {
				return l.Secret != nil && l.Secret.Secret == made.Secret.Secret && l.Label == made.Label
			}
		}
		return false
	}
	for _, made := range []node.Link{before, after} {
		await(t, "the phone to show the link "+made.Label, func() bool { return shown(onPhone, made) })
	}
	var link access.Link
	for _, l := range onPhone.Links() {
		if l.Mine {
			t.Errorf("the phone says that it made the link %s", l.Label)
		}
		if l.ID == after.ID {
			link = *l.Secret
		}
	}
	joined := join(t, friend, link)
	await(t, "the friend to be let in", func() bool { return joined.State() == node.StateReady })
	await(t, "the friend to know both links", func() bool { return len(joined.Links()) == 2 })
	for _, l := range joined.Links() {
		if l.Secret != nil || l.Label != "" {
			t.Errorf("the friend is shown the link %q", l.Label)
		}
	}
	if n := node.HomeLinks(phone); n != 2 {
		t.Errorf("the home document has %d links", n)
	}
	if err := onPhone.RevokeLink(ctx, after.ID); err != nil {
		t.Fatal(err)
	}
	for _, n := range []*node.Node{laptop, phone} {
		await(t, "the link to be forgotten", func() bool { return node.HomeLinks(n) == 1 })
	}
	await(t, "the phone not to show it", func() bool { return !shown(onPhone, after) && shown(onPhone, before) })
}

// twoDevices starts two devices of one user that have a document with the text
// "one".
func twoDevices(t *testing.T) (laptop, phone *node.Node, d, onPhone *node.Document) {
	laptop, phone = start(t), start(t)
	d = create(t, laptop, "Plan")
	write(t, d, "one")
	pair(t, laptop, phone, "phone")
	return laptop, phone, d, copyOf(t, phone, d.ID(), "one")
}

// TestHomeLinksThatAreNotTheInvitesAreNotShown: what the home document says of a
// link is believed only if the link's key follows from it.
func TestHomeLinksThatAreNotTheInvitesAreNotShown(t *testing.T) {
	ctx := context.Background()
	laptop, _, d, onPhone := twoDevices(t)
	wrong, err := d.MakeLink(ctx, node.LinkTerms{Role: access.Editor, Label: "wrong"})
	if err != nil {
		t.Fatal(err)
	}
	var right node.Link
	shown := func(id node.Link) bool {
		for _, l := range onPhone.Links() {
			if l.ID == id.ID {
				return l.Secret != nil
			}
		}
		return false
	}
	await(t, "the phone to show the link", func() bool { return shown(wrong) })
	for _, secret := range []string{"AAAAAAAAAAAAAAAAAAAAAA", "AAAA", "?", ""} {
		if err := node.SetHomeLink(laptop, d.ID(), wrong.ID, secret); err != nil {
			t.Fatal(err)
		}
		right, err = d.MakeLink(ctx, node.LinkTerms{Role: access.Viewer, Label: "right"})
		if err != nil {
			t.Fatal(err)
		}
		await(t, "the phone to show what came later", func() bool { return shown(right) })
		if shown(wrong) {
			t.Errorf("a link with the secret %q is shown", secret)
		}
	}
}

// TestHomeChangedWhileFollowed: what arrives while the home document is being
// followed is followed next, not taken for what was read before it.
func TestHomeChangedWhileFollowed(t *testing.T) {
	ctx := context.Background()
	_, phone, d, onPhone := twoDevices(t)
	link, err := d.MakeLink(ctx, node.LinkTerms{Role: access.Viewer, Label: "later"})
	if err != nil {
		t.Fatal(err)
	}
	shown := func() bool {
		links := onPhone.Links()
		return len(links) == 1 && links[0].Secret != nil
	}
	await(t, "the phone to show the link", shown)
	err = node.TendHomeBefore(phone, onPhone, func() error { return node.SetHomeLink(phone, d.ID(), link.ID, "?") })
	if err != nil {
		t.Fatal(err)
	}
	if shown() {
		t.Error("a link is shown that the home document does not tell of any more")
	}
}

// TestHomeDocumentsAreNotTakenForEachOther: what was followed in one home
// document was not followed in the one that takes its place, however alike.
func TestHomeDocumentsAreNotTakenForEachOther(t *testing.T) {
	n := start(t)
	if a, b := create(t, n, ""), create(t, n, ""); node.SameHomeVersion(a, b) {
		t.Error("two documents have one version")
	}
}
