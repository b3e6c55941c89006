package node

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/replication"
	"github.com/sheafdocs/sheaf/node/store/memstore"
	"github.com/sheafdocs/sheaf/node/wire"
)

// all is what one copy of a document has for a member: access ops, keys, entries.
func all(from *Document, reader wire.Device) replication.Delivery {
	offer := from.Offer(reader, wire.SealHash{}, replication.Asked)
	_, entries := Held(from)
	return replication.Delivery{Doc: from.id, Ops: from.OpsSince(nil, nil), Wraps: offer.Wraps, SealKeys: offer.SealKeys, Entries: entries}
}

// giveAll gives a document all that another copy has.
func giveAll(t *testing.T, to *Document, del replication.Delivery) {
	t.Helper()
	if err := to.node.Receive(context.Background(), wire.Device{1}, del); err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
}

// twoRoles is an editor's device that was given another role twice, and could
// not write again yet what the second change cut off.
type twoRoles struct {
	*collision
	owner *Document
	st    *memstore.Store
	d     *Document
}

func newTwoRoles(t *testing.T) *twoRoles {
	t.Helper()
	w := &twoRoles{collision: newCollision(t, 0, 0, access.Editor), st: memstore.New()}
	w.owner = w.open()
	w.d = w.memberOn(w.st, w.honest, w.owner)
	changes := []replication.Delivery{w.changeRole(), w.changeRole()}
	for i, word := range []string{"one ", "two "} {
		insertAt(t, w.d, w.d.TextLen(), word)
		SealNow(w.d)
		giveAll(t, w.d, changes[i])
	}
	return w
}

// changeRole has the owner, who has seen nothing of what the device writes, give
// it another role.
func (w *twoRoles) changeRole() replication.Delivery {
	w.t.Helper()
	if err := RevokeDevice(w.owner, w.honest.Device(), 0); err != nil {
		w.t.Fatal(err)
	}
	if err := GrantDevice(w.owner, w.honest.Device(), access.Editor); err != nil {
		w.t.Fatal(err)
	}
	time.Sleep(time.Minute) // the new key is wrapped for it
	return all(w.owner, w.honest.Device())
}

// reopened starts a node on what a store holds and says what it and the owner
// show in the end.
func (w *twoRoles) reopened(st *memstore.Store) (text, at string) {
	w.t.Helper()
	n := w.nodeOn(st, w.honest)
	d, err := n.Document(w.owner.id)
	if err != nil {
		w.t.Fatal(err)
	}
	owner := w.memberOn(memstore.New(), w.key, w.owner)
	for range 3 {
		time.Sleep(rebuildInterval)
		d.mu.Lock()
		d.proveDrafts(nil) // a peer has told that it holds nothing of the drafts
		d.mu.Unlock()
		giveAll(w.t, owner, all(d, w.key.Device()))
		giveAll(w.t, d, all(owner, w.honest.Device()))
	}
	time.Sleep(rebuildInterval)
	giveAll(w.t, owner, all(d, w.key.Device()))
	synctest.Wait()
	return d.Text(), owner.Text()
}

// TestStopBeforeOwnEntriesAreWrittenAgain: a device stops, or crashes, at any
// time between hearing of its other role and writing again what that cut off.
// Whenever it is, all words are there once after the next start.
func TestStopBeforeOwnEntriesAreWrittenAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTwoRoles(t)
		if w.d.Text() != "one two " || len(w.d.count.reissue) == 0 {
			t.Fatalf("nothing is due to be written again; the text is %q", w.d.Text())
		}
		var stores []*memstore.Store
		for range 14 { // until after the rebuild, and after what it made is in entries
			stores = append(stores, w.st.Clone())
			time.Sleep(time.Second)
		}
		if len(w.d.count.reissue) != 0 {
			t.Fatal("what was cut off was not written again in time")
		}
		if err := w.d.node.Close(); err != nil {
			t.Fatal(err)
		}
		for i, st := range append(stores, w.st) {
			text, at := w.reopened(st)
			for _, word := range []string{"one ", "two "} {
				if strings.Count(text, word) != 1 || strings.Count(at, word) != 1 {
					t.Errorf("stopped after %d s, the device shows %q and the owner %q", i, text, at)
				}
			}
		}
	})
}
