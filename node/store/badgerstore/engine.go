//go:build !js

package badgerstore

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"
)

// Names and sizes of Badger's files.
const (
	walSuffix     = ".mem"
	tableSuffix   = ".sst"
	vlogSuffix    = ".vlog"
	memTableBytes = 8 << 20
	// badgerFormat is put into Badger's manifest.
	badgerFormat = 1
)

// badgerOptions are chosen for a device that does many other things: little memory,
// few files, no caches beside the kernel's, nothing compressed because nearly all
// of it is ciphertext.
func badgerOptions(dir string, log *slog.Logger) badger.Options {
	o := badger.DefaultOptions(dir)
	o.Logger = badgerLog{log}
	o.MetricsEnabled = false
	o.SyncWrites = true
	o.ChecksumVerificationMode = options.OnTableRead
	o.ExternalMagicVersion = badgerFormat
	o.MemTableSize = memTableBytes
	o.NumMemtables = 3
	o.BaseTableSize = memTableBytes
	o.NumCompactors = 0 // it loses records: see tidy.go
	o.NumLevelZeroTablesStall = math.MaxInt
	o.ValueThreshold = 1 << 20 // above all our values: the value log stays empty
	o.ValueLogFileSize = 1 << 20
	o.Compression = options.None
	o.BlockCacheSize = 0
	o.IndexCacheSize = 0
	o.DetectConflicts = false // one writer
	o.BypassLockGuard = true  // the lock on our own directory covers it
	return o
}

// openBadger opens Badger in a directory, made if missing, and returns how its
// files are mapped.
func (s *Store) openBadger(dir string) (db *badger.DB, m *mapping, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, nil, err
	}
	if m, err = reserveMappings(dir, s.sparePath(), &s.ending); err != nil {
		return nil, nil, err
	}
	// Statistics of the value log, which we do not use. Badger ends the process if
	// it cannot make this file or finds nonsense in it.
	if err := os.WriteFile(filepath.Join(dir, "DISCARD"), make([]byte, 4096), 0o600); err != nil {
		return nil, nil, err
	}
	err = guard(func() error {
		db, err = badger.Open(badgerOptions(dir, s.log))
		return err
	})
	if err != nil {
		return nil, nil, fmt.Errorf("open badger: %w", err)
	}
	return db, m, nil
}

// closeTimeout bounds how long Badger may take to close. It tries for ever to
// flush what it holds; on a broken disk that is for ever. Nothing is lost by
// leaving it: all of it is in its log.
const closeTimeout = 10 * time.Second

// closeBadger closes Badger if it is open. With a time-out, the next call goes on
// waiting.
func (s *Store) closeBadger() error {
	if s.closing == nil {
		if s.db == nil {
			return nil
		}
		db := s.db
		s.db = nil
		s.closing = make(chan error, 1)
		go func() { s.closing <- guard(db.Close) }()
	}
	select {
	case err := <-s.closing:
		s.closing = nil
		if err != nil {
			return fmt.Errorf("close badger: %w", err)
		}
		return nil
	case <-time.After(closeTimeout):
		return fmt.Errorf("close badger: no answer within %v", closeTimeout)
	}
}

// faultError is a panic turned into an error: reading a memory map failed, or what
// was read made no sense to Badger.
type faultError struct{ reason any }

// ofBadger reports whether it is Badger's own state that is broken, and not what
// it read: after it failed to make a new log, it has none.
func (e *faultError) ofBadger() bool {
	err, ok := e.reason.(runtime.Error)
	return ok && strings.Contains(err.Error(), "nil pointer")
}

func (e *faultError) Error() string { return fmt.Sprintf("cannot read the store: %v", e.reason) }

// guard runs f and returns its panics as errors. Badger reads its files through
// memory maps: a disk that cannot be read is a memory fault there.
func guard(f func() error) (err error) {
	old := debug.SetPanicOnFault(true)
	defer func() {
		debug.SetPanicOnFault(old)
		if r := recover(); r != nil {
			err = &faultError{r}
		}
	}()
	return f()
}

// circumstance reports whether an error says more about the machine than about
// the files: then nothing may be set aside.
func circumstance(err error) bool {
	if isFull(err) || errors.Is(err, os.ErrPermission) {
		return true
	}
	text := err.Error()
	for _, s := range []string{"too many open files", "cannot allocate memory", "read-only file system", "directory lock"} {
		if strings.Contains(text, s) {
			return true
		}
	}
	return false
}

// badgerLog passes Badger's messages on; what it calls information is detail here.
type badgerLog struct{ log *slog.Logger }

func (l badgerLog) Errorf(f string, a ...any)   { l.log.Error("badger", "message", message(f, a)) }
func (l badgerLog) Warningf(f string, a ...any) { l.log.Warn("badger", "message", message(f, a)) }
func (l badgerLog) Infof(f string, a ...any)    { l.log.Debug("badger", "message", message(f, a)) }
func (l badgerLog) Debugf(string, ...any)       {}

func message(f string, a []any) string { return strings.TrimSpace(fmt.Sprintf(f, a...)) }
