package crdt

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// updatesOf collects the updates that a document makes.
func updatesOf(d *Doc) *[][]byte {
	var out [][]byte
	d.OnUpdate(func(u UpdateEvent) { out = append(out, u.Update) })
	return &out
}

// TestAnyOrder delivers updates in random orders, some twice, and looks at the
// state in between.
func TestAnyOrder(t *testing.T) {
	a := NewDoc(Config{ClientID: 1})
	updates := updatesOf(a)
	text, fields := a.Text("t"), a.Map("m")
	for i := range 30 {
		edit(t, a, func(tx *Txn) error { return text.Insert(tx, i/2, "ab") })
		if i%3 == 0 {
			edit(t, a, func(tx *Txn) error { return text.Delete(tx, i/3, 2) })
			edit(t, a, func(tx *Txn) error { return fields.Set(tx, "k", ValueOf(NewArray())) })
		}
	}
	want := a.EncodeStateAsUpdate(nil)
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 0))
		d := NewDoc(Config{})
		order := r.Perm(len(*updates))
		for i, j := range order {
			for range 1 + r.IntN(2) {
				if err := d.ApplyUpdate((*updates)[j], nil); err != nil {
					t.Fatal(err)
				}
			}
			d.check(t)
			if i%10 == 0 {
				// A replica that starts from here goes on as well.
				again := NewDoc(Config{})
				if err := again.ApplyUpdate(d.EncodeStateAsUpdate(nil), nil); err != nil {
					t.Fatal(err)
				}
				if again.HasPending() != d.HasPending() {
					t.Errorf("seed %d: pending %v, reloaded %v", seed, d.HasPending(), again.HasPending())
				}
				d = again
			}
		}
		if d.HasPending() || !bytes.Equal(d.EncodeStateAsUpdate(nil), want) {
			t.Errorf("seed %d: pending %v, state differs", seed, d.HasPending())
		}
	}
}

// TestPendingIsBounded delivers the same unusable update again and again.
func TestPendingIsBounded(t *testing.T) {
	a := NewDoc(Config{ClientID: 1})
	updates := updatesOf(a)
	for i := range 3 {
		edit(t, a, func(tx *Txn) error { return a.Text("t").Insert(tx, i, string(bytes.Repeat([]byte("x"), 1000))) })
	}
	d := NewDoc(Config{})
	for range 1000 {
		if err := d.ApplyUpdate((*updates)[2], nil); err != nil {
			t.Fatal(err)
		}
	}
	kept := 0
	for _, r := range d.pending.runs() {
		kept += len(r.update)
	}
	if kept > 2*len((*updates)[2]) {
		t.Errorf("%d bytes are kept of one update of %d", kept, len((*updates)[2]))
	}
}

func TestUpdateEvents(t *testing.T) {
	d := NewDoc(Config{ClientID: 1})
	type event struct {
		origin any
		local  bool
		bytes  int
	}
	var events []event
	cancel := d.OnUpdate(func(u UpdateEvent) { events = append(events, event{u.Origin, u.Local, len(u.Update)}) })
	other := NewDoc(Config{ClientID: 2})
	edit(t, other, func(tx *Txn) error { return other.Text("t").Insert(tx, 0, "x") })
	state := other.EncodeStateAsUpdate(nil)
	for range 2 { // the second time nothing changes
		if err := d.ApplyUpdate(state, "remote"); err != nil {
			t.Fatal(err)
		}
	}
	d.Transact("nothing", func(*Txn) {})
	d.Transact("outer", func(tx *Txn) {
		_ = d.Text("t").Insert(tx, 1, "y")
		d.Transact("inner", func(tx *Txn) { _ = d.Text("t").Insert(tx, 2, "z") })
	})
	cancel()
	edit(t, d, func(tx *Txn) error { return d.Text("t").Insert(tx, 0, "unseen") })
	want := []event{{"remote", false, len(state)}, {"outer", true, events[1].bytes}}
	if !slices.Equal(events, want) {
		t.Errorf("%v, want %v", events, want)
	}
}

// TestEditInHook edits the document while a transaction is being reported.
func TestEditInHook(t *testing.T) {
	d, mirror := NewDoc(Config{ClientID: 1}), NewDoc(Config{})
	d.OnAfterTransactionCleanup(func(e *Txn) {
		if n := d.Text("t").Len(); n < 5 {
			d.Transact(nil, func(tx *Txn) { _ = d.Text("t").Insert(tx, n, "x") })
		}
	})
	d.OnUpdate(func(u UpdateEvent) {
		if err := mirror.ApplyUpdate(u.Update, nil); err != nil {
			t.Error(err)
		}
	})
	edit(t, d, func(tx *Txn) error { return d.Text("t").Insert(tx, 0, "a") })
	if got := mirror.Text("t").String(); got != "axxxx" || mirror.HasPending() {
		t.Error(got)
	}
	if !bytes.Equal(d.EncodeStateAsUpdate(nil), mirror.EncodeStateAsUpdate(nil)) {
		t.Error("states differ")
	}
}

// TestPanicInTransaction leaves the document usable.
func TestPanicInTransaction(t *testing.T) {
	d := NewDoc(Config{ClientID: 1})
	func() {
		defer func() { _ = recover() }()
		d.Transact(nil, func(tx *Txn) {
			_ = d.Text("t").Insert(tx, 0, "kept")
			panic("the caller's own")
		})
	}()
	edit(t, d, func(tx *Txn) error { return d.Text("t").Insert(tx, 4, "!") })
	if got := d.Text("t").String(); got != "kept!" {
		t.Error(got)
	}
}

func TestGarbage(t *testing.T) {
	for _, keep := range []bool{false, true} {
		t.Run(fmt.Sprint("keep ", keep), func(t *testing.T) {
			d := NewDoc(Config{ClientID: 1, DisableGC: keep})
			list := d.Array("a")
			for range 50 {
				edit(t, d, func(tx *Txn) error {
					inner := NewText()
					return errors.Join(list.Insert(tx, 0, ValueOf(inner)), inner.Insert(tx, 0, "some text"))
				})
			}
			full := len(d.EncodeStateAsUpdate(nil))
			edit(t, d, func(tx *Txn) error { return list.Delete(tx, 0, 50) })
			rest := len(d.EncodeStateAsUpdate(nil))
			if keep && rest < full || !keep && rest > full/2 {
				t.Errorf("state takes %d bytes before and %d after deleting everything", full, rest)
			}
		})
	}
}

// TestMutatedUpdates flips, cuts and repeats bytes of real updates. Whatever
// happens, documents stay whole.
func TestMutatedUpdates(t *testing.T) {
	updates := fuzzUpdates()
	rounds := 6000
	if testing.Short() {
		rounds = 500
	}
	const seed = 1
	r := rand.New(rand.NewPCG(seed, 0))
	accepted := 0
	for i := range rounds {
		u := slices.Clone(updates[r.IntN(len(updates))])
		for range 1 + r.IntN(4) {
			at := r.IntN(len(u))
			switch r.IntN(5) {
			case 0:
				u[at] ^= 1 << r.IntN(8)
			case 1:
				u[at] = byte(r.IntN(12))
			case 2:
				u = append(u[:at:at], u[at+1:]...)
			case 3:
				u = slices.Insert(u, at, byte(r.IntN(256)))
			case 4:
				u = append(u[:at:at], updates[r.IntN(len(updates))]...)
			}
			if len(u) == 0 {
				u = []byte{0}
			}
		}
		d := NewDoc(Config{ClientID: 99, DisableGC: r.IntN(2) == 0})
		for _, known := range updates[:r.IntN(len(updates))] {
			if err := d.ApplyUpdate(known, nil); err != nil {
				t.Fatal(err)
			}
		}
		d.Text("text")
		d.Array("array")
		d.XMLFragment("xml")
		before := d.EncodeStateAsUpdate(nil)
		if err := d.ApplyUpdate(u, nil); err != nil {
			if !errors.Is(err, ErrMalformed) || !bytes.Equal(before, d.EncodeStateAsUpdate(nil)) {
				t.Fatalf("round %d: %x: %v", i, u, err)
			}
			continue
		}
		accepted++
		d.check(t)
		useEverything(t, d)
		if t.Failed() {
			t.Fatalf("round %d: %x", i, u)
		}
	}
	if accepted < rounds/10 {
		t.Errorf("only %d of %d mutants were accepted", accepted, rounds)
	}
}
