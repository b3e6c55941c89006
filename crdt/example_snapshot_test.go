package crdt_test

import (
	"fmt"

	"github.com/sheafdocs/sheaf/crdt"
)

func ExampleDoc_Snapshot() {
	d := crdt.NewDoc(crdt.Config{ClientID: 1, DisableGC: true})
	text := d.Text("body")
	d.Transact(nil, func(tx *crdt.Txn) { must(text.Insert(tx, 0, "one two")) })
	version, err := crdt.DecodeSnapshot(d.Snapshot().Encode())
	must(err)
	d.Transact(nil, func(tx *crdt.Txn) {
		must(text.Delete(tx, 0, 4))
		must(text.Insert(tx, 3, " three"))
	})

	now := d.Snapshot()
	for _, op := range text.DeltaAt(&now, &version) {
		fmt.Printf("%q %v by %d\n", op.Insert.Str(), op.Change, op.Client)
	}
	old, err := d.DocFromSnapshot(version, crdt.Config{})
	must(err)
	fmt.Println(old.Text("body"), now.Equal(version))
	// Output:
	// "one " removed by 1
	// "two" unchanged by 0
	// " three" added by 1
	// one two false
}
