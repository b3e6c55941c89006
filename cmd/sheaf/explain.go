//go:build !js

package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/sheafdocs/sheaf/node/api"
	"github.com/sheafdocs/sheaf/node/api/local"
	"github.com/sheafdocs/sheaf/node/backup"
	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/store"
)

// errNeedsNode: the command needs a running node and there is none.
var errNeedsNode = errors.New("no node is running on this directory, and this command needs one. Start it with \"sheaf\" or \"sheaf serve\" and try again")

// A runningError: a second node was started on one directory.
type runningError struct {
	dir     string
	address string
	pid     int
}

func (e *runningError) Error() string {
	return fmt.Sprintf("a node already runs on %s (process %d, %s). It was left alone. Use that one, or give this one a directory of its own with --dir", e.dir, e.pid, e.address)
}

// explain turns an error into what a person is told: what happened, what was
// kept, what to do.
func explain(err error) string {
	var refused *api.Error
	switch {
	case errors.As(err, &refused):
		return refused.Message
	case errors.Is(err, backup.ErrPassphrase):
		return "this is not the passphrase of the backup. Nothing was changed"
	case errors.Is(err, backup.ErrDamaged):
		return fmt.Sprintf("%v. Nothing was changed. Use another backup", err)
	case errors.Is(err, identity.ErrPassphrase):
		return "this is not the passphrase of this device's key. Nothing was changed"
	case errors.Is(err, store.ErrLocked):
		return fmt.Sprintf("another process is using this directory: %v. Nothing was changed. If a node is just starting, try again in a moment; otherwise end that process, or use another --dir", err)
	case errors.Is(err, store.ErrFull):
		return fmt.Sprintf("the disk is full: %v. What was saved before is kept. Free some space and try again", err)
	case errors.Is(err, local.ErrTooOpen):
		return fmt.Sprintf("%v, so it is not trusted. Nothing was changed. Stop the node, remove the file, and start the node again", err)
	case errors.Is(err, context.Canceled):
		return "stopped before it was done. What was saved before is kept"
	}
	return err.Error()
}
