package node

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/wire"
)

// localInfo is what this device alone notes of a document.
type localInfo struct {
	_       struct{} `cbor:",toarray"`
	Created int64    // unix ms
	Updated int64    // unix ms of the last edit seen
	Trashed bool

	dirty bool
}

// touch notes an edit; housekeeping stores it.
func (i *localInfo) touch(now time.Time) {
	i.Updated = now.UnixMilli()
	i.dirty = true
}

// Info describes a document for a list.
type Info struct {
	ID      wire.DocID
	Title   string
	Created time.Time
	Updated time.Time
	Trashed bool
	State   State
	Role    access.Role
	Left    bool     // removed, and by this device's own choice
	Waiting bool     // this device writes as a guest: it waits for a member to let it in
	Others  []Holder // other devices that hold edits of this device
	Peers   int      // connected peers for this document
	// Withheld counts entries known to exist that no one delivers.
	Withheld int
	Aside    int  // edits that are kept and count for nobody
	Forked   bool // another copy of this device's key has written here
}

// Info describes the document.
func (d *Document) Info() Info {
	others := d.Holders()
	d.mu.Lock()
	defer d.mu.Unlock()
	_, role, _ := d.editsAs()
	withheld := 0
	for _, m := range d.withheldLocked(d.node.cfg.Now()) {
		withheld += m.Count
	}
	return Info{
		ID: d.id, Title: d.titleLocked(), State: d.stateLocked(), Role: role, Left: d.leftLocked(), Waiting: d.waitingLocked(),
		Created: time.UnixMilli(d.info.Created), Updated: time.UnixMilli(d.info.Updated),
		Trashed: d.info.Trashed, Others: others, Peers: d.listeners(), Withheld: withheld, Aside: d.asideCount(), Forked: d.forkedLocked(),
	}
}

// forkedLocked says whether a chain of this device has a second branch: this
// device never writes one, so its key is also somewhere else. Which branch counts
// is decided as for any chain.
func (d *Document) forkedLocked() bool {
	return slices.ContainsFunc(d.chains.Forks(), func(f oplog.Fork) bool { return f.Author == d.node.device })
}

// leftLocked says whether this device has given up its role itself.
func (d *Document) leftLocked() bool {
	for _, id := range d.access.EndedBy(d.node.device) {
		if op, ok := d.access.Get(id); ok && op.Kind == access.KindLeave && op.Author == d.node.device {
			return true
		}
	}
	return false
}

// UpdatedAt is when an edit was last seen, by this device's clock.
func (d *Document) UpdatedAt() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return time.UnixMilli(d.info.Updated)
}

// Trash hides the document from this device's list, or brings it back.
// Nothing of it is deleted, and other members are not told.
func (d *Document) Trash(ctx context.Context, trashed bool) error {
	err := d.durably(ctx, func() error {
		d.info.Trashed = trashed
		return d.putInfo()
	})
	if err != nil {
		return err
	}
	d.node.notify(Change{Kind: DocumentsChanged})
	return nil
}

// putInfo leaves the local notes for the next commit.
func (d *Document) putInfo() error {
	d.info.dirty = false
	b, err := wire.Marshal(d.info)
	if err != nil {
		return fmt.Errorf("encode local notes: %w", err)
	}
	d.out.put(infoKey(d.id), b)
	return nil
}

// durably runs change with mu held and returns when what it left in the
// outbox is stored.
func (d *Document) durably(ctx context.Context, change func() error) error {
	stored := make(chan struct{})
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return ErrClosed
	}
	if err := change(); err != nil {
		d.mu.Unlock()
		return err
	}
	d.out.then(func() { close(stored) })
	d.mu.Unlock()
	d.wake()
	select {
	case <-stored:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for the store: %w", ctx.Err())
	case <-d.done:
		return ErrClosed
	}
}

// Edit changes the document's content as this device, in a session of its
// own, and returns when the change is durable here.
func (d *Document) Edit(ctx context.Context, f func(tx *crdt.Txn, doc *crdt.Doc) error) error {
	lease, err := d.Lease(ctx, "")
	if err != nil {
		return err
	}
	s := lease.Session
	defer s.Close()
	if lease.Role < access.Editor {
		return d.readOnlyNow()
	}
	return d.durably(ctx, func() error {
		doc, err := d.editable()
		if err != nil {
			return err
		}
		doc.SetClientID(s.slot.client)
		s.captured = nil
		doc.Transact(s, func(tx *crdt.Txn) { err = f(tx, doc) })
		update, info, cerr := s.takeCaptured()
		if cerr != nil {
			return cerr
		}
		if update != nil {
			s.received++
			d.addPending(s, update, info)
			d.draftPending()
		}
		return err
	})
}

// Keys of the records that only this package reads.
func infoKey(doc wire.DocID) store.Key {
	return store.Key{Doc: doc, Kind: store.KindLocal, Name: "info"}
}
func keysKey(doc wire.DocID) store.Key {
	return store.Key{Doc: doc, Kind: store.KindSecret, Name: "keys"}
}
func joinKey(doc wire.DocID) store.Key {
	return store.Key{Doc: doc, Kind: store.KindSecret, Name: "join"}
}
func inviteKey(doc wire.DocID) store.Key {
	return store.Key{Doc: doc, Kind: store.KindSecret, Name: "invite"}
}
func profileKey() store.Key { return store.Key{Kind: store.KindLocal, Name: "profile"} }
