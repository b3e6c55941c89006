package node

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/sheafdocs/sheaf/node/store"
)

// outbox collects the records that wait for the document's next commit.
type outbox struct {
	puts    []store.Record
	deletes []store.Key
	bytes   int
	after   []func() // called with mu held once the records are durable
}

func (o *outbox) put(k store.Key, value []byte) {
	o.puts = append(o.puts, store.Record{Key: k, Value: value})
	o.bytes += len(value)
}

// remove has a record deleted. One that was only put in this outbox is dropped
// from it, because a store deletes before it puts.
func (o *outbox) remove(k store.Key) {
	o.puts = slices.DeleteFunc(o.puts, func(r store.Record) bool { return r.Key == k })
	o.deletes = append(o.deletes, k)
}

// then has f called, with mu held, when everything put so far is durable.
func (o *outbox) then(f func()) { o.after = append(o.after, f) }

func (o *outbox) empty() bool {
	return len(o.puts) == 0 && len(o.deletes) == 0 && len(o.after) == 0
}

// run is the document's only writer: it commits what others left in the
// outbox and the sessions' edits, one commit at a time and in order, so that
// what is durable of a chain is always a prefix of it.
func (d *Document) run() {
	defer close(d.done)
	timer := time.NewTimer(0)
	defer timer.Stop()
	defer d.leaveTopic()
	for {
		d.enterTopic()
		wait, closing := d.nextWork()
		if closing {
			d.storeView()
			return
		}
		d.sleep(timer, wait)
		work := d.collect()
		if !work.empty() {
			d.commit(work)
		}
		d.flush()
		d.housekeep()
		d.storeView()
	}
}

// sleep waits for work or for the time to look for it. While the store
// refuses, only time wakes it, so that a busy page does not hurry the retries.
func (d *Document) sleep(timer *time.Timer, wait time.Duration) {
	timer.Reset(wait)
	kick := d.kick
	if d.retrying() {
		kick = nil
	}
	select {
	case <-kick:
	case <-timer.C:
	}
}

func (d *Document) retrying() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.retryWait > 0 && !d.closed
}

// nextWork says how long run may sleep, and whether the document is closed
// with nothing left to store.
func (d *Document) nextWork() (time.Duration, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		// Drafts that are durable need not become entries now: the next start
		// does that.
		stored := d.out.empty() && d.unstored.empty() && !d.pending.unsaved()
		return 0, stored || d.retryWait > 0
	}
	now := d.node.cfg.Now()
	switch {
	case d.retryWait > 0:
		return d.retryWait, false
	case !d.out.empty():
		return 0, false
	case d.pending.unsaved():
		return max(0, draftInterval-now.Sub(d.lastFlush)), false
	case len(d.pending.groups) > 0 && d.canSeal():
		return max(0, d.sealWait()-now.Sub(d.pending.since)), false
	}
	return d.rebuildWait(now), false
}

func (p *pendingEdits) unsaved() bool {
	for _, g := range p.groups {
		if g.saved < len(g.updates) {
			return true
		}
	}
	return false
}

// collect takes what is to be committed next: first what failed before.
func (d *Document) collect() outbox {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.unstored.empty() {
		return d.unstored
	}
	adopted := d.adoptPending()
	now := d.node.cfg.Now()
	if d.count.wanted {
		d.scheduleRebuild()
	}
	switch {
	case len(d.pending.groups) == 0:
	case adopted && d.canSeal() && (now.Sub(d.pending.since) >= d.sealWait() || d.pending.bytes >= maxEntryUpdate):
		d.sealPending()
	case d.closed || now.Sub(d.lastFlush) >= draftInterval:
		d.draftPending()
	}
	work := d.out
	d.out = outbox{}
	d.unstored = work
	if !work.empty() {
		d.lastFlush = now
	}
	return work
}

// commit makes work durable and then lets it take effect. When the store
// refuses, the very same records are tried again: an entry that may already
// be on disk must never be replaced by another one at its place.
func (d *Document) commit(work outbox) {
	err := commitAll(d.node.cfg.Store, work)
	d.mu.Lock()
	defer d.mu.Unlock()
	if err != nil {
		d.commitFailed(err)
		return
	}
	d.unstored = outbox{}
	if d.retryWait > 0 {
		d.retryWait = 0
		d.log.Info("store works again")
	}
	for _, f := range work.after {
		f()
	}
	d.applyReady()
	d.space.Broadcast()
	for _, s := range d.sessions {
		if s.over {
			d.releaseSession(s)
		}
	}
}

// commitAll commits records in batches the store takes, deletions last: what
// replaces a deleted record is durable before it goes.
func commitAll(st store.Store, work outbox) error {
	ctx := context.Background()
	var b store.Batch
	for _, r := range work.puts {
		one := store.Batch{Put: []store.Record{r}}
		if b.Size()+one.Size() > store.MaxBatchBytes {
			if err := st.Commit(ctx, &b); err != nil {
				return err
			}
			b = store.Batch{}
		}
		b.Put = append(b.Put, r)
	}
	for _, k := range work.deletes {
		one := store.Batch{Delete: []store.Key{k}}
		if b.Size()+one.Size() > store.MaxBatchBytes {
			if err := st.Commit(ctx, &b); err != nil {
				return err
			}
			b = store.Batch{}
		}
		b.Delete = append(b.Delete, k)
	}
	return st.Commit(ctx, &b)
}

// flush tells others what has become durable.
func (d *Document) flush() {
	d.mu.Lock()
	messages, receipts, topic := d.announce, d.receiptsOut, d.topic
	reoffer, changed, talked := d.reoffer, d.changed, d.talkChanged()
	to := d.receiptsTo
	review, ask := d.review, d.askAnew
	d.announce, d.receiptsOut, d.reoffer, d.changed = nil, nil, false, false
	d.receiptsTo, d.review, d.askAnew = nil, false, false
	d.mu.Unlock()
	if review && topic != nil {
		topic.Review() // before anything is published
	}
	if ask {
		d.askPeers()
	}
	for _, m := range messages {
		if err := topic.Publish(d.node.ctx, m); err != nil {
			reoffer = true // sync brings what gossip could not
		}
	}
	if d.node.sync != nil {
		if len(receipts) > 0 {
			d.node.sync.SendReceipts(d.id, receipts)
		}
		for dev, rs := range to {
			d.node.sync.SendReceiptsTo(dev, d.id, rs)
		}
		if reoffer {
			d.node.sync.Changed(d.id)
		}
	}
	if changed {
		d.node.notify(Change{Kind: DocumentChanged, Doc: d.id})
	}
	if talked {
		d.node.notify(Change{Kind: CommentsChanged, Doc: d.id})
	}
}

// commitFailed keeps the work for another try and tells the sessions.
func (d *Document) commitFailed(err error) {
	d.node.stats.commitsFailed.Add(1)
	if d.retryWait == 0 {
		d.log.Error("commit failed, trying again", "err", err)
	}
	d.retryWait = min(max(2*d.retryWait, retryMin), retryMax)
	code, reason := "unavailable", "This device's store does not take edits right now. They are kept in this page and tried again."
	if errors.Is(err, store.ErrFull) {
		code, reason = "full", "The disk is full. Nothing stored is lost; new edits are kept in this page until there is space. Free some space on this device."
	}
	for _, s := range d.sessions {
		s.push(Event{Kind: EventError, Code: code, Reason: reason})
	}
}

// sealWait is how long own edits gather before they become an entry.
func (d *Document) sealWait() time.Duration {
	if d.listeners() == 0 {
		return sealAlone
	}
	rate := d.rate.perSecond(d.node.cfg.Now())
	if rate <= entriesPerSec {
		return sealInterval
	}
	return min(sealMax, time.Duration(float64(sealInterval)*rate/entriesPerSec))
}

// listeners counts the connected peers of this document.
func (d *Document) listeners() int { return len(d.node.peersOf(d.id)) }

// housekeep does what is due from time to time.
func (d *Document) housekeep() {
	d.mu.Lock()
	now := d.node.cfg.Now()
	d.dropStaleSessions(now)
	d.expirePresence(now)
	d.tendAccess()
	d.introduceSelf()
	d.sendKept()
	passRequests := d.duePassing(now)
	d.settleContests()
	d.endorseIfDue(now)
	if d.count.carryDue {
		d.carry()
	}
	if d.count.sayDue {
		d.sayAgain()
	}
	d.rotateIfDue(now)
	d.wrapIfDue(now)
	lacking := d.keysLacking(now)
	overdue := d.ledger.overdue(now, d.listeners() > 0)
	reoffer := d.offerDue(now) || overdue
	ask := d.lookOut(now)
	d.passReceipts(now)
	if d.info.dirty && now.Sub(d.infoStored) > infoInterval {
		d.infoStored = now
		if err := d.putInfo(); err != nil {
			d.log.Error("store local notes", "err", err)
		}
	}
	d.mu.Unlock()
	if d.node.sync == nil {
		return
	}
	if passRequests {
		d.passRequests()
	}
	if lacking {
		d.askPeers()
	}
	if reoffer {
		d.node.sync.Changed(d.id)
	}
	d.askAll(ask)
}
