package node

import (
	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/wire"
)

// Own edits may lie inside the text of a chain of which nothing is merged any
// more, as structure neither: it was barred, its branch was not chosen, or it
// waits for such entries. To be written again they need something to stand on.
// This device writes the structure of that chain itself, on a chain of its own,
// as far as its edits name it:
//
//	barred      T E X T           another's text under the client id C
//	own edit       └ inside       names C:1 and C:2, which mean something else now
//
//	stand-in    ▯ ▯ ▯ ▯           this device's: units without content
//	own edit       └ inside       names F:1 and F:2
//
// Words of others do not come back by this, while paragraphs do that own words
// stand in. A stand-in takes part in no contest.

// standIns collects the stand-ins that are needed.
type standIns struct {
	d     *Document
	moves map[wire.ChainID]*move
	made  map[wire.ChainID]*lostChain
	list  []*lostChain
}

// meaning tells which chain, and which of its entries, an author saw under a
// client id.
type meaning func(crdt.ClientID) (oplog.Dep, bool)

// standIns reads what is to stand in for chains that own lost entries, or edits
// that wait, name in vain. Those that wait were made upon what was merged.
func (d *Document) standIns(moves map[wire.ChainID]*move, lost []*lostChain, was *causality) []*lostChain {
	s := &standIns{d: d, moves: moves, made: map[wire.ChainID]*lostChain{}}
	for _, l := range lost {
		for _, p := range l.left {
			s.cover(p.info.Names, l.meant)
		}
	}
	for _, g := range d.pending.groups {
		for _, u := range g.updates {
			if info, err := crdt.Inspect(u); err == nil {
				s.cover(info.Names, was.meant)
			}
		}
	}
	return s.list
}

// meant is the meaning of what a chain's entries name.
func (l *lostChain) meant(client crdt.ClientID) (oplog.Dep, bool) {
	dep, ok := l.means[client]
	return dep, ok
}

// meant is the meaning of what is written upon what is merged.
func (g *causality) meant(client crdt.ClientID) (oplog.Dep, bool) {
	id, ok := g.clients[client]
	if !ok || g.chains[id].applied() == 0 {
		return oplog.Dep{}, false
	}
	c := g.chains[id]
	return oplog.Dep{Chain: id, Seq: c.applied() - 1, ID8: [8]byte(c.last[:8])}, true
}

// cover has something stand in for what is named and cannot be merged.
func (s *standIns) cover(names map[crdt.ClientID]uint64, by meaning) {
	for client, above := range names {
		to, ok := by(client)
		if !ok || s.made[to.Chain] == nil && (s.moves[to.Chain] != nil || s.d.merges(to, client, above)) {
			continue
		}
		if l := s.of(to); l != nil {
			s.extend(l, above)
		}
	}
}

// merges has the units of a client below a clock merged, as structure if need
// be, and says whether they are there and are those that an entry and the ones
// before it hold.
func (d *Document) merges(to oplog.Dep, client crdt.ClientID, above uint64) bool {
	id, ok := d.chains.ID(to.Chain, to.Seq)
	if !ok || [8]byte(id[:8]) != to.ID8 || d.chains.Barred(to.Chain) {
		return false
	}
	d.needClock(client, above)
	return d.causes.clients[client] == to.Chain && d.causes.chains[to.Chain].end() >= above
}

// of returns the stand-in for a chain up to an entry: for what comes after the
// entries that are merged.
func (s *standIns) of(to oplog.Dep) *lostChain {
	line := s.d.chains.Line(to)
	l := s.made[to.Chain]
	switch {
	case line == nil:
		return l
	case l != nil:
		if len(line) > len(l.line) && line[len(l.line)-1] == l.line[len(l.line)-1] {
			l.line = line
		}
		return l
	}
	l = s.d.lostChain(to.Chain, line)
	l.standIn = true
	if c := s.d.causes.chains[to.Chain]; c != nil && s.d.causes.clients[l.slot.client] == to.Chain {
		for l.next < min(c.applied(), uint64(len(l.line))) {
			if id, _ := s.d.chains.ID(to.Chain, l.next); id != l.line[l.next] {
				break
			}
			l.end = c.ends[l.next]
			l.next++
		}
	}
	s.made[to.Chain] = l
	return l
}

// extend reads the entries of a chain until its units below a clock are there,
// and covers what those name.
func (s *standIns) extend(l *lostChain, above uint64) {
	for l.end < above && l.next < uint64(len(l.line)) {
		p, err := s.d.lostPart(l, l.next)
		l.next++
		if err != nil {
			s.d.log.Warn("what own edits were written into cannot be read", "chain", l.slot.chain.String(), "err", err)
			continue
		}
		if p == nil || !l.continues(p.info) {
			continue // it contributed nothing, or no unit
		}
		if len(l.left) == 0 {
			if _, err := s.d.moveTo(s.moves, l.slot, l.end); err != nil {
				return
			}
			s.list = append(s.list, l)
		}
		l.left = append(l.left, *p)
		l.end = p.info.Structs[len(p.info.Structs)-1].To
		s.cover(p.info.Names, l.meant)
	}
}

// continues says whether an update's structs come next on the chain, as in
// every entry that contributes any.
func (l *lostChain) continues(info crdt.UpdateInfo) bool {
	end := l.end
	for _, r := range info.Structs {
		if r.Client != l.slot.client || r.From != end {
			return false
		}
		end = r.To
	}
	return len(info.Structs) > 0
}
