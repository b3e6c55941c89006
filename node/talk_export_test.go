package node

import (
	"crypto/rand"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/seal"
	"github.com/sheafdocs/sheaf/node/wire"
)

// TalkClient is the client id of the chain that a device writes comments on.
func TalkClient(d *Document) crdt.ClientID {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.talk.slot.client
}

// ShareAs makes a link of an owner's that lets in with any role.
func ShareAs(d *Document, role access.Role) (access.Link, error) {
	var secret [16]byte
	rand.Read(secret[:])
	keys, err := access.DeriveInvite(secret)
	if err != nil {
		return access.Link{}, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	op, err := access.NewInvite(d.access, d.node.cfg.Key, keys, role, d.node.cfg.Now())
	if err != nil {
		return access.Link{}, err
	}
	if err := d.wrapFor(keys.SealPublic()); err != nil {
		return access.Link{}, err
	}
	if err := d.addOwnOp(op); err != nil {
		return access.Link{}, err
	}
	d.wake()
	return access.Link{Doc: d.id, Secret: secret, Hints: d.node.hints()}, nil
}

// ForgeEntry makes the first entry of a fresh chain of this device, whatever
// its role: a body that writes text, or a comment record.
func ForgeEntry(d *Document, stream uint8, body []byte) ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	auth, _, _ := d.roleLocked()
	sl, err := d.freshSlot(auth)
	if err != nil {
		return nil, err
	}
	sl.stream = stream
	ops := 1
	if stream == oplog.StreamBody {
		doc := crdt.NewDoc(crdt.Config{ClientID: sl.client})
		doc.Transact(nil, func(tx *crdt.Txn) { err = doc.Text("text").Insert(tx, 0, string(body)) })
		if err != nil {
			return nil, err
		}
		body = doc.EncodeStateAsUpdate(nil)
		info, err := crdt.Inspect(body)
		if err != nil {
			return nil, err
		}
		ops = numOps(info)
	}
	e, err := d.sealEntry(sl, seal.Payload{Body: body}, ops)
	if err != nil {
		return nil, err
	}
	return e.Raw, nil
}

// RevokeWhole ends what gave a device its role, as if it had never written.
func RevokeWhole(d *Document, dev wire.Device) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	defer d.wake()
	for _, m := range d.access.Members() {
		if m.Device != dev {
			continue
		}
		op, err := access.NewRevoke(d.access, d.node.cfg.Key, access.Target{Op: m.Op, Index: uint32(m.Index)}, nil, nil, d.node.cfg.Now())
		if err != nil {
			return err
		}
		if err := d.addOwnOp(op); err != nil {
			return err
		}
	}
	return nil
}
