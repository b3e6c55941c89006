//go:build !js

package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"time"

	"github.com/sheafdocs/sheaf/crdt/tracetest"
)

// errWrongText ends a run whose nodes do not hold the expected text.
var errWrongText = errors.New("a node holds a wrong text")

// report is what a replay prints.
type report struct {
	Trace       string       `json:"trace"`
	Nodes       int          `json:"nodes"`
	Agents      int          `json:"agents"`
	OK          bool         `json:"ok"`
	Problem     string       `json:"problem,omitempty"`
	Edits       int          `json:"edits"`
	Seconds     float64      `json:"seconds"`     // from the first edit until every node has the end
	EditsPerSec float64      `json:"editsPerSec"` // edits / seconds
	WirePerEdit float64      `json:"wireBytesPerEdit"`
	LatencyMS   latency      `json:"latencyMs"` // one node's store → another's page-facing state
	PerNode     []nodeReport `json:"perNode"`
	Machine     string       `json:"machine"`
	Time        string       `json:"time"`
}

type latency struct {
	P50     float64 `json:"p50"`
	P99     float64 `json:"p99"`
	Samples int     `json:"samples"`
}

// command is what the replay tells a node, answer what the node says; each a
// line of JSON.
type command struct {
	Do      string   `json:"do"` // join, clients, run, finish
	Link    string   `json:"link,omitempty"`
	Clients []uint64 `json:"clients,omitempty"`
}

type answer struct {
	Link     string           `json:"link,omitempty"`
	Clients  map[int][]uint64 `json:"clients,omitempty"` // by agent: ids its session may have
	Node     *nodeReport      `json:"node,omitempty"`
	EndedAt  int64            `json:"endedAt,omitempty"` // unix ns
	TextFile string           `json:"textFile,omitempty"`
	Times    *times           `json:"times,omitempty"`
	Error    string           `json:"error,omitempty"`
}

// nodeReport is what one node counted.
type nodeReport struct {
	EntriesSent      uint64 `json:"entriesSent"`
	EntriesVerified  uint64 `json:"entriesVerified"`
	EntriesDecrypted uint64 `json:"entriesDecrypted"`
	EntriesInert     uint64 `json:"entriesInert"`
	WireBytesOut     int64  `json:"wireBytesOut"`
	StateHash        string `json:"stateHash"`
	StoreBytes       int64  `json:"storeBytes"`
}

// times are moments, in unix ns: when an own edit was durable here, and when
// another's showed here.
type times struct {
	Acked map[int][]moment `json:"acked"` // by agent
	Shown map[int][]moment `json:"shown"`
}

// moment is when everything of an agent below Clock was there.
type moment struct {
	Clock uint64 `json:"c"`
	At    int64  `json:"t"`
}

func replay(args []string) error {
	flags := flag.NewFlagSet("replay", flag.ContinueOnError)
	path := flags.String("trace", "", "the recorded history, .json or .json.gz")
	nodes := flags.Int("nodes", 2, "how many nodes take part")
	dir := flags.String("dir", "", "where the nodes keep their stores (default: a temporary directory)")
	asJSON := flags.Bool("json", false, "print the report as JSON")
	limit := flags.Duration("timeout", 15*time.Minute, "give up after this long")
	if err := parse(flags, args); err != nil {
		return err
	}
	if *path == "" || *nodes < 1 || *nodes > 32 {
		return errors.New("replay needs --trace FILE and --nodes from 1 to 32")
	}
	t, err := tracetest.Read(*path)
	if err != nil {
		return err
	}
	if *dir == "" {
		if *dir, err = os.MkdirTemp("", "sheaf-replay-"); err != nil {
			return fmt.Errorf("make directory: %w", err)
		}
		defer os.RemoveAll(*dir)
	}
	r := &run1{trace: t, path: *path, dir: *dir, deadline: time.Now().Add(*limit)}
	defer r.stop()
	rep, err := r.replay(*nodes)
	if err != nil {
		return err
	}
	if err := print(rep, *asJSON); err != nil {
		return err
	}
	if !rep.OK {
		return fmt.Errorf("%w: %s", errWrongText, rep.Problem)
	}
	return nil
}

func print(rep *report, asJSON bool) error {
	if asJSON {
		enc := json.NewEncoder(os.Stdout)
		enc.SetIndent("", "  ")
		return enc.Encode(rep)
	}
	fmt.Printf("%s on %d nodes: %d edits in %.1f s, %.0f edits/s, %.0f bytes on the wire an edit, p50 %.1f ms, p99 %.1f ms, texts right: %v\n",
		rep.Trace, rep.Nodes, rep.Edits, rep.Seconds, rep.EditsPerSec, rep.WirePerEdit, rep.LatencyMS.P50, rep.LatencyMS.P99, rep.OK)
	return nil
}

// run1 is one replay.
type run1 struct {
	trace    *tracetest.Trace
	path     string
	dir      string
	deadline time.Time
	nodes    []*child
}

// child is a node in a process of its own.
type child struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func (r *run1) replay(n int) (*report, error) {
	for i := range n {
		c, err := r.startNode(i, n)
		if err != nil {
			return nil, err
		}
		r.nodes = append(r.nodes, c)
	}
	first, err := r.nodes[0].ask(command{Do: "create"}, r.deadline)
	if err != nil {
		return nil, err
	}
	for _, c := range r.nodes[1:] {
		if _, err := c.ask(command{Do: "join", Link: first.Link}, r.deadline); err != nil {
			return nil, err
		}
	}
	clients, err := r.chooseClients()
	if err != nil {
		return nil, err
	}
	if _, err := r.all(command{Do: "prepare", Clients: clients}); err != nil {
		return nil, err
	}
	start := time.Now()
	ended, err := r.all(command{Do: "run"})
	if err != nil {
		return nil, err
	}
	finished, err := r.all(command{Do: "finish"})
	if err != nil {
		return nil, err
	}
	return r.report(start, ended, finished)
}

func (r *run1) startNode(i, n int) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find own program: %w", err)
	}
	cmd := exec.Command(self, "replay-node", "--trace", r.path, "--dir", filepath.Join(r.dir, "node"+strconv.Itoa(i)),
		"--index", strconv.Itoa(i), "--nodes", strconv.Itoa(n))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start node: %w", err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start node: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start node: %w", err)
	}
	return &child{cmd: cmd, in: in, out: bufio.NewReaderSize(out, 1<<20)}, nil
}

// stop ends every node, by closing its standard input, then by killing it.
func (r *run1) stop() {
	for _, c := range r.nodes {
		c.in.Close()
	}
	for _, c := range r.nodes {
		timer := time.AfterFunc(20*time.Second, func() { c.cmd.Process.Kill() })
		c.cmd.Wait()
		timer.Stop()
	}
}

// ask tells a node something and waits for its answer.
func (c *child) ask(cmd command, deadline time.Time) (*answer, error) {
	if err := json.NewEncoder(c.in).Encode(cmd); err != nil {
		return nil, fmt.Errorf("tell node to %s: %w", cmd.Do, err)
	}
	timer := time.AfterFunc(time.Until(deadline), func() { c.cmd.Process.Kill() })
	defer timer.Stop()
	line, err := c.out.ReadBytes('\n')
	if err != nil {
		return nil, fmt.Errorf("node ended while asked to %s: %w", cmd.Do, err)
	}
	a := new(answer)
	if err := json.Unmarshal(line, a); err != nil {
		return nil, fmt.Errorf("read answer to %s: %w", cmd.Do, err)
	}
	if a.Error != "" {
		return nil, fmt.Errorf("node could not %s: %s", cmd.Do, a.Error)
	}
	return a, nil
}

// all asks every node at once.
func (r *run1) all(cmd command) ([]*answer, error) {
	answers := make([]*answer, len(r.nodes))
	errs := make([]error, len(r.nodes))
	done := make(chan int)
	for i, c := range r.nodes {
		go func() {
			answers[i], errs[i] = c.ask(cmd, r.deadline)
			done <- i
		}()
	}
	for range r.nodes {
		<-done
	}
	return answers, errors.Join(errs...)
}

// chooseClients picks a client id for each agent, ascending with the agent's
// index: only then does Yjs order concurrent insertions as the history did.
func (r *run1) chooseClients() ([]uint64, error) {
	answers, err := r.all(command{Do: "clients"})
	if err != nil {
		return nil, err
	}
	chosen := make([]uint64, r.trace.NumAgents)
	last := uint64(0)
	for agent := range chosen {
		var offered []uint64
		for _, a := range answers {
			offered = append(offered, a.Clients[agent]...)
		}
		slices.Sort(offered)
		i := slices.IndexFunc(offered, func(c uint64) bool { return c > last })
		if i < 0 {
			return nil, errors.New("the sessions' client ids do not ascend with the agents; run it again")
		}
		chosen[agent], last = offered[i], offered[i]
	}
	return chosen, nil
}

// report compares the texts and puts the figures together.
func (r *run1) report(start time.Time, ended, finished []*answer) (*report, error) {
	rep := &report{
		Trace: filepath.Base(r.path), Nodes: len(r.nodes), Agents: r.trace.NumAgents, OK: true,
		Edits:   r.trace.Edits(),
		Machine: fmt.Sprintf("%s/%s, %d CPUs, %s", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version()),
		Time:    start.UTC().Format(time.RFC3339),
	}
	end := start
	wire := int64(0)
	for i, a := range finished {
		if at := time.Unix(0, ended[i].EndedAt); at.After(end) {
			end = at
		}
		wire += a.Node.WireBytesOut
		rep.PerNode = append(rep.PerNode, *a.Node)
		text, err := os.ReadFile(a.TextFile)
		if err != nil {
			return nil, fmt.Errorf("read text of node %d: %w", i, err)
		}
		if problem := difference(string(text), r.trace.EndContent); problem != "" && rep.OK {
			rep.OK, rep.Problem = false, fmt.Sprintf("node %d: %s", i, problem)
		}
		if a.Node.StateHash != finished[0].Node.StateHash && rep.OK {
			rep.OK, rep.Problem = false, fmt.Sprintf("nodes 0 and %d have different state hashes", i)
		}
	}
	rep.Seconds = end.Sub(start).Seconds()
	rep.EditsPerSec = float64(rep.Edits) / rep.Seconds
	rep.WirePerEdit = float64(wire) / float64(rep.Edits)
	rep.LatencyMS = measure(finished)
	return rep, nil
}

// difference says where two texts part; "" when they are equal.
func difference(got, want string) string {
	if got == want {
		return ""
	}
	i := 0
	for i < len(got) && i < len(want) && got[i] == want[i] {
		i++
	}
	cut := func(s string) string { return s[max(0, i-20):min(len(s), i+20)] }
	return fmt.Sprintf("text of %d bytes instead of %d, first difference at byte %d: %q instead of %q",
		len(got), len(want), i, cut(got), cut(want))
}

// measure relates when an edit was durable at its author's node to when it
// showed at the others.
func measure(finished []*answer) latency {
	var all []float64
	for i, author := range finished {
		for agent, acked := range author.Times.Acked {
			for j, other := range finished {
				if j != i {
					all = append(all, delays(acked, other.Times.Shown[agent])...)
				}
			}
		}
	}
	if len(all) == 0 {
		return latency{}
	}
	slices.Sort(all)
	return latency{P50: all[len(all)/2], P99: all[len(all)*99/100], Samples: len(all)}
}

// delays returns, in ms, how long after each moment in from the same clock was
// reached in to.
func delays(from, to []moment) []float64 {
	var out []float64
	i := 0
	for _, m := range from {
		for i < len(to) && to[i].Clock < m.Clock {
			i++
		}
		if i == len(to) {
			break
		}
		out = append(out, float64(to[i].At-m.At)/1e6)
	}
	return out
}
