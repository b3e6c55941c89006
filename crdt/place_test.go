package crdt

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// crowd returns the updates of many clients who write between the same units
// without knowing of each other; some go on, before or behind their own, some
// write beside what another wrote.
func crowd(t testing.TB, r *rand.Rand, clients int, keyed bool) (start []byte, updates [][]byte) {
	base := NewDoc(Config{ClientID: 1_000_000})
	change(t, base, func(tx *Txn) error { return base.Text("t").Insert(tx, 0, "ab") })
	start = base.EncodeStateAsUpdate(nil)
	var last []byte
	for i := range clients {
		d := NewDoc(Config{ClientID: ClientID(1 + i*7)})
		d.OnUpdate(func(u UpdateEvent) {
			if u.Local {
				updates = append(updates, u.Update)
				last = u.Update
			}
		})
		for _, u := range [][]byte{start, last} {
			if u == nil || len(u) == len(last) && r.IntN(8) > 0 {
				continue // few know of the one before them
			}
			if err := d.ApplyUpdate(u, nil); err != nil {
				t.Fatal(err)
			}
		}
		if keyed {
			change(t, d, func(tx *Txn) error { return d.Map("m").Set(tx, "k", Number(float64(i))) })
			continue
		}
		at := min(1, d.Text("t").Len())
		for k := range 1 + r.IntN(3) {
			change(t, d, func(tx *Txn) error { return d.Text("t").Insert(tx, at+r.IntN(k+1), string(rune('a'+i%26))) })
			if r.IntN(6) == 0 {
				change(t, d, func(tx *Txn) error { return d.Text("t").Delete(tx, at, 1) })
				at = min(at, d.Text("t").Len())
				break
			}
		}
	}
	return start, updates
}

// order returns all items of the lists of a document in their order.
func order(d *Doc) string {
	var out strings.Builder
	for _, l := range d.lists {
		for h := l.first; h != 0; h = d.items.at(h).right {
			it := d.items.at(h)
			fmt.Fprint(&out, d.clients[it.client].id, ":", it.clock, "+", it.len(), " ")
		}
	}
	return out.String()
}

// TestPlaceAmongMany compares documents that begin at rivals with one that
// always searches from the origin.
func TestPlaceAmongMany(t *testing.T) {
	for seed := range uint64(12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 1))
			start, updates := crowd(t, r, 400, seed%4 == 3)
			var want string
			used := false
			for round := range 4 {
				d := NewDoc(Config{})
				for _, u := range append([][]byte{start}, updates...) {
					if round == 0 {
						d.rivals = rivals{} // remembers nothing
					}
					if err := d.ApplyUpdate(u, nil); err != nil {
						t.Fatal(err)
					}
					used = used || round > 0 && len(d.rivals.known) > 0 && len(d.rivals.known[0]) > 1
				}
				d.check(t)
				if d.HasPending() {
					t.Fatal("something is missing")
				}
				// The state does not tell the order: that comes of merging.
				if got := order(d); round == 0 {
					want = got
				} else if got != want {
					t.Errorf("round %d ends in another order", round)
				}
				r.Shuffle(len(updates), func(i, j int) { updates[i], updates[j] = updates[j], updates[i] })
			}
			if !used {
				t.Error("no search began at a rival")
			}
		})
	}
}
