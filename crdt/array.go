package crdt

import "iter"

// Array is a shared array.
type Array struct{ node }

// NewArray returns an array to be inserted into another type.
func NewArray() *Array { return &Array{node{kind: typeArray}} }

// Len returns the number of elements.
func (a *Array) Len() int { return a.len() }

// Get returns the element at index.
func (a *Array) Get(index int) (Value, error) { return a.unit(index) }

// All yields the elements with their indexes. The array must not be edited
// meanwhile.
func (a *Array) All() iter.Seq2[int, Value] { return a.units() }

// Insert inserts values at index. As in Yjs, an array holds neither undefined
// nor big integers.
func (a *Array) Insert(tx *Txn, index int, values ...Value) error {
	return a.insertValues(tx, index, values)
}

// Push appends values behind everything that was ever inserted.
func (a *Array) Push(tx *Txn, values ...Value) error { return a.pushValues(tx, values) }

// Delete deletes length elements from index on.
func (a *Array) Delete(tx *Txn, index, length int) error { return a.deleteUnits(tx, index, length) }
