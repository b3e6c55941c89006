package packed

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/crdt/internal/codec"
	"github.com/sheafdocs/sheaf/crdt/internal/columns"
)

// TestPackedDamage flips every byte of a packed document, one at a time.
func TestPackedDamage(t *testing.T) {
	d := crdt.NewDoc(crdt.Config{})
	for _, u := range everyKind() {
		if err := d.ApplyUpdate(u, nil); err != nil {
			t.Fatal(err)
		}
	}
	good := Pack(d)
	for i := range good {
		b := bytes.Clone(good)
		b[i] ^= 0x20
		p, err := Open(b)
		if err == nil {
			_, err = p.Update()
		}
		if !errors.Is(err, crdt.ErrMalformed) {
			t.Errorf("byte %d flipped: %v", i, err)
		}
	}
	for n := range good {
		p, err := Open(good[:n])
		if err == nil {
			_, err = p.Update()
		}
		if !errors.Is(err, crdt.ErrMalformed) {
			t.Errorf("cut to %d bytes: %v", n, err)
		}
	}
}

// TestPackedUnknownKind: an item that was deleted is said to be of a kind that
// does not exist.
func TestPackedUnknownKind(t *testing.T) {
	d := crdt.NewDoc(crdt.Config{ClientID: 1, DisableGC: true})
	text := d.Text("t")
	for _, f := range []func(tx *crdt.Txn) error{
		func(tx *crdt.Txn) error { return text.Insert(tx, 0, "a") },
		func(tx *crdt.Txn) error { return text.Delete(tx, 0, 1) },
	} {
		d.Transact(nil, func(tx *crdt.Txn) {
			if err := f(tx); err != nil {
				t.Fatal(err)
			}
		})
	}
	file := d.Columns()
	at := bytes.IndexByte(file.History[columns.Flags], codec.RefString)
	if at < 0 {
		t.Fatal("nothing was deleted")
	}
	for kind := byte(codec.RefDoc + 1); kind < columns.EndOfList; kind++ {
		file.History[columns.Flags][at], file.History[columns.Gone] = kind, nil
		p, err := Open(encode(file))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Update(); !errors.Is(err, crdt.ErrMalformed) {
			t.Errorf("kind %d: %v", kind, err)
		}
	}
}

// TestPackedHistoryDamaged: what is visible can be read without the history.
func TestPackedHistoryDamaged(t *testing.T) {
	d := crdt.NewDoc(crdt.Config{ClientID: 1})
	d.Transact(nil, func(tx *crdt.Txn) {
		if err := d.Text("t").Insert(tx, 0, "still here"); err != nil {
			t.Fatal(err)
		}
	})
	b := Pack(d)
	b[len(b)-1] ^= 1
	p, err := Open(b)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Doc(crdt.Config{}); !errors.Is(err, crdt.ErrMalformed) {
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

// FuzzPacked changes the columns, which the checksums of a file would hide
// from it.
func FuzzPacked(f *testing.F) {
	d := crdt.NewDoc(crdt.Config{DisableGC: true})
	for _, u := range everyKind() {
		if err := d.ApplyUpdate(u, nil); err != nil {
			f.Fatal(err)
		}
		file, err := open(Pack(d))
		if err != nil {
			f.Fatal(err)
		}
		content, err := file.readContent()
		if err != nil {
			f.Fatal(err)
		}
		h, err := file.readHistory()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content[0], content[1], h[0], h[1], h[2], h[3], h[4], h[5], h[6], h[7], h[8], h[9])
	}
	f.Add([]byte{1, 1, 't', codec.RefString, 2, columns.EndOfList, 0}, []byte("ab"), []byte{columns.Live, columns.Live, columns.EndOfList},
		[]byte{0, 0}, []byte{0, 6}, []byte{1, 1}, []byte{}, []byte{}, []byte{}, []byte{0}, []byte{}, []byte{}) // a gap
	states := d.Columns().States
	f.Fuzz(func(t *testing.T, tree, text, flags, clients, clocks, lengths, gaps, origins, gone, keys, collected, pending []byte) {
		file := columns.File{
			States:  states,
			Content: columns.Columns{tree, text},
			History: columns.Columns{flags, clients, clocks, lengths, gaps, origins, gone, keys, collected, pending},
		}
		// States that fit, or next to no change of the columns would get further.
		u := newUnpacker(file.Content, FreeItems)
		u.restore(states, file.History)
		file.States = slices.Clone(states)
		for i, n := range u.units {
			file.States[i].Clock = n
		}
		p, err := Open(encode(file))
		if err != nil {
			t.Fatal(err)
		}
		for _, open := range []func() (*crdt.Doc, error){p.Visible, func() (*crdt.Doc, error) { return p.Doc(crdt.Config{}) }} {
			doc, err := open()
			if err != nil {
				if !errors.Is(err, crdt.ErrMalformed) {
					t.Fatal(err)
				}
				continue
			}
			doc.EncodeStateAsUpdate(nil)
		}
	})
}

// FuzzOpenPacked changes the bytes of the file.
func FuzzOpenPacked(f *testing.F) {
	for _, u := range everyKind() {
		d := crdt.NewDoc(crdt.Config{})
		if err := d.ApplyUpdate(u, nil); err != nil {
			f.Fatal(err)
		}
		f.Add(Pack(d))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := Open(b)
		if err == nil {
			_, err = p.Update()
		}
		if err != nil && !errors.Is(err, crdt.ErrMalformed) {
			t.Fatal(err)
		}
	})
}
