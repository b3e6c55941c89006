//go:build !js

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// canCountInstructions says why not, if so.
func canCountInstructions() error {
	if _, err := exec.LookPath("valgrind"); err != nil {
		return fmt.Errorf("count instructions: %w; install it, on Debian with apt-get install valgrind", err)
	}
	return nil
}

// instructions returns how many instructions a workload takes, without its
// preparation. Valgrind counts them. Processor time also depends on which caches the
// data fits in, and on who else uses the memory.
func instructions(w scaleWork, n int) (float64, error) {
	runs := 1
	if n == w.size { // so little that what starting a process varies by would show
		runs = 10
	}
	prepared, err := countInstructions(w.name, n, 0)
	if err != nil {
		return 0, err
	}
	worked, err := countInstructions(w.name, n, runs)
	if err != nil {
		return 0, err
	}
	if worked <= prepared {
		return 0, fmt.Errorf("count instructions: %.0f with the work and %.0f without: too little to tell apart, take a larger --times", worked, prepared)
	}
	return (worked - prepared) / float64(runs), nil
}

// refs is how cachegrind tells what it counted.
var refs = regexp.MustCompile(`(?m)^==\d+== I +refs: +([\d,]+)`)

// countInstructions counts the instructions of a process that prepares a workload and
// does it some times.
func countInstructions(name string, n, runs int) (float64, error) {
	self, err := os.Executable()
	if err != nil {
		return 0, fmt.Errorf("count instructions: %w", err)
	}
	dir, err := os.MkdirTemp("", "sheaf-bench")
	if err != nil {
		return 0, fmt.Errorf("count instructions: %w", err)
	}
	defer os.RemoveAll(dir)
	log := filepath.Join(dir, "log")
	cmd := exec.Command("valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file="+os.DevNull, "--log-file="+log,
		self, "scale-run", name, strconv.Itoa(n), strconv.Itoa(runs))
	// The collector is off, as when time is measured. Valgrind runs one thread at a
	// time, so that others would only wait busily for it.
	cmd.Env = append(os.Environ(), "GOGC=off", "GOMEMLIMIT="+strconv.Itoa(scaleMemory), "GOMAXPROCS=1")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		return 0, fmt.Errorf("count instructions: %w: %s", err, bytes.TrimSpace(stderr.Bytes()))
	}
	told, err := os.ReadFile(log)
	if err != nil {
		return 0, fmt.Errorf("count instructions: %w", err)
	}
	found := refs.FindSubmatch(told)
	if found == nil {
		return 0, fmt.Errorf(`count instructions: no line "I refs:" in what valgrind says; 3.19 is known to say it: %s`, told)
	}
	return strconv.ParseFloat(strings.ReplaceAll(string(found[1]), ",", ""), 64)
}

// scaleRun does what countInstructions asks for: NAME SIZE RUNS.
func scaleRun(args []string) error {
	if len(args) != 3 {
		return errors.New("scale-run: want the name of a workload, a size and how often to do it")
	}
	n, err := strconv.Atoi(args[1])
	if err != nil {
		return fmt.Errorf("scale-run: %w", err)
	}
	runs, err := strconv.Atoi(args[2])
	if err != nil {
		return fmt.Errorf("scale-run: %w", err)
	}
	w, err := scaleWorkNamed(args[0])
	if err != nil {
		return fmt.Errorf("scale-run: %w", err)
	}
	work, err := w.prepare(n)
	if err != nil {
		return err
	}
	for range runs {
		if err := work(); err != nil {
			return err
		}
	}
	return nil
}
