package crdt_test

import (
	"errors"
	"testing"

	"github.com/sheafdocs/sheaf/crdt"
)

func TestSnapshotsThatAreWrong(t *testing.T) {
	for _, b := range []string{"", "\x00", "\x01", "\x01\x01\x01\x05", "\x00\x01\x01", "\x00\x02\x01\x01", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f"} {
		if err := errOf(crdt.DecodeSnapshot([]byte(b))); !errors.Is(err, crdt.ErrMalformed) {
			t.Errorf("%x: %v", b, err)
		}
		if err := errOf(crdt.DecodeSnapshotV2([]byte(b))); !errors.Is(err, crdt.ErrMalformed) {
			t.Errorf("%x in format 2: %v", b, err)
		}
	}
	kept := crdt.NewDoc(crdt.Config{ClientID: 1, DisableGC: true})
	kept.Transact(nil, func(tx *crdt.Txn) { must(kept.Text("t").Insert(tx, 0, "abc")) })
	s := kept.Snapshot()
	for name, d := range map[string]*crdt.Doc{
		"collected": crdt.NewDoc(crdt.Config{ClientID: 1}),
		"ahead":     crdt.NewDoc(crdt.Config{ClientID: 2, DisableGC: true}),
	} {
		if err := errOf(d.DocFromSnapshot(s, crdt.Config{})); !errors.Is(err, crdt.ErrSnapshot) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := errOf(s.ContainsUpdate([]byte{1, 1, 1})); !errors.Is(err, crdt.ErrMalformed) {
		t.Errorf("malformed update: %v", err)
	}
	if got := crdt.NewText().DeltaAt(&s, nil); got != nil {
		t.Errorf("new text: %v", got)
	}
}

// TestSnapshotContainsFormat2 is here because Yjs does not export the function.
func TestSnapshotContainsFormat2(t *testing.T) {
	d := crdt.NewDoc(crdt.Config{ClientID: 1})
	write := func() { d.Transact(nil, func(tx *crdt.Txn) { must(d.Text("t").Insert(tx, d.Text("t").Len(), "abc")) }) }
	write()
	s := d.Snapshot()
	if ok, err := s.ContainsUpdateV2(d.EncodeStateAsUpdateV2(nil)); !ok || err != nil {
		t.Errorf("its own state: %v %v", ok, err)
	}
	write() // goes on with the same run
	if ok, err := s.ContainsUpdateV2(d.EncodeStateAsUpdateV2(nil)); ok || err != nil {
		t.Errorf("a later state: %v %v", ok, err)
	}
}

// FuzzSnapshot checks that what was read is written as it would be read again,
// and can be looked back at.
func FuzzSnapshot(f *testing.F) {
	d := crdt.NewDoc(crdt.Config{ClientID: 1, DisableGC: true})
	text := d.Text("t")
	d.Transact(nil, func(tx *crdt.Txn) {
		must(text.Insert(tx, 0, "a😀bc"))
		must(text.Delete(tx, 3, 1))
	})
	f.Add(d.Snapshot().Encode(), false)
	f.Add(d.Snapshot().EncodeV2(), true)
	f.Add([]byte("\x01\x01\x02\x03\x01\x00\x05\x01\x01\x02"), false)
	f.Fuzz(func(t *testing.T, b []byte, v2 bool) {
		decode, encode := crdt.DecodeSnapshot, crdt.Snapshot.Encode
		if v2 {
			decode, encode = crdt.DecodeSnapshotV2, crdt.Snapshot.EncodeV2
		}
		s, err := decode(b)
		if err != nil {
			return
		}
		again, err := decode(encode(s))
		if err != nil || !again.Equal(s) {
			t.Fatalf("%x became %x: %v", b, encode(s), err)
		}
		text.DeltaAt(&s, nil)
		text.DeltaAt(nil, &s)
		if old, err := d.DocFromSnapshot(s, crdt.Config{}); err == nil {
			old.Text("t").Delta()
		}
	})
}
