package node

import (
	"slices"

	"github.com/sheafdocs/sheaf/node/access"
)

// Who has left may come back by the link it came by: a leave closes no door.
// Whoever removes a person means all devices of that person, so a removal also
// revokes what only a leave has ended. Nothing else counts than before.

// leftTargets lists the authorities that a leave alone has ended, of those that a
// removal means and that this device may end.
func (d *Document) leftTargets(opt RemoveOptions) []access.Member {
	return slices.DeleteFunc(d.access.Left(), func(m access.Member) bool {
		op, ok := d.access.Get(m.Root)
		return !ok || !opt.means(m, userOf(op)) || d.mayEnd([]access.Member{m}) != nil
	})
}

// leftCuts states what counts of the chains of an authority that a leave has
// ended, also of those that have not arrived here: the words of the leave stay.
func (d *Document) leftCuts(m access.Member) []access.Statement {
	var list []access.Statement
	for _, inc := range d.access.StatedIncs(m.Auth, m.Device) {
		limit := d.access.Limit(m.Auth, m.Device, inc)
		for _, s := range d.access.Statements(m.Auth, m.Device, inc) {
			if limit.Bounded && s.Seq+1 == limit.Counts {
				list = append(list, s)
				break
			}
		}
	}
	return list
}
