package node

import (
	"context"
	"fmt"
	"time"

	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/wire"
)

// Person is a member of a document with all devices. Devices belong to one
// person if they come from one grant or genesis, or if one user's key vouches
// for them; what a device merely calls itself makes nobody anyone.
type Person struct {
	User     wire.UserID // proven, or else the person's first device here
	Name     string      // as this user calls them, else as they call themselves
	Label    string
	Me       bool
	Verified bool   // this user has compared the code with them
	Code     string // to be compared; "" for oneself
	Role     access.Role
	Devices  []PersonDevice
}

// PersonDevice is a device of a member.
type PersonDevice struct {
	Device   wire.Device
	Name     string
	Kind     access.DeviceKind
	Role     access.Role
	Me       bool
	LastSeen time.Time // zero: never
	Online   bool
	AddedAt  time.Time // by the clock of who let it in
	Via      wire.OpID // the link it came by; zero for none
}

// People lists the members of the document, the most senior first, and who of
// them this user is.
func (d *Document) People() (list []Person, me wire.UserID) {
	online := map[wire.Device]bool{d.node.device: true}
	for _, dev := range d.node.peersOf(d.id) {
		online[dev] = true
	}
	book := d.node.addressBook()
	d.mu.Lock()
	defer d.mu.Unlock()
	users := d.usersByRoot()
	at := map[wire.UserID]int{}
	device := map[wire.Device]int{} // where in its person's list
	for _, m := range d.access.Members() {
		user := users[m.Root]
		i, known := at[user]
		if !known {
			i = len(list)
			at[user] = i
			list = append(list, Person{User: user})
		}
		p := &list[i]
		p.Role = max(p.Role, m.Role)
		if k, again := device[m.Device]; again {
			if k < len(p.Devices) && p.Devices[k].Device == m.Device {
				p.Devices[k].Role = max(p.Devices[k].Role, m.Role)
			}
			continue
		}
		device[m.Device] = len(p.Devices)
		p.Devices = append(p.Devices, d.describeDevice(&m, online[m.Device]))
		if m.Device == d.node.device {
			p.Me, me = true, user
		}
	}
	profiles := d.foldTalk().Profiles
	for i := range list {
		p := &list[i]
		for _, dev := range p.Devices {
			if p.Name == "" {
				p.Name = dev.Name
			}
			if p.Label == "" {
				p.Label = profiles[dev.Device].Label
			}
		}
		if p.Me {
			p.Verified = true
			continue
		}
		if contact, ok := book.find(p); ok {
			p.Verified = contact.Verified
			if contact.Name != "" {
				p.Name = contact.Name
			}
		}
		if !me.IsZero() {
			p.Code = identity.VerificationCode(me, p.User)
		}
	}
	return list, me
}

func (d *Document) describeDevice(m *access.Member, online bool) PersonDevice {
	dev := PersonDevice{
		Device: m.Device, Name: d.nameHere(m.Device), Kind: m.Kind, Role: m.Role, Me: m.Device == d.node.device,
		LastSeen: d.node.lastSeen(m.Device), Online: online, AddedAt: m.Since, Via: m.Via,
	}
	switch {
	case dev.Me:
		dev.Name, dev.LastSeen = d.node.Name(), d.node.cfg.Now()
	case online:
		dev.LastSeen = d.node.cfg.Now()
	case m.Kind == access.DevicePaper:
		dev.Name = "Recovery words"
	}
	return dev
}

// nameHere is what a device calls itself in this document, else anywhere.
func (d *Document) nameHere(dev wire.Device) string {
	if p, ok := d.foldTalk().Profiles[dev]; ok && p.Name != "" {
		return p.Name
	}
	return d.node.nameOf(dev)
}

// usersByRoot says who the devices of each grant or genesis belong to. Every
// member finds the same: it is a function of the access log alone, so that two
// people see the same code.
func (d *Document) usersByRoot() map[wire.OpID]wire.UserID {
	users := map[wire.OpID]wire.UserID{}
	for _, m := range d.access.Members() {
		if _, done := users[m.Root]; done {
			continue
		}
		if op, ok := d.access.Get(m.Root); ok {
			users[m.Root] = userOf(op)
		}
	}
	return users
}

// userOf is whose devices an op lets in: the user it names, if that user's key
// is or vouches for the first of them; else the first device itself, and of a
// genesis its author.
func userOf(op *access.Op) wire.UserID {
	switch {
	case op.Genesis != nil:
		return wire.UserID(op.Author)
	case op.Grant == nil:
		return wire.UserID(op.Author)
	}
	user := op.Grant.User
	for _, dev := range op.Grant.Devices {
		if wire.UserID(dev.Device) == user {
			return user
		}
		if len(dev.Cert) == len(wire.Signature{}) &&
			identity.VerifyCert(wire.Device(user), user, dev.Device, dev.Seal, wire.Signature(dev.Cert)) {
			return user
		}
	}
	return wire.UserID(op.Grant.Devices[0].Device)
}

// addressBook is who this user knows.
type addressBook struct {
	contacts map[wire.UserID]homeContact
	devices  map[wire.Device]wire.UserID // of the cards
}

func (n *Node) addressBook() addressBook {
	book := addressBook{contacts: map[wire.UserID]homeContact{}, devices: map[wire.Device]wire.UserID{}}
	home, err := n.readyHome()
	if err != nil {
		return book
	}
	book.contacts = home.readHome().contacts
	for user, c := range book.contacts {
		if c.Card == "" {
			continue
		}
		card, err := identity.ParseCard(c.Card)
		if err != nil || card.User != user {
			continue // an entry of a later version, or damaged
		}
		for _, dev := range card.Devices {
			book.devices[dev.Device] = user
		}
	}
	return book
}

// find finds the entry of a person: by the user, or by a device of a card.
func (b addressBook) find(p *Person) (homeContact, bool) {
	if c, ok := b.contacts[p.User]; ok {
		return c, true
	}
	if user, ok := b.devices[wire.Device(p.User)]; ok {
		return b.contacts[user], true
	}
	return homeContact{}, false
}

// RevokeDevice takes a lost device out of every document, and what it added
// with it, and renews the keys. It returns in how many documents; others, where
// this device may not remove it, are counted in kept.
func (n *Node) RevokeDevice(ctx context.Context, dev wire.Device) (removed, kept int, err error) {
	if dev == n.device {
		return 0, 0, fmt.Errorf("%w: this is the device itself", ErrNoMember)
	}
	// Marked first, so that nothing of the home document lets it back in; but not
	// by a device that the lost one is senior to, and which cannot remove it.
	if home, err := n.readyHome(); err == nil && home.seniorTo(dev) {
		if data, ok := home.readHome().devices[dev]; ok {
			data.Removed = true
			if err := home.writeHome(ctx, homeChange{homeDevices, dev.String(), data}); err != nil {
				return 0, 0, err
			}
		}
	}
	for _, d := range n.Documents() {
		if !d.ownsDevice(dev) {
			continue
		}
		ended, err := d.revokeOwn(ctx, dev)
		if err != nil {
			n.cfg.Logger.Warn("device not removed from a document", "doc", d.id.Short().String(), "err", err)
		}
		switch {
		case n.IsHome(d.id):
		case ended:
			removed++
		default:
			kept++
		}
	}
	return removed, kept, nil
}

// ownsDevice says whether a device is a current one of this device's user here.
func (d *Document) ownsDevice(dev wire.Device) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	roots := map[wire.OpID]bool{}
	members := d.access.Members()
	for _, m := range members {
		if m.Device == d.node.device {
			roots[m.Root] = true
		}
	}
	for _, m := range members {
		if m.Device == dev && roots[m.Root] {
			return true
		}
	}
	return false
}

// revokeOwn ends a device's access to the document, and says whether that took
// effect: it does not where the device is senior to this one.
func (d *Document) revokeOwn(ctx context.Context, dev wire.Device) (bool, error) {
	if !d.seniorTo(dev) {
		return false, nil
	}
	_, err := d.Remove(ctx, RemoveOptions{Device: dev, Unseen: DiscardUnseen})
	d.mu.Lock()
	defer d.mu.Unlock()
	_, _, still := d.access.Authority(dev)
	return !still, err
}

// seniorTo says whether this device's authority is senior to another device's.
func (d *Document) seniorTo(dev wire.Device) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	ours, _, ok := d.access.Authority(d.node.device)
	theirs, _, has := d.access.Authority(dev)
	return ok && has && d.access.CompareAuthority(ours, d.node.device, theirs, dev) < 0
}
