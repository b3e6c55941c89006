package crdt

import (
	"slices"
	"testing"
)

// TestDeltasOfExtents compares deltas, which begin and end where something
// changed, with those of a walk through the whole list.
func TestDeltasOfExtents(t *testing.T) {
	compared := 0
	for seed := range uint64(60) {
		f := newFuzzer(t, seed, 3)
		for _, d := range f.docs {
			d.config.DisableFormatCleanup = true // asking for a delta changes nothing
			for _, root := range []Shared{d.Text("text"), d.Array("array"), d.XMLFragment("xml")} {
				root.(interface{ ObserveDeep(func([]*Event)) func() }).ObserveDeep(func(events []*Event) {
					for _, e := range events {
						text, list := wholeDeltas(e)
						if got := e.Delta(); !slices.EqualFunc(got, text, sameOp) {
							t.Errorf("seed %d: delta %v, the whole walk %v", seed, got, text)
						}
						if got := e.ListDelta(); !slices.EqualFunc(got, list, sameListOp) {
							t.Errorf("seed %d: list delta %v, the whole walk %v", seed, got, list)
						}
						compared += len(text) + len(list)
					}
				})
			}
		}
		for range 80 {
			f.step()
		}
	}
	if compared < 1000 {
		t.Errorf("only %d steps compared", compared)
	}
}

// wholeDeltas returns the deltas of an event as if nothing were known of where
// something changed.
func wholeDeltas(e *Event) ([]DeltaOp, []ListOp) {
	whole := &Event{tx: e.tx, target: e.target, children: e.children}
	list := &e.tx.doc.lists[e.tx.doc.types[e.target].children]
	typ, marks := e.tx.doc.types[e.target], list.marks
	values := typ.values
	defer func() { typ.values, list.marks = values, marks }()
	typ.values = true
	if !typ.kind.isText() {
		list.marks |= 1
	}
	return whole.Delta(), whole.ListDelta()
}

func sameOp(a, b DeltaOp) bool {
	same := func(x, y Attr) bool { return x.Key == y.Key && x.Value.Equal(y.Value) }
	return a.Retain == b.Retain && a.Delete == b.Delete && a.Insert.Equal(b.Insert) && slices.EqualFunc(a.Attrs, b.Attrs, same)
}

func sameListOp(a, b ListOp) bool {
	return a.Retain == b.Retain && a.Delete == b.Delete && slices.EqualFunc(a.Insert, b.Insert, Value.Equal)
}
