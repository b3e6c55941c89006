// Package tracetest reads recorded editing histories, which tests and
// benchmarks replay. The histories are no part of this repository
// (docs/benchmarks.md says where they come from): Read and ReadUpdate report
// ErrAbsent for one that is not here, and Load and LoadUpdate skip the test.
// A file costs memory in proportion to named limits, whatever it says of
// itself.
package tracetest

import (
	"fmt"
	"iter"
	"strings"
)

// Names of the histories that are known.
const (
	Paper   = "automerge-paper.json.gz" // one author; within the basic plane, so code points are UTF-16 units
	Friends = "friendsforever.json.gz"  // two authors at once
	S3      = "S3.yjs"                  // an update of format 2, nearly all of it deleted
	A1      = "A1.yjs"                  // an update of format 2, of 192 authors
)

// Kinds of a trace.
const (
	Sequential = "sequential" // one agent, whose every transaction follows the one before
	Concurrent = "concurrent" // a graph of transactions
)

// Trace is a recorded editing history.
type Trace struct {
	Kind         string
	StartContent string
	EndContent   string
	NumAgents    int
	Txns         []Transaction
	Astral       bool // some character takes two UTF-16 units
}

// Transaction is what one agent did at once, seeing what its parents (indexes
// of earlier transactions) and everything before them had done.
type Transaction struct {
	Parents []int   `json:"parents"`
	Agent   int     `json:"agent"`
	Patches []Patch `json:"patches"`
}

// Patch replaces text; positions and counts are in Unicode code points.
type Patch struct {
	Pos, Del int
	Insert   string
}

// Patches yields all patches in the order in which they were recorded.
func (t *Trace) Patches() iter.Seq[Patch] {
	return func(yield func(Patch) bool) {
		for i := range t.Txns {
			for _, p := range t.Txns[i].Patches {
				if !yield(p) {
					return
				}
			}
		}
	}
}

// Edits counts the patches.
func (t *Trace) Edits() int {
	n := 0
	for i := range t.Txns {
		n += len(t.Txns[i].Patches)
	}
	return n
}

// Seen returns, for each transaction, how many transactions of each agent its
// agent sees: all before it in the graph. The transactions of one agent are
// taken to follow each other.
func (t *Trace) Seen() [][]int32 {
	after := make([][]int32, len(t.Txns)) // including the transaction itself
	counts := make([]int32, t.NumAgents)
	before := make([][]int32, len(t.Txns))
	for i := range t.Txns {
		x := &t.Txns[i]
		v := make([]int32, t.NumAgents)
		for _, p := range x.Parents {
			for a, n := range after[p] {
				v[a] = max(v[a], n)
			}
		}
		v[x.Agent] = counts[x.Agent] // an agent sees what it did itself
		before[i] = v
		counts[x.Agent]++
		w := append([]int32(nil), v...)
		w[x.Agent] = counts[x.Agent]
		after[i] = w
	}
	return before
}

// prepare gives a sequential trace the form of a concurrent one, and checks
// what the trace says of itself: parents come before their children.
func (t *Trace) prepare() error {
	switch t.Kind {
	case "":
		t.Kind = Sequential
	case Sequential, Concurrent:
	default:
		return fmt.Errorf("kind %q is not known", t.Kind)
	}
	if t.NumAgents < 0 || t.NumAgents > maxAgents {
		return fmt.Errorf("%d agents; at most %d are read", t.NumAgents, maxAgents)
	}
	t.Astral = hasAstral(t.StartContent)
	for i := range t.Txns {
		x := &t.Txns[i]
		if t.Kind == Sequential && i > 0 {
			x.Parents = []int{i - 1}
		}
		for _, p := range x.Parents {
			if p < 0 || p >= i {
				return fmt.Errorf("transaction %d has parent %d", i, p)
			}
		}
		if x.Agent < 0 || x.Agent >= maxAgents {
			return fmt.Errorf("transaction %d is of agent %d", i, x.Agent)
		}
		t.NumAgents = max(t.NumAgents, x.Agent+1)
		for _, p := range x.Patches {
			t.Astral = t.Astral || hasAstral(p.Insert)
		}
	}
	if len(t.Txns)*t.NumAgents > maxSeen {
		return fmt.Errorf("%d transactions of %d agents are too many together", len(t.Txns), t.NumAgents)
	}
	return nil
}

// hasAstral tells whether a character of s takes two UTF-16 units.
func hasAstral(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r > 0xffff })
}
