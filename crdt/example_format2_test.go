package crdt_test

import (
	"fmt"
	"log"

	"github.com/sheafdocs/sheaf/crdt"
)

// A document exchanges updates of both formats with others.
func ExampleDoc_OnUpdateV2() {
	here, there := crdt.NewDoc(crdt.Config{ClientID: 1}), crdt.NewDoc(crdt.Config{ClientID: 2})
	here.OnUpdateV2(func(e crdt.UpdateEvent) {
		if err := there.ApplyUpdateV2(e.Update, nil); err != nil {
			log.Fatal(err)
		}
	})
	here.Transact(nil, func(tx *crdt.Txn) {
		if err := here.Text("text").Insert(tx, 0, "hello"); err != nil {
			log.Fatal(err)
		}
	})
	fmt.Println(there.Text("text"))
	// Output: hello
}

// Updates of format 1 are kept in format 2, which is shorter for long ones.
func ExampleConvertUpdateToV2() {
	doc := crdt.NewDoc(crdt.Config{ClientID: 1 << 40})
	text := doc.Text("text")
	for range 200 {
		doc.Transact(nil, func(tx *crdt.Txn) {
			if err := text.Insert(tx, text.Len()/2, "a"); err != nil {
				log.Fatal(err)
			}
		})
	}
	state := doc.EncodeStateAsUpdate(nil)
	short, err := crdt.ConvertUpdateToV2(state)
	if err != nil {
		log.Fatal(err)
	}
	back, err := crdt.ConvertUpdateToV1(short)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(short) < len(state)/3, string(back) == string(state))
	// Output: true true
}

// What makes trouble can be shown without showing what it says.
func ExampleObfuscateUpdate() {
	doc := crdt.NewDoc(crdt.Config{ClientID: 1})
	doc.Transact(nil, func(tx *crdt.Txn) {
		if err := doc.Text("text").Insert(tx, 0, "secret"); err != nil {
			log.Fatal(err)
		}
	})
	update, err := crdt.ObfuscateUpdate(doc.EncodeStateAsUpdate(nil), crdt.ObfuscateOptions{})
	if err != nil {
		log.Fatal(err)
	}
	shown := crdt.NewDoc(crdt.Config{})
	if err := shown.ApplyUpdate(update, nil); err != nil {
		log.Fatal(err)
	}
	fmt.Println(shown.Text("text"))
	// Output: 000000
}
