package node

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/seal"
	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/wire"
)

// load fills the document from the store. A damaged record is passed over and
// told in the log; what it held comes back from a peer.
func (d *Document) load(ctx context.Context) error {
	d.loading = true
	defer func() { d.loading = false }()
	steps := []struct {
		kind store.Kind
		read func(store.Record) error
	}{
		{store.KindLocal, d.loadLocal},
		{store.KindSecret, d.loadSecret},
		{store.KindOp, d.loadOp},
		{store.KindSealKey, d.loadSealKey},
		{store.KindWrap, d.loadWrap},
		{store.KindRequest, d.loadRequest},
		{store.KindEntry, d.loadEntry},
		{store.KindDraft, d.loadDraft},
		{store.KindReceipt, d.loadReceipt},
	}
	for _, step := range steps {
		for r, err := range d.node.cfg.Store.Scan(ctx, d.id, step.kind, "") {
			var corrupt *store.CorruptError
			errors.As(err, &corrupt)
			if (err == nil || corrupt != nil) && d.noteView(r, err) {
				continue
			}
			if corrupt != nil {
				d.noteDamage(r.Key, err)
				continue
			}
			if err != nil {
				return fmt.Errorf("read %s records: %w", step.kind, err)
			}
			if err := step.read(r); err != nil {
				d.noteDamage(r.Key, err)
			}
		}
		switch step.kind {
		case store.KindOp:
			d.loadAccess()
			d.govern()
		case store.KindWrap:
			d.tryWraps()
			d.openBacks()
		case store.KindEntry:
			d.dropUnsigned()
			d.loadView()
			d.applyReady()
		}
	}
	for chain := range d.chains.All() {
		if author, _, _, _ := d.chains.Author(chain); author == d.node.device {
			seq, _, _ := d.chains.Head(chain)
			d.ledger.own[chain] = seq + 1
		}
	}
	d.loadReceipts()
	d.resumeLost()
	d.checkSlots()
	d.standing = d.standingNow()
	d.holdDrafts()
	if d.merged.doc == nil {
		d.slim()
	}
	return nil
}

// noteDamage tells of a record that cannot be used. It stays in the store.
func (d *Document) noteDamage(k store.Key, err error) {
	d.damage++
	d.log.Error("stored record cannot be used, waiting for a peer's copy", "record", k.String(), "err", err)
}

func (d *Document) loadLocal(r store.Record) error {
	switch r.Key {
	case infoKey(d.id):
		return wire.Unmarshal(r.Value, &d.info)
	case outlookKey(d.id):
		return d.loadOutlook(r.Value)
	case asideStoreKey(d.id):
		return d.loadAside(r.Value)
	case lostStoreKey(d.id):
		return d.loadLost(r.Value)
	}
	return nil
}

func (d *Document) loadSecret(r store.Record) error {
	switch r.Key {
	case keysKey(d.id):
		var ring []keyRecord
		if err := d.openLocal(r.Key, r.Value, &ring); err != nil {
			return err
		}
		for _, k := range ring {
			if len(k.Key) != len(seal.EpochKey{}) {
				return fmt.Errorf("epoch key of %d bytes", len(k.Key))
			}
			d.noteKey(k.Epoch, seal.EpochKey(k.Key))
		}
	case inviteKey(d.id):
		return d.loadFirstLink(r)
	case joinKey(d.id):
		var stored joinRecord
		if err := d.openLocal(r.Key, r.Value, &stored); err != nil {
			return err
		}
		link, err := access.ParseLink(stored.Link)
		if err != nil {
			return fmt.Errorf("read kept link: %w", err)
		}
		rec, err := newJoinRecord(link)
		if err != nil {
			return err
		}
		d.join = rec
	default:
		switch {
		case strings.HasPrefix(r.Key.Name, linkPrefix):
			return d.loadLink(r)
		case strings.HasPrefix(r.Key.Name, keptPrefix):
			return d.loadKept(r)
		}
	}
	return nil
}

func (d *Document) loadOp(r store.Record) error {
	op, err := access.DecodeStored(r.Value)
	if err != nil {
		return fmt.Errorf("read access op: %w", err)
	}
	if store.OpKey(d.id, op.ID) != r.Key {
		return fmt.Errorf("read access op: %w: another one than was stored", access.ErrMalformed)
	}
	d.storedOps = append(d.storedOps, op)
	return nil
}

// loadAccess puts the stored ops, which come in the order of their ids, into
// the log.
func (d *Document) loadAccess() {
	d.access.Load(d.storedOps)
	if missing := d.access.Missing(); len(missing) > 0 {
		d.damage += len(missing)
		d.log.Error("access ops are missing, waiting for a peer's copy", "count", len(missing))
	}
	d.storedOps = nil
	d.followed = d.access.Revision()
	d.noteIgnored()
}

func (d *Document) loadWrap(r store.Record) error {
	w, err := access.DecodeWrap(r.Value)
	if err != nil {
		return fmt.Errorf("read wrap: %w", err)
	}
	d.wraps[r.Key.Name] = w
	slot := slotWraps{w.Epoch, w.Recipient}
	d.slots[slot] = append(d.slots[slot], w)
	d.wrapping.kept++
	return nil
}

func (d *Document) loadSealKey(r store.Record) error {
	k, err := seal.DecodeSealKey(r.Value)
	if err != nil {
		return err
	}
	hash := k.Hash()
	if hash == d.node.cfg.Key.SealHash() && k.Owner == d.node.device {
		k = d.node.ownSeal // once for all documents
	}
	d.seals[hash] = k
	return nil
}

// loadEntry adds an entry to its chain. One that comes after a hole has no
// place yet and is left in the store; a peer's copy closes the hole.
func (d *Document) loadEntry(r store.Record) error {
	e, err := oplog.Decode(r.Value)
	if err != nil {
		return fmt.Errorf("read entry: %w", err)
	}
	if err := d.chains.Load(e); err != nil {
		return err
	}
	if d.chains.Chosen(e.Chain(), oplog.Position{Seq: e.Seq, ID: e.ID}) {
		d.queue.hold(e)
	} else {
		d.queue.try(e.Chain())
	}
	return nil
}

// dropUnsigned forgets entries that stand after the last verified signature of
// their chain, which only a store that lost records has. Peers send them again.
func (d *Document) dropUnsigned() {
	for _, ref := range d.chains.Trim() {
		d.queue.release(entryRef{ref.Chain, ref.Seq})
		d.damage++
	}
}

// loadDraft merges an own edit that was durable but not in an entry, and
// queues it to become one. What an entry already holds is left out.
func (d *Document) loadDraft(r store.Record) error {
	if number, ok := draftNumber(r.Key.Name); ok {
		d.nextDraft = max(d.nextDraft, number+1)
	}
	var rec draftRecord
	if err := d.openLocal(r.Key, r.Value, &rec); err != nil {
		return err
	}
	sl := d.own[wire.NewChainID(d.id.Short(), d.node.device, rec.Auth, rec.Inc)]
	if sl == nil {
		sl = d.addSlot(rec.Auth, rec.Inc)
		if seq, id, ok := d.chains.Head(sl.chain); ok {
			sl.next, sl.prev = seq+1, id
		}
	}
	update, err := crdt.DiffUpdate(rec.Update, d.stateVector())
	if err != nil {
		return fmt.Errorf("read draft: %w", err)
	}
	info, err := crdt.Inspect(update)
	if err != nil {
		return fmt.Errorf("read draft: %w", err)
	}
	if !d.bounded(sl) { // else it moves to another chain, or stays set aside
		for client, above := range info.Names {
			d.needClock(client, above)
		}
		if err := d.body().ApplyUpdate(update, remoteOrigin); err != nil {
			return fmt.Errorf("merge draft: %w", err)
		}
	}
	g := &group{slot: sl, drafts: []store.Key{r.Key}}
	if numOps(info) > 0 {
		g.updates, g.saved = [][]byte{update}, 1
	} // else only its record is left to delete
	d.pending.groups = append(d.pending.groups, g)
	d.pending.bytes += len(update)
	return nil
}

// loadReceipt keeps a receipt until the ledger knows which chains are own.
func (d *Document) loadReceipt(r store.Record) error {
	rc, err := oplog.LoadReceipt(r.Value)
	if err != nil {
		return fmt.Errorf("read receipt: %w", err)
	}
	d.stored = append(d.stored, rc)
	return nil
}

func (d *Document) loadReceipts() {
	for i := range d.stored {
		r := &d.stored[i]
		if id, ok := d.chains.ID(r.Chain, r.Seq); ok && id == r.Entry {
			d.ledger.receipt(r)
		}
	}
	d.stored = nil
}
