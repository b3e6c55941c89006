package node

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/seal"
	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/wire"
)

// Errors of removing and leaving.
var (
	// ErrUnseen means that the person to be removed has written what this
	// device has not got: removing now would set it aside unread.
	ErrUnseen = errors.New("edits of this person exist that have not arrived here")
	// ErrNoMember means that nobody in the document is meant.
	ErrNoMember = errors.New("no such member")
	// ErrLastOwner means that nobody would be left to let people in.
	ErrLastOwner = errors.New("this device is the document's only owner")
	// ErrCannotLeave means that leaving would undo what this device wrote.
	ErrCannotLeave = errors.New("this device cannot leave by itself")
	// ErrMayNotEnd means that this device's role, or its place in the document,
	// does not allow it to end what someone may do.
	ErrMayNotEnd = errors.New("this device may not end the role of this member")
	// ErrOneself means that a device was told to remove its own person.
	ErrOneself = errors.New("this is the device's own person")
	// ErrRemoved means that this device was a member and is none any more.
	ErrRemoved = errors.New("this device was removed from the document")
)

// Unseen says what becomes of edits that are known to exist and are not here.
type Unseen uint8

// The choices.
const (
	KeepUnseen    Unseen = iota // refuse with ErrUnseen
	DiscardUnseen               // set them aside when they arrive; an owner can still accept them
)

// RemoveOptions say who is removed. One of User, Root, Device and Via is set.
type RemoveOptions struct {
	User   wire.UserID // every device of this person, as People groups them
	Root   wire.OpID   // every device let in by this op or by a device of it
	Device wire.Device // one device, and those it has added
	Via    wire.OpID   // every device that came by this invite
	Keep   []wire.Device
	Unseen Unseen
}

// settleTime is how long a removal waits for what connected peers have.
const settleTime = 4 * time.Second

// Remove ends the access of a person or a device, and makes a new key that they
// do not get. What they wrote until now and is here stays; what arrives later
// counts nowhere until an owner accepts it. Devices that have left cannot come
// back by a link from before, and all they had written still counts. Connected
// peers are first asked for all they have. It returns how many devices were
// removed, when all of it is durable here.
func (d *Document) Remove(ctx context.Context, opt RemoveOptions) (int, error) {
	if err := d.catchUp(ctx); err != nil {
		return 0, err
	}
	removed := 0
	err := d.durably(ctx, func() error {
		targets, left := d.targets(opt), d.leftTargets(opt)
		if len(targets)+len(left) == 0 {
			return ErrNoMember
		}
		if !opt.Via.IsZero() { // of those who came by a link, owners may have become senior since
			targets = slices.DeleteFunc(targets, func(m access.Member) bool { return d.mayEnd([]access.Member{m}) != nil })
		}
		if err := d.mayEnd(targets); err != nil {
			return err
		}
		if opt.Unseen == KeepUnseen {
			if n := d.unseen(targets); n > 0 {
				return fmt.Errorf("%w: %d at least", ErrUnseen, n)
			}
		}
		now := d.node.cfg.Now()
		if err := d.revoke(targets, opt.Keep, now); err != nil {
			return err
		}
		for _, m := range left {
			if err := d.revokeBy(m, d.leftCuts(m), opt.Keep, now); err != nil {
				return err
			}
		}
		gone := map[wire.Device]bool{}
		for _, m := range slices.Concat(targets, left) {
			gone[m.Device] = true
		}
		removed = len(gone)
		return d.renewKey(now)
	})
	return removed, err
}

// catchUp brings here what connected peers have, and makes it durable.
func (d *Document) catchUp(ctx context.Context) error {
	if d.node.sync != nil && d.listeners() > 0 {
		wait, cancel := context.WithTimeout(ctx, settleTime)
		d.node.sync.Settle(wait, d.id)
		cancel()
	}
	return d.durably(ctx, func() error {
		if d.canSeal() {
			d.sealPending()
		}
		return nil
	})
}

// targets lists the authorities that a removal ends.
func (d *Document) targets(opt RemoveOptions) []access.Member {
	users := d.usersByRoot()
	var list []access.Member
	for _, m := range d.rosterNow().members {
		if opt.means(m, users[m.Root]) {
			list = append(list, m)
		}
	}
	return list
}

// means says whether an authority, of a device of user's, is to be ended.
func (opt RemoveOptions) means(m access.Member, user wire.UserID) bool {
	if slices.Contains(opt.Keep, m.Device) {
		return false
	}
	return !opt.Device.IsZero() && m.Device == opt.Device ||
		!opt.Root.IsZero() && m.Root == opt.Root ||
		!opt.Via.IsZero() && m.Via == opt.Via ||
		!opt.User.IsZero() && user == opt.User
}

// mayEnd says why this device cannot end all of some authorities: a revoke that
// ends nothing would be kept by everyone and believed by nobody.
func (d *Document) mayEnd(targets []access.Member) error {
	for _, m := range targets {
		switch {
		case m.Device == d.node.device:
			return ErrOneself
		case !d.access.MayEnd(d.node.device, m):
			return ErrMayNotEnd
		}
	}
	return nil
}

// revoke ends authorities, each with the last entries of its chains that are
// held: they count, and nothing after them. Those junior go first, so that
// nothing an op rests on has ended before it.
func (d *Document) revoke(targets []access.Member, keep []wire.Device, now time.Time) error {
	cuts, err := d.cuts(targets)
	if err != nil {
		return err
	}
	for _, m := range targets {
		if err := d.revokeBy(m, cuts, keep, now); err != nil {
			return err
		}
	}
	return nil
}

// revokeBy ends one authority with statements of what counts. What has no room
// in the op goes into pins beside it.
func (d *Document) revokeBy(m access.Member, cuts []access.Statement, keep []wire.Device, now time.Time) error {
	first := cuts[:min(len(cuts), access.RevokeStatements)]
	target := access.Target{Op: m.Op, Index: uint32(m.Index)}
	op, err := access.NewRevoke(d.access, d.node.cfg.Key, target, first, keep, now)
	if err != nil {
		return fmt.Errorf("end access: %w", err)
	}
	if err := d.addOwnOp(op); err != nil {
		return err
	}
	for part := range slices.Chunk(cuts[len(first):], access.MaxStatements) {
		pin, err := access.NewPin(d.access, d.node.cfg.Key, target, access.PinLimit, part, now)
		if err != nil {
			return fmt.Errorf("note what counts: %w", err)
		}
		if err := d.addOwnOp(pin); err != nil {
			return err
		}
	}
	return nil
}

// cuts states the last entry held of every chain of the authorities.
func (d *Document) cuts(targets []access.Member) ([]access.Statement, error) {
	var list []access.Statement
	for chain := range d.chains.All() {
		dev, auth, inc, _ := d.chains.Author(chain)
		if d.chains.Barred(chain) || !slices.ContainsFunc(targets, func(m access.Member) bool { return m.Device == dev && m.Auth == auth }) {
			continue // nothing counts of a chain that another one stands for
		}
		s, err := d.lastStatement(chain, dev, inc)
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, nil
}

// lastStatement states the last entry held of a chain, with its author's
// signature.
func (d *Document) lastStatement(chain wire.ChainID, dev wire.Device, inc uint32) (access.Statement, error) {
	seq, id, ok := d.chains.Head(chain)
	if !ok {
		return access.Statement{}, fmt.Errorf("find the end of chain %s: nothing is held", chain)
	}
	raw, err := d.rawEntry(store.EntryKey(d.id, chain, seq, id))
	if err != nil {
		return access.Statement{}, fmt.Errorf("read the end of a chain: %w", err)
	}
	e, err := oplog.Decode(raw)
	if err != nil {
		return access.Statement{}, fmt.Errorf("read the end of a chain: %w", err)
	}
	return access.Statement{Device: dev, Inc: inc, Seq: seq, ID: id, Sig: e.Sig}, nil
}

// rawEntry reads an entry that is stored, or on its way to the store.
func (d *Document) rawEntry(key store.Key) ([]byte, error) {
	for _, o := range []*outbox{&d.out, &d.unstored} {
		for _, r := range o.puts {
			if r.Key == key {
				return r.Value, nil
			}
		}
	}
	return d.node.cfg.Store.Get(background(), key)
}

// renewKey makes a new key for those who remain, if this device may; else who
// may does so as soon as it learns that the old one was not for them alone.
func (d *Document) renewKey(now time.Time) error {
	if _, role, member := d.roleLocked(); !member || !mayWrite(role) || len(d.keys) == 0 {
		return nil
	}
	return d.rotate(now)
}

// unseen counts the entries of authorities that are known to exist and are not
// held.
func (d *Document) unseen(targets []access.Member) int {
	n := 0
	for chain, known := range d.outlook.known {
		dev, auth, _, held := d.chains.Author(chain)
		if held && slices.ContainsFunc(targets, func(m access.Member) bool { return m.Device == dev && m.Auth == auth }) {
			_, missing := d.missingOf(chain, known)
			n += missing
		}
	}
	return n
}

// SetRole gives a person another role. A higher one counts at once beside the
// old; a lower one ends the old one like Remove does, and counts from then on.
func (d *Document) SetRole(ctx context.Context, opt RemoveOptions, role access.Role) error {
	if err := d.catchUp(ctx); err != nil {
		return err
	}
	return d.durably(ctx, func() error {
		targets := d.targets(opt)
		if len(targets) == 0 {
			return ErrNoMember
		}
		now := d.node.cfg.Now()
		var higher []access.Member // authorities that allow more than the role
		have := map[wire.Device]bool{}
		for _, m := range targets {
			if m.Role > role {
				higher = append(higher, m)
			}
			have[m.Device] = have[m.Device] || m.Role == role
		}
		if err := d.mayEnd(higher); err != nil {
			return err
		}
		if opt.Unseen == KeepUnseen {
			if n := d.unseen(higher); n > 0 {
				return fmt.Errorf("%w: %d at least", ErrUnseen, n)
			}
		}
		if err := d.grantTargets(targets, have, role, now); err != nil {
			return err
		}
		if len(higher) == 0 {
			return nil
		}
		if err := d.revoke(higher, nil, now); err != nil {
			return err
		}
		return d.renewKey(now)
	})
}

// grantTargets grants a role to the devices that have it by no op yet, a grant
// for each label.
func (d *Document) grantTargets(targets []access.Member, have map[wire.Device]bool, role access.Role, now time.Time) error {
	byUser := map[wire.UserID][]access.GrantDevice{}
	var users []wire.UserID
	for _, m := range targets {
		if have[m.Device] {
			continue
		}
		have[m.Device] = true
		if byUser[m.User] == nil {
			users = append(users, m.User)
		}
		byUser[m.User] = append(byUser[m.User], access.GrantDevice{Device: m.Device, Seal: m.Seal, Kind: m.Kind})
	}
	for _, user := range users {
		for devices := range slices.Chunk(byUser[user], access.MaxDevices) {
			op, err := access.NewGrant(d.access, d.node.cfg.Key, user, role, devices, now)
			if err != nil {
				return fmt.Errorf("grant role: %w", err)
			}
			if err := d.addOwnOp(op); err != nil {
				return err
			}
		}
	}
	return nil
}

// Invitee is a person to be let in by what they showed of themselves, not by a
// link: their devices, and the public seal keys of those as far as known.
type Invitee struct {
	User    wire.UserID
	Devices []access.GrantDevice
	Seals   [][]byte
}

// Invite lets a person in and returns where to open the document: a link
// without a secret, which is of use to nobody else.
func (d *Document) Invite(ctx context.Context, g Invitee, role access.Role) (access.Link, error) {
	if len(g.Devices) == 0 {
		return access.Link{}, fmt.Errorf("%w: the card lists no device", ErrNoMember)
	}
	err := d.durably(ctx, func() error {
		now := d.node.cfg.Now()
		for devices := range slices.Chunk(g.Devices, access.MaxDevices) {
			op, err := access.NewGrant(d.access, d.node.cfg.Key, g.User, role, devices, now)
			if err != nil {
				return fmt.Errorf("let in: %w", err)
			}
			if err := d.addOwnOp(op); err != nil {
				return err
			}
		}
		for _, public := range g.Seals {
			if err := d.keepSealKeyOf(g, public); err != nil {
				return err
			}
		}
		d.wrapMissing()
		return nil
	})
	if err != nil {
		return access.Link{}, err
	}
	return access.Link{Doc: d.id, Hints: d.node.hints()}, nil
}

// Leave ends this device's own access. What it has stays readable here; what
// it wrote stays for all. The last owner cannot leave others behind.
func (d *Document) Leave(ctx context.Context) error {
	if err := d.catchUp(ctx); err != nil {
		return err
	}
	return d.durably(ctx, func() error {
		_, role, member := d.roleLocked()
		if !member {
			return ErrRemoved
		}
		if role == access.Owner && !d.otherOwner() {
			return fmt.Errorf("%w: make someone else an owner first, or move the document to the trash", ErrLastOwner)
		}
		return d.leave(d.targets(RemoveOptions{Device: d.node.device}))
	})
}

// leave ends this device's own authorities. The chains that have no room in the
// op are pinned before it.
func (d *Document) leave(mine []access.Member) error {
	now := d.node.cfg.Now()
	var first []access.Statement
	for _, m := range mine {
		cuts, err := d.cuts([]access.Member{m})
		if err != nil {
			return err
		}
		room := min(len(cuts), access.MaxStatements-len(first))
		first = append(first, cuts[:room]...)
		target := access.Target{Op: m.Op, Index: uint32(m.Index)}
		for part := range slices.Chunk(cuts[room:], access.MaxStatements) {
			if err := d.pinOwn(target, part, now); err != nil {
				return err
			}
		}
	}
	op, err := access.NewLeave(d.access, d.node.cfg.Key, first, now)
	if err != nil {
		return fmt.Errorf("leave: %w", err)
	}
	return d.addOwnOp(op)
}

// pinOwn notes before a leave which entries of this device count. A pin by
// itself changes nothing.
func (d *Document) pinOwn(target access.Target, part []access.Statement, now time.Time) error {
	pin, err := access.NewPin(d.access, d.node.cfg.Key, target, access.PinLimit, part, now)
	if err != nil {
		return fmt.Errorf("leave: note what counts: %w", err)
	}
	if err := d.addOwnOp(pin); err != nil {
		return err
	}
	if !d.access.Valid(pin.ID) {
		return fmt.Errorf("%w: it has made more changes of access than count, so what it wrote could not be kept for the others; nothing has ended, ask an owner to remove it", ErrCannotLeave)
	}
	return nil
}

func (d *Document) otherOwner() bool {
	return slices.ContainsFunc(d.rosterNow().members, func(m access.Member) bool {
		return m.Role == access.Owner && m.Device != d.node.device
	})
}

// keepSealKeyOf keeps a guest's public seal key under the device it is of; one
// of none of the devices is passed over.
func (d *Document) keepSealKeyOf(g Invitee, public []byte) error {
	hash := identity.HashSeal(public)
	for _, dev := range g.Devices {
		if dev.Seal == hash {
			return d.keepSealKey(seal.SealKey{Owner: dev.Device, Public: public})
		}
	}
	return nil
}
