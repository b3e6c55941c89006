//go:build !js

package api_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sheafdocs/sheaf/node"
	"github.com/sheafdocs/sheaf/node/api"
	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/store/memstore"
)

// memVault keeps a protected key in memory, with a store that outlives locking.
type memVault struct {
	t     *testing.T
	store *memstore.Store
	file  []byte
	node  *node.Node
}

func (v *memVault) Protected() (bool, error) {
	_, err := identity.ParseKey(v.file)
	return errors.Is(err, identity.ErrLocked), nil
}

func (v *memVault) Open(passphrase string) (*api.Server, error) {
	key, err := identity.ParseProtected(v.file, passphrase)
	if err != nil {
		return nil, err
	}
	if v.node, err = node.New(node.Config{Key: key, Store: v.store}); err != nil {
		return nil, err
	}
	return api.New(api.Config{Node: v.node}), nil
}

func (v *memVault) Close() error { return v.node.Close() }

func (v *memVault) SetPassphrase(old, new string) error {
	key, err := identity.ParseProtected(v.file, old)
	if err != nil {
		return err
	}
	if new == "" {
		v.file, err = key.Marshal()
		return err
	}
	v.file, err = key.MarshalProtected(rand.Reader, new, identity.Stretch{Passes: 1, MemoryKiB: 64, Lanes: 1})
	return err
}

// lockable makes an unlocked node with a passphrase, and its clock.
func lockable(t *testing.T) (l *api.Lockable, now *time.Time) {
	t.Helper()
	key, err := identity.Generate(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	v := &memVault{t: t, store: memstore.New()}
	if v.file, err = key.Marshal(); err != nil {
		t.Fatal(err)
	}
	if err := v.SetPassphrase("", "a good passphrase"); err != nil {
		t.Fatal(err)
	}
	open, err := v.Open("a good passphrase")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(v.node.Close(), v.store.Close()); err != nil {
			t.Error(err)
		}
	})
	clock := time.Now()
	return api.NewLockable(v, open, func() time.Time { return clock }), &clock
}

// askLock calls a method and returns the code of its refusal, or "".
func askLock(t *testing.T, l *api.Lockable, method, body string) api.Code {
	t.Helper()
	_, err := l.Handle(context.Background(), method, []byte(body))
	var e *api.Error
	if err == nil {
		return ""
	}
	if !errors.As(err, &e) {
		t.Fatalf("%s: %v is not an *api.Error", method, err)
	}
	return e.Code
}

func TestLockedNodeAnswersOnlyForItsLock(t *testing.T) {
	l, _ := lockable(t)
	if code := askLock(t, l, "documents.create", `{"title":"One"}`); code != "" {
		t.Fatal(code)
	}
	if code := askLock(t, l, "lock.lock", "{}"); code != "" {
		t.Fatal(code)
	}
	for _, method := range []string{"documents.list", "documents.create", "status", "profile.set", "nonsense"} {
		if code := askLock(t, l, method, "{}"); code != api.Locked {
			t.Errorf("%s while locked: %q", method, code)
		}
	}
	answer, err := l.Handle(context.Background(), "lock.status", nil)
	if err != nil || string(answer) != `{"locked":true,"passphrase":true}` {
		t.Errorf("status: %s %v", answer, err)
	}
	if code := askLock(t, l, "lock.unlock", `{"passphrase":"another one"}`); code != api.Forbidden {
		t.Errorf("a wrong passphrase: %q", code)
	}
	if code := askLock(t, l, "lock.unlock", `{"passphrase":"a good passphrase"}`); code != "" {
		t.Errorf("the passphrase: %q", code)
	}
	answer, err = l.Handle(context.Background(), "documents.list", nil)
	if err != nil || !strings.Contains(string(answer), `"One"`) {
		t.Errorf("after unlocking: %s %v", answer, err)
	}
}

func TestGuessingAPassphraseIsSlowed(t *testing.T) {
	l, now := lockable(t)
	if code := askLock(t, l, "lock.lock", "{}"); code != "" {
		t.Fatal(code)
	}
	start, tried := *now, 0
	for now.Sub(start) < time.Hour {
		switch code := askLock(t, l, "lock.unlock", `{"passphrase":"another one"}`); code {
		case api.Forbidden:
			tried++
		case api.Unavailable:
			*now = now.Add(time.Second)
		default:
			t.Fatal(code)
		}
	}
	if tried > 75 {
		t.Errorf("%d guesses in an hour", tried)
	}
	if code := askLock(t, l, "lock.set", `{"old":"another one","new":"my passphrase"}`); code != api.Unavailable {
		t.Errorf("lock.set is not slowed: %q", code)
	}
	*now = now.Add(time.Minute)
	if code := askLock(t, l, "lock.unlock", `{"passphrase":"a good passphrase"}`); code != "" {
		t.Errorf("the owner is kept out: %q", code)
	}
}

// TestEventsTellOfLocking follows the events of a page over a lock and unlock.
func TestEventsTellOfLocking(t *testing.T) {
	l, _ := lockable(t)
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	told := make(chan string, 64)
	wg.Add(1)
	go func() {
		defer wg.Done()
		_ = l.Events(ctx, func(b []byte) error {
			var e struct {
				Type   string
				Locked bool
			}
			if err := json.Unmarshal(b, &e); err != nil {
				t.Error(err)
			}
			if e.Locked {
				e.Type += " locked"
			}
			told <- e.Type
			return nil
		})
	}()
	next := func() string {
		select {
		case s := <-told:
			return s
		case <-time.After(10 * time.Second):
			t.Error("no event came")
			return ""
		}
	}
	want := []string{"status", "lock locked", "lock", "status"}
	for i, w := range want {
		if got := next(); got != w {
			t.Fatalf("event %d is %q, want %q", i, got, w)
		}
		switch i {
		case 0:
			askLock(t, l, "lock.lock", "{}")
		case 1:
			askLock(t, l, "lock.unlock", `{"passphrase":"a good passphrase"}`)
		}
	}
}
