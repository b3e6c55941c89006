package node

import (
	"bytes"
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/replication"
	"github.com/sheafdocs/sheaf/node/store/memstore"
	"github.com/sheafdocs/sheaf/node/wire"
)

// written lists the entries of a device in a document.
func written(t *testing.T, d *Document, dev wire.Device) (list []*oplog.Entry) {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	for id := range d.chains.All() {
		if author, _, _, _ := d.chains.Author(id); author != dev {
			continue
		}
		for e := d.nextEntry(entryRef{id, 0}); e != nil; e = d.nextEntry(entryRef{id, e.Seq + 1}) {
			list = append(list, e)
		}
	}
	return list
}

// member runs a node of a member, which has all that the document's access log
// and keys say, and no entries.
func (c *collision) member(key *identity.Key, from *Document) *Document {
	c.t.Helper()
	return c.memberOn(memstore.New(), key, from)
}

// memberOn is member on an empty store.
func (c *collision) memberOn(st *memstore.Store, key *identity.Key, from *Document) *Document {
	c.t.Helper()
	n := c.nodeOn(st, key)
	d, err := n.adopt(context.Background(), from.id, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	offer := from.Offer(key.Device(), wire.SealHash{}, replication.Asked)
	del := replication.Delivery{Doc: from.id, Ops: from.OpsSince(nil, nil), Wraps: offer.Wraps, SealKeys: offer.SealKeys}
	if err := n.Receive(context.Background(), from.node.device, del); err != nil {
		c.t.Fatal(err)
	}
	if d.State() != StateReady {
		c.t.Fatalf("the member's document is %s", d.State())
	}
	c.collide(d)
	return d
}

// nodeOn runs a node on a store.
func (c *collision) nodeOn(st *memstore.Store, key *identity.Key) *Node {
	c.t.Helper()
	n, err := New(Config{Key: key, Store: st})
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() {
		if err := n.Close(); err != nil {
			c.t.Error(err)
		}
	})
	return n
}

// forks are branches of one chain, the one that is preferred last.
func forks(h *hand, n int) (first *oplog.Entry, branches []*oplog.Entry, hands map[wire.EntryID]*hand) {
	first, hands = h.write("base "), map[wire.EntryID]*hand{}
	for i := range n {
		f := h.fork()
		e := f.write("branch " + string(rune('A'+i)))
		branches, hands[e.ID] = append(branches, e), f
	}
	slices.SortFunc(branches, func(a, b *oplog.Entry) int { return bytes.Compare(b.ID[:], a.ID[:]) })
	return first, branches, hands
}

// TestOwnersEndorseWhatTheyShow lets an owner's device meet a fork: it endorses
// once, again after an hour if there is more to endorse, and no more once the
// fork is decided. What is released later changes nothing for anyone.
func TestOwnersEndorseWhatTheyShow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCollision(t, 0, 1, access.Editor, access.Editor, access.Viewer)
		d := c.open()
		own := func(what string, want int) []*oplog.Entry {
			t.Helper()
			list := written(t, d, c.key.Device())
			if len(list) != want {
				t.Errorf("%s: %d endorsements, want %d", what, len(list), want)
			}
			return list
		}
		first, branches, hands := forks(newHand(t, d, c.honest, 1), 4)
		deliverTo(t, d, first, branches[2])
		time.Sleep(2 * endorseInterval)
		own("no contest", 0)
		deliverTo(t, d, branches[1])
		time.Sleep(time.Minute)
		own("a contest", 1)
		shown := d.Text()
		deliverTo(t, d, hands[branches[2].ID].write(" and more"))
		time.Sleep(endorseInterval / 2)
		own("within the hour", 1)
		time.Sleep(endorseInterval)
		list := own("after the hour", 2)
		time.Sleep(5 * endorseInterval)
		own("with nothing new", 2)
		deliverTo(t, d, branches[3]) // preferred to all others
		time.Sleep(time.Minute)
		if got := d.Text(); got != shown+" and more" {
			t.Errorf("a branch released later changed %q to %q", shown, got)
		}

		// Everyone comes to the same, in whatever order.
		for i, key := range []*identity.Key{c.members[1], c.members[2]} {
			m := c.member(key, d)
			all := slices.Concat([]*oplog.Entry{first, branches[3]}, branches[1:3], written(t, d, c.honest.Device()), list)
			if i == 1 {
				all = slices.Concat(list, []*oplog.Entry{first}, written(t, d, c.honest.Device()), branches[1:])
			}
			for _, e := range all {
				deliverTo(t, m, e)
			}
			time.Sleep(3 * endorseInterval)
			if m.Text() != d.Text() {
				t.Errorf("member %d shows %q, the owner %q", i, m.Text(), d.Text())
			}
			if n := len(written(t, m, key.Device())); n != 0 {
				t.Errorf("member %d, who is no owner, has written %d endorsements", i, n)
			}
		}

		// A statement closes the contest: nobody endorses what comes after.
		pin(t, d, c.honest)
		time.Sleep(time.Minute)
		deliverTo(t, d, hands[branches[2].ID].write(", later"))
		time.Sleep(2 * endorseInterval)
		own("a statement has decided", 2)
	})
}

// pin states which branch of a device's chains is meant, as an owner.
func pin(t *testing.T, d *Document, key *identity.Key) {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	auth, _, _ := d.access.Authority(key.Device())
	target, _ := d.target(auth, key.Device())
	var list []access.Statement
	for id := range d.chains.All() {
		if dev, _, _, _ := d.chains.Author(id); dev == key.Device() {
			seq, _, _ := d.chains.Head(id)
			s, _ := d.statement(id, seq)
			list = append(list, s)
		}
	}
	op, err := access.NewPin(d.access, d.node.cfg.Key, target, 0, list, d.node.cfg.Now())
	if err != nil {
		t.Fatal(err)
	}
	if err := d.receiveOp(op.Raw); err != nil {
		t.Fatal(err)
	}
	d.applyReady()
	d.wake()
}
