package codec

import "slices"

// Reader walks over the structs of an update, then over its delete set.
type Reader struct {
	Struct Struct // the current struct, after Next returned true

	in       input
	sections uint64 // clients still to come
	left     uint64 // structs still to come of the current client
	next     ID

	row    uint64 // where the structs began of which each continues the one before
	rowEnd ID     // and where the last of them ended
}

// NewReader returns a Reader before the first struct of an update of format 1.
func NewReader(update []byte) *Reader { return NewFormatReader(V1, update) }

// NewFormatReader returns a Reader before the first struct of update.
// Not inlined: a page is smaller for it.
//
//go:noinline
func NewFormatReader(f Format, update []byte) *Reader { return newReader(nil, f, update) }

// newReader returns a Reader that ends with the error of p's context.
// Not inlined: a page is smaller for it.
//
//go:noinline
func newReader(p *pace, f Format, update []byte) *Reader {
	r := &Reader{in: input{pace: p}}
	r.start(f, update)
	return r
}

// start goes to the beginning of an update, also if it has read another before.
func (r *Reader) start(f Format, update []byte) {
	r.in.start(f, update)
	r.left = 0
	r.sections = r.in.d.Uint()
}

// section goes to the first struct of the next client that has any. It returns
// false after the last one and after an error.
func (r *Reader) section() bool {
	for r.left == 0 {
		if r.sections == 0 || r.in.d.Err() != nil {
			return false
		}
		r.sections--
		r.left = r.in.d.Uint()
		r.next = ID{r.in.client(), r.in.d.Uint()}
		if r.in.cols != nil {
			if r.left > r.in.structs {
				r.in.d.Fail(ErrExpansion)
			}
			r.in.structs -= r.left
		}
		r.in.step()
	}
	return r.in.d.Err() == nil
}

// Next advances to the next struct. It returns false after the last one and
// after an error.
func (r *Reader) Next() bool {
	if r.left == 0 && !r.section() {
		return false
	}
	r.Struct.read(&r.in, r.next)
	r.in.step()
	if r.in.d.Err() != nil {
		return false
	}
	r.left--
	r.next.Clock += r.Struct.Len
	return true
}

// aroundItself says whether the struct has one unit on both sides, or a right origin
// that is left of its origin: in what the structs before wrote in a row. It is called
// for each struct.
func (r *Reader) aroundItself() bool {
	s := &r.Struct
	if r.rowEnd != s.ID || s.Origin != (ID{s.Client, s.Clock - 1}) {
		r.row = s.Clock
	}
	r.rowEnd = ID{s.Client, s.End()}
	inRow := s.Right.Client == s.Client && s.Right.Clock-r.row < s.Clock-r.row // never below the row, as these are unsigned
	return s.HasOrigin && s.HasRight && (inRow || s.Origin == s.Right)
}

// Err returns the first error met.
func (r *Reader) Err() error { return r.in.d.Err() }

// Deletes reads the delete set that follows the last struct, in the order in
// which it is written.
// Not inlined: a page is smaller for it.
//
//go:noinline
func (r *Reader) Deletes() (Ranges, error) { return r.in.deletes(nil) }

// Section is the structs of one client in an update.
type Section struct {
	Client uint64
	update []byte

	first, at     place  // of the first struct, and of the next one
	clock, nextAt uint64 // of the first struct, and of the next one
	end           uint64 // the clock after the last struct
	taken, left   uint64
	text          int // bytes of strings
	dropped       bool
	// AroundItself: a struct has the same unit as origin and as right origin, or a
	// right origin further left in what it continues.
	AroundItself bool
}

// Scan checks the whole update and returns its sections that hold structs, in
// order, and its delete set. Of two sections of one client that follow each
// other it returns the later.
func Scan(f Format, update []byte) ([]Section, Ranges, error) { return ScanInto(nil, f, update) }

// ScanInto is Scan with a slice for the sections, whose content does not count.
func ScanInto(sections []Section, f Format, update []byte) ([]Section, Ranges, error) {
	sections = sections[:0]
	var r Reader
	r.start(f, update)
	// No more than fit into the update, whatever it says.
	sections = slices.Grow(sections, int(min(r.sections, uint64(len(update)/bytesPerStruct))))
	for r.section() {
		s := Section{Client: r.next.Client, update: update, first: r.in.place(), clock: r.next.Clock, left: r.left}
		s.at, s.nextAt = s.first, s.clock
		for r.left > 0 && r.Next() {
			if r.Struct.Ref == RefString {
				s.text += len(r.Struct.Content)
			}
			s.AroundItself = s.AroundItself || r.aroundItself()
		}
		s.end = r.next.Clock
		if n := len(sections); n > 0 && sections[n-1].Client == s.Client {
			sections[n-1] = s
		} else {
			sections = append(sections, s)
		}
	}
	if r.Err() != nil {
		return sections, nil, r.Err()
	}
	deletes, err := r.Deletes()
	return sections, deletes, err
}

// bytesPerStruct is less than nearly all structs take.
const bytesPerStruct = 8

// Room returns about how many structs, and bytes of text, the sections of an
// update hold beyond the states of their clients that are known.
func Room(sections []Section, known func(client uint64) uint64) (structs, text int) {
	for i := range sections {
		n, bytes := sections[i].size(known(sections[i].Client))
		structs += n
		text += bytes
	}
	if len(sections) > 0 {
		// A few bytes of format 2 can stand for many structs, which are joined.
		structs = min(structs, len(sections[0].update)/bytesPerStruct)
	}
	return structs, text
}

// size is Room for one section.
func (s *Section) size(known uint64) (structs, text int) {
	if known >= s.end {
		return 0, 0
	}
	share := float64(s.end-max(s.clock, known)) / float64(s.end-s.clock)
	return int(share * float64(s.left)), int(share * float64(s.text))
}

// More tells whether structs are left.
func (s *Section) More() bool { return s.left > 0 }

// Next reads the next struct into dst.
func (s *Section) Next(dst *Struct) {
	var in input
	if s.first.cols != nil && s.at.cols == s.first.cols {
		s.at.cols = s.first.cols.clone()
	}
	in.d.Reset(s.update, s.at.pos)
	in.cols = s.at.cols
	dst.read(&in, ID{s.Client, s.nextAt})
	s.at.pos, s.nextAt = in.d.Pos(), s.nextAt+dst.Len
	s.taken++
	s.left--
}

// Rest returns the structs from the last one taken on and gives the section
// up.
func (s *Section) Rest() Section {
	rest := Section{Client: s.Client, update: s.update, first: s.first, at: s.first, clock: s.clock, nextAt: s.clock, left: s.taken + s.left}
	var passed Struct
	for range s.taken - 1 {
		rest.Next(&passed)
	}
	s.left, s.dropped = 0, true
	return rest
}

// Dropped tells whether the section was given up.
func (s *Section) Dropped() bool { return s.dropped }
