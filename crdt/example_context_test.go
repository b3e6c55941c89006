package crdt_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sheafdocs/sheaf/crdt"
)

func ExampleDoc_ApplyUpdateContext() {
	author := crdt.NewDoc(crdt.Config{ClientID: 1})
	author.Transact(nil, func(tx *crdt.Txn) { _ = author.Text("t").Insert(tx, 0, "a long history") })
	update := author.EncodeStateAsUpdate(nil)

	reader := crdt.NewDoc(crdt.Config{ClientID: 2})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	err := reader.ApplyUpdateContext(ctx, update, nil)
	fmt.Println(errors.Is(err, context.Canceled), reader.Text("t").Len())

	// Nothing is lost by that: whoever still wants the document applies it again.
	err = reader.ApplyUpdateContext(context.Background(), update, nil)
	fmt.Println(err, reader.Text("t"))
	// Output:
	// true 0
	// <nil> a long history
}

func ExampleMergeUpdatesContext() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	merged, err := crdt.MergeUpdatesContext(ctx, typed(1, "keystrokes")...)
	must(err)
	fmt.Println(crdt.InsertedText(merged, 1000))

	cancel()
	_, err = crdt.MergeUpdatesContext(ctx, merged, merged)
	fmt.Println(err)
	// Output:
	// keystrokes <nil>
	// merge updates: context canceled
}
