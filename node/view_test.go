//go:build !js

package node_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/node"
	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/store/memstore"
)

// views reads the stored view of a document.
func views(t *testing.T, st store.Store, d *node.Document) []store.Record {
	t.Helper()
	var list []store.Record
	for r, err := range st.Scan(context.Background(), d.ID(), store.KindLocal, "view/") {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, r)
	}
	return list
}

// change puts and deletes records.
func change(t *testing.T, st store.Store, put []store.Record, gone ...store.Key) {
	t.Helper()
	if err := st.Commit(context.Background(), &store.Batch{Put: put, Delete: gone}); err != nil {
		t.Fatal(err)
	}
}

// reopen opens a document from a copy of a store by a node of its own.
func reopen(t *testing.T, key *identity.Key, st *memstore.Store, d *node.Document) (*node.Node, *node.Document) {
	t.Helper()
	n := alone(t, key, st)
	again, err := n.Document(d.ID())
	if err != nil {
		t.Fatal(err)
	}
	return n, again
}

// rest awaits that a document can rest, and has it do so.
func rest(t *testing.T, d *node.Document) {
	t.Helper()
	await(t, "the document to rest", func() bool { return node.StoreView(d) })
}

// stateHash is what two documents with the same entries share.
func stateHash(t *testing.T, d *node.Document) [32]byte {
	t.Helper()
	hash, err := d.StateHash()
	if err != nil {
		t.Fatal(err)
	}
	return hash
}

// TestViewIsStoredAtRest leaves a document alone: its view is stored, it rests,
// and it reads as before; what is written next is there.
func TestViewIsStoredAtRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		key, st := newKey(t), memstore.New()
		n := alone(t, key, st)
		d := create(t, n, "Minutes")
		write(t, d, "one ")
		time.Sleep(time.Minute)
		synctest.Wait()
		if len(views(t, st, d)) != 1 || !node.Resting(d) {
			t.Fatalf("%d views, resting: %v", len(views(t, st, d)), node.Resting(d))
		}
		fresh := st.Clone()
		change(t, fresh, nil, views(t, st, d)[0].Key)
		byLog, log := reopen(t, key, fresh, d)
		if d.Title() != "Minutes" || d.Text() != "one " || d.PlainText() != "one " || stateHash(t, d) != stateHash(t, log) {
			t.Errorf("at rest: %q, %q", d.Title(), d.Text())
		}
		if !node.Resting(d) {
			t.Error("reading ended the rest")
		}
		byView, view := reopen(t, key, st.Clone(), d)
		if !node.Resting(view) || view.Title() != "Minutes" || stateHash(t, view) != stateHash(t, log) {
			t.Errorf("by the view: resting %v, %q %q", node.Resting(view), view.Title(), view.Text())
		}
		if by, all := byView.Stats().EntriesDecrypted, byLog.Stats().EntriesDecrypted; by >= all {
			t.Errorf("%d entries merged beside the view, %d without", by, all)
		}
		page := edit(t, view)
		page.typeText("two")
		time.Sleep(time.Second)
		if got := view.Text(); got != "one two" || page.ackedThrough() != 1 {
			t.Errorf("edited on the view: %q, %d saved", got, page.ackedThrough())
		}
		size := len(views(t, st, d))
		time.Sleep(time.Hour)
		if got := len(views(t, st, d)); got != size {
			t.Errorf("%d records of the view, %d before", got, size)
		}
	})
}

// TestIdleDocumentsWriteNothing counts commits once the view is stored.
func TestIdleDocumentsWriteNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := &countingStore{Store: memstore.New()}
		d := create(t, alone(t, newKey(t), st), "")
		write(t, d, "text")
		time.Sleep(time.Hour)
		before := st.commits.Load()
		time.Sleep(time.Hour)
		if got := st.commits.Load() - before; got != 0 {
			t.Errorf("%d commits of an idle document", got)
		}
	})
}

// TestDamagedViewIsIgnored spoils the stored view in every way: the text is that
// of the log, and a new view takes its place.
func TestDamagedViewIsIgnored(t *testing.T) {
	key, st := newKey(t), memstore.New()
	d := create(t, alone(t, key, st), "")
	write(t, d, "first ")
	rest(t, d)
	old := views(t, st, d)
	write(t, d, "second")
	rest(t, d)
	good := views(t, st, d)
	if len(old) != 1 || len(good) != 1 {
		t.Fatalf("%d and %d records", len(old), len(good))
	}
	other := memstore.New()
	foreign := create(t, alone(t, key, other), "")
	write(t, foreign, "of another document")
	rest(t, foreign)

	cases := map[string][]byte{"empty": {}, "another document's": views(t, other, foreign)[0].Value}
	for at := 0; at < len(good[0].Value); at += len(good[0].Value)/40 + 1 {
		flipped := bytes.Clone(good[0].Value)
		flipped[at] ^= 1 << (at % 8)
		cases[fmt.Sprintf("flipped at %d", at)] = flipped
		cases[fmt.Sprintf("cut at %d", at)] = good[0].Value[:at]
	}
	for name, value := range cases {
		copied := st.Clone()
		change(t, copied, []store.Record{{Key: good[0].Key, Value: value}})
		n, again := reopen(t, key, copied, d)
		if again.Text() != "first second" || node.Resting(again) {
			t.Errorf("%s: %q, resting: %v", name, again.Text(), node.Resting(again))
		}
		await(t, "the view to be deleted", func() bool { return len(views(t, copied, d)) == 0 })
		rest(t, again)
		if len(views(t, copied, d)) != 1 {
			t.Errorf("%s: no view was made anew", name)
		}
		if err := n.Close(); err != nil {
			t.Fatal(err)
		}
	}
	// An older one is the beginning of what counts: the rest comes from the log.
	copied := st.Clone()
	change(t, copied, old)
	if _, again := reopen(t, key, copied, d); again.Text() != "first second" {
		t.Errorf("by an older view: %q", again.Text())
	}
}

// TestViewIsNotTheOnlyCopy takes entries out of the store: what they held is not
// shown, though the view has it.
func TestViewIsNotTheOnlyCopy(t *testing.T) {
	key, st := newKey(t), memstore.New()
	d := create(t, alone(t, key, st), "")
	write(t, d, "first ")
	rest(t, d)
	before := map[store.Key]bool{}
	for r, err := range st.Scan(context.Background(), d.ID(), store.KindEntry, "") {
		if err != nil {
			t.Fatal(err)
		}
		before[r.Key] = true
	}
	write(t, d, "second")
	rest(t, d)
	var gone []store.Key
	for r, err := range st.Scan(context.Background(), d.ID(), store.KindEntry, "") {
		if err != nil {
			t.Fatal(err)
		}
		if !before[r.Key] {
			gone = append(gone, r.Key)
		}
	}
	if len(gone) == 0 {
		t.Fatal("no entry was made")
	}
	copied := st.Clone()
	change(t, copied, nil, gone...)
	if _, again := reopen(t, key, copied, d); again.Text() != "first " || node.Resting(again) {
		t.Errorf("%q, resting: %v", again.Text(), node.Resting(again))
	}
}

// TestViewDoesNotShowWhatIsVoid: a member's device rests with what it wrote
// offline, and is then told that it had been removed before.
func TestViewDoesNotShowWhatIsVoid(t *testing.T) {
	a, key, st := start(t), newKey(t), memstore.New()
	t.Cleanup(func() { st.Close() })
	b, stop := stoppable(t, key, st)
	da, db := together(t, a, b, "start. ")
	write(t, db, "seen. ")
	await(t, "A to have B's text", func() bool { return da.Text() == "start. seen. " })
	offline(t, b, true)
	write(t, db, "late.")
	rest(t, db)
	view := views(t, st, db)
	if _, err := da.Remove(context.Background(), node.RemoveOptions{Device: b.Device()}); err != nil {
		t.Fatal(err)
	}
	tell(t, b, a, da)
	await(t, "B to set it aside", func() bool { return db.Text() == "start. seen. " && db.AsideCount() == 1 })
	stop()
	change(t, st, view) // as if the device had stopped before it was replaced
	_, again := reopen(t, key, st, da)
	if again.Text() != "start. seen. " || again.AsideCount() != 1 {
		t.Errorf("B shows %q, %d set aside", again.Text(), again.AsideCount())
	}
}

// TestLargeViewTakesSeveralRecords: and each of them is needed.
func TestLargeViewTakesSeveralRecords(t *testing.T) {
	key, st := newKey(t), memstore.New()
	d := create(t, alone(t, key, st), "")
	rng := rand.New(rand.NewPCG(1, 1))
	var text strings.Builder
	for text.Len() < 1<<20 {
		text.WriteByte(byte(' ' + rng.IntN(95)))
	}
	write(t, d, text.String())
	rest(t, d)
	parts := views(t, st, d)
	if len(parts) < 2 {
		t.Fatalf("%d records", len(parts))
	}
	if _, again := reopen(t, key, st.Clone(), d); !node.Resting(again) || again.Text() != text.String() {
		t.Errorf("resting: %v, %d bytes", node.Resting(again), len(again.Text()))
	}
	for _, p := range parts {
		copied := st.Clone()
		change(t, copied, nil, p.Key)
		if _, again := reopen(t, key, copied, d); node.Resting(again) || again.Text() != text.String() {
			t.Errorf("without a part, resting: %v, %d bytes", node.Resting(again), len(again.Text()))
		}
	}
}

// TestViewEqualsLog edits at random with pauses and restarts; at each restart
// the document is the same by its view and by its log.
func TestViewEqualsLog(t *testing.T) {
	for seed := range uint64(12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { viewEqualsLog(t, rand.New(rand.NewPCG(seed, 0))) })
		})
	}
}

func viewEqualsLog(t *testing.T, rng *rand.Rand) {
	key, st := newKey(t), memstore.New()
	n, err := node.New(node.Config{Key: key, Store: st})
	if err != nil {
		t.Fatal(err)
	}
	d, adopted := create(t, n, "T"), 0
	for range 8 {
		for range 1 + rng.IntN(6) {
			randomEdit(t, d, rng)
			time.Sleep(time.Duration(rng.IntN(8000)) * time.Millisecond)
		}
		time.Sleep(time.Duration(rng.IntN(60)) * time.Second)
		if err := n.Close(); err != nil {
			t.Fatal(err)
		}
		plain := st.Clone()
		for _, r := range views(t, plain, d) {
			change(t, plain, nil, r.Key)
		}
		_, log := reopen(t, key, plain, d)
		if n, err = node.New(node.Config{Key: key, Store: st}); err != nil {
			t.Fatal(err)
		}
		if d, err = n.Document(d.ID()); err != nil {
			t.Fatal(err)
		}
		if node.Resting(d) {
			adopted++
		}
		if stateHash(t, d) != stateHash(t, log) || d.Title() != log.Title() {
			t.Fatalf("by the view %q, by the log %q", d.Text(), log.Text())
		}
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	if adopted == 0 {
		t.Error("no view was ever of use")
	}
}

// randomEdit inserts, deletes or renames.
func randomEdit(t *testing.T, d *node.Document, rng *rand.Rand) {
	t.Helper()
	err := d.Edit(context.Background(), func(tx *crdt.Txn, doc *crdt.Doc) error {
		text := doc.Text("text")
		switch n := text.Len(); {
		case rng.IntN(10) == 0:
			return doc.Map("meta").Set(tx, "title", crdt.String(fmt.Sprint("T", rng.IntN(100))))
		case n > 0 && rng.IntN(3) == 0:
			at := rng.IntN(n)
			return text.Delete(tx, at, 1+rng.IntN(min(5, n-at)))
		default:
			return text.Insert(tx, rng.IntN(n+1), fmt.Sprintf("%x ", rng.IntN(1<<20)))
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}
