package packed

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"

	"github.com/sheafdocs/sheaf/crdt/internal/columns"
	"github.com/sheafdocs/sheaf/crdt/internal/lib0"
)

// Limits on what a packed document may be unpacked to. One beyond them is
// malformed.
const (
	// MaxUnpackedBytes is the bytes of each of its two parts once unpacked.
	MaxUnpackedBytes = 1 << 30
	// FreeItems and ItemsPerByte bound the items and roots that it stands for: so many,
	// and so many more for each of its bytes. An item can take a hundredth of a byte
	// in the file, and takes some 400 bytes while it is unpacked. A document
	// beyond that is one of very many equal edits; Pack writes it as an update.
	FreeItems    = 1 << 18
	ItemsPerByte = 4
)

// What can be wrong with a packed document.
var (
	errFormat   = errors.New("not a packed document of a known version")
	errChecksum = errors.New("checksum does not match")
	errColumns  = errors.New("columns do not fit together")
	errTooLarge = errors.New("packed document too large")
	errItems    = errors.New("more items than so few bytes may stand for")
	errStates   = errors.New("states of clients are not what the items come to")
)

// version is the only one there is.
const version = 1

var magic = [4]byte{'S', 'H', 'F', 'P'}

// encode returns the bytes of a file.
func encode(f columns.File) []byte {
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
	level := flate.BestCompression
	if f.Plain {
		// Very many equal edits: looking for the best takes ten times as long
		// there, and finds nothing better.
		level = flate.DefaultCompression
	}
	content, history := compress(f.Content, level), compress(f.History, level)
	for _, part := range [][]byte{content, history} {
		head = lib0.AppendUint(head, uint64(len(part)))
		head = binary.BigEndian.AppendUint32(head, crc32.Checksum(part, castagnoli))
	}
	head = binary.BigEndian.AppendUint32(head, crc32.Checksum(head, castagnoli))
	return slices.Concat(head, content, history)
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// compress compresses each column by itself, at a level of flate's: they differ
// too much to share what a compressor learns.
func compress(c columns.Columns, level int) []byte {
	var out []byte
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, level) // no error for a level there is
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

// file is a packed document whose head was read.
type file struct {
	Plain  bool
	States []columns.State

	content, history part
}

type part struct {
	bytes []byte
	sum   uint32
}

// open reads the head.
func open(b []byte) (*file, error) {
	d := lib0.NewDecoder(b)
	if string(d.Take(uint64(len(magic)))) != string(magic[:]) || d.Byte() != version {
		return nil, errFormat
	}
	o := &file{Plain: d.Byte() == 1}
	for n := d.Uint(); n > 0 && d.Err() == nil; n-- {
		s := columns.State{Client: d.Uint(), Clock: d.Uint()}
		if last := len(o.States) - 1; last >= 0 && s.Client >= o.States[last].Client {
			d.Fail(errStates)
		}
		o.States = append(o.States, s)
	}
	contentBytes, contentSum := d.Uint(), uint32be(d)
	historyBytes, historySum := d.Uint(), uint32be(d)
	sum := crc32.Checksum(d.Since(0), castagnoli)
	if got := uint32be(d); d.Err() == nil && got != sum {
		return nil, fmt.Errorf("head: %w", errChecksum)
	}
	o.content = part{d.Take(contentBytes), contentSum}
	o.history = part{d.Take(historyBytes), historySum}
	if d.Err() == nil && d.Remaining() > 0 {
		return nil, errFormat
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

// maxItems is how many items and roots the columns may stand for.
func (o *file) maxItems() uint64 {
	return FreeItems + ItemsPerByte*uint64(len(o.content.bytes)+len(o.history.bytes))
}

// readContent unpacks the columns of what is visible.
func (o *file) readContent() (columns.Columns, error) {
	return o.content.columns("content", columns.NumContent)
}

// readHistory unpacks the other columns.
func (o *file) readHistory() (columns.Columns, error) {
	if o.Plain {
		return o.history.columns("history", 1)
	}
	return o.history.columns("history", columns.NumHistory)
}

func (p part) columns(name string, n int) (columns.Columns, error) {
	if crc32.Checksum(p.bytes, castagnoli) != p.sum {
		return nil, fmt.Errorf("%s: %w", name, errChecksum)
	}
	d := lib0.NewDecoder(p.bytes)
	out := make(columns.Columns, n)
	total := uint64(0)
	for i := range out {
		size := d.Uint()
		if size == 0 {
			continue
		}
		compressed := d.Bytes()
		if total += size; total > MaxUnpackedBytes {
			return nil, fmt.Errorf("%s: %w", name, errTooLarge)
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
		return nil, fmt.Errorf("%s: %w", name, errColumns)
	}
	return out, d.Err()
}

// maxRatio is more than deflate ever saves: a larger size is a lie, which must
// not cost its memory.
const maxRatio = 1100

func unpack(compressed []byte, size uint64) ([]byte, error) {
	if size > maxRatio*uint64(len(compressed)) {
		return nil, errColumns
	}
	out := make([]byte, size)
	r := flate.NewReader(bytes.NewReader(compressed))
	if _, err := io.ReadFull(r, out); err != nil {
		return nil, err
	}
	if n, err := r.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		return nil, errColumns
	}
	return out, nil
}
