package crdt_test

import (
	"fmt"

	"github.com/sheafdocs/sheaf/crdt"
)

// undoable returns a text, a function that types at its end, and a manager for
// which no time passes, so that it takes together what is typed.
func undoable() (*crdt.Text, func(s string, origin any), *crdt.UndoManager[string]) {
	d := crdt.NewDoc(crdt.Config{ClientID: 1})
	text := d.Text("body")
	m, err := crdt.NewUndoManager[string](d, crdt.UndoConfig{
		Scope: []crdt.Shared{text},
		Now:   func() int64 { return 1 },
	})
	must(err)
	return text, func(s string, origin any) {
		d.Transact(origin, func(tx *crdt.Txn) { must(text.Insert(tx, text.Len(), s)) })
	}, m
}

func ExampleUndoManager_StopCapturing() {
	text, typeIn, m := undoable()
	defer m.Close()
	typeIn("one ", nil)
	typeIn("two ", nil)
	m.StopCapturing() // for instance because the cursor was moved
	typeIn("three", nil)
	_, err := m.Undo()
	fmt.Printf("%q %v\n", text, err)
	// Output: "one two " <nil>
}

func ExampleUndoManager_AddTrackedOrigin() {
	text, typeIn, m := undoable()
	defer m.Close()
	must(m.AddTrackedOrigin("paste"))
	typeIn("pasted, ", "paste")
	m.RemoveTrackedOrigin("paste")
	typeIn("pasted again", "paste")
	_, err := m.Undo()
	fmt.Println(text, err)
	// Output: pasted again <nil>
}

func ExampleUndoManager_AddToScope() {
	d := crdt.NewDoc(crdt.Config{ClientID: 1})
	body, title := d.Text("body"), d.Text("title")
	m, err := crdt.NewUndoManager[struct{}](d, crdt.UndoConfig{Scope: []crdt.Shared{body}})
	must(err)
	defer m.Close()
	d.Transact(nil, func(tx *crdt.Txn) { must(title.Insert(tx, 0, "A title")) })
	fmt.Println(m.CanUndo())
	must(m.AddToScope(title))
	d.Transact(nil, func(tx *crdt.Txn) { must(title.Insert(tx, 7, ", longer")) })
	_, err = m.Undo()
	fmt.Println(title, err)
	// Output:
	// false
	// A title <nil>
}

// Meta goes with an item from stack to stack.
func ExampleUndoManager_OnStackItemPopped() {
	_, typeIn, m := undoable()
	defer m.Close()
	m.OnStackItemAdded(func(e crdt.StackEvent[string]) { e.Item.Meta = fmt.Sprint("made by ", e.Txn.Local()) })
	m.OnStackItemUpdated(func(e crdt.StackEvent[string]) { e.Item.Meta = "typing" })
	m.OnStackItemPopped(func(e crdt.StackEvent[string]) {
		fmt.Println(e.Item.Meta, e.Redo, e.Txn.Origin() == m)
	})
	typeIn("one ", nil)
	typeIn("two", nil)
	_, err := m.Undo()
	must(err)
	_, err = m.Redo()
	must(err)
	// Output:
	// typing false true
	// made by true true true
}

func ExampleUndoManager_UndoStack() {
	_, typeIn, m := undoable()
	defer m.Close()
	typeIn("one ", nil)
	m.StopCapturing()
	typeIn("two", nil)
	for _, item := range m.UndoStack() {
		fmt.Println(item.Insertions(), item.Deletions())
	}
	_, err := m.Undo()
	must(err)
	fmt.Println(len(m.UndoStack()), len(m.RedoStack()))
	// Output:
	// [{1 0 4}] []
	// [{1 4 7}] []
	// 1 1
}

func ExampleUndoManager_OnStackCleared() {
	_, typeIn, m := undoable()
	defer m.Close()
	m.OnStackCleared(func(c crdt.StackCleared) { fmt.Println(c.Undo, c.Redo) })
	typeIn("a", nil)
	_, err := m.Undo()
	must(err)
	typeIn("b", nil) // what was undone cannot be redone any more
	m.Clear(true, true)
	fmt.Println(m.CanUndo(), m.CanRedo())
	// Output:
	// false true
	// true true
	// false false
}
