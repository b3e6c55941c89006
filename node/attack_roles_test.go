//go:build !js

package node_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/node"
	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/nodetest"
	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/seal"
)

// TestRoleByStreamOverTheNetwork has a member's device of each role sign an
// entry on each stream by a program of its own, and send it to two nodes. What
// its role forbids is ignored, because its author may have another role where
// the news is fresher; a stream that there is not is rejected.
func TestRoleByStreamOverTheNetwork(t *testing.T) {
	takes := map[access.Role][2]bool{ // body, comments
		access.Doorkeeper: {false, false},
		access.Viewer:     {false, false},
		access.Commenter:  {false, true},
		access.Editor:     {true, true},
		access.Owner:      {true, true},
	}
	for _, role := range []access.Role{access.Doorkeeper, access.Viewer, access.Commenter, access.Editor, access.Owner} {
		for _, bySync := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/sync=%v", role, bySync), func(t *testing.T) {
				nodetest.Run(t, 1, 2, func(w *nodetest.World) {
					s := besiegedBy(w, role, bySync)
					for stream := range uint8(2) {
						s.tries(stream, takes[role][stream])
					}
					s.stands(false)
					for i := range 6 { // a third stream
						s.replay(forged(s, i, 1, 2, uint64(100+i), []byte{1}))
					}
					s.stands(!bySync)
				})
			})
		}
	}
}

// besiegedBy is a siege by a member of a role.
func besiegedBy(w *nodetest.World, role access.Role, bySync bool) *siege {
	s := &siege{World: w, t: w.T, bySync: bySync, id: w.Share(context.Background())}
	s.owner, s.honest = w.Peers[0].Document(s.id), w.Peers[1].Document(s.id)
	write(s.t, s.owner, "honest words. ")
	p := w.Add()
	joins := max(access.Viewer, min(role, access.Editor))
	third := joinAs(s.t, p.Node, s.owner, joins)
	if role < joins { // one who could read once: it holds a key to sign and seal with
		if err := node.RevokeDevice(s.owner, p.Device(), 0); err != nil {
			s.t.Fatal(err)
		}
	}
	if role != joins {
		if err := node.GrantDevice(s.owner, p.Device(), role); err != nil {
			s.t.Fatal(err)
		}
	}
	w.CheckEqual(s.id)
	await(s.t, "the enemy to have its role", func() bool { return node.RoleOf(third) == role })
	s.enemy = p.Corrupt(node.TopicOf(s.owner))
	var err error
	if s.lair, err = s.enemy.Document(third.ID()); err != nil {
		s.t.Fatal(err)
	}
	if got := node.RoleOf(s.lair); got != role {
		s.t.Fatalf("the enemy is %s, want %s", got, role)
	}
	return s
}

// tries sends an entry on a stream, and checks whether both nodes take and show
// it.
func (s *siege) tries(stream uint8, taken bool) {
	s.t.Helper()
	x := node.NewAttacker(s.lair, uint32(10+stream))
	var e *oplog.Entry
	if stream == oplog.StreamBody {
		e = x.Write(func(tx *crdt.Txn, doc *crdt.Doc) error { return doc.Text("text").Insert(tx, 0, "TRIED ") })
	} else {
		e = x.Sign(seal.Payload{Body: lateRecord(s.t)}, func(h *oplog.Header) { h.Stream, h.NumOps = stream, 1 })
	}
	before := s.Peers[1].Metric("sheaf_gossip_messages_total", "ignore")
	s.send(e)
	time.Sleep(time.Minute)
	if !taken && !s.bySync {
		s.ignored(before + 1) // and so not passed on
	}
	want, shows := uint64(0), 0
	if taken {
		want, shows = 1, 1
	}
	for i, d := range []*node.Document{s.owner, s.honest} {
		if got := d.Counts(x.Chain()); got != want {
			s.t.Errorf("stream %d: node %d has taken %d entries, want %d", stream, i, got, want)
		}
		shown := len(d.Threads())
		if stream == oplog.StreamBody {
			shown = strings.Count(d.Text(), "TRIED")
		}
		if shown != shows {
			s.t.Errorf("stream %d: node %d shows it %d times, want %d", stream, i, shown, shows)
		}
	}
}
