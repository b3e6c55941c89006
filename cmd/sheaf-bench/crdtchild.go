//go:build !js

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// runFresh runs a work in a process of its own, so that its first run is
// cold: nothing of the engine was used before.
func runFresh(w crdtWork, in *crdtInput, repeat time.Duration) (crdtResult, error) {
	var r crdtResult
	dir, err := os.MkdirTemp("", "sheaf-bench")
	if err != nil {
		return r, fmt.Errorf("run work: %w", err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, w.name)
	if err := in.write(path); err != nil {
		return r, err
	}
	self, err := os.Executable()
	if err != nil {
		return r, fmt.Errorf("run work: %w", err)
	}
	cmd := exec.Command(self, "crdt", "--input", path, "--time", repeat.String())
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return r, fmt.Errorf("run work in a process of its own: %w", err)
	}
	if err := json.Unmarshal(out, &r); err != nil {
		return r, fmt.Errorf("read the result of the work: %w", err)
	}
	return r, nil
}
