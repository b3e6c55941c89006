//go:build !js

package node_test

import (
	"bytes"
	"context"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/node"
	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/replication"
	"github.com/sheafdocs/sheaf/node/seal"
	"github.com/sheafdocs/sheaf/node/wire"
)

// siege is a document of an owner and two editors, one of them hostile.
type siege struct {
	*circle
	t      *testing.T
	owner  *node.Document // and a node of its own, as the others
	honest *node.Document
	enemy  *node.Document
	page   *editor // an honest page on the owner's node
}

func newSiege(t *testing.T) *siege {
	a := start(t)
	s := &siege{t: t, owner: create(t, a, "")}
	s.circle = newCircle(t, a, s.owner)
	s.honest, s.enemy = s.join(start(t)), s.join(start(t))
	s.page = edit(t, s.owner)
	s.page.typeText("honest words. ")
	s.await("all to have the text", func() bool {
		return s.owner.Text() == "honest words. " && s.honest.Text() == "honest words. " && s.enemy.Text() == "honest words. "
	})
	return s
}

// send hands entries of the enemy to an honest node, and returns its verdict.
func (s *siege) send(to int, entries ...*oplog.Entry) error {
	s.t.Helper()
	del := replication.Delivery{Doc: s.owner.ID()}
	for _, e := range entries {
		del.Entries = append(del.Entries, e.Raw)
	}
	return s.nodes[to].Receive(context.Background(), s.nodes[2].Device(), del)
}

// sendAll hands entries to both honest nodes.
func (s *siege) sendAll(entries ...*oplog.Entry) {
	s.t.Helper()
	for _, to := range []int{0, 1} {
		if err := s.send(to, entries...); err != nil {
			s.t.Fatal(err)
		}
	}
}

// stands checks that the honest nodes go on: both write, both have all of it,
// and they show the same.
func (s *siege) stands() {
	s.t.Helper()
	write(s.t, s.owner, "owner goes on. ")
	write(s.t, s.honest, "editor goes on. ")
	s.settle()
	text := s.owner.Text()
	for _, want := range []string{"honest words. ", "owner goes on. ", "editor goes on. "} {
		if !strings.Contains(text, want) {
			s.t.Errorf("honest text %q is lost from %q", want, text)
		}
	}
}

// merged waits until an entry of the enemy has been looked at.
func (s *siege) merged(chain wire.ChainID, n uint64) {
	s.t.Helper()
	s.await("the entries to be looked at", func() bool {
		return s.owner.Applied(chain) == n && s.honest.Applied(chain) == n
	})
}

// TestMaliciousEditorForgesClientIDs writes under the client id of an honest
// page.
func TestMaliciousEditorForgesClientIDs(t *testing.T) {
	s := newSiege(t)
	x := node.NewAttacker(s.enemy, 1)
	forged := crdt.NewDoc(crdt.Config{})
	if err := forged.ApplyUpdate(s.page.doc.EncodeStateAsUpdate(nil), nil); err != nil {
		t.Fatal(err)
	}
	forged.SetClientID(s.page.session.Client())
	var update []byte
	forged.OnUpdate(func(e crdt.UpdateEvent) { update = bytes.Clone(e.Update) })
	forged.Transact(nil, func(tx *crdt.Txn) {
		if err := forged.Text("text").Insert(tx, 0, "FORGED"); err != nil {
			t.Fatal(err)
		}
	})
	// The chain's own clock is as far, so that nothing but the id is wrong.
	for range 14 {
		s.sendAll(x.Write(func(tx *crdt.Txn, doc *crdt.Doc) error { return doc.Map("scratch").Set(tx, "k", crdt.Number(1)) }))
	}
	s.merged(x.Chain(), 14)
	s.sendAll(x.Sign(seal.Payload{Deps: x.Deps(update), Body: update}, nil))
	s.merged(x.Chain(), 15)
	s.page.typeText("more by the page. ")
	s.await("the page's text", func() bool { return strings.Contains(s.honest.Text(), "more by the page. ") })
	s.stands()
	if strings.Contains(s.owner.Text(), "FORGED") {
		t.Errorf("forged text shows: %q", s.owner.Text())
	}
}

// TestMaliciousEditorLeavesOutDeps names units of others without listing the
// entries they are in, and lists entries that do not exist.
func TestMaliciousEditorLeavesOutDeps(t *testing.T) {
	s := newSiege(t)
	x := node.NewAttacker(s.enemy, 1)
	update := x.Update(func(tx *crdt.Txn, doc *crdt.Doc) error { return doc.Text("text").Insert(tx, 3, "NO DEPS") })
	s.sendAll(x.Sign(seal.Payload{Body: update}, nil))
	s.merged(x.Chain(), 1)
	y := node.NewAttacker(s.enemy, 2)
	update = y.Update(func(tx *crdt.Txn, doc *crdt.Doc) error { return doc.Text("text").Insert(tx, 3, "BAD DEPS") })
	deps := y.Deps(update)
	deps[0].Seq += 1000
	s.sendAll(y.Sign(seal.Payload{Deps: deps, Body: update}, nil))
	z := node.NewAttacker(s.enemy, 3)
	update = z.Update(func(tx *crdt.Txn, doc *crdt.Doc) error { return doc.Text("text").Insert(tx, 3, "WRONG DEPS") })
	deps = z.Deps(update)
	deps[0].ID8[0]++
	s.sendAll(z.Sign(seal.Payload{Deps: deps, Body: update}, nil))
	s.stands()
	if strings.Contains(s.owner.Text(), "DEPS") {
		t.Errorf("an update without its dependencies shows: %q", s.owner.Text())
	}
}

// TestMaliciousEditorDeletesFutureClocks aims a deletion at all that a page will
// ever type.
func TestMaliciousEditorDeletesFutureClocks(t *testing.T) {
	s := newSiege(t)
	x := node.NewAttacker(s.enemy, 1)
	update := x.Update(func(tx *crdt.Txn, doc *crdt.Doc) error { return doc.Text("text").Delete(tx, 0, 14) })
	deps := x.Deps(update)
	client := uint64(s.page.session.Client())
	future := []byte{0, 1} // no structs; one client
	future = appendVar(appendVar(future, client), 1)
	future = appendVar(appendVar(future, 14), 1<<40) // all after what it has typed
	if info, err := crdt.Inspect(future); err != nil || len(info.Deletes) != 1 {
		t.Fatal(info, err)
	}
	s.sendAll(x.Sign(seal.Payload{Deps: deps, Body: future}, nil))
	s.merged(x.Chain(), 1)
	s.page.typeText("typed later. ")
	s.await("the page's text", func() bool { return strings.Contains(s.honest.Text(), "typed later. ") })
	s.stands()
}

// appendVar appends a number as Yjs encodes it.
func appendVar(b []byte, n uint64) []byte {
	for n >= 0x80 {
		b = append(b, byte(n)|0x80)
		n >>= 7
	}
	return append(b, byte(n))
}

// TestMaliciousEditorSendsBombs sends payloads that claim or nest far more than
// their bytes, that are junk, or that are under another key.
func TestMaliciousEditorSendsBombs(t *testing.T) {
	s := newSiege(t)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	x := node.NewAttacker(s.enemy, 1)
	own := func(rest ...byte) []byte { // one struct of the attacker's client, at the root "text"
		b := appendVar([]byte{1, 1}, uint64(x.Client()))
		return append(append(b, 0), rest...)
	}
	root := []byte{1, 4, 't', 'e', 'x', 't'}
	var bombs [][]byte
	bombs = append(bombs, append(own(append([]byte{8}, root...)...), 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x7f, 0)) // values it does not hold
	nested := own(append(append([]byte{8}, root...), 1)...)
	for range 20_000 {
		nested = append(nested, 0x75, 1) // an array in an array
	}
	bombs = append(bombs, append(nested, 0x7f, 0))
	bombs = append(bombs, appendVar([]byte{0}, 1<<50))                                    // clients in the delete set
	bombs = append(bombs, append(appendVar([]byte{1}, 1<<50), 1, 0, 0))                   // structs
	bombs = append(bombs, bytes.Repeat([]byte{0xff}, 40_000), []byte{1}, nil)             // junk, cut short, empty with a count
	bombs = append(bombs, append(own(append([]byte{0}, appendVar(nil, 1<<52)...)...), 0)) // collected units without end
	n := uint64(0)
	for _, b := range bombs {
		s.sendAll(x.Sign(seal.Payload{Body: b}, func(h *oplog.Header) { h.NumOps = 1 }))
		n++
	}
	s.sendAll(x.Tamper(bytes.Repeat([]byte{7}, oplog.MaxCiphertextBytes)), x.Tamper(nil))
	n += 2
	y := node.NewAttacker(s.enemy, 2)
	lie := y.Update(func(tx *crdt.Txn, doc *crdt.Doc) error { return doc.Text("elsewhere").Insert(tx, 0, "LIE") })
	s.sendAll(y.Sign(seal.Payload{Body: lie}, func(h *oplog.Header) { h.NumOps = 4096 }))
	s.merged(y.Chain(), 1)
	s.merged(x.Chain(), n)
	if s.owner.LastClock(y.Client()) != 0 {
		t.Error("an update with another number of operations than its header says is merged")
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 48<<20 {
		t.Errorf("the heap has grown by %d MiB", grown>>20)
	}
	// Larger than an entry may be: rejected, and the sender is told of.
	big := slices.Concat(x.Tamper(nil).Raw, make([]byte, oplog.MaxEntryBytes))
	if err := s.nodes[0].Receive(context.Background(), s.nodes[2].Device(), replication.Delivery{Doc: s.owner.ID(), Entries: [][]byte{big}}); err == nil {
		t.Error("an entry beyond its limit is not rejected")
	}
	s.stands()
}

// TestMaliciousEditorWritesUnderAnUnknownEpoch: such entries wait for a key, and
// nobody waits for them.
func TestMaliciousEditorWritesUnderAnUnknownEpoch(t *testing.T) {
	s := newSiege(t)
	x := node.NewAttacker(s.enemy, 1)
	s.sendAll(x.Sign(seal.Payload{}, func(h *oplog.Header) { h.Epoch = wire.EpochID{1, 2, 3} }))
	s.stands()
	if s.owner.Applied(x.Chain()) != 0 {
		t.Error("an entry under an unknown key is merged")
	}
}

// TestMaliciousEditorReplays sends what was sent before, again and out of
// order.
func TestMaliciousEditorReplays(t *testing.T) {
	s := newSiege(t)
	x := node.NewAttacker(s.enemy, 1)
	var list []*oplog.Entry
	for range 5 {
		list = append(list, x.Write(func(tx *crdt.Txn, doc *crdt.Doc) error { return doc.Text("text").Insert(tx, 0, "x") }))
	}
	s.sendAll(list...)
	s.merged(x.Chain(), 5)
	want, err := s.owner.StateHash()
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		slices.Reverse(list)
		for _, e := range list {
			s.sendAll(e)
		}
	}
	if got, err := s.owner.StateHash(); err != nil || got != want {
		t.Errorf("replayed entries change the document: %q", s.owner.Text())
	}
	s.stands()
}

// TestMaliciousRelayZeroesSignaturesInARun: inside a run signatures are not
// needed; where one is due, a run without it is rejected whole.
func TestMaliciousRelayZeroesSignaturesInARun(t *testing.T) {
	s := newSiege(t)
	x := node.NewAttacker(s.enemy, 1)
	var list []*oplog.Entry
	for range 6 {
		e := x.Write(func(tx *crdt.Txn, doc *crdt.Doc) error { return doc.Text("text").Insert(tx, 0, "x") })
		list = append(list, e)
	}
	zero := func(e *oplog.Entry) *oplog.Entry {
		raw := bytes.Clone(e.Raw)
		clear(raw[len(raw)-64:])
		z, err := oplog.Decode(raw)
		if err != nil {
			t.Fatal(err)
		}
		return z
	}
	run := slices.Clone(list)
	for i := range run {
		run[i] = zero(run[i])
	}
	if err := s.send(0, run...); err == nil {
		t.Error("a run without a good signature is taken")
	}
	if s.owner.Applied(x.Chain()) != 0 {
		t.Error("entries without a signature are merged")
	}
	run[5] = list[5]
	s.sendAll(run...)
	s.merged(x.Chain(), 6)
	s.stands()
}

// TestRemovedMemberForksBelowItsCut: the other branch changes nothing and is
// not kept.
func TestRemovedMemberForksBelowItsCut(t *testing.T) {
	s := newSiege(t)
	x := node.NewAttacker(s.enemy, 1)
	base := x.Write(func(tx *crdt.Txn, doc *crdt.Doc) error { return doc.Text("text").Insert(tx, 0, "base ") })
	var forks []*oplog.Entry
	for i := range 8 {
		f := x.Fork()
		forks = append(forks, f.Write(func(tx *crdt.Txn, doc *crdt.Doc) error {
			return doc.Text("text").Insert(tx, 0, "fork "+string(rune('a'+i)))
		}))
	}
	slices.SortFunc(forks, func(a, b *oplog.Entry) int { return bytes.Compare(b.ID[:], a.ID[:]) }) // the best last
	s.sendAll(base, forks[0])
	s.merged(x.Chain(), 2)
	if err := node.RevokeDevice(s.owner, s.nodes[2].Device(), 0); err != nil {
		t.Fatal(err)
	}
	s.settle()
	want := s.owner.Text()
	for _, f := range forks[1:] {
		s.sendAll(f)
	}
	if s.owner.Forks()+s.honest.Forks() != 0 {
		t.Error("a branch that leaves below the cut is kept")
	}
	s.settle()
	if s.owner.Text() != want {
		t.Errorf("text %q became %q", want, s.owner.Text())
	}
}

// TestMaliciousEditorReleasesForksOneByOne: honest authors build on different
// branches of a hostile chain, each before better ones come out. They end up
// the same, and no honest text is lost.
func TestMaliciousEditorReleasesForksOneByOne(t *testing.T) {
	s := newSiege(t)
	x := node.NewAttacker(s.enemy, 1)
	base := x.Write(func(tx *crdt.Txn, doc *crdt.Doc) error { return doc.Text("text").Insert(tx, 0, "base ") })
	var forks []*oplog.Entry
	for i := range 10 {
		f := x.Fork()
		forks = append(forks, f.Write(func(tx *crdt.Txn, doc *crdt.Doc) error {
			return doc.Text("text").Insert(tx, 0, "FORK"+string(rune('a'+i))+" ")
		}))
	}
	slices.SortFunc(forks, func(a, b *oplog.Entry) int { return bytes.Compare(b.ID[:], a.ID[:]) }) // the best last
	s.sendAll(base)
	s.merged(x.Chain(), 1)
	for i := range s.nodes {
		offline(t, s.nodes[i], true)
	}
	for _, one := range []struct {
		to   int
		doc  *node.Document
		fork *oplog.Entry
		text string
	}{{0, s.owner, forks[0], "(owner)"}, {1, s.honest, forks[1], "(editor)"}} {
		if err := s.send(one.to, one.fork); err != nil {
			t.Fatal(err)
		}
		await(t, "the branch to show", func() bool { return strings.Contains(one.doc.Text(), "FORK") })
		insert(t, one.doc, 5, one.text) // right inside what the branch brought
		node.SealNow(one.doc)
	}
	for i := range s.nodes {
		offline(t, s.nodes[i], false)
	}
	for _, f := range forks[2:] {
		s.sendAll(f)
	}
	s.await("all honest text to show everywhere", func() bool {
		for _, d := range []*node.Document{s.owner, s.honest} {
			if !strings.Contains(d.Text(), "(owner)") || !strings.Contains(d.Text(), "(editor)") {
				return false
			}
		}
		return true
	})
	s.stands()
}
