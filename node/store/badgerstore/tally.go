//go:build !js

package badgerstore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/wire"
)

// tally says how many records a shelf holds and what their hashes add up to. Two
// shelves with the same tally hold the same records.
type tally struct {
	count uint64
	sum   sum
}

func (t tally) with(s sum) tally    { return tally{t.count + 1, t.sum.add(s)} }
func (t tally) without(s sum) tally { return tally{t.count - 1, t.sum.sub(s)} }

// tallies are the tallies of a whole store after its group number seq. An absent
// shelf is an empty one.
type tallies struct {
	mu     sync.RWMutex
	seq    uint64
	shelfs map[shelfID]tally
}

func newTallies() *tallies { return &tallies{shelfs: make(map[shelfID]tally)} }

func (t *tallies) get(id shelfID) tally {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.shelfs[id]
}

// apply takes over the note of a group.
func (t *tallies) apply(n groupNote) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.seq = n.seq
	for id, v := range n.shelfs {
		if v.count == 0 {
			delete(t.shelfs, id)
		} else {
			t.shelfs[id] = v
		}
	}
}

// reset replaces all tallies by those of n.
func (t *tallies) reset(n groupNote) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.seq, t.shelfs = n.seq, make(map[shelfID]tally, len(n.shelfs))
	for id, v := range n.shelfs {
		if v.count != 0 {
			t.shelfs[id] = v
		}
	}
}

// snapshot is a note that holds every tally.
func (t *tallies) snapshot() groupNote {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return groupNote{seq: t.seq, shelfs: maps.Clone(t.shelfs)}
}

func (t *tallies) documents() []wire.DocID {
	t.mu.RLock()
	defer t.mu.RUnlock()
	seen := make(map[wire.DocID]bool)
	for id := range t.shelfs {
		if !id.doc.IsZero() {
			seen[id.doc] = true
		}
	}
	return slices.SortedFunc(maps.Keys(seen), func(a, b wire.DocID) int { return slices.Compare(a[:], b[:]) })
}

// groupNote says what the tallies of the shelves that a group touched are after
// it. It is committed with the group itself, in a ring of slots inside Badger, and
// appended to the journal outside; so each can be checked against the other, and a
// journal that lacks the last groups, as after a crash, is completed from the
// ring. Values are absolute: applying a note twice changes nothing.
type groupNote struct {
	seq    uint64
	shelfs map[shelfID]tally
}

// ringSlots is how many groups the journal may lag behind.
const ringSlots = 64

func ringKey(seq uint64) []byte { return []byte{spaceGroup, byte(seq % ringSlots)} }

const noteShelfBytes = len(wire.DocID{}) + 1 + 8 + sumBytes

var errNote = errors.New("not a group note")

func (n groupNote) encode() []byte {
	b := make([]byte, 0, 8+len(n.shelfs)*noteShelfBytes)
	b = binary.BigEndian.AppendUint64(b, n.seq)
	for id, t := range n.shelfs {
		b = append(b, id.doc[:]...)
		b = append(b, byte(id.kind))
		b = binary.BigEndian.AppendUint64(b, t.count)
		b = append(b, t.sum[:]...)
	}
	return b
}

func decodeNote(b []byte) (groupNote, error) {
	if len(b) < 8 || (len(b)-8)%noteShelfBytes != 0 {
		return groupNote{}, fmt.Errorf("decode %d bytes: %w", len(b), errNote)
	}
	n := groupNote{seq: binary.BigEndian.Uint64(b), shelfs: make(map[shelfID]tally, (len(b)-8)/noteShelfBytes)}
	for b = b[8:]; len(b) > 0; b = b[noteShelfBytes:] {
		var id shelfID
		var t tally
		i := copy(id.doc[:], b)
		id.kind = store.Kind(b[i])
		t.count = binary.BigEndian.Uint64(b[i+1:])
		copy(t.sum[:], b[i+9:])
		n.shelfs[id] = t
	}
	return n, nil
}

// difference lists the shelves in which have is not what want says.
func difference(want, have map[shelfID]tally) []shelfID {
	var ids []shelfID
	for id, t := range want {
		if have[id] != t {
			ids = append(ids, id)
		}
	}
	for id := range have {
		if _, ok := want[id]; !ok {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b shelfID) int {
		if c := slices.Compare(a.doc[:], b.doc[:]); c != 0 {
			return c
		}
		return int(a.kind) - int(b.kind)
	})
	return ids
}
