package access

import (
	"fmt"
	"slices"
	"testing"

	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/wire"
)

// TestTheRemovedStayRemoved lets half of the devices of a random document, some of
// them owners, do what they like after they were removed: backdate, let each other
// in, add devices, remove others, flood. Whatever they do and in whatever order it
// arrives, none of them is in, the creator owns the document, and what others did
// and wrote counts as before.
func TestTheRemovedStayRemoved(t *testing.T) {
	var removals, attacks, kept int
	for seed := *firstSeed; seed < *firstSeed+uint64(*seedCount); seed++ {
		w := newWorld(seed)
		for range 10 + w.rng.IntN(30) {
			w.step()
		}
		creator := w.keys[0]
		out := map[wire.Device]bool{}
		for _, key := range w.keys[3:] {
			out[key.Device()] = true
		}
		removals += w.removeAll(t, seed, creator, out)
		before := w.log
		w.only = out
		for range 10 + w.rng.IntN(30) {
			w.step()
			attacks++
		}
		l := NewLog(w.doc)
		l.limits = smallLimits
		w.deliver(t, l)
		for _, log := range []*Log{l, before} {
			if _, role, ok := log.Authority(creator.Device()); !ok || role != Owner {
				t.Fatalf("seed %d: the creator is %s, %v", seed, role, ok)
			}
			for _, m := range log.Members() {
				if out[m.Device] {
					t.Fatalf("seed %d: a removed device is %s again", seed, m.Role)
				}
			}
		}
		kept += w.checkUntouched(t, seed, l, out)
	}
	t.Logf("seeds %d to %d: %d removals, %d ops by the removed, %d ops of others as before",
		*firstSeed, *firstSeed+uint64(*seedCount)-1, removals, attacks, kept)
}

// removeAll lets the creator take back all links and remove all authorities of
// some devices. It notes which ops of others are Valid.
func (w *world) removeAll(t *testing.T, seed uint64, creator *identity.Key, out map[wire.Device]bool) (n int) {
	t.Helper()
	remove := func(target Target) {
		op := must(NewRevoke(w.log, creator, target, nil, nil, testTime))
		w.put(op)
		n++
		if !w.log.Valid(op.ID) {
			t.Fatalf("seed %d: the creator's removal does not count", seed)
		}
	}
	for _, i := range w.log.Invites() {
		if i.State == InviteOpen {
			remove(Target{Op: i.Op})
		}
	}
	// Also who left: a leave voids nothing, so that nobody can take back what they
	// did, and who leaves can go on beside it.
	for _, h := range w.log.all {
		if !out[h.device] || !w.log.Valid(h.node.op.ID) {
			continue
		}
		revoked := false
		w.log.revokesOf(h, func(*node) bool { revoked = true; return false })
		if !revoked {
			remove(Target{Op: h.node.op.ID, Index: uint32(h.index)})
		}
	}
	for _, m := range w.log.Members() {
		if out[m.Device] {
			t.Fatalf("seed %d: a device is %s after its removal", seed, m.Role)
		}
	}
	w.before = map[wire.OpID]map[wire.Device]Limit{}
	for _, x := range w.log.order {
		if !w.log.Valid(x.op.ID) {
			continue
		}
		limits := map[wire.Device]Limit{}
		for _, h := range x.holders {
			limits[h.device] = w.log.Limit(x.op.ID.Short(), h.device, 0)
		}
		w.before[x.op.ID] = limits
	}
	return n
}

// checkUntouched holds what counted before the attack against what does now, for
// all ops that do not rest on something the removed ones did: of that they may
// take back a part, as backdated ops take places of their own ones.
func (w *world) checkUntouched(t *testing.T, seed uint64, l *Log, out map[wire.Device]bool) (n int) {
	t.Helper()
	var rests func(h *holder) bool
	rests = func(h *holder) bool {
		if h == nil || h.node.op.Genesis != nil {
			return false
		}
		return out[h.device] || out[h.node.op.Author] || rests(h.node.by) || rests(h.parent) ||
			slices.ContainsFunc(h.root().holders, func(s *holder) bool { return out[s.device] })
	}
	for id, limits := range w.before {
		x := l.nodes[id]
		if out[x.op.Author] || rests(x.by) || x.via != nil && rests(x.via.by) {
			continue
		}
		n++
		if !l.Valid(id) {
			t.Fatalf("seed %d: a %s of someone else no longer counts", seed, x.op.Kind)
		}
		for _, h := range x.holders {
			if got := l.Limit(id.Short(), h.device, 0); !rests(h) && got != limits[h.device] {
				t.Fatalf("seed %d: of someone else's chain %+v counts, before %+v", seed, got, limits[h.device])
			}
		}
	}
	return n
}

// duel is one of two owners and what came of it.
type duel struct {
	key  *identity.Key
	auth *Op
	ops  []*Op // in the order they were made
}

// TestDuellingOwners tries every way in which two owners of unequal rank make four
// ops between them, each knowing all that was done or only what they did
// themselves, and all orders of delivery. The senior one keeps the document, and
// of the other counts what every removal of them knew.
func TestDuellingOwners(t *testing.T) {
	step := 1
	if testing.Short() || *seedCount <= 300 {
		step = 7 // of the graphs; 7 divides none of the numbers they are built of
	}
	const graphs = 6 * 6 * 6 * 6 * 16
	tried := 0
	for n := 0; n < graphs; n += step {
		tried += duelOnce(t, n)
	}
	t.Logf("%d graphs, %d deliveries", (graphs+step-1)/step, tried)
}

func duelOnce(t *testing.T, n int) (deliveries int) {
	t.Helper()
	l, genesis := NewLog(duelGenesis.DocID()), duelGenesis
	must(l.Add(genesis))
	ada := l.order[0].op.Author
	duels := [2]*duel{{key: worldKeys[1]}, {key: worldKeys[2]}}
	setup := []*Op{genesis}
	for _, d := range duels {
		d.auth = unsigned(l, ada, KindGrant, genesis.ID, []wire.OpID{setup[len(setup)-1].ID}, grantTo(Owner, d.key))
		setup = append(setup, d.auth)
	}
	var ops []*Op
	code := n / 16
	for i := range 4 {
		me, other := duels[code%2], duels[1-code%2]
		prev := []wire.OpID{setup[2].ID}
		for _, op := range ops {
			if n>>i&1 == 1 || op.Author == me.key.Device() {
				prev = append(prev, op.ID)
			}
		}
		var kind Kind
		var body any
		switch code / 2 % 3 {
		case 0:
			kind, body = KindRevoke, &Revoke{Target: Target{Op: other.auth.ID}}
		case 1:
			kind, body = KindGrant, grantTo(Owner, worldKeys[3+i%3])
		case 2:
			kind, body = KindInvite, &Invite{Sign: worldInvites[0].Public(), Role: Editor, ExpiresMillis: uint64(i)}
		}
		op := unsigned(l, me.key.Device(), kind, me.auth.ID, prev, body)
		me.ops, ops = append(me.ops, op), append(ops, op)
		code /= 6
	}
	for _, order := range permutations {
		if deliveries > 1 && n%5 != 0 {
			break
		}
		deliveries++
		l := NewLog(l.doc)
		for _, op := range setup {
			must(l.Add(op))
		}
		for _, i := range order {
			must(l.Add(ops[i]))
			if i == 1 {
				l.Members()
			}
		}
		checkDuel(t, fmt.Sprint("graph ", n, " delivered ", order), l, duels)
	}
	return deliveries
}

func checkDuel(t *testing.T, what string, l *Log, duels [2]*duel) {
	t.Helper()
	senior, junior := duels[0], duels[1]
	if _, role, ok := l.Authority(senior.key.Device()); !ok || role != Owner {
		t.Fatalf("%s: the senior owner lost the document", what)
	}
	removed := false
	for _, op := range senior.ops {
		if !l.Valid(op.ID) {
			t.Fatalf("%s: the senior owner's %s does not count", what, op.Kind)
		}
		removed = removed || op.Revoke != nil
	}
	if _, _, ok := l.Authority(junior.key.Device()); ok == removed {
		t.Fatalf("%s: the junior one has a role: %v, was removed: %v", what, ok, removed)
	}
	for _, op := range junior.ops {
		want := true
		for _, r := range senior.ops {
			want = want && (r.Revoke == nil || l.nodes[r.ID].past.has(l.nodes[op.ID].index))
		}
		if l.Valid(op.ID) != want {
			t.Fatalf("%s: the junior owner's %s counts: %v", what, op.Kind, !want)
		}
	}
}

// permutations are the orders of four, the first and the last one first.
var permutations = func() (all [][]int) {
	var put func(got []int)
	put = func(got []int) {
		if len(got) == 4 {
			all = append(all, slices.Clone(got))
			return
		}
		for i := range 4 {
			if !slices.Contains(got, i) {
				put(append(got, i))
			}
		}
	}
	put(nil)
	all[1], all[len(all)-1] = all[len(all)-1], all[1]
	return all
}()

var duelGenesis = must(NewGenesis(testKey("ada"), wire.EpochID{7}, testRand(1), testTime))
