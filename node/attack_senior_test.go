//go:build !js

package node_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/node"
	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/nodetest"
	"github.com/sheafdocs/sheaf/node/wire"
)

// TestMaliciousOwnerGrindsClientIDsOfAnEditor has an owner, who is senior to the
// editor, send a chain with the client id of the editor's page. The editor was
// away and nobody has built upon its text, so seniority decides for the enemy's
// chain, on every node. No word of the editor is lost: its node writes all of it
// again, and the page goes on in a new session.
func TestMaliciousOwnerGrindsClientIDsOfAnEditor(t *testing.T) {
	for _, bySync := range []bool{false, true} {
		name := "gossip"
		if bySync {
			name = "sync"
		}
		t.Run(name, func(t *testing.T) {
			nodetest.Run(t, 1, 2, func(w *nodetest.World) {
				g := &grindstone{found: map[wire.Device]map[uint32]crdt.ClientID{}}
				for _, p := range w.Peers {
					node.NarrowClients(p.Node, g.clientOf)
				}
				s := besiegedBy(w, access.Owner, bySync)
				page := edit(s.t, s.honest)
				ground := g.grind(s, 1, page)
				offline(s.t, s.Peers[1].Node, true)
				s.pageTypes(page, s.honest, "[a page]")
				s.enemy.Connect()
				raws := make([][]byte, len(ground.entries))
				for i, e := range ground.entries {
					raws[i] = e.Raw
				}
				if bySync { // nobody writes meanwhile: that would decide for the page
					s.enemy.Serve(s.id, raws...)
				} else {
					for _, raw := range raws {
						s.replay(raw)
					}
				}
				s.Await("the enemy's text to show", time.Minute, func() bool {
					return strings.Count(s.owner.Text(), "GROUND") == len(ground.entries)
				})
				offline(s.t, s.Peers[1].Node, false)
				s.enemy.Connect()
				s.Await("the page to be told", time.Minute, func() bool { return page.lastTrouble().Kind == node.EventReset })
				s.pageTypes(edit(s.t, s.honest), s.honest, "[it goes on]")
				s.stands(false)
				for i, d := range []*node.Document{s.owner, s.honest} {
					if n := strings.Count(d.Text(), "GROUND"); n != len(ground.entries) || !d.Collides(ground.chain) {
						s.t.Errorf("node %d shows the senior's text %d times", i, n)
					}
				}
			})
		})
	}
}
