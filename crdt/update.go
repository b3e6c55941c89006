package crdt

import "github.com/sheafdocs/sheaf/crdt/internal/codec"

// MergeUpdates merges updates into one that has the same effect, without a
// document. The error wraps ErrMalformed.
func MergeUpdates(updates ...[]byte) ([]byte, error) { return mergeUpdates(codec.V1, updates) }

// MergeUpdatesV2 is MergeUpdates for format 2.
func MergeUpdatesV2(updates ...[]byte) ([]byte, error) { return mergeUpdates(codec.V2, updates) }

func mergeUpdates(f codec.Format, updates [][]byte) ([]byte, error) {
	merged, err := codec.Merge(f, updates)
	if err != nil {
		return nil, failed("merge updates", ErrMalformed, err)
	}
	return merged, nil
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
// that. Structs come first, deletions last; characters stay whole. The error
// wraps ErrMalformed.
func SplitUpdate(update []byte, maxBytes, maxOps int) ([][]byte, error) {
	pieces, err := codec.Split(update, maxBytes, maxOps)
	if err != nil {
		return nil, failed("split update", ErrMalformed, err)
	}
	return pieces, nil
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
