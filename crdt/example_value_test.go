package crdt_test

import (
	"fmt"

	"github.com/sheafdocs/sheaf/crdt"
)

// What a value holds is read by its kind.
func ExampleValue_Kind() {
	values := crdt.ArrayOf(
		crdt.BigInt(1<<60),
		crdt.Bytes([]byte{1, 2}),
		crdt.ObjectOf(crdt.Field{Key: "n", Value: crdt.Number(1)}),
	)
	for _, v := range values.Array() {
		switch v.Kind() {
		case crdt.KindBigInt:
			fmt.Println(v.BigInt())
		case crdt.KindBytes:
			fmt.Println(v.Bytes())
		case crdt.KindObject:
			for _, f := range v.Object() {
				fmt.Println(f.Key, f.Value.Number())
			}
		}
	}
	// Output:
	// 1152921504606846976
	// [1 2]
	// n 1
}

// A value with shared types inside becomes one without by JSON.
func ExampleValue_JSON() {
	d := crdt.NewDoc(crdt.Config{ClientID: 1})
	list, inner := d.Array("list"), crdt.NewText()
	d.Transact(nil, func(tx *crdt.Txn) {
		must(list.Push(tx, crdt.ValueOf(inner)))
		must(inner.Insert(tx, 0, "text"))
	})
	v, err := list.Get(0)
	must(err)
	fmt.Println(v.Kind(), v.JSON().Kind(), v.JSON().Equal(crdt.String("text")))
	// Output: shared string true
}
