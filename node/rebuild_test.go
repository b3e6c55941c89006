package node

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/oplog"
)

// TestRebuildsKeepTheirDistance releases branches of one chain one after
// another, each of which is preferred to those before it: whoever can do that
// cannot keep everyone busy putting the document together.
func TestRebuildsKeepTheirDistance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCollision(t, 0, 1, access.Editor, access.Editor)
		owner := c.open()
		d := c.member(c.members[1], owner) // who is no owner, and endorses nothing
		base := newHand(t, owner, c.honest, 1)
		first := base.write("base ")
		var branches []*oplog.Entry
		texts := map[[32]byte]string{}
		for i := range 40 {
			text := fmt.Sprintf("branch %d", i)
			e := base.fork().write(text)
			branches, texts[e.ID] = append(branches, e), text
		}
		slices.SortFunc(branches, func(a, b *oplog.Entry) int { return bytes.Compare(b.ID[:], a.ID[:]) })
		deliverTo(t, d, first, branches[0])
		synctest.Wait()

		var rebuilds []time.Time
		last := d.lastRebuild()
		for _, e := range branches[1:] {
			deliverTo(t, d, e)
			for range 4 {
				synctest.Wait()
				if at := d.lastRebuild(); !at.Equal(last) {
					rebuilds, last = append(rebuilds, at), at
				}
				time.Sleep(250 * time.Millisecond)
			}
		}
		for i, at := range rebuilds[1:] {
			if gap := at.Sub(rebuilds[i]); gap < rebuildInterval {
				t.Errorf("rebuilt %v after the rebuild before", gap)
			}
		}
		if n := len(rebuilds); n < 3 || n > 5 {
			t.Errorf("%d rebuilds in 39 s, want one about every 10 s", n)
		}
		time.Sleep(2 * rebuildInterval)
		if want := "base " + texts[branches[len(branches)-1].ID]; d.Text() != want {
			t.Errorf("the document shows %q in the end, want %q", d.Text(), want)
		}
		t.Logf("%d rebuilds in 39 s", len(rebuilds))
	})
}

// lastRebuild is when the document was put together anew.
func (d *Document) lastRebuild() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.count.last
}
