package node

import (
	"errors"
	"slices"
	"time"

	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/replication"
	"github.com/sheafdocs/sheaf/node/wire"
)

// standing is what this device is in a document, as far as its sessions have
// to know.
type standing struct {
	auth   wire.Auth
	role   access.Role
	member bool
	ended  bool
}

func (d *Document) standingNow() standing {
	auth, role, member := d.roleLocked()
	return standing{auth, role, member, !member && d.access.Ended(d.node.device)}
}

// accessChanged follows a change of the access log: keys that came to light,
// who is served and heard, and what this device may do itself.
func (d *Document) accessChanged() {
	rev := d.access.Revision()
	if d.followed == rev {
		return
	}
	d.followed = rev
	d.noteIgnored()
	d.changed, d.review = true, true
	d.takeEarly()
	d.tryWraps()
	if d.openBacks() {
		if err := d.putKeys(); err != nil {
			d.log.Error("keep epoch keys", "err", err)
		}
	}
	d.offerOwnSealKey()
	d.dropPresenceOfStrangers()
	d.followStanding()
	d.out.then(func() { d.reoffer = true })
	d.offerAt = d.node.cfg.Now().Add(meshTime)
	if d.refused {
		d.refused = false
		d.out.then(func() { d.askAnew = true })
	}
}

// refuse notes that entries were refused for what the access log says. They are
// asked for again when it says something else.
func (d *Document) refuse(v oplog.Verdict) {
	if errors.Is(v.Reason, oplog.ErrNoAuthority) || errors.Is(v.Reason, oplog.ErrRole) {
		d.refused = true
	}
}

// meshTime is how long gossip may take to take in a peer that came, or that was
// let in: what is spread meanwhile passes it by.
const meshTime = 3 * time.Second

// offerSoon has the document offered to its peers when gossip has taken in one
// that came.
func (d *Document) offerSoon() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.offerAt = d.node.cfg.Now().Add(meshTime)
}

// offerDue says whether the document is to be offered now, and notes that it
// is.
func (d *Document) offerDue(now time.Time) bool {
	if d.offerAt.IsZero() || now.Before(d.offerAt) {
		return false
	}
	d.offerAt = time.Time{}
	return true
}

// followStanding tells the sessions when this device may do other things than
// before: those whose chain it cannot go on with begin anew.
func (d *Document) followStanding() {
	now := d.standingNow()
	was := d.standing
	d.standing = now
	if now == was || !was.member {
		return
	}
	for _, s := range d.sessions {
		switch {
		case !now.member:
			s.end("this device has no access to the document any more; what is here stays readable")
		case !d.mayGoOn(s.slot, now.role):
			s.end("the role of this device in the document has changed")
		}
	}
	if now.ended {
		d.log.Info("this device's access to the document has ended")
	}
}

// mayGoOn says whether a session's chain is of a current authority that allows
// as much as this device's role does.
func (d *Document) mayGoOn(sl *slot, role access.Role) bool {
	for _, m := range d.rosterNow().members {
		if m.Device == d.node.device && m.Auth == sl.auth {
			return mayWrite(m.Role) == mayWrite(role)
		}
	}
	return false
}

// endedBy lists the ops that ended the authorities of a device that has none
// any more.
func (d *Document) endedBy(dev wire.Device) []wire.OpID {
	if !d.access.Ended(dev) {
		return nil
	}
	return d.access.EndedBy(dev)
}

// mayReturn says whether a device may come by an invite. One that was removed
// may not by any that is older than its removal; one that left may.
func (d *Document) mayReturn(dev wire.Device, invite wire.OpID) bool {
	ended := d.endedBy(dev)
	if len(ended) == 0 {
		return true
	}
	after := map[wire.OpID]bool{} // ops that the invite's maker had not seen
	for _, op := range d.access.Since([]wire.OpID{invite}) {
		after[op.ID] = true
	}
	for _, id := range ended {
		if op, ok := d.access.Get(id); ok && op.Kind == access.KindRevoke && after[id] {
			return false
		}
	}
	return true
}

// mayReturnBy is mayReturn for the invite with a seal key.
func (d *Document) mayReturnBy(dev wire.Device, hash wire.SealHash) bool {
	for _, i := range d.rosterNow().invites {
		if i.Seal == hash && d.mayReturn(dev, i.Op) {
			return true
		}
	}
	return false
}

// lateLines lists what this device wrote on its own chains and no longer counts,
// because its role ended or is another: members keep it for an owner to let it
// count. No digest tells of it, so it is pushed, in every session until the peer
// has signed for it. What was written again elsewhere is not.
func (d *Document) lateLines(peer wire.Device) []replication.Late {
	var list []replication.Late
	for chain := range d.chains.All() {
		author, auth, inc, _ := d.chains.Author(chain)
		if author != d.node.device {
			continue
		}
		l := d.access.Limit(auth, author, inc)
		if _, held := d.chains.Aside(chain); l.Bounded && held > max(l.Counts, d.aside.reissued[chain]) {
			from := max(l.Counts, d.ledger.held[peer][chain]) - l.Counts
			list = append(list, replication.Late{Line: oplog.AsideID(chain, l.Counts), From: from})
		}
	}
	return list
}

// askPeers asks every connected peer for all it has, keys included.
func (d *Document) askPeers() {
	for _, dev := range d.node.peersOf(d.id) {
		d.node.sync.Gap(dev, d.id)
	}
}

// dropPresenceOfStrangers shows as gone who is no member any more.
func (d *Document) dropPresenceOfStrangers() {
	var gone []uint64
	for client, dev := range d.people.devices {
		if _, _, member := d.access.Authority(dev); !member {
			gone = append(gone, client)
		}
	}
	if len(gone) > 0 {
		slices.Sort(gone)
		d.tellPresence(d.people.states.Remove(d.node.cfg.Now(), gone...), nil)
	}
}
