package main

import (
	"slices"

	"github.com/sheafdocs/sheaf/crdt"
)

// pieces are the updates of clients who type in turns at random places.
func pieces(n, clients int) ([][]byte, error) {
	r := newRand(n)
	doc := crdt.NewDoc(crdt.Config{})
	var updates [][]byte
	doc.OnUpdate(func(e crdt.UpdateEvent) { updates = append(updates, e.Update) })
	for i := range n {
		doc.SetClientID(crdt.ClientID(1 + i%clients))
		if err := insert(doc, r.IntN(i+1), "x"); err != nil {
			return nil, err
		}
	}
	return updates, nil
}

// sorted returns the updates for which late is false, and then the others, both
// in their order.
func sorted(updates [][]byte, late func(i int) bool) [][]byte {
	var order [][]byte
	for _, turn := range []bool{false, true} {
		for i, u := range updates {
			if late(i) == turn {
				order = append(order, u)
			}
		}
	}
	return order
}

// pendingBackwards delivers updates from the last to the first: each but the
// last to arrive waits for one that is not there yet.
func pendingBackwards(n int) (func() error, error) {
	updates, err := pieces(n, 1)
	slices.Reverse(updates)
	return applying(updates, n), err
}

// pendingInterleaved delivers every second update first, and then the rest,
// each of which sets one free.
func pendingInterleaved(n int) (func() error, error) {
	updates, err := pieces(n, 1)
	return applying(sorted(updates, func(i int) bool { return i%2 == 0 }), n), err
}

// pendingShuffled delivers the updates of three clients in any order.
func pendingShuffled(n int) (func() error, error) {
	updates, err := pieces(n, 3)
	newRand(n).Shuffle(len(updates), func(i, j int) { updates[i], updates[j] = updates[j], updates[i] })
	return applying(updates, n), err
}

// pendingBetweenClients has two clients build on each other and delivers all
// of one before the other's.
func pendingBetweenClients(n int) (func() error, error) {
	updates, err := pieces(n, 2)
	return applying(sorted(updates, func(i int) bool { return i%2 == 0 }), n), err
}

// pendingOnOneClient has very many clients wait for the end of another's
// updates, which come one by one.
func pendingOnOneClient(n int) (func() error, error) {
	doc := crdt.NewDoc(crdt.Config{})
	var updates [][]byte
	doc.OnUpdate(func(e crdt.UpdateEvent) { updates = append(updates, e.Update) })
	for i := range n {
		if doc.SetClientID(1); i >= n/2 {
			doc.SetClientID(crdt.ClientID(i))
		}
		if err := insert(doc, min(i, n/2), "x"); err != nil {
			return nil, err
		}
	}
	return applying(sorted(updates, func(i int) bool { return i < n/2 }), n), nil
}

// pendingTwice is pendingInterleaved with everything delivered twice, the
// second time as one update for each ten.
func pendingTwice(n int) (func() error, error) {
	updates, err := pieces(n, 1)
	if err != nil {
		return nil, err
	}
	order := sorted(updates, func(i int) bool { return i%2 == 0 })
	waiting := order[: n/2 : n/2]
	for i := 0; i+10 <= n/2; i += 10 {
		merged, err := crdt.MergeUpdates(order[i : i+10]...)
		if err != nil {
			return nil, err
		}
		waiting = append(waiting, merged)
	}
	return applying(append(waiting, order[n/2:]...), n), nil
}

// pendingDeletes delivers deletions at random places before what they delete.
func pendingDeletes(n int) (func() error, error) {
	r := newRand(n)
	doc := crdt.NewDoc(crdt.Config{ClientID: 1})
	var updates [][]byte
	doc.OnUpdate(func(e crdt.UpdateEvent) { updates = append(updates, e.Update) })
	for i := range n {
		if err := insert(doc, i, "x"); err != nil {
			return nil, err
		}
	}
	for i := n; i > n/2; i-- {
		if err := change(doc, func(tx *crdt.Txn) error { return doc.Text("text").Delete(tx, r.IntN(i), 1) }); err != nil {
			return nil, err
		}
	}
	return applying(sorted(updates, func(i int) bool { return i < n }), n/2), nil
}
