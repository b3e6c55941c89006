package main

import (
	"errors"
	"fmt"

	"github.com/sheafdocs/sheaf/crdt"
)

// undoStorms is how often everything is undone and redone.
const undoStorms = 3

// undoing returns the measured part that makes a document, records edits of it,
// each to be undone by itself, and undoes and redoes them all several times.
// prepare returns the edits that are recorded.
func undoing(edits int, prepare func(doc *crdt.Doc) (edit func(tx *crdt.Txn, i int) error, err error)) func() error {
	return func() error {
		doc := crdt.NewDoc(crdt.Config{ClientID: 1})
		doc.OnUpdate(func(crdt.UpdateEvent) {})
		edit, err := prepare(doc)
		if err != nil {
			return err
		}
		undo, err := crdt.NewUndoManager[int](doc, crdt.UndoConfig{})
		if err != nil {
			return err
		}
		for i := range edits {
			if err := change(doc, func(tx *crdt.Txn) error { return edit(tx, i) }); err != nil {
				return err
			}
		}
		for range undoStorms {
			if err := all(edits, undo.Undo); err != nil {
				return fmt.Errorf("undo: %w", err)
			}
			if err := all(edits, undo.Redo); err != nil {
				return fmt.Errorf("redo: %w", err)
			}
		}
		return nil
	}
}

// all undoes or redoes n times.
func all(n int, step func() (*crdt.StackItem[int], error)) error {
	for range n {
		item, err := step()
		if err != nil {
			return err
		}
		if item == nil {
			return errors.New("there was nothing")
		}
	}
	return nil
}

// undoStorm types and deletes at random places.
func undoStorm(n int) (func() error, error) {
	r := newRand(n)
	return undoing(n, func(doc *crdt.Doc) (func(*crdt.Txn, int) error, error) {
		text := doc.Text("text")
		return func(tx *crdt.Txn, i int) error {
			if length := text.Len(); i%3 == 2 {
				return text.Delete(tx, r.IntN(length), 1)
			}
			return text.Insert(tx, r.IntN(text.Len()+1), "ab")
		}, nil
	}), nil
}

// undoPrepended deletes a list whose children came each before the others.
func undoPrepended(n int) (func() error, error) {
	return undoing(1, func(doc *crdt.Doc) (func(*crdt.Txn, int) error, error) {
		list := crdt.NewXMLElement("list")
		in := doc.XMLFragment("x")
		if err := change(doc, func(tx *crdt.Txn) error { return in.Insert(tx, 0, list) }); err != nil {
			return nil, err
		}
		for range n {
			if err := change(doc, func(tx *crdt.Txn) error { return list.Insert(tx, 0, crdt.NewXMLElement("p")) }); err != nil {
				return nil, err
			}
		}
		return func(tx *crdt.Txn, _ int) error { return in.Delete(tx, 0, 1) }, nil
	}), nil
}

// undoNested deletes lists in lists, each by itself.
func undoNested(n int) (func() error, error) {
	return undoing(n, func(doc *crdt.Doc) (func(*crdt.Txn, int) error, error) {
		in := doc.XMLFragment("x")
		for range n {
			row := crdt.NewXMLElement("row")
			if err := change(doc, func(tx *crdt.Txn) error {
				if err := in.Insert(tx, 0, row); err != nil {
					return err
				}
				return row.Insert(tx, 0, crdt.NewXMLElement("a"), crdt.NewXMLElement("b"))
			}); err != nil {
				return nil, err
			}
		}
		return func(tx *crdt.Txn, i int) error { return in.Delete(tx, (i*7)%in.Len(), 1) }, nil
	}), nil
}
