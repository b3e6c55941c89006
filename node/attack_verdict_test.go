//go:build !js

package node_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/node"
	"github.com/sheafdocs/sheaf/node/gossip"
	"github.com/sheafdocs/sheaf/node/nodetest"
	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/seal"
	"github.com/sheafdocs/sheaf/node/wire"
)

// fault is something to find in entries without any key.
type fault struct {
	name string
	make func(s *siege, i int) []byte // the i-th entry with it
}

// fresh is a chain that nobody has seen.
func fresh(s *siege, i int) *node.Attacker { return node.NewAttacker(s.lair, uint32(100+i)) }

func says(x *node.Attacker, text string) *oplog.Entry {
	return x.Write(func(tx *crdt.Txn, doc *crdt.Doc) error { return doc.Text("text").Insert(tx, 0, text) })
}

// forged is an entry with a header that Sign does not make.
func forged(s *siege, i int, version, stream, inc uint64, ct []byte) []byte {
	return s.enemy.ForgeEntry(version, stream, inc, fresh(s, i).Header(), ct)
}

// rejected are the faults that any node finds in the same bytes, whatever else
// it knows.
var rejected = []fault{
	{"junk", func(_ *siege, i int) []byte { return bytes.Repeat([]byte{byte(0xf0 + i)}, 200) }},
	{"not canonical", func(s *siege, i int) []byte { return append(says(fresh(s, i), "BAD").Raw, 0) }},
	{"too long", func(s *siege, i int) []byte {
		return forged(s, i, 1, 0, uint64(100+i), make([]byte, oplog.MaxEntryBytes))
	}},
	{"inc beyond its limit", func(s *siege, i int) []byte { return forged(s, i, 1, 0, oplog.MaxInc+uint64(i), []byte{1}) }},
	{"unknown stream", func(s *siege, i int) []byte { return forged(s, i, 1, 2, uint64(100+i), []byte{1}) }},
	{"another document", func(s *siege, i int) []byte {
		return fresh(s, i).Sign(seal.Payload{}, func(h *oplog.Header) { h.Doc[0]++ }).Raw
	}},
	{"other ciphertext", func(s *siege, i int) []byte {
		e := says(fresh(s, i), "BAD")
		ct := bytes.Clone(e.Ct)
		ct[len(ct)-1]++
		return nodetest.JoinEntry(e.Hdr, ct, e.Sig[:])
	}},
	{"wrong signature", func(s *siege, i int) []byte {
		raw := bytes.Clone(says(fresh(s, i), "BAD").Raw)
		raw[len(raw)-1]++
		return raw
	}},
	{"without a signature", func(s *siege, i int) []byte {
		e := says(fresh(s, i), "BAD")
		return nodetest.JoinEntry(e.Hdr, e.Ct, []byte{})
	}},
	{"of another device", func(s *siege, i int) []byte {
		h := fresh(s, i).Header()
		x := node.NewAttacker(s.owner, uint32(100+i)).Header()
		h.Author, h.Auth = x.Author, x.Auth // but with the enemy's signature
		return s.enemy.ForgeEntry(1, 0, uint64(100+i), h, []byte{1})
	}},
}

// TestWhatIsRejectedGraylistsItsSender sends what replication.md says to reject:
// six times by gossip, and nothing more is taken from the sender there; by sync,
// which brings what others made too, nobody is blamed.
func TestWhatIsRejectedGraylistsItsSender(t *testing.T) {
	for _, f := range rejected {
		t.Run(f.name, func(t *testing.T) {
			besiege(t, func(s *siege) {
				for i := range 6 {
					s.replay(f.make(s, i))
				}
				for _, p := range s.Peers {
					if n := p.Metric("sheaf_sync_refused_total"); s.bySync && n == 0 {
						s.t.Error("sync has refused nothing")
					}
				}
				s.stands(!s.bySync, "BAD")
				if !s.bySync {
					s.replay(says(node.NewAttacker(s.lair, 1), "AFTER").Raw)
					s.stands(true, "AFTER")
				}
			})
		})
	}
}

// TestRejectedMessagesGraylistTheirSender is the same for messages that are no
// entries.
func TestRejectedMessagesGraylistTheirSender(t *testing.T) {
	spoil := func(raw []byte, i int) []byte { // some byte of the signature, which is last
		raw = bytes.Clone(raw)
		raw[len(raw)-1-i]++
		return raw
	}
	for _, f := range []fault{
		{"too long", func(_ *siege, i int) []byte { return bytes.Repeat([]byte{byte(i)}, gossip.MaxMessageBytes+1) }},
		{"no message", func(_ *siege, i int) []byte { return []byte{0xff, byte(i)} }},
		{"message not canonical", func(s *siege, i int) []byte { return append(nodetest.Envelope(1, 0, []byte{byte(i)}), 0) }},
		{"access op", func(s *siege, i int) []byte {
			return nodetest.Envelope(1, uint64(gossip.Op), spoil(s.lair.OpsSince(nil, nil)[1], i))
		}},
		{"wrap", func(s *siege, i int) []byte {
			return nodetest.Envelope(1, uint64(gossip.Wrap), spoil(s.wrap(seal.EpochKey{1}, wire.EpochID{1}), i))
		}},
		{"presence", func(s *siege, i int) []byte { return nodetest.Envelope(1, uint64(gossip.Presence), []byte{byte(i)}) }},
	} {
		t.Run(f.name, func(t *testing.T) {
			nodetest.Run(t, 1, 3, func(w *nodetest.World) {
				s := newSiege(w, false)
				for i := range 6 {
					s.chat()
					s.enemy.Publish(f.make(s, i))
				}
				s.stands(true)
			})
		})
	}
}

// ignored is what an honest node with older news, or of a later version, might
// send.
var ignored = []fault{
	{"later version", func(s *siege, i int) []byte { return forged(s, i, 2, 0, uint64(100+i), []byte{1}) }},
	{"author unknown", func(s *siege, i int) []byte {
		stranger := newKey(s.t)
		h := fresh(s, i).Header()
		h.Author = stranger.Device()
		e, err := oplog.Sign(stranger, h, []byte{1})
		if err != nil {
			s.t.Fatal(err)
		}
		return e.Raw
	}},
	{"authority unknown", func(s *siege, i int) []byte {
		return fresh(s, i).Sign(seal.Payload{}, func(h *oplog.Header) { h.Auth[0] += byte(i + 1) }).Raw
	}},
	{"number far off", func(s *siege, i int) []byte {
		return fresh(s, i).Sign(seal.Payload{}, func(h *oplog.Header) { h.Seq, h.Prev = uint64(1000+i), wire.EntryID{1} }).Raw
	}},
	{"known", func(s *siege, i int) []byte {
		raw := s.known().Raw
		time.Sleep(3 * time.Minute) // or gossipsub itself knows it
		return raw
	}},
	{"known, with another signature", func(s *siege, i int) []byte {
		raw := bytes.Clone(s.known().Raw)
		raw[len(raw)-1-i]++
		return raw
	}},
	{"after another than the one held", func(s *siege, i int) []byte {
		s.known()
		return node.NewAttacker(s.lair, 1).Sign(seal.Payload{}, func(h *oplog.Header) { h.Seq, h.Prev = 1, wire.EntryID{byte(i + 1)} }).Raw
	}},
	{"second at one place", func(s *siege, i int) []byte {
		s.known()
		return says(node.NewAttacker(s.lair, 1), fmt.Sprint("SECOND", i)).Raw
	}},
}

// known is an entry of the enemy that both honest nodes hold, and is made once.
func (s *siege) known() *oplog.Entry {
	if s.taken == nil {
		x := node.NewAttacker(s.lair, 1)
		s.taken = says(x, "taken ")
		s.replay(s.taken.Raw)
		s.merged(x.Chain(), 1)
	}
	return s.taken
}

// TestWhatIsIgnoredIsHeldAgainstNobody sends what replication.md says to ignore,
// twenty times.
func TestWhatIsIgnoredIsHeldAgainstNobody(t *testing.T) {
	for _, f := range ignored {
		t.Run(f.name, func(t *testing.T) {
			besiege(t, func(s *siege) {
				for i := range 20 {
					s.replay(f.make(s, i))
				}
				if !s.bySync {
					s.ignored(20)
				}
				s.stands(false)
			})
		})
	}
	for _, f := range []fault{
		{"message of a later version", func(_ *siege, i int) []byte { return nodetest.Envelope(2, 0, []byte{byte(i)}) }},
		{"unknown kind of message", func(_ *siege, i int) []byte { return nodetest.Envelope(1, 9, []byte{byte(i)}) }},
	} {
		t.Run(f.name, func(t *testing.T) {
			nodetest.Run(t, 1, 3, func(w *nodetest.World) {
				s := newSiege(w, false)
				for i := range 20 {
					s.enemy.Publish(f.make(s, i))
				}
				time.Sleep(time.Second)
				s.ignored(20)
				s.stands(false)
			})
		})
	}
}

// ignored checks that gossip has judged as many messages so, at both nodes.
func (s *siege) ignored(atLeast float64) {
	s.t.Helper()
	for _, p := range s.Peers {
		if n := p.Metric("sheaf_gossip_messages_total", "ignore"); n < atLeast {
			s.t.Errorf("%v messages were ignored, want %v", n, atLeast)
		}
	}
}

// TestFloodingMemberIsSlowedAndNotBlamed spreads well-formed entries far faster
// than an author may: what is above the rate is left to sync.
func TestFloodingMemberIsSlowedAndNotBlamed(t *testing.T) {
	nodetest.Run(t, 1, 3, func(w *nodetest.World) {
		s := newSiege(w, false)
		x := node.NewAttacker(s.lair, 1)
		for range 400 {
			s.enemy.Say(gossip.Entry, x.Write(func(tx *crdt.Txn, doc *crdt.Doc) error { return doc.Map("scratch").Set(tx, "k", crdt.Number(1)) }).Raw)
		}
		time.Sleep(time.Second)
		s.chat()
		if n := s.owner.Counts(x.Chain()); n < 50 || n > 200 {
			s.t.Errorf("%d of 400 entries were taken in a second, want about 100", n)
		}
		s.stands(false)
	})
}

// TestOutsiderIsNotHeard has a stranger, who overheard the topic's name, spread
// a member's entries and junk there.
func TestOutsiderIsNotHeard(t *testing.T) {
	nodetest.Run(t, 1, 3, func(w *nodetest.World) {
		s := newSiege(w, false)
		out := w.Outsider(node.TopicOf(s.owner))
		x := node.NewAttacker(s.lair, 1)
		for i := range 10 {
			out.Say(gossip.Entry, says(x, "STOLEN").Raw)
			out.Publish(bytes.Repeat([]byte{byte(i)}, 300))
			s.chat()
		}
		out.WriteFrame(w.Peers[0], []byte{0xff, 0xff, 0xff, 0xff})
		out.WriteFrame(w.Peers[0], slices.Concat([]byte{0, 0x20, 0, 0}, make([]byte, 1<<21)))
		s.stands(false, "STOLEN")
		if n := s.owner.Counts(x.Chain()); n != 0 {
			t.Errorf("%d entries that a stranger brought were taken", n)
		}
		for _, p := range w.Peers {
			// A stranger's messages are no reason to hang up: it may be let in.
			if score, graylisted := node.ScoreOf(p.Node, out.Key.Device()); graylisted || score != -150 {
				t.Errorf("the stranger's score is %.1f, want a stranger's -150", score)
			}
		}
		for _, data := range out.Heard() {
			t.Errorf("the stranger was sent a message of %d bytes", len(data))
		}
	})
}
