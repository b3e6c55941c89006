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
	"time"
)

// maxGrowth is how much more a work may take at ten times its size.
const maxGrowth = 12

// scaleResult is what a workload costs at one, ten and a hundred times a size,
// in milliseconds of the processor, and how it grows each time.
type scaleResult struct {
	Work   string    `json:"work"`
	OK     bool      `json:"ok"`
	Sizes  []int     `json:"sizes"`
	CPU    []float64 `json:"cpu_ms"` // of the quickest run
	Growth []float64 `json:"growth"` // each size against the one before
	Error  string    `json:"error,omitempty"`
}

// A workload runs at each size at least so long and so often.
const (
	scaleTime = 500 * time.Millisecond
	scaleRuns = 4
)

// scaleCommand looks for cost that is out of proportion.
//
// At its own sizes most documents outgrow the caches of a processor on the way, so
// that what is fetched from memory adds to the growth of the work. A --times below 1
// tells the two apart.
func scaleCommand(args []string) error {
	fs := flag.NewFlagSet("scale", flag.ContinueOnError)
	asJSON := fs.Bool("json", false, "print JSON")
	only := fs.String("work", "", "`name` of one workload")
	times := fs.Float64("times", 1, "`factor` of all sizes")
	if err := fs.Parse(args); err != nil {
		return err
	}
	if !(*times >= 0.01 && *times <= 10) {
		return fmt.Errorf("scale: --times is %v, not from 0.01 to 10", *times)
	}
	report := struct {
		Machine machine       `json:"machine"`
		Results []scaleResult `json:"results"`
	}{Machine: thisMachine()}
	var bad error
	for _, w := range scaleWorks {
		if *only != "" && w.name != *only {
			continue
		}
		r := w.measure(*times)
		if !*asJSON {
			fmt.Printf("%-32s %v ms at %v, grows %.1f\n", r.Work, r.CPU, r.Sizes, r.Growth)
		}
		if !r.OK {
			bad = errors.Join(bad, fmt.Errorf("%s: %s", r.Work, r.Error))
		}
		report.Results = append(report.Results, r)
	}
	if len(report.Results) == 0 {
		return fmt.Errorf("scale: there is no workload %q", *only)
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

// measure runs a workload at its three sizes.
//
// Go's collector does not run while a heap is below 4 MiB, as it is at the
// smallest sizes only; so it is off at all of them, and what is compared is the
// work that was asked for.
func (w scaleWork) measure(times float64) scaleResult {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(scaleMemory))
	size := max(1, int(times*float64(w.size)))
	r := scaleResult{Work: w.name, OK: true}
	for i, n := range []int{size, 10 * size, 100 * size} {
		ms, err := w.least(n)
		if err != nil {
			r.OK, r.Error = false, fmt.Sprintf("at size %d: %v", n, err)
			return r
		}
		r.Sizes, r.CPU = append(r.Sizes, n), append(r.CPU, ms)
		if i == 0 {
			continue
		}
		growth := ms / r.CPU[i-1]
		r.Growth = append(r.Growth, growth)
		if growth > maxGrowth {
			r.OK, r.Error = false, fmt.Sprintf("%d takes %.1f times as long as %d, more than %d times", n, growth, n/10, maxGrowth)
		}
	}
	return r
}

// scaleMemory is how many bytes a run may take before the collector runs after all.
const scaleMemory = 8 << 30

// least returns the time of a workload's quickest run, without its preparation:
// whatever else goes on, on the machine or in its caches, only adds to it.
func (w scaleWork) least(n int) (float64, error) {
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
