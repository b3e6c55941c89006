package crdt

import (
	"strconv"

	"github.com/sheafdocs/sheaf/crdt/internal/codec"
)

// What ApplyUpdateContext applies at a time: some milliseconds of work. While the
// update is checked, it is looked whether the context is done every thousand structs and
// ranges; one of tens of megabytes of text takes longer, up to 2 ms for each.
const (
	contextBytes = 64 << 10
	contextOps   = 4096
)

// Context is what is needed here of a context.Context: Err returns an
// error once it is done. Package context itself would bring in time, and the
// clock and system calls of a browser with it.
type Context interface{ Err() error }

// ApplyUpdateContext is ApplyUpdate for long updates: it checks the whole update,
// then applies it in steps, a transaction each, and ends when ctx is done. The error
// wraps that of ctx then. Until the update is checked, nothing was changed; after
// that, it ends between two steps, and what was applied stays, or waits in the
// document for what was not, and applying the update again completes it. Deletions
// come last, so an observer may be shown text that a later step removes. Where the
// error wraps ErrMalformed, nothing was changed; where it wraps ErrTooLarge, because
// the document might pass MaxTextBytes, the steps that had room may have been applied.
//
// The document is the one that ApplyUpdate makes. For that, an update with an item
// between a unit and itself, which undoing sometimes writes, is one step.
func (d *Doc) ApplyUpdateContext(ctx Context, update []byte, origin any) error {
	return d.applySteps(ctx, codec.V1, update, origin)
}

// ApplyUpdateV2Context is ApplyUpdateContext for an update of format 2.
func (d *Doc) ApplyUpdateV2Context(ctx Context, update []byte, origin any) error {
	return d.applySteps(ctx, codec.V2, update, origin)
}

func (d *Doc) applySteps(ctx Context, f codec.Format, update []byte, origin any) error {
	if err := ctx.Err(); err != nil {
		return failed("apply update", err)
	}
	if err := d.fits(update); err != nil {
		return err
	}
	steps, aroundItself, err := codec.Split(ctx, f, update, contextBytes, contextOps)
	if err != nil {
		return unread(ctx, "apply update", err)
	}
	if aroundItself {
		steps = [][]byte{update} // its runs stay apart until its end, see Doc.continues
	}
	for i, step := range steps {
		if err := ctx.Err(); err != nil {
			return failed("apply update: after step "+strconv.Itoa(i)+" of "+strconv.Itoa(len(steps)), err)
		}
		if err := d.applyFormat(f, step, origin); err != nil {
			return err
		}
	}
	return nil
}
