// Package memstore keeps records in memory: a real store without a disk, for
// tests and for nodes that live in virtual time. It passes the same suite as the
// stores that keep records.
//
// [Store] is the only type. It promises what store.Store promises except
// durability: [Store.Clone] gives a copy as it stands, which is how a test
// restarts a node "from disk".
package memstore

import (
	"context"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/wire"
)

// Store is a store in memory. The zero value is not usable; see New.
type Store struct {
	mu     sync.RWMutex
	shelf  map[shelfID]*shelf
	closed bool
	fail   error
}

var _ store.Store = (*Store)(nil)

// shelfID is what records are grouped by: a scan reads one shelf.
type shelfID struct {
	doc  wire.DocID
	kind store.Kind
}

// shelf holds the records of one document and kind. names lists them in order
// unless dirty: changes out of order leave the sorting to the next scan.
type shelf struct {
	values map[string][]byte
	names  []string
	dirty  bool
}

// New returns an empty store.
func New() *Store { return &Store{shelf: make(map[shelfID]*shelf)} }

// Clone returns an open copy of what the store holds now, even of a closed one.
func (s *Store) Clone() *Store {
	s.mu.RLock()
	defer s.mu.RUnlock()
	c := New()
	for id, sh := range s.shelf {
		// Values are never changed in place, so they can be shared.
		c.shelf[id] = &shelf{values: maps.Clone(sh.values), names: slices.Clone(sh.names), dirty: sh.dirty}
	}
	return c
}

// Fail makes every later Commit return err and change nothing, as a full or
// broken disk would; nil ends it.
func (s *Store) Fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = err
}

// Commit implements store.Store. It never waits, so ctx matters only if it has
// already ended.
func (s *Store) Commit(ctx context.Context, b *store.Batch) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := b.Check(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return store.ErrClosed
	}
	if s.fail != nil {
		return s.fail
	}
	for _, k := range b.Delete {
		s.remove(k)
	}
	for i := range b.Put {
		s.put(b.Put[i].Key, b.Put[i].Value)
	}
	return nil
}

func (s *Store) put(k store.Key, value []byte) {
	id := shelfID{k.Doc, k.Kind}
	sh := s.shelf[id]
	if sh == nil {
		sh = &shelf{values: make(map[string][]byte)}
		s.shelf[id] = sh
	}
	if _, ok := sh.values[k.Name]; !ok {
		if n := len(sh.names); n > 0 && sh.names[n-1] > k.Name {
			sh.dirty = true
		}
		sh.names = append(sh.names, k.Name)
	}
	sh.values[k.Name] = append(make([]byte, 0, len(value)), value...)
}

func (s *Store) remove(k store.Key) {
	id := shelfID{k.Doc, k.Kind}
	sh := s.shelf[id]
	if sh == nil {
		return
	}
	if _, ok := sh.values[k.Name]; !ok {
		return
	}
	delete(sh.values, k.Name)
	if len(sh.values) == 0 {
		delete(s.shelf, id)
		return
	}
	sh.dirty = true
}

// sort brings names in line with values. It makes a new array, as running scans
// hold the old one.
func (sh *shelf) sort() {
	if sh.dirty {
		sh.names = slices.Sorted(maps.Keys(sh.values))
		sh.dirty = false
	}
}

// Get implements store.Store.
func (s *Store) Get(ctx context.Context, k store.Key) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := k.Check(); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return nil, store.ErrClosed
	}
	if sh := s.shelf[shelfID{k.Doc, k.Kind}]; sh != nil {
		if v, ok := sh.values[k.Name]; ok {
			return append(make([]byte, 0, len(v)), v...), nil
		}
	}
	return nil, store.ErrNotFound
}

// Scan implements store.Store. It sees the names there were when it began, with
// the values of the moment each is reached.
func (s *Store) Scan(ctx context.Context, doc wire.DocID, kind store.Kind, prefix string) iter.Seq2[store.Record, error] {
	return func(yield func(store.Record, error) bool) {
		if err := (store.Key{Doc: doc, Kind: kind, Name: prefix}).Check(); err != nil {
			yield(store.Record{}, err)
			return
		}
		names, err := s.names(doc, kind)
		if err != nil {
			yield(store.Record{}, err)
			return
		}
		i, _ := slices.BinarySearch(names, prefix)
		for ; i < len(names) && strings.HasPrefix(names[i], prefix); i++ {
			k := store.Key{Doc: doc, Kind: kind, Name: names[i]}
			v, err := s.Get(ctx, k)
			if err == store.ErrNotFound {
				continue // deleted meanwhile
			}
			if err != nil {
				yield(store.Record{}, err)
				return
			}
			if !yield(store.Record{Key: k, Value: v}, nil) {
				return
			}
		}
	}
}

func (s *Store) names(doc wire.DocID, kind store.Kind) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, store.ErrClosed
	}
	sh := s.shelf[shelfID{doc, kind}]
	if sh == nil {
		return nil, nil
	}
	sh.sort()
	return sh.names, nil
}

// Documents implements store.Store.
func (s *Store) Documents(ctx context.Context) ([]wire.DocID, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return nil, store.ErrClosed
	}
	seen := make(map[wire.DocID]bool)
	for id := range s.shelf {
		if !id.doc.IsZero() {
			seen[id.doc] = true
		}
	}
	return slices.SortedFunc(maps.Keys(seen), func(a, b wire.DocID) int {
		return slices.Compare(a[:], b[:])
	}), nil
}

// Close implements store.Store.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	return nil
}
