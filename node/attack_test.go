//go:build !js

package node_test

import (
	"bytes"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/node"
	"github.com/sheafdocs/sheaf/node/nodetest"
	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/seal"
	"github.com/sheafdocs/sheaf/node/wire"
)

// The attacks of this file are well formed and signed by a member: only who
// holds the key sees what is wrong with them, so gossip passes them on, and
// nothing is held against who sent them.

// TestMaliciousEditorForgesClientIDs writes under the client id of an honest
// page.
func TestMaliciousEditorForgesClientIDs(t *testing.T) {
	besiege(t, func(s *siege) {
		x := node.NewAttacker(s.lair, 1)
		forged := crdt.NewDoc(crdt.Config{})
		if err := forged.ApplyUpdate(s.page.doc.EncodeStateAsUpdate(nil), nil); err != nil {
			s.t.Fatal(err)
		}
		forged.SetClientID(s.page.session.Client())
		var update []byte
		forged.OnUpdate(func(e crdt.UpdateEvent) { update = bytes.Clone(e.Update) })
		var err error
		forged.Transact(nil, func(tx *crdt.Txn) { err = forged.Text("text").Insert(tx, 0, "FORGED") })
		if err != nil {
			s.t.Fatal(err)
		}
		// The chain's own clock is as far, so that nothing but the id is wrong.
		var list []*oplog.Entry
		for range 14 {
			list = append(list, x.Write(func(tx *crdt.Txn, doc *crdt.Doc) error { return doc.Map("scratch").Set(tx, "k", crdt.Number(1)) }))
		}
		s.send(append(list, x.Sign(seal.Payload{Deps: x.Deps(update), Body: update}, nil))...)
		s.merged(x.Chain(), 15)
		if n := s.owner.LastClock(x.Client()); n != 14 {
			s.t.Errorf("the chain's own clock is %d, want 14", n)
		}
		s.pageGoesOn()
		s.stands(false, "FORGED")
	})
}

// TestMaliciousEditorLeavesOutDeps names units of others without listing the
// entries they are in, and lists entries that do not exist.
func TestMaliciousEditorLeavesOutDeps(t *testing.T) {
	besiege(t, func(s *siege) {
		insert := func(x *node.Attacker, text string) []byte {
			return x.Update(func(tx *crdt.Txn, doc *crdt.Doc) error { return doc.Text("text").Insert(tx, 3, text) })
		}
		x := node.NewAttacker(s.lair, 1)
		s.send(x.Sign(seal.Payload{Body: insert(x, "NO DEPS")}, nil))
		s.merged(x.Chain(), 1)
		y := node.NewAttacker(s.lair, 2)
		update := insert(y, "BAD DEPS")
		deps := y.Deps(update)
		deps[0].Seq += 1000
		s.send(y.Sign(seal.Payload{Deps: deps, Body: update}, nil))
		z := node.NewAttacker(s.lair, 3)
		update = insert(z, "WRONG DEPS")
		deps = z.Deps(update)
		deps[0].ID8[0]++
		s.send(z.Sign(seal.Payload{Deps: deps, Body: update}, nil))
		s.stands(false, "DEPS")
		if n := s.owner.Applied(y.Chain()) + s.honest.Applied(z.Chain()); n != 0 {
			s.t.Errorf("%d entries are decided that depend on what does not exist", n)
		}
	})
}

// TestMaliciousEditorDeletesFutureClocks aims a deletion at all that a page will
// ever type.
func TestMaliciousEditorDeletesFutureClocks(t *testing.T) {
	besiege(t, func(s *siege) {
		x := node.NewAttacker(s.lair, 1)
		update := x.Update(func(tx *crdt.Txn, doc *crdt.Doc) error { return doc.Text("text").Delete(tx, 0, 14) })
		deps := x.Deps(update)
		future := []byte{0, 1} // no structs; one client
		future = appendVar(appendVar(future, uint64(s.page.session.Client())), 1)
		future = appendVar(appendVar(future, 14), 1<<40) // all after what it has typed
		if info, err := crdt.Inspect(future); err != nil || len(info.Deletes) != 1 {
			s.t.Fatal(info, err)
		}
		s.send(x.Sign(seal.Payload{Deps: deps, Body: future}, nil))
		s.merged(x.Chain(), 1)
		s.pageGoesOn()
		s.stands(false)
	})
}

// appendVar appends a number as Yjs encodes it.
func appendVar(b []byte, n uint64) []byte {
	for n >= 0x80 {
		b = append(b, byte(n)|0x80)
		n >>= 7
	}
	return append(b, byte(n))
}

// bombs are updates of a client that claim or nest far more than their bytes, or
// that are junk.
func bombs(client crdt.ClientID) [][]byte {
	own := func(rest ...byte) []byte { // one struct of the attacker's client, at the root "text"
		b := appendVar([]byte{1, 1}, uint64(client))
		return append(append(b, 0), rest...)
	}
	root := []byte{8, 1, 4, 't', 'e', 'x', 't'}
	nested := own(append(root, 1)...)
	for range 20_000 {
		nested = append(nested, 0x75, 1) // an array in an array
	}
	return [][]byte{
		append(own(root...), 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x7f, 0), // values it does not hold
		append(nested, 0x7f, 0),
		appendVar([]byte{0}, 1<<50),                  // clients in the delete set
		append(appendVar([]byte{1}, 1<<50), 1, 0, 0), // structs
		bytes.Repeat([]byte{0xff}, 40_000),           // junk
		{1},                                          // cut short
		nil,                                          // empty with a count
		append(own(append([]byte{0}, appendVar(nil, 1<<52)...)...), 0), // collected units without end
	}
}

// TestMaliciousEditorSendsBombs sends payloads that claim or nest far more than
// their bytes, that are junk, or that are under another key.
func TestMaliciousEditorSendsBombs(t *testing.T) {
	besiege(t, func(s *siege) {
		before := heap()
		x := node.NewAttacker(s.lair, 1)
		var list []*oplog.Entry
		for _, b := range bombs(x.Client()) {
			list = append(list, x.Sign(seal.Payload{Body: b}, func(h *oplog.Header) { h.NumOps = 1 }))
		}
		list = append(list, x.Tamper(bytes.Repeat([]byte{7}, oplog.MaxCiphertextBytes)), x.Tamper(nil))
		s.send(list...)
		y := node.NewAttacker(s.lair, 2)
		lie := y.Update(func(tx *crdt.Txn, doc *crdt.Doc) error { return doc.Text("elsewhere").Insert(tx, 0, "LIE") })
		s.send(y.Sign(seal.Payload{Body: lie}, func(h *oplog.Header) { h.NumOps = 4096 }))
		s.merged(y.Chain(), 1)
		s.merged(x.Chain(), uint64(len(list)))
		if s.owner.LastClock(y.Client()) != 0 {
			s.t.Error("an update with another number of operations than its header says is merged")
		}
		if grown := heap() - before; grown > 48<<20 {
			s.t.Errorf("the heap has grown by %d MiB", grown>>20)
		}
		s.stands(false)
	})
}

// heap is how many bytes of memory are in use.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestMaliciousEditorWritesUnderAnUnknownEpoch: such entries wait for a key, and
// nobody waits for them.
func TestMaliciousEditorWritesUnderAnUnknownEpoch(t *testing.T) {
	besiege(t, func(s *siege) {
		x := node.NewAttacker(s.lair, 1)
		s.send(x.Sign(seal.Payload{}, func(h *oplog.Header) { h.Epoch = wire.EpochID{1, 2, 3} }))
		s.stands(false)
		for _, d := range []*node.Document{s.owner, s.honest} {
			if d.Applied(x.Chain()) != 0 {
				s.t.Error("an entry under an unknown key is merged")
			}
		}
	})
}

// TestMaliciousEditorReplays sends what was sent before again and out of order,
// also after gossipsub has forgotten that it was: its own entries, those of
// others, and what else it heard in the topic.
func TestMaliciousEditorReplays(t *testing.T) {
	besiege(t, func(s *siege) {
		x := node.NewAttacker(s.lair, 1)
		var list []*oplog.Entry
		for range 5 {
			list = append(list, x.Write(func(tx *crdt.Txn, doc *crdt.Doc) error { return doc.Text("text").Insert(tx, 0, "x") }))
		}
		s.send(list...)
		s.merged(x.Chain(), 5)
		s.CheckEqual(s.id)
		want, err := s.owner.StateHash()
		if err != nil {
			s.t.Fatal(err)
		}
		verified := s.Peers[0].Stats().EntriesVerified
		heard := s.enemy.Heard()
		if len(heard) == 0 {
			s.t.Fatal("the enemy heard nothing to send again")
		}
		time.Sleep(5 * time.Minute) // gossipsub knows the messages no more
		for range 3 {
			slices.Reverse(list)
			for _, e := range list {
				s.replay(e.Raw)
			}
			if !s.bySync {
				for _, data := range heard {
					s.enemy.Publish(data)
				}
			}
			time.Sleep(5 * time.Minute)
		}
		if !s.bySync {
			s.ignored(float64(3 * (len(list) + len(heard))))
		}
		if got, err := s.owner.StateHash(); err != nil || got != want {
			s.t.Errorf("replayed entries change the document: %q", s.owner.Text())
		}
		if n := s.Peers[0].Stats().EntriesVerified - verified; n != 0 {
			s.t.Errorf("%d replayed entries were taken as new", n)
		}
		s.stands(false)
	})
}

// TestMaliciousRelayZeroesSignaturesInARun: inside a run signatures are not
// needed; where one is due, a run without it is rejected whole. Gossip takes no
// entry without one, and listens no more to who sends such.
func TestMaliciousRelayZeroesSignaturesInARun(t *testing.T) {
	besiege(t, func(s *siege) {
		x := node.NewAttacker(s.lair, 1)
		next := func() (signed, zeroed []byte) {
			e := x.Write(func(tx *crdt.Txn, doc *crdt.Doc) error { return doc.Text("text").Insert(tx, 0, "ZERO") })
			zero := bytes.Clone(e.Raw)
			clear(zero[len(zero)-len(wire.Signature{}):])
			return e.Raw, zero
		}
		var last []byte
		var run [][]byte
		for i := range 6 {
			if !s.bySync { // alone, each the first of its chain: nothing is missing before it
				x = node.NewAttacker(s.lair, uint32(i))
			}
			signed, zeroed := next()
			last, run = signed, append(run, zeroed)
		}
		s.sendRaw(run...)
		time.Sleep(10 * time.Second)
		if n := s.owner.Applied(x.Chain()) + s.honest.Applied(x.Chain()); n != 0 {
			s.t.Errorf("%d entries without a signature are merged", n)
		}
		s.stands(!s.bySync, "ZERO")
		if s.bySync {
			run[5] = last
			s.sendRaw(run...)
			s.merged(x.Chain(), 6)
			s.stands(false)
		}
	})
}

// TestRemovedMemberForksBelowItsCut: the other branch changes nothing and is
// not kept, also if a member that is still trusted passes it on.
func TestRemovedMemberForksBelowItsCut(t *testing.T) {
	besiege(t, func(s *siege) {
		x := node.NewAttacker(s.lair, 1)
		base := x.Write(func(tx *crdt.Txn, doc *crdt.Doc) error { return doc.Text("text").Insert(tx, 0, "base ") })
		forks := branches(x, 8)
		accomplice := s.accomplice()
		s.send(base, forks[0])
		s.merged(x.Chain(), 2)
		if err := node.RevokeDevice(s.owner, s.enemy.Key.Device(), 0); err != nil {
			s.t.Fatal(err)
		}
		s.CheckEqual(s.id)
		shown := branchText.FindString(s.owner.Text())
		if shown == "" {
			s.t.Fatalf("the branch of before the cut does not show: %q", s.owner.Text())
		}
		removed := s.enemy
		for _, h := range []*nodetest.Hostile{removed, accomplice} {
			h.Connect()
			s.enemy = h
			s.send(forks[1:]...)
		}
		if n := s.owner.Forks() + s.honest.Forks(); n != 0 {
			s.t.Errorf("%d branches that leave below the cut are kept", n)
		}
		if text := s.owner.Text(); !strings.Contains(text, shown) {
			s.t.Errorf("%q is lost from %q", shown, text)
		}
		s.stands(false)
		score, graylisted := node.ScoreOf(s.Peers[0].Node, removed.Key.Device())
		if graylisted || score >= 0 {
			s.t.Errorf("the removed device has a score of %.1f; a stranger's is wanted", score)
		}
	})
}

var branchText = regexp.MustCompile(`BRANCH. base `)

// branches are entries for one place in the attacker's chain, the one that has
// most to say (the lowest id) last.
func branches(x *node.Attacker, n int) []*oplog.Entry {
	var forks []*oplog.Entry
	for i := range n {
		f := x.Fork()
		forks = append(forks, f.Write(func(tx *crdt.Txn, doc *crdt.Doc) error {
			return doc.Text("text").Insert(tx, 0, "BRANCH"+string(rune('a'+i))+" ")
		}))
	}
	slices.SortFunc(forks, func(a, b *oplog.Entry) int { return bytes.Compare(b.ID[:], a.ID[:]) })
	return forks
}

// TestMaliciousEditorReleasesForksOneByOne: honest authors build on different
// branches of a hostile chain, each before better ones come out. They end up
// the same, and no honest text is lost.
func TestMaliciousEditorReleasesForksOneByOne(t *testing.T) {
	besiege(t, func(s *siege) {
		x := node.NewAttacker(s.lair, 1)
		base := x.Write(func(tx *crdt.Txn, doc *crdt.Doc) error { return doc.Text("text").Insert(tx, 0, "base ") })
		forks := branches(x, 10)
		s.send(base)
		s.merged(x.Chain(), 1)
		offline(s.t, s.Peers[1].Node, true)
		s.buildOn(s.owner, forks[0], "(owner)")
		offline(s.t, s.Peers[0].Node, true)
		offline(s.t, s.Peers[1].Node, false)
		s.buildOn(s.honest, forks[1], "(editor)")
		offline(s.t, s.Peers[0].Node, false)
		s.enemy.Connect()
		s.send(forks[2:]...)
		s.writeInto(s.owner, "(owner)", "(own+er)")
		s.writeInto(s.honest, "(editor)", "(edi+tor)")
		s.Await("all honest text to show everywhere", 3*time.Minute, func() bool {
			for _, d := range []*node.Document{s.owner, s.honest} {
				if !strings.Contains(d.Text(), "(own+er)") || !strings.Contains(d.Text(), "(edi+tor)") {
					return false
				}
			}
			return true
		})
		s.stands(false)
	})
}

// writeInto puts a plus into a word that the node's user wrote on a branch that
// counts no more, while the node waits with putting the document together anew.
func (s *siege) writeInto(d *node.Document, word, with string) {
	s.t.Helper()
	at := strings.Index(d.Text(), word)
	if at < 0 {
		s.t.Fatalf("%q is not in %q", word, d.Text())
	}
	insert(s.t, d, at+strings.Index(with, "+"), "+")
}

// buildOn sends a branch to the one node that is online, whose user then writes
// into it.
func (s *siege) buildOn(d *node.Document, fork *oplog.Entry, text string) {
	s.t.Helper()
	s.enemy.Connect()
	s.send(fork)
	s.Await("the branch to show", time.Minute, func() bool { return strings.Contains(d.Text(), "BRANCH") })
	insert(s.t, d, 5, text) // right inside what the branch brought
	node.SealNow(d)
}
