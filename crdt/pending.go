package crdt

import (
	"cmp"
	"slices"

	"github.com/sheafdocs/sheaf/crdt/internal/codec"
)

// pending holds what was received but builds on edits that were not.
type pending struct {
	updates [][]byte // of structs, of format codec.Kept; merged when needed
	// merged is the size of the first update, which earlier ones were merged
	// into; extra is that of the rest.
	merged, extra int
	missing       map[uint64]uint64 // by client, the clock that would unblock some
	deletes       codec.Ranges      // of units that are not known yet
}

func (p *pending) any() bool { return len(p.updates) > 0 || len(p.deletes) > 0 }

// unblocked tells whether something that is waited for has arrived.
func (p *pending) unblocked(d *Doc) bool {
	for client, clock := range p.missing {
		if clock < d.stateOf(ClientID(client)) {
			return true
		}
	}
	return false
}

// add keeps a remainder.
func (p *pending) add(rest remainder) {
	if rest.update == nil {
		return
	}
	p.updates = append(p.updates, rest.update)
	if p.extra += len(rest.update); p.extra > max(p.merged, minPendingMerge) {
		p.merge() // so that what is received again does not pile up
	}
	if p.missing == nil {
		p.missing = make(map[uint64]uint64)
	}
	for client, clock := range rest.missing {
		if known, ok := p.missing[client]; !ok || known > clock {
			p.missing[client] = clock
		}
	}
}

// retryDeletes deletes those units of pending ranges that became known in the
// transaction.
func (tx *Txn) retryDeletes() {
	d := tx.doc
	if len(d.pending.deletes) == 0 {
		return
	}
	for _, t := range tx.touched {
		cl := &d.clients[t.client]
		all := d.pending.deletes
		from, to := all.OfClient(uint64(cl.id))
		if from == to || all[from].Clock >= cl.state {
			continue
		}
		unknown := tx.deleteRanges(all[from:to])
		d.pending.deletes = slices.Replace(all, from, to, unknown...)
	}
}

// minPendingMerge is how many bytes pile up before they are merged.
const minPendingMerge = 16 << 10

// merge returns the pending structs as one update, or nil.
func (p *pending) merge() []byte {
	if len(p.updates) == 0 {
		return nil
	}
	if len(p.updates) > 1 {
		joined := mergeInOrder(p.updates)
		p.updates = [][]byte{joined}
	}
	p.merged, p.extra = len(p.updates[0]), 0
	return p.updates[0]
}

// maxInOrder is how many parts with common units are merged one after another.
// Each costs as much as all before it, and whoever sends the same again and
// again decides how many there are: beyond this the structs may be cut
// otherwise than in Yjs, with the same effect.
const maxInOrder = 64

// mergeInOrder merges parts as Yjs does, which merges each with all before it
// when it arrives. Where parts have units in common, that decides which
// structs they end up in; where they have none, merging all at once gives the
// same bytes in a fraction of the time.
func mergeInOrder(parts [][]byte) []byte {
	// The parts were encoded here, so they merge without error.
	if len(parts) > maxInOrder || !overlap(parts) {
		joined, _ := codec.Merge(codec.Kept, parts)
		return joined
	}
	joined := parts[0]
	for _, part := range parts[1:] {
		joined, _ = codec.Merge(codec.Kept, [][]byte{joined, part})
	}
	return joined
}

// overlap tells whether two structs of the parts have units in common.
func overlap(parts [][]byte) bool {
	type span struct{ client, from, to uint64 }
	var spans []span
	for _, part := range parts {
		sections, _, _ := codec.Scan(codec.Kept, part)
		for i := range sections {
			var s codec.Struct
			for sections[i].More() {
				if sections[i].Next(&s); s.Ref != codec.RefSkip {
					spans = append(spans, span{s.Client, s.Clock, s.End()})
				}
			}
		}
	}
	slices.SortFunc(spans, func(a, b span) int {
		return cmp.Or(cmp.Compare(a.client, b.client), cmp.Compare(a.from, b.from))
	})
	for i := 1; i < len(spans); i++ {
		if spans[i].client == spans[i-1].client && spans[i].from < spans[i-1].to {
			return true
		}
	}
	return false
}

// take removes the pending structs and returns them for integration.
func (p *pending) take() ([]codec.Section, codec.Ranges) {
	sections, deletes, _ := codec.Scan(codec.Kept, p.merge())
	p.updates, p.missing, p.merged, p.extra = nil, nil, 0, 0
	return sections, deletes
}

// withPending adds what is pending to an update of format f that encodes the
// state.
func (d *Doc) withPending(f codec.Format, update []byte, sv StateVector) []byte {
	if !d.pending.any() {
		return update
	}
	readers := []*codec.Reader{codec.NewFormatReader(f, update)}
	if len(d.pending.deletes) > 0 {
		readers = append(readers, codec.NewReader(d.pending.deletes.Append([]byte{0})))
	}
	// All of it was encoded here, so it reads without error.
	if structs := d.pending.merge(); structs != nil {
		structs, _ = codec.Diff(codec.Kept, structs, func(client uint64) uint64 { return sv[ClientID(client)] })
		readers = append(readers, codec.NewFormatReader(codec.Kept, structs))
	}
	merged, _ := codec.MergeReaders(f, readers)
	return merged
}
