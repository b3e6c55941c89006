//go:build !js

package node_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/node"
	"github.com/sheafdocs/sheaf/node/nodetest"
	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/wire"
)

// grindstone derives client ids as ever, but for the incs for which a hostile
// device is taken to have found, by trying, that they give one of another's.
type grindstone struct {
	mu    sync.Mutex
	found map[wire.Device]map[uint32]crdt.ClientID
}

func (g *grindstone) clientOf(doc wire.Doc16, dev wire.Device, auth wire.Auth, inc uint32) uint64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	if client, ok := g.found[dev][inc]; ok {
		return uint64(client)
	}
	return oplog.BodyClient(doc, dev, auth, inc)
}

// grind has the enemy begin a chain with the client id of a page, and write what
// it will send on it. Nothing of the page's is known yet.
func (g *grindstone) grind(s *siege, inc uint32, page *editor) *ground {
	s.t.Helper()
	x := node.NewAttacker(s.lair, inc)
	client := page.session.Client()
	x.Grind(client)
	dev := s.enemy.Key.Device()
	g.mu.Lock()
	if g.found[dev] == nil {
		g.found[dev] = map[uint32]crdt.ClientID{}
	}
	g.found[dev][inc] = client
	g.mu.Unlock()
	list := &ground{chain: x.Chain()}
	for range 20 { // further than the page comes
		// At the beginning, where no honest author builds upon it unawares.
		list.entries = append(list.entries, says(x, "GROUND "))
	}
	return list
}

// ground is a hostile chain with the client id of an honest one.
type ground struct {
	chain   wire.ChainID
	entries []*oplog.Entry
}

// besiegeGround is besiege with a page on each honest node, that has typed
// nothing, the owner's first, and with a chain of the enemy for each that has its
// client id.
func besiegeGround(t *testing.T, attack func(s *siege, pages [2]*editor, grounds [2]*ground)) {
	for _, bySync := range []bool{false, true} {
		name := "gossip"
		if bySync {
			name = "sync"
		}
		t.Run(name, func(t *testing.T) {
			nodetest.Run(t, 1, 3, func(w *nodetest.World) {
				g := &grindstone{found: map[wire.Device]map[uint32]crdt.ClientID{}}
				for _, p := range w.Peers {
					node.NarrowClients(p.Node, g.clientOf)
				}
				s := newSiege(w, bySync)
				pages := [2]*editor{edit(s.t, s.owner), edit(s.t, s.honest)}
				attack(s, pages, [2]*ground{g.grind(s, 1, pages[0]), g.grind(s, 2, pages[1])})
			})
		})
	}
}

// pageTypes has a page on a node type a word, which is sealed at once and stays.
func (s *siege) pageTypes(page *editor, d *node.Document, word string) {
	s.t.Helper()
	page.typeText(word)
	s.Await("the page's text to be kept", time.Minute, func() bool { return page.ackedThrough() == page.sent })
	node.SealNow(d)
	s.words = append(s.words, word)
}

// outground checks that the honest nodes know the chains for what they are, and
// merge nothing of them.
func (s *siege) outground(chains ...*ground) {
	s.t.Helper()
	s.stands(false, "GROUND")
	for _, d := range []*node.Document{s.owner, s.honest} {
		for _, g := range chains {
			if !d.Collides(g.chain) {
				s.t.Error("the chain does not collide with an honest one: there was no attack")
			}
			if n := d.Applied(g.chain); n != 0 {
				s.t.Errorf("%d entries of a chain with another's client id are merged", n)
			}
		}
	}
}

// TestMaliciousEditorGrindsClientIDsOfWhatIsThere sends chains with the client
// ids of pages whose text everybody has: the pages go on as if nothing had been.
func TestMaliciousEditorGrindsClientIDsOfWhatIsThere(t *testing.T) {
	besiegeGround(t, func(s *siege, pages [2]*editor, grounds [2]*ground) {
		docs := [2]*node.Document{s.owner, s.honest}
		for i, d := range docs {
			s.pageTypes(pages[i], d, fmt.Sprintf("[page %d]", i))
		}
		s.CheckEqual(s.id)
		for _, g := range grounds {
			s.send(g.entries...)
		}
		for i, d := range docs {
			s.pageTypes(pages[i], d, fmt.Sprintf("[page %d goes on]", i))
		}
		s.outground(grounds[:]...)
		for _, p := range pages {
			if ev := p.lastTrouble(); ev.Kind != 0 {
				s.t.Errorf("an honest page was told of trouble: %+v", ev)
			}
		}
	})
}

// TestMaliciousEditorGrindsClientIDsOfWhatIsToCome has an honest node merge a
// chain with the client id of the other's page before it learns of that page.
// The enemy's text is taken back, and what an honest editor typed inside it stays.
func TestMaliciousEditorGrindsClientIDsOfWhatIsToCome(t *testing.T) {
	for i, victim := range []string{"owner", "editor"} {
		t.Run(victim, func(t *testing.T) {
			besiegeGround(t, func(s *siege, pages [2]*editor, grounds [2]*ground) {
				docs := [2]*node.Document{s.owner, s.honest}
				offline(s.t, s.Peers[i].Node, true)
				s.pageTypes(pages[i], docs[i], "[a page]")
				s.enemy.Connect()
				s.send(grounds[i].entries...)
				s.Await("the enemy's text to show", time.Minute, func() bool {
					return strings.Count(docs[1-i].Text(), "GROUND") == len(grounds[i].entries)
				})
				if victim == "owner" { // an owner's word inside would decide for the enemy's chain
					insert(s.t, s.honest, 3, "(inside)")
					node.SealNow(s.honest)
					s.words = append(s.words, "(inside)")
				}
				offline(s.t, s.Peers[i].Node, false)
				s.enemy.Connect()
				s.pageTypes(pages[i], docs[i], "[it goes on]")
				s.outground(grounds[i])
			})
		})
	}
}
