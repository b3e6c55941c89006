package main

import (
	"fmt"
	"math/rand/v2"

	"github.com/sheafdocs/sheaf/crdt"
)

// textDeltas types words, some of them bold, while an observer reads each delta.
func textDeltas(n int) (func() error, error) {
	return observing(n, func(doc *crdt.Doc, tx *crdt.Txn, r *rand.Rand) error {
		text := doc.Text("text")
		var attrs []crdt.Attr
		if r.IntN(4) == 0 {
			attrs = []crdt.Attr{{Key: "bold", Value: crdt.Bool(true)}}
		}
		return text.InsertFormatted(tx, r.IntN(text.Len()+1), "word", attrs)
	}, func(e *crdt.Event) int { return len(e.Delta()) })
}

// listDeltas inserts values while an observer reads each delta.
func listDeltas(n int) (func() error, error) {
	return observing(n, func(doc *crdt.Doc, tx *crdt.Txn, r *rand.Rand) error {
		array := doc.Array("array")
		return array.Insert(tx, r.IntN(array.Len()+1), crdt.Number(1))
	}, func(e *crdt.Event) int { return len(e.ListDelta()) })
}

// observing makes n edits, each of which an observer measures: by at least one.
func observing(n int, edit func(*crdt.Doc, *crdt.Txn, *rand.Rand) error, measure func(*crdt.Event) int) (func() error, error) {
	return func() error {
		r := newRand(n)
		doc := crdt.NewDoc(crdt.Config{ClientID: 1})
		seen := 0
		observe := func(e *crdt.Event) { seen += min(1, measure(e)) }
		doc.Text("text").Observe(observe)
		doc.Array("array").Observe(observe)
		for range n {
			var err error
			doc.Transact(nil, func(tx *crdt.Txn) { err = edit(doc, tx, r) })
			if err != nil {
				return err
			}
		}
		if seen != n {
			return fmt.Errorf("%d of %d edits were observed", seen, n)
		}
		return nil
	}, nil
}

// deepXMLObserved nests elements into each other while the whole is observed
// and every edit can be undone.
func deepXMLObserved(n int) (func() error, error) {
	return func() error {
		doc := crdt.NewDoc(crdt.Config{ClientID: 1})
		in := doc.XMLFragment("x")
		seen := 0
		in.ObserveDeep(func(events []*crdt.Event) { seen += len(events) })
		undo, err := crdt.NewUndoManager[int](doc, crdt.UndoConfig{Scope: []crdt.Shared{in}})
		if err != nil {
			return err
		}
		for range n {
			e := crdt.NewXMLElement("p")
			if err := change(doc, func(tx *crdt.Txn) error { return in.Insert(tx, 0, e) }); err != nil {
				return err
			}
			in = &e.XMLFragment
		}
		if stack := undo.UndoStack(); seen != n || len(stack) != n {
			return fmt.Errorf("%d of %d edits were observed, %d can be undone", seen, n, len(stack))
		}
		return nil
	}, nil
}
