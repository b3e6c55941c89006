package node

import (
	"encoding/binary"
	"fmt"
	"io"
	"time"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/wire"
)

// slot is one chain of this device: the place of one editing session.
type slot struct {
	chain   wire.ChainID
	auth    wire.Auth
	inc     uint32
	stream  uint8 // what its entries hold: streamBody, or comment records
	client  crdt.ClientID
	session *Session // nil while no session holds it
	next    uint64   // seq of the next entry
	prev    wire.EntryID
	foreign bool // someone else wrote on the chain, with a copy of this device's key
}

// takeSlot gives a session a chain. A slot of a closed session of this run is
// used again; otherwise a fresh inc is drawn at random, so that a store that
// was set back to an older state cannot make a second branch of a chain that
// others already hold (docs/adr/0005).
func (d *Document) takeSlot(auth wire.Auth) (*slot, error) {
	for i, inc := range d.freeSlots {
		sl := d.own[wire.NewChainID(d.id.Short(), d.node.device, auth, inc)]
		if sl != nil && sl.session == nil && d.continues(sl) {
			d.freeSlots = append(d.freeSlots[:i:i], d.freeSlots[i+1:]...)
			return sl, nil
		}
	}
	return d.freshSlot(auth)
}

// freshSlot makes a chain that nobody has written on.
func (d *Document) freshSlot(auth wire.Auth) (*slot, error) {
	for range 64 {
		var raw [4]byte
		if _, err := io.ReadFull(d.node.rand(), raw[:]); err != nil {
			return nil, fmt.Errorf("draw session slot: %w", err)
		}
		inc := binary.BigEndian.Uint32(raw[:]) % maxInc
		chain := wire.NewChainID(d.id.Short(), d.node.device, auth, inc)
		if _, _, known := d.chains.Head(chain); known || d.own[chain] != nil {
			continue
		}
		if _, taken := d.causes.clients[crdt.ClientID(d.node.clientOf(d.id.Short(), d.node.device, auth, inc))]; taken {
			continue // another chain writes under that client id
		}
		return d.addSlot(auth, inc), nil
	}
	return nil, fmt.Errorf("%w: no free session slot found", ErrTooMany)
}

// continues says whether a slot may go on: everything of its chain is merged,
// and the chain is not forked.
func (d *Document) continues(sl *slot) bool {
	c := d.causes.chains[sl.chain]
	head, id, ok := d.chains.Head(sl.chain)
	if sl.foreign {
		return false
	}
	whole := !ok && sl.next == 0 || ok && head+1 == sl.next && id == sl.prev
	return whole && c != nil && c.applied() == sl.next && c.end() == uint64(d.stateVector()[sl.client])
}

// addSlot makes the slot of a chain of this device.
func (d *Document) addSlot(auth wire.Auth, inc uint32) *slot {
	sl := d.slotOf(d.node.device, auth, inc)
	d.own[sl.chain] = sl
	d.causes.chain(sl.chain, sl.client)
	return sl
}

// slotOf describes the place of a chain of any device.
func (d *Document) slotOf(dev wire.Device, auth wire.Auth, inc uint32) *slot {
	short := d.id.Short()
	return &slot{
		chain:  wire.NewChainID(short, dev, auth, inc),
		auth:   auth,
		inc:    inc,
		client: crdt.ClientID(d.node.clientOf(short, dev, auth, inc)),
	}
}

// clientOf is the client id that a known chain writes under.
func (d *Document) clientOf(chain wire.ChainID) (crdt.ClientID, bool) {
	dev, auth, inc, ok := d.chains.Author(chain)
	return crdt.ClientID(d.node.clientOf(d.id.Short(), dev, auth, inc)), ok
}

// group is a run of one slot's updates that will become one or more entries.
type group struct {
	slot    *slot
	updates [][]byte
	saved   int         // updates[:saved] are durable as drafts
	drafts  []store.Key // their records, deleted when the entries are durable
	number  uint64      // the session's count of updates up to here
	start   uint64      // the slot's clock before the first of updates

	structure bool // of updates only the structure is to be merged again: they are another's
}

// pendingEdits are the own edits that are not in an entry yet. Groups are
// sealed in order. Within one generation no group names what another one of
// the same generation wrote, so each can be sealed whole.
type pendingEdits struct {
	groups     []*group
	generation int // index in groups where the current generation starts
	bytes      int
	since      time.Time // when the first of them was made
}

// addPending queues what a session's update changed. An update that changed
// nothing only counts.
func (d *Document) addPending(s *Session, update []byte, info crdt.UpdateInfo) {
	p := &d.pending
	if len(update) == 0 {
		if g := p.current(s.slot); g != nil {
			g.number = s.received
		} else if d.slotBusy(s.slot) {
			d.lastGroup(s.slot).number = s.received
		} else {
			// It repeats what another session or peer did, which has to be
			// durable first.
			number := s.received
			d.draftPending()
			d.out.then(func() { d.settle(s, number) })
		}
		return
	}
	if p.namesCurrent(s.slot, info) {
		p.generation = len(p.groups)
	}
	g := p.current(s.slot)
	if g == nil {
		g = &group{slot: s.slot}
		g.start = uint64(d.stateVector()[s.slot.client])
		if len(info.Structs) > 0 {
			g.start = info.Structs[0].From
		}
		p.groups = append(p.groups, g)
	}
	if p.bytes == 0 {
		p.since = d.node.cfg.Now()
	}
	g.updates = append(g.updates, update)
	g.number = s.received
	p.bytes += len(update)
}

// restore takes back groups that could not be sealed, to be tried from since
// on. What is added later makes groups of its own, behind them.
func (p *pendingEdits) restore(groups []*group, since time.Time) {
	*p = pendingEdits{groups: groups, generation: len(groups), since: since}
	for _, g := range groups {
		for _, u := range g.updates {
			p.bytes += len(u)
		}
	}
}

// current returns the slot's group of the current generation.
func (p *pendingEdits) current(sl *slot) *group {
	for _, g := range p.groups[p.generation:] {
		if g.slot == sl {
			return g
		}
	}
	return nil
}

// namesCurrent says whether an update of sl names something that another own
// slot wrote in the current generation.
func (p *pendingEdits) namesCurrent(sl *slot, info crdt.UpdateInfo) bool {
	for _, g := range p.groups[p.generation:] {
		if g.slot != sl && info.Names[g.slot.client] > g.start {
			return true
		}
	}
	return false
}

// slotBusy says whether edits of the slot wait to be stored or sealed.
func (d *Document) slotBusy(sl *slot) bool { return d.lastGroup(sl) != nil }

// lastGroup is the newest group of a slot, of those waiting and of the ones
// in a commit under way.
func (d *Document) lastGroup(sl *slot) *group {
	for _, list := range [][]*group{d.pending.groups, d.sealing} {
		for i := len(list) - 1; i >= 0; i-- {
			if list[i].slot == sl {
				return list[i]
			}
		}
	}
	return nil
}
