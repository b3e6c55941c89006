package crdt

import "github.com/sheafdocs/sheaf/crdt/internal/codec"

// Kinds of item, by their content. The numbers are those of the update format.
const (
	kindGC      = codec.RefGC // not an item any more: only its length is known
	kindDeleted = codec.RefDeleted
	kindJSON    = codec.RefJSON
	kindBinary  = codec.RefBinary
	kindString  = codec.RefString
	kindEmbed   = codec.RefEmbed
	kindFormat  = codec.RefFormat
	kindType    = codec.RefType
	kindAny     = codec.RefAny
	kindDoc     = codec.RefDoc
)

// item is a run of units that one client wrote next to each other. It holds no
// pointers, so the garbage collector never looks at it, and takes 64 bytes: a
// cache line. Large documents spend most of their time waiting for those.
type item struct {
	clock  uint64
	client uint32 // index into Doc.clients, as the next two
	units  uint32 // lower half of the length, see len

	originClient uint32 // 0: no origin
	rightClient  uint32 // 0: no right origin
	originLow    uint32 // their clocks, which are below 2⁵³, in two parts
	rightLow     uint32

	left, right handle // neighbours in the list
	list        int32  // index into Doc.lists; 0 for kindGC
	leaf        int32  // leaf of the list's tree that holds the item

	// content is, by kind: String: offset into Doc.text; JSON, Any: index into
	// Doc.elements; Binary, Embed, Format: index into Doc.singles; Type: index
	// into Doc.types; Doc: index into Doc.subdocs; GC, Deleted: upper half of
	// the length, as nothing else is as long as four thousand million.
	content uint32
	size    uint32 // String: bytes; Format: index of the key

	originHigh, rightHigh [3]uint8

	kind  uint8
	flags uint8
}

// Flags of an item.
const (
	flagDeleted = 1 << iota
	flagKept    // not collected by itself, because it can be undone
	flagRedone  // undoing made it again, as Doc.redone tells
)

func (it *item) deleted() bool { return it.flags&flagDeleted != 0 }
func (it *item) kept() bool    { return it.flags&flagKept != 0 }
func (it *item) redone() bool  { return it.flags&flagRedone != 0 }

func (it *item) set(flag uint8)   { it.flags |= flag }
func (it *item) unset(flag uint8) { it.flags &^= flag }

// len returns how many units the item has, whether they are visible or not.
func (it *item) len() uint64 {
	n := uint64(it.units)
	if it.kind <= kindDeleted {
		n |= uint64(it.content) << 32
	}
	return n
}

// setLen sets how many units an item has, whose kind is set.
func (it *item) setLen(n uint64) {
	it.units = uint32(n)
	if it.kind <= kindDeleted {
		it.content = uint32(n >> 32)
	}
}

// end returns the clock after the item's last unit.
func (it *item) end() uint64 { return it.clock + it.len() }

// origin returns the unit that the item was written behind, with client 0 if
// that was none.
func (it *item) origin() unit { return unit{it.originClient, joinClock(it.originLow, it.originHigh)} }

// rightOrigin returns the unit that the item was written before.
func (it *item) rightOrigin() unit { return unit{it.rightClient, joinClock(it.rightLow, it.rightHigh)} }

func (it *item) setOrigin(u unit) {
	it.originClient = u.client
	it.originLow, it.originHigh = cutClock(u.clock)
}

func (it *item) setRightOrigin(u unit) {
	it.rightClient = u.client
	it.rightLow, it.rightHigh = cutClock(u.clock)
}

func joinClock(low uint32, high [3]uint8) uint64 {
	return uint64(low) | uint64(high[0])<<32 | uint64(high[1])<<40 | uint64(high[2])<<48
}

func cutClock(clock uint64) (low uint32, high [3]uint8) {
	return uint32(clock), [3]uint8{uint8(clock >> 32), uint8(clock >> 40), uint8(clock >> 48)}
}

// countable tells whether the item's units count in the length of its list.
func (it *item) countable() bool { return it.kind != kindFormat && it.kind != kindDeleted }

// visible returns what the item adds to the length of its list.
func (it *item) visible() int64 {
	if it.deleted() || !it.countable() {
		return 0
	}
	return int64(it.units)
}

// isMark tells whether the item is a format mark that is in effect.
func (it *item) isMark() bool { return it.kind == kindFormat && !it.deleted() }
