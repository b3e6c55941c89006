package replication

import (
	"errors"
	"fmt"
)

// Errors of a session. Those that a peer can be told cross the wire as codes;
// codeOf and errorOf are the two directions.
var (
	// ErrRefused: the peer has no such document, or none for this device. The
	// two cannot be told apart.
	ErrRefused = errors.New("document unknown to the peer, or not open to this device")
	// ErrVersion: the peer speaks another version of the protocol.
	ErrVersion = errors.New("peer speaks another protocol version")
	// ErrMalformed: a frame is not what the protocol allows.
	ErrMalformed = errors.New("malformed frame")
	// ErrTooLarge: a frame or list is beyond its limit.
	ErrTooLarge = errors.New("frame over the limit")
	// ErrFlood: the peer asks faster than it takes the answers.
	ErrFlood = errors.New("peer does not take its answers")
	// ErrPeer: the peer reported a fault this version has no name for.
	ErrPeer = errors.New("peer reported a fault")
)

// errorCode is an error as it crosses the wire.
type errorCode uint64

const (
	codeRefused   errorCode = 1
	codeVersion   errorCode = 2
	codeMalformed errorCode = 3
	codeTooLarge  errorCode = 4
	codeFlood     errorCode = 5
	codeOther     errorCode = 255
)

func codeOf(err error) errorCode {
	switch {
	case errors.Is(err, ErrRefused):
		return codeRefused
	case errors.Is(err, ErrVersion):
		return codeVersion
	case errors.Is(err, ErrTooLarge):
		return codeTooLarge
	case errors.Is(err, ErrMalformed):
		return codeMalformed
	case errors.Is(err, ErrFlood):
		return codeFlood
	}
	return codeOther
}

func errorOf(c errorCode) error {
	switch c {
	case codeRefused:
		return ErrRefused
	case codeVersion:
		return ErrVersion
	case codeMalformed:
		return ErrMalformed
	case codeTooLarge:
		return ErrTooLarge
	case codeFlood:
		return ErrFlood
	}
	return fmt.Errorf("%w: code %d", ErrPeer, c)
}
