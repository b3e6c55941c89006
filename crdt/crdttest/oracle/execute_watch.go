package oracle

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sheafdocs/sheaf/crdt"
)

// What a watch does, as bits.
const (
	watchDeep   = 1
	watchDeltas = 2
)

// What is watched of the roots of a replica, as bits.
const (
	watchRootsOwn    = 1
	watchRootsDeep   = 2
	watchRootsDeltas = 4
)

// watches are the observers of a replica, as node/watch.mjs has them.
type watches struct {
	replica   *replica
	onRoots   int
	react     []Op // what the observers do, one each call
	list      []func()
	count     int
	seen      []string
	reactions int
}

// observable is what every shared type has.
type observable interface {
	Observe(func(*crdt.Event)) func()
	ObserveDeep(func([]*crdt.Event)) func()
}

// reset forgets all watches, because the document was opened anew.
func (w *watches) reset() { w.list, w.count = nil, 0 }

// begin starts a step.
func (w *watches) begin() { w.seen, w.reactions = nil, 0 }

// root watches a root type as the program says.
func (w *watches) root(s crdt.Shared) {
	deltas := 0
	if w.onRoots&watchRootsDeltas != 0 {
		deltas = watchDeltas
	}
	if w.onRoots&watchRootsOwn != 0 {
		w.add(s, deltas)
	}
	if w.onRoots&watchRootsDeep != 0 {
		w.add(s, watchDeep|deltas)
	}
}

func (w *watches) add(s crdt.Shared, how int) {
	id := w.count
	w.count++
	f := func(events []*crdt.Event) {
		w.seen = append(w.seen, fmt.Sprintf("watch %d: %d", id, len(events)))
		for _, e := range events {
			w.seen = append(w.seen, describe(e, how))
		}
		if how&watchDeep != 0 && w.reactions < len(w.react) {
			w.reactions++
			must(0, w.replica.edit("", w.react[w.reactions-1:w.reactions]))
		}
	}
	if how&watchDeep != 0 {
		w.list = append(w.list, s.(observable).ObserveDeep(f))
	} else {
		w.list = append(w.list, s.(observable).Observe(func(e *crdt.Event) { f([]*crdt.Event{e}) }))
	}
}

// some watches one of all live types.
func (w *watches) some(step Step) {
	types := find(w.replica.shared(), func(crdt.Shared) bool { return true })
	if len(types) > 0 {
		w.add(types[step.Picks[0]%len(types)], step.N)
	}
}

// stop ends one of the watches.
func (w *watches) stop(step Step) {
	if len(w.list) > 0 {
		i := step.Picks[0] % len(w.list)
		w.list[i]()
		w.list = slices.Delete(w.list, i, i+1)
	}
}

func (w *watches) write(o *Observation) {
	if len(w.seen) > 0 {
		o.add("events", []byte(strings.Join(w.seen, "\n")))
	}
}

func describe(e *crdt.Event, how int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "  %s in %s path ", typeName(e.Target()), typeName(e.CurrentTarget()))
	for i, step := range e.Path() {
		if i > 0 {
			b.WriteByte('/')
		}
		if step.Index < 0 {
			b.WriteString(quote(step.Key))
		} else {
			fmt.Fprint(&b, step.Index)
		}
	}
	fmt.Fprintf(&b, " children %v changed ", e.ChildrenChanged())
	for i, key := range e.KeysChanged() {
		comma(&b, i)
		b.WriteString(quote(key))
	}
	b.WriteString(" keys ")
	for i, c := range e.Keys() {
		comma(&b, i)
		b.WriteString(quote(c.Key) + ":" + c.Action.String() + ":")
		dumpValue(&b, c.Old)
	}
	if how&watchDeltas == 0 {
		return b.String()
	}
	describeUnits(&b, e.Txn())
	b.WriteString(" delta ")
	for i, op := range e.Delta() {
		comma(&b, i)
		if op.Insert.Kind() != crdt.KindUndefined {
			b.WriteByte('+')
			dumpValue(&b, op.Insert)
		}
		describeKept(&b, op.Retain, op.Delete)
		if op.Attrs != nil {
			fields := make([]crdt.Field, len(op.Attrs))
			for i, a := range op.Attrs {
				fields[i] = crdt.Field(a)
			}
			dumpAttributes(&b, fields)
		}
	}
	for i, op := range e.ListDelta() {
		comma(&b, i)
		if op.Insert != nil {
			b.WriteString("+[")
			for i, v := range op.Insert {
				comma(&b, i)
				dumpValue(&b, v)
			}
			b.WriteByte(']')
		}
		describeKept(&b, op.Retain, op.Delete)
	}
	return b.String()
}

// describeUnits tells of units at the borders of what a transaction wrote and
// deleted whether it did so.
func describeUnits(b *strings.Builder, tx *crdt.Txn) {
	before, after := tx.BeforeState(), tx.AfterState()
	tell := func(client crdt.ClientID, clock uint64) {
		if clock < after[client] {
			id := crdt.ID{Client: client, Clock: clock}
			fmt.Fprintf(b, "%d:%d %v %v;", client, clock, tx.Adds(id), tx.Deleted(id))
		}
	}
	b.WriteString(" units ")
	for _, client := range slices.Sorted(maps.Keys(after)) {
		tell(client, 0)
		if before[client] > 0 {
			tell(client, before[client]-1)
		}
		tell(client, before[client])
		tell(client, after[client]-1)
	}
	deletes := tx.Deletes()
	slices.SortFunc(deletes, func(x, y crdt.ClockRange) int {
		return cmp.Or(cmp.Compare(x.Client, y.Client), cmp.Compare(x.From, y.From))
	})
	for _, r := range deletes {
		tell(r.Client, r.From)
		tell(r.Client, r.To)
	}
}

func describeKept(b *strings.Builder, retain, gone int) {
	if retain > 0 {
		fmt.Fprintf(b, "=%d", retain)
	}
	if gone > 0 {
		fmt.Fprintf(b, "-%d", gone)
	}
}

func comma(b *strings.Builder, i int) {
	if i > 0 {
		b.WriteByte(',')
	}
}

func typeName(s crdt.Shared) string {
	switch s.(type) {
	case *crdt.XMLText:
		return "XmlText"
	case *crdt.Text:
		return "Text"
	case *crdt.Array:
		return "Array"
	case *crdt.XMLHook:
		return "Hook"
	case *crdt.Map:
		return "Map"
	case *crdt.XMLElement:
		return "Element"
	}
	return "Fragment"
}
