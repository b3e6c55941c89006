package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/sheafdocs/sheaf/crdt/tracetest"
)

// crdtReport is what "sheaf-bench crdt" prints.
type crdtReport struct {
	Machine machine      `json:"machine"`
	Results []crdtResult `json:"results"`
}

// machine says where and when something was measured.
type machine struct {
	Platform string `json:"platform"`
	CPUs     int    `json:"cpus"`
	Go       string `json:"go"`
	Time     string `json:"time"`
}

func thisMachine() machine {
	return machine{runtime.GOOS + "/" + runtime.GOARCH, runtime.NumCPU(), runtime.Version(), time.Now().UTC().Format(time.RFC3339)}
}

// crdtOptions are the flags of "sheaf-bench crdt".
type crdtOptions struct {
	work, trace, traces string
	inputs, input       string
	json, list          bool
	time                time.Duration
}

func crdtCommand(args []string) error {
	var o crdtOptions
	fs := flag.NewFlagSet("crdt", flag.ContinueOnError)
	fs.StringVar(&o.work, "work", "", "`name` of a work, \"all\", or \"trace\" for what can be done with --trace (default all, or trace)")
	fs.StringVar(&o.trace, "trace", "", "`file` of a history (.json or .json.gz) or an update (.yjs, .bin, .update)")
	fs.StringVar(&o.traces, "traces", filepath.Join("..", "shared", "traces"), "`directory` of the recorded histories")
	fs.StringVar(&o.inputs, "inputs", "", "write the works' inputs to a `directory` and run nothing")
	fs.StringVar(&o.input, "input", "", "run one work on an input `file`, in this process")
	fs.BoolVar(&o.list, "list", false, "print the works and their goals as JSON and run nothing")
	fs.DurationVar(&o.time, "time", 1500*time.Millisecond, "how long a work is repeated, at least 5 times, once it has run cold")
	fs.BoolVar(&o.json, "json", false, "print JSON")
	if err := parse(fs, args); err != nil {
		return err
	}
	if o.input != "" {
		return o.runInput()
	}
	works, err := o.works()
	if err != nil {
		return err
	}
	if o.list {
		var all []crdtResult
		for _, w := range works {
			all = append(all, newResult(w))
		}
		return json.NewEncoder(os.Stdout).Encode(all)
	}
	if o.inputs != "" {
		return o.writeInputs(works)
	}
	report := crdtReport{Machine: thisMachine()}
	for _, w := range works {
		r := o.runWork(w)
		if !o.json {
			fmt.Println(r)
		}
		report.Results = append(report.Results, r)
	}
	if o.json {
		enc := json.NewEncoder(os.Stdout)
		enc.SetIndent("", "  ")
		if err := enc.Encode(report); err != nil {
			return err
		}
	}
	return o.verdict(report.Results)
}

// verdict is an error if a text was wrong, or if what was asked for by name
// could not be done.
func (o *crdtOptions) verdict(results []crdtResult) error {
	for _, r := range results {
		if !r.OK && !(r.Skipped && o.work == "all") {
			return fmt.Errorf("%s: %s", r.Work, r.Error)
		}
	}
	return nil
}

// works returns what is to be run.
func (o *crdtOptions) works() ([]crdtWork, error) {
	if o.work == "" {
		o.work = "all"
		if o.trace != "" {
			o.work = "trace"
		}
	}
	switch o.work {
	case "all":
		if o.trace != "" {
			return nil, errors.New("crdt: --trace goes with one work; --work trace does what can be done with the file")
		}
		return crdtWorks, nil
	case "trace":
		if o.trace == "" {
			return nil, errors.New("crdt: --work trace needs --trace FILE")
		}
		kind, err := (&crdtSource{path: o.trace}).kind()
		if err != nil {
			return nil, err
		}
		return traceWorks[kind], nil
	}
	w, ok := workNamed(o.work)
	if !ok {
		var names []string
		for _, w := range crdtWorks {
			names = append(names, w.name)
		}
		return nil, fmt.Errorf("crdt: there is no work %q; there are all, trace, %s", o.work, strings.Join(names, ", "))
	}
	if o.trace == "" && strings.HasPrefix(w.name, "trace-") {
		return nil, fmt.Errorf("crdt: --work %s needs --trace FILE", w.name)
	}
	if o.trace != "" && w.trace == "" && !strings.HasPrefix(w.name, "trace-") {
		return nil, fmt.Errorf("crdt: %s makes its own edits and takes no --trace", w.name)
	}
	return []crdtWork{w}, nil
}

// makeInput makes the input of a work.
func (o *crdtOptions) makeInput(w crdtWork) (*crdtInput, error) {
	path := o.trace
	if path == "" && w.trace != "" {
		path = filepath.Join(o.traces, w.trace)
	}
	in, err := w.input(&crdtSource{path: path})
	if err != nil {
		return nil, err
	}
	in.Work = w.name
	return in, nil
}

// writeInputs writes the inputs of works to files, for other engines.
func (o *crdtOptions) writeInputs(works []crdtWork) error {
	if err := os.MkdirAll(o.inputs, 0o777); err != nil {
		return fmt.Errorf("write inputs: %w", err)
	}
	for _, w := range works {
		in, err := o.makeInput(w)
		if cannot(err) {
			fmt.Fprintf(os.Stderr, "%s is left out: %v\n", w.name, err)
			continue
		}
		if err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
		if err := in.write(filepath.Join(o.inputs, w.name)); err != nil {
			return err
		}
	}
	return nil
}

// runWork makes the input of a work and has a fresh process run it.
func (o *crdtOptions) runWork(w crdtWork) crdtResult {
	in, err := o.makeInput(w)
	if err == nil {
		var r crdtResult
		if r, err = runFresh(w, in, o.time); err == nil {
			return r
		}
	}
	r := newResult(w)
	r.Error, r.Skipped = err.Error(), cannot(err)
	return r
}

// cannot tells whether an error means that there was nothing to run.
func cannot(err error) bool { return errors.Is(err, tracetest.ErrAbsent) }

// runInput runs one work on an input file and prints the result.
func (o *crdtOptions) runInput() error {
	in, err := readInput(o.input)
	if err != nil {
		return err
	}
	w, ok := workNamed(in.Work)
	if !ok {
		return fmt.Errorf("read input %s: there is no work %q", o.input, in.Work)
	}
	return json.NewEncoder(os.Stdout).Encode(measureWork(w, in, o.time))
}

// String is the result in one line.
func (r crdtResult) String() string {
	if !r.OK {
		return fmt.Sprintf("%-15s not done: %s", r.Work, r.Error)
	}
	line := fmt.Sprintf("%-15s %8.2f ms warm %8.2f ms cold", r.Work, r.Warm, r.Cold)
	if r.Goal > 0 && r.GoalOf != "bytes" {
		line += fmt.Sprintf("  goal %7.1f", r.Goal)
	}
	line += fmt.Sprintf("  %6.2f MiB allocated %6.2f MiB retained %9d bytes", mib(r.Allocated), mib(r.Retained), r.Bytes)
	if r.GoalOf == "bytes" {
		line += fmt.Sprintf("  goal %.0f", r.Goal)
	}
	return line
}

func mib(n int64) float64 { return float64(n) / (1 << 20) }
