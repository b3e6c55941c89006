package crdt

import (
	"context"
	"fmt"
)

// What ApplyUpdateContext applies at a time: some milliseconds of work.
const (
	contextBytes = 64 << 10
	contextOps   = 4096
)

// ApplyUpdateContext is ApplyUpdate for long updates of format 1: it applies
// them in steps, a transaction each, and ends between two of them when ctx is
// done. The error wraps that of ctx then; what was applied stays, or waits in the
// document for what was not, and applying the update again completes it.
// Deletions come last, so an observer may be shown text that a later step
// removes. Where the error wraps ErrMalformed, nothing was changed; where it wraps
// ErrTooLarge, the steps that had room may have been applied.
//
// An update of format 2 is converted first, by [ConvertUpdateToV1].
func (d *Doc) ApplyUpdateContext(ctx context.Context, update []byte, origin any) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("apply update: %w", err)
	}
	if err := d.fits(update); err != nil {
		return err
	}
	steps, err := SplitUpdate(update, contextBytes, contextOps)
	if err != nil {
		return fmt.Errorf("apply update: %w", err)
	}
	for i, step := range steps {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("apply update: after step %d of %d: %w", i, len(steps), err)
		}
		if err := d.ApplyUpdate(step, origin); err != nil {
			return err
		}
	}
	return nil
}
