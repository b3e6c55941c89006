package crdt_test

import (
	"fmt"

	"github.com/sheafdocs/sheaf/crdt"
)

// Two replicas edit at the same time and exchange updates.
func Example() {
	ann, bob := crdt.NewDoc(crdt.Config{ClientID: 1}), crdt.NewDoc(crdt.Config{ClientID: 2})
	ann.OnUpdate(func(u crdt.UpdateEvent) {
		if u.Local {
			must(bob.ApplyUpdate(u.Update, "from ann"))
		}
	})
	write := func(d *crdt.Doc, index int, s string) {
		d.Transact(nil, func(tx *crdt.Txn) { must(d.Text("body").Insert(tx, index, s)) })
	}
	write(ann, 0, "Hello!")
	write(bob, 5, ", world")
	write(ann, 0, "> ")
	must(ann.ApplyUpdate(bob.EncodeStateAsUpdate(ann.StateVector()), "from bob"))
	fmt.Println(ann.Text("body"))
	fmt.Println(bob.Text("body"))
	// Output:
	// > Hello, world!
	// > Hello, world!
}

func ExampleDoc_ApplyUpdate() {
	d := crdt.NewDoc(crdt.Config{})
	fmt.Println(d.ApplyUpdate([]byte{1, 2, 3}, nil))
	// Output: apply update: malformed: unexpected end of input
}

func ExampleDoc_OnAfterTransactionCleanup() {
	d := crdt.NewDoc(crdt.Config{ClientID: 1})
	d.OnAfterTransactionCleanup(func(tx *crdt.Txn) { fmt.Println(tx.Origin(), tx.ChangedRoots()) })
	d.Transact("paste", func(tx *crdt.Txn) {
		must(d.Text("body").Insert(tx, 0, "text"))
		must(d.Map("meta").Set(tx, "title", crdt.String("A title")))
	})
	// Output: paste [body meta]
}

func ExampleText_Format() {
	d := crdt.NewDoc(crdt.Config{ClientID: 1})
	text := d.Text("body")
	d.Transact(nil, func(tx *crdt.Txn) {
		must(text.Insert(tx, 0, "plain and bold"))
		must(text.Format(tx, 10, 4, crdt.Attr{Key: "bold", Value: crdt.Bool(true)}))
	})
	for _, op := range text.Delta() {
		fmt.Printf("%q %v\n", op.Insert.Str(), len(op.Attrs))
	}
	// Output:
	// "plain and " 0
	// "bold" 1
}

func ExampleText_ApplyDelta() {
	d := crdt.NewDoc(crdt.Config{ClientID: 1})
	text := d.Text("body")
	d.Transact(nil, func(tx *crdt.Txn) {
		must(text.Insert(tx, 0, "one two"))
		must(text.ApplyDelta(tx, []crdt.DeltaOp{{Retain: 4}, {Delete: 3}, {Insert: crdt.String("three")}}))
	})
	fmt.Println(text)
	// Output: one three
}

func ExampleArray() {
	d := crdt.NewDoc(crdt.Config{ClientID: 1})
	list := d.Array("list")
	d.Transact(nil, func(tx *crdt.Txn) {
		must(list.Insert(tx, 0, crdt.Number(1), crdt.String("two"), crdt.Null()))
		must(list.Delete(tx, 2, 1))
	})
	for i, v := range list.All() {
		fmt.Println(i, v.Kind())
	}
	// Output:
	// 0 number
	// 1 string
}

func ExampleMap() {
	d := crdt.NewDoc(crdt.Config{ClientID: 1})
	d.Transact(nil, func(tx *crdt.Txn) {
		tags := crdt.NewArray()
		must(d.Map("meta").Set(tx, "tags", crdt.ValueOf(tags)))
		must(tags.Push(tx, crdt.String("draft")))
	})
	json, err := d.JSON().MarshalJSON()
	fmt.Println(string(json), err)
	// Output: {"meta":{"tags":["draft"]}} <nil>
}

func ExampleXMLFragment() {
	d := crdt.NewDoc(crdt.Config{ClientID: 1})
	body := d.XMLFragment("default")
	d.Transact(nil, func(tx *crdt.Txn) {
		heading, text := crdt.NewXMLElement("heading"), crdt.NewXMLText()
		must(body.Insert(tx, 0, heading))
		must(heading.SetAttribute(tx, "level", crdt.Number(1)))
		must(heading.Insert(tx, 0, text))
		must(text.Insert(tx, 0, "Title"))
	})
	fmt.Println(body.String())
	// Output: <heading level="1">Title</heading>
}

func ExampleMergeUpdates() {
	d := crdt.NewDoc(crdt.Config{ClientID: 1})
	var updates [][]byte
	d.OnUpdate(func(u crdt.UpdateEvent) { updates = append(updates, u.Update) })
	for i, s := range []string{"a", "b", "c"} {
		d.Transact(nil, func(tx *crdt.Txn) { must(d.Text("body").Insert(tx, i, s)) })
	}
	merged, err := crdt.MergeUpdates(updates...)
	must(err)
	copied := crdt.NewDoc(crdt.Config{})
	must(copied.ApplyUpdate(merged, nil))
	fmt.Println(copied.Text("body"))
	// Output: abc
}

func ExampleDiffUpdate() {
	d := crdt.NewDoc(crdt.Config{ClientID: 1})
	d.Transact(nil, func(tx *crdt.Txn) { must(d.Text("body").Insert(tx, 0, "abcdef")) })
	diff, err := crdt.DiffUpdate(d.EncodeStateAsUpdate(nil), crdt.StateVector{1: 4})
	must(err)
	info, err := crdt.Inspect(diff)
	fmt.Println(info.Structs, err)
	// Output: [{1 4 6}] <nil>
}

func ExampleStateVectorFromUpdate() {
	d := crdt.NewDoc(crdt.Config{ClientID: 1})
	d.Transact(nil, func(tx *crdt.Txn) { must(d.Text("body").Insert(tx, 0, "abcdef")) })
	fmt.Println(crdt.StateVectorFromUpdate(d.EncodeStateAsUpdate(nil)))
	// Output: map[1:6] <nil>
}

func ExampleInspect() {
	d := crdt.NewDoc(crdt.Config{ClientID: 1})
	var last []byte
	d.OnUpdate(func(u crdt.UpdateEvent) { last = u.Update })
	d.Transact(nil, func(tx *crdt.Txn) { must(d.Text("body").Insert(tx, 0, "ab")) })
	d.SetClientID(2)
	d.Transact(nil, func(tx *crdt.Txn) { must(d.Text("body").Insert(tx, 1, "x")) })
	info, err := crdt.Inspect(last)
	fmt.Println(info.Structs, info.Names, err)
	// Output: [{2 0 1}] map[1:2] <nil>
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
