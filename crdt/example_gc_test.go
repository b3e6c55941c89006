package crdt_test

import (
	"fmt"

	"github.com/sheafdocs/sheaf/crdt"
)

// What a named version shows is kept; everything else that is deleted is dropped.
func ExampleDeletedItem() {
	var version crdt.Snapshot
	d := crdt.NewDoc(crdt.Config{ClientID: 1, GCFilter: func(i crdt.DeletedItem) bool { return !version.Shows(i.Units()) }})
	text := d.Text("body")
	d.Transact(nil, func(tx *crdt.Txn) { must(text.Insert(tx, 0, "version one")) })
	version = d.Snapshot()
	d.Transact(nil, func(tx *crdt.Txn) { must(text.Delete(tx, 0, 11)) })
	fmt.Printf("%q, then %q\n", text.DeltaAt(&version, nil)[0].Insert.Str(), text.String())
	// Output: "version one", then ""
}

// What is deleted from the text is kept, and what is deleted elsewhere is not.
func ExampleDeletedItem_Inside() {
	var text *crdt.Text
	d := crdt.NewDoc(crdt.Config{ClientID: 1, GCFilter: func(i crdt.DeletedItem) bool { return !i.Inside(text) }})
	text = d.Text("body")
	list := d.Array("list")
	d.Transact(nil, func(tx *crdt.Txn) {
		must(text.Insert(tx, 0, "text"))
		must(list.Push(tx, crdt.Number(1)))
	})
	version := d.Snapshot()
	d.Transact(nil, func(tx *crdt.Txn) {
		must(text.Delete(tx, 0, 4))
		must(list.Delete(tx, 0, 1))
	})
	fmt.Println(text.DeltaAt(&version, nil)[0].Insert.Str())
	for range list.AllAt(version) {
		fmt.Println("the list's element")
	}
	// Output: text
}
