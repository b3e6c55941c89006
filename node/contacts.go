package node

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/wire"
)

// maxContacts bounds the address book.
const maxContacts = 4096

// Contact is someone this user knows.
type Contact struct {
	User     wire.UserID
	Name     string
	Verified bool
	Devices  int // of their card; 0: none was given
}

// UserID is who this device's user is: the paper key, or without one the first
// device.
func (n *Node) UserID() wire.UserID {
	if home, err := n.readyHome(); err == nil {
		if user := home.readHome().user; !user.IsZero() {
			return user
		}
	}
	return n.cfg.Key.UserID()
}

// Card is what this user gives others to be let into their documents.
func (n *Node) Card() (identity.Card, error) {
	self := n.cfg.Key
	card := identity.Card{User: n.UserID()}
	home, err := n.readyHome()
	if err != nil {
		card.Devices = []identity.CardDevice{{
			Device: self.Device(), Seal: self.SealHash(), Kind: uint8(access.ThisDevice()),
			Cert: self.Certify(card.User, self.Device(), self.SealHash()),
		}}
		return card, nil
	}
	h := home.readHome()
	if public, ok := h.paperSeal(); ok {
		card = withDevice(card, h.paper.Device, public, uint8(access.DevicePaper), h.paper.Cert)
	}
	// In rounds: a device comes after the one that vouched for it.
	for range h.own {
		for _, dev := range h.own {
			card = withDevice(card, dev.device, dev.public, dev.data.Kind, dev.data.Cert)
		}
	}
	_, err = card.Encode()
	return card, err
}

// withDevice adds a device to a card, if what is on it vouches for the device.
func withDevice(card identity.Card, dev wire.Device, public []byte, kind uint8, cert string) identity.Card {
	b := certBytes(cert)
	if b == nil || card.Lists(dev) || len(card.Devices) == identity.MaxCardDevices {
		return card
	}
	more := card
	more.Devices = append(slices.Clone(card.Devices), identity.CardDevice{
		Device: dev, Seal: identity.HashSeal(public), Kind: kind, Cert: wire.Signature(b),
	})
	if _, err := more.Encode(); err != nil {
		return card
	}
	return more
}

// Contacts lists who this user knows, by name.
func (n *Node) Contacts() []Contact {
	var list []Contact
	for user, c := range n.addressBook().contacts {
		contact := Contact{User: user, Name: c.Name, Verified: c.Verified}
		if card, err := identity.ParseCard(c.Card); err == nil {
			contact.Devices = len(card.Devices)
		}
		list = append(list, contact)
	}
	slices.SortFunc(list, func(a, b Contact) int {
		if c := strings.Compare(a.Name, b.Name); c != 0 {
			return c
		}
		return strings.Compare(a.User.String(), b.User.String())
	})
	return list
}

// AddContact keeps a card under a name.
func (n *Node) AddContact(ctx context.Context, card identity.Card, name string) (Contact, error) {
	text, err := card.Text()
	if err != nil {
		return Contact{}, err
	}
	if len(name) > maxNameBytes {
		return Contact{}, fmt.Errorf("%w: name of %d bytes, %d are allowed", ErrTitle, len(name), maxNameBytes)
	}
	c, err := n.changeContact(ctx, card.User, func(c *homeContact) {
		c.Card = text
		if name != "" {
			c.Name = name
		}
	})
	return Contact{User: card.User, Name: c.Name, Verified: c.Verified, Devices: len(card.Devices)}, err
}

// Verify notes that this user has compared the code with someone, or takes that
// back.
func (n *Node) Verify(ctx context.Context, user wire.UserID, verified bool) error {
	_, err := n.changeContact(ctx, user, func(c *homeContact) { c.Verified = verified })
	n.notify(Change{Kind: DocumentsChanged})
	return err
}

func (n *Node) changeContact(ctx context.Context, user wire.UserID, change func(*homeContact)) (homeContact, error) {
	home, err := n.makeHome(ctx)
	if err != nil {
		return homeContact{}, err
	}
	contacts := home.readHome().contacts
	c, known := contacts[user]
	if !known && len(contacts) >= maxContacts {
		return c, fmt.Errorf("%w: %d contacts are kept", ErrTooMany, maxContacts)
	}
	change(&c)
	return c, home.writeHome(ctx, homeChange{homeContacts, user.String(), c})
}

// OwnDevice is a device of this user.
type OwnDevice struct {
	Device   wire.Device
	Name     string
	Kind     access.DeviceKind
	Me       bool
	AddedAt  time.Time
	LastSeen time.Time
	Online   bool
}

// OwnDevices lists the devices of this user, the most senior first, and when
// the recovery words were made, zero if they were not.
func (n *Node) OwnDevices() (list []OwnDevice, words time.Time) {
	online := map[wire.Device]bool{n.device: true}
	if n.sync != nil {
		for _, dev := range n.sync.Peers() {
			online[dev] = true
		}
	}
	home, err := n.readyHome()
	if err != nil {
		return []OwnDevice{{
			Device: n.device, Name: n.Name(), Kind: access.ThisDevice(), Me: true, LastSeen: n.cfg.Now(), Online: true,
		}}, words
	}
	h := home.readHome()
	for _, dev := range h.own {
		own := OwnDevice{
			Device: dev.device, Name: dev.data.Name, Kind: access.DeviceKind(dev.data.Kind), Me: dev.device == n.device,
			AddedAt: time.UnixMilli(dev.data.AddedAt), LastSeen: n.lastSeen(dev.device), Online: online[dev.device],
		}
		if own.Online {
			own.LastSeen = n.cfg.Now()
		}
		list = append(list, own)
	}
	if _, ok := h.paperSeal(); ok {
		words = time.UnixMilli(h.paper.CreatedAt)
	}
	return list, words
}
