//go:build !js

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/crdt/tracetest"
	"github.com/sheafdocs/sheaf/node"
	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/store/badgerstore"
)

// openReport is what "sheaf-bench open" prints.
type openReport struct {
	Trace     string  `json:"trace"`
	OK        bool    `json:"ok"`
	Edits     int     `json:"edits"`
	Entries   uint64  `json:"entries"`
	TextMS    float64 `json:"text_ms"`     // start of the process → its text, median
	LiveMS    float64 `json:"live_ms"`     // start of the process → it can be edited, median
	StartMS   float64 `json:"start_ms"`    // of it: start of the process → store and node are open
	TextCPU   float64 `json:"text_cpu_ms"` // processor time of the process until then, median: other work on the machine does not count
	LiveCPU   float64 `json:"live_cpu_ms"`
	View      bool    `json:"view"`           // the store had a view of it
	ViewBytes int64   `json:"view_bytes"`     // the view's records, sealed, as they lie in the store
	Runs      int     `json:"runs"`           // processes, one after another
	IdleBytes int64   `json:"idle_bytes"`     // memory one more open document of a page of text takes: heap and stacks
	IdleDocs  int     `json:"idle_documents"` // measured with so many
	Machine   machine `json:"machine"`
}

// openStep is a line from a process that opens a store.
type openStep struct {
	Step string `json:"step"` // open, text, live
	At   int64  `json:"at"`   // unix ns
	CPU  int64  `json:"cpu"`  // ns
	OK   bool   `json:"ok"`
}

func stepNow(step string, ok bool) openStep {
	return openStep{step, time.Now().UnixNano(), cpuTime().Nanoseconds(), ok}
}

// benchSeeds makes the device of a benchmark the same in every process.
var benchSeeds = [2][32]byte{{1}, {2}}

func open(args []string) error {
	flags := flag.NewFlagSet("open", flag.ContinueOnError)
	path := flags.String("trace", "", "the recorded history, .json or .json.gz")
	runs := flags.Int("runs", 9, "how many processes open the store, one after another")
	perEntry := flags.Int("edits-per-entry", 0, "edits that become an entry together; 0: as many as fit into one")
	byLog := flags.Bool("without-view", false, "delete the stored view before each process")
	idle := flags.Int("idle", 1000, "how many documents of a page of text to measure the memory with")
	asJSON := flags.Bool("json", false, "print the report as JSON")
	if err := parse(flags, args); err != nil {
		return err
	}
	if *path == "" || *runs < 1 || *idle < 1 {
		return errors.New("open needs --trace FILE, --runs and --idle from 1")
	}
	t, err := tracetest.Read(*path)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "sheaf-open-")
	if err != nil {
		return fmt.Errorf("make directory: %w", err)
	}
	defer os.RemoveAll(dir)
	rep := &openReport{
		Trace: *path, Edits: len(t.Txns), Runs: *runs, IdleDocs: *idle, OK: true, View: !*byLog,
		Machine: thisMachine(),
	}
	if rep.Entries, err = fill(dir, t, *perEntry); err != nil {
		return err
	}
	if rep.ViewBytes, err = leaveAlone(dir); err != nil {
		return err
	}
	if err := rep.measure(dir, *path, *byLog); err != nil {
		return err
	}
	if rep.IdleBytes, err = idleBytes(*idle); err != nil {
		return err
	}
	if *asJSON {
		enc := json.NewEncoder(os.Stdout)
		enc.SetIndent("", "  ")
		err = enc.Encode(rep)
	} else {
		fmt.Printf("%s: open after %.0f ms, text after %.0f ms (processor %.0f ms), live after %.0f ms (%.0f ms) (%d edits in %d entries, with a view: %v; it takes %d bytes); an idle document takes %d bytes; text right: %v\n",
			rep.Trace, rep.StartMS, rep.TextMS, rep.TextCPU, rep.LiveMS, rep.LiveCPU, rep.Edits, rep.Entries, rep.View, rep.ViewBytes, rep.IdleBytes, rep.OK)
	}
	if err == nil && !rep.OK {
		err = errWrongText
	}
	return err
}

// benchNode is a node without a network on a store in dir.
func benchNode(dir string, now func() time.Time) (*node.Node, func() error, error) {
	key, err := identity.FromSeeds(benchSeeds[0], benchSeeds[1])
	if err != nil {
		return nil, nil, err
	}
	st, _, err := badgerstore.Open(badgerstore.Config{Dir: dir})
	if err != nil {
		return nil, nil, err
	}
	n, err := node.New(node.Config{Key: key, Store: st, Now: now})
	if err != nil {
		return nil, nil, errors.Join(err, st.Close())
	}
	return n, func() error { return errors.Join(n.Close(), st.Close()) }, nil
}

// hurried is a clock that goes on a second whenever it is looked at: edits do
// not wait for company.
func hurried() func() time.Time {
	var looked atomic.Int64
	start := time.Now()
	return func() time.Time { return start.Add(time.Duration(looked.Add(1)) * time.Second) }
}

// fill writes the history into a document, by a session for each of its
// agents, and returns the number of entries that took.
func fill(dir string, t *tracetest.Trace, perEntry int) (entries uint64, err error) {
	var now func() time.Time
	if perEntry > 0 {
		now = hurried()
	}
	n, stop, err := benchNode(dir, now)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	d, err := n.Create(context.Background(), "")
	if err != nil {
		return 0, err
	}
	sessions := make([]*node.Session, t.NumAgents)
	clients := make([]crdt.ClientID, t.NumAgents)
	for i := range sessions {
		lease, err := d.Lease(context.Background(), "")
		if err != nil {
			return 0, err
		}
		sessions[i] = lease.Session
	}
	slices.SortFunc(sessions, func(a, b *node.Session) int { return int(int64(a.Client()>>1) - int64(b.Client()>>1)) })
	for i, s := range sessions {
		clients[i] = s.Client()
	}
	made, err := simulate(t, clients)
	if err != nil {
		return 0, err
	}
	atOnce, sent := 500, n.Stats().EntriesSent
	if perEntry > 0 {
		atOnce = perEntry
	}
	for from := 0; from < len(made); {
		var batch [][]byte
		agent := made[from].agent
		for ; from < len(made) && made[from].agent == agent && len(batch) < atOnce; from++ {
			if made[from].update != nil {
				batch = append(batch, made[from].update)
			}
		}
		update, err := crdt.MergeUpdates(batch...)
		if err == nil {
			err = sessions[agent].Update(update)
		}
		if err != nil {
			return 0, err
		}
		for perEntry > 0 && n.Stats().EntriesSent == sent {
			time.Sleep(100 * time.Microsecond)
		}
		sent = n.Stats().EntriesSent
	}
	for _, s := range sessions {
		s.Close()
	}
	settle(n)
	if d.Text() != t.EndContent {
		return 0, errWrongText
	}
	return n.Stats().EntriesSent, nil
}

// measure has processes open the store and takes medians.
func (rep *openReport) measure(dir, trace string, byLog bool) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	times := map[string][]float64{}
	for range rep.Runs {
		if byLog {
			if err := dropViews(dir); err != nil {
				return err
			}
		}
		cmd := exec.Command(self, "open-node", "--dir", dir, "--trace", trace)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			return err
		}
		start := time.Now()
		if err := cmd.Start(); err != nil {
			return err
		}
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			var s openStep
			if err := json.Unmarshal(lines.Bytes(), &s); err != nil {
				return err
			}
			rep.OK = rep.OK && s.OK
			times[s.Step] = append(times[s.Step], float64(s.At-start.UnixNano())/1e6)
			times[s.Step+" cpu"] = append(times[s.Step+" cpu"], float64(s.CPU)/1e6)
		}
		if err := cmd.Wait(); err != nil {
			return err
		}
	}
	for _, list := range times {
		slices.Sort(list)
	}
	if len(times["live"]) != rep.Runs {
		return errors.New("a process ended early")
	}
	median := func(step string) float64 { return times[step][rep.Runs/2] }
	rep.StartMS, rep.TextMS, rep.LiveMS = median("open"), median("text"), median("live")
	rep.TextCPU, rep.LiveCPU = median("text cpu"), median("live cpu")
	return nil
}

// openNode opens a store and says when its document shows and when it lives.
func openNode(args []string) error {
	flags := flag.NewFlagSet("open-node", flag.ContinueOnError)
	dir := flags.String("dir", "", "")
	path := flags.String("trace", "", "")
	if err := flags.Parse(args); err != nil {
		return err
	}
	n, stop, err := benchNode(*dir, nil)
	if err != nil {
		return err
	}
	out := json.NewEncoder(os.Stdout)
	steps := []openStep{stepNow("open", true)}
	var text string
	for _, d := range n.Documents() {
		text = d.Text()
		steps = append(steps, stepNow("text", true))
		lease, err := d.Lease(context.Background(), "")
		if err != nil {
			return err
		}
		// An update that changes nothing is merged like any other.
		if err := lease.Session.Update([]byte{0, 0}); err != nil {
			return err
		}
		steps = append(steps, stepNow("live", true))
	}
	t, err := tracetest.Read(*path)
	if err != nil {
		return err
	}
	for _, s := range steps {
		s.OK = s.OK && text == t.EndContent
		if err := out.Encode(s); err != nil {
			return err
		}
	}
	return stop()
}

// idleBytes is what one more open document of a page of text keeps in memory.
func idleBytes(documents int) (bytes int64, err error) {
	dir, err := os.MkdirTemp("", "sheaf-idle-")
	if err != nil {
		return 0, fmt.Errorf("make directory: %w", err)
	}
	defer os.RemoveAll(dir)
	n, stop, err := benchNode(dir, nil)
	if err != nil {
		return 0, err
	}
	page := strings.Repeat("A page of text, as people write it. ", 80)
	for range documents {
		d, err := n.Create(context.Background(), "page")
		if err != nil {
			return 0, err
		}
		err = d.Edit(context.Background(), func(tx *crdt.Txn, doc *crdt.Doc) error { return doc.Text("text").Insert(tx, 0, page) })
		if err != nil {
			return 0, err
		}
	}
	settle(n)
	if err := stop(); err != nil {
		return 0, err
	}
	if _, err := leaveAlone(dir); err != nil {
		return 0, err
	}
	empty, err := heapOf(dir + ".none")
	if err != nil {
		return 0, err
	}
	full, err := heapOf(dir)
	return (full - empty) / int64(documents), err
}

// settle returns when no more entries are made: until then documents hold
// their edits as drafts as well.
func settle(n *node.Node) {
	const quiet = 4 * time.Second // more than edits wait for company
	last, since := n.Stats().EntriesSent, time.Now()
	for time.Since(since) < quiet {
		time.Sleep(100 * time.Millisecond)
		if now := n.Stats().EntriesSent; now != last {
			last, since = now, time.Now()
		}
	}
}

// heapOf is what heap and stacks take while a node has the store in dir open.
func heapOf(dir string) (int64, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return 0, err
	}
	n, stop, err := benchNode(dir, nil)
	if err != nil {
		return 0, err
	}
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	runtime.KeepAlive(n)
	return int64(m.HeapAlloc + m.StackInuse), stop()
}
