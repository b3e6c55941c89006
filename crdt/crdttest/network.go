package crdttest

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/sheafdocs/sheaf/crdt"
)

// How a Network treats updates.
const (
	lossPercent      = 5
	duplicatePercent = 10
)

// Network carries the updates of some documents to all the others: late, in
// any order, some of them twice, some never. Settle makes up for it.
type Network struct {
	rand    *rand.Rand
	docs    []*crdt.Doc
	transit []parcel
	cancels []func()
}

// parcel is an update on its way.
type parcel struct {
	to     int
	update []byte
}

// NewNetwork connects documents. Close disconnects them.
func NewNetwork(seed uint64, docs ...*crdt.Doc) *Network {
	n := &Network{rand: rand.New(rand.NewPCG(seed, 0)), docs: docs}
	for from, d := range docs {
		n.cancels = append(n.cancels, d.OnUpdate(func(e crdt.UpdateEvent) {
			if !e.Local {
				return
			}
			for to := range docs {
				if to != from && n.rand.IntN(100) >= lossPercent {
					n.transit = append(n.transit, parcel{to, slices.Clone(e.Update)})
				}
			}
		}))
	}
	return n
}

// Close disconnects the documents; what is on its way is lost.
func (n *Network) Close() {
	for _, cancel := range n.cancels {
		cancel()
	}
	n.cancels, n.transit = nil, nil
}

// Deliver delivers up to count updates, any of those on their way.
func (n *Network) Deliver(count int) error {
	for ; count > 0 && len(n.transit) > 0; count-- {
		i := n.rand.IntN(len(n.transit))
		p := n.transit[i]
		if n.rand.IntN(100) >= duplicatePercent {
			n.transit = slices.Delete(n.transit, i, i+1)
		}
		if err := n.docs[p.to].ApplyUpdate(p.update, n); err != nil {
			return fmt.Errorf("deliver to document %d: %w", p.to, err)
		}
	}
	return nil
}

// Settle drops what is on its way and exchanges what each document lacks,
// until none lacks anything.
func (n *Network) Settle() error {
	n.transit = nil
	// Once from all to the first, once from it to all; and again, because
	// applying an update may delete formatting that became pointless.
	for range 2 {
		for _, forward := range []bool{true, false} {
			for i := 1; i < len(n.docs); i++ {
				from, to := n.docs[i], n.docs[0]
				if !forward {
					from, to = to, from
				}
				if err := to.ApplyUpdate(from.EncodeStateAsUpdate(to.StateVector()), n); err != nil {
					return fmt.Errorf("settle document %d: %w", i, err)
				}
			}
		}
	}
	n.transit = nil
	return nil
}
