package node

import (
	"errors"
	"time"

	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/wire"
)

// RevokeDevice ends what another device may do in a document, with what is
// held of its chains as the cut, less the last drop entries of each.
func RevokeDevice(d *Document, dev wire.Device, drop uint64) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	auth, _, ok := d.access.Authority(dev)
	if !ok {
		return errors.New("the device has no authority")
	}
	target, _ := d.target(auth, dev)
	var cuts []access.Statement
	for id := range d.chains.All() {
		author, of, _, _ := d.chains.Author(id)
		n := d.chains.Counts(id)
		if author != dev || of != auth || n <= drop {
			continue
		}
		if s, ok := d.statement(id, n-drop-1); ok {
			cuts = append(cuts, s)
		}
	}
	op, err := access.NewRevoke(d.access, d.node.cfg.Key, target, cuts, nil, d.node.cfg.Now())
	if err != nil {
		return err
	}
	if err := d.receiveOp(op.Raw); err != nil {
		return err
	}
	err = d.renewKey(d.node.cfg.Now())
	d.applyReady()
	d.out.then(func() { d.reoffer = true })
	d.wake()
	return err
}

// GrantDevice gives a device that has had one a role again.
func GrantDevice(d *Document, dev wire.Device, role access.Role) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for op := range d.access.All() {
		if op.Grant == nil {
			continue
		}
		for _, g := range op.Grant.Devices {
			if g.Device != dev {
				continue
			}
			again, err := access.NewGrant(d.access, d.node.cfg.Key, op.Grant.User, role, []access.GrantDevice{g}, d.node.cfg.Now())
			if err != nil {
				return err
			}
			err = d.receiveOp(again.Raw)
			d.applyReady()
			d.out.then(func() { d.reoffer = true })
			d.wake()
			return err
		}
	}
	return errors.New("the device was never let in")
}

// Held lists everything stored of a document for another node to be given: its
// access ops, and its entries in runs.
func Held(d *Document) (ops, entries [][]byte) {
	ops = d.OpsSince(nil, nil)
	for line := range d.Summary().Held {
		for from := uint64(0); ; {
			run, err := d.Entries(line, from, 1<<20)
			if err != nil || len(run) == 0 {
				break
			}
			entries = append(entries, run...)
			from += uint64(len(run))
		}
	}
	return ops, entries
}

// TextLen is the length of the plain-text root in UTF-16 units.
func (d *Document) TextLen() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.body().Text("text").Len()
}

// SealNow makes entries of all edits that wait, and returns when they are
// stored.
func SealNow(d *Document) {
	d.mu.Lock()
	d.draftPending()
	if d.canSeal() {
		d.sealPending()
	}
	stored := make(chan struct{})
	d.out.then(func() { close(stored) })
	d.mu.Unlock()
	d.wake()
	<-stored
}

// SealBeside makes entries of all edits that wait, and has the document told of
// access ops while those are on their way to the store.
func SealBeside(d *Document, ops [][]byte) error {
	d.mu.Lock()
	d.draftPending()
	d.sealPending()
	for _, raw := range ops {
		if err := d.receiveOp(raw); err != nil {
			d.mu.Unlock()
			return err
		}
	}
	d.applyReady()
	d.mu.Unlock()
	d.wake()
	return nil
}

// RotateOften has this device renew the document's key a number of times.
func RotateOften(d *Document, times int) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for range times {
		if err := d.rotate(d.node.cfg.Now()); err != nil {
			return err
		}
	}
	d.wake()
	return nil
}

// ManyHeads gives the document's access log a number of heads beside each other.
func ManyHeads(d *Document, n int) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	var ops []*access.Op
	for i := range n {
		op, err := access.NewPolicy(d.access, d.node.cfg.Key, access.Policy{}, d.node.cfg.Now().Add(time.Duration(i)*time.Second))
		if err != nil {
			return err
		}
		ops = append(ops, op)
	}
	for _, op := range ops {
		if err := d.addOwnOp(op); err != nil {
			return err
		}
	}
	d.wake()
	return nil
}
