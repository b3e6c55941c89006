package node

import (
	"testing"
	"testing/synctest"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/replication"
	"github.com/sheafdocs/sheaf/node/seal"
	"github.com/sheafdocs/sheaf/node/wire"
)

// entry is one by the editor under an epoch, that writes text.
func (w *wrapWorld) entry(key seal.EpochKey, epoch wire.EpochID, text string) *oplog.Entry {
	w.t.Helper()
	dev, short := w.editor.Device(), w.d.id.Short()
	w.d.mu.Lock()
	auth, _, _ := w.d.access.Authority(dev)
	w.d.mu.Unlock()
	doc := crdt.NewDoc(crdt.Config{ClientID: crdt.ClientID(wire.ClientID(short, dev, auth, 0, streamBody))})
	var err error
	doc.Transact(nil, func(tx *crdt.Txn) { err = doc.Text("text").Insert(tx, 0, text) })
	if err != nil {
		w.t.Fatal(err)
	}
	update := doc.EncodeStateAsUpdate(nil)
	info, err := crdt.Inspect(update)
	if err != nil {
		w.t.Fatal(err)
	}
	sealer, err := seal.NewSealer(key, seal.Chain{Doc: w.d.id, Device: dev, Auth: auth})
	if err != nil {
		w.t.Fatal(err)
	}
	h := oplog.Header{Doc: short, Author: dev, Auth: auth, Epoch: epoch, NumOps: uint32(numOps(info))}
	aad, err := h.AAD()
	if err != nil {
		w.t.Fatal(err)
	}
	ct, err := sealer.Seal(aad, seal.Payload{Body: update})
	if err != nil {
		w.t.Fatal(err)
	}
	e, err := oplog.Sign(w.editor, h, ct)
	if err != nil {
		w.t.Fatal(err)
	}
	return e
}

func (w *wrapWorld) wrapBy(uploader *identity.Key, key seal.EpochKey, epoch wire.EpochID, to []byte) *access.Wrap {
	w.t.Helper()
	wrap, err := seal.WrapKey(key, w.d.id, epoch, to, uploader)
	if err != nil {
		w.t.Fatal(err)
	}
	return wrap
}

// TestEntryOfAnUnheldEpochWaitsForItsKey: it is kept, neither shown nor passed
// over, and is shown once the key comes.
func TestEntryOfAnUnheldEpochWaitsForItsKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWrapWorld(t)
		key := seal.EpochKey{1}
		epoch := key.ID(w.editor.Device())
		w.deliver(w.rotate(key, []seal.HeldKey{w.held()}))
		e := w.entry(key, epoch, "under the new key")
		if err := w.d.receive(w.editor.Device(), replication.Delivery{Doc: w.d.id, Entries: [][]byte{e.Raw}}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		w.d.mu.Lock()
		counts := w.d.chains.Counts(e.Chain())
		w.d.mu.Unlock()
		if counts != 1 || w.d.Applied(e.Chain()) != 0 || w.d.Text() != "" {
			t.Errorf("without the key: %d entries count, %d are decided, the text is %q", counts, w.d.Applied(e.Chain()), w.d.Text())
		}
		w.deliver(nil, w.wrap(seal.EpochKey{2}, epoch)) // junk decides nothing
		if w.d.Applied(e.Chain()) != 0 {
			t.Error("a junk wrap had the entry passed over")
		}
		w.deliver(nil, w.wrap(key, epoch))
		synctest.Wait()
		if w.d.Applied(e.Chain()) != 1 || w.d.Text() != "under the new key" {
			t.Errorf("with the key: %d entries are decided, the text is %q", w.d.Applied(e.Chain()), w.d.Text())
		}
	})
}

// TestKeyComesFromAnotherUploader: a rotator that keeps a member's wrap back, or
// gives it junk, cannot keep the key from it: another member's wrap opens.
func TestKeyComesFromAnotherUploader(t *testing.T) {
	for name, junk := range map[string]bool{"withheld": false, "junk": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWrapWorld(t)
				other := w.letIn(access.Editor)
				viewer := w.letIn(access.Viewer)
				key := seal.EpochKey{1}
				epoch := key.ID(w.editor.Device())
				w.deliver(w.rotate(key, []seal.HeldKey{w.held()}))
				own := w.d.node.cfg.Key.SealPublic()
				if junk {
					w.deliver(nil, w.wrapBy(w.editor, seal.EpochKey{2}, epoch, own))
				}
				w.deliver(nil, w.wrapBy(viewer.key, seal.EpochKey{3}, epoch, own)) // who may not wrap, in the way
				if w.d.Epochs() != 1 {
					t.Fatalf("%d keys are held before any came", w.d.Epochs())
				}
				w.deliver(nil, w.wrapBy(other.key, key, epoch, own))
				if got, ok := w.writes(); !ok || got != epoch {
					t.Errorf("the device writes under %v, %v, want %v", got, ok, epoch)
				}
			})
		})
	}
}

// TestMemberWhoAsksAgainIsWrappedForAnew: a member has no wrap, or junk, by the
// rotator. When it asks, and with junk asks again, another member wraps for it.
func TestMemberWhoAsksAgainIsWrappedForAnew(t *testing.T) {
	for name, junk := range map[string]bool{"withheld": false, "junk": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWrapWorld(t)
				reader := w.letIn(access.Viewer)
				key := seal.EpochKey{1}
				epoch := key.ID(w.editor.Device())
				w.deliver(w.rotate(key, []seal.HeldKey{w.held()}))
				if junk {
					w.deliver(nil, w.wrapBy(w.editor, seal.EpochKey{2}, epoch, reader.key.SealPublic()))
				}
				w.deliver(nil, w.wrap(key, epoch))
				opens := func() bool {
					for _, raw := range w.d.Offer(reader.key.Device(), wire.SealHash{}, replication.Asked).Wraps {
						wrap, err := access.DecodeWrap(raw)
						if err != nil {
							t.Fatal(err)
						}
						if wrap.Epoch != epoch || wrap.Recipient != reader.key.SealHash() {
							continue
						}
						if got, err := seal.OpenWrap(wrap, w.d.id, w.editor.Device(), reader.key.SealPrivate()); err == nil && got == key {
							return true
						}
					}
					return false
				}
				for range junkAfter {
					opens()
					synctest.Wait()
				}
				if !opens() {
					t.Error("the member asked and got no wrap that opens")
				}
			})
		})
	}
}
