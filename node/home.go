package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	stdsync "sync"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/seal"
	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/wire"
)

// ErrHomeNotReady says that a home document is not open to this device yet.
var ErrHomeNotReady = errors.New("the list of this user's documents and devices has not arrived on this device yet")

// maxHomes bounds the home documents of before that are remembered.
const maxHomes = 16

// home is what the node knows of its user beyond this device.
type home struct {
	making stdsync.Mutex // one change of which document it is at a time

	mu   stdsync.Mutex
	docs []wire.DocID // the home documents, the one in use last
	// Only used by tendHome, one call at a time:
	tending stdsync.Mutex
	tended  map[wire.DocID]tendedHome
}

// homeRecord is how the node remembers which documents are its home.
type homeRecord struct {
	_    struct{} `cbor:",toarray"`
	Docs []wire.DocID
}

func homeKey() store.Key { return store.Key{Kind: store.KindSecret, Name: "home"} }

// HomesOf reads, from the record in which the node of a key keeps it, which
// documents are home documents. Of any other record there are none.
func HomesOf(key *identity.Key, r store.Record) []wire.DocID {
	if r.Key != homeKey() {
		return nil
	}
	b, err := seal.NewLocal(key.LocalSecret("store")).Open(r.Value, localAAD(r.Key))
	if err != nil {
		return nil
	}
	var rec homeRecord
	if wire.Unmarshal(b, &rec) != nil {
		return nil
	}
	return rec.Docs
}

// loadHome reads which document is the home document.
func (n *Node) loadHome() error {
	n.home.tended = map[wire.DocID]tendedHome{}
	var rec homeRecord
	if err := n.getSealed(n.ctx, homeKey(), &rec); err != nil {
		return err
	}
	n.home.docs = rec.Docs
	return nil
}

// getSealed reads a record of the node's own. One that is not there leaves v as
// it is; so does one that cannot be read, which is told in the log.
func (n *Node) getSealed(ctx context.Context, key store.Key, v any) error {
	b, err := n.cfg.Store.Get(ctx, key)
	var corrupt *store.CorruptError
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil
	case errors.As(err, &corrupt):
		n.cfg.Logger.Error("stored record cannot be used", "record", key.String(), "err", err)
		return nil
	case err != nil:
		return fmt.Errorf("read %s: %w", key, err)
	}
	if b, err = n.local.Open(b, localAAD(key)); err == nil {
		err = wire.Unmarshal(b, v)
	}
	if err != nil {
		n.cfg.Logger.Error("stored record cannot be read", "record", key.String(), "err", err)
	}
	return nil
}

// putSealed stores a record of the node's own, encrypted.
func (n *Node) putSealed(ctx context.Context, key store.Key, v any) error {
	b, err := wire.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode local record: %w", err)
	}
	if b, err = n.local.Seal(n.rand(), b, localAAD(key)); err != nil {
		return fmt.Errorf("seal local record: %w", err)
	}
	if err := n.cfg.Store.Commit(ctx, &store.Batch{Put: []store.Record{{Key: key, Value: b}}}); err != nil {
		return storeError("store local record", err)
	}
	return nil
}

// homeDoc is the home document in use, or nil.
func (n *Node) homeDoc() *Document {
	n.home.mu.Lock()
	defer n.home.mu.Unlock()
	if len(n.home.docs) == 0 {
		return nil
	}
	d, err := n.Document(n.home.docs[len(n.home.docs)-1])
	if err != nil {
		return nil
	}
	return d
}

// readyHome is the home document if this device can read and write it.
func (n *Node) readyHome() (*Document, error) {
	d := n.homeDoc()
	if d == nil || d.State() != StateReady {
		return nil, ErrHomeNotReady
	}
	return d, nil
}

// IsHome says whether a document is a home document: it belongs to no list.
func (n *Node) IsHome(id wire.DocID) bool {
	n.home.mu.Lock()
	defer n.home.mu.Unlock()
	for _, h := range n.home.docs {
		if h == id {
			return true
		}
	}
	return false
}

// setHome makes a document the home document, durably.
func (n *Node) setHome(ctx context.Context, id wire.DocID) error {
	n.home.mu.Lock()
	docs := append([]wire.DocID(nil), n.home.docs...)
	n.home.mu.Unlock()
	if len(docs) > 0 && docs[len(docs)-1] == id {
		return nil
	}
	docs = append(docs, id)
	docs = docs[max(0, len(docs)-maxHomes):]
	if err := n.putSealed(ctx, homeKey(), homeRecord{Docs: docs}); err != nil {
		return err
	}
	n.home.mu.Lock()
	n.home.docs = docs
	n.home.mu.Unlock()
	n.notify(Change{Kind: DocumentsChanged})
	return nil
}

// makeHome returns the home document, made if there is none.
func (n *Node) makeHome(ctx context.Context) (*Document, error) {
	n.home.making.Lock()
	defer n.home.making.Unlock()
	if d := n.homeDoc(); d != nil {
		if d.State() != StateReady {
			return nil, ErrHomeNotReady
		}
		return d, nil
	}
	d, err := n.createDocument(ctx)
	if err != nil {
		return nil, err
	}
	key := n.cfg.Key
	cert := key.Certify(key.UserID(), key.Device(), key.SealHash())
	err = d.writeHome(ctx,
		homeChange{homeProfile, "user", key.UserID().String()},
		homeChange{homeDevices, n.device.String(), n.ownEntry(cert[:])},
	)
	if err != nil {
		return nil, err
	}
	return d, n.setHome(ctx, d.id)
}

// ownEntry describes this device for the home document.
func (n *Node) ownEntry(cert []byte) homeDevice {
	return homeDevice{
		Name: n.Name(), Kind: uint8(access.ThisDevice()), AddedAt: n.cfg.Now().UnixMilli(),
		Seal: homeText.EncodeToString(n.cfg.Key.SealPublic()), Cert: homeText.EncodeToString(cert),
	}
}

// writeHome writes values into a home document and returns when they are
// durable here.
func (d *Document) writeHome(ctx context.Context, changes ...homeChange) error {
	if len(changes) == 0 {
		return nil
	}
	return d.Edit(ctx, func(tx *crdt.Txn, doc *crdt.Doc) error {
		for _, c := range changes {
			if c.value == nil {
				if err := doc.Map(c.in).Delete(tx, c.key); err != nil {
					return err
				}
				continue
			}
			text, err := c.text()
			if err != nil {
				return fmt.Errorf("encode %s: %w", c.in, err)
			}
			if err := doc.Map(c.in).Set(tx, c.key, crdt.String(text)); err != nil {
				return err
			}
		}
		return nil
	})
}

// createDocument makes a document that belongs to all devices of this user,
// with the paper key first.
func (n *Node) createDocument(ctx context.Context) (*Document, error) {
	key, err := seal.NewEpochKey(n.rand())
	if err != nil {
		return nil, fmt.Errorf("make epoch key: %w", err)
	}
	t, publics := n.genesisTerms()
	t.Epoch = key.ID(n.device)
	if _, err := io.ReadFull(n.rand(), t.Nonce[:]); err != nil {
		return nil, fmt.Errorf("read randomness: %w", err)
	}
	op, err := access.NewGenesisOf(n.cfg.Key, t, n.cfg.Now())
	if err != nil {
		return nil, err
	}
	d := newDocument(n, op.DocID())
	d.info = localInfo{Created: n.cfg.Now().UnixMilli()}
	if err := d.found(ctx, []*access.Op{op}, t.Epoch, key, publics); err != nil {
		return nil, err
	}
	return d, n.add(d)
}

// genesisTerms lists the devices of this user, and the seal keys of the others.
func (n *Node) genesisTerms() (t access.GenesisTerms, publics []sealKeyOf) {
	self := n.cfg.Key
	t.User = self.UserID()
	own := access.GenesisDevice{Device: self.Device(), Seal: self.SealHash(), Kind: access.ThisDevice()}
	home, err := n.readyHome()
	if err != nil {
		t.Devices = []access.GenesisDevice{own}
		return t, nil
	}
	h := home.readHome()
	if !h.user.IsZero() {
		t.User = h.user
	}
	if public, ok := h.paperSeal(); ok {
		t.Devices = append(t.Devices, access.GenesisDevice{
			Device: h.paper.Device, Seal: identity.HashSeal(public), Kind: access.DevicePaper,
		})
		publics = append(publics, sealKeyOf{h.paper.Device, public})
	}
	listed := false
	for _, dev := range h.own {
		if dev.device == n.device {
			listed = true
		} else if len(t.Devices) >= access.MaxDevices-1 {
			continue
		} else {
			publics = append(publics, sealKeyOf{dev.device, dev.public})
		}
		t.Devices = append(t.Devices, access.GenesisDevice{
			Device: dev.device, Seal: identity.HashSeal(dev.public), Kind: access.DeviceKind(dev.data.Kind),
		})
	}
	if !listed {
		t.Devices = append(t.Devices, own)
	}
	return t, publics
}
