package node

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/wire"
)

// Errors of changing and ending what members may do.
var (
	// ErrUnseen means that the person to be removed has written what this
	// device has not got: removing now would set it aside unread.
	ErrUnseen = errors.New("edits of this person exist that have not arrived here")
	// ErrNoMember means that nobody in the document is meant.
	ErrNoMember = errors.New("no such member")
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
