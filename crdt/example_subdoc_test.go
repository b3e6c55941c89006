package crdt_test

import (
	"fmt"

	"github.com/sheafdocs/sheaf/crdt"
)

// A replica lists the documents that another one put into the document.
func ExampleDoc_Subdocs() {
	ann, bob := crdt.NewDoc(crdt.Config{ClientID: 1}), crdt.NewDoc(crdt.Config{ClientID: 2})
	ann.Transact(nil, func(tx *crdt.Txn) {
		pages := ann.Map("pages")
		must(pages.Set(tx, "index", crdt.SubdocValue(&crdt.Subdoc{GUID: "a", AutoLoad: true})))
		must(pages.Set(tx, "notes", crdt.SubdocValue(&crdt.Subdoc{GUID: "b", Meta: crdt.String("long")})))
	})
	must(bob.ApplyUpdate(ann.EncodeStateAsUpdate(nil), nil))
	for _, s := range bob.Subdocs() {
		fmt.Printf("%s %v %q\n", s.GUID, s.ShouldLoad(), s.Meta.Str())
	}
	notes, _ := bob.Map("pages").Get("notes")
	notes.Subdoc().Load()
	fmt.Println(notes.Subdoc().ShouldLoad())
	// Output:
	// a true ""
	// b false "long"
	// true
}

// An entry whose document is not needed any more becomes one that is not loaded.
func ExampleSubdoc_Destroy() {
	d := crdt.NewDoc(crdt.Config{ClientID: 1})
	page := &crdt.Subdoc{GUID: "page-1"}
	d.OnAfterTransaction(func(tx *crdt.Txn) {
		e := tx.Subdocs()
		fmt.Println(len(e.Added), len(e.Loaded), len(e.Removed))
	})
	d.Transact(nil, func(tx *crdt.Txn) { must(d.Map("pages").Set(tx, "1", crdt.SubdocValue(page))) })
	page.Destroy()
	now := d.Subdocs()[0]
	fmt.Println(now == page, now.GUID, now.ShouldLoad())
	// Output:
	// 1 1 0
	// 1 0 1
	// false page-1 false
}
