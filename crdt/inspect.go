package crdt

import "github.com/sheafdocs/sheaf/crdt/internal/codec"

// ClockRange is the units of one client from clock From up to, not including,
// To.
type ClockRange struct {
	Client   ClientID
	From, To uint64
}

// UpdateInfo tells what an update contains and what it refers to.
type UpdateInfo struct {
	// Structs are the units that the update brings, in its order; units that
	// follow each other are one range, gaps (Skips) part them.
	Structs []ClockRange
	// Deletes are the units that the update deletes, in its order.
	Deletes []ClockRange
	// Names has, for every client that an origin, a right origin, a parent or a
	// deletion names, the clock after the highest unit named.
	Names map[ClientID]uint64
	// NumStructs is the number of structs, Skips not counted.
	NumStructs int
}

// Inspect reads an update without a document. The error wraps ErrMalformed.
func Inspect(update []byte) (UpdateInfo, error) { return inspect(codec.V1, update) }

// InspectV2 is Inspect for format 2.
func InspectV2(update []byte) (UpdateInfo, error) { return inspect(codec.V2, update) }

func inspect(f codec.Format, update []byte) (UpdateInfo, error) {
	info := UpdateInfo{Names: make(map[ClientID]uint64)}
	name := func(client, clock uint64) {
		if c := ClientID(client); info.Names[c] < clock+1 {
			info.Names[c] = clock + 1
		}
	}
	r := codec.NewFormatReader(f, update)
	for r.Next() {
		s := &r.Struct
		if s.Ref == codec.RefSkip {
			continue
		}
		info.NumStructs++
		info.Structs = appendRange(info.Structs, ClockRange{ClientID(s.Client), s.Clock, s.End()})
		if s.HasOrigin {
			name(s.Origin.Client, s.Origin.Clock)
		}
		if s.HasRight {
			name(s.Right.Client, s.Right.Clock)
		}
		if s.Parent == codec.ParentItem {
			name(s.ParentID.Client, s.ParentID.Clock)
		}
	}
	if r.Err() != nil {
		return UpdateInfo{}, failed("inspect update", ErrMalformed, r.Err())
	}
	deletes, err := r.Deletes()
	if err != nil {
		return UpdateInfo{}, failed("inspect update", ErrMalformed, err)
	}
	for _, x := range deletes {
		if x.Len == 0 {
			continue
		}
		info.Deletes = appendRange(info.Deletes, ClockRange{ClientID(x.Client), x.Clock, x.End()})
		name(x.Client, x.End()-1)
	}
	return info, nil
}

func appendRange(list []ClockRange, r ClockRange) []ClockRange {
	if n := len(list); n > 0 && list[n-1].Client == r.Client && list[n-1].To == r.From {
		list[n-1].To = r.To
		return list
	}
	return append(list, r)
}

// UpdateMeta returns, for each client that an update brings structs of, the
// clock of the first and the clock after the last; gaps (Skips) count as if they
// were filled (Yjs: parseUpdateMeta). The error wraps ErrMalformed.
func UpdateMeta(update []byte) (from, to StateVector, err error) {
	return updateMeta(codec.V1, update)
}

// UpdateMetaV2 is UpdateMeta for format 2.
func UpdateMetaV2(update []byte) (from, to StateVector, err error) {
	return updateMeta(codec.V2, update)
}

func updateMeta(f codec.Format, update []byte) (from, to StateVector, err error) {
	from, to = StateVector{}, StateVector{}
	r := codec.NewFormatReader(f, update)
	last := uint64(0)
	for r.Next() {
		c := ClientID(r.Struct.Client)
		if len(to) == 0 || r.Struct.Client != last {
			from[c], last = r.Struct.Clock, r.Struct.Client
		}
		to[c] = r.Struct.End()
	}
	if _, err := r.Deletes(); err != nil {
		return nil, nil, failed("read clocks of update", ErrMalformed, err)
	}
	return from, to, nil
}
