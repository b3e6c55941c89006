package crdttest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"unicode/utf16"

	"github.com/sheafdocs/sheaf/crdt"
)

// The roots that an Editor edits; they are those of Sheaf's documents and two
// more.
const (
	TextRoot  = "text"
	BodyRoot  = "default" // an XMLFragment of paragraphs
	MetaRoot  = "meta"    // a Map
	ArrayRoot = "array"
)

// Editor edits one document at random, much as people do: mostly it types and
// deletes near where it last was.
type Editor struct {
	rand  *rand.Rand
	doc   *crdt.Doc
	caret int // in the text
	// Edits counts the operations made so far.
	Edits int
}

// NewEditor returns an editor whose edits depend on the seed and on what else
// happens to the document. The document must have a client id.
func NewEditor(seed uint64, doc *crdt.Doc) *Editor {
	e := &Editor{rand: rand.New(rand.NewPCG(seed, uint64(doc.ClientID()))), doc: doc}
	doc.Text(TextRoot)
	doc.XMLFragment(BodyRoot)
	doc.Map(MetaRoot)
	doc.Array(ArrayRoot)
	return e
}

// Edit makes one transaction of one to four operations.
func (e *Editor) Edit() error {
	var err error
	e.doc.Transact(e, func(tx *crdt.Txn) {
		for range 1 + e.rand.IntN(4) {
			if err == nil {
				err = e.one(tx)
				e.Edits++
			}
		}
	})
	if err != nil {
		return fmt.Errorf("edit at random: %w", err)
	}
	return nil
}

func (e *Editor) one(tx *crdt.Txn) error {
	switch n := e.rand.IntN(20); {
	case n < 12:
		return e.write(tx, e.doc.Text(TextRoot))
	case n < 16:
		return e.body(tx)
	case n < 18:
		return e.doc.Map(MetaRoot).Set(tx, []string{"title", "a", "b"}[e.rand.IntN(3)], e.value())
	default:
		return e.list(tx, e.doc.Array(ArrayRoot))
	}
}

var words = []string{"a", "word ", "and ", "é", "漢字", "😀", "\n", "longer piece of text, "}

func (e *Editor) write(tx *crdt.Txn, t *crdt.Text) error {
	units := utf16.Encode([]rune(t.String()))
	if e.rand.IntN(4) == 0 {
		e.caret = e.rand.IntN(t.Len() + 1)
	}
	e.caret = character(units, e.caret)
	switch n := e.rand.IntN(20); {
	case n < 5 && e.caret > 0:
		from := character(units, e.caret-1-e.rand.IntN(min(e.caret, 6)))
		length := e.caret - from
		e.caret = from
		return t.Delete(tx, from, length)
	case n == 5 && e.caret > 0:
		from := character(units, e.rand.IntN(e.caret))
		bold := crdt.Attr{Key: "bold", Value: []crdt.Value{crdt.Bool(true), crdt.Null()}[e.rand.IntN(2)]}
		return t.Format(tx, from, e.caret-from, bold)
	}
	before := t.Len()
	err := t.Insert(tx, e.caret, strings.Repeat(words[e.rand.IntN(len(words))], 1+e.rand.IntN(2)))
	e.caret += t.Len() - before
	return err
}

// character returns i, or the start of the character that i lies inside of.
// Editors do not cut surrogate pairs. Yjs's format cannot say that one was cut,
// so replicas could differ afterwards; crdt/crdttest/oracle cuts them.
func character(units []uint16, i int) int {
	i = min(i, len(units))
	if i > 0 && i < len(units) && units[i]&0xfc00 == 0xdc00 && units[i-1]&0xfc00 == 0xd800 {
		return i - 1
	}
	return i
}

func (e *Editor) body(tx *crdt.Txn) error {
	body := e.doc.XMLFragment(BodyRoot)
	if body.Len() == 0 || e.rand.IntN(6) == 0 {
		p := crdt.NewXMLElement("paragraph")
		if err := body.Insert(tx, e.rand.IntN(body.Len()+1), p); err != nil {
			return err
		}
		return p.Insert(tx, 0, crdt.NewXMLText())
	}
	at := e.rand.IntN(body.Len())
	if e.rand.IntN(12) == 0 {
		return body.Delete(tx, at, 1)
	}
	v, err := body.Get(at)
	if err != nil {
		return err
	}
	p, ok := v.Shared().(*crdt.XMLElement)
	if !ok || p.Len() == 0 {
		return nil
	}
	if e.rand.IntN(5) == 0 {
		return p.SetAttribute(tx, "level", e.value())
	}
	v, err = p.Get(0)
	if err != nil {
		return err
	}
	if t, ok := v.Shared().(*crdt.XMLText); ok {
		return e.write(tx, &t.Text)
	}
	return nil
}

func (e *Editor) list(tx *crdt.Txn, a *crdt.Array) error {
	if n := a.Len(); n > 0 && e.rand.IntN(3) == 0 {
		return a.Delete(tx, e.rand.IntN(n), 1)
	}
	return a.Insert(tx, e.rand.IntN(a.Len()+1), e.value(), e.value())
}

func (e *Editor) value() crdt.Value {
	switch e.rand.IntN(4) {
	case 0:
		return crdt.Number(float64(e.rand.IntN(1000)) / 4)
	case 1:
		return crdt.ArrayOf(crdt.Null(), crdt.Bool(true), crdt.Bytes([]byte{1, 2}))
	case 2:
		return crdt.ObjectOf(crdt.Field{Key: "k", Value: crdt.String("v")})
	}
	return crdt.String(words[e.rand.IntN(len(words))])
}
