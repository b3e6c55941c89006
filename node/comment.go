package node

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/comments"
	"github.com/sheafdocs/sheaf/node/gossip"
	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/seal"
	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/wire"
)

// Comment begins a thread about a passage and returns its id once it is
// durable here. The anchor is two Yjs relative positions, the quote the passage
// as it reads. Like all that follow it needs the role commenter; an error
// wrapping comments.ErrRecord says which limit a text is beyond.
func (d *Document) Comment(ctx context.Context, anchor comments.Anchor, quote, text string, mentions []wire.UserID) (wire.EntryID, error) {
	return d.say(ctx, comments.Record{
		Kind: comments.KindComment, Anchor: anchor, Quote: quote, Text: text, Mentions: comments.SortMentions(mentions),
	})
}

// Reply goes on with a thread.
func (d *Document) Reply(ctx context.Context, thread wire.EntryID, text string, mentions []wire.UserID) (wire.EntryID, error) {
	return d.say(ctx, comments.Record{
		Kind: comments.KindReply, Target: thread, Text: text, Mentions: comments.SortMentions(mentions),
	})
}

// EditComment changes what an own comment or reply says.
func (d *Document) EditComment(ctx context.Context, id wire.EntryID, text string, mentions []wire.UserID) error {
	_, err := d.say(ctx, comments.Record{
		Kind: comments.KindEdit, Target: id, Text: text, Mentions: comments.SortMentions(mentions),
	})
	return err
}

// DeleteComment withdraws a comment or reply: one's own, or as an editor or
// owner anyone's.
func (d *Document) DeleteComment(ctx context.Context, id wire.EntryID) error {
	_, err := d.say(ctx, comments.Record{Kind: comments.KindDelete, Target: id})
	return err
}

// Resolve says that a thread is done with, or that it is open again.
func (d *Document) Resolve(ctx context.Context, thread wire.EntryID, resolved bool) error {
	_, err := d.say(ctx, comments.Record{Kind: comments.KindResolve, Target: thread, Resolved: resolved})
	return err
}

// say writes a record of this device and returns when it is durable here.
// Others are told after that; of what a guest says, when it has been let in.
func (d *Document) say(ctx context.Context, r comments.Record) (wire.EntryID, error) {
	var id wire.EntryID
	err := d.durably(ctx, func() error {
		auth, role, err := d.mayOpen()
		if err != nil {
			return err
		}
		if role < access.Commenter {
			return fmt.Errorf("%w: this device may read but not comment", ErrReadOnly)
		}
		r.Target = d.talk.entryOf(r.Target)
		if err := d.mayMean(r, auth, role); err != nil {
			return err
		}
		if d.waitingLocked() {
			id, err = d.keep(auth, r)
			return err
		}
		if err := d.introduce(auth); err != nil {
			return err
		}
		id, err = d.putRecord(auth, r)
		return err
	})
	return id, err
}

// mayMean refuses a record that would have no effect.
func (d *Document) mayMean(r comments.Record, auth wire.Auth, role access.Role) error {
	switch r.Kind {
	case comments.KindReply, comments.KindResolve:
		_, err := d.findThread(r.Target)
		return err
	case comments.KindEdit, comments.KindDelete:
		c, err := d.findComment(r.Target)
		if err != nil {
			return err
		}
		switch {
		case d.ownLocked(c, auth):
		case r.Kind == comments.KindEdit:
			return fmt.Errorf("%w: only who wrote a comment can change it", ErrReadOnly)
		case role < access.Editor:
			return fmt.Errorf("%w: only who wrote a comment, or an editor, can delete it", ErrReadOnly)
		}
	}
	return nil
}

// introduce writes what this device is called, where the document does not say
// so yet.
func (d *Document) introduce(auth wire.Auth) error {
	name := d.node.Name()
	saying := introduction{auth, name}
	if name == "" || len(name) > comments.MaxNameBytes || d.talk.saying == saying || d.foldTalk().Profiles[d.node.device].Name == name {
		return nil
	}
	if _, err := d.putRecord(auth, comments.Record{Kind: comments.KindProfile, Name: name}); err != nil {
		return err
	}
	d.talk.saying = saying
	return nil
}

// introduction is a name that this device has written into the document, and
// the authority it did so under.
type introduction struct {
	auth wire.Auth
	name string
}

// introduceSelf does the same without being asked, as soon as this device is
// let in and whenever its name is another: the others know who came though no
// page was opened. Viewers write nothing; the home document has names of its
// own. Called with mu held.
func (d *Document) introduceSelf() {
	auth, role, ok := d.roleLocked()
	if !ok || role < access.Commenter || d.closed || d.stateLocked() != StateReady || d.node.IsHome(d.id) {
		return
	}
	if err := d.introduce(auth); err != nil && !errors.Is(err, ErrNoKey) { // without a key it is tried again
		d.log.Warn("name not written into the document", "err", err)
	}
}

// putRecord makes the entry of a record and leaves it in the outbox. It is
// stored before anyone is told, and read like everyone else's once it is.
func (d *Document) putRecord(auth wire.Auth, r comments.Record) (wire.EntryID, error) {
	if r.At.IsZero() {
		r.At = d.node.cfg.Now()
	}
	body, err := r.Encode()
	if err != nil {
		return wire.EntryID{}, err
	}
	sl, err := d.talkSlot(auth)
	if err != nil {
		return wire.EntryID{}, err
	}
	deps := d.talk.deps(sl.chain, r.Target)
	e, err := d.sealEntry(sl, seal.Payload{Deps: deps, Body: body}, 1)
	if errors.Is(err, errNoKey) {
		err = ErrNoKey
	}
	if err != nil {
		return wire.EntryID{}, err
	}
	for _, dep := range deps {
		d.talk.listed[dep.Chain] = dep.Seq
	}
	d.out.put(store.EntryKey(d.id, sl.chain, e.Seq, e.ID), e.Raw)
	d.out.then(func() {
		d.recordStored(e)
		if r.Kind != comments.KindProfile { // a name changes nothing of what the document says
			d.info.touch(d.node.cfg.Now())
		}
	})
	return e.ID, nil
}

// recordStored lets a durable record of this device take effect.
func (d *Document) recordStored(e *oplog.Entry) {
	d.ownStored(e)
	delete(d.unsettled, entryRef{e.Chain(), e.Seq})
	d.publish(gossip.Message{Kind: gossip.Entry, Body: e.Raw})
	d.queue.hold(e)
	now := d.node.cfg.Now()
	d.rate.add(1, now)
	d.ledger.wrote(e.Chain(), e.Seq+1, now)
	d.changed = true
	d.node.stats.sent.Add(1)
}

// talkSlot returns the chain this device writes records on: a fresh one each
// time the node starts, the device's authority is another, or nothing more counts
// of the chain: an owner has bounded it, or another one took its client id.
func (d *Document) talkSlot(auth wire.Auth) (*slot, error) {
	if sl := d.talk.slot; sl != nil && sl.auth == auth && !d.bounded(sl) {
		if seq, id, ok := d.chains.Head(sl.chain); ok && seq >= sl.next {
			sl.next, sl.prev = seq+1, id // a peer gave back entries this store had lost
		}
		return sl, nil
	}
	sl, err := d.freshSlot(auth)
	if err != nil {
		return nil, err
	}
	sl.stream = oplog.StreamComments
	d.talk.slot, d.talk.listed = sl, map[wire.ChainID]uint64{}
	return sl, nil
}

// deps lists the entry that a record names and the newest one seen of each
// other chain, unless the chain own has listed it before.
func (t *talk) deps(own wire.ChainID, target wire.EntryID) []seal.Dep {
	var deps []seal.Dep
	add := func(h comments.Dep) {
		if seq, ok := t.listed[h.Chain]; h.Chain == own || ok && seq >= h.Seq || len(deps) >= maxEntryDeps {
			return
		}
		if !slices.ContainsFunc(deps, func(d seal.Dep) bool { return d.Chain == h.Chain }) {
			deps = append(deps, seal.Dep{Chain: h.Chain, Seq: h.Seq, ID8: h.ID8})
		}
	}
	named, ok := t.set.Get(target)
	for _, h := range t.heads {
		if ok && h.Chain == named.Chain {
			add(h) // comes after the entry named
		}
	}
	for _, h := range slices.Backward(t.heads) {
		add(h)
	}
	slices.SortFunc(deps, func(a, b seal.Dep) int { return bytes.Compare(a.Chain[:], b.Chain[:]) })
	return deps
}
