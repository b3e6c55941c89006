package crdt_test

import (
	"fmt"

	"github.com/sheafdocs/sheaf/crdt"
)

func ExampleText_Authors() {
	d := crdt.NewDoc(crdt.Config{ClientID: 1})
	text := d.Text("body")
	d.Transact(nil, func(tx *crdt.Txn) { must(text.Insert(tx, 0, "one three")) })
	d.SetClientID(2)
	d.Transact(nil, func(tx *crdt.Txn) { must(text.Insert(tx, 4, "two ")) })

	for a := range text.Authors(0, text.Len()) {
		fmt.Printf("%d units from %d on: client %d\n", a.Length, a.Index, a.ID.Client)
	}
	// Output:
	// 4 units from 0 on: client 1
	// 4 units from 4 on: client 2
	// 5 units from 8 on: client 1
}

func ExampleArray_Authors() {
	d := crdt.NewDoc(crdt.Config{ClientID: 1})
	list := d.Array("list")
	d.Transact(nil, func(tx *crdt.Txn) { must(list.Push(tx, crdt.Number(1), crdt.Number(2))) })
	for a := range list.Authors(1, 1) {
		fmt.Println(a.ID)
	}
	// Output: 1:1
}

func ExampleXMLFragment_Authors() {
	d := crdt.NewDoc(crdt.Config{ClientID: 1})
	body := d.XMLFragment("body")
	d.Transact(nil, func(tx *crdt.Txn) { must(body.Insert(tx, 0, crdt.NewXMLElement("p"))) })
	for a := range body.Authors(0, body.Len()) {
		fmt.Println(a.ID)
	}
	// Output: 1:0
}

func ExampleMap_Author() {
	d := crdt.NewDoc(crdt.Config{ClientID: 1})
	meta := d.Map("meta")
	d.Transact(nil, func(tx *crdt.Txn) { must(meta.Set(tx, "title", crdt.String("A title"))) })
	fmt.Println(meta.Author("title"))
	// Output: 1:0 true
}
