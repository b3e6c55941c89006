//go:build !js

package badgerstore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/dgraph-io/badger/v4"
)

// Badger's files are kept in a directory per generation, badger-000001 and so on.
// A new generation is made by copying all records, when the old one has gathered
// much that is overwritten or deleted (tidy.go) or is damaged (repair.go). It counts
// only once the file complete is in it: then it is the store, and what came before
// is not needed any more. Of several complete ones, the last counts.
const (
	generationPrefix = "badger-"
	completeName     = "complete"
	damagedInfix     = ".damaged-" // then the time: a generation that was set aside
)

func generationName(n int) string { return fmt.Sprintf("%s%06d", generationPrefix, n) }

func parseGeneration(name string) (n int, ok bool) {
	digits, ok := strings.CutPrefix(name, generationPrefix)
	if !ok {
		return 0, false
	}
	n, err := strconv.Atoi(digits)
	return n, err == nil && n > 0 && name == generationName(n)
}

// badgerDir is the directory of the present generation.
func (s *Store) badgerDir() string { return s.generationDir(s.generation) }

func (s *Store) generationDir(n int) string {
	return filepath.Join(s.cfg.Dir, generationName(n))
}

// generations lists the generations in the store's directory, in order.
func (s *Store) generations() (complete, unfinished []int, err error) {
	files, err := os.ReadDir(s.cfg.Dir)
	if err != nil {
		return nil, nil, err
	}
	for _, f := range files {
		n, ok := parseGeneration(f.Name())
		if !ok || !f.IsDir() {
			continue
		}
		_, err := os.Stat(filepath.Join(s.generationDir(n), completeName))
		switch {
		case err == nil:
			complete = append(complete, n)
		case errors.Is(err, fs.ErrNotExist):
			unfinished = append(unfinished, n)
		default:
			return nil, nil, err
		}
	}
	slices.Sort(complete)
	slices.Sort(unfinished)
	return complete, unfinished, nil
}

// complete makes a generation count, durably. It notes how many tables it began
// with.
func (s *Store) complete(n int, db *badger.DB) error {
	dir := s.generationDir(n)
	if err := writeFileDurably(filepath.Join(dir, completeName), fmt.Appendf(nil, "tables %d\n", len(db.Tables()))); err != nil {
		return fmt.Errorf("complete %s: %w", filepath.Base(dir), err)
	}
	return syncDir(s.cfg.Dir)
}

// firstTables is how many tables the present generation began with.
func (s *Store) firstTables() int {
	b, err := os.ReadFile(filepath.Join(s.badgerDir(), completeName))
	if err != nil {
		return 0
	}
	var n int
	if _, err := fmt.Sscanf(string(b), "tables %d\n", &n); err != nil {
		return 0
	}
	return n
}

// removeOthers removes the directories of all generations but the present one.
func (s *Store) removeOthers() error {
	complete, unfinished, err := s.generations()
	if err != nil {
		return err
	}
	for _, n := range append(complete, unfinished...) {
		if n != s.generation {
			if err := os.RemoveAll(s.generationDir(n)); err != nil {
				return err
			}
		}
	}
	return nil
}
