//go:build !js

package node_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sheafdocs/sheaf/node"
	"github.com/sheafdocs/sheaf/node/gossip"
	"github.com/sheafdocs/sheaf/node/nodetest"
	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/seal"
	"github.com/sheafdocs/sheaf/node/wire"
)

// siege is a document of an owner and an editor, who both write, and of a
// hostile device that talks with both over the network and holds the keys of
// another member.
type siege struct {
	*nodetest.World
	t      *testing.T
	id     wire.DocID
	owner  *node.Document
	honest *node.Document
	page   *editor // an honest page on the owner's node, which writes only when told
	enemy  *nodetest.Hostile
	lair   *node.Document // the enemy's copy

	taken  *oplog.Entry // see known
	bySync bool         // how send sends
	words  []string     // what the honest nodes wrote
}

// besiege plays an attack twice: with all that is sent spread by gossip, and
// with it served by sync.
func besiege(t *testing.T, attack func(s *siege)) {
	for _, bySync := range []bool{false, true} {
		name := "gossip"
		if bySync {
			name = "sync"
		}
		t.Run(name, func(t *testing.T) {
			nodetest.Run(t, 1, 3, func(w *nodetest.World) {
				attack(newSiege(w, bySync))
			})
		})
	}
}

func newSiege(w *nodetest.World, bySync bool) *siege {
	s := &siege{World: w, t: w.T, bySync: bySync, id: w.Share(w.T.Context())}
	s.owner, s.honest = w.Peers[0].Document(s.id), w.Peers[1].Document(s.id)
	s.page = edit(s.t, s.owner)
	s.page.typeText("honest words. ")
	third := w.Peers[2].Document(s.id)
	await(s.t, "all to have the text", func() bool {
		return s.owner.Text() == "honest words. " && s.honest.Text() == "honest words. " && third.Text() == "honest words. "
	})
	s.enemy = w.Peers[2].Corrupt(node.TopicOf(s.owner))
	var err error
	if s.lair, err = s.enemy.Document(s.id); err != nil {
		s.t.Fatal(err)
	}
	return s
}

// accomplice is one more member in hostile hands.
func (s *siege) accomplice() *nodetest.Hostile {
	s.t.Helper()
	p := s.Add()
	joinBy(s.t, p.Node, s.owner)
	return p.Corrupt(node.TopicOf(s.owner))
}

// replay sends an entry once more, while nobody writes.
func (s *siege) replay(raw []byte) {
	s.t.Helper()
	if s.bySync {
		s.enemy.Serve(s.id, raw)
	} else {
		s.enemy.Say(gossip.Entry, raw)
	}
	time.Sleep(300 * time.Millisecond)
}

// chat has both honest nodes write, at the same time as all else that happens.
func (s *siege) chat() {
	s.t.Helper()
	for _, d := range []*node.Document{s.owner, s.honest} {
		word := fmt.Sprintf("<%d>", len(s.words))
		write(s.t, d, word)
		s.words = append(s.words, word)
	}
}

// send has the enemy send entries of its own making, while the others write.
func (s *siege) send(entries ...*oplog.Entry) {
	s.t.Helper()
	var raws [][]byte
	for _, e := range entries {
		raws = append(raws, e.Raw)
	}
	s.sendRaw(raws...)
}

// sendRaw is send for any bytes in the place of entries. Served by sync they are
// one run.
func (s *siege) sendRaw(raws ...[]byte) {
	s.t.Helper()
	s.chat()
	if s.bySync {
		s.enemy.Serve(s.id, raws...)
	} else {
		for _, raw := range raws {
			s.enemy.Say(gossip.Entry, raw)
		}
	}
	time.Sleep(300 * time.Millisecond)
	s.chat()
}

// merged waits until n entries of a chain have been looked at.
func (s *siege) merged(chain wire.ChainID, n uint64) {
	s.t.Helper()
	s.Await("the entries to be looked at", time.Minute, func() bool {
		return s.owner.Applied(chain) == n && s.honest.Applied(chain) == n
	})
}

// stands checks that the honest nodes go on as if nothing had been: they write,
// show the same with every honest word in it and none of these, and hold it
// against the enemy or not.
func (s *siege) stands(graylisted bool, never ...string) {
	s.t.Helper()
	s.chat()
	s.CheckEqual(s.id)
	text := s.owner.Text()
	for _, word := range append(s.words, "honest words. ") {
		if strings.Count(text, word) != 1 {
			s.t.Errorf("the honest %q is %d times in %q", word, strings.Count(text, word), text)
		}
	}
	for _, word := range never {
		if strings.Contains(text, word) {
			s.t.Errorf("the enemy's %q shows: %q", word, text)
		}
	}
	for _, d := range []*node.Document{s.owner, s.honest} {
		if b := node.BurdenOf(d); !b.Within() {
			s.t.Errorf("more is kept for others than may be: %+v", b)
		}
	}
	time.Sleep(11 * time.Second) // gossip asks for scores now and then
	for _, p := range s.Peers {
		s.judged(p, s.enemy, graylisted)
	}
}

// pageGoesOn has the page write, and its words are to stay.
func (s *siege) pageGoesOn() {
	s.t.Helper()
	s.page.typeText("the page goes on. ")
	s.words = append(s.words, "the page goes on. ")
	s.Await("the page's text to arrive", time.Minute, func() bool {
		return strings.Contains(s.honest.Text(), "the page goes on. ")
	})
}

// judged checks what a node holds against a hostile device.
func (s *siege) judged(p *nodetest.Peer, h *nodetest.Hostile, graylisted bool) {
	s.t.Helper()
	score, got := node.ScoreOf(p.Node, h.Key.Device())
	s.t.Logf("score %.1f; of all messages %v rejected, %v ignored", score,
		p.Metric("sheaf_gossip_messages_total", "reject"), p.Metric("sheaf_gossip_messages_total", "ignore"))
	if got != graylisted {
		s.t.Errorf("graylisted is %v with a score of %.1f, want %v", got, score, graylisted)
	}
	if !graylisted && score != 0 {
		s.t.Errorf("the score is %.1f, though nothing was to be held against the sender", score)
	}
}

// wrap is one by the enemy for the editor, of any key under any name.
func (s *siege) wrap(key seal.EpochKey, epoch wire.EpochID) []byte {
	s.t.Helper()
	w, err := seal.WrapKey(key, s.id, epoch, node.KeyOf(s.Peers[1].Node).SealPublic(), s.enemy.Key)
	if err != nil {
		s.t.Fatal(err)
	}
	raw, err := w.Encode()
	if err != nil {
		s.t.Fatal(err)
	}
	return raw
}
