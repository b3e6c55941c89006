package main

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
)

// trace is a recorded editing history. A sequential one has one agent, whose
// every transaction follows the one before.
type trace struct {
	Kind         string        `json:"kind"`
	StartContent string        `json:"startContent"`
	EndContent   string        `json:"endContent"`
	NumAgents    int           `json:"numAgents"`
	Txns         []transaction `json:"txns"`

	astral bool // some character takes two UTF-16 units
}

// transaction is what one agent did at once, seeing what its parents and
// everything before them had done.
type transaction struct {
	Parents []int   `json:"parents"`
	Agent   int     `json:"agent"`
	Patches []patch `json:"patches"`
}

// patch replaces text; positions and counts are in Unicode code points.
type patch struct {
	Pos, Del int
	Insert   string
}

// UnmarshalJSON reads [position, deleteCount, insertText].
func (p *patch) UnmarshalJSON(b []byte) error {
	var parts [3]json.RawMessage
	if err := json.Unmarshal(b, &parts); err != nil {
		return err
	}
	for i, dst := range []any{&p.Pos, &p.Del, &p.Insert} {
		if err := json.Unmarshal(parts[i], dst); err != nil {
			return err
		}
	}
	if p.Pos < 0 || p.Del < 0 {
		return fmt.Errorf("patch at %d deletes %d", p.Pos, p.Del)
	}
	return nil
}

// maxTraceBytes bounds an unpacked trace.
const maxTraceBytes = 512 << 20

// readTrace reads a trace file, packed or not, and checks its references.
func readTrace(path string) (*trace, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open trace: %w", err)
	}
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(path, ".gz") {
		gz, err := gzip.NewReader(f)
		if err != nil {
			return nil, fmt.Errorf("unpack trace: %w", err)
		}
		r = gz
	}
	t := new(trace)
	if err := json.NewDecoder(io.LimitReader(r, maxTraceBytes)).Decode(t); err != nil {
		return nil, fmt.Errorf("read trace %s: %w", path, err)
	}
	return t, t.prepare()
}

// prepare gives a sequential trace the form of a concurrent one, and checks
// that parents come before their children.
func (t *trace) prepare() error {
	t.astral = hasAstral(t.StartContent)
	for i := range t.Txns {
		x := &t.Txns[i]
		if t.Kind != "concurrent" && i > 0 {
			x.Parents = []int{i - 1}
		}
		for _, p := range x.Parents {
			if p < 0 || p >= i {
				return fmt.Errorf("read trace: transaction %d has parent %d", i, p)
			}
		}
		if x.Agent < 0 || x.Agent > 1<<16 {
			return fmt.Errorf("read trace: transaction %d is of agent %d", i, x.Agent)
		}
		t.NumAgents = max(t.NumAgents, x.Agent+1)
		for _, p := range x.Patches {
			t.astral = t.astral || hasAstral(p.Insert)
		}
	}
	return nil
}

// hasAstral tells whether a character of s takes two UTF-16 units.
func hasAstral(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r > 0xffff })
}

// edits counts the patches.
func (t *trace) edits() int {
	n := 0
	for i := range t.Txns {
		n += len(t.Txns[i].Patches)
	}
	return n
}

// seen returns, for each transaction, how many transactions of each agent its
// agent sees: all before it in the graph. The transactions of one agent are
// taken to follow each other.
func (t *trace) seen() [][]int32 {
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
