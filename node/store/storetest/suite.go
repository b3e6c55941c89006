// Package storetest is the test kit of node/store: the suite that every store must
// pass, and faults to put a store through.
//
// [Run] checks the contract of store.Store, reopening included. [Log] is a record
// of acknowledged commits that a test of crashes writes and checks. [LoopImage] is
// a small disk in a file, which can be filled, made to fail, and copied at any
// moment as a power loss would leave it.
//
// It leaves out what only one implementation can suffer; those tests live beside
// it.
package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/wire"
)

// Place is where a store under test lives: Open may be called again after the
// store it returned was closed, and must then find the same records.
type Place interface {
	Open(t testing.TB) store.Store
}

// Run runs the suite; newPlace is called for each test and returns an empty place.
func Run(t *testing.T, newPlace func(t testing.TB) Place) {
	for _, c := range []struct {
		name string
		f    func(*testing.T, Place)
	}{
		{"PutGetDelete", testPutGetDelete},
		{"Order", testOrder},
		{"Prefix", testPrefix},
		{"BatchOrder", testBatchOrder},
		{"Atomic", testAtomic},
		{"Isolation", testIsolation},
		{"Documents", testDocuments},
		{"Ownership", testOwnership},
		{"Limits", testLimits},
		{"Concurrent", testConcurrent},
		{"ScanWhileWriting", testScanWhileWriting},
		{"LongScan", testLongScan},
		{"Context", testContext},
		{"Close", testClose},
		{"Reopen", testReopen},
		{"Model", testModel},
	} {
		t.Run(c.name, func(t *testing.T) { c.f(t, newPlace(t)) })
	}
}

// Doc returns a document id that differs for every n; 0 is not the zero id.
func Doc(n int) wire.DocID {
	var d wire.DocID
	copy(d[:], fmt.Sprintf("document %d", n))
	return d
}

func open(t testing.TB, p Place) store.Store {
	t.Helper()
	s := p.Open(t)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

func commit(t testing.TB, s store.Store, b *store.Batch) {
	t.Helper()
	if err := s.Commit(t.Context(), b); err != nil {
		t.Fatalf("commit: %v", err)
	}
}

func put(k store.Key, v string) *store.Batch {
	return &store.Batch{Put: []store.Record{{Key: k, Value: []byte(v)}}}
}

func wantValue(t testing.TB, s store.Store, k store.Key, want string) {
	t.Helper()
	v, err := s.Get(context.Background(), k)
	if err != nil || string(v) != want {
		t.Fatalf("get %v: %q, %v; want %q", k, v, err, want)
	}
}

func wantNone(t testing.TB, s store.Store, k store.Key) {
	t.Helper()
	if v, err := s.Get(context.Background(), k); !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("get %v: %q, %v; want ErrNotFound", k, v, err)
	}
}

// names scans and returns the names and values found, "name=value".
func names(t testing.TB, s store.Store, doc wire.DocID, kind store.Kind, prefix string) []string {
	t.Helper()
	var got []string
	for r, err := range s.Scan(context.Background(), doc, kind, prefix) {
		if err != nil {
			t.Fatalf("scan: %v", err)
		}
		if r.Key.Doc != doc || r.Key.Kind != kind {
			t.Fatalf("scan of %v, %v: got %v", doc, kind, r.Key)
		}
		got = append(got, r.Key.Name+"="+string(r.Value))
	}
	return got
}

func wantNames(t testing.TB, s store.Store, doc wire.DocID, kind store.Kind, prefix string, want ...string) {
	t.Helper()
	if got := names(t, s, doc, kind, prefix); !slices.Equal(got, want) {
		t.Fatalf("scan of %q: %q, want %q", prefix, got, want)
	}
}

func testPutGetDelete(t *testing.T, p Place) {
	s := open(t, p)
	k := store.LocalKey(Doc(1), "title")
	wantNone(t, s, k)
	commit(t, s, put(k, "one"))
	wantValue(t, s, k, "one")
	commit(t, s, put(k, "two"))
	wantValue(t, s, k, "two")
	commit(t, s, put(k, ""))
	wantValue(t, s, k, "")
	commit(t, s, &store.Batch{Delete: []store.Key{k}})
	wantNone(t, s, k)
	commit(t, s, &store.Batch{Delete: []store.Key{k}}) // again: no error
	commit(t, s, &store.Batch{})                       // nothing: no error
	commit(t, s, put(k, "three"))
	wantValue(t, s, k, "three")
}

func testOrder(t *testing.T, p Place) {
	s := open(t, p)
	doc := Doc(1)
	var chains [3]wire.ChainID
	for i := range chains {
		chains[i][0] = byte(i * 100)
	}
	var want []string
	b := &store.Batch{}
	for _, c := range chains {
		for _, seq := range []uint64{0, 1, 2, 9, 10, 255, 256, 1 << 40} {
			k := store.EntryKey(doc, c, seq, wire.EntryID{byte(seq)})
			want = append(want, k.Name+"="+fmt.Sprint(seq))
			b.Put = append(b.Put, store.Record{Key: k, Value: fmt.Append(nil, seq)})
		}
	}
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(b.Put), func(i, j int) { b.Put[i], b.Put[j] = b.Put[j], b.Put[i] })
	commit(t, s, b)
	wantNames(t, s, doc, store.KindEntry, "", want...)
	wantNames(t, s, doc, store.KindEntry, store.ChainPrefix(chains[1]), want[8:16]...)
}

func testPrefix(t *testing.T, p Place) {
	s := open(t, p)
	doc := Doc(1)
	for _, n := range []string{"", "a", "ab", "ab\x00", "ab\xff", "ac", "b", "\xff", "\xff\xff"} {
		commit(t, s, put(store.LocalKey(doc, n), "v"))
	}
	wantNames(t, s, doc, store.KindLocal, "ab", "ab=v", "ab\x00=v", "ab\xff=v")
	wantNames(t, s, doc, store.KindLocal, "\xff", "\xff=v", "\xff\xff=v")
	wantNames(t, s, doc, store.KindLocal, "x")
	if got := names(t, s, doc, store.KindLocal, ""); len(got) != 9 || got[0] != "=v" {
		t.Fatalf("scan of all: %q", got)
	}
}

func testBatchOrder(t *testing.T, p Place) {
	s := open(t, p)
	k, other := store.LocalKey(Doc(1), "k"), store.LocalKey(Doc(1), "other")
	commit(t, s, put(other, "old"))
	commit(t, s, &store.Batch{
		Put:    []store.Record{{Key: k, Value: []byte("first")}, {Key: k, Value: []byte("last")}, {Key: other, Value: []byte("new")}},
		Delete: []store.Key{k, other},
	})
	wantValue(t, s, k, "last")
	wantValue(t, s, other, "new")
}

// testAtomic watches from other goroutines that the two halves of a batch are
// never seen apart for longer than the commit takes.
func testAtomic(t *testing.T, p Place) {
	s := open(t, p)
	a, b := store.LocalKey(Doc(1), "a"), store.LocalKey(Doc(2), "b")
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			v := fmt.Appendf(nil, "%d", i)
			if err := s.Commit(context.Background(), &store.Batch{Put: []store.Record{{Key: a, Value: v}, {Key: b, Value: v}}}); err != nil {
				t.Errorf("commit: %v", err)
			}
		}()
	}
	wg.Wait()
	va, err := s.Get(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	wantValue(t, s, b, string(va))
	// A batch with one bad record changes nothing.
	bad := &store.Batch{Put: []store.Record{{Key: a, Value: []byte("bad")}, {Key: store.LocalKey(Doc(1), strings.Repeat("x", store.MaxNameBytes+1))}}, Delete: []store.Key{b}}
	if err := s.Commit(t.Context(), bad); err == nil {
		t.Fatal("commit of a bad batch succeeded")
	}
	wantValue(t, s, a, string(va))
	wantValue(t, s, b, string(va))
}

func testIsolation(t *testing.T, p Place) {
	s := open(t, p)
	for d := range 3 {
		for _, k := range store.Kinds() {
			commit(t, s, put(store.Key{Doc: Doc(d), Kind: k, Name: "n"}, fmt.Sprint(d, k)))
		}
	}
	commit(t, s, put(store.LocalKey(wire.DocID{}, "n"), "node"))
	for d := range 3 {
		for _, k := range store.Kinds() {
			wantNames(t, s, Doc(d), k, "", "n="+fmt.Sprint(d, k))
		}
	}
	wantNames(t, s, wire.DocID{}, store.KindLocal, "", "n=node")
	commit(t, s, &store.Batch{Delete: []store.Key{{Doc: Doc(1), Kind: store.KindEntry, Name: "n"}}})
	wantNames(t, s, Doc(1), store.KindEntry, "")
	wantNames(t, s, Doc(2), store.KindEntry, "", "n=2 entry")
}

func testDocuments(t *testing.T, p Place) {
	s := open(t, p)
	check := func(want ...wire.DocID) {
		t.Helper()
		slices.SortFunc(want, func(a, b wire.DocID) int { return bytes.Compare(a[:], b[:]) })
		if got, err := s.Documents(t.Context()); err != nil || !slices.Equal(got, want) {
			t.Fatalf("documents: %v, %v; want %v", got, err, want)
		}
	}
	check()
	commit(t, s, put(store.LocalKey(wire.DocID{}, "n"), "v"))
	check()
	for i := range 12 {
		commit(t, s, put(store.LocalKey(Doc(i), "n"), "v"))
	}
	commit(t, s, put(store.DraftKey(Doc(3), "n"), "v"))
	check(Doc(0), Doc(1), Doc(2), Doc(3), Doc(4), Doc(5), Doc(6), Doc(7), Doc(8), Doc(9), Doc(10), Doc(11))
	b := &store.Batch{}
	for i := range 11 {
		b.Delete = append(b.Delete, store.LocalKey(Doc(i), "n"))
	}
	commit(t, s, b)
	check(Doc(3), Doc(11))
}

// testOwnership checks that neither side keeps the other's bytes.
func testOwnership(t *testing.T, p Place) {
	s := open(t, p)
	k := store.LocalKey(Doc(1), "k")
	v := []byte("value")
	commit(t, s, &store.Batch{Put: []store.Record{{Key: k, Value: v}}})
	copy(v, "other")
	got, err := s.Get(t.Context(), k)
	if err != nil {
		t.Fatal(err)
	}
	copy(got, "again")
	for r, err := range s.Scan(t.Context(), Doc(1), store.KindLocal, "") {
		if err != nil {
			t.Fatal(err)
		}
		copy(r.Value, "third")
	}
	wantValue(t, s, k, "value")
}

func testLimits(t *testing.T, p Place) {
	s := open(t, p)
	long := store.LocalKey(Doc(1), strings.Repeat("n", store.MaxNameBytes))
	big := bytes.Repeat([]byte{7}, store.MaxValueBytes)
	commit(t, s, &store.Batch{Put: []store.Record{{Key: long, Value: big}, {Key: store.LocalKey(Doc(1), "small"), Value: []byte("v")}}})
	if v, err := s.Get(t.Context(), long); err != nil || !bytes.Equal(v, big) {
		t.Fatalf("get of the largest value: %d bytes, %v", len(v), err)
	}
	refuse := func(what string, b *store.Batch) {
		t.Helper()
		var limit *store.LimitError
		if err := s.Commit(t.Context(), b); !errors.As(err, &limit) {
			t.Errorf("%s: %v, want *LimitError", what, err)
		} else {
			t.Logf("%s: %v", what, err)
		}
	}
	refuse("value", &store.Batch{Put: []store.Record{{Key: store.LocalKey(Doc(1), "k"), Value: append(big, 0)}}})
	refuse("name", put(store.LocalKey(Doc(1), long.Name+"n"), "v"))
	refuse("name to delete", &store.Batch{Delete: []store.Key{store.LocalKey(Doc(1), long.Name+"n")}})
	full := &store.Batch{}
	for i := 0; full.Size() <= store.MaxBatchBytes; i++ {
		full.Put = append(full.Put, store.Record{Key: store.EntryKey(Doc(i), wire.ChainID{}, uint64(i), wire.EntryID{}), Value: big[:i%40]})
	}
	refuse("batch", full)
	full.Put = full.Put[:len(full.Put)-1]
	commit(t, s, full) // the largest batch, of many small records in as many documents
	for _, kind := range []store.Kind{0, 99} {
		if err := s.Commit(t.Context(), put(store.Key{Doc: Doc(1), Kind: kind}, "v")); err == nil {
			t.Errorf("kind %d was taken", kind)
		}
	}
	del := &store.Batch{}
	for _, r := range full.Put {
		del.Delete = append(del.Delete, r.Key)
	}
	commit(t, s, del)
}

func testConcurrent(t *testing.T, p Place) {
	s := open(t, p)
	const writers, each = 50, 20
	var wg sync.WaitGroup
	for w := range writers {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range each {
				k := store.EntryKey(Doc(w%7), wire.ChainID{byte(w)}, uint64(i), wire.EntryID{})
				if err := s.Commit(context.Background(), put(k, fmt.Sprint(w, i))); err != nil {
					t.Errorf("commit: %v", err)
					return
				}
				if v, err := s.Get(context.Background(), k); err != nil || string(v) != fmt.Sprint(w, i) {
					t.Errorf("get after commit: %q, %v", v, err)
				}
			}
		}()
	}
	wg.Wait()
	n := 0
	for d := range 7 {
		n += len(names(t, s, Doc(d), store.KindEntry, ""))
	}
	if n != writers*each {
		t.Fatalf("%d records, want %d", n, writers*each)
	}
}

// testScanWhileWriting commits and deletes from inside the loop of a scan and from
// beside it: what is not touched is seen, once.
func testScanWhileWriting(t *testing.T, p Place) {
	s := open(t, p)
	doc := Doc(1)
	b := &store.Batch{}
	for i := range 1500 {
		b.Put = append(b.Put, store.Record{Key: store.LocalKey(doc, fmt.Sprintf("%05d", i)), Value: []byte("v")})
	}
	commit(t, s, b)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Add(1)
	go func() {
		defer wg.Done()
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
				if err := s.Commit(context.Background(), put(store.LocalKey(doc, fmt.Sprintf("x%05d", i)), "x")); err != nil {
					t.Errorf("commit: %v", err)
					return
				}
			}
		}
	}()
	seen := map[string]int{}
	n := 0
	for r, err := range s.Scan(t.Context(), doc, store.KindLocal, "0") {
		if err != nil {
			t.Fatal(err)
		}
		seen[r.Key.Name]++
		if n++; n%100 == 0 {
			commit(t, s, &store.Batch{
				Delete: []store.Key{r.Key}, // already seen
				Put:    []store.Record{{Key: store.LocalKey(doc, r.Key.Name+"+"), Value: []byte("new")}},
			})
		}
	}
	close(stop)
	wg.Wait()
	for i := range 1500 {
		if c := seen[fmt.Sprintf("%05d", i)]; c != 1 {
			t.Fatalf("record %d was seen %d times", i, c)
		}
	}
}

// testLongScan scans more than fits a page, and leaves early.
func testLongScan(t *testing.T, p Place) {
	s := open(t, p)
	doc := Doc(1)
	const n = 40
	big := bytes.Repeat([]byte("0123456789abcdef"), 4096) // 64 KiB
	for i := range n {
		commit(t, s, &store.Batch{Put: []store.Record{{Key: store.LocalKey(doc, fmt.Sprintf("%03d", i)), Value: big}}})
	}
	i := 0
	for r, err := range s.Scan(t.Context(), doc, store.KindLocal, "") {
		if err != nil || r.Key.Name != fmt.Sprintf("%03d", i) || !bytes.Equal(r.Value, big) {
			t.Fatalf("record %d: %v, %d bytes, %v", i, r.Key, len(r.Value), err)
		}
		i++
	}
	if i != n {
		t.Fatalf("%d records, want %d", i, n)
	}
	for range s.Scan(t.Context(), doc, store.KindLocal, "") {
		break
	}
}

func testContext(t *testing.T, p Place) {
	s := open(t, p)
	k := store.LocalKey(Doc(1), "k")
	commit(t, s, put(k, "v"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Commit(ctx, put(k, "w")); !errors.Is(err, context.Canceled) {
		t.Errorf("commit: %v", err)
	}
	if _, err := s.Get(ctx, k); !errors.Is(err, context.Canceled) {
		t.Errorf("get: %v", err)
	}
	if _, err := s.Documents(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("documents: %v", err)
	}
	var last error
	for _, err := range s.Scan(ctx, Doc(1), store.KindLocal, "") {
		last = err
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("scan: %v", last)
	}
	wantValue(t, s, k, "v")
}

func testClose(t *testing.T, p Place) {
	s := open(t, p)
	k := store.LocalKey(Doc(1), "k")
	commit(t, s, put(k, "v"))
	// Commits under way are finished or refused, nothing hangs.
	var wg sync.WaitGroup
	for i := range 30 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			err := s.Commit(context.Background(), put(store.LocalKey(Doc(2), fmt.Sprint(i)), "v"))
			if err != nil && !errors.Is(err, store.ErrClosed) {
				t.Errorf("commit while closing: %v", err)
			}
		}()
	}
	for range 3 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			if err := s.Close(); err != nil {
				t.Errorf("close: %v", err)
			}
		}()
	}
	wg.Wait()
	if err := s.Commit(t.Context(), put(k, "w")); !errors.Is(err, store.ErrClosed) {
		t.Errorf("commit: %v", err)
	}
	if _, err := s.Get(t.Context(), k); !errors.Is(err, store.ErrClosed) {
		t.Errorf("get: %v", err)
	}
	if _, err := s.Documents(t.Context()); !errors.Is(err, store.ErrClosed) {
		t.Errorf("documents: %v", err)
	}
	for _, err := range s.Scan(t.Context(), Doc(1), store.KindLocal, "") {
		if !errors.Is(err, store.ErrClosed) {
			t.Errorf("scan: %v", err)
		}
	}
}

func testReopen(t *testing.T, p Place) {
	s := p.Open(t)
	for round := range 4 {
		for i := range 30 {
			k := store.EntryKey(Doc(i%3), wire.ChainID{byte(round)}, uint64(i), wire.EntryID{})
			commit(t, s, put(k, fmt.Sprint(round, i)))
		}
		commit(t, s, put(store.LocalKey(wire.DocID{}, "round"), fmt.Sprint(round)))
		if err := s.Close(); err != nil {
			t.Fatalf("close: %v", err)
		}
		s = p.Open(t)
		wantValue(t, s, store.LocalKey(wire.DocID{}, "round"), fmt.Sprint(round))
		n := 0
		for d := range 3 {
			n += len(names(t, s, Doc(d), store.KindEntry, ""))
		}
		if n != 30*(round+1) {
			t.Fatalf("round %d: %d records, want %d", round, n, 30*(round+1))
		}
		if docs, err := s.Documents(t.Context()); err != nil || len(docs) != 3 {
			t.Fatalf("documents: %v, %v", docs, err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatalf("close: %v", err)
	}
}
