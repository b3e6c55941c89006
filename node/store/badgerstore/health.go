//go:build !js

package badgerstore

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/sheafdocs/sheaf/node/store"
)

// State is what a store is able to do.
type State uint8

// The states, in the order in which one outdoes another.
const (
	StateOK       State = iota // all is well
	StateRepaired              // working; something was damaged, see Damaged
	StateFull                  // reading only, until space returns
	StateFailing               // the disk fails; commits are refused or wait
)

// String returns the state as the page's API names it.
func (s State) String() string {
	switch s {
	case StateOK:
		return "ok"
	case StateRepaired:
		return "repaired"
	case StateFull:
		return "full"
	case StateFailing:
		return "failing"
	}
	return fmt.Sprintf("state %d", uint8(s))
}

// Health is how a store does, with a sentence for its user; empty when all is
// well.
type Health struct {
	State   State
	Message string
}

// Health returns how the store does now.
func (s *Store) Health() Health { return s.health.get() }

// causes of not being well, each with its own message; the last one counts most.
type cause uint8

const (
	causeDamage cause = iota
	causeFull
	causeStalled
	causeFailing
	numCauses
)

var stateOfCause = [numCauses]State{causeDamage: StateRepaired, causeFull: StateFull, causeStalled: StateFailing, causeFailing: StateFailing}

type health struct {
	changed func(Health)
	callMu  sync.Mutex // held while changed runs, so that the last call tells the last state

	mu       sync.Mutex
	messages [numCauses]string
}

func (h *health) get() Health {
	h.mu.Lock()
	defer h.mu.Unlock()
	for c := int(numCauses) - 1; c >= 0; c-- {
		if m := h.messages[c]; m != "" {
			return Health{stateOfCause[c], m}
		}
	}
	return Health{}
}

// set changes the message of a cause; empty: it is over.
func (h *health) set(c cause, message string) {
	h.mu.Lock()
	same := h.messages[c] == message
	h.messages[c] = message
	h.mu.Unlock()
	if same || h.changed == nil {
		return
	}
	h.callMu.Lock()
	defer h.callMu.Unlock()
	h.changed(h.get())
}

func (h *health) has(c cause) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.messages[c] != ""
}

// Times of the watcher.
const (
	watchEvery   = time.Second            // free space
	watchFull    = 250 * time.Millisecond // free space, while there is too little
	stalledAfter = 5 * time.Second        // a commit is overdue
	journalEvery = 100 * time.Millisecond // flushes of the journal, at most
)

// watch looks after what has to be seen without a commit: that space returns, that
// the disk answers, that the journal reaches the disk.
func (s *Store) watch() {
	defer s.wg.Done()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-s.stop:
			return
		case <-s.journal.dirty:
			if err := s.journal.sync(); err != nil {
				s.log.Error("sync tally", "err", err)
			}
			// Whatever is written meanwhile waits for the next turn.
			select {
			case <-s.stop:
				return
			case <-time.After(journalEvery):
			}
		case <-timer.C:
			_ = s.checkSpace() // sets the health
			s.keepBallast()
			s.watchStall()
			s.wake()
			wait := watchEvery
			if s.health.has(causeFull) {
				wait = watchFull
			}
			timer.Reset(wait)
		}
	}
}

func (s *Store) watchStall() {
	since := s.started.Load()
	if since == 0 {
		s.health.set(causeStalled, "")
		return
	}
	if d := time.Since(time.Unix(0, since)) - s.cfg.SyncDelay; d > stalledAfter {
		s.health.set(causeStalled, "The disk has not answered for several seconds. Edits are kept in memory and are not saved until it does.")
	}
}

// wake makes the writer try a disk again that has failed, though no one commits.
func (s *Store) wake() {
	if !s.brokenNow.Load() && !s.health.has(causeFailing) || s.started.Load() != 0 {
		return
	}
	r := &request{ctx: context.Background(), run: s.reviveIdle, done: make(chan error, 1)}
	select {
	case s.queue <- r:
	default: // someone commits
	}
}

// Files that only take up space, to be given up when there is too little.
const (
	ballastName = "ballast" // for opening, and for Badger's work in the background
	spareName   = "spare"   // for Badger's next log
	spareBytes  = 2*memTableBytes + 1<<20
)

func (s *Store) ballastPath() string { return filepath.Join(s.cfg.Dir, ballastName) }
func (s *Store) sparePath() string   { return filepath.Join(s.cfg.Dir, spareName) }

func mib(n int64) int64 { return (n + 1<<20 - 1) >> 20 }

func (s *Store) fullMessage() string {
	return fmt.Sprintf("The disk is full: less than %d MiB are free where documents are kept (%s). Everything saved is kept and can be read; new edits are not saved. Free some space: saving goes on by itself.", mib(s.cfg.ReserveBytes), s.cfg.Dir)
}

func (s *Store) noteFull() { s.health.set(causeFull, s.fullMessage()) }

// checkSpace returns store.ErrFull when the disk has less than the reserve left.
func (s *Store) checkSpace() error {
	free, err := freeBytes(s.cfg.Dir)
	if err != nil {
		return err
	}
	if free >= s.cfg.ReserveBytes {
		s.health.set(causeFull, "")
		return nil
	}
	s.noteFull()
	return fmt.Errorf("%w (%d MiB free, %d MiB needed)", store.ErrFull, free>>20, mib(s.cfg.ReserveBytes))
}

// makeSpare makes sure that there is space for another log.
func (s *Store) makeSpare() error {
	if fi, err := os.Stat(s.sparePath()); err == nil && fi.Size() == spareBytes {
		return nil
	}
	err := fillFile(s.sparePath(), spareBytes)
	if err == nil {
		return nil
	}
	os.Remove(s.sparePath())
	if isFull(err) {
		s.noteFull()
		return fmt.Errorf("%w (%w)", store.ErrFull, err)
	}
	return fmt.Errorf("reserve space for a log: %w", err)
}

// keepBallast gives the ballast up when Badger, busy in the background, may need
// the space, and makes it again when there is plenty.
func (s *Store) keepBallast() {
	free, err := freeBytes(s.cfg.Dir)
	switch {
	case err != nil:
	case free < s.cfg.ReserveBytes/2:
		s.dropBallast()
	case free >= s.cfg.ReserveBytes+2*s.cfg.BallastBytes:
		s.makeBallast()
	}
}

// makeRoomToOpen refuses to open Badger on a disk so full that opening could end
// the process; the ballast is there to be given up for this.
func (s *Store) makeRoomToOpen() error {
	need := s.cfg.ReserveBytes / 2
	free, err := freeBytes(s.cfg.Dir)
	if err != nil {
		return err
	}
	if free < need {
		s.dropBallast()
		s.dropSpare()
		if free, err = freeBytes(s.cfg.Dir); err != nil {
			return err
		}
	}
	if free < need {
		return fmt.Errorf("%w: only %d MiB are free where documents are kept (%s), %d MiB are needed to open them; nothing was changed; free some space and start again",
			store.ErrFull, free>>20, s.cfg.Dir, mib(need))
	}
	return nil
}

// makeRoomToClose gives up the ballast if Badger, which writes its log into a table
// when closed, might not have the room for it.
func (s *Store) makeRoomToClose() {
	if free, err := freeBytes(s.cfg.Dir); err == nil && free < s.cfg.ReserveBytes/2 {
		s.dropBallast()
		s.dropSpare()
	}
}

func (s *Store) dropBallast() {
	if err := os.Remove(s.ballastPath()); err == nil {
		s.log.Warn("disk nearly full: gave up the ballast")
	}
}

func (s *Store) dropSpare() { os.Remove(s.sparePath()) }

// makeBallast makes the ballast if it is missing. It is real space, not a hole.
func (s *Store) makeBallast() {
	size := s.cfg.BallastBytes
	if size == 0 {
		return
	}
	if fi, err := os.Stat(s.ballastPath()); err == nil && fi.Size() == size {
		return
	}
	if err := fillFile(s.ballastPath(), size); err != nil {
		s.log.Warn("cannot make ballast", "err", err)
		os.Remove(s.ballastPath())
	}
}

// fillFile makes a file of n bytes that has its blocks.
func fillFile(path string, n int64) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := reserveBlocks(int(f.Fd()), n); err != nil {
		return err
	}
	return f.Truncate(n)
}
