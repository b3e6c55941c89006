package crdt

import "github.com/sheafdocs/sheaf/crdt/internal/lib0"

// adds tells whether the transaction wrote a unit, even if it deleted it too.
func (e *Event) adds(c uint32, clock uint64) bool { return clock >= e.tx.startOf(c) }

// piece is what Yjs would have as one item when a transaction is reported:
// units from the offset from to the offset to of an item. An item of ours may
// be two of those, because what continues a run is added to it at once.
type piece struct {
	h             handle
	it            *item
	from, to      uint64
	adds, deletes bool
}

// pieces calls f for the children of the event's type in an extent, and for
// those after it while f says that they matter.
func (e *Event) pieces(x extent, f func(piece) (more bool)) {
	d := e.tx.doc
	// Only the first transaction of a queue extends runs; and once it is
	// completed they are one in Yjs too.
	split := d.queue[0] == e.tx && !e.tx.joined
	step := func(p piece) bool {
		if p.adds || p.deletes {
			x.units -= p.to - p.from
		}
		return f(p)
	}
	for h, more := x.first, true; h != 0 && (more || x.units > 0); {
		it := d.item(h)
		next := it.right
		start := e.tx.startOf(it.client)
		if it.clock < start && start < it.end() && split {
			cut := start - it.clock
			step(piece{h, it, 0, cut, false, e.tx.deleted(it.client, it.clock)})
			more = step(piece{h, it, cut, it.len(), true, e.tx.deleted(it.client, start)})
		} else {
			more = step(piece{h, it, 0, it.len(), it.clock >= start, e.tx.deleted(it.client, it.clock)})
		}
		h = next
	}
}

// ListOp is one step of the delta of an array or of XML nodes: it inserts,
// keeps or deletes. Exactly one of Insert, Retain and Delete is set.
type ListOp struct {
	Insert []Value
	Retain int // units
	Delete int // units
}

// ListDelta returns how the children changed, from the first on, for any type
// but a text (see Delta). What follows the last change is left out. It is
// Yjs's event.changes.delta.
func (e *Event) ListDelta() []ListOp {
	if e.hasList || e.tx.over || e.tx.doc.types[e.target].kind.isText() {
		return e.list
	}
	e.hasList = true
	if !e.children {
		return nil
	}
	kind := 0 // of the last step: 1 insert, 2 retain, 3 delete
	last := func(k int) *ListOp {
		if kind != k {
			kind = k
			e.list = append(e.list, ListOp{})
		}
		return &e.list[len(e.list)-1]
	}
	list := e.tx.doc.types[e.target].children
	x, before := e.extent(e.tx.doc.lists[list].formatted())
	if before > 0 {
		last(2).Retain = before
	}
	e.pieces(x, func(p piece) bool {
		switch {
		case p.it.deleted():
			if p.deletes && !p.adds {
				last(3).Delete += int(p.to - p.from)
			}
		case p.adds:
			op := last(1)
			if op.Insert == nil {
				op.Insert = []Value{}
			}
			op.Insert = append(op.Insert, e.tx.doc.pieceValues(p)...)
		default:
			last(2).Retain += int(p.to - p.from)
		}
		return false
	})
	if kind == 2 {
		e.list = e.list[:len(e.list)-1]
	}
	return e.list
}

// pieceValues returns the values that a part of an item holds.
func (d *Doc) pieceValues(p piece) []Value {
	if p.it.kind == kindFormat {
		return nil
	}
	return d.itemValues(p.it)[p.from:p.to]
}

// KeyAction tells what happened to a key.
type KeyAction uint8

// The actions of a KeyChange.
const (
	KeyAdded   KeyAction = iota // it had no value
	KeyUpdated                  // it had another value
	KeyDeleted                  // it has no value any more
)

var keyActionNames = [...]string{"add", "update", "delete"}

// String returns the name that Yjs gives the action.
func (a KeyAction) String() string {
	if int(a) < len(keyActionNames) {
		return keyActionNames[a]
	}
	return "unknown"
}

// KeyChange tells how a key of a map, or an attribute, changed.
type KeyChange struct {
	Key    string
	Action KeyAction
	Old    Value // what it was before the transaction; undefined if added
}

// Keys returns how the keys of the map, or the attributes, changed, in the
// order of their first change; a key that was added and deleted again is left
// out. It is Yjs's event.keys.
func (e *Event) Keys() []KeyChange {
	if e.hasEntries || e.tx.over {
		return e.entries
	}
	e.hasEntries = true
	d := e.tx.doc
	for _, key := range e.keys {
		h := d.lists[d.types[e.target].entries.find(key)].last
		if h == 0 {
			continue
		}
		if c, ok := e.keyChange(d.item(h)); ok {
			c.Key = d.keys[key]
			e.entries = append(e.entries, c)
		}
	}
	return e.entries
}

// keyChange returns how a key changed whose last value is in the given item,
// and whether it did.
func (e *Event) keyChange(it *item) (KeyChange, bool) {
	d := e.tx.doc
	deletes := func(it *item) bool { return e.tx.deleted(it.client, it.clock) }
	if !e.adds(it.client, it.clock) {
		if !deletes(it) {
			return KeyChange{}, false
		}
		return KeyChange{Action: KeyDeleted, Old: d.lastValue(it)}, true
	}
	prev := it.left
	for prev != 0 && e.adds(d.item(prev).client, d.item(prev).clock) {
		prev = d.item(prev).left
	}
	replaced := prev != 0 && deletes(d.item(prev))
	switch {
	case deletes(it) && !replaced:
		return KeyChange{}, false
	case deletes(it):
		return KeyChange{Action: KeyDeleted, Old: d.lastValue(d.item(prev))}, true
	case replaced:
		return KeyChange{Action: KeyUpdated, Old: d.lastValue(d.item(prev))}, true
	}
	return KeyChange{Action: KeyAdded}, true
}

// Delta returns how a text changed, from its start, as a delta with formats: a
// format of what is kept is set, or null where it ended. What follows the last
// change is left out. It is Yjs's event.delta, and as there the first call
// deletes, in a transaction of its own, format marks that turn out to be
// pointless, unless Config.DisableFormatCleanup is set. For other types it is
// nil; see ListDelta.
func (e *Event) Delta() []DeltaOp {
	d := e.tx.doc
	if e.hasText || e.tx.over || !d.types[e.target].kind.isText() {
		return e.text
	}
	e.hasText = true
	d.transact(nil, true, func(tx *Txn) {
		w := textWalk{tx: tx, d: d}
		t := d.types[e.target]
		// Beyond markBits keys, to look for the formats in effect is no quicker.
		x, before := e.extent(t.values || t.formats != nil && len(t.formats.all) > markBits)
		if before > 0 {
			w.action, w.retain = walkRetain, before
		}
		if x.first != 0 {
			w.current = d.attrsBefore(d.item(x.first).list, x.first)
			w.old = append(w.old, w.current...)
		}
		e.pieces(x, func(p piece) bool {
			w.step(p)
			return len(w.changed) > 0
		})
		w.flush()
		for n := len(w.ops); n > 0 && w.ops[n-1].Retain > 0 && w.ops[n-1].Attrs == nil; n-- {
			w.ops = w.ops[:n-1]
		}
		e.text = w.ops
	})
	return e.text
}

// textWalk makes the delta of a text's event from its pieces.
type textWalk struct {
	tx  *Txn // deletes pointless marks
	d   *Doc
	ops []DeltaOp

	action       walkAction // of the step that is being made
	insert       []byte
	retain, gone int
	current      formatSet // in effect now
	old          formatSet // in effect before the transaction; null: ended
	changed      formatSet // what kept text gets
}

type walkAction uint8

const (
	walkNone walkAction = iota
	walkInsert
	walkRetain
	walkDelete
)

// begin makes the step one of the given kind.
func (w *textWalk) begin(a walkAction) {
	if w.action != a {
		w.flush()
		w.action = a
	}
}

// flush adds the step that is being made.
func (w *textWalk) flush() {
	switch {
	case w.action == walkInsert && len(w.insert) > 0:
		w.ops = append(w.ops, DeltaOp{Insert: Value{plain: lib0.String(string(w.insert))}, Attrs: w.d.namedAttrs(w.current)})
	case w.action == walkRetain && w.retain > 0:
		w.ops = append(w.ops, DeltaOp{Retain: w.retain, Attrs: w.d.namedAttrs(w.changed)})
	case w.action == walkDelete && w.gone > 0:
		w.ops = append(w.ops, DeltaOp{Delete: w.gone})
	}
	w.insert, w.retain, w.gone, w.action = w.insert[:0], 0, 0, walkNone
}

func (w *textWalk) step(p piece) {
	switch p.it.kind {
	case kindType, kindEmbed, kindString:
	case kindFormat:
		w.mark(p)
		return
	default:
		return
	}
	units := int(p.to - p.from)
	switch {
	case p.adds && p.deletes:
	case p.adds && p.it.kind == kindString:
		w.begin(walkInsert)
		w.insert = append(w.insert, w.d.pieceText(p)...)
	case p.adds:
		w.flush()
		if v := w.d.singleValue(p.it); insertable(v) {
			w.ops = append(w.ops, DeltaOp{Insert: v, Attrs: w.d.namedAttrs(w.current)})
		}
	case p.deletes:
		w.begin(walkDelete)
		w.gone += units
	case !p.it.deleted():
		w.begin(walkRetain)
		w.retain += units
	}
}

// insertable tells whether Yjs reports an embed: it leaves out scalars.
func insertable(v Value) bool {
	switch v.Kind() {
	case KindBool, KindNumber, KindBigInt, KindUndefined:
		return false
	case KindString:
		return v.Str() != ""
	}
	return true
}

// pieceText returns the text of a part of a string.
func (d *Doc) pieceText(p piece) []byte {
	text := d.text.bytes(p.it)
	if p.to < p.it.len() {
		end, _ := lib0.ByteOffset(text, int(p.to), int(p.it.len()))
		text = text[:end]
	}
	if p.from > 0 {
		start, _ := lib0.ByteOffset(text, int(p.from), int(p.to))
		text = text[start:]
	}
	return text
}

// mark takes a format mark into account.
func (w *textWalk) mark(p piece) {
	key, value := p.it.size, w.d.singles.values[p.it.content]
	isNull := value.Kind() == lib0.KindNull
	switch {
	case p.adds && p.deletes:
	case p.adds:
		switch {
		case !lib0.EqualFlat(w.current.orNull(key), value):
			w.endRetain()
			if lib0.EqualFlat(value, w.old.orNull(key)) {
				w.changed.remove(key)
			} else {
				w.changed.set(key, value)
			}
		case !isNull:
			w.drop(p.h)
		}
	case p.deletes:
		w.old.set(key, value)
		if current := w.current.orNull(key); !lib0.EqualFlat(current, value) {
			w.endRetain()
			w.changed.set(key, current)
		}
	case !p.it.deleted():
		w.old.set(key, value)
		now := w.changed.get(key)
		switch {
		case now.Kind() == lib0.KindUndefined:
		case !lib0.EqualFlat(now, value):
			w.endRetain()
			w.changed.apply(key, value)
		case now.Kind() != lib0.KindNull:
			w.drop(p.h)
		}
	}
	if !p.it.deleted() {
		if w.action == walkInsert {
			w.flush()
		}
		w.current.apply(key, value)
	}
}

// endRetain ends a step that keeps text, because its formats change.
func (w *textWalk) endRetain() {
	if w.action == walkRetain {
		w.flush()
	}
}

// drop deletes a mark that changes nothing.
func (w *textWalk) drop(h handle) {
	if !w.d.config.DisableFormatCleanup {
		w.tx.delete(h)
	}
}

// namedAttrs returns formats in the order in which JavaScript would enumerate
// them, or nil if there are none.
func (d *Doc) namedAttrs(a formatSet) []Attr {
	var out []Attr
	for _, x := range d.ordered(a) {
		out = append(out, Attr{d.keys[x.key], Value{plain: x.value}})
	}
	return out
}
