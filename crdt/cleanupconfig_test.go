package crdt_test

import (
	"bytes"
	"testing"

	"github.com/sheafdocs/sheaf/crdt"
)

// TestWithoutFormatCleanupOrderDoesNotMatter merges three concurrent edits
// between format marks in every order. With the clean-up the marks that go
// depend on the order; without it nothing goes that no update deletes.
func TestWithoutFormatCleanupOrderDoesNotMatter(t *testing.T) {
	base := crdt.NewDoc(crdt.Config{ClientID: 1})
	bold := crdt.Attr{Key: "bold", Value: crdt.Bool(true)}
	base.Transact(nil, func(tx *crdt.Txn) {
		text := base.Text("text")
		for _, err := range []error{
			text.Insert(tx, 0, "axzb"),
			text.Format(tx, 1, 2, bold),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
	})
	start := base.EncodeStateAsUpdate(nil)
	edit := func(client crdt.ClientID, f func(tx *crdt.Txn, text *crdt.Text) error) []byte {
		d := crdt.NewDoc(crdt.Config{ClientID: client})
		if err := d.ApplyUpdate(start, nil); err != nil {
			t.Fatal(err)
		}
		var update []byte
		d.OnUpdate(func(e crdt.UpdateEvent) { update = bytes.Clone(e.Update) })
		var err error
		d.Transact(nil, func(tx *crdt.Txn) { err = f(tx, d.Text("text")) })
		if err != nil {
			t.Fatal(err)
		}
		return update
	}
	updates := [][]byte{
		edit(2, func(tx *crdt.Txn, text *crdt.Text) error { return text.Delete(tx, 1, 1) }),
		edit(3, func(tx *crdt.Txn, text *crdt.Text) error { return text.Insert(tx, 2, "y") }),
		edit(4, func(tx *crdt.Txn, text *crdt.Text) error { return text.Delete(tx, 2, 1) }),
	}
	var want []byte
	for _, order := range [][]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}} {
		d := crdt.NewDoc(crdt.Config{DisableFormatCleanup: true})
		d.Text("text") // only a root known to be a text is cleaned up
		if err := d.ApplyUpdate(start, nil); err != nil {
			t.Fatal(err)
		}
		for _, i := range order {
			if err := d.ApplyUpdate(updates[i], nil); err != nil {
				t.Fatal(err)
			}
		}
		got := d.EncodeStateAsUpdate(nil)
		if want == nil {
			want = got
		}
		if !bytes.Equal(got, want) {
			t.Errorf("order %v gives another document: %v", order, d.Text("text").Delta())
		}
	}
}
