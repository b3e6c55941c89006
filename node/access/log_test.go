package access

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/wire"
)

func TestJoiningByALink(t *testing.T) {
	ada, bob, cy := testKey("ada"), testKey("bob"), testKey("cy")
	l, genesis := newTestLog(ada)
	keys := must(DeriveInvite(testSecret("link")))
	op, err := NewInvite(l, ada, keys, Editor, testTime)
	invite := add(t, l, op, err)

	// Bob proves the link to Ada's device and is served.
	challenge := [32]byte{1, 2, 3}
	proof := must(keys.Prove(l.doc, bob.Device(), ada.Device(), challenge))
	if seal, ok := l.VerifyInvite(proof, bob.Device(), ada.Device(), challenge, testTime); !ok || seal != keys.SealHash() {
		t.Fatal("the proof of the link does not verify")
	}
	for name, ok := range map[string]bool{
		"another prover":    second(l.VerifyInvite(proof, cy.Device(), ada.Device(), challenge, testTime)),
		"another verifier":  second(l.VerifyInvite(proof, bob.Device(), cy.Device(), challenge, testTime)),
		"another challenge": second(l.VerifyInvite(proof, bob.Device(), ada.Device(), [32]byte{}, testTime)),
		"cut":               second(l.VerifyInvite(proof[:len(proof)-1], bob.Device(), ada.Device(), challenge, testTime)),
	} {
		if ok {
			t.Errorf("a proof verifies for %s", name)
		}
	}

	if _, _, ok := l.Authority(bob.Device()); ok {
		t.Fatal("Bob has a role before he is let in")
	}
	grant := join(t, l, ada, bob, keys)
	check := func(d wire.Device, want Role, by *Op) {
		t.Helper()
		auth, role, ok := l.Authority(d)
		if !ok || role != want || auth != by.ID.Short() {
			t.Fatalf("got %v %s %v", auth, role, ok)
		}
		if role, ok := l.RoleOf(auth, d); !ok || role != want {
			t.Fatalf("RoleOf: got %s %v", role, ok)
		}
	}
	check(ada.Device(), Owner, genesis)
	check(bob.Device(), Editor, grant)
	// An editor lets others in, too; who is senior follows the tree of grants.
	second := join(t, l, bob, cy, keys)
	check(cy.Device(), Editor, second)
	if _, ok := l.RoleOf(grant.ID.Short(), cy.Device()); ok {
		t.Fatal("Bob's grant gives Cy a role")
	}
	if !l.Senior(genesis.ID.Short(), ada.Device(), second.ID.Short(), cy.Device()) ||
		!l.Senior(grant.ID.Short(), bob.Device(), second.ID.Short(), cy.Device()) ||
		l.Senior(second.ID.Short(), cy.Device(), grant.ID.Short(), bob.Device()) {
		t.Fatal("seniority is wrong")
	}
	members := l.Members()
	if len(members) != 3 || members[0].Device != ada.Device() || members[1].Seal != bob.SealHash() {
		t.Fatalf("members: %+v", members)
	}
	if epoch, d := l.Epoch(); epoch != (wire.EpochID{7}) || d != ada.Device() {
		t.Fatal("wrong epoch")
	}
	if d, ok := l.Rotator(wire.EpochID{7}); !ok || d != ada.Device() {
		t.Fatal("wrong rotator")
	}
	if _, ok := l.Rotator(wire.EpochID{8}); ok {
		t.Fatal("an epoch nobody announced has a rotator")
	}
	if !l.Valid(invite.ID) {
		t.Fatal("the invite does not count")
	}
}

func second[A any](_ A, ok bool) bool { return ok }

func TestRequestsThatAreNotAnswered(t *testing.T) {
	ada, bob, cy := testKey("ada"), testKey("bob"), testKey("cy")
	l, _ := newTestLog(ada)
	keys := must(DeriveInvite(testSecret("link")))
	op, err := NewInviteWith(l, ada, keys, InviteTerms{Role: Viewer, MaxUses: 1, Expires: testTime.Add(time.Hour)}, testTime)
	invite := add(t, l, op, err)
	request := func(guest *identity.Key, keys *InviteKeys) *JoinRequest {
		return must(ParseJoinRequest(must(NewJoinRequest(l.doc, invite.ID, keys, guest))))
	}
	check := func(name string, r *JoinRequest, at time.Time, want error) {
		t.Helper()
		if err := CheckJoinRequest(l, r, at); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", name, err, want)
		}
	}
	check("good", request(bob, keys), testTime, nil)
	check("another link's keys", request(bob, must(DeriveInvite(testSecret("other")))), testTime, ErrRequest)
	check("too late", request(bob, keys), testTime.Add(time.Hour), ErrExpired)
	r := request(bob, keys)
	r.Invite = wire.OpID{1}
	check("unknown invite", r, testTime, ErrRequest)
	r = request(bob, keys)
	r.SealPublic = cy.SealPublic()
	check("another's seal key", r, testTime, ErrRequest)
	r = request(bob, keys)
	r.Cert = nil
	check("no certificate", r, testTime, ErrRequest)
	r = request(bob, keys)
	r.Doc[0] ^= 1
	check("another document", r, testTime, ErrRequest)

	join(t, l, ada, bob, keys)
	check("used up", request(cy, keys), testTime, ErrUsedUp)
	check("the same device again", request(bob, keys), testTime, nil)
	if _, err := NewGrantVia(l, bob, request(cy, keys), testTime); !errors.Is(err, ErrRole) {
		t.Errorf("a viewer lets someone in: %v", err)
	}
	if _, err := NewInvite(l, bob, keys, Viewer, testTime); !errors.Is(err, ErrRole) {
		t.Errorf("a viewer invites: %v", err)
	}
}

// forge signs an op without asking whether its author may.
func forge(l *Log, key *identity.Key, kind Kind, auth wire.OpID, prev []wire.OpID, body any) *Op {
	prev = slices.Clone(prev)
	slices.SortFunc(prev, compareIDs)
	return must(sign(key, opHeader{Doc: l.doc.Short(), Kind: kind, Auth: auth, Prev: prev, TS: millis(testTime)}, body))
}

func TestOpsWithoutRightAreDropped(t *testing.T) {
	ada, bob, eve := testKey("ada"), testKey("bob"), testKey("eve")
	l, genesis := newTestLog(ada)
	keys := must(DeriveInvite(testSecret("link")))
	op, err := NewInvite(l, ada, keys, Editor, testTime)
	invite := add(t, l, op, err)
	viewKeys := must(DeriveInvite(testSecret("view")))
	op, err = NewInvite(l, ada, viewKeys, Viewer, testTime)
	view := add(t, l, op, err)
	grant := join(t, l, ada, bob, keys)
	heads := l.Heads()

	toEve := func(role Role, via ...Via) *Grant {
		return &Grant{User: eve.UserID(), Role: role, Via: via, Devices: []GrantDevice{{Device: eve.Device(), Seal: eve.SealHash()}}}
	}
	proof := func(k *InviteKeys, d *identity.Key) wire.Signature {
		return k.key.Sign(wire.DomainInviteProof, proofBody(l.doc, d.Device(), d.SealHash()))
	}
	for name, op := range map[string]*Op{
		"a stranger under an owner's authority":    forge(l, eve, KindGrant, genesis.ID, heads, toEve(Editor)),
		"an editor granting without an invite":     forge(l, bob, KindGrant, grant.ID, heads, toEve(Viewer)),
		"an editor inviting":                       forge(l, bob, KindInvite, grant.ID, heads, &Invite{Sign: keys.Public(), Role: Viewer}),
		"an authority that is not in the past":     forge(l, bob, KindGrant, grant.ID, []wire.OpID{view.ID}, toEve(Editor, Via{Invite: invite.ID, Proof: proof(keys, eve)})),
		"an invite that is not in the past":        forge(l, ada, KindGrant, genesis.ID, []wire.OpID{genesis.ID}, toEve(Editor, Via{Invite: invite.ID, Proof: proof(keys, eve)})),
		"an authority that gives none":             forge(l, ada, KindGrant, invite.ID, heads, toEve(Editor)),
		"a proof for another device":               forge(l, bob, KindGrant, grant.ID, heads, toEve(Editor, Via{Invite: invite.ID, Proof: proof(keys, bob)})),
		"a proof by another link":                  forge(l, bob, KindGrant, grant.ID, heads, toEve(Editor, Via{Invite: invite.ID, Proof: proof(viewKeys, eve)})),
		"more than the invite gives":               forge(l, bob, KindGrant, grant.ID, heads, toEve(Editor, Via{Invite: view.ID, Proof: proof(viewKeys, eve)})),
		"a doorkeeper by an ordinary invite":       forge(l, bob, KindGrant, grant.ID, heads, toEve(Doorkeeper, Via{Invite: invite.ID, Proof: proof(keys, eve)})),
		"something by way of what is no invite":    forge(l, bob, KindGrant, grant.ID, heads, toEve(Editor, Via{Invite: grant.ID, Proof: proof(keys, eve)})),
		"a stranger under an authority unheard of": forge(l, eve, KindInvite, wire.OpID{9}, heads, &Invite{Sign: keys.Public(), Role: Viewer}),
	} {
		if _, err := l.Add(op); !errors.Is(err, ErrVoid) {
			t.Errorf("%s: %v", name, err)
		}
		if l.Has(op.ID) {
			t.Errorf("%s: was kept", name)
		}
		// Nor is anything that follows it, before or after it is known to be void.
		child := forge(l, ada, KindGrant, genesis.ID, []wire.OpID{op.ID}, toEve(Editor))
		if _, err := l.Add(child); !errors.Is(err, ErrVoid) {
			t.Errorf("%s: what follows it: %v", name, err)
		}
		fresh := NewLog(l.doc)
		for o := range l.All() {
			must(fresh.Add(o))
		}
		if res := must(fresh.Add(child)); !res.Parked {
			t.Errorf("%s: what follows it was not parked", name)
		}
		if res, err := fresh.Add(op); !errors.Is(err, ErrVoid) || len(res.Dropped) != 1 || len(fresh.Missing()) != 0 {
			t.Errorf("%s: after what follows it: %v, %d dropped, %d missing", name, err, len(res.Dropped), len(fresh.Missing()))
		}
	}
	if _, _, ok := l.Authority(eve.Device()); ok {
		t.Error("Eve has a role")
	}
	other, _ := newTestLog(bob)
	for o := range other.All() {
		if _, err := l.Add(o); !errors.Is(err, ErrGenesis) {
			t.Errorf("genesis of another document: %v", err)
		}
	}
	op = must(NewInvite(other, bob, keys, Editor, testTime))
	if _, err := l.Add(op); !errors.Is(err, ErrDocument) {
		t.Errorf("op of another document: %v", err)
	}
}

func TestKindsNotJudgedAreKept(t *testing.T) {
	ada := testKey("ada")
	l, genesis := newTestLog(ada)
	body := struct {
		_ struct{} `cbor:",toarray"`
		A uint64
		B []byte
	}{A: 1, B: []byte("later")}
	later := forge(l, ada, Kind(99), genesis.ID, l.Heads(), body)
	add(t, l, later, nil)
	add(t, l, forge(l, ada, Kind(200), genesis.ID, l.Heads(), body), nil)
	if got := l.Ignored(); got[Kind(99)] != 1 || got[Kind(200)] != 1 || len(got) != 2 {
		t.Fatalf("ignored: %v", got)
	}
	if l.Valid(later.ID) {
		t.Fatal("an op that is not judged counts")
	}
	// Writers follow them, so that newer nodes see what was known.
	op := must(NewInvite(l, ada, must(DeriveInvite(testSecret("x"))), Editor, testTime))
	if !slices.Equal(op.Prev, l.Heads()) {
		t.Fatal("a new op does not follow the heads")
	}
	if got := l.Since([]wire.OpID{genesis.ID}); len(got) != 2 || got[0].ID != later.ID {
		t.Fatalf("since the genesis: %d ops", len(got))
	}
}

func TestParkedOpsAreBounded(t *testing.T) {
	ada := testKey("ada")
	l, genesis := newTestLog(ada)
	var ops []*Op
	for i := range 40 {
		ops = append(ops, forge(l, ada, Kind(99), genesis.ID, []wire.OpID{{byte(i), 1}}, [][]byte{make([]byte, 7<<10)}))
	}
	// As many as fit, many times over, by way of different unknown predecessors.
	l.parked.bytes = MaxParkedBytes - 100<<10
	base := l.parked.bytes
	for _, op := range ops {
		if res := must(l.Add(op)); !res.Parked {
			t.Fatal("was not parked")
		}
	}
	if l.parked.bytes > MaxParkedBytes {
		t.Fatalf("%d bytes parked", l.parked.bytes)
	}
	held := 0
	for _, op := range l.parked.ops {
		held += len(op.Raw)
	}
	if held+base != l.parked.bytes || len(l.Missing()) != len(l.parked.ops) {
		t.Fatalf("%d bytes held, %d accounted; %d missing, %d parked", held, l.parked.bytes-base, len(l.Missing()), len(l.parked.ops))
	}
	if l.parked.ops[ops[len(ops)-1].ID] == nil || l.parked.ops[ops[0].ID] != nil {
		t.Fatal("it is not the oldest that were forgotten")
	}
}

func TestLoadTakesOpsInAnyOrder(t *testing.T) {
	ada := testKey("ada")
	l, genesis := newTestLog(ada)
	for range 300 {
		add(t, l, forge(l, ada, Kind(99), genesis.ID, l.Heads(), [][]byte{{1}}), nil)
	}
	ops := slices.Collect(l.All())
	slices.Reverse(ops)
	back := NewLog(l.doc)
	if res := back.Load(ops); len(res.Added) != len(ops) || len(res.Dropped) != 0 || res.Parked {
		t.Fatalf("added %d of %d, dropped %d", len(res.Added), len(ops), len(res.Dropped))
	}
	if !slices.Equal(back.Heads(), l.Heads()) {
		t.Fatal("heads differ")
	}
	// With a hole in it, what follows the hole waits.
	ops = slices.Delete(ops, 150, 151)
	back = NewLog(l.doc)
	if res := back.Load(ops); !res.Parked || len(back.Missing()) != 1 {
		t.Fatalf("missing %d", len(back.Missing()))
	}
}

func TestMergeJoinsManyHeads(t *testing.T) {
	ada := testKey("ada")
	l, genesis := newTestLog(ada)
	if _, err := NewMerge(l, ada, testTime); !errors.Is(err, ErrMalformed) {
		t.Fatalf("a merge of one head: %v", err)
	}
	for i := range 40 {
		add(t, l, forge(l, ada, Kind(99), genesis.ID, []wire.OpID{genesis.ID}, [][]byte{{byte(i)}}), nil)
	}
	for range 3 {
		op, err := NewMerge(l, ada, testTime)
		add(t, l, op, err)
		if !l.Valid(op.ID) {
			t.Fatal("the merge does not count")
		}
	}
	if n := len(l.Heads()); n != 1 {
		t.Fatalf("%d heads are left", n)
	}
}
