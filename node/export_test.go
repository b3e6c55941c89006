package node

import (
	"bytes"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/seal"
	"github.com/sheafdocs/sheaf/node/wire"
)

// ForgeBranch makes a second entry for the first place of the session's chain,
// as a device with a copied key would, that writes text into an empty document.
func ForgeBranch(s *Session, text string) ([]byte, error) {
	d, sl := s.doc, s.slot
	doc := crdt.NewDoc(crdt.Config{ClientID: sl.client})
	var update []byte
	doc.OnUpdate(func(e crdt.UpdateEvent) { update = bytes.Clone(e.Update) })
	var err error
	doc.Transact(nil, func(tx *crdt.Txn) { err = doc.Text("text").Insert(tx, 0, text) })
	if err != nil {
		return nil, err
	}
	info, err := crdt.Inspect(update)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	epoch, _ := d.access.Epoch()
	sealer, err := d.sealer(epoch, sl.chain, d.node.device, sl.auth, sl.inc)
	if err != nil {
		return nil, err
	}
	h := oplog.Header{
		Doc: d.id.Short(), Author: d.node.device, Auth: sl.auth, Inc: sl.inc,
		Epoch: epoch, NumOps: uint32(numOps(info)),
	}
	aad, err := h.AAD()
	if err != nil {
		return nil, err
	}
	ct, err := sealer.Seal(aad, seal.Payload{Body: update})
	if err != nil {
		return nil, err
	}
	e, err := oplog.Sign(d.node.cfg.Key, h, ct)
	if err != nil {
		return nil, err
	}
	return e.Raw, nil
}

// NarrowClients derives client ids in another way, so that two chains can have
// one; for a node whose documents have no entries yet.
func NarrowClients(n *Node, f oplog.ClientFunc) {
	n.clientOf = f
	for _, d := range n.documents {
		d.mu.Lock()
		d.chains, d.count.governed = oplog.NewChainsBy(d.id, f), false
		d.mu.Unlock()
	}
}

// KnownMissing counts the entries of a document that are known to exist and not
// held, from the first moment on.
func KnownMissing(n *Node, id wire.DocID) int {
	d, err := n.Document(id)
	if err != nil {
		return 0
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	count := 0
	for chain, known := range d.outlook.known {
		_, missing := d.missingOf(chain, known)
		count += missing
	}
	return count
}

// Epochs counts the epoch keys a document holds.
func (d *Document) Epochs() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.keys)
}

// KeyOf is the device key of a node.
func KeyOf(n *Node) *identity.Key { return n.cfg.Key }
