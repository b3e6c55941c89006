package replication_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/replication"
	"github.com/sheafdocs/sheaf/node/replication/replicationtest"
	"github.com/sheafdocs/sheaf/node/wire"
)

// end is one side of a conversation in memory.
type end struct {
	replica  *replicationtest.Replica
	session  *replication.Session
	inbox    [][]byte
	joined   []error // outcomes of joins, in order
	equal    map[wire.DocID]bool
	receipts []oplog.Receipt
	sent     int // bytes
	frames   []string
	longest  int
	err      error
}

// pair is two replicas in conversation.
type pair struct {
	a, b *end
}

// connect starts a session between two replicas.
func connect(a, b *replicationtest.Replica, seed byte) *pair {
	side := func(r, other *replicationtest.Replica, role replication.Role) *end {
		e := &end{replica: r, equal: map[wire.DocID]bool{}}
		e.session = replication.New(replication.Config{
			Replica: r, Peer: other.Key.Device(), Role: role, Nonce: [32]byte{seed, byte(role) + 1},
		})
		return e
	}
	return &pair{side(a, b, replication.Opener), side(b, a, replication.Accepter)}
}

// send moves the next frame of one end into the other's inbox.
func (from *end) send(to *end) bool {
	frame, ok := from.session.Next()
	if !ok {
		return false
	}
	from.sent += len(frame)
	from.longest = max(from.longest, len(frame))
	from.frames = append(from.frames, replication.FrameName(frame))
	to.inbox = append(to.inbox, frame)
	return true
}

// receive takes one frame from the inbox.
func (e *end) receive() {
	frame := e.inbox[0]
	e.inbox = e.inbox[1:]
	if e.err != nil {
		return
	}
	effects, err := e.session.Receive(frame)
	for _, f := range effects {
		switch f := f.(type) {
		case replication.Deliver:
			if err := e.replica.Receive(f.Delivery); err != nil && e.err == nil {
				e.err = fmt.Errorf("delivery: %w", err)
			}
		case replication.GotReceipts:
			e.receipts = append(e.receipts, f.Receipts...)
		case replication.Joined:
			e.joined = append(e.joined, f.Err)
		case replication.Equal:
			e.equal[f.Doc] = true
		}
	}
	if err != nil && e.err == nil {
		e.err = err
	}
}

// run exchanges frames until both ends are silent, in an order chosen by r:
// nil means in turn. It returns the number of frames.
func (p *pair) run(t testing.TB, r *rand.Rand) int {
	t.Helper()
	for n := 0; n < 1_000_000; n++ {
		type step func()
		var steps []step
		for _, d := range [][2]*end{{p.a, p.b}, {p.b, p.a}} {
			if len(d[0].inbox) > 0 {
				steps = append(steps, d[0].receive)
			}
		}
		sent := false
		if len(steps) == 0 || r != nil && r.IntN(2) == 0 {
			order := [][2]*end{{p.a, p.b}, {p.b, p.a}}
			if r != nil && r.IntN(2) == 0 {
				order[0], order[1] = order[1], order[0]
			}
			for _, d := range order {
				if d[0].err == nil && d[0].send(d[1]) {
					sent = true
					if r != nil {
						break
					}
				}
			}
		}
		if len(steps) == 0 && !sent {
			return len(p.a.frames) + len(p.b.frames)
		}
		if len(steps) > 0 {
			i := 0
			if r != nil {
				i = r.IntN(len(steps))
			}
			steps[i]()
		}
	}
	t.Fatal("the two ends never fell silent")
	return 0
}

func (p *pair) check(t testing.TB) {
	t.Helper()
	if p.a.err != nil || p.b.err != nil {
		t.Fatalf("errors: %v, %v", p.a.err, p.b.err)
	}
}

// shared makes two replicas that are members of one document and hold it.
func shared(seed uint64) (a, b *replicationtest.Replica, doc wire.DocID) {
	a, b = replicationtest.New(replicationtest.Key(1)), replicationtest.New(replicationtest.Key(2))
	doc = share(a, b, seed)
	return a, b, doc
}

// share makes one more document of a, with b as a member.
func share(a, b *replicationtest.Replica, seed uint64) wire.DocID {
	d := a.Create(seed)
	d.Admit(d.Invite(byte(seed)), b.Key)
	d.Copy(b)
	return d.ID()
}

func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }

// prover is what sync makes of a link.
func prover(t testing.TB, link access.Link, self wire.Device) replication.Prover {
	t.Helper()
	keys, err := access.DeriveInvite(link.Secret)
	if err != nil {
		t.Fatal(err)
	}
	return func(peer wire.Device, challenge [32]byte) ([]byte, error) {
		return keys.Prove(link.Doc, self, peer, challenge)
	}
}
