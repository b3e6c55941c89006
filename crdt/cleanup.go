package crdt

import "github.com/sheafdocs/sheaf/crdt/internal/sorting"

// cleanup completes the queued transactions, one after the other. Hooks may
// run further transactions, which join the queue.
func (d *Doc) cleanup() {
	defer func() {
		for _, tx := range d.queue {
			tx.over = true
			d.keepTxn(tx)
		}
		clear(d.queue)
		d.queue = d.queue[:0]
		call(d.hooks.afterAll, struct{}{})
	}()
	for i := 0; i < len(d.queue); i++ {
		d.complete(d.queue[i])
	}
	d.compactText()
}

// complete ends a transaction by Yjs's rules, which decide the bytes of the
// encoded state: formatting clean-up, garbage collection, joining of items;
// then it reports.
func (d *Doc) complete(tx *Txn) {
	cleanFormats := !tx.local && !d.config.DisableFormatCleanup && d.changedFormattedText(tx)
	observed := d.observers > 0 || len(d.hooks.after) > 0
	if cleanFormats || observed {
		tx.report = &txnReport{deleters: tx.deletes.Clients()}
	}
	tx.deletes = tx.deletes.Normalize()
	for i := range tx.touched {
		tx.touched[i].after = d.clients[tx.touched[i].client].state
	}
	sorting.Stable(tx.borders, unit.compare)
	tx.completing = true
	tx.show(d.hooks.beforeObservers)
	if observed {
		tx.shown = true // the events hold it
		cleanFormats = d.callObservers(tx)
		call(d.hooks.after, tx)
	}
	if cleanFormats && !d.config.DisableFormatCleanup {
		d.cleanupFormatting(tx, tx.report.deleters)
	}
	if !d.config.DisableGC {
		d.collectDeletes(tx)
	}
	d.joinDeletes(tx)
	for _, t := range tx.touched {
		if t.before != t.after {
			d.joinFrom(t.client, t.before)
		}
	}
	for i := len(tx.merges) - 1; i >= 0; i-- {
		d.joinAround(tx.merges[i])
	}
	tx.joined = true
	d.finish(tx)
}

// collectDeletes drops the content of what the transaction deleted.
func (d *Doc) collectDeletes(tx *Txn) {
	for _, r := range tx.deletes {
		c := d.clientIndex(ClientID(r.Client))
		cl := &d.clients[c]
		pos, more := d.find(cl, r.Clock), true
		for more {
			h := cl.at(pos)
			it := d.items.at(h)
			if it.clock >= r.End() {
				break
			}
			if it.deleted() && it.kind != kindGC && !it.kept() && d.mayCollect(h) {
				d.collect(h)
			}
			pos, more = cl.next(pos)
		}
	}
}

// joinDeletes joins what the transaction deleted with its neighbours, from
// right to left.
func (d *Doc) joinDeletes(tx *Txn) {
	for i := len(tx.deletes) - 1; i >= 0; i-- {
		r := tx.deletes[i]
		c := d.clientIndex(ClientID(r.Client))
		cl := &d.clients[c]
		pos := d.find(cl, r.End()-1)
		if next, ok := cl.next(pos); ok {
			pos = next
		}
		for !cl.isFirst(pos) && d.items.at(cl.at(pos)).clock >= r.Clock {
			pos, _ = d.joinLefts(c, pos)
			if cl.isFirst(pos) {
				break
			}
			pos = cl.prev(pos)
		}
	}
}

// joinFrom joins the items of a client from the last one back to the one that
// holds clock.
func (d *Doc) joinFrom(c uint32, clock uint64) {
	cl := &d.clients[c]
	first := d.find(cl, clock)
	for pos := cl.lastPos(); !cl.isFirst(pos) && pos.compare(first) >= 0; pos = cl.prev(pos) {
		pos, _ = d.joinLefts(c, pos)
		if cl.isFirst(pos) {
			break
		}
	}
}

// joinAround joins the item that holds a unit with its neighbours.
func (d *Doc) joinAround(u unit) {
	cl := &d.clients[u.client]
	pos := d.find(cl, u.clock)
	if next, ok := cl.next(pos); ok {
		if _, n := d.joinLefts(u.client, next); n > 1 {
			return
		}
	}
	if !cl.isFirst(pos) {
		d.joinLefts(u.client, pos)
	}
}
