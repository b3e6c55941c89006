package node

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/gossip"
	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/replication"
	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/wire"
)

// Receive takes what sync brought from a peer. It returns when everything was
// judged and what counts is on its way to the store. The error says what was
// wrong with the sender's data.
func (n *Node) Receive(_ context.Context, from wire.Device, del replication.Delivery) error {
	if n.cfg.Host != nil {
		<-n.ready
	}
	d, err := n.Document(del.Doc)
	if err != nil {
		return err
	}
	err = d.receive(from, del)
	if len(del.Entries) > 0 {
		d.offerAgain()
	}
	return err
}

// offerAgain has the other peers told of entries that sync brought: gossip
// passes on only what came by gossip.
func (d *Document) offerAgain() {
	d.mu.Lock()
	d.out.then(func() { d.reoffer = true })
	d.mu.Unlock()
	d.wake()
}

func (d *Document) receive(from wire.Device, del replication.Delivery) error {
	d.mu.Lock()
	for d.out.bytes > maxIncoming && !d.closed {
		d.space.Wait()
	}
	if d.closed {
		d.mu.Unlock()
		return ErrClosed
	}
	var errs []error
	for _, raw := range del.Ops {
		errs = append(errs, d.receiveOp(raw))
	}
	d.accessChanged()
	for _, raw := range del.Wraps {
		errs = append(errs, d.receiveWrap(raw))
	}
	for _, raw := range del.SealKeys {
		errs = append(errs, d.receiveSealKey(raw))
	}
	var requests [][]byte
	for _, raw := range del.Requests {
		passOn, err := d.takeRequest(raw)
		if err != nil {
			d.log.Info("join request refused", "peer", from.String(), "err", err)
		} else if passOn != nil {
			requests = append(requests, passOn)
		}
	}
	errs = append(errs, d.receiveEntries(from, del.Entries))
	d.applyReady()
	d.finishJoin()
	if request := d.requestJoin(from); request != nil {
		requests = append(requests, request)
	}
	d.mu.Unlock()
	d.wake()
	if d.node.sync != nil {
		for _, r := range requests {
			d.node.sync.Request(d.id, r)
		}
	}
	return errors.Join(errs...)
}

// receiveOp adds an access op, and stores it with those it completes.
func (d *Document) receiveOp(raw []byte) error {
	op, err := access.DecodeOp(raw)
	if errors.Is(err, wire.ErrUnknownVersion) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read access op: %w", err)
	}
	result, err := d.access.Add(op)
	if err != nil {
		return fmt.Errorf("add access op: %w", err)
	}
	for _, added := range result.Added {
		d.out.put(store.OpKey(d.id, added.ID), added.Raw)
	}
	return nil
}

// noteIgnored tells of ops that this version keeps and does not read.
func (d *Document) noteIgnored() {
	if kinds := d.access.Ignored(); len(kinds) > d.ignored {
		d.ignored = len(kinds)
		d.log.Warn("access log has ops this version does not read; they are kept", "kinds", fmt.Sprint(kinds))
	}
}

// receiveEntries judges entries run by run and puts those that count, or are
// branches to be kept, on their way to the store and into the document.
func (d *Document) receiveEntries(from wire.Device, raws [][]byte) error {
	d.govern()
	entries := make([]*oplog.Entry, 0, len(raws))
	var errs []error
	for _, raw := range raws {
		e, err := oplog.Decode(raw)
		if v := oplog.VerdictOf(err); v.Action == oplog.Reject {
			errs = append(errs, err)
			break
		} else if err == nil {
			entries = append(entries, e)
		}
	}
	if d.access.Ended(from) { // it may hand in what it wrote itself
		entries = slices.DeleteFunc(entries, func(e *oplog.Entry) bool { return e.Author != from })
	}
	for _, run := range oplog.SplitRuns(entries) {
		kept, v := d.chains.CheckRun(d.access, run)
		d.keepEntries(kept)
		d.refuse(v)
		switch {
		case v.Action == oplog.Reject:
			errs = append(errs, v.Reason)
		case errors.Is(v.Reason, oplog.ErrGap), errors.Is(v.Reason, oplog.ErrPrev):
			d.fillGap(from, run[0])
		}
	}
	return errors.Join(errs...)
}

// keepEntries appends judged entries to their chains, hands them to the store
// and queues them for merging. Receipts follow when they are durable.
func (d *Document) keepEntries(kept []*oplog.Entry) {
	if len(kept) == 0 {
		return
	}
	for _, e := range kept {
		change := d.chains.Append(e)
		if change.Kind == oplog.Unchanged {
			continue
		}
		d.out.put(store.EntryKey(d.id, e.Chain(), e.Seq, e.ID), e.Raw)
		d.dropBranch(e.Chain(), change.Dropped)
		d.noteForeign(e)
		switch change.Kind {
		case oplog.Kept:
			d.queue.retry(e.Chain()) // something may wait for it as structure
			d.count.contests.dirty = d.count.contests.dirty || d.chains.Collides(e.Chain())
		case oplog.Extended:
			d.queue.hold(e)
		case oplog.Switched:
			d.recounted([]oplog.Recount{{
				Chain: e.Chain(), Before: change.Was.Seq + 1, Now: d.chains.Counts(e.Chain()), Same: change.From, Was: change.Was,
			}})
		}
		if forked := change.Kind == oplog.Switched || e.Seq < d.chains.Counts(e.Chain()); change.Kind != oplog.Extended && forked {
			d.count.contests.dirty = true
			d.log.Warn("a chain has two branches", "peer", e.Author.String(), "entry", e.ID.String())
			d.out.then(func() { d.reoffer = true }) // gossip does not pass branches on
		}
	}
	now := d.node.cfg.Now()
	d.rate.add(len(kept), now)
	d.info.touch(now)
	d.changed = true
	d.node.stats.verified.Add(uint64(len(kept)))
	last := kept[len(kept)-1]
	d.out.then(func() { d.receiptFor(last) })
}

// noteForeign ends what this device writes on a chain on which another copy of
// its key has written too. A chain with drafts found at start may be given back
// entries that this store had lost, and goes on behind them.
func (d *Document) noteForeign(e *oplog.Entry) {
	sl := d.own[e.Chain()]
	if _, found := d.unproven[e.Chain()]; sl == nil || found || sl.foreign {
		return
	}
	sl.foreign = true
	d.checkSlots()
}

// receiptFor queues a receipt for everything of a chain up to an entry that
// has become durable.
func (d *Document) receiptFor(e *oplog.Entry) {
	d.queue.try(e.Chain()) // entries not held in memory can be read now
	if e.Author == d.node.device || !d.chains.Chosen(e.Chain(), oplog.Position{Seq: e.Seq, ID: e.ID}) {
		return
	}
	d.signReceipt(oplog.Receipt{Doc: d.id.Short(), Chain: e.Chain(), Seq: e.Seq, Entry: e.ID, TS: d.node.cfg.Now()})
}

// signReceipt queues a receipt for the document's peers.
func (d *Document) signReceipt(r oplog.Receipt) {
	r, err := oplog.SignReceipt(d.node.cfg.Key, r)
	if err != nil {
		d.log.Error("sign receipt", "err", err)
		return
	}
	d.receiptsOut = append(d.receiptsOut, r)
}

// Receipts takes what other devices say they hold durably.
func (n *Node) Receipts(_ wire.Device, rs []oplog.Receipt) {
	byDoc := map[wire.Doc16][]oplog.Receipt{}
	for _, r := range rs {
		byDoc[r.Doc] = append(byDoc[r.Doc], r)
	}
	n.mu.Lock()
	docs := n.listLocked()
	n.mu.Unlock()
	for _, d := range docs {
		if mine := byDoc[d.id.Short()]; mine != nil {
			d.receipts(mine)
		}
	}
}

// fillGap asks for what gossip passed over.
func (d *Document) fillGap(from wire.Device, e *oplog.Entry) {
	switch {
	case d.node.sync == nil:
	case e == nil:
		d.node.sync.Gap(from, d.id)
	default:
		d.node.sync.Gap(from, d.id, e.Chain())
	}
}

// Deliver takes a message that gossip's validator accepted.
func (d *Document) Deliver(from wire.Device, m gossip.Message) {
	del := replication.Delivery{Doc: d.id}
	switch m.Kind {
	case gossip.Entry:
		del.Entries = [][]byte{m.Body}
	case gossip.Op:
		del.Ops = [][]byte{m.Body}
	case gossip.Wrap:
		del.Wraps = [][]byte{m.Body}
	case gossip.Presence:
		d.receivePresence(m.Body)
		return
	case gossip.Gap:
		d.fillGap(from, m.Entry)
		return
	}
	if err := d.receive(from, del); err != nil && !errors.Is(err, ErrClosed) {
		d.log.Info("gossip message not taken", "peer", from.String(), "err", err)
	}
}
