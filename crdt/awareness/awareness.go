// Package awareness keeps presence: who is here, and what each of them shows
// of itself (a name, a colour, a caret). It follows y-protocols' Awareness in
// rules and bytes, so it talks to every Yjs editor.
//
// The main types are States (what is known now), Entry (one client's state on
// the wire) and Change (what an operation did).
//
// A client speaks through a counter, its clock: of two states the one with the
// higher clock counts, and at an equal clock only a departure (null) does.
// States promises that a malformed or oversized update changes nothing, that
// its memory is bounded by its limits, and that the client's own state is
// never removed by others: a departure announced for it is answered with a
// higher clock.
//
// The package reads no clock; times are passed in. It leaves out sending:
// callers encode the clients that a Change names. It is not safe for
// concurrent use.
package awareness

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"
)

// When presence ages, as in y-protocols.
const (
	// RenewAfter is the age at which Tick announces the own state anew.
	RenewAfter = 15 * time.Second
	// DropAfter is the age at which Tick takes another client for gone.
	DropAfter = 30 * time.Second
	// TickEvery is how often Tick should be called.
	TickEvery = 3 * time.Second
)

// Limits on what others may say, where Config does not lower them.
const (
	// MaxClients is how many clients are remembered, departed ones included.
	MaxClients = 1024
	// MaxStateBytes is the size of one client's state as JSON.
	MaxStateBytes = 16 << 10
	// MaxUpdateBytes is the size of one update.
	MaxUpdateBytes = 1 << 20
	// maxClock leaves room to answer with a higher clock.
	maxClock = 1 << 52
)

// Errors that callers may want to tell apart. Each means that nothing changed.
var (
	// ErrMalformed: the bytes are not an awareness update.
	ErrMalformed = errors.New("malformed awareness update")
	// ErrTooLarge: an update or a state is larger than the limit.
	ErrTooLarge = errors.New("awareness update too large")
	// ErrTooMany: the update would make more clients known than the limit.
	ErrTooMany = errors.New("too many awareness clients")
	// ErrNoClient: there is no client of one's own.
	ErrNoClient = errors.New("no awareness client of our own")
)

// Config sets up States. The zero value is an instance without a state of its
// own, as a node that passes presence on between others has it.
type Config struct {
	// Client is the client id of the own state; 0: none.
	Client uint64
	// MaxClients lowers the limit of that name; 0: the limit itself.
	MaxClients int
	// MaxStateBytes lowers the limit of that name; 0: the limit itself.
	MaxStateBytes int
}

// States is what is known of all clients.
type States struct {
	client   uint64
	limit    limits
	max      int
	clients  map[uint64]*record
	departed int // records without a state
}

// record is what is known of one client. It outlives the state, so that old
// messages do not bring a departed client back.
type record struct {
	clock uint64
	seen  time.Time
	state []byte // canonical JSON; nil: departed
}

// Change names the clients that an operation touched.
type Change struct {
	// Added were not known before.
	Added []uint64
	// Updated announced themselves again, changed or not.
	Updated []uint64
	// Changed are those of Updated whose state is a different one.
	Changed []uint64
	// Removed are gone.
	Removed []uint64
}

// IsZero tells that nothing happened.
func (c Change) IsZero() bool {
	return len(c.Added) == 0 && len(c.Updated) == 0 && len(c.Removed) == 0
}

// Visible tells that somebody came, went or changed, which is what a page
// needs to draw again.
func (c Change) Visible() bool {
	return len(c.Added) > 0 || len(c.Changed) > 0 || len(c.Removed) > 0
}

// Clients returns all clients that others must be told of.
func (c Change) Clients() []uint64 { return slices.Concat(c.Added, c.Updated, c.Removed) }

// New returns empty States. An own state begins with the first SetLocal.
func New(c Config) *States {
	s := &States{client: c.Client, max: MaxClients, clients: map[uint64]*record{}}
	s.limit = limits{state: MaxStateBytes, entries: MaxClients}
	if c.MaxClients > 0 && c.MaxClients < s.max {
		s.max = c.MaxClients
	}
	if c.MaxStateBytes > 0 && c.MaxStateBytes < s.limit.state {
		s.limit.state = c.MaxStateBytes
	}
	return s
}

// SetLocal announces the own state, a JSON object, or with nil that the own
// client leaves.
func (s *States) SetLocal(state []byte, now time.Time) (Change, error) {
	if s.client == 0 {
		return Change{}, ErrNoClient
	}
	if state != nil {
		var err error
		if state, err = canonical(state, s.limit.state); err != nil {
			return Change{}, fmt.Errorf("set own state: %w", err)
		}
	}
	r := s.clients[s.client]
	if r == nil {
		if err := s.room(1); err != nil {
			return Change{}, err
		}
		r = s.add(s.client)
	} else {
		r.clock++
	}
	before := r.state
	s.put(r, state, now)
	switch {
	case state == nil:
		return Change{Removed: []uint64{s.client}}, nil
	case before == nil:
		return Change{Added: []uint64{s.client}}, nil
	}
	return updated(Change{}, s.client, before, state), nil
}

// Apply takes in an update of others.
func (s *States) Apply(update []byte, now time.Time) (Change, error) {
	entries, err := decode(update, s.limit)
	if err != nil {
		return Change{}, err
	}
	if err := s.room(s.unknown(entries)); err != nil {
		return Change{}, err
	}
	var c Change
	for _, e := range entries {
		c = s.apply(c, e, now)
	}
	return c, nil
}

func (s *States) apply(c Change, e Entry, now time.Time) Change {
	r := s.clients[e.Client]
	var clock uint64
	var before []byte
	if r != nil {
		clock, before = r.clock, r.state
	}
	newer := clock < e.Clock
	leaving := clock == e.Clock && e.State == nil && before != nil
	if !newer && !leaving {
		return c
	}
	known := r != nil
	if !known {
		r = s.add(e.Client)
	}
	r.clock = e.Clock
	if e.State == nil && s.own(e.Client) && before != nil {
		// Others took us for gone. The higher clock tells them we are not.
		r.clock++
		s.put(r, before, now)
		c.Updated = append(c.Updated, e.Client)
		return c
	}
	s.put(r, e.State, now)
	switch {
	case !known && e.State != nil:
		c.Added = append(c.Added, e.Client)
	case known && e.State == nil:
		c.Removed = append(c.Removed, e.Client)
	case e.State != nil:
		c = updated(c, e.Client, before, e.State)
	}
	return c
}

// Remove takes clients for gone without their word, as when their connection
// ends. The own client only leaves when named here or by SetLocal(nil).
func (s *States) Remove(now time.Time, clients ...uint64) Change {
	var c Change
	for _, id := range clients {
		r := s.clients[id]
		if r == nil || r.state == nil {
			continue
		}
		if s.own(id) {
			r.clock++
			r.seen = now
		}
		s.put(r, nil, r.seen)
		c.Removed = append(c.Removed, id)
	}
	return c
}

// Tick renews the own state when it is RenewAfter old and drops clients not
// heard of for DropAfter.
func (s *States) Tick(now time.Time) Change {
	var c Change
	if r := s.clients[s.client]; s.own(s.client) && r != nil && r.state != nil && now.Sub(r.seen) >= RenewAfter {
		r.clock++
		r.seen = now
		c.Updated = append(c.Updated, s.client)
	}
	var gone []uint64
	for id, r := range s.clients {
		if !s.own(id) && r.state != nil && now.Sub(r.seen) >= DropAfter {
			gone = append(gone, id)
		}
	}
	slices.Sort(gone)
	c.Removed = s.Remove(now, gone...).Removed
	return c
}

// own tells whether id is the client whose state is set here.
func (s *States) own(id uint64) bool { return s.client != 0 && id == s.client }

// updated adds a client whose state was before and is now after.
func updated(c Change, id uint64, before, after []byte) Change {
	c.Updated = append(c.Updated, id)
	if !sameState(before, after) {
		c.Changed = append(c.Changed, id)
	}
	return c
}

// add makes a client known; put must follow.
func (s *States) add(id uint64) *record {
	r := &record{}
	s.clients[id] = r
	s.departed++
	return r
}

func (s *States) put(r *record, state []byte, now time.Time) {
	if r.state == nil {
		s.departed--
	}
	if state == nil {
		s.departed++
	}
	r.state, r.seen = state, now
}

func (s *States) unknown(entries []Entry) int {
	fresh := map[uint64]struct{}{}
	for _, e := range entries {
		if s.clients[e.Client] == nil {
			fresh[e.Client] = struct{}{}
		}
	}
	return len(fresh)
}

// room makes place for n more clients, forgetting those that departed longest
// ago. An old message may then show a forgotten one again until DropAfter.
func (s *States) room(n int) error {
	over := len(s.clients) + n - s.max
	if over <= 0 {
		return nil
	}
	if over > s.departed {
		return ErrTooMany
	}
	var old []uint64
	for id, r := range s.clients {
		if r.state == nil && !s.own(id) {
			old = append(old, id)
		}
	}
	if over > len(old) {
		return ErrTooMany
	}
	slices.SortFunc(old, func(a, b uint64) int {
		if c := s.clients[a].seen.Compare(s.clients[b].seen); c != 0 {
			return c
		}
		return cmp.Compare(a, b)
	})
	for _, id := range old[:over] {
		delete(s.clients, id)
		s.departed--
	}
	return nil
}
