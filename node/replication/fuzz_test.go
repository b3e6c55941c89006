package replication_test

import (
	"encoding/binary"
	"testing"

	"github.com/sheafdocs/sheaf/node/replication"
	"github.com/sheafdocs/sheaf/node/replication/replicationtest"
)

// FuzzSession feeds a session with whatever a peer may send, after an honest
// HELLO. The input is frames, each behind its length in two bytes.
func FuzzSession(f *testing.F) {
	a, b, doc := shared(1)
	a.Get(doc).Write(newRand(1), 0, 3, 20)
	p := connect(a, b, 1)
	var seed []byte
	for p.a.send(p.b) || p.b.send(p.a) || len(p.a.inbox) > 0 || len(p.b.inbox) > 0 {
		for _, e := range []*end{p.a, p.b} {
			if len(e.inbox) == 0 {
				continue
			}
			if e == p.a {
				one := binary.BigEndian.AppendUint16(nil, uint16(len(e.inbox[0])))
				one = append(one, e.inbox[0]...)
				f.Add(one)
				seed = append(seed, one...)
			}
			e.receive()
		}
	}
	f.Add(seed)
	f.Fuzz(func(t *testing.T, in []byte) {
		q := connect(a, replicationtest.New(b.Key), 1)
		q.a.session.Next()
		frame, _ := q.b.session.Next()
		if _, err := q.a.session.Receive(frame); err != nil {
			t.Fatal(err)
		}
		for len(in) >= 2 {
			n := min(int(binary.BigEndian.Uint16(in)), len(in)-2)
			frame := in[2 : 2+n]
			in = in[2+n:]
			if _, err := q.a.session.Receive(frame); err != nil {
				return
			}
			for range 4 {
				q.a.session.Next()
			}
		}
	})
}

// FuzzHello feeds a session that has heard nothing yet: all of it is from a peer
// with which nothing is shared. Nothing may be delivered.
func FuzzHello(f *testing.F) {
	a, b, doc := shared(1)
	a.Get(doc).Write(newRand(1), 0, 3, 20)
	p := connect(b, a, 1) // frames of a as the accepter and of b as the opener
	for _, e := range []*end{p.a, p.b} {
		frame, _ := e.session.Next()
		f.Add(frame, []byte{})
		f.Add(frame, frame)
	}
	f.Add([]byte{1}, []byte{2})
	stranger := replicationtest.New(replicationtest.Key(9))
	f.Fuzz(func(t *testing.T, first, second []byte) {
		q := connect(a, stranger, 1)
		for _, frame := range [][]byte{first, second} {
			effects, err := q.a.session.Receive(frame)
			for _, e := range effects {
				if d, ok := e.(replication.Deliver); ok {
					t.Fatalf("a stranger delivers %+v", d.Delivery)
				}
			}
			if err != nil {
				return
			}
			for range 4 {
				if answer, ok := q.a.session.Next(); ok && len(answer) > replication.MaxFirstFrameBytes {
					t.Fatalf("a stranger is answered with %d bytes", len(answer))
				}
			}
		}
	})
}
