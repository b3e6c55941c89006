package crdt

import (
	"errors"
	"slices"
	"testing"

	"github.com/sheafdocs/sheaf/crdt/internal/codec"
)

// edit runs f in a transaction and checks the document after it.
func edit(t *testing.T, d *Doc, f func(tx *Txn) error) {
	t.Helper()
	d.Transact(nil, func(tx *Txn) {
		if err := f(tx); err != nil {
			t.Fatal(err)
		}
	})
	d.check(t)
}

func checkJSON(t *testing.T, d *Doc, want string) {
	t.Helper()
	got, err := d.JSON().MarshalJSON()
	if err != nil || string(got) != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}

func TestArray(t *testing.T) {
	d := NewDoc(Config{ClientID: 1})
	a := d.Array("a")
	edit(t, d, func(tx *Txn) error { return a.Insert(tx, 0, Number(1), Number(2), Number(3)) })
	edit(t, d, func(tx *Txn) error { return a.Insert(tx, 1, String("x"), ValueOf(NewArray()), Bool(true)) })
	checkJSON(t, d, `{"a":[1,"x",[],true,2,3]}`)
	inner, err := a.Get(2)
	if err != nil {
		t.Fatal(err)
	}
	nested := inner.Shared().(*Array)
	edit(t, d, func(tx *Txn) error { return nested.Push(tx, Null(), ObjectOf(Field{"k", Number(0.5)})) })
	edit(t, d, func(tx *Txn) error { return a.Delete(tx, 0, 2) })
	checkJSON(t, d, `{"a":[[null,{"k":0.5}],true,2,3]}`)
	edit(t, d, func(tx *Txn) error { return a.Delete(tx, 0, 1) })
	checkJSON(t, d, `{"a":[true,2,3]}`)
	if !nested.Deleted() || nested.Len() != 0 {
		t.Error("nested array survives its deletion")
	}
	d.Transact(nil, func(tx *Txn) {
		if err := nested.Push(tx, Null()); !errors.Is(err, ErrDetached) {
			t.Error(err)
		}
	})
}

func TestMapConflict(t *testing.T) {
	a, b := NewDoc(Config{ClientID: 1}), NewDoc(Config{ClientID: 2})
	edit(t, a, func(tx *Txn) error { return a.Map("m").Set(tx, "k", String("low")) })
	edit(t, b, func(tx *Txn) error { return b.Map("m").Set(tx, "k", String("high")) })
	edit(t, b, func(tx *Txn) error { return b.Map("m").Set(tx, "other", Undefined()) })
	for _, d := range []*Doc{a, b} {
		for _, o := range []*Doc{a, b} {
			if err := d.ApplyUpdate(o.EncodeStateAsUpdate(nil), nil); err != nil {
				t.Fatal(err)
			}
		}
		d.check(t)
		checkJSON(t, d, `{"m":{"k":"high"}}`)
		if d.Map("m").Len() != 2 || !d.Map("m").Has("other") {
			t.Error("undefined is not a value")
		}
	}
	edit(t, a, func(tx *Txn) error { return a.Map("m").Delete(tx, "k") })
	edit(t, a, func(tx *Txn) error { return a.Map("m").Clear(tx) })
	checkJSON(t, a, `{"m":{}}`)
	for i := range 40 { // more keys than are scanned
		edit(t, a, func(tx *Txn) error { return a.Map("m").Set(tx, string(rune('a'+i)), Number(float64(i))) })
	}
	if v, ok := a.Map("m").Get("z"); !ok || v.Number() != 25 {
		t.Error(v)
	}
}

// TestMapClearKeyWithoutValues clears a map with a key whose only value turned
// out to be the rest of something in an array.
func TestMapClearKeyWithoutValues(t *testing.T) {
	d := NewDoc(Config{ClientID: 1})
	for _, u := range [][]byte{
		{1, 1, 5, 0, codec.RefAny, 1, 1, 'a', 2, 120, 120, 0},
		{1, 1, 5, 0, codec.RefAny | 0x20, 1, 1, 'm', 1, 'k', 3, 120, 120, 120, 0}, // 0x20: has a key
	} {
		if err := d.ApplyUpdate(u, nil); err != nil {
			t.Fatal(err)
		}
	}
	edit(t, d, func(tx *Txn) error { return d.Map("m").Clear(tx) })
	d.check(t)
	if n := d.Array("a").Len(); n != 3 {
		t.Errorf("the array has %d elements, want 3", n)
	}
}

func TestXML(t *testing.T) {
	d := NewDoc(Config{ClientID: 1})
	body := d.XMLFragment("body")
	p, text, hook := NewXMLElement("Para"), NewXMLText(), NewXMLHook("math")
	edit(t, d, func(tx *Txn) error { return body.Insert(tx, 0, p) })
	edit(t, d, func(tx *Txn) error { return p.Insert(tx, 0, text, hook) })
	edit(t, d, func(tx *Txn) error {
		return errors.Join(p.SetAttribute(tx, "z", Number(1)), p.SetAttribute(tx, "a", Null()),
			text.Insert(tx, 0, "xy"), text.Format(tx, 1, 1, Attr{"a", ObjectOf(Field{"href", String("u")})}))
	})
	if got, want := body.String(), `<para a="null" z="1">x<a href="u">y</a>[object Object]</para>`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	edit(t, d, func(tx *Txn) error { return body.InsertAfter(tx, p, NewXMLElement("b")) })
	edit(t, d, func(tx *Txn) error { return body.InsertAfter(tx, nil, NewXMLElement("a")) })
	if got := body.String(); got[:7] != "<a></a>" || got[len(got)-7:] != "<b></b>" {
		t.Error(got)
	}
	again := NewDoc(Config{})
	if err := again.ApplyUpdate(d.EncodeStateAsUpdate(nil), nil); err != nil {
		t.Fatal(err)
	}
	if got := again.XMLFragment("body").String(); got != body.String() {
		t.Errorf("a replica has %s", got)
	}
	v, err := again.XMLFragment("body").Get(1)
	if err != nil || v.Shared().(*XMLElement).Name() != "Para" {
		t.Error(v, err)
	}
}

func TestSubdocs(t *testing.T) {
	d := NewDoc(Config{ClientID: 1})
	var events []SubdocEvent
	d.OnAfterTransactionCleanup(func(e *Txn) { events = append(events, e.Subdocs()) })
	sub := &Subdoc{GUID: "page-2", AutoLoad: true, Meta: ObjectOf(Field{"title", String("T")})}
	edit(t, d, func(tx *Txn) error { return d.Map("m").Set(tx, "sub", SubdocValue(sub)) })
	again := NewDoc(Config{})
	if err := again.ApplyUpdate(d.EncodeStateAsUpdate(nil), nil); err != nil {
		t.Fatal(err)
	}
	got := again.Subdocs()
	if len(got) != 1 || got[0].GUID != "page-2" || !got[0].AutoLoad || got[0].DisableGC || !got[0].Meta.Equal(sub.Meta) {
		t.Errorf("%+v", got)
	}
	edit(t, d, func(tx *Txn) error { return d.Map("m").Delete(tx, "sub") })
	// As in Yjs, a deleted entry is destroyed in a transaction of its own.
	if len(events) != 3 || !slices.Contains(events[0].Added, sub) || !slices.Contains(events[1].Removed, sub) || !slices.Contains(events[2].Removed, sub) {
		t.Errorf("%+v", events)
	}
}

// TestDestroyedSubdoc checks that a destroyed entry is replaced by one that is not
// loaded, and no longer asks for anything itself.
func TestDestroyedSubdoc(t *testing.T) {
	d := NewDoc(Config{ClientID: 1})
	sub := &Subdoc{GUID: "page"}
	edit(t, d, func(tx *Txn) error { return d.Map("m").Set(tx, "sub", SubdocValue(sub)) })
	var events []SubdocEvent
	d.OnSubdocs(func(e SubdocEvent) { events = append(events, e) })
	sub.Destroy()
	sub.Destroy()
	sub.Load()
	now := d.Subdocs()
	if len(now) != 1 || now[0] == sub || now[0].GUID != "page" || now[0].ShouldLoad() {
		t.Fatalf("entries %+v", now)
	}
	if len(events) != 1 || !slices.Equal(events[0].Added, now) || !slices.Equal(events[0].Removed, []*Subdoc{sub}) {
		t.Errorf("events %+v", events)
	}
	now[0].Load()
	if len(events) != 2 || !slices.Equal(events[1].Loaded, now) {
		t.Errorf("after loading: %+v", events)
	}
}

func TestErrors(t *testing.T) {
	d, other := NewDoc(Config{ClientID: 1}), NewDoc(Config{ClientID: 2})
	text, array, fields := d.Text("t"), d.Array("a"), d.Map("m")
	var stale *Txn
	d.Transact(nil, func(tx *Txn) { stale = tx })
	before := d.EncodeStateAsUpdate(nil)
	d.Transact(nil, func(tx *Txn) {
		for name, c := range map[string]struct{ got, want error }{
			"insert behind the end":   {text.Insert(tx, 1, "x"), ErrRange},
			"insert before the start": {text.Insert(tx, -1, "x"), ErrRange},
			"delete too much":         {text.Delete(tx, 0, 1), ErrRange},
			"format too much":         {text.Format(tx, 0, 1, bold), ErrRange},
			"retain too much":         {text.ApplyDelta(tx, []DeltaOp{{Insert: String("x")}, {Retain: 1}}), ErrRange},
			"array insert":            {array.Insert(tx, 1, Null()), ErrRange},
			"array delete":            {array.Delete(tx, 0, -1), ErrRange},
			"undefined in an array":   {array.Push(tx, Undefined()), ErrValue},
			"big integer in an array": {array.Push(tx, BigInt(1)), ErrValue},
			"bytes as a format":       {text.Insert(tx, 0, "x", Attr{"k", Bytes(nil)}), ErrValue},
			"shared format":           {text.Insert(tx, 0, "x", Attr{"k", ValueOf(NewMap())}), ErrValue},
			"undefined embed":         {text.InsertEmbed(tx, 0, Undefined()), ErrValue},
			"inserted twice":          {fields.Set(tx, "k", ValueOf(text)), ErrAttached},
			"detached type":           {NewMap().Set(tx, "k", Null()), ErrDetached},
			"stale transaction":       {text.Insert(stale, 0, "x"), ErrTransaction},
			"no transaction":          {text.Insert(nil, 0, "x"), ErrTransaction},
			"other document":          {other.Text("t").Insert(tx, 0, "x"), ErrTransaction},
			"wrong kind":              {d.Map("t").Set(tx, "k", Null()), ErrKind},
		} {
			if !errors.Is(c.got, c.want) {
				t.Errorf("%s: %v, want %v", name, c.got, c.want)
			}
		}
		same := NewText()
		if err := array.Push(tx, ValueOf(same), ValueOf(same)); !errors.Is(err, ErrAttached) {
			t.Error(err)
		}
	})
	if string(before) != string(d.EncodeStateAsUpdate(nil)) {
		t.Error("a failed edit changed something")
	}
	anonymous := NewDoc(Config{})
	anonymous.Transact(nil, func(tx *Txn) {
		if err := anonymous.Text("t").Insert(tx, 0, "x"); !errors.Is(err, ErrNoClientID) {
			t.Error(err)
		}
	})
	if _, err := array.Get(0); !errors.Is(err, ErrRange) {
		t.Error(err)
	}
}

// TestDeepNesting nests types deeper than JSON follows.
func TestDeepNesting(t *testing.T) {
	d := NewDoc(Config{ClientID: 1})
	body := d.XMLFragment("x")
	const depth = 3 * MaxNesting
	d.Transact(nil, func(tx *Txn) {
		parent := body
		for range depth {
			e := NewXMLElement("b")
			if err := parent.Insert(tx, 0, e); err != nil {
				t.Fatal(err)
			}
			parent = &e.XMLFragment
		}
	})
	if n := len(body.String()); n != MaxNesting*len("<b></b>") {
		t.Errorf("%d bytes of XML", n)
	}
	again := NewDoc(Config{})
	if err := again.ApplyUpdate(d.EncodeStateAsUpdate(nil), nil); err != nil {
		t.Fatal(err)
	}
	edit(t, d, func(tx *Txn) error { return body.Delete(tx, 0, 1) })
	if err := again.ApplyUpdate(d.EncodeStateAsUpdate(nil), nil); err != nil {
		t.Fatal(err)
	}
	if n := len(again.EncodeStateAsUpdate(nil)); n > 100 {
		t.Errorf("state takes %d bytes after deleting everything", n)
	}
}
