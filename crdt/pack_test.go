package crdt

import (
	"bytes"
	"errors"
	"testing"

	"github.com/sheafdocs/sheaf/crdt/internal/packed"
)

// checkPacked packs a document and checks that it comes back whole, and that
// what is visible of it shows the same.
func checkPacked(t testing.TB, d *Doc) []byte {
	t.Helper()
	b := d.Pack()
	p, err := OpenPacked(b)
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
	whole, err := p.Doc(Config{DisableGC: d.config.DisableGC})
	if err != nil {
		t.Fatal(err)
	}
	whole.check(t)
	if got := p.StateVector().Encode(); !bytes.Equal(got, d.StateVector().Encode()) {
		t.Errorf("state vector %x, want %x", got, d.StateVector().Encode())
	}
	visible, err := p.Visible()
	if err != nil {
		t.Fatal(err)
	}
	visible.check(t)
	for _, root := range d.roots {
		want := shown(d, d.types[root])
		if got := shown(visible, d.types[root]); got != want {
			t.Errorf("root %q shows %s, want %s", d.types[root].name, got, want)
		}
	}
	return b
}

// shown prints a root of the kind that it has in the document it is from.
func shown(d *Doc, t *sharedType) string {
	typ, _ := d.defineRoot(t.name, t.kind)
	text, err := Value{plain: d.typeJSON(typ, 0)}.MarshalJSON()
	if err != nil {
		return err.Error()
	}
	if t.kind.isText() {
		for _, op := range d.view(typ).(interface{ Delta() []DeltaOp }).Delta() {
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
		f := newFuzzer(t, seed, 3)
		for range 150 {
			f.step()
		}
		for _, d := range f.docs {
			checkPacked(t, d)
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func TestPackEveryKind(t *testing.T) {
	for _, disableGC := range []bool{false, true} {
		d := NewDoc(Config{DisableGC: disableGC})
		for _, u := range fuzzUpdates() {
			if err := d.ApplyUpdate(u, nil); err != nil {
				t.Fatal(err)
			}
			checkPacked(t, d)
		}
	}
}

func TestPackPending(t *testing.T) {
	updates := fuzzUpdates()
	for skip := range len(updates) - 1 {
		d := NewDoc(Config{})
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

func TestPackedSizes(t *testing.T) {
	tr := loadTrace(t, "automerge-paper.json.gz")
	d := NewDoc(Config{ClientID: 1<<53 - 1})
	tr.replay(t, d)
	b := checkPacked(t, d)
	t.Logf("automerge-paper: %d bytes packed, %d as update", len(b), len(d.EncodeStateAsUpdate(nil)))
	if len(b) > 70_000 {
		t.Errorf("%d bytes, want at most 70,000", len(b))
	}
}

// TestPackedDamage flips every byte of a packed document, one at a time.
func TestPackedDamage(t *testing.T) {
	d := NewDoc(Config{})
	for _, u := range fuzzUpdates() {
		if err := d.ApplyUpdate(u, nil); err != nil {
			t.Fatal(err)
		}
	}
	good := d.Pack()
	for i := range good {
		b := bytes.Clone(good)
		b[i] ^= 0x20
		p, err := OpenPacked(b)
		if err == nil {
			_, err = p.Update()
		}
		if !errors.Is(err, ErrMalformed) {
			t.Errorf("byte %d flipped: %v", i, err)
		}
	}
	for n := range good {
		p, err := OpenPacked(good[:n])
		if err == nil {
			_, err = p.Update()
		}
		if !errors.Is(err, ErrMalformed) {
			t.Errorf("cut to %d bytes: %v", n, err)
		}
	}
}

// TestPackedHistoryDamaged: what is visible can be read without the history.
func TestPackedHistoryDamaged(t *testing.T) {
	d, _ := pasted(t, "still here")
	b := d.Pack()
	b[len(b)-1] ^= 1
	p, err := OpenPacked(b)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Doc(Config{}); !errors.Is(err, ErrMalformed) {
		t.Errorf("damaged history: %v", err)
	}
	visible, err := p.Visible()
	if err != nil {
		t.Fatal(err)
	}
	if got := visible.Text("t").String(); got != "still here" {
		t.Errorf("text %q", got)
	}
}

func BenchmarkPack(b *testing.B) {
	tr := loadTrace(b, "automerge-paper.json.gz")
	d := NewDoc(Config{ClientID: 1})
	tr.replay(b, d)
	var bytes []byte
	b.Run("pack", func(b *testing.B) {
		for b.Loop() {
			bytes = d.Pack()
		}
		b.ReportMetric(float64(len(bytes)), "bytes")
	})
	b.Run("visible", func(b *testing.B) {
		for b.Loop() {
			p, err := OpenPacked(bytes)
			if err != nil {
				b.Fatal(err)
			}
			v, err := p.Visible()
			if err != nil || v.Text("text").String() != tr.EndContent {
				b.Fatal(err)
			}
		}
	})
	b.Run("live", func(b *testing.B) {
		for b.Loop() {
			p, err := OpenPacked(bytes)
			if err != nil {
				b.Fatal(err)
			}
			v, err := p.Doc(Config{})
			if err != nil || v.Text("text").String() != tr.EndContent {
				b.Fatal(err)
			}
		}
	})
}

// FuzzPacked changes the columns, which the checksums of a file would hide
// from it.
func FuzzPacked(f *testing.F) {
	d := NewDoc(Config{DisableGC: true})
	for _, u := range fuzzUpdates() {
		if err := d.ApplyUpdate(u, nil); err != nil {
			f.Fatal(err)
		}
		file, err := packed.Open(d.Pack())
		if err != nil {
			f.Fatal(err)
		}
		content, err := file.Content()
		if err != nil {
			f.Fatal(err)
		}
		h, err := file.History()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content[0], content[1], h[0], h[1], h[2], h[3], h[4], h[5], h[6], h[7], h[8], h[9])
	}
	states := d.packedStates()
	f.Fuzz(func(t *testing.T, tree, text, flags, clients, clocks, lengths, gaps, origins, gone, keys, collected, pending []byte) {
		file := packed.File{
			States:  states,
			Content: packed.Columns{tree, text},
			History: packed.Columns{flags, clients, clocks, lengths, gaps, origins, gone, keys, collected, pending},
		}
		p, err := OpenPacked(file.Append(nil))
		if err != nil {
			t.Fatal(err)
		}
		for _, open := range []func() (*Doc, error){p.Visible, func() (*Doc, error) { return p.Doc(Config{}) }} {
			doc, err := open()
			if err != nil {
				if !errors.Is(err, ErrMalformed) {
					t.Fatal(err)
				}
				continue
			}
			doc.check(t)
		}
	})
}

// FuzzOpenPacked changes the bytes of the file.
func FuzzOpenPacked(f *testing.F) {
	for _, u := range fuzzUpdates() {
		d := NewDoc(Config{})
		if err := d.ApplyUpdate(u, nil); err != nil {
			f.Fatal(err)
		}
		f.Add(d.Pack())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := OpenPacked(b)
		if err == nil {
			_, err = p.Update()
		}
		if err != nil && !errors.Is(err, ErrMalformed) {
			t.Fatal(err)
		}
	})
}
