//go:build !js

package badgerstore_test

import (
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/store/badgerstore"
	"github.com/sheafdocs/sheaf/node/store/storetest"
	"github.com/sheafdocs/sheaf/node/wire"
)

func benchOpen(b *testing.B, dir string) *badgerstore.Store {
	b.Helper()
	s, report, err := badgerstore.Open(badgerstore.Config{Dir: dir, BallastBytes: -1})
	if err != nil || !report.Clean() {
		b.Fatal(err, report)
	}
	b.Cleanup(func() { s.Close() })
	return s
}

// benchEntry is a batch with one entry of the size that a typed run has.
func benchEntry(n uint64) *store.Batch {
	k := store.EntryKey(storetest.Doc(int(n%10)), wire.ChainID{}, n, wire.EntryID{byte(n)})
	return &store.Batch{Put: []store.Record{{Key: k, Value: make([]byte, 280)}}}
}

func BenchmarkCommit(b *testing.B) {
	b.Run("alone", func(b *testing.B) {
		s := benchOpen(b, b.TempDir())
		var n uint64
		for b.Loop() {
			n++
			if err := s.Commit(b.Context(), benchEntry(n)); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commits/s")
	})
	b.Run("100callers", func(b *testing.B) {
		s := benchOpen(b, b.TempDir())
		var n atomic.Uint64
		b.SetParallelism(50) // × GOMAXPROCS
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if err := s.Commit(b.Context(), benchEntry(n.Add(1))); err != nil {
					b.Error(err)
					return
				}
			}
		})
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commits/s")
	})
}

// BenchmarkOpen opens a store of 26,000 entries, as a long paper leaves, and reads
// the document.
func BenchmarkOpen(b *testing.B) {
	dir := filepath.Join(b.TempDir(), "store")
	s := benchOpen(b, dir)
	const entries = 26_000
	for n := 0; n < entries; {
		batch := &store.Batch{}
		for ; n < entries && len(batch.Put) < 1000; n++ {
			k := store.EntryKey(storetest.Doc(1), wire.ChainID{}, uint64(n), wire.EntryID{byte(n)})
			batch.Put = append(batch.Put, store.Record{Key: k, Value: make([]byte, 280)})
		}
		if err := s.Commit(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	b.Run("open", func(b *testing.B) {
		for b.Loop() {
			s := benchOpen(b, dir)
			b.StopTimer()
			s.Close()
			b.StartTimer()
		}
	})
	s = benchOpen(b, dir)
	b.Run("scan", func(b *testing.B) {
		for b.Loop() {
			n := 0
			for _, err := range s.Scan(b.Context(), storetest.Doc(1), store.KindEntry, "") {
				if err != nil {
					b.Fatal(err)
				}
				n++
			}
			if n != entries {
				b.Fatalf("%d entries", n)
			}
		}
		b.ReportMetric(float64(b.N*entries)/b.Elapsed().Seconds(), "records/s")
	})
	b.Run("get", func(b *testing.B) {
		n := 0
		for b.Loop() {
			k := store.EntryKey(storetest.Doc(1), wire.ChainID{}, uint64(n%entries), wire.EntryID{byte(n % entries)})
			if _, err := s.Get(b.Context(), k); err != nil {
				b.Fatal(err)
			}
			n++
		}
	})
}
