//go:build !js

package node_test

import (
	"context"
	"errors"
	"testing"

	"github.com/sheafdocs/sheaf/node"
	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/wire"
)

// pair makes fresh a device of old's user, both people saying yes.
func pair(t *testing.T, old, fresh *node.Node, name string) {
	t.Helper()
	offer, err := old.Pair(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	// As text, the way it travels.
	link, err := identity.ParsePairLink(offer.Link.String())
	if err != nil {
		t.Fatal(err)
	}
	if err := fresh.JoinPairing(context.Background(), link, name); err != nil {
		t.Fatal(err)
	}
	await(t, "the old device to ask", func() bool { return old.PairingStatus().State == node.PairingConfirm })
	await(t, "the new device to show the code", func() bool {
		st := fresh.PairingStatus()
		return st.State == node.PairingWaiting && st.Code != ""
	})
	shown, asked := fresh.PairingStatus(), old.PairingStatus()
	if asked.Name != name || asked.Device != fresh.Device() || asked.Code != shown.Code || len(asked.Code) != 6 {
		t.Errorf("the old device shows %+v, the new one %+v", asked, shown)
	}
	if err := old.ConfirmPairing(true); err != nil {
		t.Fatal(err)
	}
	for _, n := range []*node.Node{old, fresh} {
		await(t, "both devices to be done", func() bool {
			st := n.PairingStatus()
			if st.State == node.PairingFailed {
				t.Fatalf("pairing failed: %v", st.Err)
			}
			return st.State == node.PairingDone
		})
	}
}

// copyOf waits until a node has a document with a text.
func copyOf(t *testing.T, n *node.Node, id wire.DocID, text string) *node.Document {
	t.Helper()
	var d *node.Document
	await(t, "the device to have "+text, func() bool {
		var err error
		d, err = n.Document(id)
		return err == nil && d.State() == node.StateReady && d.Text() == text
	})
	return d
}

func TestAPairedDeviceHasEveryDocument(t *testing.T) {
	laptop, friend, phone := start(t), start(t), start(t)
	first, second := create(t, laptop, "First"), create(t, laptop, "Second")
	write(t, first, "one")
	write(t, second, "two")
	shared := create(t, friend, "Friend's")
	write(t, shared, "three")
	joinBy(t, laptop, shared)

	pair(t, laptop, phone, "phone")
	for d, text := range map[*node.Document]string{first: "one", second: "two", shared: "three"} {
		got := copyOf(t, phone, d.ID(), text)
		await(t, "the phone to have the title "+d.Title(), func() bool { return got.Title() == d.Title() })
		checkSame(t, d, got)
	}
	// What it writes counts, with the friend too.
	onPhone, err := phone.Document(shared.ID())
	if err != nil {
		t.Fatal(err)
	}
	write(t, onPhone, " and four")
	await(t, "the friend to have what the phone wrote", func() bool { return shared.Text() == "three and four" })

	// Documents made later reach the other device, both ways, and so does one
	// that is joined.
	later := create(t, phone, "Later")
	write(t, later, "five")
	copyOf(t, laptop, later.ID(), "five")
	other := create(t, friend, "Another")
	write(t, other, "six")
	joinBy(t, phone, other)
	copyOf(t, laptop, other.ID(), "six")

	for _, n := range []*node.Node{laptop, phone} {
		for _, d := range n.Documents() {
			if n.IsHome(d.ID()) && d.Title() != "" {
				t.Error("the home document has a title")
			}
		}
	}
}

func TestAWrongSecretBurnsTheLink(t *testing.T) {
	laptop, thief, phone := start(t), start(t), start(t)
	d := create(t, laptop, "Plan")
	write(t, d, "mine")
	offer, err := laptop.Pair(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	link, wrong := offer.Link, offer.Link
	wrong.Secret[0] ^= 1
	if err := thief.JoinPairing(context.Background(), wrong, "thief"); err != nil {
		t.Fatal(err)
	}
	for _, n := range []*node.Node{laptop, thief} {
		await(t, "pairing to fail", func() bool { return n.PairingStatus().State == node.PairingFailed })
	}
	if err := laptop.PairingStatus().Err; !errors.Is(err, identity.ErrPairing) {
		t.Errorf("the laptop says %v", err)
	}
	// The right secret is of no use any more.
	if err := phone.JoinPairing(context.Background(), link, "phone"); err != nil {
		t.Fatal(err)
	}
	await(t, "the spent link to be refused", func() bool { return phone.PairingStatus().State == node.PairingFailed })
	if err := laptop.ConfirmPairing(true); !errors.Is(err, node.ErrNoPairing) {
		t.Errorf("a device waits to be added: %v", err)
	}
	if _, err := thief.Document(d.ID()); err == nil {
		t.Error("the thief has the document")
	}
}

func TestThePersonSaysNo(t *testing.T) {
	laptop, phone := start(t), start(t)
	d := create(t, laptop, "Plan")
	offer, err := laptop.Pair(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if err := phone.JoinPairing(context.Background(), offer.Link, "phone"); err != nil {
		t.Fatal(err)
	}
	await(t, "the laptop to ask", func() bool { return laptop.PairingStatus().State == node.PairingConfirm })
	if _, err := laptop.Pair(context.Background()); !errors.Is(err, node.ErrPairBusy) {
		t.Errorf("a second link while a device waits: %v", err)
	}
	if err := laptop.ConfirmPairing(false); err != nil {
		t.Fatal(err)
	}
	await(t, "the phone to hear of it", func() bool { return phone.PairingStatus().State == node.PairingFailed })
	if err := phone.PairingStatus().Err; !errors.Is(err, node.ErrPairRefused) {
		t.Errorf("the phone says %v", err)
	}
	if _, err := phone.Document(d.ID()); err == nil {
		t.Error("the phone has the document")
	}
	await(t, "the laptop to be done", func() bool { return laptop.PairingStatus().State == node.PairingFailed })
	pair(t, laptop, phone, "phone") // and a fresh link works
}

// TestANewLinkReplacesAnUnansweredOne has a link made whose page or terminal is
// gone, then another: the first one is of no use, and giving it up late does not
// end the second.
func TestANewLinkReplacesAnUnansweredOne(t *testing.T) {
	laptop, phone, tablet := start(t), start(t), start(t)
	stale, err := laptop.Pair(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	offer, err := laptop.Pair(context.Background())
	if err != nil {
		t.Fatalf("a second link: %v", err)
	}
	laptop.CancelPairing(stale.Number)
	if st := laptop.PairingStatus(); st.State != node.PairingWaiting || st.Number != offer.Number || st.Number == stale.Number {
		t.Fatalf("after the stale link was given up: %+v", st)
	}
	if err := tablet.JoinPairing(context.Background(), stale.Link, "tablet"); err != nil {
		t.Fatal(err)
	}
	for _, n := range []*node.Node{laptop, tablet} { // the laptop gives the place up when the tablet has heard
		await(t, "the stale link to be refused", func() bool { return n.PairingStatus().State == node.PairingFailed })
	}
	pair(t, laptop, phone, "phone")
}
