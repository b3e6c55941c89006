package access

import (
	"crypto/ed25519"
	"encoding/binary"
	"testing"

	"github.com/sheafdocs/sheaf/node/wire"
)

// bigLog makes a log of n ops: an owner grants roles to a thousand devices, each
// op after the last but for some that were made beside it.
func bigLog(n int) []*Op {
	ada := testKey("ada")
	l, genesis := newTestLog(ada)
	var guests []wire.Device
	for i := range min(n, 1000) {
		key := ed25519.NewKeyFromSeed(binary.BigEndian.AppendUint32(make([]byte, 28), uint32(i)))
		guests = append(guests, wire.Device(key.Public().(ed25519.PublicKey)))
	}
	ops, prev := []*Op{genesis}, []wire.OpID{genesis.ID}
	for i := len(ops); i < n; i++ {
		op := forge(l, ada, KindGrant, genesis.ID, prev, &Grant{
			User: wire.UserID{byte(i), byte(i >> 8)}, Role: Editor,
			Devices: []GrantDevice{{Device: guests[i%len(guests)]}},
		})
		ops = append(ops, op)
		if i%10 != 0 {
			prev = []wire.OpID{op.ID}
		} else {
			prev = append(prev[:1:1], op.ID)
		}
	}
	return ops
}

// BenchmarkResolve adds 10,000 ops whose signatures are verified already to an
// empty log.
func BenchmarkResolve(b *testing.B) {
	ops := bigLog(10_000)
	for b.Loop() {
		l := NewLog(ops[0].DocID())
		if res := l.Load(ops); len(res.Added) != len(ops) {
			b.Fatal(len(res.Added))
		}
		l.Members()
	}
}

// BenchmarkOneMore adds one op to a log of 10,000 and asks what a writer asks.
func BenchmarkOneMore(b *testing.B) {
	ops := bigLog(10_000)
	l := NewLog(ops[0].DocID())
	l.Load(ops)
	guest := ops[500].Grant.Devices[0].Device
	ada := testKey("ada")
	b.ResetTimer()
	for b.Loop() {
		b.StopTimer()
		op := forge(l, ada, KindInvite, ops[0].ID, l.Heads(), &Invite{Sign: guest, Role: Viewer})
		b.StartTimer()
		must(l.Add(op))
		if _, _, ok := l.Authority(guest); !ok {
			b.Fatal("no role")
		}
	}
}

func BenchmarkDecodeOp(b *testing.B) {
	raw := bigLog(3)[2].Raw
	for b.Loop() {
		must(DecodeOp(raw))
	}
}
