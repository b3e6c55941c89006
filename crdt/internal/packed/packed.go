// Package packed is the file format of a packed document: columns of what is
// visible, and columns of how it came about, each compressed by itself.
// docs/formats/packed.md specifies the bytes.
//
// The main types are File (the whole), Columns (one of its two parts) and
// Neighbours, the guess that makes the history small: that an item was written
// between what now stands left and right of it and was there before.
//
// The package promises to reject malformed input with an error, to notice
// damage by checksums, and to unpack at most MaxUnpackedBytes. It leaves out
// what the columns mean to a document.
package packed

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/sheafdocs/sheaf/crdt/internal/lib0"
)

// MaxUnpackedBytes is how large one part may be once unpacked.
const MaxUnpackedBytes = 1 << 30

// What can be wrong with a packed document.
var (
	ErrFormat   = errors.New("not a packed document of a known version")
	ErrChecksum = errors.New("checksum does not match")
	ErrColumns  = errors.New("columns do not fit together")
	ErrTooLarge = errors.New("packed document too large")
)

// Columns of the content.
const (
	Tree = iota // roots, kinds and values, without text
	Text
	NumContent
)

// Columns of the history. Those of items go through the lists in the order of
// the tree.
const (
	Flags     = iota // a byte for each item, EndOfList after each list
	Clients          // of each item: index into the file's states
	Clocks           // of each item: from the end of its client's item before
	Lengths          // of text: bytes
	Gaps             // of deleted content: units
	Origins          // that are not the expected ones
	Gone             // content of deleted items, where it is kept
	Keys             // for each type, the keys without a value
	Collected        // units of which only the number is known
	Pending          // an update
	NumHistory
)

// Flags of an item. The low four bits are the kind of a deleted item's
// content, or Live.
const (
	Live        = 0
	EndOfList   = 15
	Kind        = 15
	OtherOrigin = 16
	OtherRight  = 32
)

// version is the only one there is.
const version = 1

var magic = [4]byte{'S', 'H', 'F', 'P'}

// Columns are byte strings with a meaning each.
type Columns [][]byte

// Uint appends a number to a column.
func (c Columns) Uint(column int, n uint64) { c[column] = lib0.AppendUint(c[column], n) }

// State says up to which clock a client is known.
type State struct{ Client, Clock uint64 }

// File is a packed document before compression.
type File struct {
	// Plain files have no content; their history is one column, an update.
	Plain   bool
	States  []State // by client, descending
	Content Columns
	History Columns
}

// Append appends the packed bytes.
func (f File) Append(dst []byte) []byte {
	head := append(magic[:], version)
	if f.Plain {
		head = append(head, 1)
	} else {
		head = append(head, 0)
	}
	head = lib0.AppendUint(head, uint64(len(f.States)))
	for _, s := range f.States {
		head = lib0.AppendUint(lib0.AppendUint(head, s.Client), s.Clock)
	}
	content, history := f.Content.compress(), f.History.compress()
	for _, part := range [][]byte{content, history} {
		head = lib0.AppendUint(head, uint64(len(part)))
		head = binary.BigEndian.AppendUint32(head, crc32.Checksum(part, castagnoli))
	}
	dst = append(dst, head...)
	dst = binary.BigEndian.AppendUint32(dst, crc32.Checksum(head, castagnoli))
	return append(append(dst, content...), history...)
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// compress compresses each column by itself: they differ too much to share
// what a compressor learns.
func (c Columns) compress() []byte {
	var out []byte
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, flate.BestCompression) // no error for this level
	for _, column := range c {
		out = lib0.AppendUint(out, uint64(len(column)))
		if len(column) == 0 {
			continue
		}
		b.Reset()
		w.Reset(&b)
		w.Write(column) // nor from a Buffer
		w.Close()
		out = lib0.AppendBytes(out, b.Bytes())
	}
	return out
}

// Opened is a packed document whose head was read.
type Opened struct {
	Plain  bool
	States []State

	content, history part
}

type part struct {
	bytes []byte
	sum   uint32
}

// Open reads the head.
func Open(b []byte) (*Opened, error) {
	d := lib0.NewDecoder(b)
	if string(d.Take(uint64(len(magic)))) != string(magic[:]) || d.Byte() != version {
		return nil, ErrFormat
	}
	o := &Opened{Plain: d.Byte() == 1}
	for n := d.Uint(); n > 0 && d.Err() == nil; n-- {
		o.States = append(o.States, State{d.Uint(), d.Uint()})
	}
	contentBytes, contentSum := d.Uint(), uint32be(d)
	historyBytes, historySum := d.Uint(), uint32be(d)
	sum := crc32.Checksum(d.Since(0), castagnoli)
	if got := uint32be(d); d.Err() == nil && got != sum {
		return nil, fmt.Errorf("head: %w", ErrChecksum)
	}
	o.content = part{d.Take(contentBytes), contentSum}
	o.history = part{d.Take(historyBytes), historySum}
	if d.Err() == nil && d.Remaining() > 0 {
		return nil, ErrFormat
	}
	return o, d.Err()
}

func uint32be(d *lib0.Decoder) uint32 {
	b := d.Take(4)
	if b == nil {
		return 0
	}
	return binary.BigEndian.Uint32(b)
}

// Content unpacks the columns of what is visible.
func (o *Opened) Content() (Columns, error) { return o.content.columns("content", NumContent) }

// History unpacks the other columns.
func (o *Opened) History() (Columns, error) {
	if o.Plain {
		return o.history.columns("history", 1)
	}
	return o.history.columns("history", NumHistory)
}

func (p part) columns(name string, n int) (Columns, error) {
	if crc32.Checksum(p.bytes, castagnoli) != p.sum {
		return nil, fmt.Errorf("%s: %w", name, ErrChecksum)
	}
	d := lib0.NewDecoder(p.bytes)
	out := make(Columns, n)
	total := uint64(0)
	for i := range out {
		size := d.Uint()
		if size == 0 {
			continue
		}
		compressed := d.Bytes()
		if total += size; total > MaxUnpackedBytes {
			return nil, fmt.Errorf("%s: %w", name, ErrTooLarge)
		}
		if d.Err() != nil {
			break
		}
		column, err := unpack(compressed, size)
		if err != nil {
			return nil, fmt.Errorf("%s: column %d: %w", name, i, err)
		}
		out[i] = column
	}
	if d.Err() == nil && d.Remaining() > 0 {
		return nil, fmt.Errorf("%s: %w", name, ErrColumns)
	}
	return out, d.Err()
}

// maxRatio is more than deflate ever saves: a larger size is a lie, which must
// not cost its memory.
const maxRatio = 1100

func unpack(compressed []byte, size uint64) ([]byte, error) {
	if size > maxRatio*uint64(len(compressed)) {
		return nil, ErrColumns
	}
	out := make([]byte, size)
	r := flate.NewReader(bytes.NewReader(compressed))
	if _, err := io.ReadFull(r, out); err != nil {
		return nil, err
	}
	if n, err := r.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		return nil, ErrColumns
	}
	return out, nil
}
