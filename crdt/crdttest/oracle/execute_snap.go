package oracle

import (
	"fmt"
	"strings"

	"github.com/sheafdocs/sheaf/crdt"
)

// keptSnaps is how many snapshots a run keeps.
const keptSnaps = 8

// snap takes a snapshot of From and shows what To was at two of those that
// there are. node/snap.mjs does the same.
func (w *world) snap(step Step, to, from *replica, o *Observation) error {
	s := from.doc.Snapshot()
	o.add("snapshot", s.Encode())
	o.add("snapshot in format 2", s.EncodeV2())
	var seen []string
	for _, other := range w.snaps {
		seen = append(seen, fmt.Sprint("equal ", s.Equal(other)))
	}
	var err error
	switch step.N % 3 {
	case 1:
		s, err = crdt.DecodeSnapshot(s.Encode())
	case 2:
		s, err = crdt.DecodeSnapshotV2(s.EncodeV2())
	}
	if err != nil {
		return err
	}
	w.snaps = append(w.snaps, s)
	w.snaps = w.snaps[max(0, len(w.snaps)-keptSnaps):]
	at, since := w.pickSnap(step.choice(0)), w.pickSnap(step.choice(1))
	if texts := find(to.shared(), isText); len(texts) > 0 {
		seen = append(seen, describeAt(text(texts[step.choice(2)%len(texts)]).DeltaAt(at, since)))
	}
	if len(w.log) > 0 {
		u, err := w.pick(step.choice(3)).in(step.V2)
		if err != nil {
			return err
		}
		contains := s.ContainsUpdate
		if step.V2 {
			contains = s.ContainsUpdateV2
		}
		known, err := contains(u)
		if err != nil {
			return err
		}
		seen = append(seen, fmt.Sprint("contains ", known))
	}
	o.add("at snapshots", []byte(strings.Join(seen, "\n")))
	if types := find(to.shared(), anyType); len(types) > 0 {
		o.add("authors", []byte(authors(types[step.choice(1)%len(types)], step)))
		past, err := to.past(types[step.choice(3)%len(types)], at)
		if err != nil {
			return err
		}
		o.add("type at snapshot", []byte(past))
	}
	if at == nil || !to.noGC {
		return nil
	}
	old, err := to.doc.DocFromSnapshot(*at, crdt.Config{})
	if err != nil {
		o.add("document at snapshot", []byte("none"))
		return nil
	}
	o.add("document at snapshot", old.EncodeStateAsUpdate(nil))
	return nil
}

// pickSnap returns one of the snapshots, or nil for the present.
func (w *world) pickSnap(p int) *crdt.Snapshot {
	if i := p % (len(w.snaps) + 1); i < len(w.snaps) {
		return &w.snaps[i]
	}
	return nil
}

func describeAt(ops []crdt.SnapshotOp) string {
	var b strings.Builder
	for i, op := range ops {
		comma(&b, i)
		dumpValue(&b, op.Insert)
		for _, a := range op.Attrs {
			b.WriteString(" " + quote(a.Key) + ":")
			dumpValue(&b, a.Value)
		}
		if op.Change != crdt.Unchanged {
			fmt.Fprintf(&b, " %v by %d", op.Change, op.Client)
		}
	}
	return b.String()
}
