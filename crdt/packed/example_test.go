package packed_test

import (
	"bytes"
	"fmt"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/crdt/packed"
)

func ExampleOpen() {
	d := crdt.NewDoc(crdt.Config{ClientID: 1})
	d.Transact(nil, func(tx *crdt.Txn) { must(d.Text("body").Insert(tx, 0, "kept")) })
	document, err := packed.Open(packed.Pack(d))
	must(err)
	visible, err := document.Visible() // to show at once
	must(err)
	fmt.Println(visible.Text("body"))
	whole, err := document.Doc(crdt.Config{ClientID: 2}) // to go on editing
	must(err)
	fmt.Println(whole.StateVector())
	// Output:
	// kept
	// map[1:4]
}

// What was packed is an update again, byte for byte.
func ExampleDocument_Update() {
	d := crdt.NewDoc(crdt.Config{ClientID: 1})
	d.Transact(nil, func(tx *crdt.Txn) { must(d.Text("body").Insert(tx, 0, "kept")) })
	document, err := packed.Open(packed.Pack(d))
	must(err)
	update, err := document.Update()
	must(err)
	fmt.Println(bytes.Equal(update, d.EncodeStateAsUpdate(nil)), document.StateVector(), document.IsPlain())
	// Output: true map[1:4] false
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
