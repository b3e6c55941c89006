package node

import (
	"fmt"
	"time"

	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/seal"
	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/wire"
)

// recipient is who a key may be wrapped for.
type recipient struct {
	device wire.Device // of a member; zero for an invite
	hash   wire.SealHash
}

// recipients lists the seal keys of all who may read: members from viewer up,
// and the bearers of open invites.
func (d *Document) recipients() []recipient {
	var list []recipient
	seen := map[wire.SealHash]bool{}
	for _, m := range d.rosterNow().members {
		if m.Role >= access.Viewer && !seen[m.Seal] {
			seen[m.Seal] = true
			list = append(list, recipient{m.Device, m.Seal})
		}
	}
	now := d.node.cfg.Now()
	for _, i := range d.rosterNow().invites {
		if mayJoinBy(i, now) && i.Role >= access.Viewer && !seen[i.Seal] {
			seen[i.Seal] = true
			list = append(list, recipient{hash: i.Seal})
		}
	}
	return list
}

// mayJoinBy says whether an invite lets anyone in now.
func mayJoinBy(i access.InviteInfo, now time.Time) bool {
	return i.State == access.InviteOpen && (i.Expires.IsZero() || now.Before(i.Expires))
}

// wrapFor wraps, for a seal public key, every key held that another does not
// lead to, unless this device did before.
func (d *Document) wrapFor(sealPublic []byte) error {
	hash := identity.HashSeal(sealPublic)
	for _, e := range d.topKeys() {
		if err := d.wrapOne(e.ID, seal.SealKey{Public: sealPublic}, hash); err != nil {
			return err
		}
	}
	return nil
}

func (d *Document) wrapOne(epoch wire.EpochID, k seal.SealKey, hash wire.SealHash) error {
	name := store.WrapKey(d.id, epoch, hash, d.node.device).Name
	if _, made := d.wraps[name]; made {
		return nil
	}
	w, err := seal.WrapKey(d.keys[epoch], d.id, epoch, k.Public, d.node.cfg.Key)
	if err != nil {
		return fmt.Errorf("wrap epoch key: %w", err)
	}
	d.keepWrap(w)
	return nil
}

// wrapMissing wraps the keys held for everyone who may read, whose seal key is
// known and for whom nobody did yet.
func (d *Document) wrapMissing() {
	for _, e := range d.topKeys() {
		for _, r := range d.recipients() {
			if len(d.slots[slotWraps{e.ID, r.hash}]) == 0 {
				d.wrapRecipient(e.ID, r)
			}
		}
	}
}

func (d *Document) wrapRecipient(epoch wire.EpochID, r recipient) {
	k, known := d.seals[r.hash]
	if !known {
		return // it is wrapped for as soon as its key is
	}
	if err := d.wrapOne(epoch, k, r.hash); err != nil {
		d.log.Warn("key not wrapped for a member", "peer", r.device.String(), "err", err)
	}
}

// lackWraps says whether anyone who may read, and whose seal key is known,
// lacks a wrap of a key held here.
func (d *Document) lackWraps() bool {
	for _, e := range d.topKeys() {
		for _, r := range d.recipients() {
			if _, known := d.seals[r.hash]; known && len(d.slots[slotWraps{e.ID, r.hash}]) == 0 {
				return true
			}
		}
	}
	return false
}

// wrapIfDue makes the wraps that members lack: for those who are connected and
// ask at once, for the others when it is this device's turn.
func (d *Document) wrapIfDue(now time.Time) {
	st := &d.wrapping
	_, role, member := d.roleLocked()
	if !member || !mayWrite(role) || d.closed {
		return
	}
	d.wrapForAsking()
	v := d.wrapVersion()
	if st.done && st.version == v {
		return
	}
	st.version, st.done = v, !d.lackWraps()
	if st.done {
		st.missing = time.Time{}
		return
	}
	if st.missing.IsZero() {
		st.missing = now
	}
	if now.Sub(st.missing) >= time.Duration(d.access.RotateTurn(d.node.device))*wrapTurn {
		d.wrapMissing()
		st.missing = time.Time{}
	}
}

// wrapForAsking wraps for the connected members that lack a wrap, or that ask
// again though there is one: then it may be junk.
func (d *Document) wrapForAsking() {
	if len(d.wrapping.wanted) == 0 {
		return
	}
	for _, r := range d.recipients() {
		if r.device.IsZero() || !d.wrapping.wanted[r.device] {
			continue
		}
		for _, e := range d.topKeys() {
			if made := d.slots[slotWraps{e.ID, r.hash}]; len(made) == 0 || d.wrapping.asked[r.device] >= junkAfter {
				d.wrapRecipient(e.ID, r)
			}
		}
	}
	clear(d.wrapping.wanted)
}

// wrappedFor says whether a device has a wrap of every key that it needs.
func (d *Document) wrappedFor(dev wire.Device) bool {
	for _, m := range d.rosterNow().members {
		if m.Device != dev {
			continue
		}
		for _, e := range d.topKeys() {
			if len(d.slots[slotWraps{e.ID, m.Seal}]) == 0 {
				return false
			}
		}
	}
	return true
}
