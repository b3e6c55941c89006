package crdt_test

import (
	"fmt"

	"github.com/sheafdocs/sheaf/crdt"
)

// What a transaction wrote and deleted.
func ExampleTxn() {
	d := crdt.NewDoc(crdt.Config{ClientID: 1})
	text := d.Text("body")
	d.Transact(nil, func(tx *crdt.Txn) { must(text.Insert(tx, 0, "one two")) })
	d.OnAfterTransaction(func(tx *crdt.Txn) {
		fmt.Println(tx.Doc() == d, tx.Local())
		fmt.Println(tx.BeforeState(), tx.AfterState(), tx.Deletes())
		fmt.Println(tx.Adds(crdt.ID{Client: 1, Clock: 7}), tx.Deleted(crdt.ID{Client: 1, Clock: 0}))
	})
	d.Transact(nil, func(tx *crdt.Txn) {
		must(text.Delete(tx, 0, 4))
		must(text.Insert(tx, 3, "!"))
	})
	// Output:
	// true true
	// map[1:7] map[1:8] [{1 0 4}]
	// true true
}

// An observer of a tree hears which part changed and how.
func ExampleEvent() {
	d := crdt.NewDoc(crdt.Config{ClientID: 1})
	body, heading := d.XMLFragment("body"), crdt.NewXMLElement("heading")
	d.Transact(nil, func(tx *crdt.Txn) { must(body.Insert(tx, 0, heading)) })
	body.ObserveDeep(func(events []*crdt.Event) {
		for _, e := range events {
			fmt.Println(e.Target() == crdt.Shared(heading), e.CurrentTarget() == crdt.Shared(body), e.Txn().Origin())
			fmt.Println(e.ChildrenChanged(), e.KeysChanged())
		}
	})
	d.Transact("demo", func(tx *crdt.Txn) { must(heading.SetAttribute(tx, "level", crdt.Number(1))) })
	// Output:
	// true true demo
	// false [level]
}
