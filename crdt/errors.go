package crdt

import "errors"

// Errors that callers may want to tell apart.
var (
	// ErrMalformed: bytes from outside are not what they should be. Nothing
	// was changed.
	ErrMalformed = errors.New("malformed")
	// ErrRange: an index or length lies outside the type. Nothing was changed.
	ErrRange = errors.New("index out of range")
	// ErrDetached: the type is not part of a document yet, or no longer.
	ErrDetached = errors.New("type is not part of the document")
	// ErrAttached: the type is part of a document already.
	ErrAttached = errors.New("type is already part of a document")
	// ErrTransaction: the transaction is over or belongs to another document.
	ErrTransaction = errors.New("not inside a transaction of this document")
	// ErrKind: the root of this name was defined as another kind of type.
	ErrKind = errors.New("type is of another kind")
	// ErrNoClientID: the document needs a client id before it can be edited.
	ErrNoClientID = errors.New("document has no client id")
	// ErrValue: a value cannot be stored in this place.
	ErrValue = errors.New("value cannot be stored here")
	// ErrTooLarge: the document or update is beyond a limit.
	ErrTooLarge = errors.New("too large")
)
