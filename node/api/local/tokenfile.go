package local

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// TokenFileName is the name of the token file in a node's data directory.
const TokenFileName = "api.json"

const maxTokenFileBytes = 4 << 10

var (
	// ErrNotRunning says that no node serves this directory.
	ErrNotRunning = errors.New("no node is running")
	// ErrTooOpen says that others may read a file that only its owner should.
	ErrTooOpen = errors.New("file can be read by others")
)

// A TokenFile tells the user's own programs where the running node is and
// what lets them in. It lies in the data directory with mode 0600 while the
// node runs.
type TokenFile struct {
	Address string `json:"address"` // "http://127.0.0.1:7460"
	Token   string `json:"token"`
	PID     int    `json:"pid"`
}

// Write puts the file into dir, all of it or nothing.
func (f TokenFile) Write(dir string) error {
	body, err := json.Marshal(f)
	if err != nil {
		return fmt.Errorf("write token file: %w", err)
	}
	tmp, err := os.CreateTemp(dir, TokenFileName+".*") // mode 0600
	if err != nil {
		return fmt.Errorf("write token file: %w", err)
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(append(body, '\n'))
	err = errors.Join(err, tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), filepath.Join(dir, TokenFileName))
	}
	if err != nil {
		return fmt.Errorf("write token file: %w", err)
	}
	return nil
}

// ReadTokenFile reads the file in dir. ErrNotRunning: there is none, or what a
// power loss left of one. ErrTooOpen: others may read it, so it is not trusted.
func ReadTokenFile(dir string) (TokenFile, error) {
	var f TokenFile
	file, err := os.Open(filepath.Join(dir, TokenFileName))
	if errors.Is(err, fs.ErrNotExist) {
		return f, ErrNotRunning
	}
	if err != nil {
		return f, fmt.Errorf("read token file: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return f, fmt.Errorf("read token file: %w", err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return f, fmt.Errorf("read token file %s: %w", file.Name(), ErrTooOpen)
	}
	body, err := io.ReadAll(io.LimitReader(file, maxTokenFileBytes))
	if err != nil {
		return f, fmt.Errorf("read token file: %w", err)
	}
	if json.Unmarshal(body, &f) != nil || f.Address == "" {
		// A power loss may leave it empty. That of a running node is whole.
		return TokenFile{}, ErrNotRunning
	}
	return f, nil
}

// RemoveTokenFile takes the file away if it still is the one of this run.
func RemoveTokenFile(dir string, own TokenFile) error {
	f, err := ReadTokenFile(dir)
	if errors.Is(err, ErrNotRunning) || err == nil && f.Token != own.Token {
		return nil
	}
	if err := os.Remove(filepath.Join(dir, TokenFileName)); err != nil {
		return fmt.Errorf("remove token file: %w", err)
	}
	return nil
}
