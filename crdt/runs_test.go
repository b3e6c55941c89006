package crdt

import (
	"fmt"
	"slices"
	"testing"
	"unicode/utf16"
)

// spread spreads runs out: one line for each unit, with its index.
func spread(t *testing.T, runs func(func(int, DeltaOp) bool)) []string {
	var out []string
	for index, run := range runs {
		shown := []string{run.Insert.Kind().String()}
		if run.Insert.Kind() == KindString {
			shown = nil
			for _, u := range utf16.Encode([]rune(run.Insert.Str())) {
				shown = append(shown, fmt.Sprintf("%04x", u))
			}
		}
		if len(shown) == 0 {
			t.Error("an empty run")
		}
		for i, s := range shown {
			out = append(out, fmt.Sprint(index+i, " ", s, run.Attrs))
		}
	}
	return out
}

// TestRuns walks over parts of texts, which must show what the whole shows.
func TestRuns(t *testing.T) {
	for seed := range uint64(20) {
		f := newFuzzer(t, seed, 2)
		for range 200 {
			f.step()
		}
		for _, d := range f.docs {
			text := d.Text("text")
			all := spread(t, text.All())
			if n := text.Len(); len(all) != n {
				t.Fatalf("seed %d: %d units, want %d", seed, len(all), n)
			}
			for range 200 {
				from := f.IntN(len(all) + 1)
				length := f.IntN(len(all) - from + 1)
				if got := spread(t, text.Runs(from, length)); !slices.Equal(got, all[from:from+length]) {
					t.Fatalf("seed %d: %d units from %d on:\n%q\nwant\n%q", seed, length, from, got, all[from:from+length])
				}
			}
		}
	}
}

func TestRunsOfParts(t *testing.T) {
	d := NewDoc(Config{ClientID: 1})
	text := d.Text("t")
	edit(t, d, func(tx *Txn) error {
		return text.ApplyDelta(tx, []DeltaOp{{Insert: String("a😀b"), Attrs: []Attr{bold}}, {Insert: Number(1)}, {Insert: String("c")}})
	})
	for _, c := range []struct {
		index, length int
		want          string
	}{
		{0, 6, "0a😀b{bold=true} 4 1 5c"},
		{-2, 3, "0a{bold=true}"},
		{4, 1 << 62, "4 1 5c"},
		{1, 1, "1\uFFFD{bold=true}"},
		{2, 1, "2\uFFFD{bold=true}"},
		{2, 2, "2\uFFFDb{bold=true}"},
		{3, 0, ""},
		{3, -1, ""},
		{-3, -1, ""},
		{6, 1, ""},
		{7, 1, ""},
		{1 << 62, 1 << 62, ""},
	} {
		got := ""
		for i, run := range text.Runs(c.index, c.length) {
			if got != "" {
				got += " "
			}
			shown := showDelta([]DeltaOp{run})
			if run.Insert.Kind() != KindString {
				shown = " " + shown
			}
			got += fmt.Sprint(i) + shown
		}
		if got != c.want {
			t.Errorf("%d units from %d on: %q, want %q", c.length, c.index, got, c.want)
		}
	}
	for range NewText().All() {
		t.Error("a new text has a run")
	}
	for range NewText().Runs(0, 1) {
		t.Error("a new text has a run")
	}
}

// TestRunsStop checks that a walk makes only the runs that it comes to.
func TestRunsStop(t *testing.T) {
	d := NewDoc(Config{ClientID: 1})
	text := d.Text("t")
	edit(t, d, func(tx *Txn) error {
		var delta []DeltaOp
		for i := range 10_000 {
			delta = append(delta, DeltaOp{Insert: String("word "), Attrs: []Attr{{"n", Number(float64(i))}}})
		}
		return text.ApplyDelta(tx, delta)
	})
	first := func(runs func(func(int, DeltaOp) bool)) float64 {
		return testing.AllocsPerRun(10, func() {
			for range runs {
				break
			}
		})
	}
	if n := first(text.All()); n > 30 {
		t.Errorf("the first run took %v allocations", n)
	}
	if n := first(text.Runs(25_000, 25_000)); n > 30 {
		t.Errorf("the first run of the second half took %v allocations", n)
	}
}

// TestDescendants nests elements deep and wide, with deleted ones among them.
func TestDescendants(t *testing.T) {
	d := NewDoc(Config{ClientID: 1})
	body := d.XMLFragment("x")
	const depth = 20_000 // more than JSON follows
	edit(t, d, func(tx *Txn) error {
		at := body
		for i := range depth {
			e := NewXMLElement(fmt.Sprint(i))
			if err := at.Insert(tx, 0, e, NewXMLText()); err != nil {
				return err
			}
			at = &e.XMLFragment
		}
		if err := body.Insert(tx, 1, NewXMLElement("gone"), NewXMLHook("hook")); err != nil {
			return err
		}
		return body.Delete(tx, 1, 1)
	})
	want, texts, last := 0, 0, ""
	for node := range body.Descendants() {
		switch node := node.(type) {
		case *XMLElement:
			if node.Name() != fmt.Sprint(want) || texts > 0 {
				t.Fatalf("%s, want %d", node.Name(), want)
			}
			want++
		case *XMLText:
			texts++
		case *XMLHook:
			last = fmt.Sprint(node.Name(), " after ", texts)
		}
	}
	if want != depth || texts != depth || last != fmt.Sprint("hook after ", depth-1) {
		t.Errorf("%d elements, %d texts, %s", want, texts, last)
	}
	for node := range body.Descendants() {
		if node.(*XMLElement).Name() == "3" {
			break
		}
	}
	for range NewXMLFragment().Descendants() {
		t.Error("a new fragment has a node")
	}
}

func TestRoots(t *testing.T) {
	d := NewDoc(Config{ClientID: 1})
	edit(t, d, func(tx *Txn) error { return d.Text("b").Insert(tx, 0, "x") })
	d.Map("a")
	late := NewDoc(Config{})
	late.Array("own")
	if err := late.ApplyUpdate(d.EncodeStateAsUpdate(nil), nil); err != nil {
		t.Fatal(err)
	}
	show := func(d *Doc) string {
		out := ""
		for name, root := range d.Roots() {
			out += fmt.Sprintf("%s %T ", name, root)
		}
		return out
	}
	if got, want := show(d), "b *crdt.Text a *crdt.Map "; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got, want := show(late), "own *crdt.Array "; got != want {
		t.Errorf("before the text was defined: %s, want %s", got, want)
	}
	late.Text("b")
	if got, want := show(late), "own *crdt.Array b *crdt.Text "; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	for range d.Roots() {
		break
	}
}
