package node

import (
	"context"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/seal"
	"github.com/sheafdocs/sheaf/node/store/memstore"
	"github.com/sheafdocs/sheaf/node/wire"
)

// collision is a document in which a hostile member has found a key, or an
// invite, or whatever it takes, that gives one of its chains the client id of an
// honest member's chain.
type collision struct {
	t       *testing.T
	key     *identity.Key // of the owner whose node it is
	st      *memstore.Store
	members []*identity.Key
	honest  *identity.Key
	hostile *identity.Key
}

// Incs of the chains with one client id.
const honestInc, hostileInc = 1, 7

// newCollision makes a document and lets people in: the members given by role,
// the first being senior.
func newCollision(t *testing.T, honest, hostile int, roles ...access.Role) *collision {
	t.Helper()
	key := func(n byte) *identity.Key {
		k, err := identity.Generate(rand.NewChaCha8([32]byte{n}))
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	c := &collision{t: t, key: key(0), st: memstore.New()}
	n, err := New(Config{Key: c.key, Store: c.st})
	if err != nil {
		t.Fatal(err)
	}
	d, err := n.Create(context.Background(), "")
	if err != nil {
		t.Fatal(err)
	}
	for i, role := range roles {
		k := key(byte(i + 1))
		c.members = append(c.members, k)
		_, err := d.Invite(context.Background(), Invitee{
			User:    k.UserID(),
			Devices: []access.GrantDevice{{Device: k.Device(), Seal: k.SealHash(), Kind: access.DeviceNative}},
			Seals:   [][]byte{k.SealPublic()},
		}, role)
		if err != nil {
			t.Fatal(err)
		}
	}
	c.honest, c.hostile = c.members[honest], c.members[hostile]
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	return c
}

// open runs a copy of the node that has no entries yet.
func (c *collision) open() *Document {
	c.t.Helper()
	n, err := New(Config{Key: c.key, Store: c.st.Clone()})
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() {
		if err := n.Close(); err != nil {
			c.t.Error(err)
		}
	})
	d := n.Documents()[0]
	c.collide(d)
	return d
}

// collide has the two chains have one client id, in a document without entries.
func (c *collision) collide(d *Document) {
	d.mu.Lock()
	auth, _, _ := d.access.Authority(c.honest.Device())
	d.mu.Unlock()
	NarrowClients(d.node, func(doc wire.Doc16, dev wire.Device, a wire.Auth, inc uint32) uint64 {
		if dev == c.hostile.Device() && inc == hostileInc {
			return oplog.BodyClient(doc, c.honest.Device(), auth, honestInc)
		}
		return oplog.BodyClient(doc, dev, a, inc)
	})
}

// everyOrder delivers runs to as many copies as there are orders, and checks
// that all show the same in the end, which is returned.
func (c *collision) everyOrder(from *Document, runs ...[]*oplog.Entry) string {
	c.t.Helper()
	var docs []*Document
	permute(len(runs), func(order []int) {
		d := c.member(c.members[len(c.members)-1], from) // who is no owner, and endorses nothing
		for _, i := range order {
			deliverTo(c.t, d, runs[i]...)
			time.Sleep(300 * time.Millisecond) // some of them while a decision is due
		}
		docs = append(docs, d)
	})
	time.Sleep(3 * rebuildInterval)
	want, err := docs[0].StateHash()
	if err != nil {
		c.t.Fatal(err)
	}
	for i, d := range docs {
		if h, err := d.StateHash(); err != nil || h != want {
			c.t.Errorf("order %d shows %q, the first one %q: %v", i, d.Text(), docs[0].Text(), err)
		}
	}
	return docs[0].Text()
}

// permute calls f with every order of the numbers below n.
func permute(n int, f func([]int)) {
	var add func(order []int, used int)
	add = func(order []int, used int) {
		if len(order) == n {
			f(order)
			return
		}
		for i := range n {
			if used&(1<<i) == 0 {
				add(append(order[:len(order):len(order)], i), used|1<<i)
			}
		}
	}
	add(nil, 0)
}

// TestCollidingClientIDsAreDecidedAlike gives a hostile chain the client id of an
// honest one. In whatever order they come, everyone shows the same: the honest
// text if its author is senior, if an owner's entry depends on it, or if an owner
// has removed the hostile device.
func TestCollidingClientIDsAreDecidedAlike(t *testing.T) {
	for _, tc := range []struct {
		name            string
		honest, hostile int // of the members, the first of whom is senior
		endorsed        bool
		removed         bool
		wins            string
	}{
		{name: "senior", honest: 0, hostile: 1, wins: "honest"},
		{name: "junior", honest: 1, hostile: 0, wins: "hostile"},
		{name: "endorsed", honest: 1, hostile: 0, endorsed: true, wins: "honest"},
		{name: "removed", honest: 1, hostile: 0, removed: true, wins: "honest"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCollision(t, tc.honest, tc.hostile, access.Editor, access.Editor, access.Editor, access.Owner, access.Viewer)
				d := c.open()
				honest, hostile := newHand(t, d, c.honest, honestInc), newHand(t, d, c.hostile, hostileInc)
				if honest.client() != hostile.client() || honest.chain() == hostile.chain() {
					t.Fatal("the chains do not collide")
				}
				reader, owner := newHand(t, d, c.members[2], 2), newHand(t, d, c.members[3], 3)
				h, x := honest.write("honest "), hostile.write("hostile ")
				runs := [][]*oplog.Entry{{h, honest.write("text ")}, {x, hostile.write("flood ")}, {reader.write("reader ", depOn(x))}}
				if tc.endorsed {
					runs = append(runs, []*oplog.Entry{owner.sign(seal.Payload{Deps: []seal.Dep{depOn(h)}})})
				} else if tc.name != "junior" {
					runs[2][0] = newHand(t, d, c.members[2], 9).write("reader ") // else it would decide
				}
				if tc.removed {
					if _, err := d.Remove(context.Background(), RemoveOptions{Device: c.hostile.Device(), Unseen: DiscardUnseen}); err != nil {
						t.Fatal(err)
					}
				}
				text := c.everyOrder(d, runs...)
				lost := map[string]string{"honest": "hostile", "hostile": "honest"}[tc.wins]
				if !strings.Contains(text, tc.wins) || strings.Contains(text, lost) {
					t.Errorf("all show %q, want the %s text", text, tc.wins)
				}
				if void := tc.endorsed; strings.Contains(text, "reader") == void {
					t.Errorf("all show %q; what was built upon the other chain is void: %v", text, void)
				}
				t.Logf("every order of %d runs shows %q", len(runs), text)
			})
		})
	}
}
