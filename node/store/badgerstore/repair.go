//go:build !js

package badgerstore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/sheafdocs/sheaf/node/store"
)

// Names inside the store's directory, beside Badger's.
const (
	suspectName = "suspect"         // files that opening would change; gone when all is well
	repairName  = "repair"          // names the directory being salvaged
	openingName = "opening"         // how often opening was begun and not ended
	corruptName = "damaged-records" // bytes of records that failed their hash
)

// maxOpenings is how often in a row the process may end while Badger opens before
// the store counts as damaged. On a slow machine once or twice may be somebody who
// kills it, or the power.
const maxOpenings = 3

// repair is the state of one opening of Badger.
type repair struct {
	store   *Store
	report  *Report
	aside   string // name of the directory whose records are to be brought back
	fresh   bool   // the generation is a new one, not yet complete
	journal bool   // there is one
}

func (r *repair) path(names ...string) string {
	return filepath.Join(append([]string{r.store.cfg.Dir}, names...)...)
}

// before chooses the generation to open, looks at its files before Badger does, and
// sets it aside if Badger had better not.
func (r *repair) before() error {
	complete, unfinished, err := r.store.generations()
	if err != nil {
		return err
	}
	if err := r.resume(); err != nil {
		return err
	}
	switch {
	case len(complete) > 0:
		// It was completed, so whatever it was made from is not needed.
		r.store.generation, r.aside = complete[len(complete)-1], ""
	case r.aside != "":
		// What the interrupted salvage had made is thrown away; what it made it
		// from is still there.
		for _, n := range unfinished {
			if err := os.RemoveAll(r.store.generationDir(n)); err != nil {
				return err
			}
		}
		r.store.generation, r.fresh = 1, true
		return nil
	case len(unfinished) > 0 && r.journal:
		// There was a store, but which it is is not marked any more.
		r.store.generation = unfinished[len(unfinished)-1]
		return r.setAside("it is not marked as complete")
	default:
		// A new store; a first opening that was interrupted had nothing in it.
		for _, n := range unfinished {
			if err := os.RemoveAll(r.store.generationDir(n)); err != nil {
				return err
			}
		}
		r.store.generation, r.fresh = 1, true
		return nil
	}
	return r.inspect()
}

// inspect sets the generation aside if it is damaged, or has ended the process more
// than once.
func (r *repair) inspect() error {
	openings := 0
	if b, err := os.ReadFile(r.path(openingName)); err == nil {
		openings, _ = strconv.Atoi(strings.TrimSpace(string(b)))
	}
	reason, err := r.audit()
	if err != nil {
		return err
	}
	if openings >= maxOpenings && reason == "" {
		reason = fmt.Sprintf("opening it ended the program %d times", openings)
		openings = 0
	}
	if reason != "" {
		if err := r.setAside(reason); err != nil {
			return err
		}
	}
	return os.WriteFile(r.path(openingName), []byte(strconv.Itoa(openings+1)), 0o600)
}

// resume reads what an interrupted salvage was about.
func (r *repair) resume() error {
	b, err := os.ReadFile(r.path(repairName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	name, reason, _ := strings.Cut(strings.TrimSpace(string(b)), "\n")
	if generation, _, ok := strings.Cut(name, damagedInfix); !ok || filepath.Base(name) != name {
		return os.Remove(r.path(repairName))
	} else if _, ok := parseGeneration(generation); !ok {
		return os.Remove(r.path(repairName))
	}
	if _, err := os.Stat(r.path(name)); err != nil {
		// It was noted but not yet renamed.
		return os.Remove(r.path(repairName))
	}
	r.noteAside(name, reason)
	return nil
}

func (r *repair) noteAside(name, reason string) {
	r.aside, r.report.SetAside, r.report.Reason = name, r.path(name), reason
}

// setAside renames the generation's directory and begins another. Nothing in the
// old one is changed or deleted, but that it does not count any more.
func (r *repair) setAside(reason string) error {
	name, err := r.asideName()
	if err != nil {
		return err
	}
	r.store.log.Error("store damaged: setting it aside", "reason", reason, "directory", r.path(name))
	if err := writeFileDurably(r.path(repairName), []byte(name+"\n"+reason+"\n")); err != nil {
		return fmt.Errorf("set damaged store aside: %w", err)
	}
	if err := os.Rename(r.store.badgerDir(), r.path(name)); err != nil {
		return fmt.Errorf("set damaged store aside: %w", err)
	}
	if err := syncDir(r.store.cfg.Dir); err != nil {
		return fmt.Errorf("set damaged store aside: %w", err)
	}
	r.noteAside(name, reason)
	r.store.generation++
	r.fresh = true
	return nil
}

func (r *repair) asideName() (string, error) {
	base := generationName(r.store.generation) + damagedInfix + time.Now().UTC().Format("20060102T150405Z")
	for i := 0; i < 1000; i++ {
		name := base
		if i > 0 {
			name = fmt.Sprintf("%s-%d", base, i)
		}
		if _, err := os.Lstat(r.path(name)); errors.Is(err, fs.ErrNotExist) {
			return name, nil
		} else if err != nil {
			return "", err
		}
	}
	return "", errors.New("too many damaged stores are kept in this directory")
}

// open opens Badger and fills it with what is whole in what was set aside.
func (r *repair) open() (db *badger.DB, err error) {
	db, r.store.mapping, err = r.store.openBadger(r.store.badgerDir())
	if err != nil && r.aside == "" && !circumstance(err) {
		if err := r.setAside(err.Error()); err != nil {
			return nil, err
		}
		db, r.store.mapping, err = r.store.openBadger(r.store.badgerDir())
	}
	if err != nil {
		if isFull(err) {
			err = fmt.Errorf("%w: %w", store.ErrFull, err)
		}
		return nil, err
	}
	if r.aside == "" {
		return db, nil
	}
	if err := r.salvageInto(db, r.path(r.aside), r.path(suspectName)); err != nil {
		_ = guard(db.Close)
		return nil, err
	}
	return db, nil
}

// suspects reports whether files were kept from before the opening.
func (r *repair) suspects() bool {
	files, err := os.ReadDir(r.path(suspectName))
	return err == nil && len(files) > 0
}

// salvage brings back what is missing from the files kept from before the opening,
// which are then kept for good.
func (r *repair) salvage(db *badger.DB) error {
	if r.report.SetAside == "" {
		r.report.Reason = "a log or table of it ended too early"
	}
	return r.salvageInto(db, r.path(suspectName))
}

// complete makes a new generation count. From here on what is committed is nowhere
// else, and the salvage is never taken up again.
func (r *repair) complete(db *badger.DB) error {
	if !r.fresh {
		return nil
	}
	return r.store.complete(r.store.generation, db)
}

// done ends a repair: what was kept from before the opening is thrown away if it
// was not needed, and kept with the rest if it was.
func (r *repair) done() error {
	clean := r.report.SetAside == "" && r.report.Reason == "" && len(r.store.marks.list()) == 0 && !r.report.Unverified
	if r.suspects() {
		if err := r.putAwaySuspects(!clean); err != nil {
			return err
		}
	}
	for _, name := range []string{openingName, repairName} {
		if err := os.Remove(r.path(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if !clean {
		return nil // other generations may still be of use
	}
	return r.store.removeOthers()
}

func (r *repair) putAwaySuspects(needed bool) error {
	if !needed {
		return os.RemoveAll(r.path(suspectName))
	}
	if r.aside == "" {
		name, err := r.asideName()
		if err != nil {
			return err
		}
		r.report.SetAside = r.path(name)
		return os.Rename(r.path(suspectName), r.path(name))
	}
	return os.Rename(r.path(suspectName), r.path(r.aside, suspectName))
}

// keepCorrupt appends the bytes of damaged records to a file beside the store,
// before they are removed from it.
func (r *repair) keepCorrupt(records []corruptRecord) error {
	var b []byte
	for _, c := range records {
		b = binary.BigEndian.AppendUint32(b, uint32(len(c.key)))
		b = append(b, c.key...)
		b = binary.BigEndian.AppendUint32(b, uint32(len(c.stored)))
		b = append(b, c.stored...)
	}
	path := r.path(corruptName)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("keep damaged records: %w", err)
	}
	defer f.Close()
	if _, err := f.Write(b); err != nil {
		return fmt.Errorf("keep damaged records: %w", err)
	}
	r.report.Removed, r.report.Kept = r.report.Removed+len(records), path
	return f.Sync()
}
