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
