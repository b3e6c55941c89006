package node

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/node/access"
)

// TestEditsThatCannotBeSealedHoldUpNoOthers: one session's edit names what no
// entry holds. Those of other sessions become entries all the same.
func TestEditsThatCannotBeSealedHoldUpNoOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newCollision(t, 0, 0, access.Editor).open()
		stray := crdt.NewDoc(crdt.Config{ClientID: 77})
		lease, err := d.Lease(context.Background(), "")
		if err != nil {
			t.Fatal(err)
		}
		page := crdt.NewDoc(crdt.Config{ClientID: lease.Client})
		for _, doc := range []*crdt.Doc{stray, page} {
			if err := page.ApplyUpdate(stray.EncodeStateAsUpdate(nil), nil); err != nil {
				t.Fatal(err)
			}
			doc.Transact(nil, func(tx *crdt.Txn) { err = doc.Text("text").Insert(tx, doc.Text("text").Len(), "word") })
			if err != nil {
				t.Fatal(err)
			}
		}
		update, err := crdt.DiffUpdate(page.EncodeStateAsUpdate(nil), stray.StateVector())
		if err != nil {
			t.Fatal(err)
		}
		info, err := crdt.Inspect(update)
		if err != nil {
			t.Fatal(err)
		}
		d.mu.Lock()
		d.addPending(lease.Session, update, info)
		d.mu.Unlock()
		insertAt(t, d, 0, "other")
		time.Sleep(time.Minute)
		if n := len(written(t, d, d.node.device)); n != 1 {
			t.Errorf("%d entries were made, want that of the other session", n)
		}
		if n := d.waitingGroups(); n != 1 {
			t.Errorf("%d groups of edits wait, want the one that cannot be sealed", n)
		}
	})
}
