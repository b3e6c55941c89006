//go:build !js

package badgerstore

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/wire"
)

// Report says what a check of the store found.
type Report struct {
	// SetAside is the directory to which what could not be used was moved; empty
	// if nothing was.
	SetAside string
	// Reason is why, for the log.
	Reason string
	// Removed is how many records were taken out of the store because their hash
	// differed; Kept is the file that their bytes were appended to.
	Removed int
	Kept    string
	// Salvaged is how many records were brought back from there.
	Salvaged int
	// Damaged lists what is missing, by document and kind, and what was missing
	// at earlier checks and is not healed yet.
	Damaged []Damage
	// Unverified is true if the second place itself was lost or damaged: every
	// record that is there is right, but none can be said not to be missing. It
	// was begun anew.
	Unverified bool
}

// Clean reports whether nothing was found.
func (r Report) Clean() bool {
	return r.SetAside == "" && r.Removed == 0 && len(r.Damaged) == 0 && !r.Unverified
}

// Documents lists the documents that are damaged, each once. The zero id stands
// for the node's own records.
func (r Report) Documents() []wire.DocID {
	var docs []wire.DocID
	for _, d := range r.Damaged {
		if !slices.Contains(docs, d.Doc) {
			docs = append(docs, d.Doc)
		}
	}
	return docs
}

// String is the report in words, as shown to the user.
func (r Report) String() string {
	if r.Clean() {
		return "The store is whole."
	}
	var parts []string
	if r.SetAside != "" {
		parts = append(parts, fmt.Sprintf("A part of the store was damaged (%s). It was set aside in %s, and %d records were brought back from it.", r.Reason, r.SetAside, r.Salvaged))
	}
	if r.Removed > 0 {
		parts = append(parts, fmt.Sprintf("%d records had been changed by something other than Sheaf and were taken out; their bytes are kept in %s.", r.Removed, r.Kept))
	}
	if r.Unverified {
		parts = append(parts, "The list of what should be there was damaged and was made anew; every record found is intact, but it cannot be told whether any are missing.")
	}
	if len(r.Damaged) == 0 && (r.SetAside != "" || r.Removed > 0) && !r.Unverified {
		parts = append(parts, "Nothing was lost.")
	}
	const shown = 10
	for i, d := range r.Damaged {
		if i == shown {
			parts = append(parts, fmt.Sprintf("And %d more.", len(r.Damaged)-i))
			break
		}
		parts = append(parts, d.String())
	}
	return strings.Join(parts, " ")
}

// Damage says that records of one kind of one document are not what they were.
type Damage struct {
	Doc   wire.DocID // zero: the node's own records
	Kind  store.Kind
	Want  uint64 // how many records there were
	Have  uint64 // how many are there and whole
	Found time.Time
}

// Lost is how many records are missing. It can be 0: then some are there in an
// older version than the last.
func (d Damage) Lost() uint64 {
	if d.Want <= d.Have {
		return 0
	}
	return d.Want - d.Have
}

// String says what is missing, in words.
func (d Damage) String() string {
	what := "of the node's own records"
	if !d.Doc.IsZero() {
		what = "of document " + d.Doc.String()
	}
	if d.Lost() == 0 {
		return fmt.Sprintf("Some records of kind %v %s may be older than they were.", d.Kind, what)
	}
	return fmt.Sprintf("%d of %d records of kind %v %s are missing.", d.Lost(), d.Want, d.Kind, what)
}

// marks are the damages not yet healed, as they are stored in Badger.
type marks struct {
	mu  sync.Mutex
	set map[shelfID]Damage
}

func (m *marks) list() []Damage {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.SortedFunc(maps.Values(m.set), func(a, b Damage) int {
		if c := slices.Compare(a.Doc[:], b.Doc[:]); c != 0 {
			return c
		}
		return int(a.Kind) - int(b.Kind)
	})
}

func markKey(id shelfID) []byte {
	b := append([]byte{spaceMark}, id.doc[:]...)
	return append(b, byte(id.kind))
}

func encodeMark(d Damage) []byte {
	b := binary.BigEndian.AppendUint64(nil, d.Want)
	b = binary.BigEndian.AppendUint64(b, d.Have)
	return binary.BigEndian.AppendUint64(b, uint64(d.Found.UnixMilli()))
}

func decodeMark(key, b []byte) (Damage, error) {
	var d Damage
	if len(key) != 2+len(d.Doc) || len(b) != 24 {
		return d, errors.New("not a mark of damage")
	}
	copy(d.Doc[:], key[1:])
	d.Kind = store.Kind(key[len(key)-1])
	d.Want = binary.BigEndian.Uint64(b)
	d.Have = binary.BigEndian.Uint64(b[8:])
	d.Found = time.UnixMilli(int64(binary.BigEndian.Uint64(b[16:])))
	return d, nil
}

// Damaged lists what was found missing and has not been healed, by this process
// or an earlier one.
func (s *Store) Damaged() []Damage { return s.marks.list() }

// Healed notes, durably, that what was missing of a document has been got again
// or given up, so that it is no longer reported.
func (s *Store) Healed(ctx context.Context, doc wire.DocID) error {
	r := &request{ctx: ctx, done: make(chan error, 1)}
	for _, d := range s.marks.list() {
		if d.Doc == doc {
			r.ops = append(r.ops, op{key: markKey(shelfID{d.Doc, d.Kind})})
			r.size += store.RecordOverheadBytes
		}
	}
	if len(r.ops) == 0 {
		return nil
	}
	if err := s.submit(ctx, r); err != nil {
		return err
	}
	s.marks.mu.Lock()
	maps.DeleteFunc(s.marks.set, func(id shelfID, _ Damage) bool { return id.doc == doc })
	s.marks.mu.Unlock()
	s.tellDamage()
	return nil
}

// tellDamage brings the health in line with the marks.
func (s *Store) tellDamage() {
	list := s.marks.list()
	if len(list) == 0 {
		s.health.set(causeDamage, "")
		return
	}
	r := Report{Damaged: list}
	s.health.set(causeDamage, fmt.Sprintf("A part of what was saved here was damaged. What could be read is kept; what is missing comes back from other devices that have it. %s", r))
}
