package node

import (
	"context"
	"fmt"

	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/gossip"
	"github.com/sheafdocs/sheaf/node/seal"
	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/wire"
)

// maxHints is how many addresses a link carries.
const maxHints = 8

// addOwnOp adds an op this device made to the access log and stores it.
func (d *Document) addOwnOp(op *access.Op) error {
	if _, err := d.access.Add(op); err != nil {
		return fmt.Errorf("add own op: %w", err)
	}
	d.out.put(store.OpKey(d.id, op.ID), op.Raw)
	d.out.then(func() { d.publish(gossip.Message{Kind: gossip.Op, Body: op.Raw}) })
	d.accessChanged()
	return nil
}

// found makes the document's first records durable: the ops that begin it, its
// key, wrapped for those devices too whose seal keys are given, and notes.
func (d *Document) found(ctx context.Context, ops []*access.Op, epoch wire.EpochID, key seal.EpochKey, others []sealKeyOf) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, op := range ops {
		if err := d.addOwnOp(op); err != nil {
			return err
		}
	}
	d.noteKey(epoch, key)
	if err := d.wrapFor(d.node.cfg.Key.SealPublic()); err != nil {
		return err
	}
	for _, k := range others {
		if err := d.shareKeys(k); err != nil {
			return err
		}
	}
	d.info.touch(d.node.cfg.Now())
	if err := d.putKeys(); err != nil {
		return err
	}
	if err := d.putInfo(); err != nil {
		return err
	}
	work := d.out
	d.out = outbox{}
	if err := d.node.cfg.Store.Commit(ctx, &store.Batch{Put: work.puts}); err != nil {
		return storeError("store new document", err)
	}
	return nil
}

// keyRecord is one epoch key, as it lies sealed in the store.
type keyRecord struct {
	_     struct{} `cbor:",toarray"`
	Epoch wire.EpochID
	Key   []byte
}

// putKeys leaves the sealed keyring for the next commit.
func (d *Document) putKeys() error {
	var ring []keyRecord
	for epoch, key := range d.keys {
		ring = append(ring, keyRecord{Epoch: epoch, Key: key[:]})
	}
	sealed, err := d.sealLocal(keysKey(d.id), ring)
	if err != nil {
		return err
	}
	d.out.put(keysKey(d.id), sealed)
	return nil
}

// sealLocal encrypts a record for this device's own store; the record's key
// is bound to it.
func (d *Document) sealLocal(key store.Key, v any) ([]byte, error) {
	b, err := wire.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode local record: %w", err)
	}
	sealed, err := d.node.local.Seal(d.node.rand(), b, localAAD(key))
	if err != nil {
		return nil, fmt.Errorf("seal local record: %w", err)
	}
	return sealed, nil
}

// openLocal is the reverse of sealLocal.
func (d *Document) openLocal(key store.Key, sealed []byte, v any) error {
	b, err := d.node.local.Open(sealed, localAAD(key))
	if err != nil {
		return fmt.Errorf("open local record: %w", err)
	}
	return wire.Unmarshal(b, v)
}

func localAAD(key store.Key) []byte {
	return append(append(key.Doc[:], byte(key.Kind)), key.Name...)
}
