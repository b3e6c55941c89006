// Package yproto reads and writes the frames that Yjs editors and servers
// exchange: y-protocols as y-websocket carries them. One frame holds one
// message: a step of the sync protocol, an awareness update, a refusal, or a
// question for awareness.
//
// The main type is Message, which Decode reads; the Append functions write
// frames. Decode promises never to panic or allocate on hostile bytes; what it
// returns points into the frame. It accepts exactly one message with nothing
// after it.
//
// The package leaves out what to do with a message: whether a peer may send
// it is the caller's to judge.
package yproto

import (
	"errors"
	"fmt"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/crdt/awareness"
	"github.com/sheafdocs/sheaf/crdt/internal/lib0"
)

// Limits on frames from outside.
const (
	// MaxFrameBytes is the size of any frame. A whole document travels in one.
	MaxFrameBytes = 64 << 20
	// MaxStateVectorBytes is the size of the state vector in a sync step 1.
	MaxStateVectorBytes = 4 << 20
	// MaxReasonBytes is the length of the reason of a refusal.
	MaxReasonBytes = 4 << 10
)

// ErrMalformed: the bytes are not a frame, or one beyond the limits.
var ErrMalformed = errors.New("malformed frame")

// Kind tells what a Message is.
type Kind uint8

// The kinds of Message.
const (
	// SyncStep1 tells by a state vector what the sender has; the answer is a
	// SyncStep2.
	SyncStep1 Kind = iota + 1
	// SyncStep2 carries an update with all that the asking side lacks.
	SyncStep2
	// Update carries a new edit.
	Update
	// Awareness carries an awareness update.
	Awareness
	// PermissionDenied refuses, with a reason for people.
	PermissionDenied
	// QueryAwareness asks for an awareness update about everybody.
	QueryAwareness
)

var kindNames = [...]string{"none", "sync step 1", "sync step 2", "update", "awareness", "permission denied", "query awareness"}

// String returns the name of the kind.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "unknown"
}

// Message is the content of a frame.
type Message struct {
	Kind Kind
	// Body is a state vector (SyncStep1), a document update (SyncStep2,
	// Update), an awareness update (Awareness) or the reason as UTF-8
	// (PermissionDenied). It points into the frame.
	Body []byte
}

// StateVector reads the body of a SyncStep1.
func (m Message) StateVector() (crdt.StateVector, error) {
	if m.Kind != SyncStep1 {
		return nil, fmt.Errorf("read state vector: %w: message is %v", ErrMalformed, m.Kind)
	}
	return crdt.DecodeStateVector(m.Body)
}

// The numbers of y-websocket and y-protocols.
const (
	channelSync           = 0
	channelAwareness      = 1
	channelAuth           = 2
	channelQueryAwareness = 3

	syncStep1  = 0
	syncStep2  = 1
	syncUpdate = 2

	authPermissionDenied = 0
)

// Decode reads a frame. The error wraps ErrMalformed.
func Decode(frame []byte) (Message, error) {
	if len(frame) > MaxFrameBytes {
		return Message{}, fmt.Errorf("decode frame: %w: %d bytes", ErrMalformed, len(frame))
	}
	d := lib0.NewDecoder(frame)
	m, err := decode(d)
	if err == nil {
		err = d.Err()
	}
	if err == nil && d.Remaining() > 0 {
		err = fmt.Errorf("%d bytes too many", d.Remaining())
	}
	if err != nil {
		return Message{}, fmt.Errorf("decode frame: %w: %w", ErrMalformed, err)
	}
	return m, nil
}

func decode(d *lib0.Decoder) (Message, error) {
	switch channel := d.Uint(); channel {
	case channelSync:
		return decodeSync(d)
	case channelAwareness:
		return limited(Awareness, d.Bytes(), awareness.MaxUpdateBytes)
	case channelAuth:
		if kind := d.Uint(); kind != authPermissionDenied {
			return Message{}, fmt.Errorf("auth message %d", kind)
		}
		return limited(PermissionDenied, d.String(), MaxReasonBytes)
	case channelQueryAwareness:
		return Message{Kind: QueryAwareness}, nil
	default:
		return Message{}, fmt.Errorf("message %d", channel)
	}
}

func decodeSync(d *lib0.Decoder) (Message, error) {
	switch step := d.Uint(); step {
	case syncStep1:
		return limited(SyncStep1, d.Bytes(), MaxStateVectorBytes)
	case syncStep2:
		return Message{Kind: SyncStep2, Body: d.Bytes()}, nil
	case syncUpdate:
		return Message{Kind: Update, Body: d.Bytes()}, nil
	default:
		return Message{}, fmt.Errorf("sync message %d", step)
	}
}

func limited(kind Kind, body []byte, max int) (Message, error) {
	if len(body) > max {
		return Message{}, fmt.Errorf("%v of %d bytes", kind, len(body))
	}
	return Message{Kind: kind, Body: body}, nil
}

// AppendSyncStep1 appends a frame that tells by an encoded state vector what
// the sender has.
func AppendSyncStep1(dst, stateVector []byte) []byte {
	return lib0.AppendBytes(append(dst, channelSync, syncStep1), stateVector)
}

// AppendSyncStep2 appends a frame that answers a SyncStep1 with an update.
func AppendSyncStep2(dst, update []byte) []byte {
	return lib0.AppendBytes(append(dst, channelSync, syncStep2), update)
}

// AppendUpdate appends a frame with a new edit.
func AppendUpdate(dst, update []byte) []byte {
	return lib0.AppendBytes(append(dst, channelSync, syncUpdate), update)
}

// AppendAwareness appends a frame with an awareness update.
func AppendAwareness(dst, update []byte) []byte {
	return lib0.AppendBytes(append(dst, channelAwareness), update)
}

// AppendPermissionDenied appends a frame that refuses, with a reason for
// people.
func AppendPermissionDenied(dst []byte, reason string) []byte {
	return lib0.AppendString(append(dst, channelAuth, authPermissionDenied), lib0.ValidString(reason))
}

// AppendQueryAwareness appends a frame that asks who is here.
func AppendQueryAwareness(dst []byte) []byte { return append(dst, channelQueryAwareness) }
