package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/sheafdocs/sheaf/crdt"
)

// scaleWork is a pattern that tends to become quadratic. prepare makes what it
// needs at a size and returns what is measured, which may run several times.
type scaleWork struct {
	name      string
	size      int // the smallest of the three
	prepare   func(n int) (work func() error, err error)
	yardstick bool // no pattern, and its growth is not bounded
}

var scaleWorks = []scaleWork{
	{name: "delete-heavy", size: 5000, prepare: typing(deleteHeavy)},
	{name: "192-authors", size: 5000, prepare: manyAuthors},
	{name: "clients-at-one-place", size: 2000, prepare: clientsAtOnePlace},
	{name: "one-character-alternation", size: 10_000, prepare: typing(alternation)},
	{name: "format-flapping", size: 2000, prepare: formatFlapping},
	{name: "deep-xml", size: 1000, prepare: deepXML},
	{name: "huge-map", size: 5000, prepare: hugeMap},
	{name: "types-at-once", size: 500, prepare: typesAtOnce},
	{name: "same-map-key", size: 5000, prepare: sameMapKey},
	{name: "paste", size: 10_000, prepare: paste},
	{name: "edits-in-a-paste", size: 5000, prepare: editsInPaste},
	{name: "pending-backwards", size: 2000, prepare: pendingBackwards},
	{name: "pending-interleaved", size: 2000, prepare: pendingInterleaved},
	{name: "pending-shuffled", size: 2000, prepare: pendingShuffled},
	{name: "pending-between-clients", size: 2000, prepare: pendingBetweenClients},
	{name: "pending-on-one-client", size: 2000, prepare: pendingOnOneClient},
	{name: "pending-twice", size: 2000, prepare: pendingTwice},
	{name: "pending-deletes", size: 2000, prepare: pendingDeletes},
	{name: "undo-storm", size: 200, prepare: undoStorm},
	{name: "undo-prepended", size: 500, prepare: undoPrepended},
	{name: "undo-nested", size: 200, prepare: undoNested},
	{name: "hooks-called", size: 5000, prepare: hooksCalled},
	{name: "text-deltas", size: 2000, prepare: textDeltas},
	{name: "list-deltas", size: 2000, prepare: listDeltas},
	{name: "deep-xml-observed", size: 1000, prepare: deepXMLObserved},
	{name: "plain-list", size: 5000, prepare: plainList, yardstick: true},
	{name: "plain-map", size: 5000, prepare: plainMap, yardstick: true},
}

func newRand(n int) *rand.Rand { return rand.New(rand.NewPCG(uint64(n), 12)) }

// typing makes edits first and then types them, with an update each.
func typing(plan func(n int) []edits) func(n int) (func() error, error) {
	return func(n int) (func() error, error) {
		all := plan(n)
		return func() error {
			doc := crdt.NewDoc(crdt.Config{ClientID: 1})
			doc.OnUpdate(func(crdt.UpdateEvent) {})
			return typeAll(doc, all)
		}, nil
	}
}

// deleteHeavy inserts words and deletes two thirds of what there is.
func deleteHeavy(n int) []edits {
	r := newRand(n)
	var all []edits
	length := 0
	for range n {
		if length > 40 && r.IntN(2) == 0 {
			del := 1 + r.IntN(20)
			all = append(all, edits{{pos: r.IntN(length - del), del: del}})
			length -= del
			continue
		}
		all = append(all, edits{{pos: r.IntN(length + 1), text: "some words"}})
		length += 10
	}
	return all
}

// alternation types one character at the start, one at the end, and so on.
func alternation(n int) []edits {
	all := make([]edits, n)
	for i := range all {
		all[i] = edits{{pos: i * (i & 1), text: "x"}}
	}
	return all
}

// applying returns the measured part that merges updates one by one and expects a
// length of text.
func applying(updates [][]byte, length int) func() error {
	return func() error {
		doc := crdt.NewDoc(crdt.Config{})
		if err := applyAll(doc, &crdtInput{updates: updates}); err != nil {
			return err
		}
		if got := doc.Text("text").Len(); doc.HasPending() || got != length {
			return fmt.Errorf("the text has %d units, not %d", got, length)
		}
		return nil
	}
}

// manyAuthors has 192 authors type in turns at random places.
func manyAuthors(n int) (func() error, error) {
	r := newRand(n)
	doc := crdt.NewDoc(crdt.Config{})
	var updates [][]byte
	doc.OnUpdate(func(e crdt.UpdateEvent) { updates = append(updates, e.Update) })
	for i := range n {
		doc.SetClientID(crdt.ClientID(1 + r.IntN(192)))
		if err := insert(doc, r.IntN(i+1), "x"); err != nil {
			return nil, err
		}
	}
	return applying(updates, n), nil
}

// clientsAtOnePlace has each client insert at the start of an empty text.
func clientsAtOnePlace(n int) (func() error, error) {
	var updates [][]byte
	for i := range n {
		doc := crdt.NewDoc(crdt.Config{ClientID: crdt.ClientID(i + 1)})
		if err := insert(doc, 0, "x"); err != nil {
			return nil, err
		}
		updates = append(updates, doc.EncodeStateAsUpdate(nil))
	}
	newRand(n).Shuffle(n, func(i, j int) { updates[i], updates[j] = updates[j], updates[i] })
	return applying(updates, n), nil
}

// typesAtOnce inserts many shared types by one call.
func typesAtOnce(n int) (func() error, error) {
	return func() error {
		values := make([]crdt.Value, n)
		for i := range values {
			values[i] = crdt.ValueOf(crdt.NewMap())
		}
		doc := crdt.NewDoc(crdt.Config{ClientID: 1})
		return change(doc, func(tx *crdt.Txn) error { return doc.Array("list").Insert(tx, 0, values...) })
	}, nil
}

// change makes one transaction.
func change(doc *crdt.Doc, f func(tx *crdt.Txn) error) error {
	var err error
	doc.Transact(nil, func(tx *crdt.Txn) { err = f(tx) })
	return err
}

// repeat makes n transactions in a new document that has a text of a length.
func repeat(n, length int, f func(doc *crdt.Doc, tx *crdt.Txn, i int) error) (func() error, error) {
	return func() error {
		doc := crdt.NewDoc(crdt.Config{ClientID: 1})
		doc.OnUpdate(func(crdt.UpdateEvent) {})
		if length > 0 {
			if err := insert(doc, 0, strings.Repeat("é", length)); err != nil {
				return err
			}
		}
		for i := range n {
			if err := change(doc, func(tx *crdt.Txn) error { return f(doc, tx, i) }); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

// formatFlapping switches bold on and off for random words.
func formatFlapping(n int) (func() error, error) {
	r := newRand(n)
	return repeat(n, 5*n, func(doc *crdt.Doc, tx *crdt.Txn, i int) error {
		value := crdt.Bool(true)
		if i%2 == 1 {
			value = crdt.Null()
		}
		return doc.Text("text").Format(tx, r.IntN(5*n-4), 4, crdt.Attr{Key: "bold", Value: value})
	})
}

// deepXML nests elements into each other.
func deepXML(n int) (func() error, error) {
	return func() error {
		doc := crdt.NewDoc(crdt.Config{ClientID: 1})
		doc.OnUpdate(func(crdt.UpdateEvent) {})
		in := doc.XMLFragment("x")
		for range n {
			e := crdt.NewXMLElement("p")
			if err := change(doc, func(tx *crdt.Txn) error { return in.Insert(tx, 0, e) }); err != nil {
				return err
			}
			in = &e.XMLFragment
		}
		return crdt.NewDoc(crdt.Config{}).ApplyUpdate(doc.EncodeStateAsUpdate(nil), nil)
	}, nil
}

func hugeMap(n int) (func() error, error) {
	return repeat(n, 0, func(doc *crdt.Doc, tx *crdt.Txn, i int) error {
		return doc.Map("m").Set(tx, fmt.Sprint(i), crdt.Number(float64(i)))
	})
}

func sameMapKey(n int) (func() error, error) {
	return repeat(n, 0, func(doc *crdt.Doc, tx *crdt.Txn, i int) error {
		return doc.Map("m").Set(tx, "k", crdt.Number(float64(i)))
	})
}

// paste inserts a long text at once, up to a million characters, and loads it.
func paste(n int) (func() error, error) {
	text := strings.Repeat("pasted wörds ", n/13+1)
	return func() error {
		doc := crdt.NewDoc(crdt.Config{ClientID: 1})
		if err := insert(doc, 0, text); err != nil {
			return err
		}
		_, err := textOf(doc.EncodeStateAsUpdate(nil), 1)
		return err
	}, nil
}

func editsInPaste(n int) (func() error, error) {
	return repeat(n, 10*n, func(doc *crdt.Doc, tx *crdt.Txn, i int) error {
		return doc.Text("text").Insert(tx, 8*i+1, "x")
	})
}

// hooksCalled types while a hook is told of every update and another of every
// transaction.
func hooksCalled(n int) (func() error, error) {
	r := newRand(n)
	return func() error {
		doc := crdt.NewDoc(crdt.Config{ClientID: 1})
		seen := 0
		doc.OnUpdate(func(crdt.UpdateEvent) { seen++ })
		doc.OnAfterTransactionCleanup(func(*crdt.Txn) { seen++ })
		for i := range n {
			if err := insert(doc, r.IntN(i+1), "x"); err != nil {
				return err
			}
		}
		if seen != 2*n {
			return errors.New("not every transaction was reported")
		}
		return nil
	}, nil
}
