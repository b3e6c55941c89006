package crdt_test

import (
	"math"
	"slices"
	"testing"

	"github.com/sheafdocs/sheaf/crdt"
)

// written returns a text of two authors, "ab" + "XY" + "c", in which one unit
// was deleted and another added later.
func written(t *testing.T) *crdt.Text {
	t.Helper()
	d := crdt.NewDoc(crdt.Config{ClientID: 1})
	text := d.Text("t")
	d.Transact(nil, func(tx *crdt.Txn) { must(text.Insert(tx, 0, "abc")) })
	d.SetClientID(2)
	d.Transact(nil, func(tx *crdt.Txn) {
		must(text.Insert(tx, 2, "X-Y"))
		must(text.Delete(tx, 3, 1))
		must(text.Format(tx, 0, 1, crdt.Attr{Key: "bold", Value: crdt.Bool(true)}))
	})
	return text
}

func TestAuthors(t *testing.T) {
	run := func(index, length int, client crdt.ClientID, clock uint64) crdt.Authored {
		return crdt.Authored{Index: index, Length: length, ID: crdt.ID{Client: client, Clock: clock}}
	}
	all := []crdt.Authored{run(0, 2, 1, 0), run(2, 1, 2, 0), run(3, 1, 2, 2), run(4, 1, 1, 2)}
	text := written(t)
	for _, c := range []struct {
		index, length int
		want          []crdt.Authored
	}{
		{0, 5, all},
		{0, math.MaxInt, all},
		{-3, math.MaxInt, all},
		{math.MinInt, math.MaxInt, nil},
		{-3, 4, []crdt.Authored{run(0, 1, 1, 0)}},
		{1, 2, []crdt.Authored{run(1, 1, 1, 1), run(2, 1, 2, 0)}},
		{3, 1, []crdt.Authored{run(3, 1, 2, 2)}},
		{4, math.MaxInt, []crdt.Authored{run(4, 1, 1, 2)}},
		{5, 1, nil},
		{math.MaxInt, math.MaxInt, nil},
		{2, 0, nil},
		{2, -1, nil},
		{2, math.MinInt, nil},
	} {
		if got := slices.Collect(text.Authors(c.index, c.length)); !slices.Equal(got, c.want) {
			t.Errorf("%d units from %d on: %v, want %v", c.length, c.index, got, c.want)
		}
	}
	for range text.Authors(0, 5) {
		break
	}
	for a := range crdt.NewText().Authors(0, 1) {
		t.Errorf("a new text has author %v", a)
	}
}

func TestAuthorOfKey(t *testing.T) {
	d := crdt.NewDoc(crdt.Config{ClientID: 1})
	m := d.Map("m")
	d.Transact(nil, func(tx *crdt.Txn) {
		must(m.Set(tx, "k", crdt.Number(1)))
		must(m.Set(tx, "gone", crdt.Number(1)))
		must(m.Delete(tx, "gone"))
	})
	d.SetClientID(7)
	d.Transact(nil, func(tx *crdt.Txn) { must(m.Set(tx, "k", crdt.Number(2))) })
	if id, ok := m.Author("k"); !ok || id != (crdt.ID{Client: 7}) {
		t.Errorf("k was set by %v %v", id, ok)
	}
	for _, key := range []string{"gone", "never"} {
		if id, ok := m.Author(key); ok {
			t.Errorf("%s was set by %v", key, id)
		}
	}
}
