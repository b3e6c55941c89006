package oracle

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// sourceDir finds this package's directory from the working directory, which
// during tests is that of a package of this module.
func sourceDir() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find oracle: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(dir, "crdt", "crdttest", "oracle"), nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("find oracle: not inside the module")
		}
		dir = parent
	}
}

// installed is what npm writes last.
const installed = "node_modules/.package-lock.json"

// install runs npm once. Tests of several packages may come here at the same
// time, so one does it while the others wait.
func install(dir string) error {
	ready := func() bool {
		done, err := os.Stat(filepath.Join(dir, installed))
		if err != nil {
			return false
		}
		// The list of packages may have changed since.
		list, err := os.Stat(filepath.Join(dir, "package-lock.json"))
		return err != nil || !list.ModTime().After(done.ModTime())
	}
	if ready() {
		return nil
	}
	unlock, err := lockFile(filepath.Join(dir, "package.json"))
	if err != nil {
		return fmt.Errorf("install yjs: %w", err)
	}
	defer unlock()
	if ready() {
		return nil
	}
	cmd := exec.Command("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("install yjs with npm: %w: %s", err, out)
	}
	return nil
}
