package node

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sheafdocs/sheaf/node/access"
)

// Errors of leaving.
var (
	// ErrLastOwner means that nobody would be left to let people in.
	ErrLastOwner = errors.New("this device is the document's only owner")
	// ErrCannotLeave means that leaving would undo what this device wrote.
	ErrCannotLeave = errors.New("this device cannot leave by itself")
)

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
