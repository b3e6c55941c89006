package crdt

import "github.com/sheafdocs/sheaf/crdt/internal/codec"

// MergeUpdates merges updates into one that has the same effect, without a
// document. The error wraps ErrMalformed.
func MergeUpdates(updates ...[]byte) ([]byte, error) {
	return mergeUpdates(codec.Endless{}, codec.V1, updates)
}

// MergeUpdatesV2 is MergeUpdates for format 2.
func MergeUpdatesV2(updates ...[]byte) ([]byte, error) {
	return mergeUpdates(codec.Endless{}, codec.V2, updates)
}

// MergeUpdatesContext is MergeUpdates that ends, soon and with nothing, when ctx is
// done; the error wraps that of ctx then.
func MergeUpdatesContext(ctx Context, updates ...[]byte) ([]byte, error) {
	return mergeUpdates(ctx, codec.V1, updates)
}

// MergeUpdatesV2Context is MergeUpdatesContext for format 2.
func MergeUpdatesV2Context(ctx Context, updates ...[]byte) ([]byte, error) {
	return mergeUpdates(ctx, codec.V2, updates)
}

func mergeUpdates(ctx Context, f codec.Format, updates [][]byte) ([]byte, error) {
	err := ctx.Err()
	var merged []byte
	if err == nil {
		merged, err = codec.Merge(ctx, f, updates)
	}
	return merged, unread(ctx, "merge updates", err)
}

// unread says why an update was not read to its end: the context is done, or else
// the update malformed.
func unread(ctx Context, what string, err error) error {
	if err == nil {
		return nil
	}
	if done := ctx.Err(); done != nil {
		return failed(what, done)
	}
	return failed(what, ErrMalformed, err)
}

// DiffUpdate returns the part of an update that a replica with the given state
// lacks, without a document. The error wraps ErrMalformed.
func DiffUpdate(update []byte, sv StateVector) ([]byte, error) {
	return diffUpdate(codec.V1, update, sv)
}

// DiffUpdateV2 is DiffUpdate for format 2.
func DiffUpdateV2(update []byte, sv StateVector) ([]byte, error) {
	return diffUpdate(codec.V2, update, sv)
}

func diffUpdate(f codec.Format, update []byte, sv StateVector) ([]byte, error) {
	diff, err := codec.Diff(f, update, func(client uint64) uint64 { return sv[ClientID(client)] })
	if err != nil {
		return nil, failed("diff update", ErrMalformed, err)
	}
	return diff, nil
}

// StateVectorFromUpdate returns the state of a document that consists of the
// update, as far as nothing is missing in it. The error wraps ErrMalformed.
func StateVectorFromUpdate(update []byte) (StateVector, error) {
	return stateVectorFrom(codec.V1, update)
}

// StateVectorFromUpdateV2 is StateVectorFromUpdate for format 2.
func StateVectorFromUpdateV2(update []byte) (StateVector, error) {
	return stateVectorFrom(codec.V2, update)
}

func stateVectorFrom(f codec.Format, update []byte) (StateVector, error) {
	sv := StateVector{}
	err := codec.StateVector(f, update, func(client, clock uint64) { sv[ClientID(client)] = clock })
	if err != nil {
		return nil, failed("read state vector of update", ErrMalformed, err)
	}
	return sv, nil
}

// SplitUpdate cuts an update into several that, applied in order, have its
// effect. Each holds at most maxOps structs and deleted ranges and about
// maxBytes bytes; a struct that cannot be cut, like one embed, may exceed
// that. Structs come first, deletions last; characters stay whole. Only an item
// that undoing put between a unit and itself can come to another place than by the
// whole update, in Yjs too. The error wraps ErrMalformed.
func SplitUpdate(update []byte, maxBytes, maxOps int) ([][]byte, error) {
	pieces, _, err := codec.Split(codec.Endless{}, codec.V1, update, maxBytes, maxOps)
	return pieces, unread(codec.Endless{}, "split update", err)
}

// CompactUpdate joins what a document would keep as one, without a document:
// a run of keystrokes, each its own update once, becomes one struct. The error
// wraps ErrMalformed.
func CompactUpdate(update []byte) ([]byte, error) {
	compact, err := codec.Compact(update)
	if err != nil {
		return nil, failed("compact update", ErrMalformed, err)
	}
	return compact, nil
}
