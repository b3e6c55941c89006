package crdt

import "strconv"

// What ApplyUpdateContext applies at a time: some milliseconds of work.
const (
	contextBytes = 64 << 10
	contextOps   = 4096
)

// Context is what ApplyUpdateContext needs of a context.Context: Err returns an
// error once it is done. Package context itself would bring in time, and the
// clock and system calls of a browser with it.
type Context interface{ Err() error }

// ApplyUpdateContext is ApplyUpdate for long updates of format 1: it applies
// them in steps, a transaction each, and ends between two of them when ctx is
// done. The error wraps that of ctx then; what was applied stays, or waits in the
// document for what was not, and applying the update again completes it.
// Deletions come last, so an observer may be shown text that a later step
// removes. Where the error wraps ErrMalformed, nothing was changed; where it wraps
// ErrTooLarge, the steps that had room may have been applied.
//
// An update of format 2 is converted first, by [ConvertUpdateToV1].
func (d *Doc) ApplyUpdateContext(ctx Context, update []byte, origin any) error {
	if err := ctx.Err(); err != nil {
		return failed("apply update", err)
	}
	if err := d.fits(update); err != nil {
		return err
	}
	steps, err := SplitUpdate(update, contextBytes, contextOps)
	if err != nil {
		return failed("apply update", err)
	}
	for i, step := range steps {
		if err := ctx.Err(); err != nil {
			return failed("apply update: after step "+strconv.Itoa(i)+" of "+strconv.Itoa(len(steps)), err)
		}
		if err := d.ApplyUpdate(step, origin); err != nil {
			return err
		}
	}
	return nil
}
