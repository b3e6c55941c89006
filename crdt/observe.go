package crdt

import (
	"cmp"
	"slices"

	"github.com/sheafdocs/sheaf/crdt/internal/sorting"
)

// observers are the functions that observe one type.
type observers struct {
	own  []*func(*Event)
	deep []*func([]*Event)
}

// Observe calls f after each transaction that changed the type itself - its
// children, or keys of its map or attributes -, until cancel is called. It is
// not called for a type that the transaction created or deleted. f may edit the
// document, in a further transaction that is reported by itself. It is Yjs's
// observe.
func (n *node) Observe(f func(*Event)) (cancel func()) {
	return observe(n, &n.watchers().own, f)
}

// ObserveDeep calls f after each transaction that changed the type or types
// inside it, until cancel is called, with an event for each of those that were
// changed: first those of outer types. It is Yjs's observeDeep.
func (n *node) ObserveDeep(f func([]*Event)) (cancel func()) {
	if n.doc != nil && n.doc.types[n.typ].item != 0 {
		n.doc.deepInside++
	}
	return observe(n, &n.watchers().deep, f)
}

func (n *node) watchers() *observers {
	if n.watch == nil {
		n.watch = &observers{}
	}
	return n.watch
}

func observe[E any](n *node, list *[]*func(E), f func(E)) (cancel func()) {
	stop := subscribe(list, f)
	if n.doc != nil {
		n.doc.observers++
	}
	return func() {
		before := len(*list)
		stop()
		if n.doc != nil {
			n.doc.observers -= before - len(*list)
		}
	}
}

// watch returns the functions that observe a type.
func (t *sharedType) watch() observers {
	if t.view == nil {
		return observers{}
	}
	if w := t.view.base().watch; w != nil {
		return *w
	}
	return observers{}
}

// callObservers calls the observers of all types that a transaction changed,
// in Yjs's order, and tells whether Yjs would clean up format marks after them.
func (d *Doc) callObservers(tx *Txn) (cleanFormats bool) {
	var events []*Event
	for _, e := range tx.newEvents() {
		t := d.types[e.target]
		if d.isDeleted(t) {
			continue
		}
		events = append(events, e)
		tx.report.targets = append(tx.report.targets, e.target)
		tx.report.parents.add(d.outermost(e.target))
		for _, f := range t.watch().own {
			(*f)(e)
		}
		cleanFormats = cleanFormats || !tx.local && t.kind.isText() && t.formatted
	}
	d.callDeepObservers(events)
	return cleanFormats
}

// callDeepObservers calls the observers of types with what happened inside them.
func (d *Doc) callDeepObservers(events []*Event) {
	var observed orderedSet[int32]
	var inside [][]*Event // of each
	for _, e := range events {
		for typ := e.target; typ != 0; typ = d.nextParent(typ) {
			if t := d.types[typ]; d.isDeleted(t) || len(t.watch().deep) == 0 {
				continue
			}
			i := observed.add(typ)
			if i == len(inside) {
				inside = append(inside, nil)
			}
			inside[i] = append(inside[i], e)
		}
	}
	for i, typ := range observed.all {
		var live []*Event
		for _, e := range inside[i] {
			if !d.isDeleted(d.types[e.target]) {
				e.current, e.hasPath = typ, false
				live = append(live, e)
			}
		}
		sorting.Stable(live, func(a, b *Event) int { return cmp.Compare(len(a.Path()), len(b.Path())) })
		for _, f := range d.types[typ].watch().deep {
			(*f)(live)
		}
	}
}

// nextParent returns the next type around a type that may have deep observers,
// or 0 after the root. Mostly only roots have them, and types may be deep.
func (d *Doc) nextParent(typ int32) int32 {
	switch {
	case d.types[typ].item == 0:
		return 0
	case d.deepInside == 0:
		return d.outermost(typ)
	}
	return d.parentType(typ)
}

// newEvents returns an event for each type that a transaction changed, in the
// order of their first change.
func (tx *Txn) newEvents() []*Event {
	var events []*Event
	var targets orderedSet[int32]
	for _, c := range tx.changed {
		if tx.doc.types[c.typ].kind == typeUndefined {
			continue // as in Yjs, nobody can observe it yet
		}
		i := targets.add(c.typ)
		if i == len(events) {
			events = append(events, &Event{tx: tx, target: c.typ, current: c.typ})
		}
		e := events[i]
		if c.key >= 0 {
			e.keys = append(e.keys, uint32(c.key))
		} else {
			e.children = true
		}
	}
	return events
}

// Event tells how a transaction changed one shared type. What changed is
// computed when it is asked for, and can be asked for while the observers and
// hooks of that transaction, and of those begun by them, run; what was
// computed stays. An event is shared by all observers.
type Event struct {
	tx              *Txn
	target, current int32
	children        bool
	keys            []uint32

	text       []DeltaOp
	list       []ListOp
	entries    []KeyChange
	hasText    bool
	hasList    bool
	hasEntries bool

	path    []PathStep // from current
	hasPath bool
}

// Txn returns the transaction.
func (e *Event) Txn() *Txn { return e.tx }

// Target returns the type that changed.
func (e *Event) Target() Shared { return e.tx.doc.view(e.target) }

// CurrentTarget returns the type whose observer is being called: for Observe
// the target, for ObserveDeep the observed type.
func (e *Event) CurrentTarget() Shared { return e.tx.doc.view(e.current) }

// ChildrenChanged tells whether children were inserted or deleted: text,
// elements or nodes. It is Yjs's childListChanged.
func (e *Event) ChildrenChanged() bool { return e.children }

// KeysChanged returns the keys of the map, or the attributes, that were
// touched, in the order of their first change. It is Yjs's keysChanged and
// attributesChanged; Keys tells more.
func (e *Event) KeysChanged() []string {
	var names []string
	for _, key := range e.keys {
		names = append(names, e.tx.doc.keys[key])
	}
	return names
}

// PathStep is one step from a type to a type inside it: the index of a child,
// or a key of its map.
type PathStep struct {
	Index int    // units before the child; -1: Key counts
	Key   string // when Index is -1
}

// Path returns the way from CurrentTarget to Target, or nil if they are the
// same.
func (e *Event) Path() []PathStep {
	if e.hasPath {
		return e.path
	}
	d := e.tx.doc
	var path []PathStep
	for typ := e.target; typ != e.current && d.types[typ].item != 0; typ = d.parentType(typ) {
		h := d.types[typ].item
		step := PathStep{Index: -1}
		if l := &d.lists[d.item(h).list]; l.entry {
			step.Key = d.keys[l.key]
		} else {
			step.Index = int(d.unitsBefore(h))
		}
		path = append(path, step)
	}
	slices.Reverse(path)
	e.path, e.hasPath = path, true
	return path
}
