package crdt

import "slices"

// orderedSet is a set that knows in which order its elements came. It makes a
// map only for many: most sets have a few elements, and many of them are made.
type orderedSet[T comparable] struct {
	all []T
	at  map[T]int // where each element is in all; once there are many
}

// index returns where x is in the order, or -1.
func (s *orderedSet[T]) index(x T) int {
	if s.at == nil {
		return slices.Index(s.all, x)
	}
	if i, ok := s.at[x]; ok {
		return i
	}
	return -1
}

// add adds x, unless the set has it, and returns where it is.
func (s *orderedSet[T]) add(x T) int {
	if i := s.index(x); i >= 0 {
		return i
	}
	s.all = append(s.all, x)
	last := len(s.all) - 1
	switch {
	case s.at != nil:
		s.at[x] = last
	case last == fewItems:
		s.at = make(map[T]int, 4*fewItems)
		for i, y := range s.all {
			s.at[y] = i
		}
	}
	return last
}
