package node

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/seal"
	"github.com/sheafdocs/sheaf/node/wire"
)

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
