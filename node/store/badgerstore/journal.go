//go:build !js

package badgerstore

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// The journal is the second place in which tallies are kept: a file of notes, each
// with its hash, the first of which holds every tally.
const (
	journalName   = "tally"
	journalMagic  = "sheaf-tally 1\n"
	journalDomain = "sheaf/1/tally\x00"
	// maxNoteBytes bounds one note; a note of every tally of two million shelves.
	maxNoteBytes = 128 << 20
	// journalSlack is how far the journal may grow before it is rewritten, beside
	// the size it had when it was written.
	journalSlack = 1 << 20
)

func hashNote(body []byte) (s sum) {
	h := sha256.New()
	h.Write([]byte(journalDomain))
	h.Write(body)
	copy(s[:], h.Sum(nil))
	return s
}

func appendNote(dst []byte, n groupNote) []byte {
	body := n.encode()
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(body)))
	dst = append(dst, body...)
	s := hashNote(body)
	return append(dst, s[:]...)
}

// loadJournal reads what the journal in dir says. A missing journal is an empty
// one with found false. What follows the first note that does not fit is left out:
// after a crash that is the torn last note, and the ring inside Badger makes up
// for it.
func loadJournal(dir string) (t *tallies, found bool, err error) {
	t = newTallies()
	b, err := os.ReadFile(filepath.Join(dir, journalName))
	if errors.Is(err, fs.ErrNotExist) {
		return t, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("read tally: %w", err)
	}
	b, ok := bytes.CutPrefix(b, []byte(journalMagic))
	if !ok {
		return t, false, nil
	}
	for {
		n, rest, ok := nextNote(b)
		if !ok {
			return t, found, nil
		}
		t.apply(n)
		found = true
		b = rest
	}
}

func nextNote(b []byte) (n groupNote, rest []byte, ok bool) {
	if len(b) < 4 {
		return n, nil, false
	}
	size := binary.BigEndian.Uint32(b)
	if size > maxNoteBytes || uint64(len(b)) < 4+uint64(size)+sumBytes {
		return n, nil, false
	}
	body := b[4 : 4+size]
	want := hashNote(body)
	if !bytes.Equal(want[:], b[4+size:4+size+sumBytes]) {
		return n, nil, false
	}
	n, err := decodeNote(body)
	return n, b[4+size+sumBytes:], err == nil
}

// replaceJournal replaces the journal in dir by one that holds exactly n, durably,
// and opens it for appending.
func replaceJournal(dir string, n groupNote) (f *os.File, size int64, err error) {
	path := filepath.Join(dir, journalName)
	b := appendNote([]byte(journalMagic), n)
	if err := writeFileDurably(path, b); err != nil {
		return nil, 0, fmt.Errorf("write tally: %w", err)
	}
	f, err = os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return nil, 0, fmt.Errorf("open tally: %w", err)
	}
	return f, int64(len(b)), nil
}

// journal appends to the journal file. A note is written before its group is
// acknowledged, so that it survives the process, and flushed soon after, so that a
// commit waits for one flush and not for two; what a power loss takes away is
// completed from the ring.
type journal struct {
	dir   string
	dirty chan struct{} // asks for a sync

	mu   sync.Mutex
	f    *os.File // nil: to be written anew
	size int64
	base int64 // size after the last rewrite
	lag  int   // notes since the last sync
}

// restart begins the journal anew with all tallies.
func (j *journal) restart(n groupNote) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.restartLocked(n)
}

func (j *journal) restartLocked(n groupNote) error {
	if j.f != nil {
		j.f.Close()
		j.f = nil
	}
	f, size, err := replaceJournal(j.dir, n)
	if err != nil {
		return err
	}
	j.f, j.size, j.base, j.lag = f, size, size, 0
	return nil
}

// add appends the note of a group that was committed; t already includes it. An
// error does not undo the group: the ring has the note, and the journal is begun
// anew at the next chance.
func (j *journal) add(n groupNote, t *tallies) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.f == nil || j.size > 4*j.base+journalSlack {
		return j.restartLocked(t.snapshot())
	}
	b := appendNote(nil, n)
	if _, err := j.f.Write(b); err != nil {
		j.f.Close()
		j.f = nil
		return fmt.Errorf("append to tally: %w", err)
	}
	j.size += int64(len(b))
	j.lag++
	if j.lag >= ringSlots*3/4 {
		return j.syncLocked()
	}
	select {
	case j.dirty <- struct{}{}:
	default:
	}
	return nil
}

func (j *journal) syncLocked() error {
	if err := j.f.Sync(); err != nil {
		j.f.Close()
		j.f = nil
		return fmt.Errorf("sync tally: %w", err)
	}
	j.lag = 0
	return nil
}

// sync flushes what was added so far; adding goes on meanwhile.
func (j *journal) sync() error {
	j.mu.Lock()
	f, lag := j.f, j.lag
	j.mu.Unlock()
	if f == nil || lag == 0 {
		return nil
	}
	err := f.Sync()
	if errors.Is(err, os.ErrClosed) {
		return nil // begun anew meanwhile, with all in it
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.f != f {
		return nil
	}
	if err != nil {
		j.f.Close()
		j.f = nil
		return fmt.Errorf("sync tally: %w", err)
	}
	j.lag -= lag
	return nil
}

func (j *journal) close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.f == nil {
		return nil
	}
	err := j.f.Sync()
	if cerr := j.f.Close(); err == nil {
		err = cerr
	}
	j.f = nil
	return err
}

// writeFileDurably replaces a file such that after a crash or a power loss it is
// either the old or the new one.
func writeFileDurably(path string, b []byte) error {
	f, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	if err := os.Rename(path+".new", path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}
