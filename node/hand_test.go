package node

import (
	"bytes"
	"context"
	"testing"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/replication"
	"github.com/sheafdocs/sheaf/node/seal"
	"github.com/sheafdocs/sheaf/node/wire"
)

// hand writes a chain of a member's device that has no node, under the keys
// that a document holds.
type hand struct {
	t    *testing.T
	d    *Document
	key  *identity.Key
	auth wire.Auth
	inc  uint32
	seq  uint64
	prev wire.EntryID
	doc  *crdt.Doc
}

// newHand begins a chain of a member on an empty document.
func newHand(t *testing.T, d *Document, key *identity.Key, inc uint32) *hand {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	auth, _, ok := d.access.Authority(key.Device())
	if !ok {
		t.Fatal("the device has no authority")
	}
	h := &hand{t: t, d: d, key: key, auth: auth, inc: inc}
	h.doc = crdt.NewDoc(crdt.Config{ClientID: h.client()})
	return h
}

func (h *hand) client() crdt.ClientID {
	return crdt.ClientID(h.d.node.clientOf(h.d.id.Short(), h.key.Device(), h.auth, h.inc))
}

func (h *hand) chain() wire.ChainID {
	return wire.NewChainID(h.d.id.Short(), h.key.Device(), h.auth, h.inc)
}

// fork returns another hand that goes on from the same place.
func (h *hand) fork() *hand {
	f := *h
	f.doc = crdt.NewDoc(crdt.Config{ClientID: h.client()})
	if err := f.doc.ApplyUpdate(h.doc.EncodeStateAsUpdate(nil), nil); err != nil {
		h.t.Fatal(err)
	}
	return &f
}

// write appends text to what the hand has written and signs the entry of it.
func (h *hand) write(text string, deps ...seal.Dep) *oplog.Entry {
	h.t.Helper()
	var update []byte
	stop := h.doc.OnUpdate(func(e crdt.UpdateEvent) { update = bytes.Clone(e.Update) })
	defer stop()
	var err error
	h.doc.Transact(nil, func(tx *crdt.Txn) { err = h.doc.Text("text").Insert(tx, h.doc.Text("text").Len(), text) })
	if err != nil {
		h.t.Fatal(err)
	}
	return h.sign(seal.Payload{Deps: deps, Body: update})
}

// sign makes the chain's next entry of a payload.
func (h *hand) sign(p seal.Payload) *oplog.Entry {
	h.t.Helper()
	ops := 0
	if len(p.Body) > 0 {
		info, err := crdt.Inspect(p.Body)
		if err != nil {
			h.t.Fatal(err)
		}
		ops = numOps(info)
	}
	h.d.mu.Lock()
	defer h.d.mu.Unlock()
	epoch, _ := h.d.writeEpoch()
	head := oplog.Header{
		Doc: h.d.id.Short(), Author: h.key.Device(), Auth: h.auth, Inc: h.inc, Seq: h.seq, Prev: h.prev,
		Epoch: epoch, NumOps: uint32(ops),
	}
	sealer, err := seal.NewSealer(h.d.keys[epoch], seal.Chain{Doc: h.d.id, Device: h.key.Device(), Auth: h.auth, Inc: h.inc})
	if err != nil {
		h.t.Fatal(err)
	}
	aad, err := head.AAD()
	if err != nil {
		h.t.Fatal(err)
	}
	ct, err := sealer.Seal(aad, p)
	if err != nil {
		h.t.Fatal(err)
	}
	e, err := oplog.Sign(h.key, head, ct)
	if err != nil {
		h.t.Fatal(err)
	}
	h.seq, h.prev = e.Seq+1, e.ID
	return e
}

// deliverTo hands entries to a document as sync would.
func deliverTo(t *testing.T, d *Document, entries ...*oplog.Entry) {
	t.Helper()
	del := replication.Delivery{Doc: d.id}
	for _, e := range entries {
		del.Entries = append(del.Entries, e.Raw)
	}
	if err := d.node.Receive(context.Background(), wire.Device{1}, del); err != nil {
		t.Fatal(err)
	}
}

// depOn names an entry to depend on.
func depOn(e *oplog.Entry) seal.Dep {
	return seal.Dep{Chain: e.Chain(), Seq: e.Seq, ID8: [8]byte(e.ID[:8])}
}
