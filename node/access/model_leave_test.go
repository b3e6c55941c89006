package access

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/sheafdocs/sheaf/node/wire"
)

// pinnedBefore is what the pins that a device made of a seat of its own before
// it left list of a chain.
func (m *model) pinnedBefore(leave wire.OpID, s *seat, find func([]Statement) []Statement) []Statement {
	type pinned struct {
		id     wire.OpID
		stated []Statement
	}
	var all []pinned
	for id, op := range m.ops {
		if op.Pin == nil || op.Author != s.device || !m.past(leave)[id] || !m.leaves(op) {
			continue
		}
		to := op.Pin.Target
		if stated := find(op.Pin.Statements); stated != nil && op.Pin.Limit == 1 && to.Op == s.op && int(to.Index) == s.index {
			all = append(all, pinned{id, stated})
		}
	}
	if len(all) == 0 {
		return nil
	}
	return slices.MinFunc(all, func(a, b pinned) int {
		return cmp.Or(cmp.Compare(a.stated[0].Seq, b.stated[0].Seq), bytes.Compare(a.id[:], b.id[:]))
	}).stated
}
