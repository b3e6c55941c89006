package crdt

import (
	"errors"
	"math"
	"strconv"

	"github.com/sheafdocs/sheaf/crdt/internal/lib0"
)

// RelativePosition is a place in a shared type that stays where it is while
// others edit: it names the unit next to it, or the type whose beginning or end
// it is. It comes from NewRelativePosition, DecodeRelativePosition or JSON, and
// means the same on every replica. Two are equal with == where Yjs's
// compareRelativePositions says so; one that was encoded and decoded is not
// equal to what it was made from if it names a unit, because the encoding leaves
// out the type, and resolves to the same place. The zero RelativePosition names
// nothing.
type RelativePosition struct {
	item, typ                 ID
	root                      string
	hasItem, hasType, hasRoot bool
	assoc                     int64
}

// AbsolutePosition is where a RelativePosition is now.
type AbsolutePosition struct {
	// Type is the type the position is in; nil if that is a root that was not
	// defined here yet, and then Root is its name.
	Type Shared
	Root string
	// Index counts units, as the methods of Type do.
	Index int
	// Assoc is that of the RelativePosition.
	Assoc int64
}

// errNoPosition is the same for what was decoded and for the zero value.
var errNoPosition = errors.New("relative position names neither a unit nor a type")

// NewRelativePosition returns the position before the unit at index in s. With
// assoc below 0 it is the one after the unit at index-1 instead, so that what is
// inserted there comes after it. At the end, or with assoc below 0 at the
// beginning, it names the type. The error is ErrRange, or ErrDetached if the type
// is in no document.
func NewRelativePosition(s Shared, index int, assoc int64) (RelativePosition, error) {
	if s == nil || s.base().shared() == nil {
		return RelativePosition{}, failed("relative position", ErrDetached)
	}
	if assoc < -lib0.MaxSafeInteger || assoc > lib0.MaxSafeInteger {
		return RelativePosition{}, failed("relative position: assoc "+strconv.FormatInt(assoc, 10), ErrRange)
	}
	n := s.base()
	if index < 0 || index > n.len() {
		return RelativePosition{}, failed("relative position: index "+strconv.Itoa(index)+" of "+strconv.Itoa(n.len()), ErrRange)
	}
	d, t := n.doc, n.doc.types[n.typ]
	p := RelativePosition{assoc: assoc}
	if t.item == 0 {
		p.root, p.hasRoot = t.name, true
	} else {
		p.typ, p.hasType = d.idOf(t.item, 0), true
	}
	if assoc < 0 {
		index-- // the unit before it
	}
	if index >= 0 && index < n.len() {
		h, start := d.findUnit(&d.lists[t.children], int64(index))
		p.item, p.hasItem = d.idOf(h, uint64(int64(index)-start)), true
	}
	return p, nil
}

// idOf returns the id of a unit of an item.
func (d *Doc) idOf(h handle, offset uint64) ID {
	it := d.item(h)
	return ID{d.clients[it.client].id, it.clock + offset}
}

// Item returns the unit that the position is next to, if it names one.
func (p RelativePosition) Item() (ID, bool) { return p.item, p.hasItem }

// Root returns the name of the root that the position is in, if it names one.
func (p RelativePosition) Root() (string, bool) { return p.root, p.hasRoot }

// Type returns the unit that holds the type that the position is in, if it
// names one.
func (p RelativePosition) Type() (ID, bool) { return p.typ, p.hasType }

// Assoc tells which neighbour the position stays with: below 0 the one before
// it, else the one after it.
func (p RelativePosition) Assoc() int64 { return p.assoc }

// Encode returns the position in Yjs's encoding, or nil if it names nothing.
func (p RelativePosition) Encode() []byte {
	var out []byte
	switch {
	case p.hasItem:
		out = appendID(append(out, 0), p.item)
	case p.hasRoot:
		out = lib0.AppendString(append(out, 1), p.root)
	case p.hasType:
		out = appendID(append(out, 2), p.typ)
	default:
		return nil
	}
	if p.assoc < 0 {
		return lib0.AppendInt(out, uint64(-p.assoc), true)
	}
	return lib0.AppendInt(out, uint64(p.assoc), false)
}

func appendID(dst []byte, id ID) []byte {
	return lib0.AppendUint(lib0.AppendUint(dst, uint64(id.Client)), id.Clock)
}

// DecodeRelativePosition reads a position in Yjs's encoding. As in Yjs, the
// association may be missing, which means 0, and what follows is ignored. The
// error wraps ErrMalformed.
func DecodeRelativePosition(b []byte) (RelativePosition, error) {
	in := lib0.NewDecoder(b)
	id := func() ID { return ID{Client: ClientID(in.Uint()), Clock: in.Uint()} }
	var p RelativePosition
	switch in.Uint() {
	case 0:
		p.item, p.hasItem = id(), true
	case 1:
		p.root, p.hasRoot = lib0.ValidString(string(in.String())), true
	case 2:
		p.typ, p.hasType = id(), true
	default:
		in.Fail(errNoPosition)
	}
	if in.Err() == nil && in.Remaining() > 0 {
		magnitude, negative := in.Int()
		p.assoc = int64(magnitude)
		if negative {
			p.assoc = -p.assoc
		}
	}
	if err := in.Err(); err != nil {
		return RelativePosition{}, failed("decode relative position", ErrMalformed, err)
	}
	return p, nil
}

// MarshalJSON writes the position as Yjs's relativePositionToJSON does.
func (p RelativePosition) MarshalJSON() ([]byte, error) {
	out := []byte{'{'}
	if p.hasType {
		out = append(appendJSONID(append(out, `"type":`...), p.typ), ',')
	}
	if p.root != "" { // like Yjs, which leaves out a root without a name
		out = append(lib0.AppendJSONString(append(out, `"tname":`...), p.root), ',')
	}
	if p.hasItem {
		out = append(appendJSONID(append(out, `"item":`...), p.item), ',')
	}
	out = strconv.AppendInt(append(out, `"assoc":`...), p.assoc, 10)
	return append(out, '}'), nil
}

func appendJSONID(dst []byte, id ID) []byte {
	dst = strconv.AppendUint(append(dst, `{"client":`...), uint64(id.Client), 10)
	dst = strconv.AppendUint(append(dst, `,"clock":`...), id.Clock, 10)
	return append(dst, '}')
}

// UnmarshalJSON reads what MarshalJSON and Yjs write. The error wraps
// ErrMalformed, and then p is unchanged.
func (p *RelativePosition) UnmarshalJSON(text []byte) error {
	v, err := parseJSON(text)
	if err != nil {
		return failed("relative position", err)
	}
	var q RelativePosition
	if q.typ, q.hasType, err = jsonID(v, "type"); err != nil {
		return err
	}
	if q.item, q.hasItem, err = jsonID(v, "item"); err != nil {
		return err
	}
	if name, ok := v.Get("tname"); ok && name.Kind() != lib0.KindNull {
		if name.Kind() != lib0.KindString {
			return failed("relative position: tname is no string", ErrMalformed)
		}
		q.root, q.hasRoot = name.Str(), true
	}
	if assoc, ok := v.Get("assoc"); ok && assoc.Kind() != lib0.KindNull {
		if q.assoc, ok = jsonInteger(assoc); !ok {
			return failed("relative position: assoc is no integer", ErrMalformed)
		}
	}
	if !q.hasType && !q.hasItem && !q.hasRoot {
		return failed("relative position", ErrMalformed, errNoPosition)
	}
	*p = q
	return nil
}

// jsonID returns the id in a field of an object, and whether there is one.
func jsonID(object lib0.Any, field string) (ID, bool, error) {
	v, ok := object.Get(field)
	if !ok || v.Kind() == lib0.KindNull {
		return ID{}, false, nil
	}
	number := func(name string) (int64, bool) {
		n, _ := v.Get(name)
		i, ok := jsonInteger(n)
		return i, ok && i >= 0
	}
	client, hasClient := number("client")
	clock, hasClock := number("clock")
	if !hasClient || !hasClock {
		return ID{}, false, failed("relative position: "+field+" is no id", ErrMalformed)
	}
	return ID{ClientID(client), uint64(clock)}, true, nil
}

// jsonInteger returns a number that is an integer of at most 53 bits.
func jsonInteger(v lib0.Any) (int64, bool) {
	f := v.Number()
	ok := v.Kind() == lib0.KindNumber && f == math.Trunc(f) && math.Abs(f) <= lib0.MaxSafeInteger
	return int64(f), ok
}
