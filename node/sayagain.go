package node

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/comments"
	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/wire"
)

// lostSaying is an own comment record that ceased to count.
type lostSaying struct {
	id     wire.EntryID
	record comments.Record
}

// sayAgain puts own comment records again that ceased to count, under the
// authority of now, with the times they had. What answers or changes one of them
// follows it to its new id; what others answered stays under a placeholder.
func (d *Document) sayAgain() {
	auth, role, ok := d.roleLocked()
	_, have := d.writeEpoch()
	d.count.sayDue = false
	if !ok || role < access.Commenter {
		return
	}
	var lost []lostSaying
	chains := slices.SortedFunc(maps.Keys(d.count.reissue), func(a, b wire.ChainID) int { return bytes.Compare(a[:], b[:]) })
	chains = slices.DeleteFunc(chains, func(id wire.ChainID) bool { return !d.talks(id, d.count.reissue[id]) })
	if len(chains) > 0 && !have {
		d.count.sayDue = true // once there is a key to write under
		return
	}
	done := map[wire.ChainID]uint64{}
	for _, chain := range chains {
		n := d.count.reissue[chain]
		said, err := d.lostSayings(chain, n)
		if err != nil {
			d.log.Error("write own comments again; they stay set aside", "chain", chain.String(), "err", err)
			continue
		}
		lost = append(lost, said...)
		done[chain] = n.last.Seq + 1
	}
	slices.SortStableFunc(lost, func(a, b lostSaying) int { return a.record.At.Compare(b.record.At) })
	now := map[wire.EntryID]wire.EntryID{}
	for _, l := range lost {
		if id, ok := now[l.record.Target]; ok {
			l.record.Target = id
		}
		id, err := d.putRecord(auth, l.record)
		if err != nil {
			d.log.Error("write an own comment again; it stays set aside", "entry", l.id.String(), "err", err)
			continue
		}
		now[l.id] = id
	}
	for chain, below := range done { // behind the records: a commit may take several batches
		d.noteReissued(chain, below)
		d.forgetLost(chain)
	}
}

// talks says whether a note is about records of stream 1.
func (d *Document) talks(chain wire.ChainID, n lostNote) bool {
	e := d.entryAt(chain, n.last)
	return e != nil && e.Stream == oplog.StreamComments
}

// lostSayings reads the records that a note is about. A name is said again
// anyway.
func (d *Document) lostSayings(chain wire.ChainID, n lostNote) (list []lostSaying, err error) {
	line, err := d.lineOf(chain, n)
	if err != nil {
		return nil, err
	}
	for seq := n.from; seq < uint64(len(line)); seq++ {
		e := d.entryAt(chain, oplog.Position{Seq: seq, ID: line[seq]})
		if e == nil {
			return nil, fmt.Errorf("entry %d is not here", seq)
		}
		payload, err := d.open(e)
		if err != nil {
			return nil, fmt.Errorf("read entry %d: %w", seq, err)
		}
		r, err := comments.Decode(payload.Body)
		if err == nil && r.Kind != comments.KindProfile {
			list = append(list, lostSaying{e.ID, r})
		}
	}
	return list, nil
}
