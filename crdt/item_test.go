package crdt

import (
	"bytes"
	"testing"
	"unsafe"

	"github.com/sheafdocs/sheaf/crdt/internal/lib0"
)

func TestItemIsACacheLine(t *testing.T) {
	if size := unsafe.Sizeof(item{}); size != 64 {
		t.Errorf("an item takes %d bytes", size)
	}
}

// An update can tell of more deleted units than 32 bits can count, of text
// written inside them, and of ids that need all of their 53 bits.
func TestRunsLongerThan32Bits(t *testing.T) {
	const (
		deleted   = 1<<40 + 5
		collected = 1<<41 + 7
		inside    = 1 + 1<<39 + 3 // the unit that client 2 writes behind
		last      = deleted + collected
	)
	long := lib0.AppendUint([]byte{1, 3, 1, 0}, 0)[:4]                 // a client, 3 structs, client 1, from 0 on
	long = append(long, kindString, 1, 1, 't', 1, 'a')                 // "a" in the root type t
	long = append(long, kindDeleted|1<<7, 1, 0)                        // behind (1, 0)
	long = lib0.AppendUint(long, deleted)                              //
	long = append(lib0.AppendUint(append(long, kindGC), collected), 0) // and no deletions
	between := append([]byte{1, 1, 2, 0, kindString | 1<<7 | 1<<6}, 1) // "b" between two units
	between = append(lib0.AppendUint(between, inside), 1)
	between = append(lib0.AppendUint(between, inside+1), 1, 'b', 0)
	more := lib0.AppendUint([]byte{1, 1, 1}, last+1)
	more = append(lib0.AppendUint(append(more, kindGC), collected), 0)

	d := NewDoc(Config{ClientID: 9})
	for _, update := range [][]byte{long, between, more} {
		if err := d.ApplyUpdate(update, nil); err != nil {
			t.Fatal(err)
		}
		d.check(t)
	}
	text := d.Text("t")
	if text.String() != "ab" {
		t.Errorf("text %q", text)
	}
	if got, want := d.StateVector()[1], uint64(last+1+collected); got != want {
		t.Errorf("%d units known, want %d", got, want)
	}
	second := d.items.at(d.itemAt(1, inside+1))
	if second.clock != inside+1 || second.end() != deleted+1 || second.origin() != (unit{d.clientIndex(1), inside}) {
		t.Errorf("after the text, %d to %d behind %v", second.clock, second.end(), second.origin())
	}

	// Nothing is lost on the way to others, in either format.
	state := d.EncodeStateAsUpdate(nil)
	for name, load := range map[string]func(*Doc) error{
		"format 1": func(e *Doc) error { return e.ApplyUpdate(state, nil) },
		"format 2": func(e *Doc) error { return e.ApplyUpdateV2(d.EncodeStateAsUpdateV2(nil), nil) },
	} {
		e := NewDoc(Config{ClientID: 9})
		if err := load(e); err != nil {
			t.Fatal(err)
		}
		e.check(t)
		if !bytes.Equal(e.EncodeStateAsUpdate(nil), state) {
			t.Errorf("%s: another state", name)
		}
	}

	// Collecting drops what items hold, but not how many units they are.
	var err error
	d.Transact(nil, func(tx *Txn) { err = text.Delete(tx, 0, text.Len()) })
	d.check(t)
	if err != nil {
		t.Fatal(err)
	}
	if got := d.items.at(d.itemAt(1, inside+1)).end(); got != deleted+1 {
		t.Errorf("after all was deleted, the units go to %d, want %d", got, deleted+1)
	}
}
