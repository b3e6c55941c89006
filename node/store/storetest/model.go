package storetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/wire"
)

// testModel compares a store with a map over random batches and reopenings.
func testModel(t *testing.T, p Place) {
	seed := Seed(t)
	r := rand.New(rand.NewPCG(seed, 0))
	model := map[store.Key]string{}
	key := func() store.Key {
		kinds := store.Kinds()
		k := store.Key{Doc: Doc(r.IntN(4)), Kind: kinds[r.IntN(len(kinds))], Name: fmt.Sprintf("%x", r.IntN(30))}
		if r.IntN(8) == 0 {
			k.Doc = wire.DocID{}
		}
		return k
	}
	s := p.Open(t)
	defer func() { s.Close() }()
	for step := range 150 {
		b := &store.Batch{}
		for range r.IntN(20) {
			b.Delete = append(b.Delete, key())
		}
		for range r.IntN(20) {
			b.Put = append(b.Put, store.Record{Key: key(), Value: fmt.Append(nil, step, r.Uint32())})
		}
		commit(t, s, b)
		for _, k := range b.Delete {
			delete(model, k)
		}
		for _, rec := range b.Put {
			model[rec.Key] = string(rec.Value)
		}
		if step%50 == 49 {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s = p.Open(t)
		}
		if step%10 == 9 {
			compareModel(t, s, model)
		}
		if t.Failed() {
			t.Fatalf("seed %d, step %d", seed, step)
		}
	}
}

func compareModel(t *testing.T, s store.Store, model map[store.Key]string) {
	t.Helper()
	for d := range 5 {
		doc := wire.DocID{}
		if d > 0 {
			doc = Doc(d - 1)
		}
		for _, kind := range store.Kinds() {
			var keys []string
			for k := range model {
				if k.Doc == doc && k.Kind == kind {
					keys = append(keys, k.Name)
				}
			}
			slices.Sort(keys)
			var want []string
			for _, n := range keys {
				want = append(want, n+"="+model[store.Key{Doc: doc, Kind: kind, Name: n}])
			}
			got := names(t, s, doc, kind, "")
			if !slices.Equal(got, want) {
				t.Errorf("%v/%v: %q, want %q", doc, kind, got, want)
			}
		}
	}
}
