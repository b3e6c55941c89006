//go:build !js

package node_test

import (
	"context"
	"errors"
	"testing"

	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/store/memstore"
	"github.com/sheafdocs/sheaf/node/wire"
)

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
