package crdt_test

import (
	"fmt"

	"github.com/sheafdocs/sheaf/crdt"
)

func ExampleUndoManager() {
	d := crdt.NewDoc(crdt.Config{ClientID: 1})
	text := d.Text("body")
	now := int64(1000) // milliseconds
	// Meta is where the cursor was.
	m, err := crdt.NewUndoManager[int](d, crdt.UndoConfig{
		Scope: []crdt.Shared{text},
		Now:   func() int64 { return now },
	})
	must(err)
	defer m.Close()
	m.OnStackItemAdded(func(e crdt.StackEvent[int]) { e.Item.Meta = text.Len() })

	insert := func(s string) {
		d.Transact(nil, func(tx *crdt.Txn) { must(text.Insert(tx, text.Len(), s)) })
	}
	insert("one ")
	now += 100
	insert("two ") // soon after, so it is undone together with the first
	now += 60_000
	insert("three")

	item, err := m.Undo()
	fmt.Printf("%q %d %v\n", text.String(), item.Meta, err)
	_, err = m.Undo()
	fmt.Printf("%q %v %v\n", text.String(), m.CanUndo(), err)
	_, err = m.Redo()
	fmt.Printf("%q %v %v\n", text.String(), m.CanRedo(), err)
	// Output:
	// "one two " 13 <nil>
	// "" false <nil>
	// "one two " true <nil>
}

func ExampleUndoManager_remote() {
	ann, bob := crdt.NewDoc(crdt.Config{ClientID: 1}), crdt.NewDoc(crdt.Config{ClientID: 2})
	m, err := crdt.NewUndoManager[struct{}](ann, crdt.UndoConfig{})
	must(err)
	ann.Transact(nil, func(tx *crdt.Txn) { must(ann.Text("t").Insert(tx, 0, "Ann")) })
	must(bob.ApplyUpdate(ann.EncodeStateAsUpdate(nil), nil))
	bob.Transact(nil, func(tx *crdt.Txn) { must(bob.Text("t").Insert(tx, 3, " and Bob")) })
	must(ann.ApplyUpdate(bob.EncodeStateAsUpdate(nil), "bob")) // not a tracked origin
	_, err = m.Undo()
	fmt.Println(ann.Text("t"), err)
	// Output:  and Bob <nil>
}

func ExampleDoc_OnAfterTransaction() {
	d := crdt.NewDoc(crdt.Config{ClientID: 1})
	d.OnBeforeTransaction(func(tx *crdt.Txn) { fmt.Println("before", tx.Origin()) })
	d.OnAfterTransaction(func(tx *crdt.Txn) { fmt.Println("after", tx.Changed(d.Text("t")), tx.AfterState()) })
	d.OnUpdate(func(u crdt.UpdateEvent) { fmt.Println("update", u.Origin, u.Local) })
	d.Transact("typing", func(tx *crdt.Txn) { must(d.Text("t").Insert(tx, 0, "hi")) })
	// Output:
	// before typing
	// after true map[1:2]
	// update typing true
}

func ExampleDoc_OnSubdocs() {
	d := crdt.NewDoc(crdt.Config{ClientID: 1})
	page := &crdt.Subdoc{GUID: "page-1", Unloaded: true}
	d.OnSubdocs(func(e crdt.SubdocEvent) { fmt.Println(len(e.Added), len(e.Loaded), len(e.Removed)) })
	d.Transact(nil, func(tx *crdt.Txn) { must(d.Map("pages").Set(tx, "1", crdt.SubdocValue(page))) })
	page.Load()
	// Output:
	// 1 0 0
	// 0 1 0
}
