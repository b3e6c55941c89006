//go:build !js

package badgerstore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/dgraph-io/badger/v4"

	"github.com/sheafdocs/sheaf/node/store"
)

// salvageInto brings the newest whole version of every record found in the files
// of the directories into db, unless db has a newer one. Versions are Badger's:
// they grow with every group, over all its files.
func (r *repair) salvageInto(db *badger.DB, dirs ...string) error {
	files, size, err := badgerFiles(dirs)
	if err != nil {
		return fmt.Errorf("salvage: %w", err)
	}
	free, err := freeBytes(r.store.cfg.Dir)
	if err != nil {
		return fmt.Errorf("salvage: %w", err)
	}
	if need := size + r.store.cfg.ReserveBytes/2; free < need {
		return fmt.Errorf("%w: the store is damaged, and repairing it takes %d MiB of free space in %s, of which %d are there; nothing was deleted; free some space and start again",
			store.ErrFull, mib(need), r.store.cfg.Dir, free>>20)
	}
	newest := make(map[string]uint64)
	err = scanFiles(files, func(p pair) error {
		if v, ok := newest[string(p.key)]; (!ok || p.version > v) && r.usable(p) {
			newest[string(p.key)] = p.version
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("salvage: %w", err)
	}
	return r.fill(db, files, newest)
}

// usable reports whether a pair may be believed: a record by its own hash, a
// deletion only if Badger's checksum vouches for it.
func (r *repair) usable(p pair) bool {
	switch p.key[0] {
	case spaceRecord, spaceGroup, spaceMark:
		return p.whole() || p.deleted && p.sound
	}
	return false
}

// fill writes the newest versions into db.
func (r *repair) fill(db *badger.DB, files []string, newest map[string]uint64) error {
	wb := db.NewWriteBatch()
	defer wb.Cancel()
	txn := db.NewTransaction(false)
	defer txn.Discard()
	err := scanFiles(files, func(p pair) error {
		if v, ok := newest[string(p.key)]; !ok || v != p.version || !r.usable(p) {
			return nil
		}
		delete(newest, string(p.key)) // the same pair may be in two files
		if r.aside == "" && hasNewer(txn, p) {
			return nil
		}
		key := append([]byte(nil), p.key...)
		if p.deleted {
			return wb.Delete(key)
		}
		if p.key[0] == spaceRecord {
			r.report.Salvaged++
		}
		return wb.Set(key, append([]byte(nil), p.value...))
	})
	if err == nil {
		err = wb.Flush()
	}
	if err != nil {
		return fmt.Errorf("salvage: %w", err)
	}
	return nil
}

// hasNewer reports whether db has the key in the same or a later version, or has
// deleted it later.
func hasNewer(txn *badger.Txn, p pair) bool {
	it := txn.NewKeyIterator(p.key, badger.IteratorOptions{AllVersions: true})
	defer it.Close()
	it.Rewind()
	return it.Valid() && it.Item().Version() >= p.version
}

// badgerFiles lists the logs and tables in the directories, those missing left
// out, and their size together.
func badgerFiles(dirs []string) (files []string, size int64, err error) {
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil {
				return err
			}
			if d.IsDir() || !strings.HasSuffix(path, tableSuffix) && !strings.HasSuffix(path, walSuffix) {
				return nil
			}
			info, err := d.Info()
			if err != nil {
				return err
			}
			files, size = append(files, path), size+info.Size()
			return nil
		})
		if err != nil {
			return nil, 0, err
		}
	}
	return files, size, nil
}

// scanFiles calls f with every pair that can be made out in the files.
func scanFiles(files []string, f func(pair) error) error {
	for _, path := range files {
		b, err := readWhatCanBeRead(path)
		if err != nil {
			return err
		}
		if strings.HasSuffix(path, walSuffix) {
			err = scanLog(b, f)
		} else {
			err = scanTable(b, f)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// readWhatCanBeRead reads a file with zeros for the blocks that the disk does not
// give.
func readWhatCanBeRead(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if fi.Size() > maxTableBytes {
		return nil, fmt.Errorf("%s is %d bytes: too large for a file of this store", path, fi.Size())
	}
	b := make([]byte, fi.Size())
	if _, err := f.ReadAt(b, 0); err == nil {
		return b, nil
	}
	const block = 4096
	for at := 0; at < len(b); at += block {
		part := b[at:min(at+block, len(b))]
		if _, err := f.ReadAt(part, int64(at)); err != nil {
			clear(part)
		}
	}
	return b, nil
}
