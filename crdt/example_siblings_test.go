package crdt_test

import (
	"context"
	"fmt"

	"github.com/sheafdocs/sheaf/crdt"
)

// typedV2 returns the update of each of some keystrokes, in format 2.
func typedV2(client crdt.ClientID, keys string) (updates [][]byte) {
	for _, u := range typed(client, keys) {
		v2, err := crdt.ConvertUpdateToV2(u)
		must(err)
		updates = append(updates, v2)
	}
	return updates
}

func ExampleMergeUpdatesV2() {
	updates := typedV2(1, "abc")
	merged, err := crdt.MergeUpdatesV2(updates...)
	must(err)
	again, err := crdt.MergeUpdatesV2Context(context.Background(), updates...)
	must(err)
	d := crdt.NewDoc(crdt.Config{})
	must(d.ApplyUpdateV2Context(context.Background(), merged, nil))
	fmt.Println(d.Text("body"), string(merged) == string(again))
	// Output: abc true
}

func ExampleDiffUpdateV2() {
	d := crdt.NewDoc(crdt.Config{ClientID: 1})
	d.Transact(nil, func(tx *crdt.Txn) { must(d.Text("body").Insert(tx, 0, "abcdef")) })
	diff, err := crdt.DiffUpdateV2(d.EncodeStateAsUpdateV2(nil), crdt.StateVector{1: 4})
	must(err)
	info, err := crdt.InspectV2(diff)
	fmt.Println(info.Structs, err)
	// Output: [{1 4 6}] <nil>
}

func ExampleStateVectorFromUpdateV2() {
	update := typedV2(1, "abc")
	fmt.Println(crdt.StateVectorFromUpdateV2(update[0]))
	fmt.Println(crdt.UpdateMetaV2(update[2]))
	// Output:
	// map[1:1] <nil>
	// map[1:2] map[1:3] <nil>
}

func ExampleObfuscateUpdateV2() {
	update, err := crdt.ObfuscateUpdateV2(typedV2(1, "s")[0], crdt.ObfuscateOptions{})
	must(err)
	d := crdt.NewDoc(crdt.Config{})
	must(d.ApplyUpdateV2(update, nil))
	fmt.Println(d.Text("body").Len(), d.Text("body").String() == "s")
	// Output: 1 false
}

func ExampleDecodeSnapshotV2() {
	d := crdt.NewDoc(crdt.Config{ClientID: 1})
	d.Transact(nil, func(tx *crdt.Txn) { must(d.Text("body").Insert(tx, 0, "abc")) })
	s, err := crdt.DecodeSnapshotV2(d.Snapshot().EncodeV2())
	must(err)
	fmt.Println(s.Equal(d.Snapshot()))
	fmt.Println(s.ContainsUpdateV2(d.EncodeStateAsUpdateV2(nil)))
	// Output:
	// true
	// true <nil>
}

// What the other lacks is sent in format 2.
func ExampleDoc_EncodeStateAsUpdateV2() {
	here, there := crdt.NewDoc(crdt.Config{ClientID: 1}), crdt.NewDoc(crdt.Config{ClientID: 2})
	here.Transact(nil, func(tx *crdt.Txn) { must(here.Text("body").Insert(tx, 0, "hello")) })
	must(there.ApplyUpdateV2(here.EncodeStateAsUpdateV2(there.StateVector()), nil))
	fmt.Println(there.Text("body"))
	// Output: hello
}
