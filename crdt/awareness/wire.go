package awareness

import (
	"fmt"
	"slices"

	"github.com/sheafdocs/sheaf/crdt/internal/lib0"
)

// Entry is one client's state as an update carries it.
type Entry struct {
	Client uint64 // at most 53 bits
	Clock  uint64
	State  []byte // a JSON object as JavaScript prints it; nil: the client left
}

// minEntryBytes is the shortest encoding of an entry: two numbers and "{}".
const minEntryBytes = 5

type limits struct{ state, entries int }

// Decode reads an update without taking it in, for instance to see for whom
// it speaks. The error wraps ErrMalformed, ErrTooLarge or ErrTooMany.
func Decode(update []byte) ([]Entry, error) {
	return decode(update, limits{state: MaxStateBytes, entries: MaxClients})
}

func decode(update []byte, limit limits) ([]Entry, error) {
	if len(update) > MaxUpdateBytes {
		return nil, fmt.Errorf("decode awareness: %w: %d bytes", ErrTooLarge, len(update))
	}
	d := lib0.NewDecoder(update)
	n := d.Uint()
	if d.Err() == nil && n > uint64(d.Remaining()/minEntryBytes) {
		d.Fail(lib0.ErrUnexpectedEnd)
	}
	if d.Err() != nil {
		return nil, fmt.Errorf("decode awareness: %w: %w", ErrMalformed, d.Err())
	}
	if n > uint64(limit.entries) {
		return nil, fmt.Errorf("decode awareness: %w: %d", ErrTooMany, n)
	}
	entries := make([]Entry, 0, n)
	for range n {
		e, err := decodeEntry(d, limit)
		if err != nil {
			return nil, fmt.Errorf("decode awareness: %w", err)
		}
		entries = append(entries, e)
	}
	if d.Remaining() > 0 {
		return nil, fmt.Errorf("decode awareness: %w: %d bytes too many", ErrMalformed, d.Remaining())
	}
	return entries, nil
}

func decodeEntry(d *lib0.Decoder, limit limits) (Entry, error) {
	e := Entry{Client: d.Uint(), Clock: d.Uint()}
	text := d.String()
	if d.Err() != nil {
		return e, fmt.Errorf("%w: %w", ErrMalformed, d.Err())
	}
	if e.Clock > maxClock {
		return e, fmt.Errorf("%w: clock %d", ErrMalformed, e.Clock)
	}
	var err error
	if e.State, err = canonicalOrNull(text, limit.state); err != nil {
		return e, err
	}
	return e, nil
}

// AppendUpdate appends entries as one update.
func AppendUpdate(dst []byte, entries ...Entry) []byte {
	dst = lib0.AppendUint(dst, uint64(len(entries)))
	for _, e := range entries {
		state := e.State
		if state == nil {
			state = []byte("null")
		}
		dst = lib0.AppendUint(dst, e.Client)
		dst = lib0.AppendUint(dst, e.Clock)
		dst = lib0.AppendBytes(dst, state)
	}
	return dst
}

// Encode returns an update about the given clients, departed ones included.
// Clients never heard of are left out.
func (s *States) Encode(clients ...uint64) []byte {
	entries := make([]Entry, 0, len(clients))
	for _, id := range clients {
		if r := s.clients[id]; r != nil {
			entries = append(entries, Entry{Client: id, Clock: r.clock, State: r.state})
		}
	}
	return AppendUpdate(nil, entries...)
}

// Clients returns the ids of all clients that are here, ascending.
func (s *States) Clients() []uint64 {
	ids := make([]uint64, 0, len(s.clients)-s.departed)
	for id, r := range s.clients {
		if r.state != nil {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// State returns a client's state as JSON; false: it is not here. The caller
// must not change the bytes.
func (s *States) State(client uint64) ([]byte, bool) {
	r := s.clients[client]
	if r == nil || r.state == nil {
		return nil, false
	}
	return r.state, true
}

// Clock returns the clock of the last announcement of a client; false: never
// heard of.
func (s *States) Clock(client uint64) (uint64, bool) {
	r := s.clients[client]
	if r == nil {
		return 0, false
	}
	return r.clock, true
}

// canonical returns JSON text as JavaScript would print it after parsing it:
// what y-protocols sends on.
func canonical(text []byte, max int) ([]byte, error) {
	state, err := canonicalOrNull(text, max)
	if err == nil && state == nil {
		err = fmt.Errorf("%w: state is null", ErrMalformed)
	}
	return state, err
}

func canonicalOrNull(text []byte, max int) ([]byte, error) {
	if len(text) > max {
		return nil, fmt.Errorf("%w: state of %d bytes", ErrTooLarge, len(text))
	}
	v, err := lib0.ParseJSON(text)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	switch v.Kind() {
	case lib0.KindNull:
		return nil, nil
	case lib0.KindObject:
	default:
		return nil, fmt.Errorf("%w: state is not an object", ErrMalformed)
	}
	state := lib0.AppendJSON(nil, v)
	if len(state) > max {
		return nil, fmt.Errorf("%w: state of %d bytes", ErrTooLarge, len(state))
	}
	return state, nil
}

// sameState tells whether two states have the same contents, in whatever
// order of keys.
func sameState(a, b []byte) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	if string(a) == string(b) {
		return true
	}
	av, aerr := lib0.ParseJSON(a)
	bv, berr := lib0.ParseJSON(b)
	return aerr == nil && berr == nil && sameValue(av, bv)
}

func sameValue(a, b lib0.Any) bool {
	if a.Kind() != b.Kind() || len(a.List()) != len(b.List()) {
		return false
	}
	switch a.Kind() {
	case lib0.KindArray:
		return slices.EqualFunc(a.List(), b.List(), sameValue)
	case lib0.KindObject:
		for i, key := range a.Keys() {
			other, ok := b.Get(key)
			if !ok || !sameValue(a.List()[i], other) {
				return false
			}
		}
		return true
	}
	return lib0.Equal(a, b)
}
