package node

import (
	"bytes"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/wire"
)

// noteReissue remembers own entries that ceased to count while this device may
// write: its role has changed, or another branch of its chain was chosen. What
// a removed author wrote stays set aside.
func (d *Document) noteReissue(r oplog.Recount) {
	author, _, _, _ := d.chains.Author(r.Chain)
	_, role, ok := d.roleLocked()
	if author != d.node.device || !ok || !mayWrite(role) {
		return
	}
	if from, noted := d.count.reissue[r.Chain]; noted && from <= r.Same {
		return
	}
	if d.count.reissue == nil {
		d.count.reissue = map[wire.ChainID]uint64{}
	}
	d.count.reissue[r.Chain] = r.Same
}

// lostChain is what is to be written again of an own chain.
type lostChain struct {
	slot  *slot
	below uint64     // its entries below are set aside, and are written again
	left  []lostPart // of what is not merged yet
}

// lostPart is what one entry holds.
type lostPart struct {
	update []byte
	info   crdt.UpdateInfo
}

// begins is the clock at which what is left begins.
func (l *lostChain) begins() uint64 {
	for _, p := range l.left {
		if len(p.info.Structs) > 0 {
			return p.info.Structs[0].From
		}
	}
	return math.MaxUint64
}

// reissueEntries merges again what own entries hold that ceased to count, in
// groups, so that each names only what stands before it: pages of one device
// write in each other's text, and all of their chains may have ended.
func (d *Document) reissueEntries(moves map[wire.ChainID]*move) (groups []*group) {
	var lost []*lostChain
	chains := slices.SortedFunc(maps.Keys(d.count.reissue), func(a, b wire.ChainID) int { return bytes.Compare(a[:], b[:]) })
	for _, chain := range chains {
		l, err := d.lostEntries(moves, chain, d.count.reissue[chain])
		if err != nil {
			d.log.Error("write own entries again; they stay set aside", "chain", chain.String(), "err", err)
			continue
		}
		if l != nil {
			lost = append(lost, l)
		}
	}
	d.count.reissue = nil
	for len(lost) > 0 {
		i := max(0, slices.IndexFunc(lost, func(l *lostChain) bool { return l.ready(lost) })) // no device writes in a circle
		l := lost[i]
		g, err := d.reissueRun(moves, l, lost)
		if err != nil {
			d.log.Error("write own entries again; they stay set aside", "chain", l.slot.chain.String(), "err", err)
			lost = slices.Delete(lost, i, i+1)
			continue
		}
		groups = append(groups, g)
		if len(l.left) == 0 {
			d.noteReissued(l.slot.chain, l.below)
			lost = slices.Delete(lost, i, i+1)
		}
	}
	return groups
}

// lostEntries reads what is to be written again of a chain, and finds where it
// goes.
func (d *Document) lostEntries(moves map[wire.ChainID]*move, id wire.ChainID, from uint64) (*lostChain, error) {
	_, auth, inc, ok := d.chains.Author(id)
	old := d.own[id]
	if old == nil && ok {
		old = d.addSlot(auth, inc)
	}
	parts, err := d.bodies(id, from)
	if err != nil || old == nil || len(parts) == 0 {
		return nil, err
	}
	clock := uint64(0)
	if c := d.causes.chains[id]; from > 0 {
		if c == nil || c.applied() < from {
			return nil, fmt.Errorf("entry %d of the chain is not merged", from)
		}
		clock = c.ends[from-1]
	}
	if _, err := d.moveTo(moves, old, clock); err != nil {
		return nil, err
	}
	head, _, _ := d.chains.Head(id)
	return &lostChain{old, head + 1, parts}, nil
}

// ready says whether all that the next entry names is merged.
func (l *lostChain) ready(lost []*lostChain) bool {
	return !slices.ContainsFunc(lost, func(other *lostChain) bool {
		return other != l && l.left[0].info.Names[other.slot.client] > other.begins()
	})
}

// reissueRun makes a group of a chain's next entry and of those after it that
// need not wait either.
func (d *Document) reissueRun(moves map[wire.ChainID]*move, l *lostChain, lost []*lostChain) (*group, error) {
	var run [][]byte
	start := moves[l.slot.chain].from.Clock
	for len(l.left) > 0 && (len(run) == 0 || l.ready(lost)) {
		run = append(run, l.left[0].update)
		l.left = l.left[1:]
	}
	update, err := crdt.MergeUpdates(run...)
	if err != nil {
		return nil, fmt.Errorf("merge updates: %w", err)
	}
	g := &group{slot: l.slot, updates: [][]byte{update}, start: start}
	if err := d.remerge(moves, g); err != nil {
		return nil, err
	}
	return g, nil
}

// bodies reads the updates that the entries of a chain hold from a number on.
func (d *Document) bodies(id wire.ChainID, from uint64) ([]lostPart, error) {
	var list []lostPart
	for e := d.nextEntry(entryRef{id, from}); e != nil; e = d.nextEntry(entryRef{id, e.Seq + 1}) {
		if e.Stream != streamBody || e.Kind != kindUpdate {
			continue
		}
		payload, err := d.open(e)
		if err != nil {
			return nil, fmt.Errorf("read entry %d: %w", e.Seq, err)
		}
		if len(payload.Body) == 0 {
			continue
		}
		info, err := crdt.Inspect(payload.Body)
		if err != nil {
			return nil, fmt.Errorf("read update of entry %d: %w", e.Seq, err)
		}
		list = append(list, lostPart{payload.Body, info})
	}
	return list, nil
}
