package comments

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sheafdocs/sheaf/node/wire"
)

// Limits of a record.
const (
	MaxRecordBytes = 24 << 10
	MaxTextBytes   = 16 << 10
	MaxQuoteBytes  = 1 << 10
	MaxAnchorBytes = 256 // of each end
	MaxMentions    = 32
	MaxNameBytes   = 64
	MaxLabelBytes  = 128

	maxColour = 1<<24 - 1
	maxMillis = 1<<53 - 1
)

var (
	// ErrRecord says that bytes are no record, or one beyond a limit. Everyone
	// finds the same: the entry stays in its chain and contributes nothing.
	ErrRecord = errors.New("malformed comment record")
	// ErrUnknownKind says that a record is of a kind this version does not read.
	ErrUnknownKind = errors.New("comment record of an unknown kind")
)

// Kind says what a record does.
type Kind uint8

// The kinds of records.
const (
	KindComment Kind = iota // begins a thread: Anchor, Quote, Text, Mentions
	KindReply               // goes on with one: Target, Text, Mentions
	KindEdit                // changes what one says: Target, Text, Mentions
	KindDelete              // withdraws what one says: Target
	KindResolve             // closes or reopens a thread: Target, Resolved
	KindProfile             // names the author's device: Name, Label, Colour
)

// Anchor is the passage a thread is about: two Yjs relative positions, encoded
// by the page that made them.
type Anchor struct{ From, To []byte }

// Record is one thing said. Fields that its kind does not have are zero.
type Record struct {
	Kind     Kind
	At       time.Time // by the author's clock, in milliseconds; for display
	Target   wire.EntryID
	Anchor   Anchor
	Quote    string // the passage when it was commented on
	Text     string
	Mentions []wire.UserID // ascending, each once
	Resolved bool
	Name     string
	Label    string
	Colour   uint32 // 0xRRGGBB; 0: none chosen
}

// The encoded shapes, one a kind.
type (
	commentRecord struct {
		_                 struct{} `cbor:",toarray"`
		Version, Kind, At uint64
		From, To          []byte
		Quote, Text       string
		Mentions          []wire.UserID
	}
	textRecord struct { // reply and edit
		_                 struct{} `cbor:",toarray"`
		Version, Kind, At uint64
		Target            wire.EntryID
		Text              string
		Mentions          []wire.UserID
	}
	deleteRecord struct {
		_                 struct{} `cbor:",toarray"`
		Version, Kind, At uint64
		Target            wire.EntryID
	}
	resolveRecord struct {
		_                 struct{} `cbor:",toarray"`
		Version, Kind, At uint64
		Target            wire.EntryID
		Resolved          bool
	}
	profileRecord struct {
		_                 struct{} `cbor:",toarray"`
		Version, Kind, At uint64
		Name, Label       string
		Colour            uint64
	}
)

// Encode returns the record's bytes. The error wraps ErrRecord and says which
// limit it is beyond.
func (r Record) Encode() ([]byte, error) {
	ms := r.At.UnixMilli()
	if ms < 0 {
		return nil, fmt.Errorf("%w: written before 1970", ErrRecord)
	}
	if err := r.validate(); err != nil {
		return nil, err
	}
	kind, at := uint64(r.Kind), uint64(ms)
	var shape any
	switch r.Kind {
	case KindComment:
		shape = commentRecord{
			Version: wire.Version, Kind: kind, At: at, From: r.Anchor.From, To: r.Anchor.To,
			Quote: r.Quote, Text: r.Text, Mentions: r.Mentions,
		}
	case KindReply, KindEdit:
		shape = textRecord{Version: wire.Version, Kind: kind, At: at, Target: r.Target, Text: r.Text, Mentions: r.Mentions}
	case KindDelete:
		shape = deleteRecord{Version: wire.Version, Kind: kind, At: at, Target: r.Target}
	case KindResolve:
		shape = resolveRecord{Version: wire.Version, Kind: kind, At: at, Target: r.Target, Resolved: r.Resolved}
	case KindProfile:
		shape = profileRecord{Version: wire.Version, Kind: kind, At: at, Name: r.Name, Label: r.Label, Colour: uint64(r.Colour)}
	}
	b, err := wire.Marshal(shape)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrRecord, err)
	}
	return b, nil
}

// Decode reads a record, strictly. The error wraps ErrRecord, ErrUnknownKind or
// wire.ErrUnknownVersion. Nothing in the record aliases b.
func Decode(b []byte) (Record, error) {
	if len(b) > MaxRecordBytes {
		return Record{}, fmt.Errorf("%w: %d bytes", ErrRecord, len(b))
	}
	version, err := wire.ReadVersion(b)
	if errors.Is(err, wire.ErrUnknownVersion) || err == nil && version != wire.Version {
		return Record{}, fmt.Errorf("read record: %w", wire.ErrUnknownVersion)
	}
	if err != nil {
		return Record{}, fmt.Errorf("%w: %v", ErrRecord, err)
	}
	// Version and kind are below 24 and thus a byte each, behind an array's head
	// of one byte, as an array this short has in this encoding.
	if len(b) < 3 || b[0] >= 0x98 || b[2] >= 24 {
		return Record{}, fmt.Errorf("%w: no kind", ErrRecord)
	}
	r, at, err := decodeKind(Kind(b[2]), b)
	if err != nil {
		return Record{}, err
	}
	if at > maxMillis {
		return Record{}, fmt.Errorf("%w: written at %d ms", ErrRecord, at)
	}
	r.At = time.UnixMilli(int64(at)).UTC()
	if err := r.validate(); err != nil {
		return Record{}, err
	}
	return r, nil
}

func decodeKind(kind Kind, b []byte) (r Record, at uint64, err error) {
	r.Kind = kind
	switch kind {
	case KindComment:
		var s commentRecord
		err = wire.Unmarshal(b, &s)
		at, r.Anchor, r.Quote, r.Text, r.Mentions = s.At, Anchor{s.From, s.To}, s.Quote, s.Text, s.Mentions
	case KindReply, KindEdit:
		var s textRecord
		err = wire.Unmarshal(b, &s)
		at, r.Target, r.Text, r.Mentions = s.At, s.Target, s.Text, s.Mentions
	case KindDelete:
		var s deleteRecord
		err = wire.Unmarshal(b, &s)
		at, r.Target = s.At, s.Target
	case KindResolve:
		var s resolveRecord
		err = wire.Unmarshal(b, &s)
		at, r.Target, r.Resolved = s.At, s.Target, s.Resolved
	case KindProfile:
		var s profileRecord
		err = wire.Unmarshal(b, &s)
		if s.Colour > maxColour {
			return r, 0, fmt.Errorf("%w: colour %d", ErrRecord, s.Colour)
		}
		at, r.Name, r.Label, r.Colour = s.At, s.Name, s.Label, uint32(s.Colour)
	default:
		if err := wire.Check(b); err != nil {
			return r, 0, fmt.Errorf("%w: %v", ErrRecord, err)
		}
		return r, 0, fmt.Errorf("%w: %d", ErrUnknownKind, kind)
	}
	if err != nil {
		return r, 0, fmt.Errorf("%w: %v", ErrRecord, err)
	}
	return r, at, nil
}

// validate checks the limits of the fields that the record's kind has.
func (r Record) validate() error {
	switch r.Kind {
	case KindComment:
		for _, end := range [][]byte{r.Anchor.From, r.Anchor.To} {
			if len(end) == 0 || len(end) > MaxAnchorBytes {
				return fmt.Errorf("%w: an end of its anchor has %d bytes, 1 to %d are allowed", ErrRecord, len(end), MaxAnchorBytes)
			}
		}
		if len(r.Quote) > MaxQuoteBytes {
			return fmt.Errorf("%w: the quoted text has %d bytes, %d are allowed", ErrRecord, len(r.Quote), MaxQuoteBytes)
		}
		return r.validateText()
	case KindReply, KindEdit:
		return r.validateText()
	case KindDelete, KindResolve:
		return nil
	case KindProfile:
		switch {
		case len(r.Name) == 0 || len(r.Name) > MaxNameBytes:
			return fmt.Errorf("%w: the name has %d bytes, 1 to %d are allowed", ErrRecord, len(r.Name), MaxNameBytes)
		case len(r.Label) > MaxLabelBytes:
			return fmt.Errorf("%w: the label has %d bytes, %d are allowed", ErrRecord, len(r.Label), MaxLabelBytes)
		case r.Colour > maxColour:
			return fmt.Errorf("%w: colour %d", ErrRecord, r.Colour)
		}
		return nil
	}
	return fmt.Errorf("%w: kind %d", ErrRecord, r.Kind)
}

func (r Record) validateText() error {
	switch {
	case len(r.Text) == 0:
		return fmt.Errorf("%w: it says nothing", ErrRecord)
	case len(r.Text) > MaxTextBytes:
		return fmt.Errorf("%w: the text has %d bytes, %d are allowed", ErrRecord, len(r.Text), MaxTextBytes)
	case len(r.Mentions) > MaxMentions:
		return fmt.Errorf("%w: it mentions %d people, %d are allowed", ErrRecord, len(r.Mentions), MaxMentions)
	}
	for i, u := range r.Mentions {
		if i > 0 && bytes.Compare(r.Mentions[i-1][:], u[:]) >= 0 {
			return fmt.Errorf("%w: mentions are not in order", ErrRecord)
		}
	}
	return nil
}

// SortMentions puts mentions into the order a record has them in, each once.
func SortMentions(users []wire.UserID) []wire.UserID {
	slices.SortFunc(users, func(a, b wire.UserID) int { return bytes.Compare(a[:], b[:]) })
	return slices.Compact(users)
}
