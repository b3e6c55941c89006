package access

import (
	"slices"

	"github.com/sheafdocs/sheaf/node/wire"
)

// EndedBy lists the Valid ops that ended the authorities of a device, revokes
// and leaves, ascending. It is empty for a device that has one now.
func (l *Log) EndedBy(d wire.Device) []wire.OpID {
	if !l.Ended(d) {
		return nil
	}
	var ids []wire.OpID
	for _, h := range l.devices[d] {
		if !h.node.valid {
			continue
		}
		for _, leave := range l.leaves[d] {
			if l.isValid(leave) && leave.past.has(h.node.index) {
				ids = append(ids, leave.op.ID)
			}
		}
		l.revokesOf(h, func(r *node) bool {
			ids = append(ids, r.op.ID)
			return true
		})
	}
	slices.SortFunc(ids, compareIDs)
	return slices.Compact(ids)
}
