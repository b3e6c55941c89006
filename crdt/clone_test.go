package crdt

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

// filled returns a document with one of everything in its map "m".
func filled(t *testing.T) *Doc {
	t.Helper()
	d := NewDoc(Config{ClientID: 1})
	m := d.Map("m")
	edit(t, d, func(tx *Txn) error {
		text, list, element, hook := NewText(), NewArray(), NewXMLElement("p"), NewXMLHook("h")
		inner, fragment, words := NewMap(), NewXMLFragment(), NewXMLText()
		return errors.Join(
			m.Set(tx, "text", ValueOf(text)), m.Set(tx, "list", ValueOf(list)), m.Set(tx, "xml", ValueOf(fragment)),
			text.Insert(tx, 0, "plain "), text.InsertFormatted(tx, 6, "bold", []Attr{{"bold", Bool(true)}}),
			text.InsertEmbed(tx, 3, ValueOf(NewMap())), text.SetAttribute(tx, "lang", String("en")),
			list.Push(tx, Number(1), String("two"), ValueOf(inner), Bytes([]byte{3}), SubdocValue(&Subdoc{GUID: "sub"})),
			inner.Set(tx, "10", Number(1)), inner.Set(tx, "9", Undefined()), inner.Set(tx, "big", BigInt(1<<60)),
			fragment.Insert(tx, 0, element, words, hook), element.SetAttribute(tx, "class", String("c")),
			words.Insert(tx, 0, "words"), hook.Set(tx, "in hook", ValueOf(NewText())),
			list.Delete(tx, 1, 1),
		)
	})
	return d
}

func TestClone(t *testing.T) {
	d := filled(t)
	m := d.Map("m")
	want, err := m.JSON().MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	other := NewDoc(Config{ClientID: 2})
	places := map[string]func(tx *Txn, v Value) (Shared, error){
		"map": func(tx *Txn, v Value) (Shared, error) { return v.Shared(), other.Map("m").Set(tx, "k", v) },
		"array": func(tx *Txn, v Value) (Shared, error) {
			return v.Shared(), other.Array("a").Push(tx, Null(), v, Null())
		},
		"text": func(tx *Txn, v Value) (Shared, error) { return v.Shared(), other.Text("t").InsertEmbed(tx, 0, v) },
		"delta": func(tx *Txn, v Value) (Shared, error) {
			return v.Shared(), other.Text("t").ApplyDelta(tx, []DeltaOp{{Insert: v}})
		},
		"xml": func(tx *Txn, v Value) (Shared, error) {
			return v.Shared(), other.XMLFragment("x").InsertAfter(tx, nil, v.Shared())
		},
	}
	for name, put := range places {
		for _, copied := range []*Map{Clone(m), Clone(Clone(m)), Clone[Shared](m).(*Map)} {
			if copied.Len() != 0 || copied.Deleted() {
				t.Errorf("%s: a copy can be read before it is inserted", name)
			}
			var s Shared
			edit(t, other, func(tx *Txn) (err error) { s, err = put(tx, ValueOf(copied)); return err })
			got, err := s.JSON().MarshalJSON()
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s: copied\n%s\nas\n%s %v", name, want, got, err)
			}
			edit(t, other, func(tx *Txn) error {
				if _, err := put(tx, ValueOf(copied)); !errors.Is(err, ErrAttached) {
					t.Errorf("%s: inserted twice: %v", name, err)
				}
				return copied.Set(tx, "more", Null()) // it is edited from now on
			})
		}
	}
	if again, err := m.JSON().MarshalJSON(); err != nil || !bytes.Equal(again, want) {
		t.Errorf("the original became %s %v", again, err)
	}
	text, ok := other.Map("m").Get("k")
	if !ok {
		t.Fatal("no copy")
	}
	inner, _ := text.Shared().(*Map).Get("text")
	if lang, ok := inner.Shared().(*Text).Attribute("lang"); !ok || lang.Str() != "en" {
		t.Error("attributes of a text are not copied")
	}
	if len(other.Subdocs()) != 13 {
		t.Errorf("%d subdocuments, want 13", len(other.Subdocs()))
	}
	for _, s := range other.Subdocs() {
		if s == d.Subdocs()[0] {
			t.Error("a subdocument entry is in two documents")
		}
	}
}

// TestCloneIsACopy checks that a copy is what the original was when it was
// made.
func TestCloneIsACopy(t *testing.T) {
	d := NewDoc(Config{ClientID: 1})
	text := d.Text("t")
	edit(t, d, func(tx *Txn) error { return text.Insert(tx, 0, "before") })
	copied := Clone(text)
	edit(t, d, func(tx *Txn) error { return errors.Join(text.Delete(tx, 0, 6), text.Insert(tx, 0, "after")) })
	edit(t, d, func(tx *Txn) error { return d.Map("m").Set(tx, "t", ValueOf(copied)) })
	if got := copied.String(); got != "before" {
		t.Errorf("copied %q", got)
	}
	gone := NewText()
	edit(t, d, func(tx *Txn) error { return d.Map("m").Set(tx, "t", ValueOf(gone)) })
	edit(t, d, func(tx *Txn) error { return d.Map("m").Delete(tx, "t") })
	edit(t, d, func(tx *Txn) error { return d.Map("m").Set(tx, "t", ValueOf(Clone(gone))) })
	checkJSON(t, d, `{"t":"after","m":{"t":""}}`)
}

// TestCloneOrder checks that attributes get clocks in the order of a JavaScript
// object, after the children, as from Yjs.
func TestCloneOrder(t *testing.T) {
	d := NewDoc(Config{ClientID: 1})
	x := d.XMLFragment("x")
	element := NewXMLElement("p")
	edit(t, d, func(tx *Txn) error {
		return errors.Join(x.Insert(tx, 0, element), element.SetAttribute(tx, "b", Null()), element.SetAttribute(tx, "10", Null()),
			element.SetAttribute(tx, "9", Null()), element.Insert(tx, 0, NewXMLText()))
	})
	copied := Clone(element)
	edit(t, d, func(tx *Txn) error { return x.Insert(tx, 0, copied) })
	for i, key := range []string{"9", "10", "b"} {
		if id, ok := copied.AttributeAuthor(key); !ok || id.Clock != uint64(7+i) {
			t.Errorf("attribute %s is %v %v, want clock %d", key, id, ok, 7+i)
		}
	}
}

// TestCloneTooLarge checks that copies that do not fit change nothing.
func TestCloneTooLarge(t *testing.T) {
	d := NewDoc(Config{ClientID: 1})
	d.Map("m")
	part := DeltaOp{Insert: String(strings.Repeat("x", MaxTextBytes/8))} // in memory once
	text, large := NewText(), NewArray()
	text.copied = &contents{delta: []DeltaOp{part, part, part, part, part, part, part, part, part}}
	large.copied = &contents{values: []Value{ValueOf(text)}}
	large = Clone(large)
	before := d.EncodeStateAsUpdate(nil)
	d.Transact(nil, func(tx *Txn) {
		v := ValueOf(large)
		for i, err := range []error{
			d.Map("m").Set(tx, "k", v), d.Array("a").Push(tx, v), d.Array("a").Insert(tx, 0, v),
			d.Text("t").InsertEmbed(tx, 0, v), d.Text("t").ApplyDelta(tx, []DeltaOp{{Insert: v}}),
			d.XMLFragment("x").Insert(tx, 0, large), d.XMLFragment("x").InsertAfter(tx, nil, large),
		} {
			if !errors.Is(err, ErrTooLarge) {
				t.Errorf("way %d: %v", i, err)
			}
		}
	})
	if !bytes.Equal(d.EncodeStateAsUpdate(nil), before) {
		t.Error("the document changed")
	}
}

// TestCloneDeep checks that nesting beyond what JSON shows ends quietly.
func TestCloneDeep(t *testing.T) {
	d := NewDoc(Config{ClientID: 1})
	outer := d.Array("a")
	d.Transact(nil, func(tx *Txn) {
		for list := outer; list != nil && !t.Failed(); {
			next := NewArray()
			if err := list.Push(tx, ValueOf(next)); err != nil {
				t.Fatal(err)
			}
			if list = next; len(d.types) > MaxNesting+10 {
				list = nil
			}
		}
	})
	copied := Clone(outer)
	d.Transact(nil, func(tx *Txn) {
		if err := d.Map("m").Set(tx, "k", ValueOf(copied)); err != nil {
			t.Fatal(err)
		}
	})
	depth := 0
	for list := copied; list.Len() > 0; depth++ {
		v, err := list.Get(0)
		if err != nil {
			t.Fatal(err)
		}
		list = v.Shared().(*Array)
	}
	if depth != MaxNesting+1 {
		t.Errorf("copied %d levels", depth)
	}
}

func TestDocClone(t *testing.T) {
	d := filled(t)
	d.XMLText("empty root")
	late := NewDoc(Config{ClientID: 9})
	var updates [][]byte
	late.OnUpdate(func(e UpdateEvent) { updates = append(updates, e.Update) })
	for i := range 2 {
		edit(t, late, func(tx *Txn) error { return late.Text("late").Insert(tx, i, "x") })
	}
	if err := d.ApplyUpdate(updates[1], nil); err != nil {
		t.Fatal(err)
	}
	// Marks that merging made pointless, which a copy must not clean up.
	d.config.DisableFormatCleanup = true
	bold := NewDoc(Config{ClientID: 5})
	edit(t, bold, func(tx *Txn) error {
		return errors.Join(bold.Text("f").Insert(tx, 0, "abc"), bold.Text("f").Format(tx, 0, 2, Attr{"bold", Bool(true)}))
	})
	if err := d.ApplyUpdate(bold.EncodeStateAsUpdate(nil), nil); err != nil {
		t.Fatal(err)
	}
	copied, err := d.Clone(Config{ClientID: 2, GUID: "copy"})
	if err != nil {
		t.Fatal(err)
	}
	copied.check(t)
	if !bytes.Equal(copied.EncodeStateAsUpdateV2(nil), d.EncodeStateAsUpdateV2(nil)) {
		t.Error("the copy has another state")
	}
	got, want := copied.JSON(), d.JSON()
	if !got.Equal(want) {
		t.Error("the copy shows something else")
	}
	if copied.ClientID() != 2 || copied.GUID() != "copy" || copied.config.DisableFormatCleanup {
		t.Errorf("the copy has the config %+v", copied.config)
	}
	if !copied.HasPending() {
		t.Error("what is pending was lost")
	}
	if err := copied.ApplyUpdate(updates[0], nil); err != nil || copied.Text("late").String() != "xx" {
		t.Errorf("late text is %q %v", copied.Text("late"), err)
	}
	edit(t, copied, func(tx *Txn) error { return copied.Map("m").Clear(tx) })
	if d.Map("m").Len() == 0 {
		t.Error("the original changed with the copy")
	}
}
