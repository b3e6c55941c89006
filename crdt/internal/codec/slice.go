package codec

import "github.com/sheafdocs/sheaf/crdt/internal/lib0"

// from returns the struct without its first offset units.
func (s *Struct) from(offset uint64) Struct {
	out := *s
	if offset == 0 {
		return out
	}
	out.Clock += offset
	out.Len -= offset
	if s.Ref == RefGC || s.Ref == RefSkip {
		return out
	}
	out.HasOrigin, out.Origin = true, ID{s.Client, out.Clock - 1}
	switch s.Ref {
	case RefString:
		at, inside := lib0.ByteOffset(s.Content, int(offset), int(s.Len))
		if inside {
			out.Content = append([]byte(lib0.Replacement), s.Content[at+4:]...)
		} else {
			out.Content = s.Content[at:]
		}
	case RefAny, RefJSON:
		d := lib0.NewDecoder(s.Content)
		for i := uint64(0); i < offset; i++ {
			s.skipElement(d)
		}
		out.Content = s.Content[d.Pos():]
	}
	return out
}
