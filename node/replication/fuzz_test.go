package replication_test

import (
	"encoding/binary"
	"testing"

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
