package packed

import (
	"bytes"
	"encoding/binary"
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/crdt/internal/codec"
	"github.com/sheafdocs/sheaf/crdt/internal/columns"
	"github.com/sheafdocs/sheaf/crdt/internal/lib0"
)

// varints encodes a column of signed numbers.
func varints(all ...int64) (column []byte) {
	for _, n := range all {
		column = binary.AppendVarint(column, n)
	}
	return column
}

// uints encodes a column of numbers.
func uints(all ...uint64) (column []byte) {
	for _, n := range all {
		column = lib0.AppendUint(column, n)
	}
	return column
}

// byHand returns a file of one root with the given history. Its items are the
// root's children; the visible ones are texts.
func byHand(texts []string, history columns.Columns, states ...columns.State) columns.File {
	tree := append(uints(1), lib0.AppendString(nil, "t")...)
	text := strings.Join(texts, "")
	if text != "" {
		tree = append(append(tree, codec.RefString), uints(uint64(len(text)))...)
	}
	for _, s := range texts {
		history.Uint(columns.Lengths, uint64(len(s)))
	}
	tree = append(tree, columns.EndOfList, 0) // and no keys
	history[columns.Flags] = append(history[columns.Flags], columns.EndOfList)
	history[columns.Keys] = uints(0)
	return columns.File{States: states, Content: columns.Columns{tree, []byte(text)}, History: history}
}

// TestPackedGaps: columns whose clocks do not follow one another, or do not come to
// the states, are no document, though their checksums are right.
func TestPackedGaps(t *testing.T) {
	// Two items of each of two clients, which alternate, and collected units.
	file := func(clocks []int64, collected []uint64, states ...columns.State) columns.File {
		h := make(columns.Columns, columns.NumHistory)
		h[columns.Flags] = bytes.Repeat([]byte{columns.OtherOrigin | columns.OtherRight}, 4)
		h[columns.Origins] = make([]byte, 8) // none
		h[columns.Clients] = uints(0, 1, 0, 1)
		h[columns.Clocks] = varints(clocks...)
		h[columns.Collected] = uints(collected...)
		return byHand([]string{"ab", "c", "d", "ef"}, h, states...)
	}
	none := []uint64{}
	for _, test := range []struct {
		name      string
		clocks    []int64 // each from where the client's item before ended
		collected []uint64
		states    []columns.State
		want      error // nil: it is a document
	}{
		{"whole", []int64{0, 0, 0, 0}, none, []columns.State{{Client: 9, Clock: 3}, {Client: 4, Clock: 3}}, nil},
		{"out of order", []int64{1, 0, -3, 0}, none, []columns.State{{Client: 9, Clock: 3}, {Client: 4, Clock: 3}}, nil},
		{"collected between", []int64{0, 0, 7, 0}, []uint64{1, 2, 7}, []columns.State{{Client: 9, Clock: 10}, {Client: 4, Clock: 3}}, nil},
		{"gap", []int64{0, 0, 7, 0}, none, []columns.State{{Client: 9, Clock: 3}, {Client: 4, Clock: 3}}, codec.ErrGap},
		{"gap that the states count", []int64{0, 0, 7, 0}, none, []columns.State{{Client: 9, Clock: 10}, {Client: 4, Clock: 3}}, errStates},
		{"gap at the start", []int64{1, 0, 0, 0}, none, []columns.State{{Client: 9, Clock: 3}, {Client: 4, Clock: 3}}, codec.ErrGap},
		{"gap before what was collected", []int64{0, 0, 0, 0}, []uint64{2, 5, 1}, []columns.State{{Client: 9, Clock: 3}, {Client: 4, Clock: 4}}, codec.ErrGap},
		{"overlap", []int64{0, 0, -1, 0}, none, []columns.State{{Client: 9, Clock: 3}, {Client: 4, Clock: 3}}, codec.ErrGap},
		{"the same twice", []int64{0, 0, -1, 0}, []uint64{1, 2, 1}, []columns.State{{Client: 9, Clock: 4}, {Client: 4, Clock: 3}}, codec.ErrGap},
		{"states too high", []int64{0, 0, 0, 0}, none, []columns.State{{Client: 9, Clock: 4}, {Client: 4, Clock: 3}}, errStates},
		{"states too low", []int64{0, 0, 0, 0}, none, []columns.State{{Client: 9, Clock: 3}, {Client: 4, Clock: 2}}, errStates},
		{"one client twice", []int64{0, 3, 0, 3}, none, []columns.State{{Client: 9, Clock: 3}, {Client: 9, Clock: 3}}, errStates},
		{"clients ascending", []int64{0, 0, 0, 0}, none, []columns.State{{Client: 4, Clock: 3}, {Client: 9, Clock: 3}}, errStates},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, err := Open(encode(file(test.clocks, test.collected, test.states...)))
			if err == nil {
				_, err = p.Update()
			}
			if !errors.Is(err, test.want) || test.want != nil && !errors.Is(err, crdt.ErrMalformed) {
				t.Fatalf("error is %v, want %v", err, test.want)
			}
			if err != nil {
				return
			}
			d, err := p.Doc(crdt.Config{})
			if err != nil {
				t.Fatal(err)
			}
			if d.HasPending() || !bytes.Equal(d.StateVector().Encode(), p.StateVector().Encode()) {
				t.Errorf("state %v, want %v", d.StateVector(), p.StateVector())
			}
		})
	}
}

// TestPackedBombs: a few thousand bytes that stand for millions of items cost
// no more than the limit on items allows.
func TestPackedBombs(t *testing.T) {
	const n = 1 << 22
	deleted := make(columns.Columns, columns.NumHistory)
	deleted[columns.Flags] = bytes.Repeat([]byte{codec.RefDeleted}, n)
	deleted[columns.Clients] = make([]byte, n)
	deleted[columns.Clocks] = make([]byte, n)
	deleted[columns.Gaps] = bytes.Repeat([]byte{1}, n)
	collected := make(columns.Columns, columns.NumHistory)
	collected[columns.Collected] = bytes.Repeat([]byte{1, 0, 1}, n)
	types := byHand(nil, make(columns.Columns, columns.NumHistory))
	types.Content[columns.Tree] = append(append(uints(1), lib0.AppendString(nil, "t")...), bytes.Repeat([]byte{codec.RefType, 0}, n)...)
	roots := byHand(nil, make(columns.Columns, columns.NumHistory))
	roots.Content[columns.Tree] = append(uints(n), make([]byte, n)...)
	state := columns.State{Client: 1, Clock: n}
	for name, file := range map[string]columns.File{
		"deleted items":   byHand(nil, deleted, state),
		"collected units": byHand(nil, collected, state),
		"types":           types,
		"roots":           roots,
	} {
		t.Run(name, func(t *testing.T) {
			b := encode(file)
			p, err := Open(b)
			if err != nil {
				t.Fatal(err)
			}
			read := map[string]func() error{
				"update":  func() error { _, err := p.Update(); return err },
				"visible": func() error { _, err := p.Visible(); return err },
			}
			if name == "deleted items" || name == "collected units" {
				delete(read, "visible") // nothing is
			}
			if name == "types" {
				delete(read, "update") // the history does not know them
			}
			for what, f := range read {
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				err := f()
				runtime.ReadMemStats(&after)
				took := after.TotalAlloc - before.TotalAlloc
				t.Logf("%s of %d bytes: %d bytes allocated, %v", what, len(b), took, err)
				if !errors.Is(err, errItems) || !errors.Is(err, crdt.ErrMalformed) {
					t.Errorf("%s: error is %v, want %v", what, err, errItems)
				}
				if took > 1<<29 {
					t.Errorf("%s: %d bytes allocated for %d", what, took, len(b))
				}
			}
		})
	}
}

// TestPackedManyEqual: a document beyond the limit on items is packed all the
// same.
func TestPackedManyEqual(t *testing.T) {
	d := crdt.NewDoc(crdt.Config{ClientID: 1})
	d.Transact(nil, func(tx *crdt.Txn) {
		for i := range freeItems + 1<<16 {
			if err := d.Array("a").Insert(tx, i, crdt.ValueOf(crdt.NewMap())); err != nil {
				t.Fatal(err)
			}
		}
	})
	p, err := Open(Pack(d))
	if err != nil {
		t.Fatal(err)
	}
	update, err := p.Update()
	if err != nil || !bytes.Equal(update, d.EncodeStateAsUpdate(nil)) {
		t.Errorf("%d bytes are not the update of the document, %v", len(update), err)
	}
	if !p.IsPlain() {
		t.Error("more items than the limit are in columns")
	}
}
