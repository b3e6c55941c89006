package node

import (
	"time"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/crdt/packed"
	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/seal"
	"github.com/sheafdocs/sheaf/node/wire"
)

// A document that nobody edits rests: what is merged is kept packed, some bytes
// a character less, and is put together when something is merged or edited
// again. Readers are shown what is visible without that (docs/adr/0015).

// Timing of rest.
const (
	restAfter = 30 * time.Second // without a session and without a merge
	viewQuiet = 5 * time.Second  // without a merge before a view is stored
	viewLate  = 10 * time.Minute // between two that change little, and if nobody pauses
)

// merged is what the entries that count come to.
type merged struct {
	doc    *crdt.Doc        // nil: at rest
	packed *packed.Document // the same packed, if it was not touched since; never nil at rest
	title  string           // at rest
	used   time.Time        // when doc was touched last
	since  time.Time        // when it was first touched since it was packed
	times  int              // how often it was touched

	spoiled bool // packed was of no use: doc lacks what was merged until the rebuild that is due

	parts  int       // records of the view in the store
	stored time.Time // when this process stored it
	size   int       // bytes packed of it
	behind int       // bytes of the entries merged since
}

// body returns the merged document to edit or to merge into: it is touched.
func (d *Document) body() *crdt.Doc {
	doc, m := d.live(), &d.merged
	m.used = d.node.cfg.Now()
	m.times++
	if m.packed != nil {
		m.packed, m.since = nil, m.used
	}
	return doc
}

// editable is body for an own edit. One that was merged into a spoiled document
// would not be told from what is there already, and so be lost: its author keeps
// it.
func (d *Document) editable() (*crdt.Doc, error) {
	doc := d.body()
	if d.merged.spoiled {
		return nil, ErrSessionOver
	}
	return doc, nil
}

// live returns the merged document, to be read.
func (d *Document) live() *crdt.Doc {
	if d.merged.doc == nil {
		d.unpack()
	}
	return d.merged.doc
}

// shown returns a document to read what is visible from, and for nothing else.
func (d *Document) shown() *crdt.Doc {
	if d.merged.doc != nil {
		return d.merged.doc
	}
	doc, err := d.merged.packed.Visible()
	if err != nil {
		return d.live()
	}
	return doc
}

// stateVector is that of the merged document.
func (d *Document) stateVector() crdt.StateVector {
	if d.merged.doc == nil {
		return d.merged.packed.StateVector()
	}
	return d.merged.doc.StateVector()
}

// state encodes what a holder of sv lacks of the merged document.
func (d *Document) state(sv crdt.StateVector) []byte {
	if d.merged.doc == nil && len(sv) == 0 {
		if update, err := d.merged.packed.Update(); err == nil {
			return update
		}
	}
	return d.live().EncodeStateAsUpdate(sv)
}

// newBody is an empty document to merge into. A clean-up here would delete what
// no entry deletes: nodes with the same entries would differ. Pages clean up,
// and what they delete is logged.
func newBody() *crdt.Doc { return crdt.NewDoc(bodyConfig) }

var bodyConfig = crdt.Config{DisableFormatCleanup: true}

// unpack ends the rest. Packed bytes are compared when they are made and hashed
// where they are stored; should they be of no use all the same, everything is
// merged anew from the log.
func (d *Document) unpack() {
	doc, err := d.merged.packed.Doc(bodyConfig)
	if err != nil {
		d.log.Error("packed document cannot be read, merging the log anew", "err", err)
		d.dropView()
		now := d.node.cfg.Now()
		d.merged = merged{doc: newBody(), used: now, since: now, times: d.merged.times + 1, spoiled: true}
		d.count.wanted = true
		d.scheduleRebuild()
		return
	}
	d.merged.doc = doc
	d.followBody()
}

// outgrow notes that an entry was merged that is not in the stored view.
func (d *Document) outgrow(bytes int) { d.merged.behind += bytes }

// restIfIdle lets go of the merged document when nobody needs it.
func (d *Document) restIfIdle(now time.Time) {
	m := &d.merged
	if m.doc == nil || m.packed == nil || len(d.sessions) > 0 || now.Sub(m.used) < restAfter || !d.settled() {
		return
	}
	m.title = d.titleLocked()
	m.doc, d.unfollow = nil, nil
	d.slim()
}

// slim lets go of what a document at rest does not need and can have again.
func (d *Document) slim() {
	d.sealers = map[sealerKey]*seal.Sealer{}
	if q := d.queue; len(q.held)+len(q.ready) == 0 { // emptied maps keep their room
		q.held, q.queued, q.ready = map[entryRef]*oplog.Entry{}, map[wire.ChainID]bool{}, nil
	}
}

// settled says whether what is merged is just what the stored entries that count
// come to: no own edits on their way, nothing void or disputed.
func (d *Document) settled() bool {
	if len(d.pending.groups)+len(d.sealing)+len(d.unsettled) > 0 || !d.out.empty() || !d.unstored.empty() {
		return false
	}
	c, q := &d.count, d.queue
	if c.wanted || c.under || c.contests.open || c.contests.dirty || len(q.structure)+len(q.frozen)+len(c.reissue) > 0 {
		return false
	}
	return d.undisputed()
}

// undisputed says whether every chain has one branch and a client id of its own.
func (d *Document) undisputed() bool {
	return len(d.chains.Forks()) == 0 && !d.chains.Collisions()
}
