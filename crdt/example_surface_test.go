package crdt_test

import (
	"fmt"

	"github.com/sheafdocs/sheaf/crdt"
)

// typed returns the update of each of some keystrokes.
func typed(client crdt.ClientID, keys string) (updates [][]byte) {
	d := crdt.NewDoc(crdt.Config{ClientID: client})
	defer d.OnUpdate(func(u crdt.UpdateEvent) { updates = append(updates, u.Update) })()
	for i, key := range keys {
		d.Transact(nil, func(tx *crdt.Txn) { must(d.Text("body").Insert(tx, i, string(key))) })
	}
	return updates
}

func ExampleCompactUpdate() {
	merged, err := crdt.MergeUpdates(typed(1, "keystrokes")...)
	must(err)
	compact, err := crdt.CompactUpdate(merged)
	must(err)
	before, err := crdt.Inspect(merged)
	must(err)
	after, err := crdt.Inspect(compact)
	fmt.Println(before.NumStructs, after.NumStructs, err)
	// Output: 10 1 <nil>
}

func ExampleSplitUpdate() {
	merged, err := crdt.MergeUpdates(typed(1, "keystrokes")...)
	must(err)
	parts, err := crdt.SplitUpdate(merged, 1<<20, 4)
	fmt.Println(len(parts), err)
	// Output: 3 <nil>
}

func ExampleInsertedText() {
	merged, err := crdt.MergeUpdates(typed(1, "abc")...)
	must(err)
	fmt.Println(crdt.InsertedText(merged, 1000))
	// Output: abc <nil>
}

func ExampleRenameClient() {
	renamed, err := crdt.RenameClient(typed(1, "a")[0], 1, 2)
	must(err)
	fmt.Println(crdt.StateVectorFromUpdate(renamed))
	// Output: map[2:1] <nil>
}

func ExampleRebaseClient() {
	second := typed(1, "ab")[1]
	moved, err := crdt.RebaseClient(second, crdt.ID{Client: 1, Clock: 1}, crdt.ID{Client: 2})
	must(err)
	info, err := crdt.Inspect(moved)
	fmt.Println(info.Structs, info.Names, err)
	// Output: [{2 0 1}] map[1:1] <nil>
}

func ExampleStructureOnly() {
	d := crdt.NewDoc(crdt.Config{ClientID: 1})
	d.Transact(nil, func(tx *crdt.Txn) { must(d.Text("body").Insert(tx, 0, "secret")) })
	update := d.EncodeStateAsUpdate(nil)
	structure, err := crdt.StructureOnly(update, d.Keyed)
	must(err)
	copied := crdt.NewDoc(crdt.Config{})
	must(copied.ApplyUpdate(structure, nil))
	fmt.Printf("%q %v\n", copied.Text("body"), copied.StateVector())
	// Output: "" map[1:6]
}

func ExampleUpdateMeta() {
	from, to, err := crdt.UpdateMeta(typed(1, "abc")[2])
	fmt.Println(from, to, err)
	// Output: map[1:2] map[1:3] <nil>
}

func ExampleDecodeStateVector() {
	fmt.Println(crdt.DecodeStateVector(crdt.StateVector{1: 5}.Encode()))
	// Output: map[1:5] <nil>
}

func ExampleSnapshot_ContainsUpdate() {
	d := crdt.NewDoc(crdt.Config{ClientID: 1})
	updates := typed(2, "ab")
	must(d.ApplyUpdate(updates[0], nil))
	for _, u := range updates {
		fmt.Println(d.Snapshot().ContainsUpdate(u))
	}
	// Output:
	// true <nil>
	// false <nil>
}

func ExampleValue() {
	parsed, err := crdt.ParseJSON([]byte(`{"n": 1}`))
	must(err)
	v := crdt.ObjectOf(
		crdt.Field{Key: "list", Value: crdt.ArrayOf(crdt.Number(1), crdt.String("two"), crdt.Undefined())},
		crdt.Field{Key: "parsed", Value: parsed},
	)
	json, err := v.MarshalJSON()
	fmt.Println(string(json), err)
	fmt.Println(crdt.BigInt(1<<60).Kind(), crdt.Bytes([]byte{1}).Kind())
	// Output:
	// {"list":[1,"two",null],"parsed":{"n":1}} <nil>
	// bigint bytes
}

func ExampleText_InsertEmbed() {
	d := crdt.NewDoc(crdt.Config{ClientID: 1})
	text, bold := d.Text("body"), []crdt.Attr{{Key: "bold", Value: crdt.Bool(true)}}
	d.Transact(nil, func(tx *crdt.Txn) {
		must(text.InsertFormatted(tx, 0, "see ", bold))
		must(text.InsertEmbed(tx, 4, crdt.ObjectOf(crdt.Field{Key: "image", Value: crdt.String("sheaf.png")})))
		must(text.SetAttribute(tx, "lang", crdt.String("en")))
	})
	lang, ok := text.Attribute("lang")
	fmt.Println(text.Len(), text.Delta()[1].Insert.Kind(), lang.Str(), ok)
	// Output: 5 object en true
}

func ExampleArray_Get() {
	d := crdt.NewDoc(crdt.Config{ClientID: 1})
	list := d.Array("list")
	d.Transact(nil, func(tx *crdt.Txn) { must(list.Push(tx, crdt.Number(1))) })
	first, err := list.Get(0)
	fmt.Println(first.Number(), err)
	_, err = list.Get(1)
	fmt.Println(err)
	// Output:
	// 1 <nil>
	// index out of range
}

func ExampleMap_Get() {
	d := crdt.NewDoc(crdt.Config{ClientID: 1})
	inner := crdt.NewMap()
	d.Transact(nil, func(tx *crdt.Txn) {
		must(d.Map("meta").Set(tx, "inner", crdt.ValueOf(inner)))
		must(inner.Set(tx, "k", crdt.Number(1)))
	})
	v, ok := inner.Get("k")
	fmt.Println(v.Number(), ok, inner.Has("other"))
	// Output: 1 true false
}

func ExampleXMLFragment_InsertAfter() {
	d := crdt.NewDoc(crdt.Config{ClientID: 1})
	body, part := d.XMLFragment("body"), crdt.NewXMLFragment()
	d.Transact(nil, func(tx *crdt.Txn) {
		first := crdt.NewXMLElement("p")
		must(body.Insert(tx, 0, first))
		must(body.InsertAfter(tx, first, crdt.NewXMLElement("h1"), crdt.NewXMLHook("widget"), part))
		must(first.SetAttribute(tx, "class", crdt.String("lead")))
		must(first.RemoveAttribute(tx, "class"))
	})
	second, err := body.Get(1)
	fmt.Println(body.Len(), second.Shared(), err)
	// Output: 4 <h1></h1> <nil>
}
