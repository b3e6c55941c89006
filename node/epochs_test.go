package node

import (
	"context"
	"crypto/rand"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/replication"
	"github.com/sheafdocs/sheaf/node/seal"
	"github.com/sheafdocs/sheaf/node/store/memstore"
	"github.com/sheafdocs/sheaf/node/wire"
)

// wrapWorld is an owner's document with one more editor, whose device the test
// plays by hand.
type wrapWorld struct {
	t      *testing.T
	d      *Document
	editor *identity.Key
}

func newWrapWorld(t *testing.T) *wrapWorld {
	t.Helper()
	newKey := func() *identity.Key {
		k, err := identity.Generate(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	n, err := New(Config{Key: newKey(), Store: memstore.New()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	d, err := n.Create(context.Background(), "")
	if err != nil {
		t.Fatal(err)
	}
	w := &wrapWorld{t: t, d: d, editor: newKey()}
	_, err = d.Invite(context.Background(), Invitee{
		User:    w.editor.UserID(),
		Devices: []access.GrantDevice{{Device: w.editor.Device(), Seal: w.editor.SealHash(), Kind: access.DeviceNative}},
		Seals:   [][]byte{w.editor.SealPublic()},
	}, access.Editor)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// rotate is a rotation by the editor, with the keys that its back holds.
func (w *wrapWorld) rotate(key seal.EpochKey, back []seal.HeldKey) *access.Op {
	w.t.Helper()
	sealed, err := seal.SealBack(key, w.d.id, w.editor.Device(), back)
	if err != nil {
		w.t.Fatal(err)
	}
	w.d.mu.Lock()
	defer w.d.mu.Unlock()
	op, err := access.NewRotate(w.d.access, w.editor, key.ID(w.editor.Device()), sealed, time.Now())
	if err != nil {
		w.t.Fatal(err)
	}
	return op
}

// deliver hands the document what the editor sends.
func (w *wrapWorld) deliver(op *access.Op, wraps ...*access.Wrap) {
	w.t.Helper()
	del := replication.Delivery{Doc: w.d.id}
	if op != nil {
		del.Ops = [][]byte{op.Raw}
	}
	for _, wrap := range wraps {
		raw, err := wrap.Encode()
		if err != nil {
			w.t.Fatal(err)
		}
		del.Wraps = append(del.Wraps, raw)
	}
	if err := w.d.receive(w.editor.Device(), del); err != nil {
		w.t.Fatal(err)
	}
}

func (w *wrapWorld) wrap(key seal.EpochKey, epoch wire.EpochID) *access.Wrap {
	w.t.Helper()
	wrap, err := seal.WrapKey(key, w.d.id, epoch, w.d.node.cfg.Key.SealPublic(), w.editor)
	if err != nil {
		w.t.Fatal(err)
	}
	return wrap
}

func (w *wrapWorld) writes() (wire.EpochID, bool) {
	w.d.mu.Lock()
	defer w.d.mu.Unlock()
	return w.d.writeEpoch()
}

// held is the one key of a new document, as a back lists it.
func (w *wrapWorld) held() seal.HeldKey {
	w.d.mu.Lock()
	defer w.d.mu.Unlock()
	id, rotator := w.d.access.First()
	return seal.HeldKey{Rotator: rotator, Epoch: id, Key: w.d.keys[id]}
}

// TestRotateToNobodyStopsNoWriter: an epoch that is announced and wrapped for
// no one, or with junk, is not written under; once its key comes it is.
func TestRotateToNobodyStopsNoWriter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWrapWorld(t)
		first, _ := w.writes()
		key := seal.EpochKey{1}
		epoch := key.ID(w.editor.Device())
		w.deliver(w.rotate(key, []seal.HeldKey{w.held()}))
		if got, ok := w.writes(); !ok || got != first {
			t.Errorf("after a rotation wrapped to nobody the device writes under %v, %v", got, ok)
		}
		w.deliver(nil, w.wrap(seal.EpochKey{2}, epoch)) // junk
		if got, ok := w.writes(); !ok || got != first {
			t.Errorf("after a junk wrap the device writes under %v, %v", got, ok)
		}
		good := w.wrap(key, epoch)
		w.deliver(nil, good)
		if got, ok := w.writes(); !ok || got != epoch {
			t.Errorf("once the key came the device writes under %v, %v, want %v", got, ok, epoch)
		}
	})
}

// TestEpochWhoseBackHidesOlderKeysIsNotWrittenUnder: a rotator who leaves out
// the older keys would keep newcomers from reading what was written before.
func TestEpochWhoseBackHidesOlderKeysIsNotWrittenUnder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWrapWorld(t)
		first, _ := w.writes()
		key := seal.EpochKey{1}
		epoch := key.ID(w.editor.Device())
		w.deliver(w.rotate(key, nil), w.wrap(key, epoch))
		if got, ok := w.writes(); !ok || got != first {
			t.Errorf("the device writes under %v, %v, want the first epoch", got, ok)
		}
	})
}

// TestFrontRunEpochIsIgnored: announcing another's epoch id as one's own, before
// or after its rotator, changes nothing for who holds the key.
func TestFrontRunEpochIsIgnored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWrapWorld(t)
		first, _ := w.writes()
		w.d.mu.Lock()
		op, err := access.NewRotate(w.d.access, w.editor, first, []byte("back"), time.Now())
		w.d.mu.Unlock()
		if err != nil {
			t.Fatal(err)
		}
		w.deliver(op)
		if got, ok := w.writes(); !ok || got != first {
			t.Errorf("the device writes under %v, %v", got, ok)
		}
		w.d.mu.Lock()
		defer w.d.mu.Unlock()
		for _, e := range w.d.rosterNow().epochs {
			if e.Op == op.ID && w.d.holds(e) {
				t.Error("the key is taken for the front-runner's epoch")
			}
		}
	})
}

// TestRoleStreamMatrix signs an entry of each stream by a device of each role
// and has it judged as gossip does and as sync does.
func TestRoleStreamMatrix(t *testing.T) {
	type may struct{ body, comments bool }
	for name, c := range map[string]struct {
		role    access.Role
		removed bool
		outside bool
		may     may
	}{
		"doorkeeper": {role: access.Doorkeeper},
		"viewer":     {role: access.Viewer},
		"commenter":  {role: access.Commenter, may: may{false, true}},
		"editor":     {role: access.Editor, may: may{true, true}},
		"owner":      {role: access.Owner, may: may{true, true}},
		"removed":    {role: access.Editor, removed: true},
		"outsider":   {outside: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWrapWorld(t)
				d := w.d
				author, err := identity.Generate(rand.Reader)
				if err != nil {
					t.Fatal(err)
				}
				var auth wire.Auth
				if !c.outside {
					_, err := d.Invite(context.Background(), Invitee{
						User:    author.UserID(),
						Devices: []access.GrantDevice{{Device: author.Device(), Seal: author.SealHash(), Kind: access.DeviceNative}},
					}, c.role)
					if err != nil {
						t.Fatal(err)
					}
					d.mu.Lock()
					auth, _, _ = d.access.Authority(author.Device())
					d.mu.Unlock()
				}
				if c.removed {
					if _, err := d.Remove(context.Background(), RemoveOptions{Device: author.Device()}); err != nil {
						t.Fatal(err)
					}
				}
				before, err := d.StateHash()
				if err != nil {
					t.Fatal(err)
				}
				for stream, want := range []bool{oplog.StreamBody: c.may.body, oplog.StreamComments: c.may.comments} {
					h := oplog.Header{Doc: d.id.Short(), Author: author.Device(), Auth: auth, Inc: uint32(stream), Stream: uint8(stream)}
					e, err := oplog.Sign(author, h, make([]byte, 64))
					if err != nil {
						t.Fatal(err)
					}
					if got := d.CheckEntry(e); got.Action == oplog.Reject || (got.Action == oplog.Accept) != want {
						t.Errorf("gossip, stream %d: %v", stream, got)
					}
					if err := d.receive(w.editor.Device(), replication.Delivery{Doc: d.id, Entries: [][]byte{e.Raw}}); err != nil {
						t.Errorf("sync, stream %d: %v", stream, err)
					}
					d.mu.Lock()
					counts := d.chains.Counts(e.Chain()) > 0
					d.mu.Unlock()
					if counts != want {
						t.Errorf("sync, stream %d: counts %v, want %v", stream, counts, want)
					}
				}
				if after, err := d.StateHash(); err != nil || after != before {
					t.Errorf("the document's state changed (%v)", err)
				}
			})
		})
	}
}
