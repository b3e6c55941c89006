package node

import (
	"errors"
	"fmt"

	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/seal"
	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/wire"
)

// Entries whose author never had a valid authority, because whoever let it in
// was removed meanwhile, are taken from nobody. Where entries that count were
// built upon them, an editor carries them: verbatim, in entries of its own, so
// that a newcomer gets what it needs to merge the rest.

// kindCarry is the kind of an entry whose body is other entries.
const kindCarry = 2

// Limits of what is carried.
const (
	maxCarried      = 1024                         // entries of one chain
	maxCarryBytes   = 256 << 10                    // entries of a run that wait for its signature
	maxCarryPayload = seal.MaxBodyBytes - (1 << 9) // entries in one entry
)

var errCarry = errors.New("carried entries are not a run of another chain")

// everyone lets anyone write: what is carried needs no authority.
type everyone struct{}

// RoleOf implements oplog.Authority.
func (everyone) RoleOf(wire.Auth, wire.Device) (access.Role, bool) { return access.Owner, true }

// applyCarry takes the entries that another one carries. They stay void.
func (d *Document) applyCarry(chain *chainBody, e *oplog.Entry) error {
	payload, err := d.open(e)
	if err != nil {
		return err
	}
	if err := d.depsApplied(e, payload.Deps); err != nil {
		return err
	}
	carried, err := decodeCarry(payload.Body, e.Chain())
	if err != nil || e.NumOps != 0 {
		return errCarry
	}
	run, size := chain.carrying, 0
	chain.carrying = nil
	for _, c := range run {
		size += len(c.Raw)
	}
	for _, c := range carried {
		if size += len(c.Raw); size > maxCarryBytes || len(run) >= oplog.MaxRunEntries {
			return errCarry
		}
		if run = append(run, c); c.Signed() {
			kept, v := d.chains.CheckRun(everyone{}, run)
			if v.Action == oplog.Reject {
				return fmt.Errorf("%w: %w", errCarry, v.Reason)
			}
			d.count.carried(c.Chain(), c.Seq+1)
			d.keepEntries(kept)
			run, size = nil, 0
		}
	}
	chain.carrying = run // its signature comes with the next one
	chain.advance(chain.end(), payload.Deps)
	return nil
}

// decodeCarry reads the entries that one of another chain carries.
func decodeCarry(body []byte, by wire.ChainID) ([]*oplog.Entry, error) {
	var raws [][]byte
	if wire.Unmarshal(body, &raws) != nil || len(raws) == 0 {
		return nil, errCarry
	}
	var carried []*oplog.Entry
	for _, raw := range raws {
		c, err := oplog.Decode(raw)
		if err != nil || c.Chain() == by {
			return nil, errCarry
		}
		carried = append(carried, c)
	}
	return carried, nil
}

// carried notes that the entries of a chain below a number are carried.
func (c *counting) carried(chain wire.ChainID, below uint64) {
	if c.carries == nil {
		c.carries = map[wire.ChainID]uint64{}
	}
	c.carries[chain] = max(c.carries[chain], below)
}

// carry puts void entries that others cannot get, and that were merged as
// structure, on a chain of this device: as an owner, or as the author of what
// was built upon them.
func (d *Document) carry() {
	auth, role, ok := d.roleLocked()
	d.count.carryDue = false
	if !ok || !mayWrite(role) || len(d.queue.structure) == 0 {
		return
	}
	if !d.canSeal() {
		d.count.carryDue = true // once there is a key to write under
		return
	}
	for chain, n := range d.queue.structure {
		author, of, _, _ := d.chains.Author(chain)
		if _, known := d.access.RoleOf(of, author); known || n <= d.count.carries[chain] {
			continue // offered as what is past a limit, or carried
		}
		if role != access.Owner && !d.builtUpon(chain) {
			continue
		}
		if err := d.carryChain(auth, chain, n); err != nil {
			d.log.Error("carry what was built upon", "chain", chain.String(), "err", err)
		}
	}
}

// builtUpon says whether an entry of this device depends on a chain.
func (d *Document) builtUpon(chain wire.ChainID) bool {
	for id := range d.own {
		if c := d.causes.chains[id]; c != nil {
			if _, listed := c.listed[chain]; listed {
				return true
			}
		}
	}
	return false
}

// carryChain carries the entries of a chain up to a number, and on to the next
// signature.
func (d *Document) carryChain(auth wire.Auth, chain wire.ChainID, below uint64) error {
	sl, err := d.freshSlot(auth)
	if err != nil {
		return err
	}
	var raws [][]byte
	size := 0
	flush := func() error {
		if len(raws) == 0 {
			return nil
		}
		body, err := wire.Marshal(raws)
		if err != nil {
			return fmt.Errorf("encode carried entries: %w", err)
		}
		e, err := d.sealKind(sl, kindCarry, seal.Payload{Body: body}, 0)
		if err != nil {
			return err
		}
		d.out.put(store.EntryKey(d.id, sl.chain, e.Seq, e.ID), e.Raw)
		d.out.then(func() { d.recordStored(e) })
		raws, size = nil, 0
		return nil
	}
	for seq := uint64(0); seq < maxCarried; seq++ {
		e := d.nextEntry(entryRef{chain, seq})
		if e == nil || len(e.Raw) > maxCarryPayload {
			break
		}
		if size+len(e.Raw) > maxCarryPayload-8*len(raws) {
			if err := flush(); err != nil {
				return err
			}
		}
		raws, size = append(raws, e.Raw), size+len(e.Raw)
		if seq+1 >= below && e.Signed() {
			break
		}
	}
	d.count.carried(chain, below)
	return flush()
}
