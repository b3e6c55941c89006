package memstore_test

import (
	"context"
	"errors"
	"testing"

	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/store/memstore"
	"github.com/sheafdocs/sheaf/node/store/storetest"
)

// place keeps the last store so that opening again finds its records.
type place struct{ last *memstore.Store }

func (p *place) Open(testing.TB) store.Store {
	if p.last == nil {
		p.last = memstore.New()
	} else {
		p.last = p.last.Clone()
	}
	return p.last
}

func TestSuite(t *testing.T) {
	storetest.Run(t, func(testing.TB) storetest.Place { return new(place) })
}

func TestCloneAndFail(t *testing.T) {
	ctx := context.Background()
	s := memstore.New()
	k := store.LocalKey(storetest.Doc(1), "k")
	put := func(s *memstore.Store, v string) error {
		return s.Commit(ctx, &store.Batch{Put: []store.Record{{Key: k, Value: []byte(v)}}})
	}
	if err := put(s, "one"); err != nil {
		t.Fatal(err)
	}
	c := s.Clone()
	if err := put(s, "two"); err != nil {
		t.Fatal(err)
	}
	if v, err := c.Get(ctx, k); err != nil || string(v) != "one" {
		t.Errorf("clone: %q, %v", v, err)
	}
	broken := errors.New("broken")
	s.Fail(broken)
	if err := put(s, "three"); !errors.Is(err, broken) {
		t.Errorf("commit: %v", err)
	}
	s.Fail(nil)
	if v, err := s.Get(ctx, k); err != nil || string(v) != "two" {
		t.Errorf("after failing: %q, %v", v, err)
	}
}
