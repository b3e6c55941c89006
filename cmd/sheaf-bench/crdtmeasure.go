package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"runtime"
	"slices"
	"time"
)

// crdtResult is what a work cost. Times are of the processor, in milliseconds.
type crdtResult struct {
	Work      string  `json:"work"`
	OK        bool    `json:"ok"`
	Cold      float64 `json:"cpu_ms_cold"` // the first run in a fresh process
	Warm      float64 `json:"cpu_ms_warm"` // the median of the runs after it
	Best      float64 `json:"cpu_ms_best"`
	Runs      int     `json:"runs"`
	Allocated int64   `json:"allocated_bytes"` // by one warm run
	Retained  int64   `json:"retained_bytes"`  // of that, what a program would go on to hold
	Bytes     int64   `json:"bytes"`           // of updates made, or read
	Text      string  `json:"text_sha256,omitempty"`
	Goal      float64 `json:"goal,omitempty"`
	GoalOf    string  `json:"goal_of,omitempty"` // which of the figures the goal is for
	// Goals for further figures.
	GoalCold     float64 `json:"goal_cpu_ms_cold,omitempty"`
	GoalRetained int64   `json:"goal_retained_bytes,omitempty"`

	Error string `json:"error,omitempty"`
	// Skipped: there was nothing to run, so nothing is wrong either.
	Skipped bool `json:"skipped,omitempty"`
}

// newResult is the result of a work that was not run yet.
func newResult(w crdtWork) crdtResult {
	r := crdtResult{Work: w.name, GoalCold: w.goal.ColdMS, GoalRetained: w.goal.Retained}
	switch {
	case w.goal.WarmMS > 0:
		r.Goal, r.GoalOf = w.goal.WarmMS, "cpu_ms_warm"
	case w.goal.Bytes > 0:
		r.Goal, r.GoalOf = float64(w.goal.Bytes), "bytes"
	}
	return r
}

// How often a work is repeated.
const (
	minWarmRuns = 5
	maxWarmRuns = 200
)

// measureWork runs a work on an input, once cold and then again for a
// time.
func measureWork(w crdtWork, in *crdtInput, repeat time.Duration) crdtResult {
	// After a collection Go may go on in another thread, most often on another
	// processor, whose cache is cold: friends-merged took 0.78 ms, and 0.73 with this.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	r := newResult(w)
	fail := func(err error) crdtResult {
		r.OK, r.Error = false, err.Error()
		return r
	}
	timed := func() (done, float64, error) {
		runtime.GC()
		start := cpuTime()
		d, err := w.run(in)
		return d, float64(cpuTime()-start) / 1e6, err
	}
	first, ms, err := timed()
	if err != nil {
		return fail(err)
	}
	r.Cold, r.Bytes = ms, int64(first.bytes)
	text, err := first.text()
	if err != nil {
		return fail(err)
	}
	if r.Text, err = checkText(in, text); err != nil {
		return fail(err)
	}
	first, text = done{}, ""
	var warm []float64
	for began := time.Now(); len(warm) < minWarmRuns || time.Since(began) < repeat && len(warm) < maxWarmRuns; {
		_, ms, err := timed()
		if err != nil {
			return fail(err)
		}
		warm = append(warm, ms)
	}
	slices.Sort(warm)
	r.Warm, r.Best, r.Runs = warm[len(warm)/2], warm[0], len(warm)
	if r.Allocated, r.Retained, err = memory(w, in); err != nil {
		return fail(err)
	}
	r.OK = true
	return r
}

// memory runs a work once more and returns how much it allocates and how much
// of that stays in use while its result does.
func memory(w crdtWork, in *crdtInput) (allocated, retained int64, err error) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.GC() // what the first one only took out of pools
	runtime.ReadMemStats(&before)
	d, err := w.run(in)
	if err != nil {
		return 0, 0, err
	}
	kept := d.kept
	d = done{} // its functions hold texts that kept does not
	runtime.ReadMemStats(&after)
	allocated = int64(after.TotalAlloc - before.TotalAlloc)
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(kept)
	runtime.KeepAlive(in)
	return allocated, max(0, int64(after.HeapAlloc)-int64(before.HeapAlloc)), nil
}

// checkText compares a text with what the work must end in and returns its
// hash.
func checkText(in *crdtInput, text string) (string, error) {
	sum := sha256.Sum256([]byte(text))
	hash := hex.EncodeToString(sum[:])
	switch {
	case in.Text != "" && text != in.Text:
		return hash, fmt.Errorf("the text is wrong: %d bytes that differ from the %d bytes expected at byte %d", len(text), len(in.Text), differsAt(text, in.Text))
	case in.TextSHA256 != "" && hash != in.TextSHA256:
		return hash, fmt.Errorf("the text is wrong: %d bytes with the SHA-256 %s, expected was %s", len(text), hash, in.TextSHA256)
	}
	return hash, nil
}

func differsAt(a, b string) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}
