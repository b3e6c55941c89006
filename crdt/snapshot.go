package crdt

import (
	"errors"
	"maps"
	"slices"

	"github.com/sheafdocs/sheaf/crdt/internal/codec"
	"github.com/sheafdocs/sheaf/crdt/internal/lib0"
)

// Snapshot names a state of a document: what was known, and what of it was
// deleted. It holds no content; that comes from a document which knows at least
// as much and was kept with Config.DisableGC. The zero Snapshot is that of an
// empty document.
type Snapshot struct {
	deletes unitSet
	state   StateVector
}

// ErrSnapshot: the document does not hold what a snapshot names.
var ErrSnapshot = errors.New("document does not hold the snapshot")

// Snapshot returns the present state. The time is linear.
func (d *Doc) Snapshot() Snapshot { return newSnapshot(d.deleteSet(), d.StateVector()) }

// newSnapshot takes over the ranges.
func newSnapshot(deletes codec.Ranges, sv StateVector) Snapshot {
	deletes = slices.DeleteFunc(deletes, func(r codec.Range) bool { return r.Len == 0 }).Normalize()
	return Snapshot{deletes: unitSet{clients: deletes.Clients(), ranges: deletes}, state: sv}
}

// StateVector returns what was known.
func (s Snapshot) StateVector() StateVector {
	sv := make(StateVector, len(s.state))
	for client, clock := range s.state {
		sv[client] = clock
	}
	return sv
}

// Deletes returns what was deleted: clients descending, clocks ascending,
// neighbours joined.
func (s Snapshot) Deletes() []ClockRange { return s.deletes.clockRanges() }

// Encode returns the snapshot as Yjs's encodeSnapshot does.
func (s Snapshot) Encode() []byte { return s.encode(codec.V1) }

// EncodeV2 returns the snapshot as Yjs's encodeSnapshotV2 does.
func (s Snapshot) EncodeV2() []byte { return s.encode(codec.V2) }

func (s Snapshot) encode(f codec.Format) []byte {
	return append(codec.AppendDeletes(f, nil, s.deletes.ranges), s.state.Encode()...)
}

// DecodeSnapshot reads what Encode and Yjs's encodeSnapshot write; ranges that
// touch come out joined. The error wraps ErrMalformed.
func DecodeSnapshot(b []byte) (Snapshot, error) { return decodeSnapshot(codec.V1, b) }

// DecodeSnapshotV2 reads what EncodeV2 and Yjs's encodeSnapshotV2 write. The
// error wraps ErrMalformed.
func DecodeSnapshotV2(b []byte) (Snapshot, error) { return decodeSnapshot(codec.V2, b) }

func decodeSnapshot(f codec.Format, b []byte) (Snapshot, error) {
	sv := StateVector{}
	deletes, err := codec.ReadSnapshot(f, b, func(client, clock uint64) { sv[ClientID(client)] = clock })
	if err != nil {
		return Snapshot{}, failed("decode snapshot", ErrMalformed, err)
	}
	return newSnapshot(deletes, sv), nil
}

// Equal tells whether both name the same state.
func (s Snapshot) Equal(o Snapshot) bool {
	return maps.Equal(s.state, o.state) && slices.Equal(s.deletes.ranges, o.deletes.ranges)
}

// ContainsUpdate tells whether the state has everything that an update brings
// and deletes. The error wraps ErrMalformed.
func (s Snapshot) ContainsUpdate(update []byte) (bool, error) { return s.contains(codec.V1, update) }

// ContainsUpdateV2 is ContainsUpdate for an update of format 2.
func (s Snapshot) ContainsUpdateV2(update []byte) (bool, error) { return s.contains(codec.V2, update) }

func (s Snapshot) contains(f codec.Format, update []byte) (bool, error) {
	r := codec.NewFormatReader(f, update)
	known := true
	for r.Next() {
		known = known && s.state[ClientID(r.Struct.Client)] >= r.Struct.End()
	}
	deletes, err := r.Deletes()
	if err != nil {
		return false, failed("compare update with snapshot", ErrMalformed, err)
	}
	both := append(slices.Clone(s.deletes.ranges), deletes...).Normalize()
	return known && slices.Equal(both, s.deletes.ranges), nil
}

// DocFromSnapshot returns a new document with the content that this one had at
// a snapshot. The error is ErrSnapshot if this document collects garbage, so that
// content may be gone, or knows less than the snapshot.
func (d *Doc) DocFromSnapshot(s Snapshot, c Config) (*Doc, error) {
	if !d.config.DisableGC {
		return nil, failed("document from snapshot: garbage is collected", ErrSnapshot)
	}
	for id, clock := range s.state {
		if clock > d.stateOf(id) {
			return nil, failed("document from snapshot: "+ID{id, clock - 1}.String()+" is not known", ErrSnapshot)
		}
	}
	e := codec.NewEncoder(codec.V2)
	d.transact(nil, true, func(tx *Txn) {
		var parts []uint32
		for _, c := range d.descending() {
			if clock := s.state[d.clients[c].id]; clock > 0 {
				tx.splitState(c, clock)
				parts = append(parts, c)
			}
		}
		e.Uint(uint64(len(parts)))
		for _, c := range parts {
			d.encodeUpTo(&e, c, s.state[d.clients[c].id])
		}
		e.Deletes(s.deletes.ranges)
	})
	out := NewDoc(c)
	if err := out.ApplyUpdateV2(e.Finish(), "snapshot"); err != nil {
		return nil, failed("document from snapshot", err)
	}
	return out, nil
}

// splitState makes an item begin at a clock of a client, if it has come so far.
func (tx *Txn) splitState(c uint32, clock uint64) {
	if clock < tx.doc.clients[c].state {
		tx.cleanStart(c, clock)
	}
}

// encodeUpTo writes the items of a client up to the one that holds the unit
// before clock.
func (d *Doc) encodeUpTo(e *codec.Encoder, c uint32, clock uint64) {
	cl := &d.clients[c]
	last := d.find(cl, clock-1)
	n := last.i + 1
	for _, b := range cl.blocks[:last.block] {
		n += len(b)
	}
	e.Uint(uint64(n))
	e.Client(uint64(cl.id))
	e.Uint(0)
	pos := runPos{}
	for range n {
		d.encodeItem(e, cl.at(pos), 0)
		pos, _ = cl.next(pos)
	}
}

// Shows tells whether any of a client's units was known and not deleted. A
// Config.GCFilter that returns false for these keeps what the snapshot needs.
func (s Snapshot) Shows(r ClockRange) bool {
	for range s.shown(r.Client, r.From, r.To) {
		return true
	}
	return false
}

// has tells whether an item is part of the state, and not deleted in it. nil
// stands for the present.
func (s *Snapshot) has(d *Doc, it *item) bool {
	if s == nil {
		return !it.deleted()
	}
	id := d.clients[it.client].id
	return s.state[id] > it.clock && !s.deletes.ranges.Has(uint64(id), it.clock)
}

// SnapshotChange tells how a stretch of text differs between two snapshots.
type SnapshotChange uint8

// The kinds of SnapshotChange, which Yjs calls "added" and "removed".
const (
	Unchanged SnapshotChange = iota
	Added
	Removed
)

// String returns the change in a word.
func (c SnapshotChange) String() string {
	switch c {
	case Added:
		return "added"
	case Removed:
		return "removed"
	}
	return "unchanged"
}

// SnapshotOp is a stretch of text at a snapshot. Insert is set, Retain and
// Delete never are.
type SnapshotOp struct {
	DeltaOp
	Change SnapshotChange
	Client ClientID // who wrote what changed; 0: nothing did
}

// DeltaAt returns the contents at a snapshot, nil for the present, as inserts.
// With since, it has what was there at since and is gone as well, and says what
// changed and who wrote it, as Yjs's toDelta does with a computeYChange that
// names the client; an embedded object has what the text before it has. What was
// collected as garbage is missing: use it with Config.DisableGC. Items are split
// in a transaction with origin "cleanup" and joined at its end; a snapshot that
// ends inside a surrogate pair, which no editor makes, breaks that pair in two, as
// in Yjs: take snapshots from whom you trust. The time is linear.
func (t *Text) DeltaAt(at, since *Snapshot) []SnapshotOp {
	s := t.shared()
	if s == nil {
		return nil
	}
	w := snapshotWalk{doc: t.doc, at: at, since: since}
	if at == nil && since == nil {
		w.walk(t.doc.lists[s.children].first)
		return w.ops
	}
	t.doc.transact("cleanup", true, func(tx *Txn) {
		for _, snap := range []*Snapshot{at, since} {
			if snap == nil {
				continue
			}
			for _, c := range t.doc.descending() {
				if clock, ok := snap.state[t.doc.clients[c].id]; ok {
					tx.splitState(c, clock)
				}
			}
			tx.eachItem(&snap.deletes, func(handle) {})
		}
		w.walk(t.doc.lists[s.children].first)
	})
	return w.ops
}

// snapshotWalk goes through a text and collects what it was.
type snapshotWalk struct {
	doc       *Doc
	at, since *Snapshot
	ops       []SnapshotOp
	text      []byte
	formats   formatSet
	change    SnapshotChange
	client    ClientID
}

func (w *snapshotWalk) walk(h handle) {
	d := w.doc
	for ; h != 0; h = d.item(h).right {
		it := d.item(h)
		now := w.at.has(d, it)
		before := w.since == nil || w.since.has(d, it)
		if !now && (w.since == nil || !before) {
			continue
		}
		switch it.kind {
		case kindString:
			w.mark(it, now, before)
			w.text = append(w.text, d.text.bytes(it)...)
		case kindType, kindEmbed:
			w.flush()
			w.add(d.singleValue(it))
		case kindFormat:
			if now {
				w.flush()
				d.applyItem(&w.formats, it)
			}
		}
	}
	w.flush()
}

// mark notes how the text of an item changed.
func (w *snapshotWalk) mark(it *item, now, before bool) {
	change, client := Unchanged, ClientID(0)
	switch {
	case w.at != nil && !now:
		change = Removed
	case !before:
		change = Added
	}
	if change != Unchanged {
		client = w.doc.clients[it.client].id
	}
	if change != w.change || client != w.client {
		w.flush()
		w.change, w.client = change, client
	}
}

func (w *snapshotWalk) flush() {
	if len(w.text) > 0 {
		w.add(Value{plain: lib0.String(string(w.text))})
		w.text = w.text[:0]
	}
}

func (w *snapshotWalk) add(v Value) {
	op := DeltaOp{Insert: v, Attrs: w.doc.namedAttrs(w.formats)}
	w.ops = append(w.ops, SnapshotOp{DeltaOp: op, Change: w.change, Client: w.client})
}
