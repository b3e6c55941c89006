package replication_test

import (
	"flag"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/sheafdocs/sheaf/node/replication"
	"github.com/sheafdocs/sheaf/node/replication/replicationtest"
	"github.com/sheafdocs/sheaf/node/wire"
)

var (
	seedFlag  = flag.Uint64("seed", 0, "replay one random test with this seed")
	seedsFlag = flag.Int("seeds", 40, "how many random tests to run")
)

// forSeeds runs a random test for each seed, and names the seed.
func forSeeds(t *testing.T, f func(t *testing.T, r *rand.Rand)) {
	t.Helper()
	first, n := uint64(1), *seedsFlag
	if *seedFlag != 0 {
		first, n = *seedFlag, 1
	}
	for seed := first; seed < first+uint64(n) && !t.Failed(); seed++ {
		f(t, newRand(seed))
		if t.Failed() {
			t.Logf("seed %d; replay with: go test -run '%s' -seed %d", seed, t.Name(), seed)
		}
	}
}

// random makes replicas that hold different parts of a few documents.
func random(r *rand.Rand) (replicas []*replicationtest.Replica, docs []wire.DocID) {
	for i := range 2 + r.IntN(3) {
		replicas = append(replicas, replicationtest.New(replicationtest.Key(i+1)))
	}
	for i := range 1 + r.IntN(3) {
		d := replicas[0].Create(r.Uint64N(1 << 16))
		link := d.Invite(byte(i))
		for _, other := range replicas[1:] {
			d.Admit(link, other.Key)
		}
		for _, other := range replicas[1:] {
			d.Copy(other)
		}
		docs = append(docs, d.ID())
	}
	return replicas, docs
}

// scribble lets random replicas write, and now and then learn something from
// one another, add to the access log, or sign a fork.
func scribble(r *rand.Rand, replicas []*replicationtest.Replica, docs []wire.DocID) {
	for range 10 + r.IntN(20) {
		a := replicas[r.IntN(len(replicas))]
		d := a.Get(docs[r.IntN(len(docs))])
		switch r.IntN(12) {
		case 0:
			d.WrapFor(replicas[r.IntN(len(replicas))].Key)
		case 1:
			b := replicas[r.IntN(len(replicas))]
			for line := range d.Summary().Vector {
				run, err := d.Entries(line, 0, 1<<r.IntN(16))
				if err != nil {
					panic(err)
				}
				_ = b.Receive(replication.Delivery{Doc: d.ID(), Entries: run})
			}
		case 2:
			if a == replicas[0] {
				d.Invite(byte(r.Uint32()))
			}
		case 3:
			written := d.Write(r, uint32(r.IntN(3)), 1+r.IntN(3), 20)
			e := d.Fork(r, written[0].Inc, written[0].Seq)
			_ = replicas[r.IntN(len(replicas))].Receive(replication.Delivery{Doc: d.ID(), Entries: [][]byte{e.Raw}})
		default:
			d.Write(r, uint32(r.IntN(3)), 1+r.IntN(10), 1<<r.IntN(12))
		}
	}
}

// settle lets pairs of replicas talk until all are equal.
func settle(t *testing.T, r *rand.Rand, replicas []*replicationtest.Replica, docs []wire.DocID) {
	t.Helper()
	const rounds = 8
	var diff string
	for round := range rounds {
		diff = ""
		for _, i := range r.Perm(len(replicas)) {
			for _, j := range r.Perm(len(replicas)) {
				if i == j {
					continue
				}
				p := connect(replicas[i], replicas[j], byte(round))
				p.run(t, r)
				p.check(t)
				p.a.session.Check()
				p.b.session.Check()
				p.run(t, r)
				p.check(t)
			}
		}
		for _, other := range replicas[1:] {
			for _, doc := range docs {
				if d := replicationtest.Same(doc, replicas[0], other); d != "" {
					diff = d
				}
			}
		}
		if diff == "" {
			return
		}
	}
	t.Errorf("not equal after %d rounds: %s", rounds, diff)
}

func TestF02RandomReplicasConverge(t *testing.T) {
	forSeeds(t, func(t *testing.T, r *rand.Rand) {
		replicas, docs := random(r)
		scribble(r, replicas, docs)
		settle(t, r, replicas, docs)
	})
}

// Frames that are lost, doubled or swapped give an error or convergence, and
// a later session always converges.
func TestF05DisorderedFrames(t *testing.T) {
	errors, equal := 0, 0
	forSeeds(t, func(t *testing.T, r *rand.Rand) {
		replicas, docs := random(r)
		scribble(r, replicas, docs)
		p := connect(replicas[0], replicas[1], 99)
		for range 4000 {
			a, b := p.a, p.b
			if r.IntN(2) == 0 {
				a, b = b, a
			}
			if a.err == nil {
				a.send(b)
			}
			if n := len(b.inbox); n > 0 {
				switch r.IntN(8) {
				case 0:
					b.inbox = b.inbox[1:]
				case 1:
					b.inbox = append(b.inbox, b.inbox[r.IntN(n)])
				case 2:
					i := r.IntN(n)
					b.inbox[0], b.inbox[i] = b.inbox[i], b.inbox[0]
				}
			}
			if len(b.inbox) > 0 {
				b.receive()
			}
			if r.IntN(50) == 0 {
				a.session.Check()
			}
		}
		if p.a.err != nil || p.b.err != nil {
			errors++
		} else if replicationtest.Same(docs[0], replicas[0], replicas[1]) == "" {
			equal++
		}
		settle(t, r, replicas, docs)
	})
	t.Logf("%d sessions ended with an error, %d became equal all the same", errors, equal)
}

// A peer that sends whatever it likes gets an error or nothing, and costs
// little memory.
func TestHostileFramesAreBounded(t *testing.T) {
	a, b, doc := shared(1)
	a.Get(doc).Write(newRand(1), 0, 50, 200)
	// Frames of an honest conversation, to be spoilt.
	var frames [][]byte
	p := connect(a, b, 1)
	for p.a.send(p.b) || p.b.send(p.a) || len(p.a.inbox) > 0 || len(p.b.inbox) > 0 {
		for _, e := range []*end{p.a, p.b} {
			if len(e.inbox) > 0 {
				frames = append(frames, append([]byte(nil), e.inbox[0]...))
				e.receive()
			}
		}
	}
	forSeeds(t, func(t *testing.T, r *rand.Rand) {
		victim := connect(a, b, 1).a
		victim.session.Next()
		for range 300 {
			frame := append([]byte(nil), frames[r.IntN(len(frames))]...)
			for range r.IntN(4) {
				frame[r.IntN(len(frame))] ^= 1 << r.IntN(8)
			}
			if r.IntN(10) == 0 {
				frame = frame[:r.IntN(len(frame)+1)]
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := victim.session.Receive(frame)
			runtime.ReadMemStats(&after)
			if used := after.TotalAlloc - before.TotalAlloc; used > uint64(64*len(frame))+(1<<20) {
				t.Errorf("a frame of %d bytes took %d bytes of memory", len(frame), used)
			}
			if err != nil {
				victim = connect(a, b, 1).a
				victim.session.Next()
			}
			if r.IntN(3) == 0 {
				victim.session.Next()
			}
		}
	})
}

// Refusals do not pile up for a peer that asks and does not listen.
func TestFloodOfQuestionsEnds(t *testing.T) {
	a, b, _ := shared(1)
	p := connect(a, b, 1)
	p.run(t, nil)
	stranger := replicationtest.New(replicationtest.Key(9)) // knows the protocol, no document
	q := connect(a, stranger, 2)
	q.run(t, nil)
	q.b.session.Join(a.Documents(b.Key.Device())[0], func(wire.Device, [32]byte) ([]byte, error) { return []byte("no"), nil })
	var ask []byte
	for {
		frame, ok := q.b.session.Next()
		if !ok {
			break
		}
		if replication.FrameName(frame) == "STATE" {
			ask = frame
		}
	}
	for i := range 1000 {
		if _, err := q.a.session.Receive(ask); err != nil {
			t.Logf("ended after %d questions: %v", i, err)
			return
		}
	}
	t.Error("a thousand refusals wait")
}

// Before anything is shared, long frames are not even read.
func TestFirstFramesAreShort(t *testing.T) {
	a := replicationtest.New(replicationtest.Key(1))
	stranger := replicationtest.New(replicationtest.Key(9))
	p := connect(a, stranger, 1)
	p.run(t, nil)
	if got := p.a.session.MaxFrame(); got != replication.MaxFirstFrameBytes {
		t.Errorf("a stranger may send %d bytes", got)
	}
	if _, err := p.a.session.Receive(make([]byte, replication.MaxFirstFrameBytes+1)); err == nil {
		t.Error("a stranger's long frame was taken")
	}
	b, c, _ := shared(1)
	q := connect(b, c, 1)
	q.run(t, nil)
	if got := q.a.session.MaxFrame(); got != replication.MaxFrameBytes {
		t.Errorf("a member may send %d bytes", got)
	}
}
