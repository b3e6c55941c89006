package oracle

import (
	"slices"
	"testing"

	"github.com/sheafdocs/sheaf/crdt"
)

// TestNestedOccurs checks that programs do to types inside others what they are
// meant to: delete them, with and without garbage collection, edit them where
// they are not deleted yet, and bring them back with what was in them.
func TestNestedOccurs(t *testing.T) {
	count := tally{}
	for seed := range uint64(600) {
		if p := Generate(seed); p.edits("drop") {
			countNested(t, p, count)
		}
	}
	t.Logf("what happened:\n%s", count)
	for _, gc := range []string{"collecting", "keeping all"} {
		for _, what := range []string{
			"dropped", "edited while another has fewer", "back by undo", "back by undo, full", "back by undo, several managers",
			"back by redo", "back by redo, full", "gone by undo", "gone by redo",
		} {
			if count[what+", "+gc] == 0 {
				t.Errorf("%s, %s: never", what, gc)
			}
		}
	}
}

func countNested(t *testing.T, p Program, count tally) {
	t.Helper()
	w := newWorld(p)
	for i, step := range p.Steps {
		r := w.replicas[step.To]
		gc := ", collecting"
		if r.noGC {
			gc = ", keeping all"
		}
		before := r.nested()
		if err := w.run(step, &Observation{}); err != nil {
			t.Fatalf("seed %d, step %d: %v", p.Seed, i, err)
		}
		after := r.nested()
		gone, back := without(before, after), without(after, before)
		switch {
		case step.Kind == StepUndo && step.N <= actRedo:
			by := [...]string{actUndo: " by undo", actRedo: " by redo"}[step.N]
			count["gone"+by+gc] += len(gone)
			count["back"+by+gc] += len(back)
			if len(back) > 0 && len(r.undo.managers) > 1 {
				count["back"+by+", several managers"+gc]++
			}
			for _, s := range back {
				if keys, _ := keysOf(s); len(keys)+units(s) > 0 {
					count["back"+by+", full"+gc]++
				}
			}
		case step.Kind == StepEdit && len(r.events) > 0:
			if slices.ContainsFunc(step.Ops, func(op Op) bool { return op.Kind == "drop" }) {
				count["dropped"+gc] += len(gone)
			}
			inside := slices.ContainsFunc(step.Ops, func(op Op) bool { return op.Inside })
			if inside && slices.ContainsFunc(w.replicas, func(o *replica) bool { return len(o.undo.managers) > 0 && len(o.nested()) < len(after) }) {
				count["edited while another has fewer"+gc]++
			}
		}
	}
}

// nested returns all live types that are no roots.
func (r *replica) nested() []crdt.Shared { return r.inside(find(r.shared(), anyType)) }

// without returns what is in one list and not in another.
func without(list, other []crdt.Shared) []crdt.Shared {
	return slices.DeleteFunc(slices.Clone(list), func(s crdt.Shared) bool { return slices.Contains(other, s) })
}
