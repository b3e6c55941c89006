//go:build !js

package node_test

import (
	"context"
	"testing"

	"github.com/sheafdocs/sheaf/node"
	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/store/memstore"
	"github.com/sheafdocs/sheaf/node/wire"
)

// person finds the person with a device.
func person(t *testing.T, d *node.Document, dev wire.Device) node.Person {
	t.Helper()
	people, _ := d.People()
	for _, p := range people {
		for _, one := range p.Devices {
			if one.Device == dev {
				return p
			}
		}
	}
	t.Fatalf("nobody has device %s among %+v", dev, people)
	return node.Person{}
}

func TestPeopleAndTheirDevices(t *testing.T) {
	laptop, phone, friend := start(t), start(t), start(t)
	if err := friend.SetName(context.Background(), "Ben"); err != nil {
		t.Fatal(err)
	}
	d := create(t, laptop, "Plan")
	theirs := joinBy(t, friend, d)
	pair(t, laptop, phone, "phone")
	copyOf(t, phone, d.ID(), "")
	await(t, "the laptop to know the friend's name", func() bool { return person(t, d, friend.Device()).Name == "Ben" })

	people, me := d.People()
	if len(people) != 2 || !people[0].Me || me != people[0].User || len(people[0].Devices) != 2 || people[0].Role != access.Owner {
		t.Fatalf("people are %+v, me %s", people, me)
	}
	ben := people[1]
	if ben.Me || ben.Verified || ben.Role != access.Editor || !ben.Devices[0].Online || ben.Devices[0].LastSeen.IsZero() || ben.Devices[0].Via.IsZero() {
		t.Errorf("the friend is %+v", ben)
	}
	// Both sides see one code, and the phone the same as the laptop.
	onPhone, err := phone.Document(d.ID())
	if err != nil {
		t.Fatal(err)
	}
	for name, code := range map[string]string{
		"the friend": person(t, theirs, laptop.Device()).Code, "the phone": person(t, onPhone, friend.Device()).Code,
	} {
		if code != ben.Code || code == "" {
			t.Errorf("%s sees the code %q, the laptop %q", name, code, ben.Code)
		}
	}
	// What the laptop notes, the phone knows.
	if err := laptop.Verify(context.Background(), ben.User, true); err != nil {
		t.Fatal(err)
	}
	card, err := friend.Card()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := laptop.AddContact(context.Background(), card, "Benjamin"); err != nil {
		t.Fatal(err)
	}
	await(t, "the phone to know the contact", func() bool {
		p := person(t, onPhone, friend.Device())
		return p.Verified && p.Name == "Benjamin"
	})
	if c := phone.Contacts(); len(c) != 1 || c[0].Devices != 1 || !c[0].Verified {
		t.Errorf("the phone's contacts are %+v", c)
	}
}

func TestTheCardListsEveryDevice(t *testing.T) {
	laptop, phone := start(t), start(t)
	alone, err := laptop.Card()
	if err != nil || len(alone.Devices) != 1 || alone.User != wire.UserID(laptop.Device()) {
		t.Fatalf("the first card is %+v, %v", alone, err)
	}
	words(t, laptop)
	pair(t, laptop, phone, "phone")
	await(t, "the phone to have the card", func() bool {
		c, err := phone.Card()
		return err == nil && len(c.Devices) == 3
	})
	card, err := laptop.Card()
	if err != nil {
		t.Fatal(err)
	}
	text, err := card.Text()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := identity.ParseCard(text); err != nil || !got.Lists(phone.Device()) || got.User == alone.User || wire.Device(got.User) != got.Devices[0].Device {
		t.Errorf("the card is %+v, %v", got, err)
	}
}

// TestClaimingAnotherUserIDMakesNobodyAnyone has a viewer who says to be the
// user that the owner knows and has verified.
func TestClaimingAnotherUserIDMakesNobodyAnyone(t *testing.T) {
	owner, friend, mallory := start(t), start(t), start(t)
	d := create(t, owner, "Plan")
	joinBy(t, friend, d)
	ben := person(t, d, friend.Device())
	if err := owner.Verify(context.Background(), ben.User, true); err != nil {
		t.Fatal(err)
	}
	if err := mallory.SetName(context.Background(), "Ben"); err != nil {
		t.Fatal(err)
	}
	// The label in a grant is whatever the requester says. Someone else's
	// certificate, of another device, proves nothing.
	hash := node.SealHashOf(mallory)
	forged := node.Certify(mallory, ben.User, mallory.Device(), hash)
	for _, cert := range [][]byte{nil, forged[:]} {
		err := node.GrantAs(d, ben.User, access.Viewer, access.GrantDevice{Device: mallory.Device(), Seal: hash, Kind: access.DeviceNative, Cert: cert})
		if err != nil {
			t.Fatal(err)
		}
		p := person(t, d, mallory.Device())
		if p.User == ben.User || p.Verified || p.Code == ben.Code || len(p.Devices) != 1 {
			t.Errorf("mallory is shown as %+v", p)
		}
	}
	if p := person(t, d, friend.Device()); !p.Verified || len(p.Devices) != 1 {
		t.Errorf("the friend is shown as %+v", p)
	}
}

// TestNamesAreRememberedEncrypted looks for a friend's name after a restart, and
// in the bytes of the store.
func TestNamesAreRememberedEncrypted(t *testing.T) {
	key, st := newKey(t), memstore.New()
	t.Cleanup(func() { st.Close() })
	laptop, stop := stoppable(t, key, st)
	friend := start(t)
	if err := friend.SetName(context.Background(), "Benvolio"); err != nil {
		t.Fatal(err)
	}
	d := create(t, laptop, "Plan")
	theirs := joinBy(t, friend, d)
	write(t, theirs, "hello")
	await(t, "the laptop to know the friend's name", func() bool { return person(t, d, friend.Device()).Name == "Benvolio" })
	stop()
	again := alone(t, key, st)
	back, err := again.Document(d.ID())
	if err != nil {
		t.Fatal(err)
	}
	if p := person(t, back, friend.Device()); p.Name != "Benvolio" || p.Devices[0].LastSeen.IsZero() {
		t.Errorf("after a restart the friend is %+v", p)
	}
}
