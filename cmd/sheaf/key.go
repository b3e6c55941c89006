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
	"github.com/sheafdocs/sheaf/node/wire"
)

const maxKeyFileBytes = 4 << 10

// A keyError says why a device key cannot be used and what to do.
type keyError struct {
	path string
	what string
}

func (e *keyError) Error() string { return fmt.Sprintf("device key %s %s", e.path, e.what) }

// deviceKey reads the device's key from dir, or makes one for a new directory.
// The error wraps identity.ErrLocked for a key with a passphrase: unlockKey
// reads it.
// A directory with documents but without a key is refused: a new key could not
// read them and would be a stranger to the other members.
func deviceKey(dir string) (*identity.Key, error) {
	path := filepath.Join(dir, keyFileName)
	key, err := readKey(path, "")
	if errors.Is(err, identity.ErrPassphrase) {
		return nil, fmt.Errorf("read device key: %w", identity.ErrLocked)
	}
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
			return readKey(path, "")
		}
		return nil, fmt.Errorf("write device key: %w", err)
	}
	return key, nil
}

// unlockKey reads the device's key from dir with its passphrase. The error
// wraps identity.ErrPassphrase when that is another.
func unlockKey(dir, passphrase string) (*identity.Key, error) {
	return readKey(filepath.Join(dir, keyFileName), passphrase)
}

// keyProtected reports whether the device's key has a passphrase.
func keyProtected(dir string) (bool, error) {
	b, err := readKeyFile(filepath.Join(dir, keyFileName))
	if err != nil {
		return false, err
	}
	_, err = identity.ParseKey(b)
	return errors.Is(err, identity.ErrLocked), nil
}

// readKey reads a key file.
func readKey(path, passphrase string) (*identity.Key, error) {
	b, err := readKeyFile(path)
	if err != nil {
		return nil, err
	}
	key, err := identity.ParseProtected(b, passphrase)
	switch {
	case errors.Is(err, identity.ErrPassphrase):
		return nil, fmt.Errorf("read device key: %w", err)
	case errors.Is(err, wire.ErrUnknownVersion):
		return nil, &keyError{path, "was written by a later version of Sheaf. Nothing was changed. Install that version, or start with another --dir"}
	case err != nil:
		return nil, &keyError{path, "is damaged (" + err.Error() + "). Nothing was changed. Put it back from a backup, or start with another --dir"}
	}
	return key, nil
}

// readKeyFile reads the bytes of a key file, unless others may read it too.
func readKeyFile(path string) ([]byte, error) {
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
	return b, nil
}

// setPassphrase writes the key file anew, under another passphrase or, for "",
// under none. The file of before stays until the new one was read back.
func setPassphrase(dir, old, new string) (err error) {
	path := filepath.Join(dir, keyFileName)
	key, err := readKey(path, old)
	if err != nil {
		return err
	}
	defer key.Erase()
	var b []byte
	if new == "" {
		b, err = key.Marshal()
	} else {
		b, err = key.MarshalProtected(rand.Reader, new, identity.Stretch{})
	}
	if err != nil {
		return err
	}
	tmp, err := tempKey(dir, b)
	if err != nil {
		return fmt.Errorf("write device key: %w", err)
	}
	defer os.Remove(tmp)
	back, err := readKey(tmp, new)
	if err != nil {
		return err
	}
	defer back.Erase()
	if back.Device() != key.Device() {
		return errors.New("write device key: another key was read back. Nothing was changed")
	}
	if err := errors.Join(os.Rename(tmp, path), syncDir(dir)); err != nil {
		return fmt.Errorf("write device key: %w", err)
	}
	return nil
}

// writeKey makes the file durable before it has its name, and never replaces
// another: fs.ErrExist if there is one.
func writeKey(path string, b []byte) (err error) {
	dir := filepath.Dir(path)
	tmp, err := tempKey(dir, b)
	if err != nil {
		return err
	}
	defer os.Remove(tmp)
	if err := os.Link(tmp, path); err != nil {
		return err
	}
	return syncDir(dir)
}

// tempKey writes a durable file beside the key file, and returns its path.
func tempKey(dir string, b []byte) (path string, err error) {
	tmp, err := os.CreateTemp(dir, keyFileName+".*") // mode 0600
	if err != nil {
		return "", err
	}
	_, err = tmp.Write(b)
	if err == nil {
		err = tmp.Sync()
	}
	if err = errors.Join(err, tmp.Close()); err != nil {
		return "", errors.Join(err, os.Remove(tmp.Name()))
	}
	return tmp.Name(), nil
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
