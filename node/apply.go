package node

import (
	"errors"
	"fmt"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/seal"
	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/wire"
)

// entryRef names the place of an entry on its chain's chosen branch.
type entryRef struct {
	chain wire.ChainID
	seq   uint64
}

// maxHeldBytes bounds the accepted entries kept in memory until they can be
// merged; beyond it they are read from the store when their turn comes.
const maxHeldBytes = 32 << 20

// applyQueue orders the merging of accepted entries: those of a chain one
// after another, each after everything it depends on and once its key is held.
type applyQueue struct {
	held    map[entryRef]*oplog.Entry
	bytes   int
	ready   []wire.ChainID                             // chains whose next entry may be tried
	queued  map[wire.ChainID]bool                      // those in ready
	waiting map[wire.ChainID][]wire.ChainID            // by the chain waited for
	keyless map[wire.EpochID]map[wire.ChainID]struct{} // by the epoch waited for

	// structure says of a chain how many of its entries are merged though some
	// of them are void: entries that count were built upon them.
	structure map[wire.ChainID]uint64
	// frozen are chains of which other entries count than were merged; they go
	// on with the next rebuild.
	frozen map[wire.ChainID]bool
}

func newApplyQueue() *applyQueue {
	return &applyQueue{
		held:    map[entryRef]*oplog.Entry{},
		queued:  map[wire.ChainID]bool{},
		waiting: map[wire.ChainID][]wire.ChainID{},
		keyless: map[wire.EpochID]map[wire.ChainID]struct{}{},

		structure: map[wire.ChainID]uint64{},
		frozen:    map[wire.ChainID]bool{},
	}
}

// hold keeps an accepted entry until it is merged.
func (q *applyQueue) hold(e *oplog.Entry) {
	if q.bytes < maxHeldBytes {
		q.held[entryRef{e.Chain(), e.Seq}] = e
		q.bytes += len(e.Raw)
	}
	q.try(e.Chain())
}

// try has the chain's next entry looked at.
func (q *applyQueue) try(chain wire.ChainID) {
	if !q.queued[chain] {
		q.queued[chain] = true
		q.ready = append(q.ready, chain)
	}
}

func (q *applyQueue) release(ref entryRef) {
	if e, ok := q.held[ref]; ok {
		q.bytes -= len(e.Raw)
		delete(q.held, ref)
	}
}

// retry has the chains tried that waited for an entry of another one.
func (q *applyQueue) retry(chain wire.ChainID) {
	for _, waiter := range q.waiting[chain] {
		q.try(waiter)
	}
	delete(q.waiting, chain)
}

// unlock has the chains tried that waited for the key of an epoch.
func (q *applyQueue) unlock(epoch wire.EpochID) {
	for chain := range q.keyless[epoch] {
		q.try(chain)
	}
	delete(q.keyless, epoch)
}

// applyReady merges every entry that can be merged. Called with mu held.
func (d *Document) applyReady() {
	d.govern()
	d.applyQueued()
	d.settleContests()
}

// applyQueued merges what is ready and what becomes ready by that.
func (d *Document) applyQueued() {
	q := d.queue
	for len(q.ready) > 0 {
		chain := q.ready[0]
		q.ready = q.ready[1:]
		delete(q.queued, chain)
		for d.applyNext(chain) {
		}
	}
}

// applyNext merges the next entry of a chain, and says whether it did.
func (d *Document) applyNext(id wire.ChainID) bool {
	dev, auth, inc, ok := d.chains.Author(id)
	if !ok {
		return false
	}
	client := crdt.ClientID(d.node.clientOf(d.id.Short(), dev, auth, inc))
	if d.chains.Barred(id) || !d.causes.claim(id, client) {
		return false
	}
	chain := d.causes.chain(id, client)
	ref := entryRef{id, chain.applied()}
	counts := d.chains.Counts(id)
	if ref.seq >= max(counts, d.queue.structure[id]) || d.queue.frozen[id] {
		return false
	}
	e := d.nextEntry(ref)
	if e == nil {
		return false
	}
	switch err := d.applyEntry(chain, e, ref.seq >= counts); {
	case err == nil:
		d.node.stats.decrypted.Add(1)
	case errors.As(err, new(*waitError)):
		return false
	default:
		d.node.stats.inert.Add(1)
		d.log.Warn("entry contributes nothing", "entry", e.ID.String(), "err", err)
		chain.advance(chain.end(), nil)
	}
	chain.last = e.ID
	if e.Stream == streamBody && e.Kind == kindUpdate {
		d.outgrow(len(e.Raw))
	} else {
		chain.other++
	}
	d.queue.release(ref)
	d.queue.retry(id)
	if ref.seq == 0 {
		d.yieldClient(id, client)
	}
	return true
}

// yieldClient moves what own sessions write under a client id elsewhere, once
// another chain was merged under it.
func (d *Document) yieldClient(id wire.ChainID, client crdt.ClientID) {
	for chain, sl := range d.own {
		if sl.client == client && chain != id {
			d.checkSlots()
			return
		}
	}
}

// nextEntry finds an accepted entry in memory or in the store.
func (d *Document) nextEntry(ref entryRef) *oplog.Entry {
	id, ok := d.chains.ID(ref.chain, ref.seq)
	if !ok {
		return nil
	}
	return d.entryAt(ref.chain, oplog.Position{Seq: ref.seq, ID: id})
}

// entryAt finds an entry of any branch in memory or in the store.
func (d *Document) entryAt(chain wire.ChainID, p oplog.Position) *oplog.Entry {
	if e, ok := d.queue.held[entryRef{chain, p.Seq}]; ok && e.ID == p.ID {
		return e
	}
	raw, err := d.node.cfg.Store.Get(background(), store.EntryKey(d.id, chain, p.Seq, p.ID))
	if err != nil {
		return nil // not durable yet: tried again after the commit
	}
	e, err := oplog.Decode(raw)
	if err != nil || e.ID != p.ID {
		d.log.Error("stored entry cannot be read", "entry", p.ID.String(), "err", err)
		return nil
	}
	return e
}

// waitError says that an entry cannot be merged yet.
type waitError struct{ what string }

func (e *waitError) Error() string { return "waits for " + e.what }

// applyEntry opens and merges one entry. A waitError leaves it for later, and
// notes what would let it go on; any other error makes it inert. A void entry
// is merged as structure.
func (d *Document) applyEntry(chain *chainBody, e *oplog.Entry, void bool) error {
	if void && (e.Stream != streamBody || e.Kind != kindUpdate) {
		chain.advance(chain.end(), nil)
		return nil
	}
	if e.Stream == oplog.StreamComments && e.Kind == kindUpdate {
		return d.applyComment(chain, e)
	}
	if e.Stream == streamBody && e.Kind == kindCarry {
		return d.applyCarry(chain, e)
	}
	if e.Stream != streamBody || e.Kind != kindUpdate {
		d.log.Warn("entry of a kind this version does not read, kept", "kind", e.Kind, "stream", e.Stream)
		chain.advance(chain.end(), nil)
		return nil
	}
	payload, err := d.open(e)
	if err != nil {
		return err
	}
	if err := d.depsApplied(e, payload.Deps); err != nil {
		return err
	}
	if len(payload.Body) == 0 {
		if e.NumOps != 0 {
			return errWrongOps
		}
		chain.advance(chain.end(), payload.Deps)
		return nil
	}
	info, err := crdt.Inspect(payload.Body)
	if err != nil {
		return fmt.Errorf("read update: %w", err)
	}
	if numOps(info) != int(e.NumOps) {
		return errWrongOps
	}
	end, err := d.causes.judge(chain, payload.Deps, info)
	if err != nil {
		return err
	}
	body := payload.Body
	if void {
		if body, err = crdt.StructureOnly(body, d.live().Keyed); err != nil {
			return fmt.Errorf("reduce to structure: %w", err)
		}
	}
	if err := d.body().ApplyUpdate(body, remoteOrigin); err != nil {
		return fmt.Errorf("merge update: %w", err)
	}
	chain.advance(end, payload.Deps)
	return nil
}

// remoteOrigin marks transactions that merge an entry.
const remoteOrigin = originRemote("entry")

type originRemote string

// open decrypts an entry, or waits for its key.
func (d *Document) open(e *oplog.Entry) (seal.Payload, error) {
	sealer, err := d.sealer(e.Epoch, e.Chain(), e.Author, e.Auth, e.Inc)
	if errors.Is(err, errNoKey) {
		waiters := d.queue.keyless[e.Epoch]
		if waiters == nil {
			waiters = map[wire.ChainID]struct{}{}
			d.queue.keyless[e.Epoch] = waiters
		}
		waiters[e.Chain()] = struct{}{}
		return seal.Payload{}, &waitError{"a key"}
	}
	if err != nil {
		return seal.Payload{}, err
	}
	aad, err := e.AAD()
	if err != nil {
		return seal.Payload{}, fmt.Errorf("encode header: %w", err)
	}
	return sealer.Open(aad, e.Ct)
}

// depsApplied says whether everything an entry depends on is merged.
func (d *Document) depsApplied(e *oplog.Entry, deps []seal.Dep) error {
	if len(deps) > 0 && d.count.contests.open {
		d.count.contests.dirty = true
	}
	for _, dep := range deps {
		if dep.Chain == e.Chain() {
			return errMissingDep // a chain needs no dependency on itself
		}
		other := d.causes.chains[dep.Chain]
		id, ok := d.chains.ID(dep.Chain, dep.Seq)
		if ok && other != nil && other.applied() > dep.Seq && [8]byte(id[:8]) == dep.ID8 {
			continue
		}
		d.noteHead(dep.Chain, dep.Seq, dep.ID8)
		d.need(dep)
		d.queue.waiting[dep.Chain] = append(d.queue.waiting[dep.Chain], e.Chain())
		return &waitError{"an entry it depends on"}
	}
	return nil
}
