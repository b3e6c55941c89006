package crdt_test

import (
	"fmt"

	"github.com/sheafdocs/sheaf/crdt"
)

func ExampleClone() {
	d := crdt.NewDoc(crdt.Config{ClientID: 1})
	pages := d.Array("pages")
	d.Transact(nil, func(tx *crdt.Txn) {
		page := crdt.NewText()
		must(pages.Push(tx, crdt.ValueOf(page)))
		must(page.Insert(tx, 0, "A page"))
		another := crdt.Clone(page)
		must(pages.Push(tx, crdt.ValueOf(another)))
		must(another.Insert(tx, 6, ", copied"))
	})
	json, err := pages.JSON().MarshalJSON()
	fmt.Println(string(json), err)
	// Output: ["A page","A page, copied"] <nil>
}

func ExampleDoc_Clone() {
	d := crdt.NewDoc(crdt.Config{ClientID: 1})
	d.Transact(nil, func(tx *crdt.Txn) { must(d.Text("body").Insert(tx, 0, "text")) })
	attempt, err := d.Clone(crdt.Config{ClientID: 2})
	must(err)
	attempt.Transact(nil, func(tx *crdt.Txn) { must(attempt.Text("body").Insert(tx, 4, " and more")) })
	fmt.Println(d.Text("body"))
	fmt.Println(attempt.Text("body"))
	// Output:
	// text
	// text and more
}
