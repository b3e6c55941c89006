//go:build !js

package badgerstore

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/dgraph-io/badger/v4"
)

// audit checks Badger's files without changing what is whole. It returns a reason
// if Badger must not open them. Files that opening would shorten or delete are
// copied or moved to the suspect directory first: a crash leaves such files, but
// so does damage, and which it was is known only once the records are counted.
func (r *repair) audit() (reason string, err error) {
	dir := r.store.badgerDir()
	files, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	var tables []string
	for _, f := range files {
		path := filepath.Join(dir, f.Name())
		switch {
		case strings.HasSuffix(f.Name(), tableSuffix):
			tables = append(tables, f.Name())
		case strings.HasSuffix(f.Name(), walSuffix):
			err = r.auditLog(path)
		case strings.HasSuffix(f.Name(), vlogSuffix):
			err = r.auditVlog(path)
		case f.Name() == badger.KeyRegistryFileName:
			err = auditKeys(path)
		}
		if err != nil {
			return "", err
		}
	}
	return r.auditTables(dir, tables)
}

// auditLog leaves of a log what Badger can read.
func (r *repair) auditLog(path string) error {
	b, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, syscall.EIO) {
		return err
	}
	if err == nil && usedBytes(b) == 0 {
		// Made just before a crash; Badger takes it for an error.
		return os.Remove(path)
	}
	if err != nil || len(b) < logHeaderBytes {
		return r.suspect(path, nil)
	}
	header := make([]byte, 8) // the number of the encryption key: none
	end, rest := soundLogEnd(b)
	if !rest && bytes.HasPrefix(b, header) {
		return nil
	}
	copy(b, header)
	return r.suspect(path, b[:end])
}

// auditKeys removes Badger's list of encryption keys unless it is whole and, as we
// use none, empty. Badger makes it anew when it is missing.
func auditKeys(path string) error {
	const nonceBytes, text = 16, "Hello Badger"
	b, err := os.ReadFile(path)
	if err == nil && len(b) == nonceBytes+len(text) && string(b[nonceBytes:]) == text {
		return nil
	}
	return os.Remove(path)
}

// auditVlog removes a file of the value log, which holds nothing of ours.
func (r *repair) auditVlog(path string) error {
	b, err := os.ReadFile(path)
	if err == nil && (len(b) <= logHeaderBytes || usedBytes(b[logHeaderBytes:]) == 0) {
		return os.Remove(path)
	}
	return r.suspect(path, nil)
}

// suspect moves a file to the suspect directory; unless nil, whole takes its place.
func (r *repair) suspect(path string, whole []byte) error {
	if err := os.MkdirAll(r.path(suspectName), 0o700); err != nil {
		return err
	}
	kept := r.path(suspectName, filepath.Base(path))
	for i := 1; ; i++ {
		if _, err := os.Lstat(kept); errors.Is(err, fs.ErrNotExist) {
			break
		}
		ext := filepath.Ext(path)
		kept = r.path(suspectName, fmt.Sprintf("%s-%d%s", strings.TrimSuffix(filepath.Base(path), ext), i, ext))
	}
	if err := os.Rename(path, kept); err != nil {
		return err
	}
	if whole == nil {
		return nil
	}
	return writeFileDurably(path, whole)
}

// auditTables checks Badger's list of tables, and every table in it.
func (r *repair) auditTables(dir string, tables []string) (reason string, err error) {
	f, err := os.Open(filepath.Join(dir, badger.ManifestFilename))
	if errors.Is(err, fs.ErrNotExist) {
		if len(tables) > 0 {
			return "its list of tables is missing", nil
		}
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer f.Close()
	var manifest badger.Manifest
	if err := guard(func() error {
		manifest, _, err = badger.ReplayManifestFile(f, badgerFormat, badgerOptions(dir, r.store.log))
		return err
	}); err != nil {
		return "its list of tables: " + err.Error(), nil
	}
	have := make(map[uint64]bool)
	for _, name := range tables {
		id, err := strconv.ParseUint(strings.TrimSuffix(name, tableSuffix), 10, 64)
		if err != nil {
			continue
		}
		have[id] = true
		path := filepath.Join(dir, name)
		if _, ok := manifest.Tables[id]; !ok {
			if err := r.suspect(path, nil); err != nil {
				return "", err
			}
			continue
		}
		b, err := os.ReadFile(path)
		if errors.Is(err, syscall.EIO) {
			return fmt.Sprintf("table %s: %v", name, err), nil
		}
		if err != nil {
			return "", err
		}
		if err := checkTable(b); err != nil {
			return fmt.Sprintf("table %s: %v", name, err), nil
		}
	}
	for id := range manifest.Tables {
		if !have[id] {
			return fmt.Sprintf("table %06d is missing", id), nil
		}
	}
	return "", nil
}
