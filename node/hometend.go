package node

import (
	"context"
	"errors"
	"time"

	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/wire"
)

// tendedHome is the state of a document that tendHome has dealt with.
type tendedHome struct {
	access uint64
	home   homeVersion
	keys   int
	title  string
}

// tendHomeDelay gathers changes before they are followed.
const tendHomeDelay = 150 * time.Millisecond

// followHome keeps this device's documents and the home document in step until
// the node ends.
func (n *Node) followHome() {
	changes, stop := n.Watch()
	defer stop()
	for {
		select {
		case <-n.ctx.Done():
			return
		case _, ok := <-changes:
			if !ok {
				return
			}
		}
		n.saveNames(false)
		if n.homeDoc() == nil {
			continue
		}
		select {
		case <-n.ctx.Done():
			return
		case <-time.After(tendHomeDelay):
		}
		if err := n.tendHome(n.ctx); err != nil && n.ctx.Err() == nil && !errors.Is(err, ErrClosed) {
			n.cfg.Logger.Warn("home document not followed", "err", err)
		}
	}
}

// tendHome brings what the home document says and what this device holds into
// step: documents of other devices are opened here, those of this device are
// listed, and other devices are let into them.
func (n *Node) tendHome(ctx context.Context) error {
	n.home.tending.Lock()
	defer n.home.tending.Unlock()
	home, err := n.readyHome()
	if err != nil {
		return nil // it has not arrived yet
	}
	h := home.readHome()
	if h.next != nil {
		if _, err := n.adopt(ctx, h.next.ID, readKeys(h.next.Keys)); err != nil {
			return err
		}
		return n.setHome(ctx, h.next.ID)
	}
	errs := n.adoptListed(ctx, &h)
	changes := n.carryContacts(&h)
	for _, d := range n.Documents() {
		if n.IsHome(d.id) {
			continue
		}
		change, err := n.tendListed(d, home.id, &h)
		errs = errors.Join(errs, err)
		changes = append(changes, change...)
	}
	changes = append(changes, n.describeSelf(&h)...)
	return errors.Join(errs, home.writeHome(ctx, changes...))
}

// carryContacts enters contacts that only a home document of before has: a device
// wrote them there that did not know of the new one yet. They are not verified by
// it: a device that was lost since may still write there.
func (n *Node) carryContacts(h *homeData) (changes []homeChange) {
	n.home.mu.Lock()
	before := n.home.docs[:max(0, len(n.home.docs)-1)]
	n.home.mu.Unlock()
	for _, id := range before {
		d, err := n.Document(id)
		if err != nil {
			continue
		}
		for user, c := range d.readHome().contacts {
			if _, known := h.contacts[user]; !known && len(h.contacts) < maxContacts {
				c.Verified = false
				h.contacts[user] = c
				changes = append(changes, homeChange{homeContacts, user.String(), c})
			}
		}
	}
	return changes
}

// adoptListed opens the documents of the list that are not here, and takes
// their keys.
func (n *Node) adoptListed(ctx context.Context, h *homeData) error {
	var errs error
	for id, listed := range h.documents {
		d, err := n.Document(id)
		if err == nil && (d.State() == StateReady && d.holdsAll(listed.Keys) || n.IsHome(id)) {
			continue
		}
		_, err = n.adopt(ctx, id, readKeys(listed.Keys))
		errs = errors.Join(errs, err)
	}
	return errs
}

// holdsAll says whether every key of the list is held.
func (d *Document) holdsAll(texts map[string]string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for id := range readKeys(texts) {
		if _, have := d.keys[id]; !have {
			return false
		}
	}
	return true
}

// tendListed lists a document in the home document, and lets the user's other
// devices into it where this device is the one to do so.
func (n *Node) tendListed(d *Document, home wire.DocID, h *homeData) ([]homeChange, error) {
	if d.State() != StateReady {
		return nil, nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	now := tendedHome{d.access.Revision(), h.version, len(d.keys), d.titleLocked()}
	if n.home.tended[d.id] == now {
		return nil, nil
	}
	var err error
	if d.leadsUser(h) {
		err = d.addOwnDevices(h)
		now.access = d.access.Revision()
	}
	if err == nil {
		n.home.tended[d.id] = now
	}
	changes := d.tendHomeLinks(home, h)
	listed, ok := h.documents[d.id]
	merged := d.keyTexts()
	fewer := false
	for id := range merged {
		if _, have := listed.Keys[id]; !have {
			fewer = true
		}
	}
	if ok && !fewer && listed.Title == now.title {
		return changes, err
	}
	added := listed.AddedAt
	if !ok {
		added = n.cfg.Now().UnixMilli()
	}
	return append(changes, homeChange{homeDocuments, d.id.String(), homeDocument{Title: now.title, AddedAt: added, Keys: merged}}), err
}

// leadsUser says whether this device is the most senior one of its user here,
// the paper key and lost devices not counted.
func (d *Document) leadsUser(h *homeData) bool {
	members := d.access.Members()
	roots := map[wire.OpID]bool{}
	for _, m := range members {
		if m.Device == d.node.device {
			roots[m.Root] = true
		}
	}
	own := map[wire.Device]bool{d.node.device: true}
	for _, dev := range h.own {
		own[dev.device] = true
	}
	for _, m := range members {
		if roots[m.Root] && m.Kind != access.DevicePaper && own[m.Device] {
			return m.Device == d.node.device
		}
	}
	return false
}

// addOwnDevices lets in the user's devices that have no role here.
func (d *Document) addOwnDevices(h *homeData) error {
	var errs error
	for _, dev := range h.own {
		if dev.device != d.node.device {
			errs = errors.Join(errs, d.addDevice(dev.device, dev.public, access.DeviceKind(dev.data.Kind), certBytes(dev.data.Cert)))
		}
	}
	if public, ok := h.paperSeal(); ok {
		errs = errors.Join(errs, d.addDevice(h.paper.Device, public, access.DevicePaper, certBytes(h.paper.Cert)))
	}
	d.wake()
	return errs
}

// describeSelf writes this device's name where the home document has another.
func (n *Node) describeSelf(h *homeData) []homeChange {
	own, ok := h.devices[n.device]
	if !ok || own.Removed || own.Name == n.Name() || n.Name() == "" {
		return nil
	}
	own.Name = n.Name()
	return []homeChange{{homeDevices, n.device.String(), own}}
}
