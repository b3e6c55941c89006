package crdt

import (
	"fmt"
	"testing"

	"github.com/sheafdocs/sheaf/crdt/internal/codec"
)

// remoteUpdates returns n updates, each of a word typed behind the last.
func remoteUpdates(t *testing.T, n int) [][]byte {
	t.Helper()
	var updates [][]byte
	d := NewDoc(Config{ClientID: 1})
	d.OnUpdate(func(e UpdateEvent) { updates = append(updates, e.Update) })
	for i := range n {
		d.Transact(nil, func(tx *Txn) {
			if err := d.Text("t").Insert(tx, 0, fmt.Sprint("word ", i)); err != nil {
				t.Fatal(err)
			}
		})
	}
	return updates
}

// TestTransactionsShown keeps transactions that hooks were given: they are not
// used again for later updates.
func TestTransactionsShown(t *testing.T) {
	updates := remoteUpdates(t, 4)
	for name, watch := range map[string]func(d *Doc, f func(*Txn)){
		"before":           func(d *Doc, f func(*Txn)) { d.OnBeforeTransaction(f) },
		"before observers": func(d *Doc, f func(*Txn)) { d.OnBeforeObserverCalls(f) },
		"after":            func(d *Doc, f func(*Txn)) { d.OnAfterTransaction(f) },
		"after cleanup":    func(d *Doc, f func(*Txn)) { d.OnAfterTransactionCleanup(f) },
		"observed": func(d *Doc, f func(*Txn)) {
			d.Text("t").Observe(func(e *Event) { f(e.Txn()) })
		},
		"joined": func(d *Doc, f func(*Txn)) {
			d.OnBeforeAllTransactions(func() { d.Transact(nil, f) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := NewDoc(Config{})
			var shown []*Txn
			watch(d, func(tx *Txn) { shown = append(shown, tx) })
			for i, u := range updates {
				if err := d.ApplyUpdate(u, i); err != nil {
					t.Fatal(err)
				}
			}
			for i, tx := range shown {
				if tx.Origin() != i || !tx.over {
					t.Errorf("the transaction of update %d has become that of %v", i, tx.Origin())
				}
			}
			if len(shown) == 0 {
				t.Error("no transaction was shown")
			}
		})
	}
}

// TestApplyInsideApply applies updates from a hook of another, while what that
// one was read into is in use.
func TestApplyInsideApply(t *testing.T) {
	updates := remoteUpdates(t, 6)
	d := NewDoc(Config{})
	if err := d.ApplyUpdate(updates[0], nil); err != nil {
		t.Fatal(err)
	}
	rest := updates[2:]
	d.OnBeforeTransaction(func(*Txn) {
		for len(rest) > 0 {
			next := rest[0]
			rest = rest[1:]
			if err := d.ApplyUpdate(next, nil); err != nil {
				t.Fatal(err)
			}
		}
	})
	if err := d.ApplyUpdate(updates[1], nil); err != nil {
		t.Fatal(err)
	}
	d.check(t)
	if got, want := d.Text("t").String(), "word 5word 4word 3word 2word 1word 0"; got != want || d.HasPending() {
		t.Errorf("text %q, want %q", got, want)
	}
}

// TestApplyAllocations applies keystrokes one by one, as they arrive.
func TestApplyAllocations(t *testing.T) {
	const n = 2000
	updates := remoteUpdates(t, n)
	d := NewDoc(Config{})
	i := 0
	perUpdate := testing.AllocsPerRun(n-1, func() {
		if err := d.ApplyUpdate(updates[i], nil); err != nil {
			t.Fatal(err)
		}
		i++
	})
	if perUpdate >= 1 {
		t.Errorf("%v allocations for each update", perUpdate)
	}
	if len(d.spareSections) != 0 || cap(d.spareSections) > fewItems {
		t.Error("what the last update was read into is kept")
	}
}

// TestRoomForUpdate loads a state, for which room is made at once, and then
// loads it again, which takes none.
func TestRoomForUpdate(t *testing.T) {
	typed := NewDoc(Config{})
	for _, u := range remoteUpdates(t, 1000) {
		if err := typed.ApplyUpdate(u, nil); err != nil {
			t.Fatal(err)
		}
	}
	state := typed.EncodeStateAsUpdate(nil)
	d := NewDoc(Config{})
	for range 2 {
		if err := d.ApplyUpdate(state, nil); err != nil {
			t.Fatal(err)
		}
		if chunks, used := len(d.items.chunks), int(d.items.used)>>chunkBits+1; chunks > used+1 {
			t.Errorf("%d chunks of items, of which %d are used", chunks, used)
		}
		if c, n := cap(d.text.buf), len(d.text.buf); c > n+n/4 {
			t.Errorf("room for %d bytes of text, of which there are %d", c, n)
		}
	}
	for _, u := range [][]byte{state, typed.EncodeStateAsUpdateV2(nil)} {
		loads := testing.AllocsPerRun(5, func() {
			if err := applyEither(NewDoc(Config{}), u, len(u) == len(state)); err != nil {
				t.Fatal(err)
			}
		})
		if loads > 100 {
			t.Errorf("loading 1000 items takes %v allocations", loads)
		}
	}
}

// TestRoomForRepetition applies a few bytes of format 2 that stand for many
// structs of many clients, which become one item for each.
func TestRoomForRepetition(t *testing.T) {
	const clients, structs = 500, 200
	w := codec.NewWriter(codec.V2)
	for c := range uint64(clients) {
		for clock := range uint64(structs) {
			w.Struct(&codec.Struct{ID: codec.ID{Client: 1 + c, Clock: clock}, Ref: codec.RefGC, Len: 1}, 0)
		}
	}
	update := w.Finish(nil)
	d := NewDoc(Config{})
	if err := d.ApplyUpdateV2(update, nil); err != nil {
		t.Fatal(err)
	}
	if n := len(d.StateVector()); n != clients {
		t.Fatalf("%d clients", n)
	}
	if room := len(d.items.chunks) << chunkBits; room > 2*clients {
		t.Errorf("room for %d items after an update of %d bytes, which became %d", room, len(update), clients)
	}
}

func applyEither(d *Doc, u []byte, v1 bool) error {
	if v1 {
		return d.ApplyUpdate(u, nil)
	}
	return d.ApplyUpdateV2(u, nil)
}
