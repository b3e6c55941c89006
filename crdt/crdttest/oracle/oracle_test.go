package oracle

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"
)

// defaultSeeds is how many programs an ordinary run tries.
const defaultSeeds = 2000

func start(t *testing.T) *Oracle {
	t.Helper()
	o, err := Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := o.Close(); err != nil {
			t.Error(err)
		}
	})
	return o
}

// edits tells whether a program has an edit of a kind.
func (p Program) edits(kind string) bool {
	return slices.ContainsFunc(p.Steps, func(s Step) bool {
		return slices.ContainsFunc(s.Ops, func(op Op) bool { return op.Kind == kind })
	})
}

// recordedOr returns an oracle that answers from the file that ANSWERS names, or
// the one that otherwise makes.
func recordedOr(t *testing.T, otherwise func(*testing.T) *Oracle) *Oracle {
	t.Helper()
	name := os.Getenv("ANSWERS")
	if name == "" {
		return otherwise(t)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return Replay(f)
}

// number reads a number from the environment.
func number(t *testing.T, name string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s=%q is not a number", name, text)
	}
	return n
}

// TestOracle runs the programs of SEEDS seeds from SEED on. SEED alone runs
// that one. FAILURES is how many diverging programs to look at, SHRINK=0 leaves
// them as they are. ANSWERS names a file with what Yjs said to the same programs.
// ONLY leaves out programs without an edit of that kind.
func TestOracle(t *testing.T) {
	seeds := number(t, "SEEDS", defaultSeeds)
	first := number(t, "SEED", 1)
	if os.Getenv("SEED") != "" && os.Getenv("SEEDS") == "" {
		seeds = 1
	}
	if testing.Short() {
		seeds = min(seeds, 50)
	}
	only := os.Getenv("ONLY")
	o := recordedOr(t, start)
	began, ran := time.Now(), 0
	count := tally{}
	failures := number(t, "FAILURES", 1)
	// The next program runs in Node while ours runs here.
	programs := make(chan Program, 4)
	failed := make(chan error, 1)
	done := make(chan struct{})
	defer close(done)
	go func() {
		defer close(programs)
		for seed := first; seed < first+seeds; seed++ {
			p := Generate(seed)
			if only != "" && !p.edits(only) {
				continue
			}
			if err := o.Send(request{"program", p}); err != nil {
				failed <- err
				return
			}
			select {
			case programs <- p:
			case <-done:
				return
			}
		}
	}()
	for p := range programs {
		yjs, err := o.Receive()
		if err != nil {
			t.Fatalf("seed %d: %v", p.Seed, err)
		}
		count.add(p)
		ran++
		if d := Compare(yjs, Execute(p)); d != nil {
			report(t, p, d)
			if failures--; failures == 0 {
				t.FailNow()
			}
		}
	}
	select {
	case err := <-failed:
		t.Fatal(err)
	default:
	}
	elapsed := time.Since(began)
	verdict := "clean"
	if t.Failed() {
		verdict = "not clean"
	}
	t.Logf("seeds %d to %d: %d programs %s in %v (%.0f a second)", first, first+seeds-1, ran, verdict, elapsed.Round(time.Millisecond), float64(ran)/elapsed.Seconds())
	t.Logf("what ran:\n%s", count)
	if seeds >= enoughSeeds && only == "" {
		count.checkComplete(t)
	}
}

// enoughSeeds is after how many programs every kind of thing has occurred.
const enoughSeeds = 200

// checkComplete checks that nothing the generator knows was left out.
func (c tally) checkComplete(t *testing.T) {
	t.Helper()
	for kind := range stepWeights {
		if c["step "+string(kind)] == 0 {
			t.Errorf("no step of kind %s ran", kind)
		}
		if kind.usesFormat() && c["step "+string(kind)+" in format 2"] == 0 {
			t.Errorf("no step of kind %s ran in format 2", kind)
		}
	}
	for _, kind := range []StepKind{StepWatch, StepUnwatch, StepUndoOpen, StepUndo, StepMark, StepSnap, StepSubdoc, StepClone} {
		if c["step "+string(kind)] == 0 {
			t.Errorf("no step of kind %s ran", kind)
		}
	}
	for kind := range edits {
		if c["edit "+kind] == 0 {
			t.Errorf("no edit of kind %s ran", kind)
		}
	}
}

// report shrinks a diverging program, with a child of its own because the
// first has answers under way.
func report(t *testing.T, p Program, d *Divergence) {
	t.Helper()
	if os.Getenv("SHRINK") == "0" {
		t.Errorf("seed %d diverges at %v", p.Seed, d)
		return
	}
	small, smallest, err := start(t).Shrink(p)
	if err != nil {
		t.Fatalf("seed %d diverges at %v\nand could not be shrunk: %v", p.Seed, d, err)
	}
	t.Errorf("seed %d diverges at %v\nA program in which it does, to be kept in testdata/programs (replay the seed with make oracle SEEDS=1 SEED=%d):\n%s", p.Seed, smallest, p.Seed, small)
}

// TestPrograms runs the programs that once diverged.
func TestPrograms(t *testing.T) {
	files, err := filepath.Glob("testdata/programs/*.json")
	if err != nil {
		t.Fatal(err)
	}
	o := start(t)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			p, err := ParseProgram(text)
			if err != nil {
				t.Fatal(err)
			}
			d, err := o.Check(p)
			if err != nil {
				t.Fatal(err)
			}
			if d != nil {
				t.Errorf("%s\ndiverges again at %v", p.Note, d)
			}
		})
	}
}

// TestProgramString checks that a printed program is the same program.
func TestProgramString(t *testing.T) {
	for seed := range uint64(50) {
		p := Generate(seed)
		q, err := ParseProgram([]byte(p.String()))
		if err != nil {
			t.Fatal(err)
		}
		if p.String() != q.String() {
			t.Fatalf("seed %d:\n%s\nbecame\n%s", seed, p, q)
		}
	}
}

// tally counts steps and operations by kind.
type tally map[string]int

func (c tally) add(p Program) {
	for _, s := range p.Steps {
		c["step "+string(s.Kind)]++
		if s.Kind == StepUndo {
			c["undo: "+[numActs]string{"undo", "redo", "clear", "stop", "scope", "close", "track", "untrack"}[s.N]]++
		}
		if s.Kind.applies() && s.Origin != "" {
			c["step "+string(s.Kind)+" with an origin"]++
		}
		if s.V2 {
			c["step "+string(s.Kind)+" in format 2"]++
		}
		for _, op := range s.Ops {
			c["edit "+op.Kind]++
			for _, v := range op.Values {
				c["value "+v.Kind]++
			}
		}
	}
	for _, r := range p.Replicas {
		switch {
		case r.ID >= 1<<32:
			c["replica with an id of 53 bits"]++
		default:
			c["replica with an id of 32 bits"]++
		}
		if r.Hooks {
			c["replica whose hooks are noted"]++
		}
		if r.Watch > 0 {
			c["replica whose roots are observed"]++
		}
		for _, op := range r.React {
			c["edit "+op.Kind+" by an observer"]++
		}
		if r.Keep > 0 {
			c["replica that collects only a part"]++
		}
		if r.NoGC {
			c["replica without garbage collection"]++
		}
	}
}

func (c tally) String() string {
	keys := make([]string, 0, len(c))
	for k := range c {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	out := ""
	for _, k := range keys {
		out += fmt.Sprintf("  %8d %s\n", c[k], k)
	}
	return out
}
