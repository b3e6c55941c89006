package crdt

import (
	"iter"

	"github.com/sheafdocs/sheaf/crdt/internal/lib0"
)

// All yields the contents run by run, with the index of each: text between two
// format marks, or one embed, as an insert of the Delta, which is made when it is
// its turn. The text must not be edited meanwhile.
func (t *Text) All() iter.Seq2[int, DeltaOp] {
	return func(yield func(int, DeltaOp) bool) {
		if s := t.shared(); s != nil {
			t.doc.runs(s)(yield)
		}
	}
}

// Runs is All for the length units from index on; what of them lies outside the
// text is left out. Finding the first run takes logarithmic time, each further
// one a step. Runs(index, 1) tells the formats of a unit. Half of a surrogate pair
// comes out as U+FFFD.
func (t *Text) Runs(index, length int) iter.Seq2[int, DeltaOp] {
	return func(yield func(int, DeltaOp) bool) {
		if from, to := t.within(index, length); from < to {
			w := runWalk{doc: t.doc, yield: yield}
			w.walk(t.shared().children, int64(from), int64(to))
		}
	}
}

// within returns where the length units from index on begin and end, of those
// that there are.
func (n *node) within(index, length int) (from, to int) {
	total := n.len()
	from, to = min(max(index, 0), total), total
	if index < 0 && length > 0 {
		length += index
	}
	if length < total-from { // not from+length, which may be too large
		to = from + max(length, 0)
	}
	return from, to
}

// runs yields all runs of a text.
func (d *Doc) runs(t *sharedType) iter.Seq2[int, DeltaOp] {
	return func(yield func(int, DeltaOp) bool) {
		if t.children != 0 {
			w := runWalk{doc: d, yield: yield}
			w.walk(t.children, 0, d.lists[t.children].units)
		}
	}
}

// runWalk walks over a text from left to right.
type runWalk struct {
	doc   *Doc
	yield func(int, DeltaOp) bool
	attrs formatSet // in effect here
	start int64     // index of text
	text  []byte    // since the last mark or embed
}

// walk yields the runs of the units from one index of a list to another.
func (w *runWalk) walk(list int32, from, to int64) {
	d := w.doc
	h, at := d.lists[list].first, int64(0)
	if from > 0 {
		h, at = d.findUnit(&d.lists[list], from)
		w.attrs = d.attrsBefore(list, h)
	}
	for h = d.walkRight(h, wantLive); h != 0 && at < to; {
		it := d.item(h)
		switch it.kind {
		case kindString:
			if len(w.text) == 0 {
				w.start = max(at, from)
			}
			w.text = d.appendUnits(w.text, it, max(from-at, 0), min(to-at, int64(it.len())))
		case kindType, kindEmbed:
			if !w.flush() || !w.insert(at, d.singleValue(it)) {
				return
			}
		case kindFormat:
			if !w.flush() {
				return
			}
			d.applyItem(&w.attrs, it)
		}
		at += it.visible()
		h = d.walkRight(it.right, wantLive)
	}
	w.flush()
}

// flush yields the text that was collected.
func (w *runWalk) flush() bool {
	if len(w.text) == 0 {
		return true
	}
	text := Value{plain: lib0.String(string(w.text))}
	w.text = w.text[:0]
	return w.insert(w.start, text)
}

// insert yields a run.
func (w *runWalk) insert(index int64, v Value) bool {
	op := DeltaOp{Insert: v}
	for _, a := range w.doc.ordered(w.attrs) {
		op.Attrs = append(op.Attrs, Attr{w.doc.keys[a.key], Value{plain: a.value}})
	}
	return w.yield(int(index), op)
}

// appendUnits appends the units of a string from one of them to another.
func (d *Doc) appendUnits(dst []byte, it *item, from, to int64) []byte {
	text := d.text.bytes(it)
	end, parted := lib0.ByteOffset(text, int(to), int(it.len()))
	start := 0
	if from > 0 {
		var inside bool
		if start, inside = lib0.ByteOffset(text, int(from), int(it.len())); inside {
			dst, start = append(dst, lib0.Replacement...), start+4
		}
	}
	dst = append(dst, text[start:end]...)
	if parted {
		dst = append(dst, lib0.Replacement...)
	}
	return dst
}
