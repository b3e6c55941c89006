package crdt_test

import (
	"bytes"
	"errors"
	"maps"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/sheafdocs/sheaf/crdt"
)

// editor is a document that hands its updates to a list.
func editor(t *testing.T, client crdt.ClientID, base ...[]byte) (*crdt.Doc, *[][]byte) {
	t.Helper()
	d := crdt.NewDoc(crdt.Config{ClientID: client})
	for _, u := range base {
		if err := d.ApplyUpdate(u, nil); err != nil {
			t.Fatal(err)
		}
	}
	var updates [][]byte
	d.OnUpdate(func(e crdt.UpdateEvent) { updates = append(updates, bytes.Clone(e.Update)) })
	return d, &updates
}

func edit(t *testing.T, d *crdt.Doc, f func(tx *crdt.Txn) error) {
	t.Helper()
	d.Transact(nil, func(tx *crdt.Txn) {
		if err := f(tx); err != nil {
			t.Fatal(err)
		}
	})
}

// structured merges honest updates and the structure of others, in order.
func structured(t *testing.T, updates [][]byte, void func(i int) bool) *crdt.Doc {
	t.Helper()
	d := crdt.NewDoc(crdt.Config{})
	for i, u := range updates {
		if void(i) {
			s, err := crdt.StructureOnly(u, d.Keyed)
			if err != nil {
				t.Fatal(err)
			}
			u = s
		}
		if err := d.ApplyUpdate(u, nil); err != nil {
			t.Fatal(err)
		}
	}
	if d.HasPending() {
		t.Fatal("something is pending")
	}
	return d
}

func TestStructureKeepsParagraphsAndDropsText(t *testing.T) {
	void, voids := editor(t, 1)
	p, text := crdt.NewXMLElement("paragraph"), crdt.NewXMLText()
	edit(t, void, func(tx *crdt.Txn) error { return void.XMLFragment("default").Insert(tx, 0, p) })
	edit(t, void, func(tx *crdt.Txn) error { return p.SetAttribute(tx, "level", crdt.Number(2)) })
	edit(t, void, func(tx *crdt.Txn) error { return p.SetAttribute(tx, "level", crdt.Number(3)) })
	edit(t, void, func(tx *crdt.Txn) error { return p.Insert(tx, 0, text) })
	edit(t, void, func(tx *crdt.Txn) error { return text.Insert(tx, 0, "VOID 😀 TEXT") })
	edit(t, void, func(tx *crdt.Txn) error { return text.Format(tx, 0, 4, crdt.Attr{Key: "bold", Value: crdt.Bool(true)}) })
	edit(t, void, func(tx *crdt.Txn) error { return void.Array("list").Push(tx, crdt.Number(1), crdt.String("VOID")) })

	honest, honests := editor(t, 2, *voids...)
	kid, _ := honest.XMLFragment("default").Get(0)
	words, _ := kid.Shared().(*crdt.XMLElement).Get(0)
	inner := words.Shared().(*crdt.XMLText)
	edit(t, honest, func(tx *crdt.Txn) error { return inner.Insert(tx, 5, "honest") })
	edit(t, honest, func(tx *crdt.Txn) error { return honest.Array("list").Insert(tx, 1, crdt.String("honest")) })

	d := structured(t, append(*voids, *honests...), func(i int) bool { return i < len(*voids) })
	if got, want := d.XMLFragment("default").String(), `<paragraph level="3">honest</paragraph>`; got != want {
		t.Errorf("fragment is %s, want %s", got, want)
	}
	if list := d.Array("list"); list.Len() != 1 {
		t.Errorf("list has %d values", list.Len())
	}
	if !maps.Equal(d.StateVector(), honest.StateVector()) {
		t.Errorf("state vector %v, want %v", d.StateVector(), honest.StateVector())
	}
}

func TestStructureDropsDeletesAndKeepsKeys(t *testing.T) {
	first, base := editor(t, 1)
	edit(t, first, func(tx *crdt.Txn) error { return first.Text("text").Insert(tx, 0, "honest words") })
	edit(t, first, func(tx *crdt.Txn) error { return first.Map("meta").Set(tx, "title", crdt.String("old")) })
	void, voids := editor(t, 2, *base...)
	edit(t, void, func(tx *crdt.Txn) error { return void.Text("text").Delete(tx, 0, 12) })
	edit(t, void, func(tx *crdt.Txn) error { return void.Map("meta").Set(tx, "title", crdt.String("void")) })
	edit(t, void, func(tx *crdt.Txn) error { return void.Text("text").Insert(tx, 0, "VOID") })
	after, honest := editor(t, 3, append(*base, *voids...)...)
	edit(t, after, func(tx *crdt.Txn) error { return after.Map("meta").Set(tx, "title", crdt.String("new")) })
	edit(t, after, func(tx *crdt.Txn) error { return after.Text("text").Insert(tx, 2, "more ") })

	all := append(append(*base, *voids...), *honest...)
	d := structured(t, all, func(i int) bool { return i >= len(*base) && i < len(*base)+len(*voids) })
	if got, want := d.Text("text").String(), "honest wordsmore "; got != want {
		t.Errorf("text is %q, want %q", got, want)
	}
	if v, _ := d.Map("meta").Get("title"); v.Str() != "new" {
		t.Errorf("title is %q", v.Str())
	}
	// Without the document, an overwritten key is not known for one.
	if _, err := crdt.StructureOnly((*voids)[1], nil); err != nil {
		t.Error(err)
	}
}

func TestStructureOfRandomEdits(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 3))
		base, updates := randomUpdates(t, r)
		if len(updates) == 0 {
			continue
		}
		whole := crdt.NewDoc(crdt.Config{})
		for _, u := range append([][]byte{base}, updates...) {
			if err := whole.ApplyUpdate(u, nil); err != nil {
				t.Fatal(err)
			}
		}
		after, honest := editor(t, 99, whole.EncodeStateAsUpdate(nil))
		for i := range 20 {
			units := utf16.Encode([]rune(after.Text("text").String()))
			at := r.IntN(len(units) + 1)
			if at < len(units) && utf16.IsSurrogate(rune(units[at])) {
				at = 0 // rather than inside a pair
			}
			edit(t, after, func(tx *crdt.Txn) error { return after.Text("text").Insert(tx, at, string(rune('A'+i))) })
		}
		all := append(append([][]byte{base}, updates...), *honest...)
		d := structured(t, all, func(i int) bool { return i > 0 && i <= len(updates) })
		got := d.Text("text").String()
		for i := range 20 {
			if !strings.Contains(got, string(rune('A'+i))) {
				t.Fatalf("seed %d: letter %c is lost from %q", seed, 'A'+i, got)
			}
		}
		rest := strings.Map(func(r rune) rune {
			if r >= 'A' && r <= 'T' || r == '😀' || r == utf8.RuneError {
				return -1 // a pair that the void text parted is spoiled
			}
			return r
		}, got)
		if rest != "the base  text" {
			t.Fatalf("seed %d: text is %q", seed, got)
		}
		if !maps.Equal(d.StateVector(), after.StateVector()) {
			t.Fatalf("seed %d: state vector %v, want %v", seed, d.StateVector(), after.StateVector())
		}
	}
}

func TestRenameClient(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 4))
		base, updates := randomUpdates(t, r)
		plain, renamed := [][]byte{base}, [][]byte{base}
		var from crdt.ClientID
		for _, u := range updates {
			info, err := crdt.Inspect(u)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range info.Structs {
				from = s.Client
			}
			plain = append(plain, u)
		}
		for _, u := range updates {
			u, err := crdt.RenameClient(u, from, 5000)
			if err != nil {
				t.Fatal(err)
			}
			renamed = append(renamed, u)
		}
		// Renamed back they are what they were.
		for i, u := range renamed[1:] {
			back, err := crdt.RenameClient(u, 5000, from)
			if err != nil {
				t.Fatal(err)
			}
			renamed[i+1] = u
			if !bytes.Equal(stateOf(t, append(append([][]byte{}, plain[:i+1]...), back)...), stateOf(t, plain[:i+2]...)) {
				t.Fatalf("seed %d: update %d does not come back", seed, i)
			}
		}
		a, b := crdt.NewDoc(crdt.Config{}), crdt.NewDoc(crdt.Config{})
		for i := range plain {
			if err := errors.Join(a.ApplyUpdate(plain[i], nil), b.ApplyUpdate(renamed[i], nil)); err != nil {
				t.Fatal(err)
			}
		}
		if a.Text("text").String() != b.Text("text").String() || b.HasPending() {
			t.Fatalf("seed %d: %q became %q", seed, a.Text("text").String(), b.Text("text").String())
		}
		if sv := b.StateVector(); sv[from] != 0 || sv[5000] != a.StateVector()[from] {
			t.Fatalf("seed %d: state vector %v", seed, sv)
		}
	}
	if _, err := crdt.RenameClient([]byte{1, 1, 1, 0, 4, 1, 4, 't', 'e', 'x', 't', 3, 'a', 'b', 'c', 0}, 2, 1); !errors.Is(err, crdt.ErrMalformed) {
		t.Errorf("renaming to a client of the update: %v", err)
	}
}

// TestRebaseClient moves what a client wrote after some clock to another.
func TestRebaseClient(t *testing.T) {
	first, old := editor(t, 1)
	text := first.Text("text")
	edit(t, first, func(tx *crdt.Txn) error { return text.Insert(tx, 0, "kept 😀") })
	kept := len(*old)
	edit(t, first, func(tx *crdt.Txn) error { return text.Insert(tx, text.Len(), " moved") })
	edit(t, first, func(tx *crdt.Txn) error { return text.Delete(tx, 2, 9) }) // of both parts
	edit(t, first, func(tx *crdt.Txn) error { return text.Insert(tx, 3, "!") })
	late, err := crdt.MergeUpdates((*old)[kept:]...)
	if err != nil {
		t.Fatal(err)
	}
	moved, err := crdt.RebaseClient(late, crdt.ID{Client: 1, Clock: 7}, crdt.ID{Client: 9, Clock: 0})
	if err != nil {
		t.Fatal(err)
	}
	d := crdt.NewDoc(crdt.Config{})
	for _, u := range append((*old)[:kept:kept], moved) {
		if err := d.ApplyUpdate(u, nil); err != nil {
			t.Fatal(err)
		}
	}
	if got := d.Text("text").String(); got != text.String() || d.HasPending() {
		t.Errorf("text is %q, want %q", got, text.String())
	}
	if sv := d.StateVector(); sv[1] != 7 || sv[9] != 7 {
		t.Errorf("state vector is %v", sv)
	}
	for _, to := range []crdt.ID{
		{Client: crdt.MaxClientID + 1},
		{Client: 9, Clock: crdt.MaxClock - 1},
		{Client: 9, Clock: math.MaxUint64 - 1},
	} {
		if moved, err := crdt.RebaseClient(late, crdt.ID{Client: 1, Clock: 7}, to); !errors.Is(err, crdt.ErrMalformed) {
			t.Errorf("moved to %v, which is out of range: %x, %v", to, moved, err)
		}
	}
	if _, err := crdt.RebaseClient(late, crdt.ID{Client: 1, Clock: 8}, crdt.ID{Client: 9}); !errors.Is(err, crdt.ErrMalformed) {
		t.Errorf("an update from before the move: %v", err)
	}
	if got, err := crdt.InsertedText(late, 100); err != nil || got != " moved\n!" {
		t.Errorf("inserted text %q, %v", got, err)
	}
	if got, err := crdt.InsertedText((*old)[0], 7); err != nil || got != "kept " {
		t.Errorf("inserted text cut to %q, %v", got, err)
	}
}

func FuzzRewrite(f *testing.F) {
	f.Add([]byte{0, 0}, uint64(1), uint64(2))
	f.Add([]byte{1, 1, 1, 0, 4, 1, 4, 't', 'e', 'x', 't', 3, 'a', 'b', 'c', 0}, uint64(1), uint64(2))
	f.Add([]byte{1, 1, 2, 0, 0x28, 1, 1, 'm', 1, 'k', 1, 0x7d, 5, 1, 9, 1, 0, 3}, uint64(9), uint64(3))
	f.Fuzz(func(t *testing.T, update []byte, from, to uint64) {
		info, err := crdt.Inspect(update)
		s, serr := crdt.StructureOnly(update, func(id crdt.ID) bool { return id.Clock%2 == 0 })
		if (err == nil) != (serr == nil) {
			t.Fatalf("inspect: %v, structure: %v", err, serr)
		}
		if err != nil {
			return
		}
		after, err := crdt.Inspect(s)
		if err != nil || after.NumStructs != info.NumStructs || len(after.Deletes) != 0 {
			t.Fatalf("structure %x: %v, %+v of %+v", s, err, after, info)
		}
		for i, r := range after.Structs {
			if r != info.Structs[i] {
				t.Fatalf("structure brings %v, not %v", after.Structs, info.Structs)
			}
		}
		if err := crdt.NewDoc(crdt.Config{}).ApplyUpdate(s, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := crdt.InsertedText(update, 16); err != nil {
			t.Fatal(err)
		}
		if moved, err := crdt.RebaseClient(update, crdt.ID{Client: crdt.ClientID(from), Clock: 3}, crdt.ID{Client: crdt.ClientID(to), Clock: 1}); err == nil {
			if _, err := crdt.Inspect(moved); err != nil {
				t.Fatalf("%x moved to %x: %v", update, moved, err)
			}
		}
		renamed, err := crdt.RenameClient(update, crdt.ClientID(from), crdt.ClientID(to))
		if err != nil {
			return
		}
		if err := crdt.NewDoc(crdt.Config{}).ApplyUpdate(renamed, nil); err != nil {
			t.Fatalf("%x renamed to %x: %v", update, renamed, err)
		}
	})
}
