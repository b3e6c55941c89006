package oplog

import (
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/wire"
)

type anyone struct{}

func (anyone) RoleOf(wire.Auth, wire.Device) (access.Role, bool) { return access.Owner, true }

// TestChainClash: two chains whose shortened ids are equal cannot be made in a
// test, so one is planted. Entries of the other are ignored, not mixed in.
func TestChainClash(t *testing.T) {
	key, err := identity.Generate(rand.NewChaCha8([32]byte{1}))
	if err != nil {
		t.Fatal(err)
	}
	e, err := Sign(key, Header{Author: key.Device()}, nil)
	if err != nil {
		t.Fatal(err)
	}
	c := NewChains(wire.DocID{})
	c.begin(e)
	c.chains[e.chain].inc = 5
	next, err := Sign(key, Header{Author: key.Device(), Seq: 1, Prev: e.ID}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if v := c.Check(anyone{}, next); v.Action != Ignore || !errors.Is(v.Reason, ErrChainClash) {
		t.Errorf("checked: %v", v)
	}
	if kept, v := c.CheckRun(anyone{}, []*Entry{next}); len(kept) > 0 || v.Action != Ignore || !errors.Is(v.Reason, ErrChainClash) {
		t.Errorf("run: %v", v)
	}
	if change := c.Append(next); change.Kind != Unchanged {
		t.Errorf("appended: %v", change)
	}
}
