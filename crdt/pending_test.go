package crdt

import (
	"bytes"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// deliveries are orders of n updates in which most wait for others.
var deliveries = map[string]func(t *testing.T, n int) [][]byte{
	"backwards": func(t *testing.T, n int) [][]byte {
		all := typed(t, n, 1)
		slices.Reverse(all)
		return all
	},
	"every second one": func(t *testing.T, n int) [][]byte {
		var early, late [][]byte
		for i, u := range typed(t, n, 1) {
			if i%2 == 1 {
				early = append(early, u)
			} else {
				late = append(late, u)
			}
		}
		return append(early, late...)
	},
	"one client after the other": func(t *testing.T, n int) [][]byte {
		var of [2][][]byte
		for i, u := range typed(t, n, 2) {
			of[i%2] = append(of[i%2], u)
		}
		return append(of[1], of[0]...)
	},
	"one client after the other, backwards": func(t *testing.T, n int) [][]byte {
		var of [2][][]byte
		for i, u := range typed(t, n, 2) {
			of[i%2] = append(of[i%2], u)
		}
		slices.Reverse(of[0])
		return append(of[1], of[0]...)
	},
	"many waiting for the end of another": func(t *testing.T, n int) [][]byte {
		d := NewDoc(Config{})
		updates := updatesOf(d)
		for i := range n {
			// One writes a half, and each of the others then behind its end.
			if d.SetClientID(1); i >= n/2 {
				d.SetClientID(ClientID(i))
			}
			change(t, d, func(tx *Txn) error { return d.Text("t").Insert(tx, min(i, n/2), "x") })
		}
		return append(slices.Clone((*updates)[n/2:]), (*updates)[:n/2]...)
	},
	"shuffled": func(t *testing.T, n int) [][]byte {
		all := typed(t, n, 7)
		rand.New(rand.NewPCG(1, 1)).Shuffle(n, func(i, j int) { all[i], all[j] = all[j], all[i] })
		return all
	},
}

// typed returns the updates of clients that type in turns at random places.
func typed(t *testing.T, n, clients int) [][]byte {
	r := rand.New(rand.NewPCG(uint64(n), uint64(clients)))
	d := NewDoc(Config{})
	updates := updatesOf(d)
	for i := range n {
		d.SetClientID(ClientID(1 + i%clients))
		change(t, d, func(tx *Txn) error { return d.Text("t").Insert(tx, r.IntN(i+1), "x") })
	}
	return *updates
}

// TestPendingGrowsWithWhatArrives looks at how much memory is taken and freed
// for n updates and for ten times as many: not much more than ten times as
// much, because what arrives leads to what waits for it and to nothing else.
func TestPendingGrowsWithWhatArrives(t *testing.T) {
	for name, deliver := range deliveries {
		t.Run(name, func(t *testing.T) {
			cost := func(n int) float64 {
				updates := deliver(t, n)
				d := NewDoc(Config{})
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				for _, u := range updates {
					if err := d.ApplyUpdate(u, nil); err != nil {
						t.Fatal(err)
					}
				}
				runtime.ReadMemStats(&after)
				if d.HasPending() || d.pending.structs != 0 || len(d.pending.waiting) != 0 || d.Text("t").Len() != n {
					t.Fatalf("%d units of %d, pending %v", d.Text("t").Len(), n, d.HasPending())
				}
				return float64(after.TotalAlloc - before.TotalAlloc)
			}
			small, large := cost(300), cost(3000)
			if large > 14*small {
				t.Errorf("%.0f bytes, and %.0f for ten times as many updates: %.1f times", small, large, large/small)
			}
		})
	}
}

// TestPendingPieces delivers a document in overlapping pieces, so many that
// what overlaps is no longer merged with everything that is pending.
func TestPendingPieces(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	d := NewDoc(Config{})
	for i := range 5000 {
		d.SetClientID(ClientID(1 + i/50%3))
		change(t, d, func(tx *Txn) error { return d.Text("t").Insert(tx, r.IntN(d.Text("t").Len()+1), "x") })
		if i%5 == 4 {
			change(t, d, func(tx *Txn) error { return d.Text("t").Delete(tx, r.IntN(d.Text("t").Len()), 1) })
		}
	}
	want := d.EncodeStateAsUpdate(nil)
	got := NewDoc(Config{})
	most := 0
	for i := range 60 {
		// The later part of the document, and some of it without the end.
		from := cutState(d, 1-float64(i)/60, r)
		u := d.EncodeStateAsUpdate(from)
		if i%2 == 1 {
			pieces, err := SplitUpdate(u, 2000, 200)
			if err != nil {
				t.Fatal(err)
			}
			u = pieces[r.IntN(len(pieces))]
		}
		for range 1 + i%2 {
			if err := got.ApplyUpdate(u, nil); err != nil {
				t.Fatal(err)
			}
		}
		most = max(most, got.pending.structs)
		counted := 0
		for _, run := range got.pending.runs() {
			counted += run.structs
		}
		if counted != got.pending.structs {
			t.Fatalf("%d structs are pending, counted as %d", counted, got.pending.structs)
		}
	}
	if most <= maxExactStructs {
		t.Fatalf("no more than %d structs were pending", most)
	}
	if err := got.ApplyUpdate(want, nil); err != nil {
		t.Fatal(err)
	}
	if got.HasPending() || !bytes.Equal(got.EncodeStateAsUpdate(nil), want) {
		t.Errorf("pending %v, or another state", got.HasPending())
	}
}

// TestPendingTwice delivers long pending updates once more: that costs what
// each brings, not all that is pending.
func TestPendingTwice(t *testing.T) {
	d := NewDoc(Config{})
	updates := updatesOf(d)
	paste := strings.Repeat("x", 32<<10)
	for i := range 200 {
		d.SetClientID(ClientID(1 + i%2))
		change(t, d, func(tx *Txn) error { return d.Text("t").Insert(tx, 0, paste) })
	}
	got := NewDoc(Config{})
	var before, after runtime.MemStats
	for range 2 {
		runtime.ReadMemStats(&before)
		for _, u := range (*updates)[1:] {
			if err := got.ApplyUpdate(u, nil); err != nil {
				t.Fatal(err)
			}
		}
		runtime.ReadMemStats(&after)
	}
	if each := (after.TotalAlloc - before.TotalAlloc) / 199; each > 1<<20 {
		t.Errorf("%d bytes for each update of %d", each, len(paste))
	}
	if err := got.ApplyUpdate((*updates)[0], nil); err != nil {
		t.Fatal(err)
	}
	if got.HasPending() || !bytes.Equal(got.EncodeStateAsUpdate(nil), d.EncodeStateAsUpdate(nil)) {
		t.Errorf("pending %v, or another state", got.HasPending())
	}
}

// cutState returns a state vector of about a part of a document.
func cutState(d *Doc, part float64, r *rand.Rand) StateVector {
	sv := d.StateVector()
	for c, clock := range sv {
		sv[c] = uint64(float64(clock) * min(1, max(0.01, part+r.Float64()/10)))
	}
	return sv
}

// TestPendingDeletes delivers deletions before what they delete, twice, and
// that one by one.
func TestPendingDeletes(t *testing.T) {
	d := NewDoc(Config{ClientID: 1})
	updates := updatesOf(d)
	const n = 2000
	for i := range n {
		d.SetClientID(ClientID(1 + i%3))
		change(t, d, func(tx *Txn) error { return d.Text("t").Insert(tx, i, "x") })
	}
	inserts := slices.Clone(*updates)
	*updates = nil
	r := rand.New(rand.NewPCG(5, 6))
	for i := n; i > 10; i-- {
		change(t, d, func(tx *Txn) error { return d.Text("t").Delete(tx, r.IntN(i), 1) })
	}
	got := NewDoc(Config{})
	for _, list := range [][][]byte{*updates, *updates, inserts} {
		for _, u := range list {
			if err := got.ApplyUpdate(u, nil); err != nil {
				t.Fatal(err)
			}
		}
		if p := &got.pending.deletes; p.count > len(*updates)+2*minJoinedDeletes {
			t.Errorf("%d pending deletions, of %d", p.count, len(*updates))
		}
	}
	if got.HasPending() || !bytes.Equal(got.EncodeStateAsUpdate(nil), d.EncodeStateAsUpdate(nil)) {
		t.Errorf("pending %v, or another state", got.HasPending())
	}
}
