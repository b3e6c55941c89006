package packed

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"maps"
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
		for i := range FreeItems + 1<<16 {
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

// TestPackedRefuses: columns of which one says what cannot be, though the file's
// checksums are right.
func TestPackedRefuses(t *testing.T) {
	const beyond = lib0.MaxSafeInteger
	states := []columns.State{{Client: 9, Clock: 3}}
	// A file of two visible items, "ab" and "c"; set changes a column of it.
	file := func(set map[int][]byte) columns.File {
		h := make(columns.Columns, columns.NumHistory)
		h[columns.Flags] = make([]byte, 2)
		h[columns.Clients] = make([]byte, 2)
		h[columns.Clocks] = make([]byte, 2)
		f := byHand([]string{"ab", "c"}, h, states...)
		for column, b := range set {
			f.History[column] = b
		}
		return f
	}
	flags := func(all ...byte) []byte { return all }
	deleted := map[int][]byte{columns.Lengths: {3}, columns.Flags: flags(columns.Live, codec.RefDeleted, columns.EndOfList)}
	with := func(set map[int][]byte, column int, b []byte) map[int][]byte {
		set = maps.Clone(set)
		set[column] = b
		return set
	}
	for name, set := range map[string]map[int][]byte{
		"an item of no client":    {columns.Clients: uints(0, 1)},
		"a clock below zero":      {columns.Clocks: varints(0, -3)},
		"units beyond all clocks": with(deleted, columns.Gaps, uints(beyond)),
		"no units":                with(deleted, columns.Gaps, uints(0)),
		"no text":                 {columns.Lengths: uints(2, 0)},
		"more text than there is": {columns.Lengths: uints(2, 2)},
		"less text than there is": {columns.Lengths: uints(2), columns.Flags: flags(columns.Live, columns.EndOfList)},
		"an origin of no client":  {columns.Flags: flags(columns.Live, columns.OtherOrigin, columns.EndOfList), columns.Origins: uints(2, 0)},
		"an origin below zero":    {columns.Flags: flags(columns.Live, columns.OtherOrigin, columns.EndOfList), columns.Origins: append(uints(1), varints(-9)...)},
		"visible though its key has no value": {
			columns.Flags:   flags(columns.Live, columns.EndOfList, columns.Live, columns.EndOfList),
			columns.Lengths: uints(3), columns.Keys: append(uints(1), lib0.AppendString(nil, "k")...),
		},
		"collected of client 0":       {columns.Collected: uints(0, 0, 1)},
		"collected of no client":      {columns.Collected: uints(2, 0, 1)},
		"collected none":              {columns.Collected: uints(1, 3, 0)},
		"collected beyond all clocks": {columns.Collected: uints(1, beyond, 1)},
		"more collected than clocks":  {columns.Collected: uints(1, 3, beyond)},
		"more clients than items":     {columns.Clients: uints(0, 0, 0)},
		"content that is cut":         {columns.Flags: flags(columns.Live, codec.RefAny, columns.EndOfList), columns.Lengths: uints(3), columns.Gone: uints(9)},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := Open(encode(file(set)))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := p.Update(); !errors.Is(err, errColumns) || !errors.Is(err, crdt.ErrMalformed) {
				t.Errorf("error is %v, want %v", err, errColumns)
			}
		})
	}
	if p, err := Open(encode(file(nil))); err != nil {
		t.Error(err)
	} else if _, err := p.Update(); err != nil {
		t.Error("unchanged:", err)
	}
}

// TestPackedVisibleRefuses: what is visible is not deleted.
func TestPackedVisibleRefuses(t *testing.T) {
	for _, ref := range []byte{codec.RefGC, codec.RefDeleted, codec.RefDoc + 1} {
		f := byHand(nil, make(columns.Columns, columns.NumHistory))
		f.Content[columns.Tree] = append(append(uints(1), lib0.AppendString(nil, "t")...), ref, 1, columns.EndOfList, 0)
		p, err := Open(encode(f))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Visible(); !errors.Is(err, errColumns) || !errors.Is(err, crdt.ErrMalformed) {
			t.Errorf("content reference %d: error is %v, want %v", ref, err, errColumns)
		}
	}
}

// TestPackedSizeLies: a part that is not what its columns say.
func TestPackedSizeLies(t *testing.T) {
	const size = 100
	whole := compress(columns.Columns{make([]byte, size)}, flate.BestCompression)
	packed := whole[len(uints(size)):] // its length and the bytes
	for name, test := range map[string]struct {
		bytes []byte
		want  error
	}{
		"whole":                     {whole, nil},
		"shorter than its column":   {append(uints(size-1), packed...), errColumns},
		"longer than its column":    {append(uints(size+1), packed...), io.ErrUnexpectedEOF},
		"longer than deflate saves": {append(uints(MaxUnpackedBytes), packed...), errColumns},
		"beyond the limit":          {append(uints(MaxUnpackedBytes+1), packed...), errTooLarge},
		"more follows":              {append(bytes.Clone(whole), 0), errColumns},
		"nothing":                   {nil, lib0.ErrUnexpectedEnd},
	} {
		p := part{test.bytes, crc32.Checksum(test.bytes, castagnoli)}
		if _, err := p.columns("part", 1); !errors.Is(err, test.want) {
			t.Errorf("%s: error is %v, want %v", name, err, test.want)
		}
	}
	if _, err := Open(append(encode(byHand(nil, make(columns.Columns, columns.NumHistory))), 0)); !errors.Is(err, errFormat) {
		t.Errorf("more follows the file: error is %v, want %v", err, errFormat)
	}
}
