package node

import (
	"fmt"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/wire"
)

// A guest is this device in a document that it came to by a link, whose key it
// holds, and where no member has let it in yet. It writes at once: its edits
// are kept as drafts under client ids of chains that nobody will ever accept,
// those of the invite, and are re-issued under its own when the grant arrives
// (adoptPending).

// editsAs says under which authority and role this device opens the document:
// its own or, as a guest, the invite's.
func (d *Document) editsAs() (wire.Auth, access.Role, bool) {
	if auth, role, ok := d.roleLocked(); ok {
		return auth, role, true
	}
	if d.stateLocked() == StateRemoved {
		return wire.Auth{}, access.Viewer, true // what is here stays to be read and exported
	}
	invite, ok := d.guestInvite()
	if !ok {
		return wire.Auth{}, 0, false
	}
	if d.linkState(&invite) != LinkOpen {
		return invite.Op.Short(), access.Viewer, true // what was written stays to be read and exported
	}
	return invite.Op.Short(), invite.Role, true
}

// waitingLocked says whether this device is a guest.
func (d *Document) waitingLocked() bool {
	_, ok := d.guestInvite()
	return ok
}

// guestInvite is the invite a guest came by.
func (d *Document) guestInvite() (access.InviteInfo, bool) {
	if d.join == nil || d.join.keys == nil || len(d.keys) == 0 {
		return access.InviteInfo{}, false
	}
	if _, _, member := d.roleLocked(); member {
		return access.InviteInfo{}, false
	}
	return d.inviteOf(d.join.keys.Public())
}

// inviteOf finds the invite of a link's key: of several an open one.
func (d *Document) inviteOf(public wire.Device) (found access.InviteInfo, ok bool) {
	for _, invite := range d.access.Invites() {
		if invite.Sign == public && (!ok || found.State != access.InviteOpen) {
			found, ok = invite, true
		}
	}
	return found, ok
}

// orphan says whether edits of a slot can never be entries of its chain: it is
// of another authority than this device has now, and no entry of it exists.
func (d *Document) orphan(sl *slot, auth wire.Auth) bool {
	_, _, begun := d.chains.Head(sl.chain)
	return sl.auth != auth && sl.next == 0 && !begun
}

// adoptPending re-issues edits that were made under another authority, as a
// guest, under the one this device has now: clocks are kept and the client id
// is renamed to that of the chain of the same inc. So that it can be done again
// after a crash: what an entry holds by then is left out. Sessions that wrote
// under the old ids are reset, and the document is put together anew.
//
// It says whether what waits may become entries.
func (d *Document) adoptPending() bool {
	auth, role, ok := d.roleLocked()
	if !ok || !mayWrite(role) || d.closed {
		return false
	}
	adopted := map[*slot]*slot{}
	for _, g := range d.pending.groups {
		if d.orphan(g.slot, auth) && adopted[g.slot] == nil {
			adopted[g.slot] = d.ownSlot(auth, g.slot.inc)
		}
	}
	if len(adopted) > 0 {
		if err := d.renamePending(adopted); err != nil {
			d.log.Error("re-issue what was written before this device was let in", "err", err)
			return false
		}
	}
	for _, s := range d.sessions {
		if !s.over && (adopted[s.slot] != nil || d.orphan(s.slot, auth)) {
			s.end("a member has let this device in; what you wrote is now sent to the others")
		}
	}
	if len(adopted) == 0 {
		return true
	}
	for from, to := range adopted {
		delete(d.own, from.chain)
		d.renamed[from.client] = to.client
		d.renameKept(from.client, to.client)
	}
	d.pending.generation = len(d.pending.groups)
	d.rebuild()
	d.trimPending(adopted)
	d.changed = true
	return true
}

// ownSlot finds or makes the slot of an own chain.
func (d *Document) ownSlot(auth wire.Auth, inc uint32) *slot {
	if sl := d.own[wire.NewChainID(d.id.Short(), d.node.device, auth, inc)]; sl != nil {
		return sl
	}
	sl := d.addSlot(auth, inc)
	if seq, id, ok := d.chains.Head(sl.chain); ok {
		sl.next, sl.prev = seq+1, id
	}
	return sl
}

// renamePending gives pending updates their new client ids; one that is not
// adopted itself may name those that are. On an error nothing is changed.
func (d *Document) renamePending(adopted map[*slot]*slot) error {
	renamed := make([][][]byte, len(d.pending.groups))
	for i, g := range d.pending.groups {
		for _, u := range g.updates {
			for from, to := range adopted {
				var err error
				if u, err = crdt.RenameClient(u, from.client, to.client); err != nil {
					return fmt.Errorf("rename pending update: %w", err)
				}
			}
			renamed[i] = append(renamed[i], u)
		}
	}
	for i, g := range d.pending.groups {
		g.updates = renamed[i]
		if to := adopted[g.slot]; to != nil {
			g.slot = to
		}
	}
	return nil
}

// trimPending leaves out of adopted updates what entries hold already, because
// the last run ended between storing them and removing the drafts.
func (d *Document) trimPending(adopted map[*slot]*slot) {
	for _, to := range adopted {
		end := d.causes.chain(to.chain, to.client).end()
		if end == 0 {
			continue
		}
		held := crdt.StateVector{to.client: uint64(end)}
		for _, g := range d.pending.groups {
			if g.slot != to {
				continue
			}
			for i, u := range g.updates {
				if cut, err := crdt.DiffUpdate(u, held); err == nil {
					g.updates[i] = cut
				}
			}
		}
	}
}

// LinkState says whether a link lets anyone in.
type LinkState string

// The states of a link.
const (
	LinkOpen    LinkState = "open"
	LinkClosed  LinkState = "closed"  // someone was removed since it was made
	LinkExpired LinkState = "expired" // by this device's clock
	LinkUsed    LinkState = "used"    // it has let in as many as it may
	LinkRevoked LinkState = "revoked"
)

// linkState judges an invite by the log and this device's clock.
func (d *Document) linkState(invite *access.InviteInfo) LinkState {
	switch {
	case invite.State == access.InviteRevoked:
		return LinkRevoked
	case invite.State == access.InviteClosed:
		return LinkClosed
	case !invite.Expires.IsZero() && !d.node.cfg.Now().Before(invite.Expires):
		return LinkExpired
	case invite.Max != 0 && uint64(len(invite.Uses)) >= uint64(invite.Max):
		return LinkUsed
	}
	return LinkOpen
}

// Guest describes what a guest waits for.
type Guest struct {
	Role access.Role // what the link gives
	Link LinkState   // not open: nobody will let this device in by it
}

// Guest says whether this device writes as a guest.
func (d *Document) Guest() (Guest, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	invite, ok := d.guestInvite()
	if !ok {
		return Guest{}, false
	}
	return Guest{Role: invite.Role, Link: d.linkState(&invite)}, true
}

// Renamed tells which client ids of earlier sessions are another one now:
// those under which this device wrote before it was let in.
func (d *Document) Renamed() map[crdt.ClientID]crdt.ClientID {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := make(map[crdt.ClientID]crdt.ClientID, len(d.renamed))
	for from, to := range d.renamed {
		out[from] = to
	}
	return out
}

// readOnly says why an update was refused. Called with mu held.
func (d *Document) readOnly() error {
	invite, ok := d.guestInvite()
	if ok && invite.Role >= access.Editor {
		return fmt.Errorf("%w: the link this device came by was %s before a member let it in; what you wrote is kept here to be copied or exported", ErrReadOnly, d.linkState(&invite).ended())
	}
	if d.stateLocked() == StateRemoved {
		return fmt.Errorf("%w: %w; what is here stays to be read and exported", ErrReadOnly, ErrRemoved)
	}
	return fmt.Errorf("%w: this device may read but not write", ErrReadOnly)
}

func (d *Document) readOnlyNow() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.readOnly()
}

// ended says in words what became of a link.
func (s LinkState) ended() string {
	switch s {
	case LinkUsed:
		return "used up"
	case LinkOpen:
		return "not answered"
	}
	return string(s)
}
