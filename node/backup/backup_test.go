package backup_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/sheafdocs/sheaf/node/backup"
	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/store/memstore"
	"github.com/sheafdocs/sheaf/node/wire"
)

const pass = "a passphrase"

func newKey(t testing.TB) *identity.Key {
	t.Helper()
	key, err := identity.Generate(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// filled is a store with records of every kind.
func filled(t testing.TB) *memstore.Store {
	t.Helper()
	st := memstore.New()
	t.Cleanup(func() { st.Close() })
	for doc := range 3 {
		for _, kind := range store.Kinds() {
			for n := range 5 {
				put(t, st, store.Record{
					Key:   store.Key{Doc: wire.DocID{byte(doc)}, Kind: kind, Name: fmt.Sprint("name", n)},
					Value: bytes.Repeat([]byte{byte(n)}, n*1000),
				})
			}
		}
	}
	put(t, st, store.Record{Key: store.LocalKey(wire.DocID{9}, "largest"), Value: make([]byte, store.MaxValueBytes)})
	return st
}

func put(t testing.TB, st store.Store, r store.Record) {
	t.Helper()
	if err := st.Commit(context.Background(), &store.Batch{Put: []store.Record{r}}); err != nil {
		t.Fatal(err)
	}
}

func write(t testing.TB, key *identity.Key, st store.Store) ([]byte, backup.Summary) {
	t.Helper()
	var b bytes.Buffer
	sum, err := backup.Write(context.Background(), &b, pass, backup.Config{Key: key, Store: st, Now: time.UnixMilli(1e12), WorkFactor: 1})
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), sum
}

func TestEverythingComesBack(t *testing.T) {
	key, st := newKey(t), filled(t)
	b, wrote := write(t, key, st)
	if want := 3*len(store.Kinds())*5 + 1; wrote.Records != want || wrote.Documents != 3 {
		t.Errorf("wrote %+v, want %d records of 3 documents", wrote, want)
	}
	verified, err := backup.Verify(bytes.NewReader(b), pass, nil)
	if err != nil || verified.Records != wrote.Records || verified.Device != key.Device() || !verified.Made.Equal(time.UnixMilli(1e12)) {
		t.Errorf("verified %+v, %v", verified, err)
	}
	into := memstore.New()
	defer into.Close()
	back, _, err := backup.Restore(context.Background(), bytes.NewReader(b), pass, nil, into)
	if err != nil {
		t.Fatal(err)
	}
	if back.Device() != key.Device() || back.SealHash() != key.SealHash() {
		t.Error("another key came back")
	}
	again, _ := write(t, key, into)
	if len(again) != len(b) {
		t.Errorf("a backup of the restored store has %d bytes, the first %d", len(again), len(b))
	}
	for doc := range 3 {
		for _, kind := range store.Kinds() {
			for r, err := range st.Scan(context.Background(), wire.DocID{byte(doc)}, kind, "") {
				if err != nil {
					t.Fatal(err)
				}
				got, err := into.Get(context.Background(), r.Key)
				if err != nil || !bytes.Equal(got, r.Value) {
					t.Errorf("%s: %v", r.Key, err)
				}
			}
		}
	}
}

// TestNothingShowsInABackup looks for what was stored, and for the key.
func TestNothingShowsInABackup(t *testing.T) {
	key, st := newKey(t), filled(t)
	canary := []byte("a canary that nobody may see")
	put(t, st, store.Record{Key: store.LocalKey(wire.DocID{1}, string(canary)), Value: canary})
	b, _ := write(t, key, st)
	for name, secret := range map[string][]byte{"record": canary, "seed": key.Seed(), "passphrase": []byte(pass)} {
		if bytes.Contains(b, secret) {
			t.Errorf("the file shows the %s", name)
		}
	}
}

func TestNoDamagedBackupIsTaken(t *testing.T) {
	key, st := newKey(t), memstore.New()
	defer st.Close()
	put(t, st, store.Record{Key: store.LocalKey(wire.DocID{1}, "n"), Value: make([]byte, 70<<10)})
	b, _ := write(t, key, st)
	if _, err := backup.Verify(bytes.NewReader(b), "another one", nil); !errors.Is(err, backup.ErrPassphrase) {
		t.Errorf("a wrong passphrase: %v", err)
	}
	for cut := 0; cut < len(b); cut += 997 {
		if _, err := backup.Verify(bytes.NewReader(b[:cut]), pass, nil); !errors.Is(err, backup.ErrDamaged) {
			t.Fatalf("cut at %d of %d: %v", cut, len(b), err)
		}
	}
	for at := 0; at < len(b); at += 991 {
		bad := bytes.Clone(b)
		bad[at] ^= 4
		if _, err := backup.Verify(bytes.NewReader(bad), pass, nil); err == nil {
			t.Fatalf("byte %d of %d flipped: taken", at, len(b))
		}
	}
	if _, err := backup.Verify(bytes.NewReader(append(bytes.Clone(b), 0)), pass, nil); err == nil {
		t.Error("a byte more: taken")
	}
}

// TestABackupMissesNothingThatMoves backs up a store in which drafts become
// entries all the while: each is in the backup, as one or the other.
func TestABackupMissesNothingThatMoves(t *testing.T) {
	st := memstore.New()
	defer st.Close()
	const n = 2000
	doc := wire.DocID{1}
	name := func(i int) string { return fmt.Sprintf("%08d", i) }
	for i := range n {
		put(t, st, store.Record{Key: store.DraftKey(doc, name(i)), Value: []byte("draft")})
	}
	moved := make(chan error, 1)
	go func() {
		for i := range n {
			entry := store.Record{Key: store.Key{Doc: doc, Kind: store.KindEntry, Name: name(i)}, Value: []byte("entry")}
			err := st.Commit(context.Background(), &store.Batch{Put: []store.Record{entry}})
			if err == nil {
				err = st.Commit(context.Background(), &store.Batch{Delete: []store.Key{store.DraftKey(doc, name(i))}})
			}
			if err != nil {
				moved <- err
				return
			}
		}
		moved <- nil
	}()
	b, _ := write(t, newKey(t), st)
	if err := <-moved; err != nil {
		t.Fatal(err)
	}
	into := memstore.New()
	defer into.Close()
	if _, _, err := backup.Restore(context.Background(), bytes.NewReader(b), pass, nil, into); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		_, draft := into.Get(context.Background(), store.DraftKey(doc, name(i)))
		_, entry := into.Get(context.Background(), store.Key{Doc: doc, Kind: store.KindEntry, Name: name(i)})
		if draft != nil && entry != nil {
			t.Fatalf("record %d is in the backup neither as a draft nor as an entry", i)
		}
	}
}

// FuzzRead hands the frames of a backup to the reader as its maker could have
// written them, and any others.
func FuzzRead(f *testing.F) {
	f.Add(backup.Plain(newKey(f), filledSmall(f)))
	f.Add([]byte("sheaf-backup 1\n\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		_ = backup.ReadPlain(bytes.NewReader(b))
	})
}

func filledSmall(t testing.TB) store.Store {
	st := memstore.New()
	put(t, st, store.Record{Key: store.LocalKey(wire.DocID{1}, "n"), Value: []byte("v")})
	return st
}

func Example() {
	key, _ := identity.Generate(rand.Reader)
	st := memstore.New()
	defer st.Close()
	var file bytes.Buffer
	_, err := backup.Write(context.Background(), &file, "a good passphrase", backup.Config{Key: key, Store: st, Now: time.Now(), WorkFactor: 10})
	fmt.Println(err)
	_, err = backup.Verify(io.LimitReader(&file, 100), "a good passphrase", nil)
	fmt.Println(errors.Is(err, backup.ErrDamaged))
	// Output:
	// <nil>
	// true
}
