package node

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/comments"
	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/wire"
)

// A guest comments at once, too. Nobody would accept what it signed, so what it
// says is kept on this device under ids that mean nothing elsewhere, shown among
// the threads, and becomes entries when a member has let it in.

// kept is what this device said while it was a guest.
type kept struct {
	id     wire.EntryID // drawn at random
	auth   wire.Auth    // the invite's
	number uint64
	record comments.Record
	sent   bool // it is an entry on its way to the store
}

// keptRecord is one of them as stored, sealed.
type keptRecord struct {
	_    struct{} `cbor:",toarray"`
	ID   wire.EntryID
	Auth wire.Auth
	Body []byte
}

// maxKept bounds what a guest says before it is let in.
const maxKept = 256

const keptPrefix = "say/"

func keptKey(doc wire.DocID, number uint64) store.Key {
	return store.Key{Doc: doc, Kind: store.KindSecret, Name: keptPrefix + draftName(number)}
}

// keep keeps a record of a guest, and lets it take effect here once it is stored.
func (d *Document) keep(auth wire.Auth, r comments.Record) (id wire.EntryID, err error) {
	if d.talk.keptNext >= maxKept {
		return id, fmt.Errorf("%w: %d comments wait to be sent; a member has to let this device in first", ErrTooMany, maxKept)
	}
	if _, err := io.ReadFull(d.node.rand(), id[:]); err != nil {
		return id, fmt.Errorf("draw comment id: %w", err)
	}
	r.At = d.node.cfg.Now()
	k := &kept{id: id, auth: auth, number: d.talk.keptNext, record: r}
	if err := d.putKept(k); err != nil {
		return id, err
	}
	d.talk.keptNext++
	d.out.then(func() {
		d.talk.kept = append(d.talk.kept, k)
		d.info.touch(d.node.cfg.Now())
		d.changed = true
	})
	return id, nil
}

// putKept leaves what was said in the outbox.
func (d *Document) putKept(k *kept) error {
	body, err := k.record.Encode()
	if err != nil {
		return err
	}
	key := keptKey(d.id, k.number)
	sealed, err := d.sealLocal(key, keptRecord{ID: k.id, Auth: k.auth, Body: body})
	if err != nil {
		return err
	}
	d.out.put(key, sealed)
	return nil
}

// loadKept takes back what was said before the start.
func (d *Document) loadKept(r store.Record) error {
	var rec keptRecord
	if err := d.openLocal(r.Key, r.Value, &rec); err != nil {
		return err
	}
	record, err := comments.Decode(rec.Body)
	if err != nil {
		return fmt.Errorf("read kept comment: %w", err)
	}
	number, ok := draftNumber(strings.TrimPrefix(r.Key.Name, keptPrefix))
	if !ok {
		return fmt.Errorf("read kept comment: it has no number")
	}
	d.talk.kept = append(d.talk.kept, &kept{id: rec.ID, auth: rec.Auth, number: number, record: record})
	d.talk.keptNext = max(d.talk.keptNext, number+1)
	return nil
}

// withKept adds what is kept to the records, for a fold.
func (d *Document) withKept() *comments.Set {
	if len(d.talk.kept) == 0 {
		return d.talk.set
	}
	list := make([]*comments.Entry, len(d.talk.kept))
	for i, k := range d.talk.kept {
		list[i] = &comments.Entry{
			ID: k.id, Chain: wire.NewChainID(d.id.Short(), d.node.device, k.auth, 0), Seq: k.number,
			Device: d.node.device, Auth: k.auth, Record: k.record,
		}
	}
	return d.talk.set.With(list...)
}

// asGuest is who this device is by an invite, to itself alone.
func (d *Document) asGuest(auth wire.Auth, dev wire.Device) (comments.Author, bool) {
	if dev != d.node.device || len(d.talk.kept) == 0 {
		return comments.Author{}, false
	}
	for _, invite := range d.rosterNow().invites {
		if invite.Op.Short() == auth {
			return comments.Author{User: wire.UserID(dev), Root: invite.Op, Role: invite.Role}, true
		}
	}
	return comments.Author{}, false
}

// renameKept follows a client id that is another one now: a guest may have
// commented on what it had written itself.
func (d *Document) renameKept(from, to crdt.ClientID) {
	for _, k := range d.talk.kept {
		if k.sent || k.record.Kind != comments.KindComment {
			continue
		}
		k.record.Anchor = comments.Anchor{
			From: renamePosition(k.record.Anchor.From, from, to), To: renamePosition(k.record.Anchor.To, from, to),
		}
		if err := d.putKept(k); err != nil {
			d.log.Error("keep comment", "err", err)
		}
	}
}

// renamePosition renames a client in a position; one that cannot be read, as a
// page may hand in, stays what it is.
func renamePosition(raw []byte, from, to crdt.ClientID) []byte {
	p, err := crdt.DecodeRelativePosition(raw)
	if err != nil {
		return raw
	}
	return p.RenameClient(from, to).Encode()
}

// sendKept makes entries of what is kept, in order, once this device is let in.
// What names something kept names its entry then.
func (d *Document) sendKept() {
	auth, role, ok := d.roleLocked()
	if len(d.talk.kept) == 0 || !ok || role < access.Commenter || d.closed || d.stateLocked() != StateReady {
		return
	}
	if mayWrite(role) && slices.ContainsFunc(d.pending.groups, func(g *group) bool { return d.orphan(g.slot, auth) }) {
		return // adoptPending comes first: it renames what is commented on
	}
	for _, k := range d.talk.kept {
		if k.sent {
			continue
		}
		if err := d.sendOneKept(auth, k); err != nil {
			d.log.Info("what was said before this device was let in waits", "err", err)
			return
		}
	}
	d.wake()
}

func (d *Document) sendOneKept(auth wire.Auth, k *kept) error {
	r := k.record
	r.Target = d.talk.entryOf(r.Target)
	id, err := d.putRecord(auth, r)
	if err != nil {
		return err
	}
	k.sent = true
	if d.talk.sentAs == nil {
		d.talk.sentAs = map[wire.EntryID]wire.EntryID{}
	}
	d.talk.sentAs[k.id] = id
	d.out.remove(keptKey(d.id, k.number))
	d.out.then(func() {
		d.talk.kept = slices.DeleteFunc(d.talk.kept, func(other *kept) bool { return other == k })
	})
	return nil
}

// entryOf is the entry that something kept has become: a page may still name it
// as it was.
func (t *talk) entryOf(id wire.EntryID) wire.EntryID {
	if sent, ok := t.sentAs[id]; ok {
		return sent
	}
	return id
}
