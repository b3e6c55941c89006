package main

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/crdt/tracetest"
)

// Hashes of texts that are known from Yjs 13.6.33, which was given the same
// edits or updates.
const (
	b2SHA256 = "a32914be5285ca9909e6a574e6a05bc3c1e91e628f918db4fd4197a8df7b9403"
	s3SHA256 = "919594197c2eac21497c19ff0e719c31d27a4b37dccce08b8bfaeb6725b00ff1"
	a1SHA256 = "c822bf881ad1fb04d1aec80575212131fb45ec33600f84f59e829526c6d8f5f1"
)

// updateKind is the kind of a file that holds an update, beside those of traces.
const updateKind = "update"

// crdtSource is the file that the input of a work is made from.
type crdtSource struct {
	path  string
	trace *tracetest.Trace // once it was read
}

// isUpdate tells whether the file holds an update: by its name or, where that says
// nothing, because it does not begin as a trace does.
func (s *crdtSource) isUpdate() (bool, error) {
	switch filepath.Ext(s.path) {
	case ".yjs", ".bin", ".update":
		return true, nil
	case ".json", ".gz":
		return false, nil
	}
	trace, err := tracetest.IsTrace(s.path)
	return !trace, err
}

// kind says what the file is: a kind of trace, or an update.
func (s *crdtSource) kind() (string, error) {
	if is, err := s.isUpdate(); err != nil {
		return "", err
	} else if is {
		return updateKind, nil
	}
	if s.trace == nil {
		var err error
		if s.trace, err = tracetest.Read(s.path); err != nil {
			if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
				err = fmt.Errorf("%w (%s)", err, accepted)
			}
			return "", err
		}
	}
	return s.trace.Kind, nil
}

// history reads the file as a history of a kind.
func (s *crdtSource) history(kind string) (*tracetest.Trace, error) {
	got, err := s.kind()
	if err != nil {
		return nil, err
	}
	if got != kind {
		return nil, fmt.Errorf("%s: the work needs a %s history, and this is %s", s.path, kind, describe(got))
	}
	if len(s.trace.Txns) == 0 {
		return nil, fmt.Errorf("%s: the history has no transactions", s.path)
	}
	return s.trace, nil
}

func describe(kind string) string {
	if kind == updateKind {
		return "an update"
	}
	return "a " + kind + " one"
}

// update reads the file as an update and says of which format it is.
func (s *crdtSource) update() (update []byte, format int, err error) {
	if is, err := s.isUpdate(); err != nil {
		return nil, 0, err
	} else if !is {
		return nil, 0, fmt.Errorf("%s: the work needs an update, and this is a history in JSON", s.path)
	}
	if update, err = tracetest.ReadUpdate(s.path); err != nil {
		return nil, 0, err
	}
	if len(update) == 0 {
		return nil, 0, fmt.Errorf("%s is empty", s.path)
	}
	if hasColumns(update) {
		if _, err := crdt.InspectV2(update); err != nil {
			return nil, 0, fmt.Errorf("%s: an update of format 2, cut short or damaged: %w", s.path, err)
		}
		return update, 2, nil
	}
	if _, err := crdt.Inspect(update); err != nil {
		return nil, 0, fmt.Errorf("%s: neither a history in JSON nor of one of the update formats: %w (%s)", s.path, err, accepted)
	}
	if update[0] == 0 && !isWhole(update) {
		return nil, 0, fmt.Errorf("%s: an update of format 2, cut short or damaged: its columns are longer than what is there", s.path)
	}
	return update, 1, nil
}

// accepted says what files are taken.
const accepted = "a history is JSON, as it is or packed with gzip; an update is the bytes of format 1 or 2, not packed"

// isWhole tells whether an update of format 1 has nothing behind it, which is not
// looked at when it is read.
func isWhole(update []byte) bool {
	other, err := crdt.ConvertUpdateToV2(update)
	if err != nil {
		return false
	}
	again, err := crdt.ConvertUpdateToV1(other)
	return err == nil && len(again) >= len(update)
}

// hasColumns tells whether an update begins as one of format 2 does: with a
// byte of features, of which there are none, and nine columns with their
// lengths. In format 1 the same byte would say that there are no structs, and
// the next ones what is deleted; a deletion of nothing known is not worth
// recording.
func hasColumns(update []byte) bool {
	if update[0] != 0 {
		return false
	}
	rest := update[1:]
	for range 9 {
		size, n := binary.Uvarint(rest)
		if n <= 0 || size > uint64(len(rest)-n) {
			return false
		}
		rest = rest[n+int(size):]
	}
	return len(rest) > 0
}

// knownText returns the hash of the text of one of the published updates.
func (s *crdtSource) knownText() string {
	switch filepath.Base(s.path) {
	case tracetest.S3:
		return s3SHA256
	case tracetest.A1:
		return a1SHA256
	}
	return ""
}
