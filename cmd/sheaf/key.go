//go:build !js

package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/sheafdocs/sheaf/node/identity"
)

const maxKeyFileBytes = 4 << 10

// A keyError says why a device key cannot be used and what to do.
type keyError struct {
	path string
	what string
}

func (e *keyError) Error() string { return fmt.Sprintf("device key %s %s", e.path, e.what) }

// deviceKey reads the device's key from dir, or makes one for a new directory.
// A directory with documents but without a key is refused: a new key could not
// read them and would be a stranger to the other members.
func deviceKey(dir string) (*identity.Key, error) {
	path := filepath.Join(dir, keyFileName)
	key, err := readKey(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	if hasStore(dir) {
		return nil, &keyError{path, "is missing, but there are documents beside it, which only that key opens. Nothing was changed. Put the key back from a backup, or start with another --dir"}
	}
	if key, err = identity.Generate(rand.Reader); err != nil {
		return nil, fmt.Errorf("make device key: %w", err)
	}
	b, err := key.Marshal()
	if err != nil {
		return nil, fmt.Errorf("make device key: %w", err)
	}
	if err := writeKey(path, b); err != nil {
		if errors.Is(err, fs.ErrExist) { // another process was faster
			return readKey(path)
		}
		return nil, fmt.Errorf("write device key: %w", err)
	}
	return key, nil
}

// readKey reads a key file, unless others may read it too.
func readKey(path string) (*identity.Key, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read device key: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("read device key: %w", err)
	}
	if mode := info.Mode().Perm(); runtime.GOOS != "windows" && mode&0o077 != 0 {
		return nil, &keyError{path, fmt.Sprintf("can be read by others (mode %04o), so it is not used. Nothing was changed. If nobody else has copied it, run: chmod 600 %q", mode, path)}
	}
	b, err := io.ReadAll(io.LimitReader(f, maxKeyFileBytes))
	if err != nil {
		return nil, fmt.Errorf("read device key: %w", err)
	}
	key, err := identity.ParseKey(b)
	if err != nil {
		return nil, &keyError{path, "is damaged (" + err.Error() + "). Nothing was changed. Put it back from a backup, or start with another --dir"}
	}
	return key, nil
}

// writeKey makes the file durable before it has its name, and never replaces
// another: fs.ErrExist if there is one.
func writeKey(path string, b []byte) (err error) {
	dir := filepath.Dir(path)
	tmp, err := os.CreateTemp(dir, keyFileName+".*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(b)
	if err == nil {
		err = tmp.Sync()
	}
	if err = errors.Join(err, tmp.Close()); err != nil {
		return err
	}
	if err := os.Link(tmp.Name(), path); err != nil {
		return err
	}
	return syncDir(dir)
}

// syncDir makes a new name in dir outlive a power loss.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil // directories cannot be flushed there
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
