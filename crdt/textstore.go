package crdt

import "github.com/sheafdocs/sheaf/crdt/internal/lib0"

// textStore holds the UTF-8 bytes of all strings of a document in one buffer.
// MaxTextBytes is so small that offsets stay below 32 bits while runs move about
// within a transaction.
// Items own disjoint stretches of it. A stretch at the end of the buffer grows
// in place; one that grows elsewhere moves to the end and reserves as much
// again, so that authors who type in turns do not copy their runs each time.
// Compaction squeezes out what nobody owns.
type textStore struct {
	buf     []byte
	garbage int
	// reserved tells where the reserve of a moved stretch ends.
	reserved map[handle]uint32
}

func (s *textStore) bytes(it *item) []byte {
	return s.buf[it.content : it.content+it.size : it.content+it.size]
}

// putText gives the item the given text.
func putText[T string | []byte](s *textStore, it *item, text T) {
	it.content, it.size = uint32(len(s.buf)), uint32(len(text))
	s.buf = append(s.buf, text...)
}

// drop takes the item's text away.
func (s *textStore) drop(h handle, it *item) {
	s.unreserve(h, it)
	s.garbage += int(it.size)
	it.content, it.size = 0, 0
}

func (s *textStore) unreserve(h handle, it *item) {
	if end, ok := s.reserved[h]; ok {
		s.garbage += int(end - it.content - it.size)
		delete(s.reserved, h)
	}
}

// reserve makes sure that n more bytes can be appended to the item without
// moving it again and again.
func (s *textStore) reserve(h handle, it *item, n int) {
	end := int(it.content + it.size)
	if end == len(s.buf) {
		delete(s.reserved, h) // used up
		return
	}
	if limit, ok := s.reserved[h]; ok && end+n <= int(limit) {
		return
	}
	s.unreserve(h, it)
	start := len(s.buf)
	s.buf = append(s.buf, s.bytes(it)...)
	s.garbage += int(it.size)
	it.content = uint32(start)
	spare := max(n, int(it.size)) + 16
	s.buf = append(s.buf, make([]byte, spare)...)
	if s.reserved == nil {
		s.reserved = make(map[handle]uint32)
	}
	s.reserved[h] = uint32(len(s.buf))
}

// growText appends text to the item's text.
func growText[T string | []byte](s *textStore, h handle, it *item, text T) {
	s.reserve(h, it, len(text))
	if end := int(it.content + it.size); end < len(s.buf) {
		copy(s.buf[end:], text)
	} else {
		s.buf = append(s.buf, text...)
	}
	it.size += uint32(len(text))
}

// join appends the text of right, which gives it up, to that of left.
func (s *textStore) join(lh handle, left *item, rh handle, right *item) {
	if left.content+left.size == right.content {
		s.unreserve(lh, left)
		left.size += right.size
		if end, ok := s.reserved[rh]; ok {
			delete(s.reserved, rh)
			s.reserved[lh] = end
		}
		right.size = 0
		return
	}
	s.reserve(lh, left, int(right.size))
	growText(s, lh, left, s.bytes(right))
	s.drop(rh, right)
}

// split moves the text from unit diff on to right. Half a surrogate pair
// becomes U+FFFD on both sides.
func (s *textStore) split(lh handle, left, right *item, diff uint64) {
	at, inside := lib0.ByteOffset(s.bytes(left), int(diff), int(left.units))
	s.unreserve(lh, left)
	if !inside {
		right.content, right.size = left.content+uint32(at), left.size-uint32(at)
		left.size = uint32(at)
		return
	}
	// The pair takes four bytes, its two replacements six: one side moves to
	// the end of the buffer, the shorter one.
	pair := left.content + uint32(at)
	rest := left.size - uint32(at) - 4
	if uint32(at) <= rest {
		right.content, right.size = pair+1, rest+3
		copy(s.buf[right.content:], lib0.Replacement)
		start := len(s.buf)
		s.buf = append(s.buf, s.buf[left.content:pair]...)
		s.buf = append(s.buf, lib0.Replacement...)
		left.content, left.size = uint32(start), uint32(at)+3
		s.garbage += at + 1
		return
	}
	start := len(s.buf)
	s.buf = append(s.buf, lib0.Replacement...)
	s.buf = append(s.buf, s.buf[pair+4:pair+4+rest]...)
	right.content, right.size = uint32(start), rest+3
	copy(s.buf[pair:], lib0.Replacement)
	left.size = uint32(at) + 3
	s.garbage += int(rest) + 1
}

// minGarbage is the waste below which compacting is not worth the while.
const minGarbage = 64 << 10

// compactText squeezes out what deleted and moved texts left behind, once that
// is more than what is kept: so its cost is that of the deletions before it.
func (d *Doc) compactText() {
	s := &d.text
	if s.garbage < minGarbage || s.garbage < len(s.buf)/2 || s.garbage < d.items.live {
		return
	}
	buf := make([]byte, 0, len(s.buf)-s.garbage)
	for h := handle(1); h < d.items.used; h++ {
		if it := d.items.at(h); it.kind == kindString && it.size > 0 {
			text := s.bytes(it)
			it.content = uint32(len(buf))
			buf = append(buf, text...)
		}
	}
	s.buf, s.garbage, s.reserved = buf, 0, nil
}
