//go:build !js

package node_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sheafdocs/sheaf/node"
	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/store/memstore"
	"github.com/sheafdocs/sheaf/node/wire"
)

// TestNamesAreKnownWithoutAPage has two nodes tell each other what they are
// called though nobody opens an editor: when one is let in, and when a name
// changes. It is said once, and makes no document look edited.
func TestNamesAreKnownWithoutAPage(t *testing.T) {
	ctx := context.Background()
	a, b := start(t), start(t)
	for n, name := range map[*node.Node]string{a: "Ada", b: "Ben"} {
		if err := n.SetName(ctx, name); err != nil {
			t.Fatal(err)
		}
	}
	d := create(t, a, "Plan")
	theirs := joinBy(t, b, d)
	await(t, "Ada to read Ben's name", func() bool { return person(t, d, b.Device()).Name == "Ben" })
	await(t, "Ben to read Ada's name", func() bool { return person(t, theirs, a.Device()).Name == "Ada" })
	await(t, "the title", func() bool { return theirs.Title() == "Plan" })

	said := b.Stats().EntriesSent
	updated := theirs.UpdatedAt()
	if err := b.SetName(ctx, "Benjamin"); err != nil {
		t.Fatal(err)
	}
	await(t, "Ada to read Ben's new name", func() bool { return person(t, d, b.Device()).Name == "Benjamin" })
	if now := b.Stats().EntriesSent; now != said+1 {
		t.Errorf("the new name took %d entries", now-said)
	}
	if now := theirs.UpdatedAt(); !now.Equal(updated) {
		t.Errorf("a name made the document look edited at %v, before at %v", now, updated)
	}
}

// TestNameIsWrittenOnceWhileTheStoreRefuses lets the store fail while a new name
// waits to be written, over many looks at whether it is.
func TestNameIsWrittenOnceWhileTheStoreRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := memstore.New()
		n := alone(t, newKey(t), st)
		create(t, n, "Plan")
		time.Sleep(10 * time.Second)
		said := n.Stats().EntriesSent
		if err := n.SetName(context.Background(), "Ada"); err != nil {
			t.Fatal(err)
		}
		st.Fail(store.ErrFull)
		time.Sleep(10 * time.Second)
		st.Fail(nil)
		time.Sleep(10 * time.Second)
		if now := n.Stats().EntriesSent; now != said+1 {
			t.Errorf("the name took %d entries", now-said)
		}
	})
}

// TestSettingsKeptInClearAreSealed starts a node on settings as an earlier
// version kept them: they go on counting, and are sealed when they change.
func TestSettingsKeptInClearAreSealed(t *testing.T) {
	st := memstore.New()
	defer st.Close()
	old, err := wire.Marshal(struct {
		_       struct{} `cbor:",toarray"`
		Name    string
		Offline uint64
	}{Name: "Ada", Offline: 1})
	if err != nil {
		t.Fatal(err)
	}
	key := store.LocalKey(wire.DocID{}, "profile")
	if err := st.Commit(context.Background(), &store.Batch{Put: []store.Record{{Key: key, Value: old}}}); err != nil {
		t.Fatal(err)
	}
	device := newKey(t)
	n := alone(t, device, st)
	if n.Name() != "Ada" || !n.Offline() {
		t.Fatalf("settings of before: %q, offline %v", n.Name(), n.Offline())
	}
	if err := n.SetName(context.Background(), "Grace"); err != nil {
		t.Fatal(err)
	}
	if _, err := st.Get(context.Background(), key); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the settings are still there in clear: %v", err)
	}
	if again := alone(t, device, st); again.Name() != "Grace" || !again.Offline() {
		t.Errorf("after a restart: %q, offline %v", again.Name(), again.Offline())
	}
	if other := alone(t, newKey(t), st); other.Name() != "" {
		t.Errorf("another device reads the name %q", other.Name())
	}
}
