package node

import (
	"fmt"

	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/wire"
)

// lostNote says which entries of an own chain ceased to count and are to be
// written again: those from a number on, up to one that counted. It is stored
// with what made them cease, until they are written again, so that a stop in
// between loses and doubles nothing.
type lostNote struct {
	from uint64
	last oplog.Position
}

// lostRecord is a lostNote as stored, all of them in one record.
type lostRecord struct {
	_     struct{} `cbor:",toarray"`
	Chain wire.ChainID
	From  uint64
	Seq   uint64
	Entry wire.EntryID
}

func lostStoreKey(doc wire.DocID) store.Key {
	return store.Key{Doc: doc, Kind: store.KindLocal, Name: "lost"}
}

// noteReissue remembers own entries that ceased to count while this device may
// write, and says whether there are any: its role has changed, or another
// branch of its chain was chosen, or another chain. What a removed author wrote
// stays set aside.
func (d *Document) noteReissue(r oplog.Recount) bool {
	author, _, _, _ := d.chains.Author(r.Chain)
	_, role, ok := d.roleLocked()
	if author != d.node.device || !r.Voids() || !ok || role < access.Commenter {
		return false
	}
	n := lostNote{max(r.Same, d.aside.reissued[r.Chain]), r.Was}
	old, noted := d.count.reissue[r.Chain]
	switch {
	case r.Same < r.Now && (d.loading || noted || d.aside.reissued[r.Chain] > 0):
		return noted // the branch that lost is not this device's, or was noted before
	case n.from > n.last.Seq:
		return noted // it was written again before
	case noted:
		n.from = min(n.from, old.from)
		if !d.continuesLine(r.Chain, old.last, n.last) {
			n.last = old.last
		}
		if n == old {
			return true
		}
	}
	if d.count.reissue == nil {
		d.count.reissue = map[wire.ChainID]lostNote{}
	}
	d.count.reissue[r.Chain] = n
	d.putLost()
	return true
}

// continuesLine says whether an entry of a chain comes after another one on one
// branch.
func (d *Document) continuesLine(chain wire.ChainID, first, last oplog.Position) bool {
	line := d.chains.Line(oplog.Dep{Chain: chain, Seq: last.Seq, ID8: [8]byte(last.ID[:8])})
	return uint64(len(line)) > first.Seq && line[first.Seq] == first.ID
}

// forgetLost takes back a note.
func (d *Document) forgetLost(chain wire.ChainID) {
	delete(d.count.reissue, chain)
	d.putLost()
}

// putLost leaves the notes in the outbox.
func (d *Document) putLost() {
	list := []lostRecord{}
	for chain, n := range d.count.reissue {
		list = append(list, lostRecord{Chain: chain, From: n.from, Seq: n.last.Seq, Entry: n.last.ID})
	}
	raw, err := wire.Marshal(list)
	if err != nil {
		d.log.Error("store notes on own entries to be written again", "err", err)
		return
	}
	d.out.put(lostStoreKey(d.id), raw)
	d.wake()
}

// loadLost reads the notes.
func (d *Document) loadLost(raw []byte) error {
	var list []lostRecord
	if err := wire.Unmarshal(raw, &list); err != nil {
		return fmt.Errorf("read notes on own entries to be written again: %w", err)
	}
	d.count.reissue = map[wire.ChainID]lostNote{}
	for _, l := range list {
		d.count.reissue[l.Chain] = lostNote{l.From, oplog.Position{Seq: l.Seq, ID: l.Entry}}
	}
	return nil
}

// resumeLost has written again what the last run could not any more. Called at
// the end of loading.
func (d *Document) resumeLost() {
	d.count.wanted = d.count.wanted || len(d.count.reissue) > 0
}

// dropBranch deletes the entries of a branch that the index keeps no more,
// because better ones have come. Those to be written again stay.
func (d *Document) dropBranch(chain wire.ChainID, dropped []oplog.Position) {
	if _, noted := d.count.reissue[chain]; noted {
		return
	}
	for _, p := range dropped {
		d.out.remove(store.EntryKey(d.id, chain, p.Seq, p.ID))
	}
}

// lineOf lists the entries that a note is about, by their number: as their hash
// links have it, for the index may not keep them any more.
func (d *Document) lineOf(chain wire.ChainID, n lostNote) ([]wire.EntryID, error) {
	line := make([]wire.EntryID, n.last.Seq+1)
	for p := n.last; ; {
		line[p.Seq] = p.ID
		if p.Seq == n.from {
			return line, nil
		}
		e := d.entryAt(chain, p)
		if e == nil {
			return nil, fmt.Errorf("entry %d is not here", p.Seq)
		}
		p = oplog.Position{Seq: p.Seq - 1, ID: e.Prev}
	}
}
