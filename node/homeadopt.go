package node

import (
	"context"
	"errors"
	"fmt"

	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/seal"
	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/wire"
)

// adopt opens a document that another device of this user has: with the keys
// it told of, and nothing else yet. It fills from whoever serves it.
func (n *Node) adopt(ctx context.Context, id wire.DocID, keys map[wire.EpochID]seal.EpochKey) (*Document, error) {
	n.joinMu.Lock()
	defer n.joinMu.Unlock()
	if d, err := n.Document(id); err == nil {
		return d, d.takeKeys(keys)
	}
	d := newDocument(n, id)
	d.adopted = true
	now := n.cfg.Now().UnixMilli()
	d.info = localInfo{Created: now, Updated: now}
	d.mu.Lock()
	for epoch, key := range keys {
		d.noteKey(epoch, key)
	}
	err := errors.Join(d.putKeys(), d.putInfo())
	work := d.out
	d.out = outbox{}
	d.mu.Unlock()
	if err != nil {
		return nil, err
	}
	if err := n.cfg.Store.Commit(ctx, &store.Batch{Put: work.puts}); err != nil {
		return nil, storeError("store document of another device", err)
	}
	if err := n.add(d); err != nil {
		return nil, err
	}
	n.notify(Change{Kind: DocumentsChanged})
	return d, nil
}

// takeKeys keeps keys that another device of this user told of.
func (d *Document) takeKeys(keys map[wire.EpochID]seal.EpochKey) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	held := d.epochs.held
	for epoch, key := range keys {
		d.takeKey(epoch, key)
	}
	if d.epochs.held != held {
		d.applyReady()
		d.finishJoin()
		d.wake()
	}
	return nil
}

// addDevice gives another device of this user this device's role, and the keys,
// unless it has a role or had one that was ended. Called with mu held.
func (d *Document) addDevice(dev wire.Device, public []byte, kind access.DeviceKind, cert []byte) error {
	if _, _, member := d.access.Authority(dev); !member {
		if d.access.Ended(dev) {
			return nil
		}
		op, err := access.NewDevAdd(d.access, d.node.cfg.Key, access.GrantDevice{
			Device: dev, Seal: identity.HashSeal(public), Kind: kind, Cert: cert,
		}, d.node.cfg.Now())
		if err != nil {
			return fmt.Errorf("add device: %w", err)
		}
		if err := d.addOwnOp(op); err != nil {
			return err
		}
	}
	return d.shareKeys(sealKeyOf{dev, public})
}

// shareKeys makes a device's seal key known to the members, and wraps the keys
// held for it where this device's role allows that; where not, the home document
// brings them.
func (d *Document) shareKeys(k sealKeyOf) error {
	if err := d.keepSealKey(seal.SealKey{Owner: k.owner, Public: k.public}); err != nil {
		return err
	}
	if _, role, ok := d.roleLocked(); !ok || !mayWrite(role) {
		return nil
	}
	return d.wrapFor(k.public)
}
