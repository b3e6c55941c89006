package crdt_test

import (
	"testing"

	"github.com/sheafdocs/sheaf/crdt"
)

func TestGCFilter(t *testing.T) {
	var versions []crdt.Snapshot
	var asked []crdt.ClockRange
	var kept *crdt.Array
	d := crdt.NewDoc(crdt.Config{ClientID: 1, GCFilter: func(i crdt.DeletedItem) bool {
		asked = append(asked, i.Units())
		for _, s := range versions {
			if s.Shows(i.Units()) {
				return false
			}
		}
		return !i.Inside(kept)
	}})
	text := d.Text("t")
	kept = d.Array("a")
	edit := func(f func(tx *crdt.Txn)) { d.Transact(nil, f) }
	edit(func(tx *crdt.Txn) { must(text.Insert(tx, 0, "named")) })
	versions = append(versions, d.Snapshot())
	edit(func(tx *crdt.Txn) { must(text.Insert(tx, 5, " not")) })
	edit(func(tx *crdt.Txn) { must(text.Delete(tx, 0, 9)) })
	ops := text.DeltaAt(&versions[0], nil)
	if len(ops) != 1 || ops[0].Insert.Str() != "named" {
		t.Errorf("at the snapshot: %v", ops)
	}
	// A run that no version shows is dropped.
	edit(func(tx *crdt.Txn) { must(text.Insert(tx, 0, "dropped")) })
	edit(func(tx *crdt.Txn) { must(text.Delete(tx, 0, 7)) })
	inner := crdt.NewArray()
	edit(func(tx *crdt.Txn) {
		must(kept.Push(tx, crdt.ValueOf(inner)))
		must(inner.Push(tx, crdt.String("inside")))
	})
	version := d.Snapshot()
	edit(func(tx *crdt.Txn) { must(kept.Delete(tx, 0, 1)) })
	inside := ""
	for _, v := range inner.AllAt(version) {
		inside += v.Str()
	}
	if inside != "inside" {
		t.Errorf("inside is %q", inside)
	}
	if !inner.Deleted() {
		t.Error("the inner array is not deleted")
	}
	gone, err := crdt.InsertedText(d.EncodeStateAsUpdate(nil), 1000)
	must(err)
	if gone != "named not" { // one run
		t.Errorf("the state holds %q", gone)
	}
	if len(asked) < 4 {
		t.Errorf("asked about %v", asked)
	}
}
