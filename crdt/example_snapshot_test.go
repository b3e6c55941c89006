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

func ExampleArray_AllAt() {
	d := crdt.NewDoc(crdt.Config{ClientID: 1, DisableGC: true})
	list := d.Array("list")
	d.Transact(nil, func(tx *crdt.Txn) { must(list.Push(tx, crdt.String("one"), crdt.String("two"))) })
	version := d.Snapshot()
	d.Transact(nil, func(tx *crdt.Txn) { must(list.Delete(tx, 0, 1)) })
	for i, v := range list.AllAt(version) {
		fmt.Println(i, v.Str())
	}
	// Output:
	// 0 one
	// 1 two
}

func ExampleMap_GetAt() {
	d := crdt.NewDoc(crdt.Config{ClientID: 1, DisableGC: true})
	meta := d.Map("meta")
	d.Transact(nil, func(tx *crdt.Txn) { must(meta.Set(tx, "title", crdt.String("Draft"))) })
	version := d.Snapshot()
	d.Transact(nil, func(tx *crdt.Txn) { must(meta.Set(tx, "title", crdt.String("Final"))) })
	title, ok := meta.GetAt(version, "title")
	fmt.Println(title.Str(), ok)
	// Output: Draft true
}

func ExampleMap_AllAt() {
	d := crdt.NewDoc(crdt.Config{ClientID: 1, DisableGC: true})
	meta := d.Map("meta")
	d.Transact(nil, func(tx *crdt.Txn) { must(meta.Set(tx, "title", crdt.String("Draft"))) })
	version := d.Snapshot()
	d.Transact(nil, func(tx *crdt.Txn) { must(meta.Clear(tx)) })
	for key, v := range meta.AllAt(version) {
		fmt.Println(key, v.Str())
	}
	// Output: title Draft
}

func ExampleXMLElement_AttributesAt() {
	d := crdt.NewDoc(crdt.Config{ClientID: 1, DisableGC: true})
	body, heading := d.XMLFragment("body"), crdt.NewXMLElement("heading")
	d.Transact(nil, func(tx *crdt.Txn) {
		must(body.Insert(tx, 0, heading))
		must(heading.SetAttribute(tx, "level", crdt.Number(1)))
	})
	version := d.Snapshot()
	d.Transact(nil, func(tx *crdt.Txn) { must(body.Delete(tx, 0, 1)) })
	for _, child := range body.AllAt(version) {
		old := child.Shared().(*crdt.XMLElement)
		for key, v := range old.AttributesAt(version) {
			fmt.Println(old.Name(), key, v.Number())
		}
	}
	// Output: heading level 1
}

func ExampleSnapshot() {
	d := crdt.NewDoc(crdt.Config{ClientID: 1})
	d.Transact(nil, func(tx *crdt.Txn) {
		must(d.Text("body").Insert(tx, 0, "text"))
		must(d.Text("body").Delete(tx, 0, 1))
	})
	s := d.Snapshot()
	fmt.Println(s.StateVector(), s.Deletes())
	// Output: map[1:4] [{1 0 1}]
}
