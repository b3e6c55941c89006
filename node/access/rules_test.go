package access

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/wire"
)

func (s *scene) devAdd(by *identity.Key, auth *Op, d *identity.Key, after ...*Op) *Op {
	s.t.Helper()
	return s.op(by, KindDevAdd, auth, &DevAdd{Device: d.Device(), Seal: d.SealHash()}, after...)
}

// stated makes a statement of a key's first chain.
func stated(key *identity.Key, seq uint64) []Statement {
	return []Statement{{Device: key.Device(), Seq: seq, ID: wire.EntryID{byte(seq)}}}
}

func (s *scene) limit(what string, auth *Op, key *identity.Key, inc uint32, want Limit) {
	s.t.Helper()
	if got := s.l.Limit(auth.ID.Short(), key.Device(), inc); got != want {
		s.t.Errorf("%s: %+v counts, want %+v", what, got, want)
	}
}

func TestAJuniorNeverRemovesASenior(t *testing.T) {
	s := newScene(t)
	bob, cy, dan := testKey("bob"), testKey("cy"), testKey("dan")
	toBob := s.grant(s.ada, s.genesis, Owner, bob)
	toCy := s.grant(s.ada, s.genesis, Owner, cy, toBob)
	toDan := s.grant(bob, toBob, Editor, dan)
	s.revoke(cy, toCy, toBob)
	s.revoke(bob, toBob, s.genesis)
	s.revoke(dan, toDan, toCy)
	for _, key := range []*identity.Key{s.ada, bob, cy, dan} {
		s.member("revokes by juniors", key, true)
	}
	// Below owner any owner may, whoever let them in.
	s.revoke(cy, toCy, toDan)
	s.member("an editor", dan, false)
	s.revoke(bob, toBob, toCy)
	s.member("a junior owner", cy, false)
}

func TestALostDeviceGoesWithThoseItAdded(t *testing.T) {
	s := newScene(t)
	phone, laptop, thief, kept, deep := testKey("phone"), testKey("laptop"), testKey("thief"), testKey("kept"), testKey("deep")
	grant := s.op(s.ada, KindGrant, s.genesis, grantTo(Editor, phone, laptop))
	addThief := s.devAdd(laptop, grant, thief)
	addKept := s.devAdd(laptop, grant, kept)
	addDeep := s.devAdd(thief, addThief, deep)
	if m := s.l.Members(); len(m) != 6 || m[len(m)-1].Root != grant.ID || m[5].Role != Editor {
		t.Fatalf("members: %+v", m)
	}
	// Nobody removes a device above their own, or another user's.
	s.op(laptop, KindRevoke, grant, &Revoke{Target: Target{Op: grant.ID, Index: 0}})
	s.op(deep, KindRevoke, addDeep, &Revoke{Target: Target{Op: addThief.ID}})
	s.member("revoke of a senior device", phone, true)
	s.member("revoke of a senior device", thief, true)
	s.op(phone, KindRevoke, grant, &Revoke{
		Target: Target{Op: grant.ID, Index: 1}, Keep: []wire.Device{kept.Device()},
	}, addDeep, addKept)
	late := s.devAdd(thief, addThief, testKey("late"))
	for _, key := range []*identity.Key{laptop, thief, deep, testKey("late")} {
		s.member("removed with the laptop", key, false)
	}
	s.valid("added before", true, addThief, addKept, addDeep)
	s.valid("added beside the removal", false, late)
	s.member("the phone", phone, true)
	s.member("a device that was kept", kept, true)
}

func TestDevicesThatAddEachOtherAreBounded(t *testing.T) {
	s := newScene(t)
	last, auth := s.ada, s.genesis
	for i := range MaxDevAddPath {
		next := testKey(fmt.Sprint("device ", i))
		auth = s.devAdd(last, auth, next)
		last = next
	}
	op := forge(s.l, last, KindDevAdd, auth.ID, []wire.OpID{auth.ID}, &DevAdd{Device: testKey("more").Device()})
	if _, err := s.l.Add(op); !errors.Is(err, ErrVoid) {
		t.Fatalf("a path of %d dev_adds: %v", MaxDevAddPath+1, err)
	}
}

func TestALeaveEndsItsAuthorOnly(t *testing.T) {
	s := newScene(t)
	bob, cy, dan := testKey("bob"), testKey("cy"), testKey("dan")
	toBob := s.grant(s.ada, s.genesis, Owner, bob)
	toCy := s.grant(bob, toBob, Editor, cy)
	leave := s.op(bob, KindLeave, toBob, &Leave{Statements: stated(bob, 4)}, toCy)
	after := s.grant(bob, toBob, Editor, dan, leave)
	s.valid("before the leave", true, toCy, leave)
	s.valid("after the leave", false, after)
	s.member("who left", bob, false)
	s.member("let in before", cy, true)
	s.limit("stated in the leave", toBob, bob, 0, Limit{true, 5})
	s.limit("not stated in the leave", toBob, bob, 1, Limit{true, 0})
	s.limit("another's chain", toCy, cy, 0, Limit{})
	again := s.grant(s.ada, s.genesis, Viewer, bob, leave)
	s.member("let in again", bob, true)
	s.limit("let in again", again, bob, 0, Limit{})
}

// TestALeaveIsCompletedByOwnPinsBeforeIt: what a leave has no room for counts as
// its author's pins before it state, and no pin beside it or by another does.
func TestALeaveIsCompletedByOwnPinsBeforeIt(t *testing.T) {
	s := newScene(t)
	bob, cy := testKey("bob"), testKey("cy")
	toBob := s.grant(s.ada, s.genesis, Editor, bob)
	toCy := s.grant(s.ada, s.genesis, Editor, cy)
	target := Target{Op: toBob.ID}
	on := func(inc uint32, seq uint64) []Statement {
		list := stated(bob, seq)
		list[0].Inc = inc
		return list
	}
	pin := func(by *identity.Key, auth *Op, limit uint8, list []Statement) *Op {
		return s.op(by, KindPin, auth, &Pin{Target: target, Limit: limit, Statements: list}, toBob)
	}
	one := pin(bob, toBob, 1, on(1, 7))
	two := pin(bob, toBob, 1, on(1, 6))
	loose := pin(bob, toBob, 0, on(2, 7))
	other := pin(cy, toCy, 1, on(3, 7))
	pin(bob, toBob, 1, on(4, 7)) // not in the leave's past
	s.limit("before the leave", toBob, bob, 1, Limit{})
	s.op(bob, KindLeave, toBob, &Leave{Statements: on(0, 4)}, one, two, loose, other)
	s.limit("stated in the leave", toBob, bob, 0, Limit{true, 5})
	s.limit("pinned before it, the least", toBob, bob, 1, Limit{true, 7})
	for inc := range uint32(3) {
		s.limit("not pinned by a limit of its author before it", toBob, bob, 2+inc, Limit{true, 0})
	}
}

func TestTheStrongestStatementLimits(t *testing.T) {
	s := newScene(t)
	bob, cy, mob := testKey("bob"), testKey("cy"), testKey("bob's phone")
	toBob := s.grant(s.ada, s.genesis, Owner, bob)
	grant := s.op(bob, KindGrant, toBob, grantTo(Editor, mob, cy))
	target := Target{Op: grant.ID, Index: 1}
	s.limit("at first", grant, cy, 0, Limit{})
	out := s.op(mob, KindRevoke, grant, &Revoke{Target: target, Cuts: stated(cy, 9)})
	s.limit("a device of the same user", grant, cy, 0, Limit{true, 10})
	s.limit("a chain that is not listed", grant, cy, 1, Limit{true, 0})
	s.op(bob, KindPin, toBob, &Pin{Target: target, Limit: 1, Statements: stated(cy, 3)}, grant, out)
	s.limit("an owner lowers", grant, cy, 0, Limit{true, 4})
	s.limit("what the pin does not list", grant, cy, 1, Limit{true, 0})
	s.op(s.ada, KindPin, s.genesis, &Pin{Target: target, Limit: 1, Statements: stated(cy, 20)}, grant)
	s.limit("a senior owner raises", grant, cy, 0, Limit{true, 21})
	s.op(s.ada, KindPin, s.genesis, &Pin{Target: target, Limit: 0, Statements: stated(cy, 1)}, grant, out)
	s.limit("a pin that only chooses", grant, cy, 0, Limit{true, 21})
	s.op(mob, KindPin, grant, &Pin{Target: Target{Op: toBob.ID}, Limit: 1, Statements: stated(bob, 0)})
	s.limit("a pin without right", toBob, bob, 0, Limit{})
	list := s.l.Statements(grant.ID.Short(), cy.Device(), 0)
	if len(list) != 4 || list[0].Seq != 1 || list[1].Seq != 20 || list[2].Seq != 3 || list[3].Seq != 9 {
		t.Errorf("statements, the strongest first: %+v", list)
	}
}

// TestAnOwnerIsStrongerThanASeniorDevice lets a device state more of a device of
// its user than an owner who came later.
func TestAnOwnerIsStrongerThanASeniorDevice(t *testing.T) {
	s := newScene(t)
	phone, laptop, cy := testKey("phone"), testKey("laptop"), testKey("cy")
	grant := s.op(s.ada, KindGrant, s.genesis, grantTo(Editor, phone, laptop))
	toCy := s.grant(s.ada, s.genesis, Owner, cy, grant)
	if !s.l.Senior(grant.ID.Short(), phone.Device(), toCy.ID.Short(), cy.Device()) {
		t.Fatal("the phone is not senior to cy")
	}
	target := Target{Op: grant.ID, Index: 1}
	out := s.op(phone, KindRevoke, grant, &Revoke{Target: target, Cuts: stated(laptop, 9)})
	s.op(cy, KindRevoke, toCy, &Revoke{Target: target, Cuts: stated(laptop, 3)}, grant)
	s.limit("an owner and a senior device", grant, laptop, 0, Limit{true, 4})
	s.op(phone, KindPin, grant, &Pin{Target: target, Limit: 1, Statements: stated(laptop, 9)}, out)
	s.limit("a pin of the device", grant, laptop, 0, Limit{true, 4})
}

// TestRejoiningByAnOldLink removes a guest, who comes by the same link again.
func TestRejoiningByAnOldLink(t *testing.T) {
	for _, closes := range []uint8{0, 1} {
		s := newScene(t)
		eve, bob, new := testKey("eve"), testKey("bob"), testKey("eve's new device")
		keys := must(DeriveInvite(testSecret("link")))
		invite := s.op(s.ada, KindInvite, s.genesis, &Invite{Sign: keys.Public(), Seal: keys.SealHash(), Role: Editor, CloseOnRemoval: closes})
		via := func(key *identity.Key) *Grant {
			g := grantTo(Editor, key)
			g.Via = []Via{{Invite: invite.ID, Proof: keys.key.Sign(wire.DomainInviteProof, proofBody(s.l.doc, key.Device(), key.SealHash()))}}
			return g
		}
		toBob := s.op(s.ada, KindGrant, s.genesis, via(bob), invite)
		toEve := s.op(s.ada, KindGrant, s.genesis, via(eve), invite)
		out := s.revoke(s.ada, s.genesis, toEve, toBob)
		s.valid("let in by the removed one", false, s.op(eve, KindGrant, toEve, via(new)))
		s.member("the removed one's new device", new, false)
		s.valid("let in before", true, toBob)
		if got := s.l.Invites()[0].State; got != InviteState(2*closes) {
			t.Errorf("the link is %d after a removal", got)
		}
		back := s.op(bob, KindGrant, toBob, via(eve), out)
		s.valid("let in after the removal", closes == 0, back)
		other := s.op(s.ada, KindInvite, s.genesis, &Invite{Sign: new.Device(), Role: Editor, CloseOnRemoval: closes}, out)
		shut := s.op(s.ada, KindRevoke, s.genesis, &Revoke{Target: Target{Op: invite.ID}}, out, invite)
		if got := s.l.Invites()[1]; got.Op != other.ID || got.State != InviteOpen {
			t.Errorf("another link is %d after one was taken back", got.State)
		}
		s.valid("let in after the link was taken back", false, s.op(bob, KindGrant, toBob, via(new), shut))
		honest := s.op(bob, KindGrant, toBob, via(testKey("dan"))) // knows of neither
		s.valid("let in by one who did not know", true, honest, toBob)
	}
}

// TestALinkFallsWithItsOwner lets someone in by the link of an owner who had been
// removed when they made it, as comes out later.
func TestALinkFallsWithItsOwner(t *testing.T) {
	s := newScene(t)
	bob, cy := testKey("bob"), testKey("cy")
	toBob := s.grant(s.ada, s.genesis, Owner, bob)
	keys := must(DeriveInvite(testSecret("link")))
	invite := s.op(bob, KindInvite, toBob, &Invite{Sign: keys.Public(), Seal: keys.SealHash(), Role: Editor})
	g := grantTo(Editor, cy)
	g.Via = []Via{{Invite: invite.ID, Proof: keys.key.Sign(wire.DomainInviteProof, proofBody(s.l.doc, cy.Device(), cy.SealHash()))}}
	toCy := s.op(s.ada, KindGrant, s.genesis, g, invite)
	s.valid("by the link", true, toCy)
	s.revoke(s.ada, s.genesis, toBob) // which does not know the link
	s.valid("by the link of a removed owner", false, invite, toCy)
	s.member("who came by it", cy, false)
}

// clean checks which epochs writers may use.
func (s *scene) clean(what string, want ...*Op) {
	s.t.Helper()
	var got, ids []wire.OpID
	for _, e := range s.l.Epochs() {
		if e.Clean {
			got = append(got, e.Op)
		}
	}
	for _, op := range want {
		ids = append(ids, op.ID)
	}
	if !slices.Equal(got, ids) {
		s.t.Errorf("%s: clean are %v, want %v", what, got, ids)
	}
}

func TestAnEpochIsCleanIfItKnowsEveryRemoval(t *testing.T) {
	s := newScene(t)
	bob, cy := testKey("bob"), testKey("cy")
	toBob, toCy := s.grant(s.ada, s.genesis, Editor, bob), s.grant(s.ada, s.genesis, Editor, cy)
	first := s.op(bob, KindRotate, toBob, &Rotate{Epoch: wire.EpochID{2}})
	s.clean("at first", first, s.genesis)
	out := s.revoke(s.ada, s.genesis, toBob, first)
	s.clean("after a removal")
	second := s.op(cy, KindRotate, toCy, &Rotate{Epoch: wire.EpochID{3}}, out)
	s.clean("after a rotation", second)
	s.op(bob, KindRotate, toBob, &Rotate{Epoch: wire.EpochID{4}}, out)
	s.op(bob, KindLeave, toBob, &Leave{})
	s.clean("whatever the removed one does", second)
	s.op(cy, KindLeave, toCy, &Leave{}, second)
	s.clean("after a leave")
	if s.l.RotateTurn(s.ada.Device()) != 0 || s.l.RotateTurn(cy.Device()) != -1 {
		t.Error("it is not ada's turn alone")
	}
}

// TestWhatEndsNothingForcesNoRotation: any member could make as many revokes as
// its quota allows, and everyone would have to make a new key for each.
func TestWhatEndsNothingForcesNoRotation(t *testing.T) {
	s := newScene(t)
	bob, cy := testKey("bob"), testKey("cy")
	toBob, toCy := s.grant(s.ada, s.genesis, Editor, bob), s.grant(s.ada, s.genesis, Editor, cy)
	link := s.op(s.ada, KindInvite, s.genesis, &Invite{Sign: cy.Device(), Role: Viewer})
	s.clean("at first", s.genesis)
	void := []*Op{
		s.revoke(bob, toBob, toCy, toCy),      // another's authority
		s.revoke(bob, toBob, s.genesis),       // its senior's
		s.revoke(bob, toBob, link, link),      // a link, which is for owners
		s.revoke(bob, toBob, toBob, toBob),    // nobody is senior to oneself
		s.revoke(s.ada, s.genesis, s.genesis), // an owner's too
	}
	s.valid("what ends nothing", true, void...)
	s.clean("after revokes that end nothing", s.genesis)

	out := s.revoke(s.ada, s.genesis, toCy, toCy)
	s.clean("after a removal")
	next := s.op(s.ada, KindRotate, s.genesis, &Rotate{Epoch: wire.EpochID{2}}, out)
	s.clean("after a rotation", next)
	s.op(cy, KindLeave, toCy, &Leave{})
	s.revoke(s.ada, s.genesis, toCy, toCy, link)
	s.clean("after ending again what is ended", next)

	taken := s.revoke(s.ada, s.genesis, link, link)
	s.clean("after a link was taken back")
	s.clean("after a rotation", s.op(s.ada, KindRotate, s.genesis, &Rotate{Epoch: wire.EpochID{3}}, out, taken))
}

// TestALeaveThatIsNotValidForcesARotation: it takes effect all the same, and who
// left has the key.
func TestALeaveThatIsNotValidForcesARotation(t *testing.T) {
	s := newScene(t)
	bob := testKey("bob")
	toBob := s.grant(s.ada, s.genesis, Editor, bob)
	left := s.op(bob, KindLeave, toBob, &Leave{})
	next := s.op(s.ada, KindRotate, s.genesis, &Rotate{Epoch: wire.EpochID{2}}, left)
	s.grant(s.ada, s.genesis, Editor, bob, next)
	s.clean("after coming back", next)
	again := s.op(bob, KindLeave, toBob, &Leave{}, left) // under what had ended
	s.valid("after a leave", false, again)
	s.member("who left again", bob, false)
	s.clean("after leaving again")
}

// TestARemovalAlwaysFits floods the log by a device of a user, whose other device
// then removes it.
func TestARemovalAlwaysFits(t *testing.T) {
	s := newScene(t)
	phone, laptop := testKey("phone"), testKey("laptop")
	grant := s.op(s.ada, KindGrant, s.genesis, grantTo(Editor, phone, laptop))
	for _, key := range []*identity.Key{phone, laptop} {
		for i := range MaxOpsPerAuthority + 20 {
			s.op(key, KindRotate, grant, &Rotate{Epoch: wire.EpochID{1, byte(i), byte(i >> 8)}})
		}
	}
	op, err := NewRevoke(s.l, phone, Target{Op: grant.ID, Index: 1}, nil, nil, testTime)
	add(t, s.l, op, err)
	s.valid("after a flood", true, op)
	s.member("who flooded", laptop, false)
	op, err = NewRevoke(s.l, s.ada, Target{Op: grant.ID, Index: 0}, nil, nil, testTime)
	add(t, s.l, op, err)
	s.valid("after a flood", true, op)
	s.member("who flooded", phone, false)
	s.member("whom nobody let in again", laptop, false)
}

// TestARemovedDeviceCannotTakeBackItsRevoke is the counter-example of
// docs/adr/0012: backdated revokes would push an earlier one out of its quota.
func TestARemovedDeviceCannotTakeBackItsRevoke(t *testing.T) {
	s := newScene(t)
	x, h := testKey("x"), testKey("h")
	grant := s.op(s.ada, KindGrant, s.genesis, grantTo(Editor, x, h))
	later := s.op(s.ada, KindInvite, s.genesis, &Invite{Sign: x.Device(), Role: Viewer}, grant)
	one := s.op(x, KindRevoke, grant, &Revoke{Target: Target{Op: grant.ID, Index: 1}}, later)
	s.revoke(s.ada, s.genesis, grant, one)
	for i := range MaxRemovalsPerAuthority {
		s.op(x, KindRevoke, grant, &Revoke{Target: Target{Op: grant.ID, Index: uint32(i % 16)}, Keep: []wire.Device{{byte(i)}}})
	}
	s.valid("what was done before the removal", true, one)
	s.member("the accomplice", h, false)
}

func TestTheLastSettingCounts(t *testing.T) {
	s := newScene(t)
	bob, r := testKey("bob"), testKey("relay")
	toBob := s.grant(s.ada, s.genesis, Owner, bob)
	one := s.op(bob, KindPolicy, toBob, &newPolicy{Policy: Policy{History: 1}})
	s.op(bob, KindRelay, toBob, &Relays{Devices: []wire.Device{r.Device()}, Topic: "one"}, one)
	if s.l.Policy().History != 1 || s.l.Relays().Topic != "one" || len(s.l.Relays().Devices) != 1 {
		t.Errorf("policy %v, relays %+v", s.l.Policy(), s.l.Relays())
	}
	two := s.op(s.ada, KindPolicy, s.genesis, &newPolicy{Policy: Policy{History: 2}}, one)
	if s.l.Policy().History != 2 {
		t.Errorf("policy %v", s.l.Policy())
	}
	s.revoke(s.ada, s.genesis, toBob, two)
	if s.l.Relays().Topic != "" {
		t.Error("a removed owner's relays are still named")
	}
}
