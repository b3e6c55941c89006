package gossip

import (
	"errors"
	"fmt"

	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/wire"
)

// Limits of messages.
const (
	MaxMessageBytes  = 128 << 10 // any message, as gossipsub carries it
	MaxPresenceBytes = 1 << 10   // body of a presence message
	MaxOpBytes       = 8 << 10   // body of an access op
	MaxWrapBytes     = 4 << 10   // body of a wrap
	messageVersion   = 1
)

// Kind says what a message carries.
type Kind uint8

// The kinds of messages. Gap is never on the wire: it tells a Document that
// entries were passed over here and that sync should ask for them.
const (
	Entry    Kind = 0
	Op       Kind = 1
	Wrap     Kind = 2
	Presence Kind = 3
	Gap      Kind = 255
)

// String names the kind.
func (k Kind) String() string {
	switch k {
	case Entry:
		return "entry"
	case Op:
		return "op"
	case Wrap:
		return "wrap"
	case Presence:
		return "presence"
	case Gap:
		return "gap"
	}
	return "unknown"
}

// Message is one piece of news about a document.
type Message struct {
	Kind Kind
	// Body is the entry, op, wrap or presence frame as encoded by its package.
	Body []byte
	// Entry is set on delivery: of Entry the decoded body; of Gap the entry
	// that does not fit yet, or nil when it is not known what is missing.
	Entry *oplog.Entry
}

// ErrTooLarge is returned for a message longer than its kind may be.
var ErrTooLarge = errors.New("message over the limit")

// envelope is a message on the wire.
type envelope struct {
	_       struct{} `cbor:",toarray"`
	Version uint64
	Kind    uint64
	Body    []byte
}

// encode returns the message's bytes.
func encode(m Message) ([]byte, error) {
	if m.Kind > Presence {
		return nil, fmt.Errorf("encode message: %w: %d", errUnknownKind, m.Kind)
	}
	if len(m.Body) > maxBody(m.Kind) {
		return nil, fmt.Errorf("encode %s: %w: %d bytes", m.Kind, ErrTooLarge, len(m.Body))
	}
	b, err := wire.Marshal(envelope{Version: messageVersion, Kind: uint64(m.Kind), Body: m.Body})
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", m.Kind, err)
	}
	return b, nil
}

// errUnknownKind means a kind of a later version.
var errUnknownKind = errors.New("unknown kind of message")

// decode reads a message. wire.ErrUnknownVersion and errUnknownKind are not
// the sender's fault.
func decode(data []byte) (Message, error) {
	if len(data) > MaxMessageBytes {
		return Message{}, fmt.Errorf("decode message: %w: %d bytes", ErrTooLarge, len(data))
	}
	version, err := wire.ReadVersion(data)
	if err != nil {
		return Message{}, fmt.Errorf("decode message: %w", err)
	}
	if version != messageVersion {
		return Message{}, fmt.Errorf("decode message: %w: %d", wire.ErrUnknownVersion, version)
	}
	var e envelope
	if err := wire.Unmarshal(data, &e); err != nil {
		return Message{}, fmt.Errorf("decode message: %w", err)
	}
	if e.Kind > uint64(Presence) {
		return Message{}, fmt.Errorf("decode message: %w: %d", errUnknownKind, e.Kind)
	}
	m := Message{Kind: Kind(e.Kind), Body: e.Body}
	if len(m.Body) > maxBody(m.Kind) {
		return Message{}, fmt.Errorf("decode %s: %w: %d bytes", m.Kind, ErrTooLarge, len(m.Body))
	}
	return m, nil
}

// maxBody is the longest body of a kind.
func maxBody(k Kind) int {
	switch k {
	case Entry:
		return oplog.MaxEntryBytes
	case Op:
		return MaxOpBytes
	case Wrap:
		return MaxWrapBytes
	case Presence:
		return MaxPresenceBytes
	}
	return 0
}
