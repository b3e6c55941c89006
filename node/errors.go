package node

import (
	"errors"
	"fmt"

	"github.com/sheafdocs/sheaf/node/store"
)

// Errors callers branch on.
var (
	ErrClosed      = errors.New("node is closed")
	ErrNoDocument  = errors.New("no such document on this device")
	ErrJoining     = errors.New("document is not open to this device yet")
	ErrReadOnly    = errors.New("document is read-only for this device")
	ErrWrongClient = errors.New("update refused: wrong client id")
	ErrBadUpdate   = errors.New("update refused")
	ErrSessionOver = errors.New("session is over")
	ErrTooMany     = errors.New("limit reached")
	ErrBusy        = errors.New("too many edits wait to be stored")
	ErrFull        = errors.New("the disk is full")
	ErrTitle       = errors.New("title is too long")
	ErrLinkRefused = errors.New("the link is not taken")
	ErrNoNetwork   = errors.New("this node has no network")
)

// storeError names a failed commit, so that callers who do not know the store
// can tell a full disk from other faults.
func storeError(what string, err error) error {
	if errors.Is(err, store.ErrFull) {
		return fmt.Errorf("%s: %w: %w", what, ErrFull, err)
	}
	return fmt.Errorf("%s: %w", what, err)
}

// errNoKey says that the epoch key of an entry is not held (yet).
var errNoKey = errors.New("epoch key is not held")
