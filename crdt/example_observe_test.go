package crdt_test

import (
	"fmt"

	"github.com/sheafdocs/sheaf/crdt"
)

func ExampleEvent_Delta() {
	d := crdt.NewDoc(crdt.Config{ClientID: 1})
	text := d.Text("body")
	d.Transact(nil, func(tx *crdt.Txn) { must(text.Insert(tx, 0, "Hello world")) })
	cancel := text.Observe(func(e *crdt.Event) {
		for _, op := range e.Delta() {
			switch {
			case op.Retain > 0:
				fmt.Println("keep", op.Retain)
			case op.Delete > 0:
				fmt.Println("delete", op.Delete)
			default:
				fmt.Printf("insert %q\n", op.Insert.Str())
			}
			for _, a := range op.Attrs {
				fmt.Println(" ", a.Key, a.Value.Bool())
			}
		}
	})
	defer cancel()
	d.Transact(nil, func(tx *crdt.Txn) {
		must(text.Format(tx, 0, 5, crdt.Attr{Key: "bold", Value: crdt.Bool(true)}))
		must(text.Delete(tx, 6, 5))
		must(text.Insert(tx, 6, "Sheaf"))
	})
	// Output:
	// keep 5
	//   bold true
	// keep 1
	// delete 5
	// insert "Sheaf"
}

func ExampleEvent_ListDelta() {
	d := crdt.NewDoc(crdt.Config{ClientID: 1})
	list := d.Array("list")
	list.Observe(func(e *crdt.Event) {
		for _, op := range e.ListDelta() {
			fmt.Println(len(op.Insert), op.Retain, op.Delete)
		}
	})
	d.Transact(nil, func(tx *crdt.Txn) { must(list.Push(tx, crdt.Number(1), crdt.Number(2))) })
	d.Transact(nil, func(tx *crdt.Txn) { must(list.Delete(tx, 1, 1)) })
	// Output:
	// 2 0 0
	// 0 1 0
	// 0 0 1
}

func ExampleEvent_Keys() {
	d := crdt.NewDoc(crdt.Config{ClientID: 1})
	meta := d.Map("meta")
	meta.Observe(func(e *crdt.Event) {
		for _, c := range e.Keys() {
			fmt.Printf("%s %s %q\n", c.Action, c.Key, c.Old.Str())
		}
	})
	d.Transact(nil, func(tx *crdt.Txn) { must(meta.Set(tx, "title", crdt.String("Draft"))) })
	d.Transact(nil, func(tx *crdt.Txn) { must(meta.Set(tx, "title", crdt.String("Report"))) })
	d.Transact(nil, func(tx *crdt.Txn) { must(meta.Delete(tx, "title")) })
	// Output:
	// add title ""
	// update title "Draft"
	// delete title "Report"
}

func ExampleMap_ObserveDeep() {
	d := crdt.NewDoc(crdt.Config{ClientID: 1})
	root, list := d.Map("root"), crdt.NewArray()
	d.Transact(nil, func(tx *crdt.Txn) { must(root.Set(tx, "list", crdt.ValueOf(list))) })
	root.ObserveDeep(func(events []*crdt.Event) {
		for _, e := range events {
			fmt.Println(e.Path(), len(e.ListDelta()), len(e.Keys()))
		}
	})
	d.Transact(nil, func(tx *crdt.Txn) {
		must(list.Push(tx, crdt.Number(1)))
		must(root.Set(tx, "n", crdt.Number(1)))
	})
	// Output:
	// [] 0 1
	// [{-1 list}] 1 0
}
