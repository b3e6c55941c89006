package replication_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/replication"
	"github.com/sheafdocs/sheaf/node/replication/replicationtest"
	"github.com/sheafdocs/sheaf/node/wire"
)

func TestEqualReplicasSayLittle(t *testing.T) {
	a, b, doc := shared(1)
	r := newRand(1)
	a.Get(doc).Write(r, 0, 50, 100)
	a.Get(doc).Copy(b)
	p := connect(a, b, 1)
	frames := p.run(t, nil)
	p.check(t)
	if frames != 4 {
		t.Errorf("%d frames, want the two HELLOs of each end: %v %v", frames, p.a.frames, p.b.frames)
	}
	if !p.a.equal[doc] || !p.b.equal[doc] {
		t.Error("the ends do not know that they are equal")
	}
}

func TestMissingEntriesArrive(t *testing.T) {
	for name, tc := range map[string]struct{ onA, onB int }{
		"opener has more": {300, 0}, "accepter has more": {0, 300}, "both have more": {200, 100},
	} {
		t.Run(name, func(t *testing.T) {
			a, b, doc := shared(1)
			r := newRand(1)
			a.Get(doc).Write(r, 0, tc.onA, 100)
			b.Get(doc).Write(r, 0, tc.onB, 100)
			p := connect(a, b, 1)
			p.run(t, nil)
			p.check(t)
			if diff := replicationtest.Same(doc, a, b); diff != "" {
				t.Fatal(diff)
			}
			if got := b.Get(doc).Len(); got != tc.onA+tc.onB {
				t.Errorf("%d entries, want %d", got, tc.onA+tc.onB)
			}
			if again := connect(a, b, 2).run(t, nil); again != 4 {
				t.Errorf("a second session took %d frames", again)
			}
		})
	}
}

// Records of a document go access log first, then keys, then entries: nothing
// arrives that cannot be judged yet.
func TestOrderWithinDocument(t *testing.T) {
	a, b, doc := shared(1)
	r := newRand(1)
	d := a.Get(doc)
	d.Admit(d.Invite(9), replicationtest.Key(3), replicationtest.Key(4))
	d.WrapFor(b.Key)
	d.Write(r, 0, 100, 3000)
	p := connect(a, b, 1)
	stage := 0
	for p.a.send(p.b) || p.b.send(p.a) || len(p.a.inbox) > 0 || len(p.b.inbox) > 0 {
		if len(p.a.inbox) > 0 {
			p.a.receive()
		}
		if len(p.b.inbox) == 0 {
			continue
		}
		frame := p.b.inbox[0]
		effects, err := p.b.session.Receive(frame)
		p.b.inbox = p.b.inbox[1:]
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range effects {
			del, ok := e.(replication.Deliver)
			if !ok {
				continue
			}
			for i, n := range []int{len(del.Ops), len(del.Wraps), len(del.Entries)} {
				if n > 0 && i < stage {
					t.Fatalf("records of stage %d after stage %d", i, stage)
				} else if n > 0 {
					stage = i
				}
			}
			if err := b.Receive(del.Delivery); err != nil {
				t.Fatal(err)
			}
		}
	}
	if stage != 2 {
		t.Fatalf("stage %d was the last", stage)
	}
	if diff := replicationtest.Same(doc, a, b); diff != "" {
		t.Fatal(diff)
	}
	if b.Get(doc).WrapCount() != 1 {
		t.Errorf("%d wraps arrived, want 1", b.Get(doc).WrapCount())
	}
}

func TestJoinByInvite(t *testing.T) {
	a, b := replicationtest.New(replicationtest.Key(1)), replicationtest.New(replicationtest.Key(2))
	d := a.Create(1)
	d.Write(newRand(1), 0, 30, 200)
	link := d.Invite(7)
	joined := b.Await(link)
	p := connect(a, b, 1)
	a.Changed = func(doc wire.DocID) { p.a.session.Changed(doc) }
	b.Joining = func(doc wire.DocID, req []byte) { p.b.session.Request(doc, req) }
	p.b.session.Join(link.Doc, prover(t, link, b.Key.Device()))
	p.run(t, nil)
	p.check(t)
	if len(p.b.joined) == 0 || p.b.joined[0] != nil {
		t.Fatalf("outcomes of the join: %v", p.b.joined)
	}
	if !joined.Member() {
		t.Fatal("the bearer of the link was not let in")
	}
	if diff := replicationtest.Same(link.Doc, a, b); diff != "" {
		t.Fatal(diff)
	}
	if joined.Len() != 30 || joined.WrapCount() == 0 {
		t.Errorf("%d entries and %d wraps arrived", joined.Len(), joined.WrapCount())
	}
	// From now on it is a member like any other.
	joined.Write(newRand(2), 0, 10, 50)
	p.b.session.Changed(link.Doc)
	p.run(t, nil)
	p.check(t)
	if diff := replicationtest.Same(link.Doc, a, b); diff != "" {
		t.Fatal(diff)
	}
}

// Someone who proves nothing gets the same answer for a document that exists
// and for one that does not.
func TestOutsiderLearnsNothing(t *testing.T) {
	a, b := replicationtest.New(replicationtest.Key(1)), replicationtest.New(replicationtest.Key(2))
	d := a.Create(1)
	link := d.Invite(7)
	wrong := link
	wrong.Secret[0]++
	unknown := wrong
	unknown.Doc[0]++
	type answer struct {
		frames string
		err    error
	}
	ask := func(doc wire.DocID, prove replication.Prover) answer {
		p := connect(a, b, 1)
		p.b.session.Join(doc, prove)
		p.run(t, nil)
		p.check(t)
		if len(p.b.joined) != 1 {
			t.Fatalf("outcomes: %v", p.b.joined)
		}
		return answer{strings.Join(p.a.frames, " "), p.b.joined[0]}
	}
	known := ask(wrong.Doc, prover(t, wrong, b.Key.Device()))
	other := ask(unknown.Doc, prover(t, unknown, b.Key.Device()))
	stolen := ask(link.Doc, prover(t, link, replicationtest.Key(3).Device())) // a proof made for another device
	if known.frames != other.frames || known.frames != stolen.frames {
		t.Errorf("answers differ: %q, %q, %q", known.frames, other.frames, stolen.frames)
	}
	for _, a := range []answer{known, other, stolen} {
		if !errors.Is(a.err, replication.ErrRefused) {
			t.Errorf("outcome %v, want ErrRefused", a.err)
		}
	}
	if strings.Contains(known.frames, "DATA") || strings.Count(known.frames, "HELLO") != 1 {
		t.Errorf("an outsider was sent %q", known.frames)
	}
}

// A key made for a peer reaches it without being asked for.
func TestNewWrapIsPushed(t *testing.T) {
	a, b, doc := shared(1)
	p := connect(a, b, 1)
	p.run(t, nil)
	a.Get(doc).WrapFor(b.Key)
	p.a.session.Changed(doc)
	p.a.session.Changed(doc)
	p.run(t, nil)
	p.check(t)
	if got := b.Get(doc).WrapCount(); got != 1 {
		t.Errorf("%d wraps arrived, want 1", got)
	}
}

func TestGapIsFilled(t *testing.T) {
	a, b, doc := shared(1)
	p := connect(a, b, 1)
	p.run(t, nil)
	entries := a.Get(doc).Write(newRand(1), 0, 20, 100)
	chain := entries[0].Chain()
	if !p.b.session.Want(doc, chain) {
		t.Fatal("the document is not shared")
	}
	p.run(t, nil)
	p.check(t)
	if got := b.Get(doc).Len(); got != 20 {
		t.Fatalf("%d entries after asking for one chain, want 20", got)
	}
	if slices.Contains(p.b.frames[2:], "STATE") {
		t.Errorf("a whole state was sent for one chain: %v", p.b.frames)
	}
	a.Get(doc).Write(newRand(2), 1, 5, 100)
	p.b.session.Want(doc)
	p.run(t, nil)
	if diff := replicationtest.Same(doc, a, b); diff != "" {
		t.Fatal(diff)
	}
}

// Check finds what nobody was told of.
func TestCheckFindsWhatWasLost(t *testing.T) {
	a, b, doc := shared(1)
	p := connect(a, b, 1)
	p.run(t, nil)
	a.Get(doc).Write(newRand(1), 0, 5, 100)
	b.Get(doc).Write(newRand(2), 0, 5, 100)
	p.a.session.Check()
	p.run(t, nil)
	p.check(t)
	if diff := replicationtest.Same(doc, a, b); diff != "" {
		t.Fatal(diff)
	}
}

func TestNewDocumentIsOffered(t *testing.T) {
	a, b, _ := shared(1)
	p := connect(a, b, 1)
	p.run(t, nil)
	doc := share(a, b, 2)
	a.Get(doc).Write(newRand(1), 0, 5, 100)
	p.b.session.Changed(doc)
	p.a.session.Changed(doc)
	p.run(t, nil)
	p.check(t)
	if diff := replicationtest.Same(doc, a, b); diff != "" {
		t.Fatal(diff)
	}
}

func TestForkedChainsConverge(t *testing.T) {
	a, b, doc := shared(1)
	r := newRand(1)
	d := a.Get(doc)
	d.Write(r, 0, 10, 40)
	d.Copy(b)
	d.Write(r, 0, 3, 40)
	// b has met another entry 10 of the same chain, and built nothing on it.
	fork := d.Fork(r, 0, 10)
	if err := b.Receive(replication.Delivery{Doc: doc, Entries: [][]byte{fork.Raw}}); err != nil {
		t.Fatal(err)
	}
	p := connect(a, b, 1)
	for round := range 4 {
		p.run(t, nil)
		p.check(t)
		if replicationtest.Same(doc, a, b) == "" {
			t.Logf("equal after %d rounds", round+1)
			return
		}
		p.a.session.Check()
		p.b.session.Check()
	}
	t.Fatal(replicationtest.Same(doc, a, b))
}

// A large document travels in bounded frames, and no more than one is made
// before the peer has taken the last.
// TestLineThatMovesWhileItIsAskedForArrives: entries cease to count while the
// answer that was to bring them is made, so that they are offered under another
// id, which no digest tells of. They go out all the same, with the answer.
func TestLineThatMovesWhileItIsAskedForArrives(t *testing.T) {
	for _, limit := range []uint64{0, 4} {
		a, b, doc := shared(1)
		d := a.Get(doc)
		d.Write(newRand(1), 0, 10, 100)
		p := connect(a, b, 1)
		for !slices.Contains(p.b.frames, "STATE") || len(p.a.inbox) > 0 {
			for len(p.a.inbox) > 0 {
				p.a.receive()
			}
			if slices.Contains(p.b.frames, "STATE") {
				break
			}
			p.a.send(p.b)
			for len(p.b.inbox) > 0 {
				p.b.receive()
			}
			p.b.send(p.a)
		}
		d.Bound(limit)
		p.run(t, nil)
		p.check(t)
		if got := b.Get(doc).Len(); got != 10 {
			t.Errorf("limit %d: %d entries arrived, want 10", limit, got)
		}
	}
}

func TestLargeDocumentInSmallFrames(t *testing.T) {
	a, b, doc := shared(1)
	r := newRand(1)
	for inc := range uint32(3) {
		a.Get(doc).Write(r, inc, 400, 6000)
	}
	p := connect(a, b, 1)
	p.run(t, nil)
	p.check(t)
	if diff := replicationtest.Same(doc, a, b); diff != "" {
		t.Fatal(diff)
	}
	if p.a.longest > 256<<10 {
		t.Errorf("a frame of %d bytes", p.a.longest)
	}
	if p.a.sent > 1200*6400 {
		t.Errorf("%d bytes sent for %d", p.a.sent, 1200*6200)
	}
}

// Chains that were written side by side travel side by side.
func TestChainsTravelTogether(t *testing.T) {
	a, b, doc := shared(1)
	r := newRand(1)
	const chains, each = 4, 200
	for inc := range uint32(chains) {
		a.Get(doc).Write(r, inc, each, 1000)
	}
	p := connect(a, b, 1)
	worst := 0
	for p.a.send(p.b) || p.b.send(p.a) || len(p.b.inbox) > 0 || len(p.a.inbox) > 0 {
		for _, e := range []*end{p.a, p.b} {
			if len(e.inbox) > 0 {
				e.receive()
			}
		}
		lo, hi := each, 0
		vector := b.Get(doc).Summary().Vector
		if len(vector) == 0 {
			continue
		}
		for line := range a.Get(doc).Summary().Vector {
			n := 0
			if p, ok := vector[line]; ok {
				n = int(p.Seq) + 1
			}
			lo, hi = min(lo, n), max(hi, n)
		}
		worst = max(worst, hi-lo)
	}
	if diff := replicationtest.Same(doc, a, b); diff != "" {
		t.Fatal(diff)
	}
	if worst > each/2 {
		t.Errorf("one chain was %d entries ahead of another", worst)
	}
}

func TestManyDocuments(t *testing.T) {
	a, b := replicationtest.New(replicationtest.Key(1)), replicationtest.New(replicationtest.Key(2))
	r := newRand(1)
	var docs []wire.DocID
	for i := range uint64(400) {
		docs = append(docs, share(a, b, i))
	}
	changed := docs[123]
	a.Get(changed).Write(r, 0, 3, 50)
	p := connect(a, b, 1)
	p.run(t, nil)
	p.check(t)
	if diff := replicationtest.Same(changed, a, b); diff != "" {
		t.Fatal(diff)
	}
	if per := p.a.sent / len(docs); per > 48 {
		t.Errorf("%d bytes for each document", per)
	}
	if n := len(p.a.frames); n > 8 {
		t.Errorf("%d frames: %v", n, p.a.frames)
	}
}

// Receipts given before the peer has listed the document are not lost.
func TestEarlyReceiptsWait(t *testing.T) {
	a, b, doc := shared(1)
	e := a.Get(doc).Write(newRand(1), 0, 1, 20)[0]
	p := connect(a, b, 1)
	p.a.send(p.b)
	p.b.send(p.a)
	p.a.receive() // a HELLO without documents
	r, err := oplog.SignReceipt(a.Key, oplog.Receipt{Doc: doc.Short(), Chain: e.Chain(), Seq: e.Seq, Entry: e.ID})
	if err != nil {
		t.Fatal(err)
	}
	p.a.session.AddReceipts(doc, []oplog.Receipt{r})
	p.run(t, nil)
	p.check(t)
	if len(p.b.receipts) != 1 || p.b.receipts[0].Sig != r.Sig {
		t.Errorf("receipts that arrived: %v", p.b.receipts)
	}
}

// A peer that never answers is asked again after a while.
func TestUnansweredQuestionIsAskedAgain(t *testing.T) {
	a, b, doc := shared(1)
	p := connect(a, b, 1)
	p.run(t, nil)
	a.Get(doc).Write(newRand(1), 0, 3, 20)
	p.a.session.Check()
	for p.a.send(p.b) {
		p.b.receive()
	}
	for p.b.send(p.a) { // the STATE gets lost
	}
	p.a.inbox = nil
	for range 5 {
		p.b.session.Check()
		p.run(t, nil)
	}
	p.check(t)
	if diff := replicationtest.Same(doc, a, b); diff != "" {
		t.Error(diff)
	}
}
