//go:build !js

package node_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/sheafdocs/sheaf/node"
	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/store/memstore"
	"github.com/sheafdocs/sheaf/node/wire"
)

// words makes recovery words and reads them as a person would type them.
func words(t *testing.T, n *node.Node) identity.RecoverySecret {
	t.Helper()
	text, err := n.CreateRecovery(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if len(strings.Fields(text)) != identity.RecoveryWords {
		t.Fatalf("the words are %q", text)
	}
	secret, err := identity.ParseWords(strings.ToUpper(text))
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

func recover24(t *testing.T, n *node.Node, opt node.RecoverOptions) node.Recovered {
	t.Helper()
	done, err := n.Recover(context.Background(), opt)
	if err != nil {
		t.Fatal(err)
	}
	return done
}

// TestWordsBringEverythingBack loses a laptop, and with it the first device of
// the user; a phone is left that serves what there is. A new machine knows the
// words and an address.
func TestWordsBringEverythingBack(t *testing.T) {
	key, st := newKey(t), memstore.New()
	t.Cleanup(func() { st.Close() })
	laptop, lose := stoppable(t, key, st)
	phone, friend := start(t), start(t)
	before := create(t, laptop, "Before")
	write(t, before, "made before the words")
	pair(t, laptop, phone, "phone")
	secret := words(t, laptop)
	if _, err := laptop.CreateRecovery(context.Background()); !errors.Is(err, node.ErrHasWords) {
		t.Errorf("words are made twice: %v", err)
	}
	after := create(t, laptop, "After")
	write(t, after, "made after the words")
	shared := create(t, friend, "Friend's")
	write(t, shared, "of a friend")
	joinBy(t, laptop, shared)
	texts := map[wire.DocID]string{
		before.ID(): "made before the words", after.ID(): "made after the words", shared.ID(): "of a friend",
	}
	for id, text := range texts {
		copyOf(t, phone, id, text)
	}
	onPhone, err := phone.Document(before.ID())
	if err != nil {
		t.Fatal(err)
	}
	link, err := onPhone.MakeLink(context.Background(), node.LinkTerms{Role: access.Viewer, Label: "for the club"})
	if err != nil {
		t.Fatal(err)
	}
	await(t, "the phone to know of the words", func() bool { _, made := phone.OwnDevices(); return !made.IsZero() })
	await(t, "the paper key to be in every document", func() bool { return withPaper(t, phone, texts) })
	lost := laptop.Device()
	lose()

	machine := start(t)
	// The words tell which devices there are, and change nothing yet.
	opt := node.RecoverOptions{Secret: secret, Hints: hintsOf(t, phone)}
	listed, err := machine.Recoverable(context.Background(), opt)
	if err != nil || len(listed) != 2 || listed[0].Device != lost || listed[1].Name != "phone" {
		t.Errorf("the devices of the words: %+v, %v", listed, err)
	}
	if n := len(machine.Documents()); n != 0 {
		t.Errorf("after looking the new machine has %d documents", n)
	}
	opt.Revoke = []wire.Device{lost}
	done := recover24(t, machine, opt)
	for id, text := range texts {
		d := copyOf(t, machine, id, text)
		write(t, d, "!")
		copyOf(t, phone, id, text+"!")
	}
	if done.Documents < len(texts) || done.Missing != 0 || done.Revoked == 0 {
		t.Errorf("recovered: %+v", done)
	}
	copied, err := machine.Document(before.ID())
	if err != nil {
		t.Fatal(err)
	}
	await(t, "the phone's link to be shown", func() bool {
		return slices.ContainsFunc(copied.Links(), func(l node.Link) bool {
			return l.ID == link.ID && l.Label == link.Label && l.Secret != nil && l.Secret.Secret == link.Secret.Secret
		})
	})
	// Where the words came first, the laptop is out; and it is no own device.
	if hasDevice(t, machine, after.ID(), lost) {
		t.Error("the lost laptop still has a role in a document made after the words")
	}
	own, _ := machine.OwnDevices()
	for _, d := range own {
		if d.Device == lost {
			t.Error("the lost laptop is listed among the user's devices")
		}
	}
	if len(own) == 0 {
		t.Error("the new machine lists no devices")
	}
	if _, err := machine.Recover(context.Background(), node.RecoverOptions{Secret: secret}); !errors.Is(err, node.ErrNotEmpty) {
		t.Errorf("words restore onto a device in use: %v", err)
	}
	later := create(t, machine, "Later")
	write(t, later, "made by the new machine")
	if hasDevice(t, machine, later.ID(), lost) {
		t.Error("the lost laptop is let into new documents")
	}
}

func withPaper(t *testing.T, n *node.Node, docs map[wire.DocID]string) bool {
	t.Helper()
	for id := range docs {
		d, err := n.Document(id)
		if err != nil {
			return false
		}
		found := false
		people, _ := d.People()
		for _, p := range people {
			for _, dev := range p.Devices {
				found = found || p.Me && dev.Name == "Recovery words"
			}
		}
		if !found {
			return false
		}
	}
	return true
}

func hasDevice(t *testing.T, n *node.Node, id wire.DocID, dev wire.Device) bool {
	t.Helper()
	d, err := n.Document(id)
	if err != nil {
		t.Fatal(err)
	}
	people, _ := d.People()
	for _, p := range people {
		for _, one := range p.Devices {
			if one.Device == dev {
				return true
			}
		}
	}
	return false
}

// TestWordsAndALinkBringADocumentBack has no other device left: a friend, whose
// address a link tells, holds the document they share.
func TestWordsAndALinkBringADocumentBack(t *testing.T) {
	key, st := newKey(t), memstore.New()
	t.Cleanup(func() { st.Close() })
	laptop, lose := stoppable(t, key, st)
	friend := start(t)
	secret := words(t, laptop)
	d := create(t, laptop, "Ours")
	write(t, d, "ours")
	copied := joinBy(t, friend, d)
	await(t, "the friend to have the text", func() bool { return copied.Text() == "ours" })
	link, err := d.Share(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	link.Hints = hintsOf(t, friend)
	lose()
	machine := start(t)
	done := recover24(t, machine, node.RecoverOptions{Secret: secret, Hints: []string{link.String()}})
	got := copyOf(t, machine, d.ID(), "ours")
	if done.Documents != 1 {
		t.Errorf("recovered: %+v", done)
	}
	write(t, got, " again")
	await(t, "the friend to have what is written now", func() bool { return copied.Text() == "ours again" })
}

func TestOtherWordsBringNothing(t *testing.T) {
	laptop := start(t)
	words(t, laptop)
	d := create(t, laptop, "Plan")
	write(t, d, "mine")
	machine := start(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var wrong identity.RecoverySecret
	if _, err := machine.Recover(ctx, node.RecoverOptions{Secret: wrong, Hints: hintsOf(t, laptop)}); err == nil {
		t.Error("other words are taken")
	}
	if _, err := machine.Document(d.ID()); err == nil {
		t.Error("the machine has the document")
	}
}

// TestAStolenDeviceAndWhatItAddedAreOut has a thief add a device of theirs from
// a stolen phone, and then revokes the phone from the laptop.
func TestAStolenDeviceAndWhatItAddedAreOut(t *testing.T) {
	laptop, phone, thief := start(t), start(t), start(t)
	d := create(t, laptop, "Plan")
	write(t, d, "plan; ")
	pair(t, laptop, phone, "phone")
	copyOf(t, phone, d.ID(), "plan; ")
	pair(t, phone, thief, "phone too")
	stolen := copyOf(t, thief, d.ID(), "plan; ")
	later := create(t, phone, "Later")
	copyOf(t, laptop, later.ID(), "")

	removed, _, err := laptop.RevokeDevice(context.Background(), phone.Device())
	if err != nil || removed == 0 {
		t.Fatalf("removed from %d, %v", removed, err)
	}
	for _, dev := range []wire.Device{phone.Device(), thief.Device()} {
		if hasDevice(t, laptop, d.ID(), dev) {
			t.Error("a stolen device, or one it added, has a role")
		}
	}
	own, _ := laptop.OwnDevices()
	if len(own) != 1 {
		t.Errorf("the user's devices are %+v", own)
	}
	write(t, d, "secret")
	write(t, create(t, laptop, "New"), "secret too")
	await(t, "the thief to be told", func() bool { return stolen.State() == node.StateRemoved })
	if got := stolen.Text(); strings.Contains(got, "secret") {
		t.Errorf("the thief reads %q", got)
	}
	if n := len(thief.Documents()); n > 3 { // Plan, Later, home
		t.Errorf("the thief has %d documents", n)
	}
}

// TestJuniorDeviceMarksNobodyAsLost has the newer device call the older one lost:
// it cannot remove it, and both go on as devices of one user.
func TestJuniorDeviceMarksNobodyAsLost(t *testing.T) {
	laptop, phone := start(t), start(t)
	d := create(t, laptop, "Plan")
	pair(t, laptop, phone, "phone")
	copyOf(t, phone, d.ID(), "")
	both := func(n *node.Node) bool {
		own, _ := n.OwnDevices()
		return len(own) == 2
	}
	await(t, "both to be listed", func() bool { return both(laptop) && both(phone) })
	removed, kept, err := phone.RevokeDevice(context.Background(), laptop.Device())
	if err != nil || removed != 0 || kept == 0 {
		t.Fatalf("removed from %d, kept in %d, %v", removed, kept, err)
	}
	if !both(laptop) || !both(phone) {
		t.Error("the laptop is marked as lost")
	}
	later := create(t, phone, "Later")
	copyOf(t, laptop, later.ID(), "")
}
