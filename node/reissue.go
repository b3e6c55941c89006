package node

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/wire"
)

// lostChain is what is to be written again of a chain: what this device had on
// it, or, for a stand-in, the structure of what another author had.
type lostChain struct {
	slot *slot          // the old one
	line []wire.EntryID // its entries by their number, those that are to be written again
	left []lostPart     // of what is not merged yet

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

// done is the number of the entry at which what is left begins.
func (l *lostChain) done() uint64 {
	if len(l.left) > 0 {
		return l.left[0].seq
	}
	return uint64(len(l.line))
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
		if d.talks(chain, d.count.reissue[chain]) {
			continue
		}
		l, err := d.lostEntries(moves, chain, d.count.reissue[chain])
		switch {
		case l != nil:
			lost = append(lost, l)
		case err == nil, errors.Is(err, ErrReadOnly): // nothing is to be written, or may be
			d.forgetLost(chain)
		default:
			d.log.Error("write own entries again; they stay set aside", "chain", chain.String(), "err", err)
		}
	}
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
		if !l.standIn {
			d.noteReissued(l.slot.chain, l.done())
			d.forgetLost(l.slot.chain)
		}
		if len(l.left) == 0 {
			lost = slices.Delete(lost, i, i+1)
		}
	}
	return groups
}

// lostEntries reads what is to be written again of a chain, and finds where it
// goes.
func (d *Document) lostEntries(moves map[wire.ChainID]*move, id wire.ChainID, n lostNote) (*lostChain, error) {
	line, err := d.lineOf(id, n)
	if err != nil {
		return nil, err
	}
	l, from := d.lostChain(id, line), n.from
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

// lostChain is a chain of which nothing was read yet.
func (d *Document) lostChain(id wire.ChainID, line []wire.EntryID) *lostChain {
	dev, auth, inc, _ := d.chains.Author(id)
	sl := d.own[id]
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
