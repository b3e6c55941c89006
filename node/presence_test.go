package node

import (
	"context"
	"crypto/rand"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sheafdocs/sheaf/crdt/awareness"
	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/gossip"
	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/seal"
)

// A caller is a device whose presence the test sends by hand.
type caller struct {
	w       *wrapWorld
	key     *identity.Key
	client  uint64
	counter uint64
	epoch   seal.HeldKey
	frame   oplog.Presence // without its counter and state
}

// letIn gives a new device a role; it sends frames under the key held now.
func (w *wrapWorld) letIn(role access.Role) *caller {
	w.t.Helper()
	key, err := identity.Generate(rand.Reader)
	if err != nil {
		w.t.Fatal(err)
	}
	_, err = w.d.Invite(context.Background(), Invitee{
		User:    key.UserID(),
		Devices: []access.GrantDevice{{Device: key.Device(), Seal: key.SealHash(), Kind: access.DeviceNative}},
		Seals:   [][]byte{key.SealPublic()},
	}, role)
	if err != nil {
		w.t.Fatal(err)
	}
	c := &caller{w: w, key: key, client: 1000 + uint64(role), epoch: w.held()}
	w.d.mu.Lock()
	auth, _, _ := w.d.access.Authority(key.Device())
	w.d.mu.Unlock()
	c.frame = oplog.Presence{Doc: w.d.id.Short(), Author: key.Device(), Auth: auth, Epoch: c.epoch.Epoch, Session: oplog.SessionID{byte(role)}}
	return c
}

// sign makes the device's next frame. An empty state says that it left.
func (c *caller) sign(state string) []byte {
	c.w.t.Helper()
	c.counter++
	p := c.frame
	p.Counter = c.counter
	sealer, err := seal.NewPresenceSealer(c.epoch.Key, c.w.d.id, c.key.Device())
	if err != nil {
		c.w.t.Fatal(err)
	}
	e := awareness.Entry{Client: c.client, Clock: c.counter}
	if state != "" {
		e.State = []byte(state)
	}
	if p.Ct, err = sealer.Seal(p.AAD(), seal.PresenceState{Awareness: awareness.AppendUpdate(nil, e)}); err != nil {
		c.w.t.Fatal(err)
	}
	if p, err = oplog.SignPresence(c.key, p); err != nil {
		c.w.t.Fatal(err)
	}
	return p.Encode()
}

// hear has the document judge a frame as gossip does, and take it if it may.
func (c *caller) hear(raw []byte) oplog.Verdict {
	v := c.w.d.CheckPresence(raw)
	if v.Action == oplog.Accept {
		c.w.d.Deliver(c.key.Device(), gossip.Message{Kind: gossip.Presence, Body: raw})
	}
	return v
}

// shown is what a page of the owner shows of the device, or "".
func (c *caller) shown(page *Session) string {
	c.w.t.Helper()
	entries, err := awareness.Decode(page.People())
	if err != nil {
		c.w.t.Fatal(err)
	}
	for _, e := range entries {
		if e.Client == c.client {
			return string(e.State)
		}
	}
	return ""
}

func (w *wrapWorld) page() *Session {
	w.t.Helper()
	lease, err := w.d.Lease(context.Background(), "")
	if err != nil {
		w.t.Fatal(err)
	}
	return lease.Session
}

// TestPresenceIsOfMembersWhoRead: a viewer's caret shows like an editor's; one
// of a doorkeeper does not, nor of who was removed, who still has the old key.
func TestPresenceIsOfMembersWhoRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWrapWorld(t)
		page := w.page()
		const caret = `{"at":1}`
		viewer := w.letIn(access.Viewer)
		for _, c := range []*caller{viewer, w.letIn(access.Editor)} {
			if v := c.hear(c.sign(caret)); v.Action != oplog.Accept || c.shown(page) != caret {
				t.Errorf("a member's presence: %v, shown %q", v, c.shown(page))
			}
		}
		if keeper := w.letIn(access.Doorkeeper); keeper.hear(keeper.sign(caret)).Action == oplog.Accept || keeper.shown(page) != "" {
			t.Error("a doorkeeper is shown as present")
		}
		before := viewer.sign(caret)
		if _, err := w.d.Remove(context.Background(), RemoveOptions{Device: viewer.key.Device()}); err != nil {
			t.Fatal(err)
		}
		if got := viewer.shown(page); got != "" {
			t.Errorf("a removed device is still shown: %q", got)
		}
		for name, raw := range map[string][]byte{"made before": before, "made after": viewer.sign(caret)} {
			if v := viewer.hear(raw); v.Action != oplog.Ignore || !errors.Is(v.Reason, oplog.ErrNoAuthority) || viewer.shown(page) != "" {
				t.Errorf("a removed device's presence %s: %v, shown %q", name, v, viewer.shown(page))
			}
		}
	})
}

// TestReplayedPresenceIsRefused: frames sent again, by whomever, bring back
// neither a caret that has moved nor a person who has left.
func TestReplayedPresenceIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWrapWorld(t)
		page, c := w.page(), w.letIn(access.Editor)
		first, moved, left := c.sign(`{"at":1}`), c.sign(`{"at":2}`), c.sign("")
		replay := func(when string, raws ...[]byte) {
			t.Helper()
			want := c.shown(page)
			for i, raw := range raws {
				if v := c.hear(raw); v.Action != oplog.Ignore || !errors.Is(v.Reason, oplog.ErrDuplicate) || c.shown(page) != want {
					t.Errorf("%s frame %d again: %v, shown %q, want %q", when, i, v, c.shown(page), want)
				}
			}
		}
		c.hear(first)
		c.hear(moved)
		if c.shown(page) != `{"at":2}` {
			t.Fatalf("shown: %q", c.shown(page))
		}
		replay("while present", first, moved)
		c.hear(left)
		if c.shown(page) != "" {
			t.Fatalf("who left is shown: %q", c.shown(page))
		}
		time.Sleep(time.Minute) // also when nothing of it is remembered but the counter
		replay("after leaving", first, moved, left)
	})
}

// TestPresenceTellsWhatIsHeld: a digest of it goes along every 30 seconds, and
// is another one when something was written.
func TestPresenceTellsWhatIsHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWrapWorld(t)
		digest := func() string {
			w.d.mu.Lock()
			defer w.d.mu.Unlock()
			return string(w.d.dueDigest())
		}
		first := digest()
		if first == "" || digest() != "" {
			t.Error("the digest is not told once in its interval")
		}
		time.Sleep(digestInterval)
		if digest() != first {
			t.Error("the digest changed, and nothing was written")
		}
		w.letIn(access.Viewer)
		time.Sleep(digestInterval)
		if got := digest(); got == "" || got == first {
			t.Error("the digest did not change with what is held")
		}
	})
}
