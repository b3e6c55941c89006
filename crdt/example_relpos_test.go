package crdt_test

import (
	"fmt"

	"github.com/sheafdocs/sheaf/crdt"
)

func ExampleNewRelativePosition() {
	d := crdt.NewDoc(crdt.Config{ClientID: 1})
	text := d.Text("body")
	d.Transact(nil, func(tx *crdt.Txn) { must(text.Insert(tx, 0, "ac")) })

	// Both are between a and c: one stays before c, the other after a.
	before, err := crdt.NewRelativePosition(text, 1, 0)
	must(err)
	after, err := crdt.NewRelativePosition(text, 1, -1)
	must(err)
	d.Transact(nil, func(tx *crdt.Txn) { must(text.Insert(tx, 1, "b")) })

	sent, err := crdt.DecodeRelativePosition(before.Encode())
	must(err)
	for _, p := range []crdt.RelativePosition{before, after, sent} {
		at, known := d.Resolve(p, false)
		fmt.Println(at.Index, at.Type == crdt.Shared(text), known)
	}
	json, err := before.MarshalJSON()
	fmt.Println(string(json), err)
	// Output:
	// 2 true true
	// 1 true true
	// 2 true true
	// {"tname":"body","item":{"client":1,"clock":1},"assoc":0} <nil>
}

// What a position names, and the same after its author's client id has changed.
func ExampleRelativePosition() {
	d := crdt.NewDoc(crdt.Config{ClientID: 1})
	inner := crdt.NewText()
	d.Transact(nil, func(tx *crdt.Txn) {
		must(d.Map("pages").Set(tx, "first", crdt.ValueOf(inner)))
		must(inner.Insert(tx, 0, "ab"))
	})
	p, err := crdt.NewRelativePosition(inner, 1, 0)
	must(err)
	show := func(p crdt.RelativePosition) {
		item, named := p.Item()
		typ, inType := p.Type()
		_, inRoot := p.Root()
		fmt.Println(item, named, typ, inType, inRoot, p.Assoc())
	}
	show(p)
	show(p.RenameClient(1, 2))

	json, err := p.MarshalJSON()
	must(err)
	var read crdt.RelativePosition
	must(read.UnmarshalJSON(json))
	fmt.Println(read == p)
	// Output:
	// 1:2 true 1:0 true false 0
	// 2:2 true 2:0 true false 0
	// true
}
