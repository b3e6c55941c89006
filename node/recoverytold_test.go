//go:build !js

package node_test

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sheafdocs/sheaf/node"
	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/store/memstore"
)

// homeStore calls onHome after each commit that says which document is the home
// document.
type homeStore struct {
	*memstore.Store
	onHome atomic.Pointer[func()]
}

func (s *homeStore) Commit(ctx context.Context, b *store.Batch) error {
	err := s.Store.Commit(ctx, b)
	isHome := func(r store.Record) bool { return r.Key == store.Key{Kind: store.KindSecret, Name: "home"} }
	if onHome := s.onHome.Load(); err == nil && onHome != nil && slices.ContainsFunc(b.Put, isHome) {
		(*onHome)()
	}
	return err
}

// TestWordsAreToldThoughTheCallerLeft: recovery words are made once. A page that
// is closed, or a fault in one of the documents, when they have been made does
// not keep them back, nor the other devices from hearing of them.
func TestWordsAreToldThoughTheCallerLeft(t *testing.T) {
	st := &homeStore{Store: memstore.New()}
	t.Cleanup(func() { st.Close() })
	laptop, phone := startOn(t, newKey(t), st), start(t)
	d := create(t, laptop, "Plan")
	write(t, d, "one")
	pair(t, laptop, phone, "phone")
	copyOf(t, phone, d.ID(), "one")

	ctx, leave := context.WithCancel(context.Background())
	leaves := func() { leave() }
	st.onHome.Store(&leaves)
	text, err := laptop.CreateRecovery(ctx)
	if len(strings.Fields(text)) != identity.RecoveryWords {
		_, again := laptop.CreateRecovery(context.Background())
		t.Errorf("the words are %q: %v; asked again: %v", text, err, again)
	}
	await(t, "the phone to know of the words", func() bool { _, made := phone.OwnDevices(); return !made.IsZero() })
}

// TestANodeThatEndsAmidNewWordsGoesOn: the home document of the words is in use
// by all devices or by none, wherever the node was stopped.
func TestANodeThatEndsAmidNewWordsGoesOn(t *testing.T) {
	key, st := newKey(t), &homeStore{Store: memstore.New()}
	t.Cleanup(func() { st.Close() })
	laptop, phone := startOn(t, key, st), start(t)
	d := create(t, laptop, "Plan")
	write(t, d, "one")
	pair(t, laptop, phone, "phone")
	copyOf(t, phone, d.ID(), "one")
	var told bool
	ask := func() {
		st.onHome.Store(nil)
		told = node.HomeTellsOfNext(laptop)
	}
	st.onHome.Store(&ask)
	if _, err := laptop.CreateRecovery(context.Background()); err != nil {
		t.Fatal(err)
	}
	if !told {
		t.Error("the home document of the words is in use, and the one of before does not tell of it yet")
	}
}
