//go:build !js

package node_test

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"github.com/sheafdocs/sheaf/node"
	"github.com/sheafdocs/sheaf/node/gossip"
	"github.com/sheafdocs/sheaf/node/nodetest"
	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/seal"
	"github.com/sheafdocs/sheaf/node/wire"
)

// TestMaliciousEditorWithholdsAndForgesKeys makes a new key for the document and
// gives it to nobody, then gives junk in its place, while it writes under it.
// The others go on under the key they have, and read what was written once the
// true key comes.
func TestMaliciousEditorWithholdsAndForgesKeys(t *testing.T) {
	nodetest.Run(t, 1, 3, func(w *nodetest.World) {
		s := newSiege(w, true)
		s.enemy.OfferOnly(s.id)
		if err := node.Rotate(s.lair); err != nil {
			t.Fatal(err)
		}
		x := node.NewAttacker(s.lair, 1)
		e := says(x, "HIDDEN ")
		s.send(e)
		undecided := func() {
			s.t.Helper()
			for _, d := range []*node.Document{s.owner, s.honest} {
				if d.Counts(x.Chain()) != 1 || d.Applied(x.Chain()) != 0 {
					s.t.Errorf("of the entry without a key %d count and %d are decided, want 1 and 0", d.Counts(x.Chain()), d.Applied(x.Chain()))
				}
			}
		}
		s.stands(false, "HIDDEN")
		undecided()

		junk := s.wrap(seal.EpochKey{7}, e.Epoch)
		s.enemy.OfferOnly(s.id, junk)
		s.enemy.Say(gossip.Wrap, junk)
		s.chat()
		time.Sleep(time.Minute)
		s.stands(false, "HIDDEN")
		undecided()

		s.enemy.OfferAll(s.id)
		s.Await("the key to come", 3*time.Minute, func() bool {
			return strings.Contains(s.owner.Text(), "HIDDEN") && strings.Contains(s.honest.Text(), "HIDDEN")
		})
		s.stands(false)
	})
}

// TestWhatHostileMembersLeaveIsBounded has a member leave more with the honest
// nodes than any may keep in memory.
func TestWhatHostileMembersLeaveIsBounded(t *testing.T) {
	for _, c := range []struct {
		name  string
		leave func(s *siege)
		kept  func(b node.Burden) (kept, least int)
	}{
		{"entries under unknown keys", leaveKeyless, func(b node.Burden) (int, int) { return b.HeldBytes, 31 << 20 }},
		{"wraps of unknown keys", leaveWraps, func(b node.Burden) (int, int) { return b.EarlyWraps, 512 }},
		{"entries that depend on what is not there", leaveClaims, func(b node.Burden) (int, int) { return b.KnownHeads, 4096 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			nodetest.Run(t, 1, 3, func(w *nodetest.World) {
				s := newSiege(w, true)
				c.leave(s)
				for _, d := range []*node.Document{s.owner, s.honest} {
					b := node.BurdenOf(d)
					s.t.Logf("%+v", b)
					if kept, least := c.kept(b); kept < least {
						s.t.Errorf("%d are kept: the attack does not come to the limit", kept)
					}
				}
				s.stands(false)
			})
		})
	}
}

// leaveKeyless sends 36 MB of entries that nobody can open.
func leaveKeyless(s *siege) {
	x := node.NewAttacker(s.lair, 1)
	var list []*oplog.Entry
	for range 600 {
		list = append(list, x.Sign(seal.Payload{Body: bytes.Repeat([]byte{7}, seal.MaxBodyBytes)}, func(h *oplog.Header) {
			h.Epoch, h.NumOps = wire.EpochID{1, 2, 3}, 1
		}))
	}
	s.send(list...)
	s.Await("all to be taken", 5*time.Minute, func() bool {
		return s.owner.Counts(x.Chain()) == 600 && s.honest.Counts(x.Chain()) == 600
	})
}

// leaveWraps gives keys of epochs that were never announced.
func leaveWraps(s *siege) {
	for i := range 700 {
		s.enemy.Say(gossip.Wrap, s.wrap(seal.EpochKey{1}, wire.EpochID{byte(i), byte(i >> 8)}))
	}
	s.chat()
	time.Sleep(10 * time.Second)
}

// leaveClaims begins many chains, each with an entry that depends on one of
// another that does not exist.
func leaveClaims(s *siege) {
	var list []*oplog.Entry
	for i := range 4200 {
		var dep seal.Dep
		binary.BigEndian.PutUint32(dep.Chain[:], uint32(i))
		list = append(list, node.NewAttacker(s.lair, uint32(100+i)).Sign(seal.Payload{Deps: []seal.Dep{dep}}, nil))
	}
	s.send(list...)
	last := list[len(list)-1]
	s.Await("all to be taken", 5*time.Minute, func() bool {
		return s.owner.Counts(last.Chain()) == 1 && s.honest.Counts(last.Chain()) == 1
	})
}
