package node

import (
	"slices"

	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/replication"
	"github.com/sheafdocs/sheaf/node/wire"
)

// Offer implements replication.Document. A member gets the wraps of everyone
// who may read, so that who lost all but the device key finds its own at any
// other, and their seal keys; a doorkeeper, who may not read, gets none. Who
// has proven an invite gets those for the invite.
func (d *Document) Offer(peer wire.Device, invite wire.SealHash, why replication.Reason) replication.Offer {
	d.mu.Lock()
	defer d.mu.Unlock()
	if ended := d.endedBy(peer); len(ended) > 0 && invite.IsZero() {
		return replication.Offer{Ended: ended}
	}
	_, role, member := d.access.Authority(peer)
	if !member || role < access.Viewer {
		offer := replication.Offer{Late: d.lateLines(peer)}
		if !invite.IsZero() && slices.ContainsFunc(d.recipients(), func(r recipient) bool { return r.hash == invite }) {
			offer.Wraps = encodeWraps(d.wrapsOf(invite))
		}
		return offer
	}
	if why == replication.Asked {
		d.wrapping.asked[peer]++
	}
	if why == replication.Asked || !d.wrappedFor(peer) {
		d.wrapping.wanted[peer] = true
		d.wake()
	}
	offer := d.offerToMembers()
	offer.Late = d.lateLines(peer)
	return offer
}

// offerToMembers is the part of an offer that is the same for all members.
func (d *Document) offerToMembers() replication.Offer {
	v := d.wrapVersion()
	if c := &d.wrapping.offer; c.Version == 0 || d.wrapping.offerOf != v {
		next := replication.Offer{Version: c.Version + 1}
		for _, r := range d.recipients() {
			next.Wraps = append(next.Wraps, encodeWraps(d.wrapsOf(r.hash))...)
			if k, known := d.seals[r.hash]; known {
				if raw, err := k.Encode(); err == nil {
					next.SealKeys = append(next.SealKeys, raw)
				}
			}
		}
		d.wrapping.offer, d.wrapping.offerOf = next, v
	}
	offer := d.wrapping.offer
	offer.Wraps, offer.SealKeys = slices.Clip(offer.Wraps), slices.Clip(offer.SealKeys) // sessions append
	return offer
}

func (d *Document) wrapVersion() wrapVersion {
	return wrapVersion{d.access.Revision(), d.epochs.held, len(d.seals), d.wrapping.kept}
}

func encodeWraps(list []*access.Wrap) [][]byte {
	var raws [][]byte
	for _, w := range list {
		if raw, err := w.Encode(); err == nil {
			raws = append(raws, raw)
		}
	}
	return raws
}

// wrapsOf lists the wraps for a recipient, by epoch in the order that writers
// prefer.
func (d *Document) wrapsOf(hash wire.SealHash) []*access.Wrap {
	var list []*access.Wrap
	seen := map[wire.EpochID]bool{}
	for _, e := range d.rosterNow().epochs {
		if !seen[e.ID] {
			seen[e.ID] = true
			list = append(list, d.slots[slotWraps{e.ID, hash}]...)
		}
	}
	return list
}
