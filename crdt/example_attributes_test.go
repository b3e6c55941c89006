package crdt_test

import (
	"fmt"

	"github.com/sheafdocs/sheaf/crdt"
)

// A text has attributes as a whole, as an element has.
func ExampleText_Attributes() {
	d := crdt.NewDoc(crdt.Config{ClientID: 1})
	text := d.Text("body")
	d.Transact(nil, func(tx *crdt.Txn) {
		must(text.SetAttribute(tx, "lang", crdt.String("en")))
		must(text.SetAttribute(tx, "dir", crdt.String("ltr")))
		must(text.RemoveAttribute(tx, "dir"))
	})
	for key, v := range text.Attributes() {
		fmt.Println(key, v.Str())
	}
	fmt.Println(text.AttributeAuthor("lang"))
	// Output:
	// lang en
	// 1:0 true
}

func ExampleText_AttributeAt() {
	d := crdt.NewDoc(crdt.Config{ClientID: 1, DisableGC: true})
	text := d.Text("body")
	d.Transact(nil, func(tx *crdt.Txn) { must(text.SetAttribute(tx, "lang", crdt.String("en"))) })
	version := d.Snapshot()
	d.Transact(nil, func(tx *crdt.Txn) { must(text.SetAttribute(tx, "lang", crdt.String("de"))) })
	lang, ok := text.AttributeAt(version, "lang")
	fmt.Println(lang.Str(), ok)
	for key, v := range text.AttributesAt(version) {
		fmt.Println(key, v.Str())
	}
	// Output:
	// en true
	// lang en
}

// Whether an element has an attribute, and what it is.
func ExampleXMLElement_Attribute() {
	d := crdt.NewDoc(crdt.Config{ClientID: 1})
	link := d.XMLElement("link")
	d.Transact(nil, func(tx *crdt.Txn) { must(link.SetAttribute(tx, "href", crdt.String("#top"))) })
	href, ok := link.Attribute("href")
	fmt.Println(href.Str(), ok)
	_, ok = link.Attribute("title")
	fmt.Println(ok)
	// Output:
	// #top true
	// false
}

func ExampleXMLElement_AttributeAt() {
	d := crdt.NewDoc(crdt.Config{ClientID: 1, DisableGC: true})
	heading := d.XMLElement("heading")
	d.Transact(nil, func(tx *crdt.Txn) { must(heading.SetAttribute(tx, "level", crdt.Number(1))) })
	version := d.Snapshot()
	d.Transact(nil, func(tx *crdt.Txn) { must(heading.SetAttribute(tx, "level", crdt.Number(2))) })
	level, ok := heading.AttributeAt(version, "level")
	fmt.Println(level.Number(), ok)
	// Output: 1 true
}

func ExampleXMLElement_AttributeAuthor() {
	d := crdt.NewDoc(crdt.Config{ClientID: 1})
	heading := d.XMLElement("heading")
	d.Transact(nil, func(tx *crdt.Txn) { must(heading.SetAttribute(tx, "level", crdt.Number(1))) })
	d.SetClientID(2)
	d.Transact(nil, func(tx *crdt.Txn) { must(heading.SetAttribute(tx, "level", crdt.Number(2))) })
	fmt.Println(heading.AttributeAuthor("level"))
	// Output: 2:0 true
}
