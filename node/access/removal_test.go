package access

import (
	"slices"
	"testing"

	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/wire"
)

// A scene is a document of ada's, in which ops are made by name on chosen
// predecessors.
type scene struct {
	t       *testing.T
	l       *Log
	genesis *Op
	ada     *identity.Key
}

func newScene(t *testing.T) *scene {
	ada := testKey("ada")
	l, genesis := newTestLog(ada)
	return &scene{t: t, l: l, genesis: genesis, ada: ada}
}

// op adds an op by a key under auth, after auth and the ops given.
func (s *scene) op(key *identity.Key, kind Kind, auth *Op, body any, after ...*Op) *Op {
	s.t.Helper()
	prev := []wire.OpID{auth.ID}
	for _, o := range after {
		prev = append(prev, o.ID)
	}
	slices.SortFunc(prev, compareIDs)
	return add(s.t, s.l, forge(s.l, key, kind, auth.ID, slices.Compact(prev), body), nil)
}

func grantTo(role Role, keys ...*identity.Key) *Grant {
	g := &Grant{User: keys[0].UserID(), Role: role}
	for _, k := range keys {
		g.Devices = append(g.Devices, GrantDevice{Device: k.Device(), Seal: k.SealHash()})
	}
	return g
}

func (s *scene) grant(by *identity.Key, auth *Op, role Role, to *identity.Key, after ...*Op) *Op {
	s.t.Helper()
	return s.op(by, KindGrant, auth, grantTo(role, to), after...)
}

func (s *scene) revoke(by *identity.Key, auth, target *Op, after ...*Op) *Op {
	s.t.Helper()
	return s.op(by, KindRevoke, auth, &Revoke{Target: Target{Op: target.ID}}, after...)
}

// valid checks which of ops are Valid.
func (s *scene) valid(what string, want bool, ops ...*Op) {
	s.t.Helper()
	for _, op := range ops {
		if got := s.l.Valid(op.ID); got != want {
			s.t.Errorf("%s: %s is Valid: %v, want %v", what, op.Kind, got, want)
		}
	}
}

// member checks that a device has a role now.
func (s *scene) member(what string, key *identity.Key, want bool) {
	s.t.Helper()
	if _, role, ok := s.l.Authority(key.Device()); ok != want {
		s.t.Errorf("%s: member %v (%s), want %v", what, ok, role, want)
	}
}

// TestARemovedOwnerCannotComeBack removes an owner: whom they let in before stays,
// and nothing they do beside the removal, backdated or not, or after it counts.
func TestARemovedOwnerCannotComeBack(t *testing.T) {
	s := newScene(t)
	bob, cy, sock, late := testKey("bob"), testKey("cy"), testKey("sock"), testKey("late")
	toBob := s.grant(s.ada, s.genesis, Owner, bob)
	toCy := s.grant(bob, toBob, Editor, cy)
	out := s.revoke(s.ada, s.genesis, toBob, toCy)
	s.valid("before the removal", true, toCy, out)

	beside := s.grant(bob, toBob, Owner, sock)      // backdated
	again := s.grant(sock, beside, Owner, bob)      // and by whom it let in
	after := s.grant(bob, toBob, Editor, late, out) // as if nothing had happened
	self := s.op(bob, KindDevAdd, toBob, &DevAdd{Device: late.Device(), Seal: late.SealHash()})
	counter := s.revoke(bob, toBob, s.genesis) // against who removed
	closing := s.revoke(bob, toBob, toCy)
	s.valid("by the removed one", false, beside, again, after, self, counter, closing)
	s.member("removed", bob, false)
	s.member("sock puppet", sock, false)
	s.member("late guest", late, false)
	s.member("let in before", cy, true)
	s.member("creator", s.ada, true)
	if !s.l.Ended(bob.Device()) || s.l.Ended(cy.Device()) || s.l.Ended(sock.Device()) {
		t.Error("ended are others than bob")
	}
	if role, ok := s.l.RoleOf(toBob.ID.Short(), bob.Device()); !ok || role != Owner {
		t.Errorf("what bob wrote before is judged by %s, %v", role, ok)
	}

	back := s.grant(s.ada, s.genesis, Viewer, bob, out)
	s.member("let in again", bob, true)
	s.valid("let in again", true, back)
	s.valid("let in again, by the old role", false, beside, after)
}
