package codec

import (
	"errors"
	"unicode/utf8"

	"github.com/sheafdocs/sheaf/crdt/internal/lib0"
)

// ErrRenamed means that an update already holds or names the client that
// another one in it is to be renamed to.
var ErrRenamed = errors.New("new client id is already in the update")

// Structure returns an update that brings the same units as the given one but
// only the structure of what it wrote: shared types stay, and so do the values
// of map keys and attributes, because deleting the newest value would delete
// the key. All other content becomes deleted content of the same length, and
// the delete set is dropped.
//
// A struct that names an origin does not say whether it is the value of a key;
// keyed is asked about origins that are not in the update. It may be nil.
func Structure(update []byte, keyed func(ID) bool) ([]byte, error) {
	k := keyIndex{outside: keyed, inside: map[uint64]Ranges{}}
	var w Writer
	r := NewReader(update)
	for r.Next() {
		s := r.Struct
		isKeyed := k.add(&s)
		switch s.Ref {
		case RefGC, RefSkip, RefDeleted, RefType:
		default:
			if !isKeyed {
				s.Ref, s.Content = RefDeleted, nil
			}
		}
		w.Struct(&s, 0)
	}
	if r.Err() != nil {
		return nil, r.Err()
	}
	if _, err := r.Deletes(); err != nil {
		return nil, err
	}
	return w.Finish(nil), nil
}

// keyIndex knows which units of an update are values of map keys.
type keyIndex struct {
	outside func(ID) bool
	inside  map[uint64]Ranges // by client, ascending while the update is
}

// add says whether a struct is the value of a key, and remembers it.
func (k *keyIndex) add(s *Struct) bool {
	keyed := s.HasSub
	switch {
	case s.Ref == RefGC || s.Ref == RefSkip:
		return false
	case s.HasOrigin:
		keyed = k.has(s.Origin)
	case s.HasRight:
		keyed = k.has(s.Right)
	}
	if keyed {
		k.inside[s.Client] = append(k.inside[s.Client], Range{s.Client, s.Clock, s.Len})
	}
	return keyed
}

func (k *keyIndex) has(id ID) bool {
	if k.inside[id.Client].Has(id.Client, id.Clock) {
		return true
	}
	return k.outside != nil && k.outside(id)
}

// ErrRebase means that an update to be moved to another client holds structs
// from before the clock where that begins.
var ErrRebase = errors.New("update holds structs from before the move")

// Rebase returns the update with the units of one client from a clock on
// written by another client from its clock at on: as the writer of structs, in
// origins, right origins and parents, and in the delete set. Units before stay
// what they are. The new client must not occur in the update.
func Rebase(update []byte, from ID, to ID) ([]byte, error) {
	clash, beyond := false, max(to.Client, to.Clock) > lib0.MaxSafeInteger
	move := func(id *ID) {
		clash = clash || id.Client == to.Client && from.Client != to.Client
		if id.Client == from.Client && id.Clock >= from.Clock {
			*id = ID{to.Client, id.Clock - from.Clock + to.Clock}
			beyond = beyond || id.Clock > lib0.MaxSafeInteger
		}
	}
	var w Writer
	r := NewReader(update)
	for r.Next() {
		s := r.Struct
		if s.Client == from.Client && s.Clock < from.Clock {
			return nil, ErrRebase
		}
		move(&s.ID)
		beyond = beyond || s.End() > lib0.MaxSafeInteger
		if s.HasOrigin {
			move(&s.Origin)
		}
		if s.HasRight {
			move(&s.Right)
		}
		if s.Parent == ParentItem {
			move(&s.ParentID)
		}
		w.Struct(&s, 0)
	}
	if r.Err() != nil {
		return nil, r.Err()
	}
	deletes, err := r.Deletes()
	if err != nil {
		return nil, err
	}
	var moved Ranges
	for _, x := range deletes {
		if x.Client == from.Client && x.Clock < from.Clock && x.End() > from.Clock {
			moved = append(moved, Range{x.Client, x.Clock, from.Clock - x.Clock})
			x.Clock, x.Len = from.Clock, x.End()-from.Clock
		}
		id := ID{x.Client, x.Clock}
		move(&id)
		moved = append(moved, Range{id.Client, id.Clock, x.Len})
		beyond = beyond || id.Clock+x.Len > lib0.MaxSafeInteger
	}
	if beyond {
		return nil, lib0.ErrIntegerRange
	}
	if clash {
		return nil, ErrRenamed
	}
	return w.Finish(moved.Normalize()), nil
}

// Strings returns the text content of an update's structs, in their order; only
// the first ones if there is more than max bytes. Text that does not continue
// what was before it begins a new line.
func Strings(update []byte, max int) ([]byte, error) {
	var out []byte
	var end ID
	r := NewReader(update)
	for r.Next() {
		s := &r.Struct
		if s.Ref != RefString || len(out) >= max {
			continue
		}
		if len(out) > 0 && (!s.HasOrigin || s.Origin != end) {
			out = append(out, '\n')
		}
		end = ID{s.Client, s.End() - 1}
		content := s.Content
		if room := max - len(out); len(content) > room {
			for content = content[:room]; len(content) > 0 && !utf8.Valid(content); {
				content = content[:len(content)-1]
			}
		}
		out = append(out, content...)
	}
	return out, r.Err()
}
