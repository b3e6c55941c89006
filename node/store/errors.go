package store

import (
	"errors"
	"fmt"
)

var (
	// ErrNotFound: there is no record under the key.
	ErrNotFound = errors.New("record not found")
	// ErrFull: the disk is so full that the store is read-only. Everything stored
	// is kept and can be read; commits work again when space returns.
	ErrFull = errors.New("disk full: the store is read-only until space returns")
	// ErrClosed: the store was closed.
	ErrClosed = errors.New("store is closed")
	// ErrLocked: another process has the store open.
	ErrLocked = errors.New("store is in use by another process")
)

// CorruptError says that a record is there but is not what was put: the disk, the
// memory or another program changed it. It is never returned together with a
// value.
type CorruptError struct {
	Key    Key
	Reason string // what did not fit, for the log
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("record %v is damaged: %s", e.Key, e.Reason)
}

// LimitError says that a key, a value or a batch is larger than a store takes.
type LimitError struct {
	What  string
	Size  int // bytes asked for
	Limit int // bytes allowed
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("%s is %d bytes, more than the limit of %d", e.What, e.Size, e.Limit)
}
