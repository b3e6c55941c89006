package crdt

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// showDelta prints a delta shortly: text{format=value}.
func showDelta(ops []DeltaOp) string {
	var b strings.Builder
	for _, op := range ops {
		if b.Len() > 0 {
			b.WriteByte('|')
		}
		switch op.Insert.Kind() {
		case KindString:
			b.WriteString(op.Insert.Str())
		default:
			json, _ := op.Insert.MarshalJSON()
			b.Write(json)
		}
		for _, a := range op.Attrs {
			json, _ := a.Value.MarshalJSON()
			fmt.Fprintf(&b, "{%s=%s}", a.Key, json)
		}
	}
	return b.String()
}

var bold, noBold, italic = Attr{"bold", Bool(true)}, Attr{"bold", Null()}, Attr{"i", Bool(true)}

func TestText(t *testing.T) {
	for name, c := range map[string]struct {
		edit func(tx *Txn, t *Text) error
		want string
	}{
		"insert": {func(tx *Txn, t *Text) error { return t.Insert(tx, 5, ",") }, "hello, |world{bold=true}|!"},
		"insert inherits": {func(tx *Txn, t *Text) error { return t.Insert(tx, 11, "s") },
			"hello |worlds{bold=true}|!"},
		"insert before bold": {func(tx *Txn, t *Text) error { return t.Insert(tx, 6, "my ") },
			"hello my |world{bold=true}|!"},
		"insert formatted": {func(tx *Txn, t *Text) error { return t.Insert(tx, 8, "-", italic) },
			"hello |wo{bold=true}|-{i=true}|rld{bold=true}|!"},
		"insert plain": {func(tx *Txn, t *Text) error { return t.InsertFormatted(tx, 8, "-", nil) },
			"hello |wo{bold=true}|-|rld{bold=true}|!"},
		"embed": {func(tx *Txn, t *Text) error { return t.InsertEmbed(tx, 0, ObjectOf(Field{"img", String("x")})) },
			`{"img":"x"}|hello |world{bold=true}|!`},
		"delete":          {func(tx *Txn, t *Text) error { return t.Delete(tx, 3, 5) }, "hel|rld{bold=true}|!"},
		"delete all bold": {func(tx *Txn, t *Text) error { return t.Delete(tx, 6, 5) }, "hello !"},
		"unformat":        {func(tx *Txn, t *Text) error { return t.Format(tx, 0, 12, noBold) }, "hello world!"},
		"format more": {func(tx *Txn, t *Text) error { return t.Format(tx, 4, 4, italic) },
			"hell|o {i=true}|wo{i=true}{bold=true}|rld{bold=true}|!"},
		"delta": {func(tx *Txn, t *Text) error {
			return t.ApplyDelta(tx, []DeltaOp{{Retain: 6, Attrs: []Attr{italic}}, {Delete: 5}, {Insert: String("you")}, {Retain: 1}})
		}, "hello {i=true}|you!"},
	} {
		t.Run(name, func(t *testing.T) {
			d := NewDoc(Config{ClientID: 1})
			text := d.Text("t")
			d.Transact(nil, func(tx *Txn) {
				if err := errors.Join(text.Insert(tx, 0, "hello world!"), text.Format(tx, 6, 5, bold)); err != nil {
					t.Fatal(err)
				}
			})
			d.Transact(nil, func(tx *Txn) {
				if err := c.edit(tx, text); err != nil {
					t.Fatal(err)
				}
			})
			d.check(t)
			got := joinEqual(text.Delta())
			if got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			again := NewDoc(Config{})
			if err := again.ApplyUpdate(d.EncodeStateAsUpdate(nil), nil); err != nil {
				t.Fatal(err)
			}
			if got := joinEqual(again.Text("t").Delta()); got != c.want {
				t.Errorf("a replica has %s, want %s", got, c.want)
			}
		})
	}
}

// joinEqual shows a delta with neighbours of equal formats joined.
func joinEqual(ops []DeltaOp) string {
	var out []DeltaOp
	for _, op := range ops {
		if n := len(out); n > 0 && op.Insert.Kind() == KindString && out[n-1].Insert.Kind() == KindString &&
			showDelta([]DeltaOp{{Attrs: op.Attrs}}) == showDelta([]DeltaOp{{Attrs: out[n-1].Attrs}}) {
			out[n-1].Insert = String(out[n-1].Insert.Str() + op.Insert.Str())
			continue
		}
		out = append(out, op)
	}
	return showDelta(out)
}

func TestSurrogatePairs(t *testing.T) {
	d := NewDoc(Config{ClientID: 1})
	text := d.Text("t")
	edit := func(f func(tx *Txn) error) {
		t.Helper()
		d.Transact(nil, func(tx *Txn) {
			if err := f(tx); err != nil {
				t.Fatal(err)
			}
		})
		d.check(t)
	}
	edit(func(tx *Txn) error { return text.Insert(tx, 0, "ab😀cd😀") })
	if text.Len() != 8 {
		t.Errorf("length %d", text.Len())
	}
	edit(func(tx *Txn) error { return text.Insert(tx, 3, "x") })
	edit(func(tx *Txn) error { return text.Delete(tx, 8, 1) })
	if got := text.String(); got != "ab\uFFFDx\uFFFDcd\uFFFD" {
		t.Errorf("%q", got)
	}
	edit(func(tx *Txn) error { return text.Insert(tx, 0, "bad\xffbytes") })
	if got := text.String(); !strings.HasPrefix(got, "bad\uFFFDbytes") {
		t.Errorf("%q", got)
	}
}

// TestTakingTurns lets two authors type in turns, so that neither run stays at
// the end of the text store, and deletes enough to have it compacted.
func TestTakingTurns(t *testing.T) {
	a, b := NewDoc(Config{ClientID: 1}), NewDoc(Config{ClientID: 2})
	a.OnUpdate(func(u UpdateEvent) {
		if u.Local {
			if err := b.ApplyUpdate(u.Update, nil); err != nil {
				t.Error(err)
			}
		}
	})
	b.OnUpdate(func(u UpdateEvent) {
		if u.Local {
			if err := a.ApplyUpdate(u.Update, nil); err != nil {
				t.Error(err)
			}
		}
	})
	for i := range 20000 {
		a.Transact(nil, func(tx *Txn) { _ = a.Text("a").Insert(tx, i, "é") })
		b.Transact(nil, func(tx *Txn) { _ = b.Text("b").Insert(tx, i, "x") })
	}
	for _, d := range []*Doc{a, b} {
		if d.items.live != 2 {
			t.Errorf("%d items for two runs", d.items.live)
		}
		if got := d.Text("a").String(); got != strings.Repeat("é", 20000) {
			t.Errorf("a is wrong: %d bytes", len(got))
		}
		d.check(t)
		if n := len(d.text.buf); n > 400_000 {
			t.Errorf("text store takes %d bytes for 60,000", n)
		}
	}
	a.Transact(nil, func(tx *Txn) { _ = a.Text("a").Delete(tx, 10, 19900) })
	a.Transact(nil, func(tx *Txn) { _ = a.Text("b").Delete(tx, 10, 19900) })
	a.Transact(nil, func(tx *Txn) { _ = a.Text("b").Delete(tx, 0, 10) })
	for _, d := range []*Doc{a, b} {
		d.check(t)
		if n := len(d.text.buf); n > 100_000 {
			t.Errorf("text store takes %d bytes after deleting nearly all", n)
		}
	}
}

// JSON can hold the halves of surrogate pairs, text cannot: what has them must
// still reach others.
func TestHalfPairsBecomeText(t *testing.T) {
	halves, err := ParseJSON([]byte(`"\ud800\ud801"`))
	if err != nil {
		t.Fatal(err)
	}
	d := NewDoc(Config{ClientID: 1})
	d.Transact(nil, func(tx *Txn) {
		if err := d.Text("embed").InsertEmbed(tx, 0, halves); err != nil {
			t.Fatal(err)
		}
		if err := d.Text("delta").ApplyDelta(tx, []DeltaOp{{Insert: halves}}); err != nil {
			t.Fatal(err)
		}
		if err := d.Map("m").Set(tx, "copy", ValueOf(Clone(d.Text("embed")))); err != nil {
			t.Fatal(err)
		}
	})
	d.check(t)
	e := NewDoc(Config{ClientID: 2})
	if err := e.ApplyUpdate(d.EncodeStateAsUpdate(nil), nil); err != nil {
		t.Fatal(err)
	}
	copied, _ := e.Map("m").Get("copy")
	for name, text := range map[string]*Text{"delta": e.Text("delta"), "copy": copied.Shared().(*Text)} {
		if text.String() != "\ufffd\ufffd" || text.Len() != 2 {
			t.Errorf("%s: %q of length %d", name, text.String(), text.Len())
		}
	}
}
