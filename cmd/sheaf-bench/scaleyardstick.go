package main

import "fmt"

// The yardsticks do next to nothing, with the plainest structures, at the sizes of
// the patterns. They say what a machine's memory adds to the time of any program
// that outgrows its caches.

// plainNode has the size of a processor's cache line, as an item has.
type plainNode struct {
	next *plainNode
	_    [56]byte
}

// plainList puts nodes behind others at random places of a linked list.
func plainList(n int) (func() error, error) {
	r := newRand(n)
	return func() error {
		nodes := make([]*plainNode, 1, n+1)
		nodes[0] = new(plainNode)
		for range n {
			at := nodes[r.IntN(len(nodes))]
			at.next = &plainNode{next: at.next}
			nodes = append(nodes, at.next)
		}
		if len(nodes) != n+1 {
			return fmt.Errorf("the list has %d nodes, not %d", len(nodes)-1, n)
		}
		return nil
	}, nil
}

// plainMap gives a map the keys that hugeMap gives a shared one.
func plainMap(n int) (func() error, error) {
	return func() error {
		nodes := map[string]*plainNode{}
		for i := range n {
			nodes[fmt.Sprint(i)] = new(plainNode)
		}
		if len(nodes) != n {
			return fmt.Errorf("the map has %d keys, not %d", len(nodes), n)
		}
		return nil
	}, nil
}
