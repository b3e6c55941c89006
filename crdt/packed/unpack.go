package packed

import (
	"fmt"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/crdt/internal/codec"
	"github.com/sheafdocs/sheaf/crdt/internal/columns"
	"github.com/sheafdocs/sheaf/crdt/internal/lib0"
)

// unpacker turns columns back into structs. Its decoders stop at the first
// failure; err finds it.
type unpacker struct {
	tree    lib0.Decoder
	text    lib0.Decoder
	left    uint64 // bytes of the tree's current text
	out     codec.Sorter
	deletes codec.Ranges
	pending []byte
	types   []unpackedType // to come
	free    uint64         // items and roots that may still come

	history [columns.NumHistory]lib0.Decoder
	states  []columns.State
	ends    []uint64 // by client: where its last item ended
	units   []uint64 // by client: how many came
}

// unpackedType is a type whose lists are to be read.
type unpackedType struct {
	root []byte
	item codec.ID // that holds it, unless it is a root
	live bool
	top  bool // a root
}

// newUnpacker reads the roots. maxItems is that of the file.
func newUnpacker(content columns.Columns, maxItems uint64) *unpacker {
	u := &unpacker{free: maxItems}
	u.tree.Reset(content[columns.Tree], 0)
	u.text.Reset(content[columns.Text], 0)
	for n := u.tree.Uint(); n > 0 && u.count(1); n-- {
		u.types = append(u.types, unpackedType{root: u.tree.String(), live: true, top: true})
	}
	return u
}

func (u *unpacker) err() error {
	for _, d := range append([]lib0.Decoder{u.tree, u.text}, u.history[:]...) {
		if d.Err() != nil {
			return d.Err()
		}
		if d.Remaining() > 0 {
			return errColumns
		}
	}
	if u.left > 0 {
		return errColumns
	}
	return nil
}

// count counts n more items or roots, and returns false once something failed.
func (u *unpacker) count(n uint64) bool {
	if n > u.free {
		u.tree.Fail(errItems)
		return false
	}
	u.free -= n
	return !u.failed()
}

func (u *unpacker) failed() bool { return u.tree.Err() != nil }

// update returns what was read as an update.
func (u *unpacker) update() ([]byte, error) {
	if err := u.err(); err != nil {
		return nil, fmt.Errorf("unpack document: %w: %w", crdt.ErrMalformed, err)
	}
	update, err := u.out.Finish(u.deletes.Normalize())
	if err != nil {
		return nil, fmt.Errorf("unpack document: %w: %w", crdt.ErrMalformed, err)
	}
	if u.pending == nil {
		return update, nil
	}
	return crdt.MergeUpdates(update, u.pending)
}

func (u *unpacker) doc(c crdt.Config) (*crdt.Doc, error) {
	update, err := u.update()
	if err != nil {
		return nil, err
	}
	d := crdt.NewDoc(c)
	return d, d.ApplyUpdate(update, nil)
}

// token reads the next of the tree, of a list: the content of an item, whole
// but for text, of which it takes so many bytes, or all there are of this one
// for 0. It returns false at the end of the list.
func (u *unpacker) token(textBytes uint64) (codec.Struct, bool) {
	if u.left == 0 {
		ref := u.tree.Byte()
		switch {
		case ref == columns.EndOfList || u.tree.Err() != nil:
			return codec.Struct{}, false
		case ref == codec.RefString:
			u.left = u.tree.Uint()
		case ref > codec.RefDoc || ref <= codec.RefDeleted:
			u.tree.Fail(errColumns)
			return codec.Struct{}, false
		default:
			return codec.ReadContent(&u.tree, ref), u.tree.Err() == nil
		}
	}
	if textBytes == 0 {
		textBytes = u.left
	}
	if textBytes > u.left || textBytes == 0 {
		u.tree.Fail(errColumns)
		return codec.Struct{}, false
	}
	u.left -= textBytes
	text := u.text.Take(textBytes)
	return codec.Struct{Ref: codec.RefString, Content: text, Len: uint64(lib0.UTF16Len(text))}, u.text.Err() == nil
}

// place writes into s that it is a child, or the value of a key, of t.
func (t *unpackedType) place(s *codec.Struct, key []byte, keyed bool) {
	if t.top {
		s.Parent, s.Root = codec.ParentRoot, t.root
	} else {
		s.Parent, s.ParentID = codec.ParentItem, t.item
	}
	s.Sub, s.HasSub = key, keyed
}

// nest notes the type that s holds.
func (u *unpacker) nest(s *codec.Struct, live bool) {
	if s.Ref == codec.RefType {
		u.types = append(u.types, unpackedType{item: s.ID, live: live})
	}
}

// visible reads the tree alone. Everything is written by one client, from left
// to right.
func (u *unpacker) visible() {
	clock := uint64(0)
	for i := 0; i < len(u.types) && !u.failed(); i++ {
		t := u.types[i]
		u.visibleList(&t, nil, false, &clock)
		for n := u.tree.Uint(); n > 0 && !u.failed(); n-- {
			u.visibleList(&t, u.tree.String(), true, &clock)
		}
	}
}

func (u *unpacker) visibleList(t *unpackedType, key []byte, keyed bool, clock *uint64) {
	const client = 1
	started := false
	for {
		s, more := u.token(0)
		if !more || !u.count(1) {
			return
		}
		t.place(&s, key, keyed)
		s.ID = codec.ID{Client: client, Clock: *clock}
		if started {
			s.HasOrigin, s.Origin = true, codec.ID{Client: client, Clock: *clock - 1}
		}
		started = true
		*clock += s.Len
		u.out.Struct(&s)
		u.nest(&s, true)
	}
}

// restore reads the tree and the history.
func (u *unpacker) restore(states []columns.State, history columns.Columns) {
	for i, column := range history[:columns.Pending] {
		u.history[i].Reset(column, 0)
	}
	u.pending = history[columns.Pending]
	u.states = states
	u.ends, u.units = make([]uint64, len(states)), make([]uint64, len(states))
	for i := 0; i < len(u.types) && !u.failed(); i++ {
		t := u.types[i]
		u.restoreList(&t, nil, false, t.live)
		if t.live {
			for n := u.tree.Uint(); n > 0 && !u.failed(); n-- {
				u.restoreList(&t, u.tree.String(), true, true)
			}
		}
		keys := &u.history[columns.Keys]
		for n := keys.Uint(); n > 0 && keys.Err() == nil && !u.failed(); n-- {
			u.restoreList(&t, keys.String(), true, false)
		}
	}
	u.restoreCollected()
	for i, s := range u.states {
		if u.units[i] != s.Clock {
			u.tree.Fail(errStates)
		}
	}
}

// restoreList reads the items of a list.
func (u *unpacker) restoreList(t *unpackedType, key []byte, keyed, visible bool) {
	flags := u.listFlags()
	items := make([]codec.Struct, len(flags))
	runs := make([]columns.Run, len(flags))
	for i, f := range flags {
		if f&columns.Kind == columns.Live && !visible {
			u.tree.Fail(errColumns)
		}
		s := u.restoreItem(f)
		if u.failed() {
			return
		}
		items[i], runs[i] = s, columns.Run{Client: s.Client, Clock: s.Clock, Len: s.Len}
	}
	if visible {
		if _, more := u.token(0); more {
			u.tree.Fail(errColumns)
		}
	}
	left, right := columns.Neighbours(runs)
	for i := range items {
		s := &items[i]
		if flags[i]&columns.OtherOrigin != 0 {
			left[i] = u.named(s)
		}
		if flags[i]&columns.OtherRight != 0 {
			right[i] = u.named(s)
		}
		s.Client = u.client(s.Client)
		s.HasOrigin, s.Origin = left[i].Known, u.id(left[i])
		s.HasRight, s.Right = right[i].Known, u.id(right[i])
		t.place(s, key, keyed)
		u.out.Struct(s)
		live := flags[i]&columns.Kind == columns.Live
		if !live {
			u.deletes = append(u.deletes, codec.Range{Client: s.Client, Clock: s.Clock, Len: s.Len})
		}
		u.nest(s, live)
	}
}

// listFlags reads the flags of a list's items and its end.
func (u *unpacker) listFlags() []byte {
	rest := u.history[columns.Flags]
	n := uint64(0)
	for rest.Byte() != columns.EndOfList && rest.Err() == nil {
		n++
	}
	if u.count(n); u.failed() {
		return nil
	}
	flags := u.history[columns.Flags].Take(n)
	u.history[columns.Flags].Byte()
	return flags
}

// restoreItem reads one item without its origins. Its client is still an index.
func (u *unpacker) restoreItem(flags byte) codec.Struct {
	var s codec.Struct
	switch kind := flags & columns.Kind; kind {
	case columns.Live:
		n := uint64(0)
		if u.left > 0 || u.nextIsText() {
			n = u.history[columns.Lengths].Uint()
			if n == 0 {
				u.tree.Fail(errColumns)
			}
		}
		s, _ = u.token(n)
	case codec.RefDeleted:
		s = codec.Struct{Ref: codec.RefDeleted, Len: u.history[columns.Gaps].Uint()}
	default:
		if kind > codec.RefDoc {
			u.tree.Fail(errColumns)
			return s
		}
		gone := &u.history[columns.Gone]
		if s = codec.ReadContent(gone, kind); gone.Err() != nil {
			u.tree.Fail(errColumns) // its length promises more than there is
			return s
		}
	}
	client := u.history[columns.Clients].Uint()
	if client >= uint64(len(u.ends)) || s.Len == 0 {
		u.tree.Fail(errColumns)
		return s
	}
	s.Client, s.Clock = client, uint64(int64(u.ends[client])+varint(&u.history[columns.Clocks]))
	if s.Clock > lib0.MaxSafeInteger || s.Len > lib0.MaxSafeInteger-s.Clock {
		u.tree.Fail(errColumns)
		return s
	}
	u.ends[client] = s.End()
	u.units[client] += s.Len
	return s
}

// nextIsText tells whether the tree goes on with text.
func (u *unpacker) nextIsText() bool {
	d := u.tree
	return d.Byte() == codec.RefString
}

// named reads an origin that is not the expected one.
func (u *unpacker) named(s *codec.Struct) columns.Unit {
	d := &u.history[columns.Origins]
	client := d.Uint()
	if client == 0 {
		return columns.Unit{}
	}
	clock := uint64(int64(s.Clock) + varint(d))
	if client > uint64(len(u.states)) || clock > lib0.MaxSafeInteger {
		u.tree.Fail(errColumns)
		return columns.Unit{}
	}
	return columns.Unit{Known: true, Client: client - 1, Clock: clock}
}

func (u *unpacker) client(index uint64) uint64 { return u.states[index].Client }

func (u *unpacker) id(unit columns.Unit) codec.ID {
	if !unit.Known {
		return codec.ID{}
	}
	return codec.ID{Client: u.client(unit.Client), Clock: unit.Clock}
}

// restoreCollected reads the units of which only the number is known.
func (u *unpacker) restoreCollected() {
	d := &u.history[columns.Collected]
	last, end := uint64(0), uint64(0)
	for d.Remaining() > 0 && u.count(1) {
		index, gap, n := d.Uint(), d.Uint(), d.Uint()
		if index == 0 || index > uint64(len(u.states)) || n == 0 {
			u.tree.Fail(errColumns)
			return
		}
		if index != last {
			last, end = index, 0
		}
		s := codec.Struct{ID: codec.ID{Client: u.client(index - 1), Clock: end + gap}, Ref: codec.RefGC, Len: n}
		if s.Clock > lib0.MaxSafeInteger || n > lib0.MaxSafeInteger-s.Clock {
			u.tree.Fail(errColumns)
			return
		}
		end = s.End()
		u.units[index-1] += n
		u.out.Struct(&s)
		u.deletes = append(u.deletes, codec.Range{Client: s.Client, Clock: s.Clock, Len: n})
	}
}

// varint reads a signed number as encoding/binary writes it.
func varint(d *lib0.Decoder) int64 {
	n := d.Uint()
	return int64(n>>1) ^ -int64(n&1)
}
