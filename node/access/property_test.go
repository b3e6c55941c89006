package access

import (
	"bytes"
	"cmp"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/wire"
)

var (
	seedCount = flag.Int("seeds", 150, "random access logs to try")
	firstSeed = flag.Uint64("seed", 1, "seed of the first one")
)

// smallLimits make it likely that ops lose their places to others.
var smallLimits = limits{ops: 4, doorkeeper: 6, removals: 2, devAdds: 1, path: 4, devPath: 2}

// world makes random ops, right and wrong ones, on random parts of a log.
type world struct {
	rng     *rand.Rand
	keys    []*identity.Key
	secrets []*InviteKeys
	doc     wire.DocID
	ops     []*Op // the genesis first
	log     *Log  // of those it takes, so that most new ones rest on them
	held    []*Op
	only    map[wire.Device]bool                // if set, who writes
	before  map[wire.OpID]map[wire.Device]Limit // see removeAll
}

func newWorld(seed uint64) *world {
	w := &world{rng: rand.New(rand.NewPCG(seed, 0))}
	for i := range 6 {
		w.keys = append(w.keys, worldKeys[i])
	}
	w.secrets = worldInvites
	// The creator is senior to the device that makes the document.
	t := GenesisTerms{User: w.keys[0].UserID(), Nonce: [16]byte{byte(seed), byte(seed >> 8), byte(seed >> 16)}, Epoch: wire.EpochID{1}}
	for _, key := range w.keys[:2] {
		t.Devices = append(t.Devices, GenesisDevice{Device: key.Device(), Seal: key.SealHash()})
	}
	genesis := must(NewGenesisOf(w.keys[1], t, testTime))
	w.doc, w.log = genesis.DocID(), NewLog(genesis.DocID())
	w.log.limits = smallLimits
	w.put(genesis)
	return w
}

var (
	worldKeys = func() (keys []*identity.Key) {
		for i := range 6 {
			keys = append(keys, testKey(fmt.Sprint("device ", i)))
		}
		return keys
	}()
	worldInvites = func() (keys []*InviteKeys) {
		for i := range 3 {
			keys = append(keys, must(DeriveInvite(testSecret(fmt.Sprint(i)))))
		}
		return keys
	}()
)

func pick[T any](w *world, from []T) T { return from[w.rng.IntN(len(from))] }

func (w *world) put(op *Op) {
	if w.log.Has(op.ID) {
		return // the same again
	}
	w.ops = append(w.ops, op)
	if _, err := w.log.Add(op); err == nil && w.log.Has(op.ID) {
		w.held = append(w.held, op)
	}
}

// some picks an op, most often a late one that is no nonsense.
func (w *world) some() *Op {
	switch n := w.rng.IntN(40); {
	case n == 0:
		return pick(w, w.ops)
	case n < 25:
		return w.held[max(0, len(w.held)-1-w.rng.IntN(5))]
	}
	return pick(w, w.held)
}

// step adds an op on random predecessors, mostly by a device that has an
// authority and does what that allows.
func (w *world) step() {
	author, auth, role := pick(w, w.keys), w.some(), Role(w.rng.IntN(5))
	if w.rng.IntN(16) > 0 {
		var h *holder
		for h == nil {
			if holders := w.log.nodes[pick(w, w.held).ID].holders; len(holders) > 0 {
				h = pick(w, holders)
			}
			if h != nil && w.only != nil && !w.only[h.device] && w.rng.IntN(64) > 0 {
				h = nil
			}
		}
		auth, role = h.node.op, h.role
		author = w.keys[slices.IndexFunc(w.keys, func(k *identity.Key) bool { return k.Device() == h.device })]
	}
	if w.only != nil && !w.only[author.Device()] {
		return
	}
	prev := map[wire.OpID]bool{}
	if w.rng.IntN(16) > 0 {
		prev[auth.ID] = true
	}
	for range 1 + w.rng.IntN(3) {
		prev[w.some().ID] = true
	}
	kind, body := w.body(role, prev)
	if kind == KindLeave && author == w.keys[0] {
		return // the creator stays, so that we see that nobody else ends that
	}
	if kind == KindMerge {
		for len(prev) < MinMergeHeads && len(w.held) >= MinMergeHeads {
			prev[pick(w, w.held).ID] = true
		}
		if len(prev) < MinMergeHeads {
			return
		}
	}
	op := unsigned(w.log, author.Device(), kind, auth.ID, slices.Collect(maps.Keys(prev)), body)
	op.stored = false // proofs of invites are verified
	w.put(op)
}

// body makes the body of an op, mostly one that a role may make; what it needs
// in its past goes into prev.
func (w *world) body(role Role, prev map[wire.OpID]bool) (Kind, any) {
	if w.rng.IntN(16) == 0 {
		role = Role(w.rng.IntN(5))
	}
	switch n := w.rng.IntN(22); {
	case role == Owner && n == 20:
		return KindPolicy, &newPolicy{Policy: Policy{History: uint8(w.rng.IntN(3))}}
	case role == Owner && n == 21:
		return KindRelay, &Relays{Devices: []wire.Device{pick(w, w.keys).Device()}}
	case role == Owner && n < 6:
		return w.grant()
	case role == Owner && n < 10:
		secret := pick(w, w.secrets)
		return KindInvite, &Invite{
			Sign: secret.Public(), Seal: secret.SealHash(), CloseOnRemoval: uint8(w.rng.IntN(2)),
			Role: pick(w, []Role{Doorkeeper, Viewer, Commenter, Editor, Editor, Editor}),
		}
	case role.letsIn() && n < 16:
		if kind, body := w.grantVia(prev); body != nil {
			return kind, body
		}
	case role >= Commenter && n < 17:
		return KindMerge, &merge{}
	}
	if role >= Editor && w.rng.IntN(3) == 0 {
		return KindRotate, &Rotate{Epoch: wire.EpochID{byte(w.rng.Uint32())}}
	}
	switch n := w.rng.IntN(16); {
	case n < 4:
		d := pick(w, w.keys)
		return KindDevAdd, &DevAdd{Device: d.Device(), Seal: d.SealHash()}
	case n < 10:
		r := &Revoke{Target: w.target(), Cuts: w.statements()}
		if w.rng.IntN(3) == 0 {
			r.Keep = []wire.Device{pick(w, w.keys).Device()}
		}
		return KindRevoke, r
	case n < 12:
		return KindLeave, &Leave{Statements: w.statements()}
	case n < 15:
		return KindPin, &Pin{Target: w.target(), Limit: uint8(w.rng.IntN(2)), Statements: w.statements()}
	}
	return pick(w, []Kind{98, 99}), &merge{}
}

// target names an authority, or now and then an invite or nonsense.
func (w *world) target() Target {
	for range 20 {
		op := w.some()
		if n := len(op.devices()); n > 0 {
			return Target{Op: op.ID, Index: uint32(w.rng.IntN(n))}
		}
		if op.DevAdd != nil || op.Invite != nil && w.rng.IntN(4) == 0 {
			return Target{Op: op.ID}
		}
	}
	return Target{Op: w.some().ID, Index: uint32(w.rng.IntN(2))}
}

// statements speaks of a few chains.
func (w *world) statements() (list []Statement) {
	for i, key := range w.keys {
		for inc := range uint32(2) {
			if w.rng.IntN(4) == 0 {
				seq := w.rng.Uint64N(3)
				list = append(list, Statement{Device: key.Device(), Inc: inc, Seq: seq, ID: wire.EntryID{byte(i), byte(inc), byte(seq), byte(w.rng.IntN(2))}})
			}
		}
	}
	return list
}

func (w *world) grant() (Kind, any) {
	guest := pick(w, w.keys)
	g := &Grant{
		User: guest.UserID(), Role: Role(w.rng.IntN(5)),
		Devices: []GrantDevice{{Device: guest.Device(), Seal: guest.SealHash()}},
	}
	if other := pick(w, w.keys); other != guest && w.rng.IntN(3) == 0 {
		g.Devices = append(g.Devices, GrantDevice{Device: other.Device(), Seal: other.SealHash()})
	}
	return KindGrant, g
}

func (w *world) grantVia(prev map[wire.OpID]bool) (Kind, any) {
	var invites []*Op
	for _, op := range w.held {
		if op.Invite != nil {
			invites = append(invites, op)
		}
	}
	if len(invites) == 0 {
		return 0, nil
	}
	guest, invite := pick(w, w.keys), pick(w, invites)
	secret, role := pick(w, w.secrets), invite.Invite.Role
	if w.rng.IntN(16) > 0 {
		secret = w.secrets[slices.IndexFunc(w.secrets, func(k *InviteKeys) bool { return k.Public() == invite.Invite.Sign })]
	}
	if w.rng.IntN(16) == 0 {
		role = Role(w.rng.IntN(4))
	}
	if w.rng.IntN(16) > 0 {
		prev[invite.ID] = true
	}
	id := invite.ID
	if w.rng.IntN(32) == 0 {
		id = w.some().ID
	}
	proof := secret.key.Sign(wire.DomainInviteProof, proofBody(w.doc, guest.Device(), guest.SealHash()))
	return KindGrant, &Grant{
		User: guest.UserID(), Role: role, Via: []Via{{Invite: id, Proof: proof}},
		Devices: []GrantDevice{{Device: guest.Device(), Seal: guest.SealHash()}},
	}
}

// summary writes down everything a log answers.
func (w *world) summary(l *Log) string {
	var b strings.Builder
	var chains []string
	fmt.Fprintln(&b, "heads", l.Heads())
	ids := slices.SortedFunc(func(yield func(wire.OpID) bool) {
		for op := range l.All() {
			if !yield(op.ID) {
				return
			}
		}
	}, compareIDs)
	for _, id := range ids {
		fmt.Fprintln(&b, "op", id, l.Valid(id))
	}
	for _, m := range l.Members() {
		fmt.Fprintln(&b, "member", m.Device, m.Role, m.Auth, m.Root)
	}
	for _, n := range l.order {
		for _, h := range n.holders {
			if !n.valid {
				continue
			}
			for inc := range uint32(2) {
				var ids []wire.EntryID
				for _, s := range l.Statements(n.op.ID.Short(), h.device, inc) {
					ids = append(ids, s.ID)
				}
				chains = append(chains, fmt.Sprintln("chain", n.op.ID, h.device, inc, l.Limit(n.op.ID.Short(), h.device, inc), ids))
			}
		}
	}
	slices.Sort(chains)
	fmt.Fprintln(&b, strings.Join(chains, ""))
	for _, e := range l.Epochs() {
		if e.Clean {
			fmt.Fprintln(&b, "clean", e.Op)
		}
	}
	for _, key := range w.keys {
		auth, role, ok := l.Authority(key.Device())
		fmt.Fprintln(&b, "authority", key.Device(), auth, role, ok)
	}
	for _, k := range w.secrets {
		id, ok := l.FindInvite(k.Public())
		fmt.Fprintln(&b, "invite", id, ok)
	}
	fmt.Fprintln(&b, "settings", l.Policy(), l.Relays().Devices)
	fmt.Fprintln(&b, "ignored", l.Ignored())
	return b.String()
}

// expected writes down the same of a model.
func (w *world) expected(m *model) string {
	var b strings.Builder
	var held, heads []wire.OpID
	ignored := map[Kind]int{}
	for id, op := range m.ops {
		if !m.fact(id).held {
			continue
		}
		held = append(held, id)
		if op.Kind == 98 || op.Kind == 99 {
			ignored[op.Kind]++
		}
		if !slices.ContainsFunc(w.ops, func(o *Op) bool { return m.fact(o.ID).held && slices.Contains(o.Prev, id) }) {
			heads = append(heads, id)
		}
	}
	slices.SortFunc(heads, compareIDs)
	slices.SortFunc(held, compareIDs)
	fmt.Fprintln(&b, "heads", heads)
	for _, id := range held {
		fmt.Fprintln(&b, "op", id, m.valid(id))
	}
	members := m.members()
	for _, s := range members {
		fmt.Fprintln(&b, "member", s.device, s.role, s.op.Short(), s.root())
	}
	var chains []string
	var epochs []wire.OpID
	for _, id := range held {
		if op := m.ops[id]; (op.Genesis != nil || op.Rotate != nil) && m.clean(id) {
			epochs = append(epochs, id)
		}
		for _, s := range m.seats(id) {
			if !m.valid(id) {
				continue
			}
			for inc := range uint32(2) {
				limit, ids := m.chain(s, inc)
				chains = append(chains, fmt.Sprintln("chain", id, s.device, inc, limit, ids))
			}
		}
	}
	slices.Sort(chains)
	fmt.Fprintln(&b, strings.Join(chains, ""))
	epochOf := func(id wire.OpID) wire.EpochID {
		if r := m.ops[id].Rotate; r != nil {
			return r.Epoch
		}
		return m.ops[id].Genesis.Epoch
	}
	slices.SortFunc(epochs, func(x, y wire.OpID) int {
		e, f := epochOf(x), epochOf(y)
		return cmp.Or(cmp.Compare(m.depths[y], m.depths[x]), bytes.Compare(e[:], f[:]), bytes.Compare(x[:], y[:]))
	})
	for _, id := range epochs {
		fmt.Fprintln(&b, "clean", id)
	}
	for _, key := range w.keys {
		var best *seat
		for _, s := range members { // the senior first
			if s.device == key.Device() && (best == nil || s.role > best.role) {
				best = s
			}
		}
		if best == nil {
			best = &seat{}
		}
		fmt.Fprintln(&b, "authority", key.Device(), best.op.Short(), best.role, best.path != nil)
	}
	for _, k := range w.secrets {
		var best wire.OpID
		for _, id := range held {
			if op := m.ops[id]; op.Invite != nil && op.Invite.Sign == k.Public() && m.valid(id) && !m.closed(id, nil) &&
				(best.IsZero() || m.before(id, best) < 0) {
				best = id
			}
		}
		fmt.Fprintln(&b, "invite", best, !best.IsZero())
	}
	policy, relays := m.last(KindPolicy), m.last(KindRelay)
	settings := Policy{}
	if policy != nil {
		settings = *policy.Policy
	}
	var named []wire.Device
	if relays != nil {
		named = relays.Relays.Devices
	}
	fmt.Fprintln(&b, "settings", settings, named)
	fmt.Fprintln(&b, "ignored", ignored)
	return b.String()
}

// deliver gives a log all ops in a random order, some twice, and asks it
// questions on the way.
func (w *world) deliver(t *testing.T, l *Log) {
	order := w.rng.Perm(len(w.ops))
	for _, i := range order {
		for range 1 + w.rng.IntN(2) {
			if _, err := l.Add(w.ops[i]); err != nil && !errors.Is(err, ErrVoid) {
				t.Fatal(err)
			}
		}
		switch w.rng.IntN(8) {
		case 0:
			l.Authority(pick(w, w.keys).Device())
		case 1:
			l.Members()
			l.Epochs()
		}
	}
}

// TestAnswersDependOnTheSetAlone holds the log against the model, and against
// itself under other orders of delivery, on random graphs of ops: grants by
// owners and by links, device lists, sock puppets, backdated ops, floods beyond
// the limits, wrong proofs and authorities.
func TestAnswersDependOnTheSetAlone(t *testing.T) {
	held, valid, ops := 0, 0, 0
	for seed := *firstSeed; seed < *firstSeed+uint64(*seedCount); seed++ {
		w := newWorld(seed)
		for range 10 + w.rng.IntN(50) {
			w.step()
		}
		m := newModel(w.doc, smallLimits, w.ops)
		want := w.expected(m)
		for try := range 3 {
			l := NewLog(w.doc)
			l.limits = smallLimits
			if try == 2 {
				l.Load(slices.Clone(w.ops))
			} else {
				w.deliver(t, l)
			}
			if got := w.summary(l); got != want {
				t.Fatalf("seed %d, try %d: the log says\n%s\nthe rules say\n%s\n(to repeat: go test -run %s -seed %d -seeds 1)",
					seed, try, got, want, t.Name(), seed)
			}
			if n := len(l.parked.ops); n != 0 {
				t.Fatalf("seed %d: %d ops still wait", seed, n)
			}
			if try == 0 {
				w.checkInvariants(t, seed, l)
				ops, held = ops+len(w.ops), held+l.Len()
				valid += strings.Count(want, " true\n")
			}
		}
	}
	t.Logf("seeds %d to %d: %d ops, %d held, %d true answers", *firstSeed, *firstSeed+uint64(*seedCount)-1, ops, held, valid)
}

// checkInvariants are what users are promised, whatever anybody does.
func (w *world) checkInvariants(t *testing.T, seed uint64, l *Log) {
	t.Helper()
	genesis := w.ops[0]
	if auth, role, ok := l.Authority(w.keys[0].Device()); !ok || role != Owner || auth != genesis.ID.Short() {
		t.Fatalf("seed %d: the creator is %s by %s, %v", seed, role, auth, ok)
	}
	for op := range l.All() {
		if op.Grant != nil && len(op.Grant.Via) == 1 && l.Valid(op.ID) {
			invite, _ := l.Get(op.Grant.Via[0].Invite)
			if !l.Valid(invite.ID) || op.Grant.Role > invite.Invite.Role {
				t.Fatalf("seed %d: a grant exceeds its invite", seed)
			}
		}
	}
	// Any owner's op made now counts, however much others write.
	for _, key := range w.keys {
		if _, role, ok := l.Authority(key.Device()); ok && role == Owner {
			op := must(NewInvite(l, key, w.secrets[0], Viewer, testTime))
			must(l.Add(op))
			if !l.Valid(op.ID) {
				t.Fatalf("seed %d: an owner's new op does not count", seed)
			}
		}
	}
	// Who has all that a log's heads name lacks nothing, and half of it the rest.
	if n := len(l.Since(l.Heads())); n != 0 {
		t.Fatalf("seed %d: %d ops since the heads", seed, n)
	}
	other := NewLog(w.doc)
	for _, op := range slices.Collect(l.All())[:l.Len()/2] {
		must(other.Add(op))
	}
	for _, op := range l.Since(other.Heads()) {
		if res := must(other.Add(op)); res.Parked {
			t.Fatalf("seed %d: Since is not in topological order", seed)
		}
	}
	if !slices.Equal(other.Heads(), l.Heads()) {
		t.Fatalf("seed %d: Since leaves something out", seed)
	}
}
