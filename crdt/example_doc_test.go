package crdt_test

import (
	"fmt"

	"github.com/sheafdocs/sheaf/crdt"
)

func ExampleNewDoc() {
	d := crdt.NewDoc(crdt.Config{ClientID: 1, GUID: "notes"})
	d.SetClientID(2)
	fmt.Println(d.GUID(), d.ClientID())
	// Output: notes 2
}

// What arrives before its predecessor waits for it.
func ExampleDoc_HasPending() {
	d, updates := crdt.NewDoc(crdt.Config{}), typed(1, "ab")
	for _, i := range []int{1, 0} {
		must(d.ApplyUpdate(updates[i], nil))
		fmt.Printf("%q %v\n", d.Text("body"), d.HasPending())
	}
	// Output:
	// "" true
	// "ab" false
}

func ExampleDoc_XMLText() {
	d := crdt.NewDoc(crdt.Config{ClientID: 1})
	text := d.XMLText("body")
	d.Transact(nil, func(tx *crdt.Txn) {
		must(text.Insert(tx, 0, "plain "))
		must(text.InsertFormatted(tx, 6, "bold", []crdt.Attr{{Key: "b", Value: crdt.ObjectOf()}}))
	})
	fmt.Println(text.String())
	// Output: plain <b>bold</b>
}

// Units of a text are not values of a key; what a map holds is.
func ExampleDoc_Keyed() {
	d := crdt.NewDoc(crdt.Config{ClientID: 1})
	d.Transact(nil, func(tx *crdt.Txn) {
		must(d.Text("body").Insert(tx, 0, "a"))
		must(d.Map("meta").Set(tx, "title", crdt.String("A title")))
	})
	fmt.Println(d.Keyed(crdt.ID{Client: 1, Clock: 0}), d.Keyed(crdt.ID{Client: 1, Clock: 1}))
	// Output: false true
}

// A transaction that an observer begins is completed after the one that it
// observes, and before all is over.
func ExampleDoc_OnBeforeAllTransactions() {
	d := crdt.NewDoc(crdt.Config{ClientID: 1})
	text, count := d.Text("body"), d.Map("count")
	d.OnBeforeAllTransactions(func() { fmt.Println("begin") })
	d.OnBeforeObserverCalls(func(tx *crdt.Txn) { fmt.Println("observers of", tx.Origin()) })
	d.OnAfterAllTransactions(func() { fmt.Println("end") })
	text.Observe(func(*crdt.Event) {
		d.Transact("counting", func(tx *crdt.Txn) { must(count.Set(tx, "units", crdt.Number(float64(text.Len())))) })
	})
	d.Transact("typing", func(tx *crdt.Txn) { must(text.Insert(tx, 0, "hello")) })
	// Output:
	// begin
	// observers of typing
	// observers of counting
	// end
}

func ExampleMap_All() {
	d := crdt.NewDoc(crdt.Config{ClientID: 1})
	meta := d.Map("meta")
	d.Transact(nil, func(tx *crdt.Txn) {
		must(meta.Set(tx, "title", crdt.String("Notes")))
		must(meta.Set(tx, "lang", crdt.String("en")))
	})
	fmt.Println(meta.Len())
	for key, v := range meta.All() {
		fmt.Println(key, v.Str())
	}
	// Output:
	// 2
	// title Notes
	// lang en
}

// Who holds a type can ask whether it is still there.
func ExampleArray_Deleted() {
	d := crdt.NewDoc(crdt.Config{ClientID: 1})
	list, inner := d.Array("list"), crdt.NewArray()
	d.Transact(nil, func(tx *crdt.Txn) { must(list.Push(tx, crdt.ValueOf(inner))) })
	fmt.Println(list.Len(), inner.Deleted())
	d.Transact(nil, func(tx *crdt.Txn) { must(list.Delete(tx, 0, 1)) })
	fmt.Println(list.Len(), inner.Deleted())
	// Output:
	// 1 false
	// 0 true
}

func ExampleXMLFragment_All() {
	d := crdt.NewDoc(crdt.Config{ClientID: 1})
	body := d.XMLFragment("body")
	d.Transact(nil, func(tx *crdt.Txn) {
		must(body.Insert(tx, 0, crdt.NewXMLElement("p"), crdt.NewXMLHook("widget")))
	})
	for i, child := range body.All() {
		switch x := child.Shared().(type) {
		case *crdt.XMLElement:
			fmt.Println(i, "element", x.Name())
		case *crdt.XMLHook:
			fmt.Println(i, "hook", x.Name())
		}
	}
	// Output:
	// 0 element p
	// 1 hook widget
}
