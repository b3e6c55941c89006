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
	// ErrNoClientID: the document needs a client id, of at most MaxClientID, before
	// it can be edited.
	ErrNoClientID = errors.New("document has no client id")
	// ErrValue: a value cannot be stored in this place.
	ErrValue = errors.New("value cannot be stored here")
	// ErrTooLarge: the document would be beyond MaxTextBytes, or its client beyond
	// MaxClock.
	ErrTooLarge = errors.New("too large")
)

// opError says what could not be done and why. It is there instead of
// fmt.Errorf because fmt, with reflect, os and time behind it, would be a sixth
// of this package in a browser.
type opError struct {
	op      string
	reasons []error
}

// failed returns an error that wraps all reasons.
// Not inlined: 36 callers, 1 kB of a page.
//
//go:noinline
func failed(op string, reasons ...error) error { return &opError{op, reasons} }

func (e *opError) Error() string {
	s := e.op
	for _, r := range e.reasons {
		s += ": " + r.Error()
	}
	return s
}

func (e *opError) Unwrap() []error { return e.reasons }
