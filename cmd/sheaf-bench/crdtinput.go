package main

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// crdtInput is all that a run of the merge engine reads. It goes through a
// file, so that the process that measures has not used the engine before, and
// so that other engines can be given the very same (see peers).
type crdtInput struct {
	Work string `json:"work"`
	// Text is what the document must say in the end. Where it is only known by
	// its hash, TextSHA256 has that.
	Text       string `json:"text,omitempty"`
	TextSHA256 string `json:"textSha256,omitempty"`
	// Start is the text before the edits of a work that types in two places.
	Start string `json:"start,omitempty"`
	// Typed has, for each author, what is typed.
	Typed [][]edits `json:"typed,omitempty"`
	// Steps is a concurrent history: who edits what after having seen what.
	Steps []step `json:"steps,omitempty"`
	// Format is that of the updates: 1 or 2.
	Format int `json:"format,omitempty"`
	// NumUpdates is how many updates follow the header in the file.
	NumUpdates int `json:"numUpdates"`

	updates [][]byte
}

// edits are what one transaction does, in UTF-16 units.
type edits []edit

// edit replaces del units at pos.
type edit struct {
	pos, del int
	text     string
}

func (e edit) MarshalJSON() ([]byte, error) { return json.Marshal([]any{e.pos, e.del, e.text}) }

func (e *edit) UnmarshalJSON(b []byte) error {
	return json.Unmarshal(b, &[]any{&e.pos, &e.del, &e.text})
}

// step is one transaction of a concurrent history. Before it, its agent takes
// over the transactions of the others up to the given counts.
type step struct {
	Agent int     `json:"agent"`
	Seen  []int32 `json:"seen"`
	Edits edits   `json:"edits"`
}

// maxInputPart bounds one part of an input file.
const maxInputPart = 1 << 30

// write writes the input: the length of the header (four bytes, little
// endian), the header in JSON, and then each update with its length before it.
func (in *crdtInput) write(path string) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("write input: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	in.NumUpdates = len(in.updates)
	header, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("write input: %w", err)
	}
	w := bufio.NewWriter(f)
	for _, part := range append([][]byte{header}, in.updates...) {
		var n [4]byte
		binary.LittleEndian.PutUint32(n[:], uint32(len(part)))
		w.Write(n[:]) // an error stays in w until Flush
		w.Write(part)
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("write input: %w", err)
	}
	return nil
}

// readInput reads what write wrote.
func readInput(path string) (*crdtInput, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read input: %w", err)
	}
	defer f.Close()
	r := bufio.NewReaderSize(f, 1<<20)
	part := func() ([]byte, error) {
		var n [4]byte
		if _, err := io.ReadFull(r, n[:]); err != nil {
			return nil, fmt.Errorf("read input %s: %w", path, err)
		}
		size := binary.LittleEndian.Uint32(n[:])
		if size > maxInputPart {
			return nil, fmt.Errorf("read input %s: a part has %d bytes, more than %d", path, size, maxInputPart)
		}
		b := make([]byte, size)
		if _, err := io.ReadFull(r, b); err != nil {
			return nil, fmt.Errorf("read input %s: %w", path, err)
		}
		return b, nil
	}
	header, err := part()
	if err != nil {
		return nil, err
	}
	in := new(crdtInput)
	if err := json.Unmarshal(header, in); err != nil {
		return nil, fmt.Errorf("read input %s: %w", path, err)
	}
	for range in.NumUpdates {
		update, err := part()
		if err != nil {
			return nil, err
		}
		in.updates = append(in.updates, update)
	}
	return in, nil
}
