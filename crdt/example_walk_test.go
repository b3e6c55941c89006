package crdt_test

import (
	"fmt"
	"maps"
	"slices"

	"github.com/sheafdocs/sheaf/crdt"
)

// exampleText makes a text with a format and an embed.
func exampleText() *crdt.Text {
	d := crdt.NewDoc(crdt.Config{ClientID: 1})
	text := d.Text("body")
	d.Transact(nil, func(tx *crdt.Txn) {
		must(text.Insert(tx, 0, "plain bold "))
		must(text.Format(tx, 6, 4, crdt.Attr{Key: "bold", Value: crdt.Bool(true)}))
		must(text.InsertEmbed(tx, 11, crdt.ObjectOf(crdt.Field{Key: "image", Value: crdt.String("sheaf.png")})))
	})
	return text
}

func ExampleText_All() {
	for index, run := range exampleText().All() {
		if run.Insert.Kind() != crdt.KindString {
			image, _ := run.Insert.Get("image")
			fmt.Println(index, "image", image.Str())
			continue
		}
		fmt.Printf("%d %q", index, run.Insert.Str())
		for _, a := range run.Attrs {
			fmt.Print(" ", a.Key)
		}
		fmt.Println()
	}
	// Output:
	// 0 "plain "
	// 6 "bold" bold
	// 10 " "
	// 11 image sheaf.png
}

// A part of a text, and the formats of one unit.
func ExampleText_Runs() {
	text := exampleText()
	for index, run := range text.Runs(4, 4) {
		fmt.Printf("%d %q\n", index, run.Insert.Str())
	}
	for _, run := range text.Runs(7, 1) {
		fmt.Println(run.Attrs[0].Key, run.Attrs[0].Value.Bool())
	}
	// Output:
	// 4 "n "
	// 6 "bo"
	// bold true
}

// Attributes are what maps.Collect takes.
func ExampleXMLElement_Attributes() {
	d := crdt.NewDoc(crdt.Config{ClientID: 1})
	link := d.XMLElement("link")
	d.Transact(nil, func(tx *crdt.Txn) {
		must(link.SetAttribute(tx, "title", crdt.String("Sheaf")))
		must(link.SetAttribute(tx, "href", crdt.String("#")))
	})
	attributes := maps.Collect(link.Attributes())
	fmt.Println(slices.Sorted(maps.Keys(attributes)), attributes["title"].Str())
	// Output: [href title] Sheaf
}

func ExampleXMLFragment_Descendants() {
	d := crdt.NewDoc(crdt.Config{ClientID: 1})
	body, list, item := d.XMLFragment("body"), crdt.NewXMLElement("list"), crdt.NewXMLElement("item")
	d.Transact(nil, func(tx *crdt.Txn) {
		must(body.Insert(tx, 0, list, crdt.NewXMLElement("rule")))
		must(list.Insert(tx, 0, item))
	})
	for node := range body.Descendants() {
		if e, ok := node.(*crdt.XMLElement); ok {
			fmt.Println(e.Name())
		}
	}
	// Output:
	// list
	// item
	// rule
}

func ExampleDoc_Roots() {
	d := crdt.NewDoc(crdt.Config{ClientID: 1})
	d.Text("body")
	d.Map("meta")
	for name, root := range d.Roots() {
		fmt.Printf("%s is a %T\n", name, root)
	}
	// Output:
	// body is a *crdt.Text
	// meta is a *crdt.Map
}
