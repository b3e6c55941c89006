package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"
)

// maxGrowth is how much more a work may cost at ten times its size.
const maxGrowth = 12

// scaleResult is what a workload costs at one, ten and a hundred times a size,
// and how that grows each time.
type scaleResult struct {
	Work      string    `json:"work"`
	Yardstick bool      `json:"yardstick,omitempty"`
	OK        bool      `json:"ok"`
	Sizes     []int     `json:"sizes"`
	Cost      []float64 `json:"cost"`
	Growth    []float64 `json:"growth"` // each size against the one before
	Error     string    `json:"error,omitempty"`
}

// scaleCost is what the cost of a workload at a size is counted in.
type scaleCost struct {
	unit   string
	format string // of one figure
	of     func(w scaleWork, n int) (float64, error)
}

var (
	scaleByTime         = scaleCost{"ms of the processor", "%.3f", leastTime}
	scaleByInstructions = scaleCost{"instructions", "%.0f", instructions}
)

// A workload runs at each size at least so long and so often.
const (
	scaleTime = 500 * time.Millisecond
	scaleRuns = 4
)

// scaleCommand looks for cost that is out of proportion.
//
// Most documents outgrow the caches of a processor from the first size to the last,
// so that what is fetched from memory adds to the time of the work. Instructions, and
// a --times below 1, tell the two apart.
func scaleCommand(args []string) error {
	fs := flag.NewFlagSet("scale", flag.ContinueOnError)
	asJSON := fs.Bool("json", false, "print JSON")
	only := fs.String("work", "", "`name` of one workload")
	counted := fs.Bool("instructions", false, "count instructions, by valgrind, instead of time")
	times := fs.Float64("times", 1, "`factor` of all sizes")
	if err := parse(fs, args); err != nil {
		return err
	}
	if !(*times >= 0.01 && *times <= 10) {
		return fmt.Errorf("scale: --times is %v, not from 0.01 to 10", *times)
	}
	works := scaleWorks
	if *only != "" {
		w, err := scaleWorkNamed(*only)
		if err != nil {
			return fmt.Errorf("scale: %w", err)
		}
		works = []scaleWork{w}
	}
	cost := scaleByTime
	if *counted {
		cost = scaleByInstructions
		if err := canCountInstructions(); err != nil {
			return fmt.Errorf("scale: %w", err)
		}
	}
	report := struct {
		Machine machine       `json:"machine"`
		Unit    string        `json:"unit"`
		Results []scaleResult `json:"results"`
	}{Machine: thisMachine(), Unit: cost.unit}
	if !*asJSON {
		fmt.Println("in", cost.unit)
	}
	var bad error
	for _, w := range works {
		r := w.measure(*times, cost)
		if !*asJSON {
			fmt.Println(r.line(cost))
		}
		if !r.OK {
			bad = errors.Join(bad, fmt.Errorf("%s: %s", r.Work, r.Error))
		}
		report.Results = append(report.Results, r)
	}
	if *asJSON {
		enc := json.NewEncoder(os.Stdout)
		enc.SetIndent("", "  ")
		if err := enc.Encode(report); err != nil {
			return err
		}
	}
	return bad
}

// scaleWorkNamed finds a workload; its error names all.
func scaleWorkNamed(name string) (scaleWork, error) {
	var names []string
	for _, w := range scaleWorks {
		if w.name == name {
			return w, nil
		}
		names = append(names, w.name)
	}
	return scaleWork{}, fmt.Errorf("there is no workload %q; there are %s", name, strings.Join(names, ", "))
}

// measure finds what a workload costs at its three sizes.
func (w scaleWork) measure(times float64, cost scaleCost) scaleResult {
	size := max(1, int(times*float64(w.size)))
	r := scaleResult{Work: w.name, Yardstick: w.yardstick, OK: true}
	var steep []string
	for i, n := range []int{size, 10 * size, 100 * size} {
		c, err := cost.of(w, n)
		if err != nil {
			r.OK, r.Error = false, fmt.Sprintf("at size %d: %v", n, err)
			return r
		}
		r.Sizes, r.Cost = append(r.Sizes, n), append(r.Cost, c)
		if i == 0 {
			continue
		}
		growth := c / r.Cost[i-1]
		r.Growth = append(r.Growth, growth)
		if growth > maxGrowth && !w.yardstick {
			steep = append(steep, fmt.Sprintf("%d costs %.1f times as much as %d", n, growth, n/10))
		}
	}
	if len(steep) > 0 {
		r.OK, r.Error = false, fmt.Sprintf("%s; %d times would do", strings.Join(steep, ", "), maxGrowth)
	}
	return r
}

// line is a result as text.
func (r scaleResult) line(cost scaleCost) string {
	name := r.Work
	if r.Yardstick {
		name += " (yardstick)"
	}
	var costs []string
	for _, c := range r.Cost {
		costs = append(costs, fmt.Sprintf(cost.format, c))
	}
	return fmt.Sprintf("%-26s %v at %v, grows %.1f", name, costs, r.Sizes, r.Growth)
}

// scaleMemory is how many bytes a run may take before the collector runs after all.
const scaleMemory = 8 << 30

// leastTime returns the time of a workload's quickest run, without its preparation:
// whatever else goes on, on the machine or in its caches, only adds to it.
//
// Go's collector does not run while a heap is below 4 MiB, as it is at the
// smallest sizes only; so it is off at all of them, and what is compared is the
// work that was asked for.
func leastTime(w scaleWork, n int) (float64, error) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(scaleMemory))
	runtime.LockOSThread() // see measureWork
	defer runtime.UnlockOSThread()
	least, total := math.Inf(1), time.Duration(0)
	for run := 0; run < scaleRuns || total < scaleTime; run++ {
		work, err := w.prepare(n)
		if err != nil {
			return 0, err
		}
		runtime.GC()
		start := cpuTime()
		if err := work(); err != nil {
			return 0, err
		}
		took := cpuTime() - start
		least, total = min(least, float64(took)/1e6), total+took
	}
	return least, nil
}
