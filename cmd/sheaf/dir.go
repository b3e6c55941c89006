//go:build !js

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// What lies in a data directory.
const (
	storeDirName = "store"
	keyFileName  = "device.key"
)

const defaultDirText = "the system's place for data, ~/.local/share/sheaf on Linux"

// dataDir says which directory this command works on; it need not exist yet.
func dataDir(e *env) (string, error) {
	if e.dir != "" {
		return filepath.Abs(e.dir)
	}
	if d := e.getenv("SHEAF_DIR"); d != "" {
		return filepath.Abs(d)
	}
	home := e.getenv("HOME")
	switch runtime.GOOS {
	case "windows":
		if d := e.getenv("LocalAppData"); d != "" {
			return filepath.Join(d, "Sheaf"), nil
		}
	case "darwin":
		if home != "" {
			return filepath.Join(home, "Library", "Application Support", "Sheaf"), nil
		}
	default:
		if d := e.getenv("XDG_DATA_HOME"); filepath.IsAbs(d) {
			return filepath.Join(d, "sheaf"), nil
		}
		if home != "" {
			return filepath.Join(home, ".local", "share", "sheaf"), nil
		}
	}
	return "", errors.New("no data directory: say which with --dir or SHEAF_DIR")
}

// makeDir makes the data directory, for its owner only.
func makeDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make data directory: %w", err)
	}
	return nil
}

// hasStore reports whether dir holds documents of a node.
func hasStore(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, storeDirName))
	return err == nil
}
