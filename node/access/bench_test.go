package access

import (
	"crypto/ed25519"
	"encoding/binary"
	"slices"
	"testing"

	"github.com/sheafdocs/sheaf/node/wire"
)

// bigLog makes a log of n ops, not signed and as from a store: an owner grants
// roles to a thousand devices, by way of an invite if via, each op after the last
// but for some that were made beside it.
func bigLog(n int, via bool) []*Op {
	ada := testKey("ada")
	l, genesis := newTestLog(ada)
	var guests []wire.Device
	for i := range min(n, 1000) {
		key := ed25519.NewKeyFromSeed(binary.BigEndian.AppendUint32(make([]byte, 28), uint32(i)))
		guests = append(guests, wire.Device(key.Public().(ed25519.PublicKey)))
	}
	invite := unsigned(l, ada.Device(), KindInvite, genesis.ID, []wire.OpID{genesis.ID}, &Invite{Sign: guests[0], Role: Editor, CloseOnRemoval: 1})
	ops, prev := []*Op{genesis, invite}, []wire.OpID{invite.ID}
	for i := len(ops); i < n; i++ {
		g := &Grant{
			User: wire.UserID{byte(i), byte(i >> 8)}, Role: Editor,
			Devices: []GrantDevice{{Device: guests[i%len(guests)]}},
		}
		if via {
			g.Via = []Via{{Invite: invite.ID}}
		}
		op := unsigned(l, ada.Device(), KindGrant, genesis.ID, prev, g)
		ops = append(ops, op)
		if i%10 != 0 {
			prev = []wire.OpID{op.ID}
		} else {
			prev = append(prev[:1:1], op.ID)
		}
	}
	return ops
}

// unsigned makes an op as DecodeStored would read it, without signing anything.
func unsigned(l *Log, d wire.Device, kind Kind, auth wire.OpID, prev []wire.OpID, body any) *Op {
	prev = slices.Clone(prev)
	slices.SortFunc(prev, compareIDs)
	h := opHeader{
		Ver: wire.Version, Doc: l.doc.Short(), Kind: kind, Author: d, Auth: auth,
		Prev: slices.Compact(prev), Body: must(wire.Marshal(body)),
	}
	return must(DecodeStored(must(wire.Marshal(envelope{Hdr: must(wire.Marshal(h))}))))
}

// BenchmarkResolve adds 10,000 ops to an empty log and asks who is in. Signatures
// are not in it, see BenchmarkDecodeOp.
func BenchmarkResolve(b *testing.B) {
	for name, via := range map[string]bool{"grants": false, "grants via an invite": true} {
		b.Run(name, func(b *testing.B) {
			ops := bigLog(10_000, via)
			for b.Loop() {
				l := NewLog(ops[0].DocID())
				if res := l.Load(ops); len(res.Added) != len(ops) {
					b.Fatal(len(res.Added))
				}
				if n := len(l.Members()); n < 9_990 {
					b.Fatal(n)
				}
			}
		})
	}
}

// BenchmarkOneMore adds one op to a log of 10,000 and asks who is in, which epoch
// is in use, and for a device's role.
func BenchmarkOneMore(b *testing.B) {
	for _, kind := range []Kind{KindInvite, KindGrant, KindRevoke} {
		b.Run(kind.String(), func(b *testing.B) {
			ops := bigLog(10_000, true)
			l := NewLog(ops[0].DocID())
			l.Load(ops)
			l.Members()
			guest := ops[500].Grant.Devices[0].Device
			for i := 0; b.Loop(); i++ {
				b.StopTimer()
				var body any
				switch kind {
				case KindInvite:
					body = &Invite{Sign: guest, Role: Viewer, MaxUses: uint32(i)}
				case KindGrant:
					body = &Grant{Role: Viewer, User: wire.UserID{byte(i), byte(i >> 8)}, Devices: []GrantDevice{{Device: guest}}}
				case KindRevoke:
					body = &Revoke{Target: Target{Op: ops[1000+i%9000].ID}}
				}
				op := unsigned(l, ops[0].Author, kind, ops[0].ID, l.Heads(), body)
				b.StartTimer()
				must(l.Add(op))
				if _, _, ok := l.Authority(guest); !ok || len(l.Members()) == 0 || len(l.Epochs()) == 0 {
					b.Fatal("no role")
				}
			}
		})
	}
}

// BenchmarkOpen reads the stored log of a document with 1,000 members.
func BenchmarkOpen(b *testing.B) {
	made := bigLog(1_001, false)
	for b.Loop() {
		ops := make([]*Op, len(made))
		for i, op := range made {
			ops[i] = must(DecodeStored(op.Raw))
		}
		l := NewLog(made[0].DocID())
		l.Load(ops)
		if n := len(l.Members()); n != 1_000 {
			b.Fatal(n)
		}
	}
}

// BenchmarkDecodeOp reads a grant: its signature and the key it introduces are
// verified, or not if it was stored.
func BenchmarkDecodeOp(b *testing.B) {
	ada := testKey("ada")
	l, genesis := newTestLog(ada)
	raw := forge(l, ada, KindGrant, genesis.ID, l.Heads(), grantTo(Editor, testKey("bob"))).Raw
	b.Run("received", func(b *testing.B) {
		for b.Loop() {
			must(DecodeOp(raw))
		}
	})
	b.Run("stored", func(b *testing.B) {
		for b.Loop() {
			must(DecodeStored(raw))
		}
	})
}
