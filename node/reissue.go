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
// write: its role has changed, or another branch of its chain was chosen, or
// another chain. What a removed author wrote stays set aside.
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

// lostChain is what is to be written again of a chain: what this device had on
// it, or, for a stand-in, the structure of what another author had.
type lostChain struct {
	slot *slot // the old one
	line []wire.EntryID
	left []lostPart // of what is not merged yet

	means map[crdt.ClientID]oplog.Dep // what its entries listed: which chain a client id names

	standIn bool
	end     uint64 // of a stand-in: the clock after the parts read so far
	next    uint64 // and the number of the entry to be read next
}

// lostPart is what one entry holds.
type lostPart struct {
	seq    uint64
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
// write in each other's text, and all of their chains may have ended. What they
// or edits that wait name of chains that cannot be merged any more goes before
// them, as structure; was is what was merged until now.
func (d *Document) reissueEntries(moves map[wire.ChainID]*move, was *causality) (groups []*group) {
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
	lost = append(lost, d.standIns(moves, lost, was)...)
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
		if len(l.left) > 0 {
			continue
		}
		if !l.standIn {
			d.noteReissued(l.slot.chain, uint64(len(l.line)))
		}
		lost = slices.Delete(lost, i, i+1)
	}
	return groups
}

// lostEntries reads what is to be written again of a chain, and finds where it
// goes.
func (d *Document) lostEntries(moves map[wire.ChainID]*move, id wire.ChainID, from uint64) (*lostChain, error) {
	head, last, _ := d.chains.Head(id)
	l := d.lostChain(oplog.Dep{Chain: id, Seq: head, ID8: [8]byte(last[:8])})
	if l == nil {
		return nil, nil
	}
	if err := d.bodies(l, from); err != nil || len(l.left) == 0 {
		return nil, err
	}
	clock := uint64(0)
	if c := d.causes.chains[id]; from > 0 {
		if c == nil || c.applied() < from {
			return nil, fmt.Errorf("entry %d of the chain is not merged", from)
		}
		clock = c.ends[from-1]
	}
	if _, err := d.moveTo(moves, l.slot, clock); err != nil {
		return nil, err
	}
	return l, nil
}

// lostChain finds the line of entries up to one; nil if it is not held.
func (d *Document) lostChain(to oplog.Dep) *lostChain {
	dev, auth, inc, _ := d.chains.Author(to.Chain)
	line := d.chains.Line(to)
	if line == nil {
		return nil
	}
	sl := d.own[to.Chain]
	if sl == nil {
		sl = d.slotOf(dev, auth, inc)
	}
	return &lostChain{slot: sl, line: line, means: map[crdt.ClientID]oplog.Dep{}}
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
	g := &group{slot: l.slot, updates: [][]byte{update}, start: start, structure: l.standIn}
	if err := d.remerge(moves, g); err != nil {
		return nil, err
	}
	return g, nil
}

// bodies reads the updates that the entries of a chain hold from a number on.
func (d *Document) bodies(l *lostChain, from uint64) error {
	for seq := from; seq < uint64(len(l.line)); seq++ {
		p, err := d.lostPart(l, seq)
		if err != nil {
			return err
		}
		if p != nil {
			l.left = append(l.left, *p)
		}
	}
	return nil
}

// lostPart reads the update that an entry holds; nil if it holds none.
func (d *Document) lostPart(l *lostChain, seq uint64) (*lostPart, error) {
	e := d.entryAt(l.slot.chain, oplog.Position{Seq: seq, ID: l.line[seq]})
	if e == nil {
		return nil, fmt.Errorf("entry %d is not here", seq)
	}
	if e.Stream != streamBody || e.Kind != kindUpdate {
		return nil, nil
	}
	payload, err := d.open(e)
	if err != nil {
		return nil, fmt.Errorf("read entry %d: %w", seq, err)
	}
	for _, dep := range logDeps(payload.Deps) {
		if client, ok := d.clientOf(dep.Chain); ok && dep.Seq >= l.means[client].Seq {
			l.means[client] = dep
		}
	}
	if len(payload.Body) == 0 {
		return nil, nil
	}
	info, err := crdt.Inspect(payload.Body)
	if err != nil {
		return nil, fmt.Errorf("read update of entry %d: %w", seq, err)
	}
	return &lostPart{seq, payload.Body, info}, nil
}
