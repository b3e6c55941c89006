package node

import (
	"context"

	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/wire"
)

// SealHashOf names a node's public seal key.
func SealHashOf(n *Node) wire.SealHash { return n.cfg.Key.SealHash() }

// Certify has a node state that a device is a user's, whether it may or not.
func Certify(n *Node, user wire.UserID, dev wire.Device, hash wire.SealHash) wire.Signature {
	return n.cfg.Key.Certify(user, dev, hash)
}

// GrantAs lets a device in under a label.
func GrantAs(d *Document, user wire.UserID, role access.Role, dev access.GrantDevice) error {
	return d.durably(context.Background(), func() error {
		op, err := access.NewGrant(d.access, d.node.cfg.Key, user, role, []access.GrantDevice{dev}, d.node.cfg.Now())
		if err != nil {
			return err
		}
		return d.addOwnOp(op)
	})
}
