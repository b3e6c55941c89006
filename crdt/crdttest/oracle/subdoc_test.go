package oracle

import (
	"slices"
	"testing"
)

// TestSubdocsOccur checks that what programs do to subdocument entries happens:
// also to entries that were loaded before, that are remote, or that the same
// transaction made or deleted.
func TestSubdocsOccur(t *testing.T) {
	count := tally{}
	for seed := range uint64(600) {
		if p := Generate(seed); p.edits("subdoc.load") || p.edits("subdoc.destroy") {
			countSubdocs(t, p, count)
		}
	}
	t.Logf("what happened:\n%s", count)
	for _, what := range []string{
		"not loaded when inserted", "loaded when inserted", "loaded on request", "load asks a second time", "destroyed",
		"loaded, and more in one transaction", "destroyed, and more in one transaction", "removed by another",
	} {
		if count[what] == 0 {
			t.Errorf("%s: never", what)
		}
	}
}

func countSubdocs(t *testing.T, p Program, count tally) {
	t.Helper()
	w := newWorld(p)
	for i, step := range p.Steps {
		r := w.replicas[step.To]
		before := r.doc.Subdocs()
		loaded := 0
		for _, s := range before {
			if s.ShouldLoad() {
				loaded++
			}
		}
		if err := w.run(step, &Observation{}); err != nil {
			t.Fatalf("seed %d, step %d: %v", p.Seed, i, err)
		}
		after := r.doc.Subdocs()
		gone := 0
		for _, s := range before {
			if !slices.Contains(after, s) {
				gone++
			}
			if s.ShouldLoad() {
				loaded--
			}
		}
		more := ""
		if step.Kind == StepEdit {
			more = ", and more in one transaction"
		}
		load := slices.ContainsFunc(step.Ops, func(op Op) bool { return op.Kind == "subdoc.load" })
		switch {
		case loaded < 0:
			count["loaded on request"]++
			count["loaded"+more]++
		case step.Kind == StepSubdoc && load && len(before) > 0:
			count["load asks a second time"]++
		case step.Kind == StepSubdoc && gone > 0:
			count["destroyed"]++
		case step.Kind == StepEdit && gone > 0 && len(after) >= len(before):
			count["destroyed"+more]++
		case step.Kind == StepDeliver || step.Kind == StepSync:
			count["removed by another"] += gone
		}
		for _, s := range after {
			switch {
			case step.Kind != StepEdit || slices.Contains(before, s):
			case s.ShouldLoad():
				count["loaded when inserted"]++
			case s.Unloaded:
				count["not loaded when inserted"]++
			}
		}
	}
}
