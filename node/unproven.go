package node

import (
	"fmt"
	"slices"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/wire"
)

// Drafts found at start are the end of their chain only if the store is what
// the last run left. One that was set back, or restored from a backup, holds
// drafts that may have become entries since, in other portions, and been sent:
// sealing them again would put a second entry at their place. So in a document
// that was ever shared they wait, and with them what is written meanwhile, until
// a peer has told what it holds of those chains, and that has been merged. All
// of it is durable as drafts until then, and nothing could be sent anyway.

// maxUnprovenBytes ends the waiting: a device that is alone for so long that
// this much was written has to be able to go on.
const maxUnprovenBytes = 8 << 20

// holdDrafts marks the chains whose drafts must not become entries yet. Called
// at the end of loading.
func (d *Document) holdDrafts() {
	if d.access.Len() < 2 {
		return // nobody else has ever seen it
	}
	for _, g := range d.pending.groups {
		if d.unproven == nil {
			d.unproven = map[wire.ChainID]bool{}
		}
		d.unproven[g.slot.chain] = false
	}
}

// proveDrafts takes what a peer says to hold; nil: the same as this device.
// Called with mu held.
func (d *Document) proveDrafts(theirs oplog.Vector) {
	if len(d.unproven) == 0 {
		return
	}
	for chain := range d.unproven {
		p, has := theirs[chain]
		head, _, ok := d.chains.Head(chain)
		if !has || ok && p.Seq <= head {
			d.unproven[chain] = true
		}
	}
	d.wake()
}

// draftsProven says whether what was found at start may become entries. Called
// with mu held.
func (d *Document) draftsProven() bool {
	if d.pending.bytes > maxUnprovenBytes {
		d.unproven = nil
	}
	for chain, told := range d.unproven {
		if !slices.ContainsFunc(d.pending.groups, func(g *group) bool { return g.slot.chain == chain }) {
			continue // they moved, and nothing more is written there
		}
		c := d.causes.chains[chain]
		head, _, ok := d.chains.Head(chain)
		if !told || ok && (c == nil || c.applied() <= head) {
			return false
		}
	}
	d.unproven = nil
	return true
}

// leaveSealed takes out of a group what entries of its chain hold already: the
// store had lost them, and a peer gave them back.
func (d *Document) leaveSealed(g *group) error {
	end := d.causes.chain(g.slot.chain, g.slot.client).end()
	var left [][]byte
	saved := 0
	for i, u := range g.updates {
		info, err := crdt.Inspect(u)
		if err != nil {
			return fmt.Errorf("inspect update: %w", err)
		}
		if len(info.Structs) > 0 && info.Structs[0].From < end {
			if u, err = crdt.DiffUpdate(u, crdt.StateVector{g.slot.client: end}); err != nil {
				return fmt.Errorf("leave out what is sealed: %w", err)
			}
			if info, err = crdt.Inspect(u); err != nil {
				return fmt.Errorf("inspect update: %w", err)
			}
		}
		if numOps(info) > 0 {
			left = append(left, u)
			if i < g.saved {
				saved++
			}
		}
	}
	g.updates, g.saved = left, saved
	return nil
}
