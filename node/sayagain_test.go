package node

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/comments"
	"github.com/sheafdocs/sheaf/node/replication"
	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/store/memstore"
)

// TestNotesAreTakenBackBehindTheComments: comments are to be written again. Many
// of them are stored in several batches, and a crash may come between two: until
// the last one is stored, the notes on them are.
func TestNotesAreTakenBackBehindTheComments(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &twoRoles{collision: newCollision(t, 0, 0, access.Editor), st: memstore.New()}
		w.owner = w.open()
		d := w.memberOn(w.st, w.honest, w.owner)
		anchor := comments.Anchor{From: []byte{0, 1}, To: []byte{0, 2}}
		for _, change := range []replication.Delivery{w.changeRole(), w.changeRole()} {
			for range 3 {
				if _, err := d.Comment(context.Background(), anchor, "", "said", nil); err != nil {
					t.Fatal(err)
				}
			}
			giveAll(t, d, change)
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		if len(d.count.reissue) == 0 {
			t.Fatal("nothing is due to be written again")
		}
		before := len(d.out.puts)
		d.sayAgain()
		records, noted := 0, false
		for _, r := range d.out.puts[before:] {
			switch {
			case r.Key.Kind != store.KindEntry:
				noted = noted || r.Key == lostStoreKey(d.id) || r.Key == asideStoreKey(d.id)
			case noted:
				t.Error("a comment comes behind the note that it was written again")
			default:
				records++
			}
		}
		if records == 0 || !noted {
			t.Errorf("%d comments, noted: %v", records, noted)
		}
	})
}
