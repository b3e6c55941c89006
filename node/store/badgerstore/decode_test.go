//go:build !js

package badgerstore

import (
	"bytes"
	"hash/crc32"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/dgraph-io/badger/v4"

	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/store/storetest"
)

var badgerTestLog = slog.New(slog.DiscardHandler)

// badgerFilesFor makes a log and a table of Badger's with n records each, of sizes
// around size.
func badgerFilesFor(t testing.TB, n, size int) (wal, table []byte) {
	t.Helper()
	dir := t.TempDir()
	db, err := badger.Open(badgerOptions(dir, badgerTestLog))
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		key := recordKey(store.LocalKey([32]byte{1}, string([]byte{byte(i >> 8), byte(i)})))
		err := db.Update(func(txn *badger.Txn) error {
			if i%10 == 9 {
				return txn.Delete(recordKey(store.LocalKey([32]byte{1}, string([]byte{byte(i >> 8), byte(i - 1)}))))
			}
			return txn.Set(key, sealValue(key, bytes.Repeat([]byte{byte(i)}, size+i)))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	wal = readOnly(t, dir, walSuffix)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return wal, readOnly(t, dir, tableSuffix)
}

func readOnly(t testing.TB, dir, suffix string) []byte {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*"+suffix))
	if err != nil || len(names) != 1 {
		t.Fatalf("files *%s: %v, %v", suffix, names, err)
	}
	b, err := os.ReadFile(names[0])
	if err != nil {
		t.Fatal(err)
	}
	return bytes.TrimRight(b, "\x00")
}

func count(t testing.TB, scan func([]byte, func(pair) error) error, b []byte) (pairs, deleted int) {
	t.Helper()
	err := scan(b, func(p pair) error {
		pairs++
		if p.deleted {
			deleted++
		} else if len(p.key) > 0 && p.key[0] == spaceRecord && !p.whole() {
			t.Errorf("pair %x is not whole", p.key)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return pairs, deleted
}

// TestReadBadgerFiles checks that we read Badger's files as it writes them, and
// undo any single flipped bit in them.
func TestReadBadgerFiles(t *testing.T) {
	wal, table := badgerFilesFor(t, 100, 30)
	if end, rest := soundLogEnd(wal); end != len(wal) || rest {
		t.Errorf("log: sound to %d of %d, %v", end, len(wal), rest)
	}
	if err := checkTable(table); err != nil {
		t.Errorf("table: %v", err)
	}
	wantPairs, wantDeleted := count(t, scanLog, wal)
	if wantPairs != 100 || wantDeleted != 10 {
		t.Fatalf("log: %d pairs, %d deleted", wantPairs, wantDeleted)
	}
	tablePairs, tableDeleted := count(t, scanTable, table)
	if tablePairs < 90 || tableDeleted != 10 {
		t.Fatalf("table: %d pairs, %d deleted", tablePairs, tableDeleted)
	}
	seed := storetest.Seed(t)
	r := rand.New(rand.NewPCG(seed, 0))
	for i := range storetest.Rounds(1000, 100_000) {
		b := bytes.Clone(wal)
		at := logHeaderBytes + r.IntN(len(b)-logHeaderBytes)
		b[at] ^= 1 << (i % 8)
		if pairs, deleted := count(t, scanLog, b); pairs != wantPairs || deleted != wantDeleted {
			t.Fatalf("seed %d: log, byte %d of %d: %d pairs, %d deleted", seed, at, len(b), pairs, deleted)
		}
		b = bytes.Clone(table)
		at = r.IntN(len(b))
		b[at] ^= 1 << (i % 8)
		if err := checkTable(b); err == nil {
			t.Fatalf("seed %d: table, byte %d of %d: not noticed", seed, at, len(b))
		}
		if pairs, _ := count(t, scanTable, b); pairs != tablePairs {
			t.Fatalf("seed %d: table, byte %d of %d: %d of %d pairs", seed, at, len(b), pairs, tablePairs)
		}
	}
}

func TestRepairBit(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{1, 4, 100, 5000} {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		want := crc32.Checksum(b, castagnoli)
		for range 200 {
			c := bytes.Clone(b)
			c[r.IntN(n)] ^= 1 << r.IntN(8)
			if !repairBit(c, want) || !bytes.Equal(b, c) {
				t.Fatalf("%d bytes: a flipped bit was not undone", n)
			}
			if !repairBit(c, want^1<<r.IntN(32)) || !bytes.Equal(b, c) {
				t.Fatalf("%d bytes: a flipped bit of the checksum changed the data", n)
			}
		}
	}
}

func FuzzScanLog(f *testing.F) {
	wal, _ := badgerFilesFor(f, 20, 10)
	f.Add(wal)
	f.Add(wal[:len(wal)/2])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		if end, _ := soundLogEnd(b); end > len(b) {
			t.Errorf("sound to %d of %d", end, len(b))
		}
		_ = scanLog(b, func(pair) error { return nil })
	})
}

func FuzzScanTable(f *testing.F) {
	_, table := badgerFilesFor(f, 20, 10)
	f.Add(table)
	f.Add(table[:len(table)/2])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		_ = checkTable(b)
		_ = scanTable(b, func(pair) error { return nil })
	})
}

func FuzzDecodeNote(f *testing.F) {
	n := groupNote{seq: 7, shelfs: map[shelfID]tally{{kind: store.KindEntry}: {count: 3, sum: sum{1}}}}
	f.Add(n.encode())
	f.Add(appendNote(nil, n))
	f.Add(encodeMark(Damage{Want: 2, Have: 1}))
	f.Fuzz(func(t *testing.T, b []byte) {
		if n, err := decodeNote(b); err == nil && len(n.encode()) > len(b) {
			t.Errorf("note grew")
		}
		for rest, ok := b, true; ok; {
			_, rest, ok = nextNote(rest)
		}
		_, _ = decodeMark(markKey(shelfID{}), b)
		_, _, _ = openValue([]byte("k"), b)
	})
}

func TestSum(t *testing.T) {
	a, b := hashRecord([]byte("k"), []byte("v")), hashRecord([]byte("k"), []byte("w"))
	if a == b || a == hashRecord([]byte("kv"), nil) {
		t.Error("hashes do not differ")
	}
	if a.add(b) != b.add(a) || a.add(b).sub(a) != b || a.sub(a) != (sum{}) {
		t.Error("sums do not add up")
	}
}
