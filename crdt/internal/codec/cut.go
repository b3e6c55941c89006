package codec

import "github.com/sheafdocs/sheaf/crdt/internal/lib0"

// structOverhead bounds what the encoding of a struct takes beside its content
// and names: info byte, two ids, lengths.
const structOverhead = 64

// rangeBytes bounds the encoding of a deleted range with its client.
const rangeBytes = 40

// Split cuts an update into several that, applied in order, have its effect.
// Each holds at most maxOps structs and deleted ranges, and about maxBytes
// bytes, as format 1 counts them; only a struct that cannot be cut makes one
// longer. It ends with the error of ctx when that is done.
//
// Their effect can be another if a struct is around itself, as in a Section:
// where that goes depends on what arrives together with it.
func Split(ctx Context, f Format, update []byte, maxBytes, maxOps int) (pieces [][]byte, aroundItself bool, err error) {
	c := cutter{format: f, maxBytes: max(maxBytes, 2*structOverhead), maxOps: max(maxOps, 1), w: NewWriter(f), pace: pace{ctx: ctx}}
	r := newReader(&c.pace, f, update)
	for r.Next() {
		aroundItself = aroundItself || r.aroundItself()
		if r.Struct.Ref != RefSkip {
			c.add(r.Struct)
		}
	}
	if r.Err() != nil {
		return nil, false, r.Err()
	}
	deletes, err := r.Deletes()
	if err != nil {
		return nil, false, err
	}
	c.addDeletes(deletes.normalize(&c.pace))
	return c.out, aroundItself, c.pace.err
}

// cutter writes one piece after another.
type cutter struct {
	format           Format
	maxBytes, maxOps int
	out              [][]byte
	w                Writer
	bytes, ops       int
	end              ID // where the piece's last struct ended
	pace             pace
}

// add writes a struct to the current piece, in parts if it is too long.
func (c *cutter) add(s Struct) {
	for {
		size := s.size()
		if c.ops > 0 && (c.ops >= c.maxOps || c.bytes+min(size, c.maxBytes) > c.maxBytes || c.gap(&s)) {
			c.flush(nil)
		}
		units := s.Len
		if size > c.maxBytes {
			units = s.fitting(c.maxBytes - structOverhead)
		}
		head := s.until(units)
		c.w.Struct(&head, 0)
		c.bytes += head.size()
		c.ops++
		c.end = ID{s.Client, head.End()}
		if units == s.Len || c.pace.err != nil {
			return
		}
		s = s.from(units)
		c.flush(nil)
	}
}

// size bounds what the encoding of the struct takes, Skips aside.
func (s *Struct) size() int {
	return len(s.Content) + len(s.Name) + len(s.Root) + len(s.Sub) + structOverhead
}

// gap says whether a struct of the same client does not follow the last one,
// which one section cannot express without a Skip.
func (c *cutter) gap(s *Struct) bool {
	return s.Client == c.end.Client && s.Clock != c.end.Clock
}

// addDeletes writes the delete set behind the structs, over several pieces if
// it has to be.
func (c *cutter) addDeletes(deletes Ranges) {
	for len(deletes) > 0 && c.pace.err == nil {
		n := min(len(deletes), c.maxOps-c.ops, (c.maxBytes-c.bytes)/rangeBytes)
		if n <= 0 && c.ops > 0 {
			c.flush(nil)
			continue
		}
		n = max(n, 1)
		c.flush(deletes[:n])
		deletes = deletes[n:]
	}
	if c.ops > 0 || len(c.out) == 0 {
		c.flush(nil)
	}
}

func (c *cutter) flush(deletes Ranges) {
	c.out = append(c.out, c.w.Finish(deletes))
	c.w, c.bytes, c.ops, c.end = NewWriter(c.format), 0, 0, ID{}
	c.pace.look() // a piece may be a part of one struct
}

// fitting returns how many of the struct's first units take about size bytes,
// at least one, and all where it cannot be cut.
func (s *Struct) fitting(size int) uint64 {
	switch s.Ref {
	case RefString:
		units, at := uint64(0), 0
		for at < len(s.Content) {
			n, w := 1, uint64(1)
			switch b := s.Content[at]; {
			case b >= 0xf0:
				n, w = 4, 2
			case b >= 0xe0:
				n = 3
			case b >= 0xc0:
				n = 2
			}
			if at+n > size && units > 0 {
				return units
			}
			at, units = at+n, units+w
		}
	case RefAny, RefJSON:
		d := lib0.NewDecoder(s.Content)
		for i := uint64(0); i < s.Len; i++ {
			if s.skipElement(d); d.Pos() > size && i > 0 {
				return i
			}
		}
	}
	return s.Len
}

func (s *Struct) skipElement(d *lib0.Decoder) {
	if s.Ref == RefAny {
		d.SkipAny()
	} else {
		d.String()
	}
}

// until returns the struct's first units. The cut must not part a surrogate
// pair.
func (s *Struct) until(units uint64) Struct {
	out := *s
	if units == s.Len {
		return out
	}
	out.Len = units
	switch s.Ref {
	case RefString:
		at, _ := lib0.ByteOffset(s.Content, int(units), int(s.Len))
		out.Content = s.Content[:at]
	case RefAny, RefJSON:
		d := lib0.NewDecoder(s.Content)
		for range units {
			s.skipElement(d)
		}
		out.Content = s.Content[:d.Pos()]
	}
	return out
}

// Compact joins structs of an update that a document would join too: content
// of one kind, each written by its client right after the one before and with
// the same right neighbour. A run of keystrokes becomes one struct.
func Compact(update []byte) ([]byte, error) {
	var w Writer
	var current Struct
	var owned []byte // content of current, once it was joined
	writing := false
	r := NewReader(update)
	for r.Next() {
		s := &r.Struct
		if writing && current.joins(s) {
			if owned == nil {
				owned = append(make([]byte, 0, 2*(len(current.Content)+len(s.Content))), current.Content...)
			}
			owned = append(owned, s.Content...)
			current.Content = owned
			current.Len += s.Len
			continue
		}
		if writing {
			w.Struct(&current, 0)
		}
		current, owned, writing = *s, nil, true
	}
	if r.Err() != nil {
		return nil, r.Err()
	}
	if writing {
		w.Struct(&current, 0)
	}
	deletes, err := r.Deletes()
	if err != nil {
		return nil, err
	}
	return w.Finish(deletes.Normalize()), nil
}

// joins says whether next continues the struct.
func (s *Struct) joins(next *Struct) bool {
	switch s.Ref {
	case RefString, RefAny, RefJSON, RefDeleted:
	default:
		return false
	}
	return next.Ref == s.Ref && next.Client == s.Client && next.Clock == s.End() &&
		next.HasOrigin && next.Origin == ID{s.Client, s.End() - 1} &&
		next.HasRight == s.HasRight && next.Right == s.Right && !s.HasSub
}
