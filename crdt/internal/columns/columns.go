// Package columns is what a document consists of while it is packed: columns of
// what is visible, and columns of how it came about. docs/formats/packed.md
// specifies them.
//
// The main types are File (the whole), Columns (one of its two parts) and
// Neighbours, the guess that makes the history small: that an item was written
// between what now stands left and right of it and was there before.
//
// The package is what crdt, which knows its lists, and crdt/packed, which knows
// the bytes, have in common. It leaves out both.
package columns

import "github.com/sheafdocs/sheaf/crdt/internal/lib0"

// Columns of the content.
const (
	Tree = iota // roots, kinds and values, without text
	Text
	NumContent
)

// Columns of the history. Those of items go through the lists in the order of
// the tree.
const (
	Flags     = iota // a byte for each item, EndOfList after each list
	Clients          // of each item: index into the file's states
	Clocks           // of each item: from the end of its client's item before
	Lengths          // of text: bytes
	Gaps             // of deleted content: units
	Origins          // that are not the expected ones
	Gone             // content of deleted items, where it is kept
	Keys             // for each type, the keys without a value
	Collected        // units of which only the number is known
	Pending          // an update
	NumHistory
)

// Flags of an item. The low four bits are the kind of a deleted item's
// content, or Live.
const (
	Live        = 0
	EndOfList   = 15
	Kind        = 15
	OtherOrigin = 16
	OtherRight  = 32
)

// Columns are byte strings with a meaning each.
type Columns [][]byte

// Uint appends a number to a column.
// Not inlined: 13 callers, 1 kB of a page.
//
//go:noinline
func (c Columns) Uint(column int, n uint64) { c[column] = lib0.AppendUint(c[column], n) }

// State says up to which clock a client is known.
type State struct{ Client, Clock uint64 }

// File is a packed document before compression.
type File struct {
	// Plain files have no content; their history is one column, an update.
	Plain   bool
	States  []State // by client, descending
	Content Columns
	History Columns
}
