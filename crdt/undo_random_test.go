package crdt

import (
	"fmt"
	"testing"
)

// TestRandomUndo undoes and redoes edits of nested types at random, while others
// edit them, and looks inside: the trees must know exactly what was made again,
// whatever is split, joined and collected meanwhile.
func TestRandomUndo(t *testing.T) {
	again, gone := 0, 0
	for seed := range uint64(10) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			f := newFuzzer(t, seed, 2)
			redone := make([]int, len(f.docs))
			managers := make([]*UndoManager[int], len(f.docs))
			for i, d := range f.docs {
				m, err := NewUndoManager[int](d, UndoConfig{})
				f.must(err)
				managers[i] = m
			}
			for range 600 {
				i := f.IntN(len(f.docs))
				switch m := managers[i]; f.IntN(10) {
				case 0, 1, 2:
					_, err := m.Undo()
					f.must(err)
				case 3, 4:
					_, err := m.Redo()
					f.must(err)
				case 5:
					if f.IntN(10) == 0 {
						m.Clear(true, true) // so that garbage is collected
					}
				case 6:
					f.deliver(i)
				default:
					origin := []any{nil, nil, "not undone"}[f.IntN(3)]
					f.docs[i].Transact(origin, func(tx *Txn) { f.nest(f.docs[i], tx) })
				}
				d := f.docs[i]
				d.check(t)
				again = max(again, len(d.redone))
				if len(d.redone) < redone[i] {
					gone++
				}
				redone[i] = len(d.redone)
			}
		})
	}
	t.Logf("up to %d items that were made again, some of them collected %d times", again, gone)
	if again < 50 || gone < 10 {
		t.Error("too little of what this is about")
	}
}

// nest edits an array or text somewhere in the root array.
func (f *fuzzer) nest(d *Doc, tx *Txn) {
	a := d.Array("array")
	for a.Len() > 0 {
		v, err := a.Get(f.IntN(a.Len()))
		f.must(err)
		if inner, ok := v.Shared().(*Text); ok {
			at := f.IntN(inner.Len() + 1)
			length := min(f.IntN(6), inner.Len()-at)
			switch f.IntN(3) {
			case 0:
				f.must(inner.Delete(tx, at, length))
			case 1:
				f.must(inner.Format(tx, at, length, Attr{"bold", []Value{Bool(true), Null()}[f.IntN(2)]}))
			default:
				f.must(inner.Insert(tx, at, fuzzWords[f.IntN(len(fuzzWords))]))
			}
			return
		}
		inner, ok := v.Shared().(*Array)
		if !ok || f.IntN(4) == 0 {
			break
		}
		a = inner
	}
	if f.IntN(3) == 0 && a.Len() > 0 {
		at := f.IntN(a.Len())
		f.must(a.Delete(tx, at, min(1+f.IntN(8), a.Len()-at)))
		return
	}
	values := make([]Value, 1+f.IntN(5))
	for i := range values {
		values[i] = []Value{Number(f.Float64()), ValueOf(NewArray()), ValueOf(NewText())}[f.IntN(3)]
	}
	f.must(a.Insert(tx, f.IntN(a.Len()+1), values...))
}
