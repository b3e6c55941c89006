package crdt

import (
	"slices"
	"sort"
)

// blockList is a row of elements in an order, in blocks short enough to insert
// into: an element that comes or goes moves those of one block. No block is
// empty. The place behind the last element is in a block that does not exist.
type blockList[T any] [][]T

// blockLen is how many elements a block holds.
const blockLen = 256

// search returns the place of the first element that is not before what is
// looked for.
func (l blockList[T]) search(isBefore func(T) bool) (block, i int) {
	block = sort.Search(len(l), func(i int) bool { return !isBefore(l[i][len(l[i])-1]) })
	if block < len(l) {
		b := l[block]
		i = sort.Search(len(b), func(i int) bool { return !isBefore(b[i]) })
	}
	return block, i
}

// prev returns the place before another one, unless that is the first.
func (l blockList[T]) prev(block, i int) (prevBlock, prevI int, ok bool) {
	switch {
	case i > 0:
		return block, i - 1, true
	case block > 0:
		return block - 1, len(l[block-1]) - 1, true
	}
	return 0, 0, false
}

// insert puts x at a place of a slice. It is several times smaller than what
// slices.Insert, which takes any number of elements, is for each type.
func insert[T any](s []T, i int, x T) []T {
	s = append(s, x)
	copy(s[i+1:], s[i:])
	s[i] = x
	return s
}

// remove is slices.Delete.
// Not inlined: 12 callers, 4 kB of a page.
//
//go:noinline
func remove[T any](s []T, from, to int) []T { return slices.Delete(s, from, to) }

// insert puts x at a place, before what is there.
func (l *blockList[T]) insert(block, i int, x T) {
	if block == len(*l) {
		if block == 0 || len((*l)[block-1]) >= blockLen {
			*l = append(*l, []T{x})
			return
		}
		block--
		i = len((*l)[block])
	}
	if b := (*l)[block]; len(b) >= blockLen {
		*l = insert(*l, block+1, slices.Clone(b[blockLen/2:]))
		clear(b[blockLen/2:])
		(*l)[block] = b[:blockLen/2]
		if i > blockLen/2 {
			block, i = block+1, i-blockLen/2
		}
	}
	(*l)[block] = insert((*l)[block], i, x)
}

// remove takes the elements of a block from one place on, up to another.
func (l *blockList[T]) remove(block, from, to int) {
	if (*l)[block] = remove((*l)[block], from, to); len((*l)[block]) == 0 {
		*l = remove(*l, block, block+1)
	}
}
