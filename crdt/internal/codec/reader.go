package codec

import "github.com/sheafdocs/sheaf/crdt/internal/lib0"

// Reader walks over the structs of an update, then over its delete set.
type Reader struct {
	Struct Struct // the current struct, after Next returned true

	d        lib0.Decoder
	sections uint64 // clients still to come
	left     uint64 // structs still to come of the current client
	next     ID
}

// NewReader returns a Reader before the first struct of update.
func NewReader(update []byte) *Reader {
	r := &Reader{}
	r.start(update)
	return r
}

func (r *Reader) start(update []byte) {
	r.d.Reset(update, 0)
	if len(update) > MaxUpdateBytes {
		r.d.Fail(ErrTooLarge)
	}
	r.sections = r.d.Uint()
}

// Next advances to the next struct. It returns false after the last one and
// after an error.
func (r *Reader) Next() bool {
	for r.left == 0 {
		if r.sections == 0 || r.d.Err() != nil {
			return false
		}
		r.sections--
		r.left = r.d.Uint()
		r.next = ID{r.d.Uint(), r.d.Uint()}
	}
	r.Struct.read(&r.d, r.next)
	if r.d.Err() != nil {
		return false
	}
	r.left--
	r.next.Clock += r.Struct.Len
	return true
}

// Err returns the first error met.
func (r *Reader) Err() error { return r.d.Err() }

// Deletes reads the delete set that follows the last struct, in the order in
// which it is written.
func (r *Reader) Deletes() (Ranges, error) {
	var out Ranges
	n := r.d.Uint()
	for i := uint64(0); i < n && r.d.Err() == nil; i++ {
		client, ranges := r.d.Uint(), r.d.Uint()
		for j := uint64(0); j < ranges; j++ {
			clock, length := r.d.Uint(), r.d.Uint()
			if length > lib0.MaxSafeInteger-clock {
				r.d.Fail(ErrClock)
			}
			if r.d.Err() != nil {
				return nil, r.d.Err()
			}
			out = append(out, Range{client, clock, length})
		}
	}
	return out, r.d.Err()
}

// Section is the structs of one client in an update.
type Section struct {
	Client uint64
	update []byte

	// The next struct: where it starts, its clock, and how many are left with
	// it.
	pos   int
	clock uint64
	left  uint64
	// The struct before, to go back one step.
	lastPos   int
	lastClock uint64

	dropped bool
}

// Scan checks the whole update and returns its sections that hold structs, in
// order, and its delete set.
func Scan(update []byte) ([]Section, Ranges, error) {
	var sections []Section
	var r Reader
	r.start(update)
	for {
		newSection := r.left == 0
		pos := r.d.Pos()
		if !r.Next() {
			break
		}
		if !newSection {
			continue
		}
		// Skip the header again to learn where the first struct starts.
		s := Section{Client: r.Struct.Client, update: update, clock: r.Struct.Clock}
		var d lib0.Decoder
		d.Reset(update, pos)
		for s.left == 0 {
			s.left = d.Uint()
			d.Uint()
			d.Uint()
		}
		s.pos = d.Pos()
		sections = append(sections, s)
	}
	if r.Err() != nil {
		return nil, nil, r.Err()
	}
	deletes, err := r.Deletes()
	return sections, deletes, err
}

// More tells whether structs are left.
func (s *Section) More() bool { return s.left > 0 }

// Next reads the next struct into dst.
func (s *Section) Next(dst *Struct) {
	var d lib0.Decoder
	d.Reset(s.update, s.pos)
	dst.read(&d, ID{s.Client, s.clock})
	s.lastPos, s.lastClock = s.pos, s.clock
	s.pos, s.clock = d.Pos(), s.clock+dst.Len
	s.left--
}

// Back takes back the last Next.
func (s *Section) Back() { s.pos, s.clock, s.left = s.lastPos, s.lastClock, s.left+1 }

// Drop gives the section up with the structs that are left.
func (s *Section) Drop() { s.left, s.dropped = 0, true }

// Dropped tells whether the section was given up.
func (s *Section) Dropped() bool { return s.dropped }
