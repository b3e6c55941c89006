package access

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/wire"
)

func TestPathsOfGrantsAreBounded(t *testing.T) {
	last := testKey("ada")
	l, auth := newTestLog(last)
	for i := range MaxPath + 1 {
		next := testKey(fmt.Sprint("owner ", i))
		op := forge(l, last, KindGrant, auth.ID, l.Heads(), &Grant{
			User: next.UserID(), Role: Owner, Devices: []GrantDevice{{Device: next.Device(), Seal: next.SealHash()}},
		})
		if i == MaxPath {
			if _, err := l.Add(op); !errors.Is(err, ErrVoid) {
				t.Fatalf("a path of %d grants: %v", i+1, err)
			}
			break
		}
		add(t, l, op, nil)
		last, auth = next, op
	}
	members := l.Members()
	if len(members) != MaxPath+1 || !slices.IsSortedFunc(members, func(a, b Member) int {
		if l.Senior(a.Auth, a.Device, b.Auth, b.Device) {
			return -1
		}
		return 1
	}) {
		t.Fatalf("%d members, or not in order", len(members))
	}
}

// TestAFloodIsNotFollowed lets an editor write more than counts: the owner's next
// op leaves the rest out of its past, and still counts.
func TestAFloodIsNotFollowed(t *testing.T) {
	ada, eve := testKey("ada"), testKey("eve")
	l, _ := newTestLog(ada)
	keys := must(DeriveInvite(testSecret("link")))
	op, err := NewInvite(l, ada, keys, Editor, testTime)
	add(t, l, op, err)
	grant := join(t, l, ada, eve, keys)
	var flood []*Op
	for i := range MaxOpsPerAuthority + 5 {
		flood = append(flood, add(t, l, forge(l, eve, Kind(99), grant.ID, l.Heads(), [][]byte{{byte(i)}}), nil))
	}
	op, err = NewInvite(l, ada, keys, Viewer, testTime)
	add(t, l, op, err)
	if !slices.Equal(op.Prev, []wire.OpID{flood[MaxOpsPerAuthority-1].ID}) || !l.Valid(op.ID) {
		t.Fatalf("the owner's op follows %v", op.Prev)
	}
	if len(l.Heads()) != 2 {
		t.Fatalf("%d heads", len(l.Heads()))
	}
	// A revoke has room of its own, for nodes that judge it.
	revoke := forge(l, eve, KindRevoke, grant.ID, l.Heads(), &Revoke{Target: Target{Op: grant.ID}})
	add(t, l, revoke, nil)
	if !l.nodes[revoke.ID].counted {
		t.Fatal("a removal did not fit")
	}
	// Backdated ops take the places of later ones, and so do not add any.
	early := forge(l, eve, KindMerge, grant.ID, eightOf(t, l, ada), &merge{})
	add(t, l, early, nil)
	l.settle()
	counted := 0
	for _, n := range l.groups[group{grant.ID, eve.Device(), classOps}] {
		if n.counted {
			counted++
		}
	}
	if counted != MaxOpsPerAuthority {
		t.Fatalf("%d ops count", counted)
	}
}

// eightOf adds ops beside each other after the third one, which a merge can join.
func eightOf(t *testing.T, l *Log, ada *identity.Key) (ids []wire.OpID) {
	genesis := l.order[0].op
	for i := range MinMergeHeads {
		op := forge(l, ada, Kind(98), genesis.ID, []wire.OpID{l.order[2].op.ID}, [][]byte{{byte(i)}})
		ids = append(ids, add(t, l, op, nil).ID)
	}
	return ids
}

// TestWhatFollowsAVoidOpFalls parks a chain of ops, of which the first turns out
// to follow an op that is void.
func TestWhatFollowsAVoidOpFalls(t *testing.T) {
	ada, eve := testKey("ada"), testKey("eve")
	l, genesis := newTestLog(ada)
	void := forge(l, eve, Kind(99), genesis.ID, []wire.OpID{genesis.ID}, [][]byte{})
	a := forge(l, ada, Kind(99), genesis.ID, []wire.OpID{void.ID}, [][]byte{})
	b := forge(l, ada, Kind(99), genesis.ID, []wire.OpID{a.ID}, [][]byte{})
	if _, err := l.Add(void); !errors.Is(err, ErrVoid) {
		t.Fatal(err)
	}
	must(l.Add(b))
	res, err := l.Add(a)
	if !errors.Is(err, ErrVoid) || len(res.Dropped) != 1 || len(l.parked.ops) != 0 || l.parked.bytes != 0 || len(l.Missing()) != 0 {
		t.Fatalf("%v, %d dropped, %d parked, %d bytes", err, len(res.Dropped), len(l.parked.ops), l.parked.bytes)
	}
}

// TestARevokeHasRoomForItsStatements makes the largest revoke: as many
// statements as it is said to have room for, with the greatest numbers, beside
// as many devices to keep and ops to follow as are allowed.
func TestARevokeHasRoomForItsStatements(t *testing.T) {
	ada := testKey("ada")
	l, _ := newTestLog(ada)
	grant, err := NewGrant(l, ada, testKey("bob").UserID(), Editor, []GrantDevice{{Device: testKey("bob").Device(), Seal: testKey("bob").SealHash(), Kind: DeviceNative}}, testTime)
	guest := add(t, l, grant, err)
	var beside []*Op
	for i := range MaxPrev {
		op, err := NewPolicy(l, ada, Policy{}, time.UnixMilli(int64(1<<45+i)))
		beside = append(beside, must(op, err))
	}
	for _, op := range beside {
		add(t, l, op, nil)
	}
	revoke := func(statements int) (*Op, error) {
		var cuts []Statement
		for i := range statements {
			cuts = append(cuts, Statement{Device: testKey("bob").Device(), Inc: uint32(maxInc - 1 - i), Seq: maxSeq})
		}
		var keep []wire.Device
		for i := range MaxDevices {
			keep = append(keep, testKey(string(rune('k'+i))).Device())
		}
		return NewRevoke(l, ada, Target{Op: guest.ID}, cuts, keep, time.UnixMilli(1<<45))
	}
	op, err := revoke(RevokeStatements)
	if err != nil {
		t.Fatal(err)
	}
	if len(op.Prev) != MaxPrev {
		t.Fatalf("it follows %d ops", len(op.Prev))
	}
	t.Logf("%d bytes", len(op.Raw))
	if _, err := revoke(MaxStatements); err == nil {
		t.Error("there is room for more: the limit is pointless")
	}
}
