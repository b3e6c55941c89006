package codec

import (
	"errors"
	"slices"
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
	list := k.inside[id.Client]
	i, found := slices.BinarySearchFunc(list, id.Clock, func(r Range, clock uint64) int {
		switch {
		case r.End() <= clock:
			return -1
		case r.Clock > clock:
			return 1
		}
		return 0
	})
	if found {
		return list[i].Clock <= id.Clock
	}
	return k.outside != nil && k.outside(id)
}

// Rename returns the update with every mention of one client replaced by
// another: as the writer of structs, in origins, right origins and parents, and
// in the delete set. Clocks stay. The new id must not occur in the update.
func Rename(update []byte, from, to uint64) ([]byte, error) {
	if from == to {
		return Compact(update)
	}
	clash := false
	rename := func(client *uint64) {
		clash = clash || *client == to
		if *client == from {
			*client = to
		}
	}
	var w Writer
	r := NewReader(update)
	for r.Next() {
		s := r.Struct
		rename(&s.Client)
		if s.HasOrigin {
			rename(&s.Origin.Client)
		}
		if s.HasRight {
			rename(&s.Right.Client)
		}
		if s.Parent == ParentItem {
			rename(&s.ParentID.Client)
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
	for i := range deletes {
		rename(&deletes[i].Client)
	}
	if clash {
		return nil, ErrRenamed
	}
	return w.Finish(deletes.Normalize()), nil
}
