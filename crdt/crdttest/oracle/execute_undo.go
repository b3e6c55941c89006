package oracle

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sheafdocs/sheaf/crdt"
)

// What an UndoManager is made with, as bits.
const (
	undoNoTypes   = 1 // types are not deleted by undoing
	undoRemoteMap = 2
	undoLocalOnly = 4
	undoOriginNil = 8
	undoOriginB   = 16
	undoAll       = 32  // the scope is the document
	undoAround    = 64  // the scope is a type with others inside,
	undoInside    = 128 // or one of those
)

// What an undo step does.
const (
	actUndo = iota
	actRedo
	actClear
	actStop
	actScope
	actClose
	actTrack
	actUntrack
	numActs
)

// manager is what the application keeps with its stacks: a number.
type manager = crdt.UndoManager[int]

// undo holds the undo managers of a replica, as node/undo.mjs has them.
type undo struct {
	replica  *replica
	managers []*manager
	count    int
	seen     []string
}

func (u *undo) reset() { u.managers, u.count, u.seen = nil, 0, nil }

func (u *undo) note(format string, args ...any) {
	u.seen = append(u.seen, fmt.Sprintf(format, args...))
}

func (u *undo) types() []crdt.Shared {
	return find(u.replica.shared(), func(crdt.Shared) bool { return true })
}

// open starts a manager.
func (u *undo) open(step Step) error {
	types := u.types()
	if len(types) == 0 {
		return nil
	}
	timeout := int64(step.Picks[0] % 1000)
	if timeout == 0 {
		timeout = -1
	}
	c := crdt.UndoConfig{
		Now:                    func() int64 { return u.replica.world.now },
		CaptureTimeout:         timeout,
		IgnoreRemoteMapChanges: step.N&undoRemoteMap != 0,
		TrackedOrigins:         []any{},
	}
	if step.N&undoAll == 0 {
		c.Scope = u.nested(step)
	}
	if step.N&undoAll == 0 && c.Scope == nil {
		for _, p := range step.Picks[1:] {
			c.Scope = append(c.Scope, types[p%len(types)])
		}
	}
	if step.N&undoOriginNil != 0 || step.N&undoOriginB == 0 {
		c.TrackedOrigins = append(c.TrackedOrigins, nil)
	}
	if step.N&undoOriginB != 0 {
		c.TrackedOrigins = append(c.TrackedOrigins, "b")
	}
	if step.N&undoNoTypes != 0 {
		c.DeleteFilter = func(i crdt.UndoItem) bool { return i.Value.Kind() != crdt.KindShared || i.Length%2 == 0 }
	}
	if step.N&undoLocalOnly != 0 {
		c.Capture = (*crdt.Txn).Local
	}
	m, err := crdt.NewUndoManager[int](u.replica.doc, c)
	if err != nil {
		return err
	}
	id := u.count
	u.count++
	note := func(what string) func(crdt.StackEvent[int]) {
		return func(e crdt.StackEvent[int]) {
			if what == "added" {
				clients := map[crdt.ClientID]bool{}
				for _, r := range e.Item.Insertions() {
					clients[r.Client] = true
				}
				e.Item.Meta = u.count + len(clients)
			}
			kind := "undo"
			if e.Redo {
				kind = "redo"
			}
			var changed strings.Builder
			for _, s := range types {
				if e.Txn.Changed(s) {
					changed.WriteByte('1')
				} else {
					changed.WriteByte('0')
				}
			}
			u.note("undo %d: %s %s {%s} {%s} %d %s", id, what, kind, printRanges(e.Item.Insertions()), printRanges(e.Item.Deletions()), e.Item.Meta, changed.String())
		}
	}
	m.OnStackItemAdded(note("added"))
	m.OnStackItemUpdated(note("updated"))
	m.OnStackItemPopped(note("popped"))
	m.OnStackCleared(func(c crdt.StackCleared) { u.note("undo %d: cleared %v %v", id, c.Undo, c.Redo) })
	u.managers = append(u.managers, m)
	return nil
}

// nested returns a scope around or inside another type, if there is one.
func (u *undo) nested(step Step) (scope []crdt.Shared) {
	holders := find(u.replica.shared(), holdsTypes)
	if step.N&(undoAround|undoInside) == 0 || len(holders) == 0 {
		return nil
	}
	picks := step.Picks[1:]
	holder := holders[picks[0]%len(holders)]
	if step.N&undoAround != 0 {
		scope = append(scope, holder)
	}
	if step.N&undoInside != 0 {
		list := children(holder)
		scope = append(scope, list[picks[1%len(picks)]%len(list)].shared)
	}
	return scope
}

// act does something with a manager.
func (u *undo) act(step Step) error {
	if len(u.managers) == 0 {
		return nil
	}
	i := step.Picks[0] % len(u.managers)
	m := u.managers[i]
	switch step.N {
	case actUndo:
		item, err := m.Undo()
		u.note("undone %v", item != nil)
		return err
	case actRedo:
		item, err := m.Redo()
		u.note("redone %v", item != nil)
		return err
	case actClear:
		m.Clear(step.choice(1)%3 != 0, step.choice(1)%3 != 1)
	case actStop:
		m.StopCapturing()
	case actScope:
		if types := u.types(); len(types) > 0 {
			return m.AddToScope(types[step.choice(1)%len(types)])
		}
	case actTrack:
		return m.AddTrackedOrigin(step.origin())
	case actUntrack:
		m.RemoveTrackedOrigin(step.origin())
	case actClose:
		m.Close()
		u.managers = slices.Delete(u.managers, i, i+1)
	}
	return nil
}

// origin is what a step begins or ends to track.
func (s Step) origin() any { return asOrigin([]string{"", "b"}[s.choice(1)%2]) }

func (u *undo) write(o *Observation) {
	for i, m := range u.managers {
		u.note("stacks %d: %d %d", i, len(m.UndoStack()), len(m.RedoStack()))
	}
	if len(u.seen) > 0 {
		o.add("undo", []byte(strings.Join(u.seen, "\n")))
	}
	u.seen = nil
}

// hooks writes down what the hooks of a document are told, in order.
type hooks struct{ seen []string }

func (h *hooks) watch(d *crdt.Doc) {
	line := func(text string) func() { return func() { h.seen = append(h.seen, text) } }
	note := func(name string) func(*crdt.Txn) {
		return func(tx *crdt.Txn) { h.seen = append(h.seen, name+" "+describeTxn(tx)) }
	}
	d.OnBeforeAllTransactions(line("before all"))
	d.OnBeforeTransaction(note("before"))
	d.OnBeforeObserverCalls(note("observers"))
	d.OnAfterTransaction(note("after"))
	d.OnAfterTransactionCleanup(note("cleanup"))
	d.OnUpdate(func(crdt.UpdateEvent) { h.seen = append(h.seen, "update") })
	d.OnSubdocs(func(e crdt.SubdocEvent) {
		h.seen = append(h.seen, fmt.Sprintf("subdocs %s %s %s", guids(e.Loaded), guids(e.Added), guids(e.Removed)))
	})
	d.OnAfterAllTransactions(line("after all"))
}

func (h *hooks) write(o *Observation) {
	if len(h.seen) > 0 {
		o.add("hooks", []byte(strings.Join(h.seen, "\n")))
	}
	h.seen = nil
}

func guids(list []*crdt.Subdoc) string {
	var names []string
	for _, s := range list {
		names = append(names, s.GUID)
	}
	return "[" + strings.Join(names, ",") + "]"
}

func describeTxn(tx *crdt.Txn) string {
	origin := "other"
	switch o := tx.Origin().(type) {
	case nil:
		origin = ""
	case string:
		origin = o
	}
	return fmt.Sprintf("%s %v %s %s {%s}", origin, tx.Local(), printState(tx.BeforeState()), printState(tx.AfterState()), printRanges(tx.Deletes()))
}

func printState(sv crdt.StateVector) string {
	var clients []crdt.ClientID
	for c := range sv {
		clients = append(clients, c)
	}
	slices.Sort(clients)
	var parts []string
	for _, c := range clients {
		parts = append(parts, fmt.Sprintf("%d:%d", c, sv[c]))
	}
	return strings.Join(parts, ",")
}
