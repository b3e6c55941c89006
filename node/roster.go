package node

import (
	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/wire"
)

// roster is what the access log says of members, invites and epochs, kept until
// the log says otherwise: making the lists takes time, and they are asked for
// with every entry and message.
type roster struct {
	of      uint64 // revision
	made    bool
	members []access.Member
	invites []access.InviteInfo
	epochs  []access.Epoch
	seals   map[wire.SealHash][]wire.Device // whose each seal key is: members and invites
}

// rosterNow returns the lists of this moment. They are not to be changed.
func (d *Document) rosterNow() *roster {
	r := &d.roster
	if rev := d.access.Revision(); !r.made || r.of != rev {
		*r = roster{
			of: rev, made: true,
			members: d.access.Members(), invites: d.access.Invites(), epochs: d.access.Epochs(),
			seals: map[wire.SealHash][]wire.Device{},
		}
		for _, m := range r.members {
			r.seals[m.Seal] = append(r.seals[m.Seal], m.Device)
		}
		for _, i := range r.invites {
			r.seals[i.Seal] = append(r.seals[i.Seal], i.Sign)
		}
	}
	return r
}
