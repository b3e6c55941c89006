package packed

import (
	"bytes"
	"errors"
	"testing"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/crdt/crdttest"
	"github.com/sheafdocs/sheaf/crdt/internal/codec"
	"github.com/sheafdocs/sheaf/crdt/internal/lib0"
	"github.com/sheafdocs/sheaf/crdt/tracetest"
)

// checkPacked packs a document and checks that it comes back whole, and that
// what is visible of it shows the same.
func checkPacked(t testing.TB, d *crdt.Doc) []byte {
	t.Helper()
	b := Pack(d)
	p, err := Open(b)
	if err != nil {
		t.Fatal(err)
	}
	if p.IsPlain() {
		t.Error("the columns cannot express the document")
	}
	state := d.EncodeStateAsUpdate(nil)
	update, err := p.Update()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(update, state) {
		t.Fatal("the update is not that of the packed document")
	}
	whole, err := p.Doc(crdt.Config{})
	if err != nil {
		t.Fatal(err)
	}
	for _, sv := range []crdt.StateVector{p.StateVector(), whole.StateVector()} {
		if got := sv.Encode(); !bytes.Equal(got, d.StateVector().Encode()) {
			t.Errorf("state vector %x, want %x", got, d.StateVector().Encode())
		}
	}
	visible, err := p.Visible()
	if err != nil {
		t.Fatal(err)
	}
	for name, root := range d.Roots() {
		want := shown(d, name, root)
		if got := shown(visible, name, root); got != want {
			t.Errorf("root %q shows %s, want %s", name, got, want)
		}
	}
	return b
}

// shown prints the root of a document that has the name and kind of another's.
func shown(d *crdt.Doc, name string, like crdt.Shared) string {
	var root crdt.Shared
	switch like.(type) {
	case *crdt.Text:
		root = d.Text(name)
	case *crdt.XMLText:
		root = d.XMLText(name)
	case *crdt.Array:
		root = d.Array(name)
	case *crdt.Map:
		root = d.Map(name)
	case *crdt.XMLElement:
		root = d.XMLElement(name)
	case *crdt.XMLFragment:
		root = d.XMLFragment(name)
	}
	text, err := root.JSON().MarshalJSON()
	if err != nil {
		return err.Error()
	}
	if t, ok := root.(interface{ Delta() []crdt.DeltaOp }); ok {
		for _, op := range t.Delta() {
			insert, _ := op.Insert.JSON().MarshalJSON()
			text = append(append(text, '\n'), insert...)
			for _, a := range op.Attrs {
				value, _ := a.Value.MarshalJSON()
				text = append(append(append(text, ' '), a.Key...), value...)
			}
		}
	}
	return string(text)
}

func TestPackRandom(t *testing.T) {
	for seed := range uint64(200) {
		var docs []*crdt.Doc
		var editors []*crdttest.Editor
		for i := range uint64(3) {
			docs = append(docs, crdt.NewDoc(crdt.Config{ClientID: crdt.ClientID(i + 1)}))
			editors = append(editors, crdttest.NewEditor(3*seed+i, docs[i]))
		}
		net := crdttest.NewNetwork(seed, docs...)
		for range 50 {
			for _, e := range editors {
				if err := e.Edit(); err != nil {
					t.Fatal(err)
				}
			}
			if err := net.Deliver(5); err != nil {
				t.Fatal(err)
			}
		}
		for _, d := range docs {
			checkPacked(t, d)
		}
		net.Close()
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// everyKind returns updates that hold content of every kind; what they hold
// is deleted in part.
func everyKind() (updates [][]byte) {
	d := crdt.NewDoc(crdt.Config{ClientID: 7})
	d.OnUpdate(func(u crdt.UpdateEvent) { updates = append(updates, u.Update) })
	edit := func(f func(tx *crdt.Txn) error) {
		d.Transact(nil, func(tx *crdt.Txn) {
			if err := f(tx); err != nil {
				panic(err)
			}
		})
	}
	text, array, fields, xml := d.Text("text"), d.Array("array"), d.Map("map"), d.XMLFragment("xml")
	edit(func(tx *crdt.Txn) error { return text.Insert(tx, 0, "héllo 😀 world") })
	edit(func(tx *crdt.Txn) error {
		return text.Format(tx, 1, 5, crdt.Attr{Key: "bold", Value: crdt.Bool(true)})
	})
	edit(func(tx *crdt.Txn) error {
		return text.InsertEmbed(tx, 3, crdt.ObjectOf(crdt.Field{Key: "src", Value: crdt.String("x")}))
	})
	edit(func(tx *crdt.Txn) error { return text.Delete(tx, 2, 4) })
	edit(func(tx *crdt.Txn) error {
		return array.Insert(tx, 0, crdt.Number(1), crdt.String("s"), crdt.Bytes([]byte{1}), crdt.ValueOf(crdt.NewMap()),
			crdt.SubdocValue(&crdt.Subdoc{GUID: "g"}))
	})
	edit(func(tx *crdt.Txn) error { return fields.Set(tx, "k", crdt.ArrayOf(crdt.Null(), crdt.Number(0.5))) })
	edit(func(tx *crdt.Txn) error { return fields.Set(tx, "k", crdt.BigInt(1)) })
	p := crdt.NewXMLElement("p")
	edit(func(tx *crdt.Txn) error { return xml.Insert(tx, 0, p, crdt.NewXMLText(), crdt.NewXMLHook("h")) })
	edit(func(tx *crdt.Txn) error { return p.SetAttribute(tx, "a", crdt.String("1")) })
	edit(func(tx *crdt.Txn) error { return xml.Delete(tx, 0, 2) })
	return append(updates, d.EncodeStateAsUpdate(nil))
}

func TestPackEveryKind(t *testing.T) {
	for _, disableGC := range []bool{false, true} {
		d := crdt.NewDoc(crdt.Config{DisableGC: disableGC})
		for _, u := range everyKind() {
			if err := d.ApplyUpdate(u, nil); err != nil {
				t.Fatal(err)
			}
			checkPacked(t, d)
		}
	}
}

// TestPackLongRuns packs more collected and deleted units than 32 bits can count.
func TestPackLongRuns(t *testing.T) {
	const long = 1<<40 + 5
	structs := func(client, clock uint64, s ...byte) []byte {
		return append(lib0.AppendUint(lib0.AppendUint([]byte{1, 1}, client), clock), s...)
	}
	d := crdt.NewDoc(crdt.Config{})
	for _, u := range [][]byte{
		append(lib0.AppendUint(structs(1, 0, codec.RefGC), long), 0),
		append(lib0.AppendUint(structs(2, 0, codec.RefDeleted, 1, 1, 't'), long), 0),
		append(lib0.AppendUint(structs(1, long, codec.RefGC), long), 0),
	} {
		if err := d.ApplyUpdate(u, nil); err != nil {
			t.Fatal(err)
		}
	}
	if sv := d.StateVector(); sv[1] != 2*long || sv[2] != long {
		t.Fatal(sv)
	}
	checkPacked(t, d)
}

func TestPackPending(t *testing.T) {
	updates := everyKind()
	for skip := range len(updates) - 1 {
		d := crdt.NewDoc(crdt.Config{})
		for i, u := range updates[:len(updates)-1] {
			if i != skip {
				if err := d.ApplyUpdate(u, nil); err != nil {
					t.Fatal(err)
				}
			}
		}
		checkPacked(t, d)
	}
}

// paper returns the document of the recorded history automerge-paper, and its text.
func paper(t testing.TB, client crdt.ClientID) (d *crdt.Doc, end string) {
	t.Helper()
	trace := tracetest.Load(t, tracetest.Paper)
	d = crdt.NewDoc(crdt.Config{ClientID: client})
	text := d.Text("text")
	for p := range trace.Patches() {
		d.Transact(nil, func(tx *crdt.Txn) {
			if err := errors.Join(text.Delete(tx, p.Pos, p.Del), text.Insert(tx, p.Pos, p.Insert)); err != nil {
				t.Fatal(err)
			}
		})
	}
	return d, trace.EndContent
}

func TestPackedSizes(t *testing.T) {
	d, _ := paper(t, 1<<53-1)
	b := checkPacked(t, d)
	t.Logf("automerge-paper: %d bytes packed, %d as update", len(b), len(d.EncodeStateAsUpdate(nil)))
	if len(b) > 70_000 {
		t.Errorf("%d bytes, want at most 70,000", len(b))
	}
}

func BenchmarkPack(b *testing.B) {
	d, end := paper(b, 1)
	var bytes []byte
	b.Run("pack", func(b *testing.B) {
		for b.Loop() {
			bytes = Pack(d)
		}
		b.ReportMetric(float64(len(bytes)), "bytes")
	})
	b.Run("visible", func(b *testing.B) {
		for b.Loop() {
			p, err := Open(bytes)
			if err != nil {
				b.Fatal(err)
			}
			v, err := p.Visible()
			if err != nil || v.Text("text").String() != end {
				b.Fatal(err)
			}
		}
	})
	b.Run("live", func(b *testing.B) {
		for b.Loop() {
			p, err := Open(bytes)
			if err != nil {
				b.Fatal(err)
			}
			v, err := p.Doc(crdt.Config{})
			if err != nil || v.Text("text").String() != end {
				b.Fatal(err)
			}
		}
	})
}
