package crdt_test

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/sheafdocs/sheaf/crdt"
)

// randomUpdates returns the updates of a document edited at random by one
// client, after another wrote something, and the state of that other.
func randomUpdates(t *testing.T, r *rand.Rand) (base []byte, updates [][]byte) {
	t.Helper()
	other := crdt.NewDoc(crdt.Config{ClientID: 7})
	other.Transact(nil, func(tx *crdt.Txn) {
		if err := other.Text("text").Insert(tx, 0, "the base 😀 text"); err != nil {
			t.Fatal(err)
		}
	})
	base = other.EncodeStateAsUpdate(nil)
	doc := crdt.NewDoc(crdt.Config{ClientID: crdt.ClientID(r.IntN(20) + 1)})
	if doc.ClientID() == 7 {
		doc.SetClientID(8)
	}
	if err := doc.ApplyUpdate(base, nil); err != nil {
		t.Fatal(err)
	}
	doc.OnUpdate(func(e crdt.UpdateEvent) { updates = append(updates, bytes.Clone(e.Update)) })
	at := 0
	for range 60 {
		doc.Transact(nil, func(tx *crdt.Txn) {
			text := doc.Text("text")
			var err error
			switch r.IntN(8) {
			case 0:
				at = r.IntN(text.Len() + 1)
				err = text.Insert(tx, at, strings.Repeat("long 😀 ", r.IntN(60)+1))
			case 1:
				if at = r.IntN(text.Len() + 1); at < text.Len() {
					err = text.Delete(tx, at, min(text.Len()-at, r.IntN(9)+1))
				}
			case 2:
				err = doc.Array("list").Push(tx, crdt.Number(float64(r.IntN(100))), crdt.String("x"))
			case 3:
				err = doc.Map("map").Set(tx, "k", crdt.String(strings.Repeat("v", r.IntN(50))))
			default:
				at = min(at, text.Len())
				err = text.Insert(tx, at, string(rune('a'+r.IntN(26))))
				at++
			}
			if err != nil {
				t.Fatal(err)
			}
		})
	}
	return base, updates
}

// stateOf applies updates in order to a new document.
func stateOf(t *testing.T, updates ...[]byte) []byte {
	t.Helper()
	d := crdt.NewDoc(crdt.Config{})
	for _, u := range updates {
		if err := d.ApplyUpdate(u, nil); err != nil {
			t.Fatal(err)
		}
	}
	if d.HasPending() {
		t.Fatal("something is pending")
	}
	return d.EncodeStateAsUpdate(nil)
}

func TestSplitAndCompactKeepTheEffect(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 0))
		base, updates := randomUpdates(t, r)
		if len(updates) == 0 {
			continue
		}
		merged, err := crdt.MergeUpdates(updates...)
		if err != nil {
			t.Fatal(err)
		}
		want := stateOf(t, base, merged)
		compact, err := crdt.CompactUpdate(merged)
		if err != nil {
			t.Fatal(err)
		}
		if got := stateOf(t, base, compact); !bytes.Equal(got, want) {
			t.Fatalf("seed %d: compacting changed the state", seed)
		}
		maxBytes, maxOps := 128+r.IntN(400), 1+r.IntN(20)
		pieces, err := crdt.SplitUpdate(compact, maxBytes, maxOps)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range pieces {
			info, err := crdt.Inspect(p)
			if err != nil {
				t.Fatal(err)
			}
			if n := info.NumStructs + len(info.Deletes); n > maxOps {
				t.Fatalf("seed %d: a piece holds %d operations, %d are allowed", seed, n, maxOps)
			}
			if len(p) > maxBytes+64 {
				t.Fatalf("seed %d: a piece has %d bytes, %d are allowed", seed, len(p), maxBytes)
			}
		}
		if got := stateOf(t, append([][]byte{base}, pieces...)...); !bytes.Equal(got, want) {
			t.Fatalf("seed %d: cutting changed the state", seed)
		}
	}
}

func TestCompactJoinsKeystrokes(t *testing.T) {
	doc := crdt.NewDoc(crdt.Config{ClientID: 1})
	var updates [][]byte
	doc.OnUpdate(func(e crdt.UpdateEvent) { updates = append(updates, bytes.Clone(e.Update)) })
	for i, c := range "typed one by one" {
		doc.Transact(nil, func(tx *crdt.Txn) {
			if err := doc.Text("text").Insert(tx, i, string(c)); err != nil {
				t.Fatal(err)
			}
		})
	}
	merged, err := crdt.MergeUpdates(updates...)
	if err != nil {
		t.Fatal(err)
	}
	compact, err := crdt.CompactUpdate(merged)
	if err != nil {
		t.Fatal(err)
	}
	info, err := crdt.Inspect(compact)
	if err != nil {
		t.Fatal(err)
	}
	if info.NumStructs != 1 {
		t.Errorf("16 keystrokes are %d structs, want 1", info.NumStructs)
	}
}

func TestSplitCutsALargePaste(t *testing.T) {
	doc := crdt.NewDoc(crdt.Config{ClientID: 1})
	paste := strings.Repeat("a large paste with 😀 in it. ", 1<<15)
	doc.Transact(nil, func(tx *crdt.Txn) {
		if err := doc.Text("text").Insert(tx, 0, paste); err != nil {
			t.Fatal(err)
		}
	})
	pieces, err := crdt.SplitUpdate(doc.EncodeStateAsUpdate(nil), 16<<10, 4096)
	if err != nil {
		t.Fatal(err)
	}
	if len(pieces) < len(paste)/(16<<10) {
		t.Fatalf("%d bytes became %d pieces", len(paste), len(pieces))
	}
	d := crdt.NewDoc(crdt.Config{})
	for _, p := range pieces {
		if err := d.ApplyUpdate(p, nil); err != nil {
			t.Fatal(err)
		}
	}
	if d.Text("text").String() != paste {
		t.Fatal("the pieces do not make the paste")
	}
}

func FuzzSplitUpdate(f *testing.F) {
	f.Add([]byte{0, 0}, 100, 4)
	f.Add([]byte{1, 1, 1, 0, 4, 1, 4, 't', 'e', 'x', 't', 3, 'a', 'b', 'c', 0}, 64, 1)
	f.Fuzz(func(t *testing.T, update []byte, maxBytes, maxOps int) {
		crdt.SplitUpdate(update, maxBytes, maxOps)
		crdt.CompactUpdate(update)
	})
}
