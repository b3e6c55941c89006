package node

import (
	"errors"
	"fmt"

	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/comments"
	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/wire"
)

// talk is what is said about a document beside its text: the records of
// stream 1 and what they fold into, and the chain this device writes its own on.
type talk struct {
	set      *comments.Set
	heads    []comments.Dep // newest entry with a record of each chain, the newest last
	folded   comments.State
	foldedAt talkVersion
	told     talkVersion                   // what watchers were last told of
	named    map[wire.Device]int64         // when the name remembered of a device was written
	slot     *slot                         // nil until something is written
	saying   introduction                  // the newest one, which may not be stored yet
	listed   map[wire.ChainID]uint64       // what the slot's entries have listed
	authors  map[wire.Auth]*access.Op      // by the first half of their ids
	ops      int                           // how many of the access log are in authors
	kept     []*kept                       // said as a guest, in order
	keptNext uint64                        // number of the next of them
	sentAs   map[wire.EntryID]wire.EntryID // the entries they became, in this run
}

// talkVersion changes whenever the fold may.
type talkVersion struct {
	records int
	kept    int
	access  uint64 // its revision
}

// reset forgets what was read; the chains are to be read anew.
func (t *talk) reset() {
	t.set = comments.NewSet()
	t.heads = nil
	t.folded, t.foldedAt = comments.State{}, talkVersion{}
	t.told.records = -1
}

// applyComment reads an entry of stream 1. It waits for its key and for what
// precedes it in its chain, and for nothing else: the fold is made of what is
// there (docs/formats/comment.md).
func (d *Document) applyComment(chain *chainBody, e *oplog.Entry) error {
	payload, err := d.open(e)
	if err != nil {
		return err
	}
	if len(payload.Body) == 0 {
		if e.NumOps != 0 {
			return errWrongOps
		}
		chain.advance(chain.end(), nil)
		return nil
	}
	record, err := comments.Decode(payload.Body)
	switch {
	case errors.Is(err, comments.ErrUnknownKind), errors.Is(err, wire.ErrUnknownVersion):
		d.log.Warn("comment record this version does not read, kept", "entry", e.ID.String(), "err", err)
		chain.advance(chain.end(), nil)
		return nil
	case err != nil:
		return err
	case e.NumOps != 1:
		return errWrongOps
	}
	entry := &comments.Entry{ID: e.ID, Chain: e.Chain(), Seq: e.Seq, Device: e.Author, Auth: e.Auth, Record: record}
	for _, dep := range payload.Deps {
		entry.Deps = append(entry.Deps, comments.Dep{Chain: dep.Chain, Seq: dep.Seq, ID8: dep.ID8})
	}
	d.talk.add(entry)
	d.noteProfile(entry)
	chain.advance(chain.end(), nil)
	return nil
}

// add takes a record in, and makes it the head of its chain.
func (t *talk) add(e *comments.Entry) {
	t.set.Add(e)
	for i, h := range t.heads {
		if h.Chain == e.Chain {
			t.heads = append(t.heads[:i], t.heads[i+1:]...)
			break
		}
	}
	t.heads = append(t.heads, comments.Dep{Chain: e.Chain, Seq: e.Seq, ID8: [8]byte(e.ID[:8])})
}

// noteProfile remembers what a device calls itself, for every list of devices.
func (d *Document) noteProfile(e *comments.Entry) {
	at := e.Record.At.UnixMilli()
	if e.Record.Kind != comments.KindProfile || e.Device == d.node.device || at < d.talk.named[e.Device] {
		return
	}
	if d.talk.named == nil {
		d.talk.named = map[wire.Device]int64{}
	}
	d.talk.named[e.Device] = at
	d.node.setNameOf(e.Device, e.Record.Name)
}

// talkVersion is the version of what the fold would make now.
func (d *Document) talkVersion() talkVersion {
	return talkVersion{records: d.talk.set.Len(), kept: len(d.talk.kept), access: d.access.Revision()}
}

// foldTalk returns what the records say now. Called with mu held; nobody may
// change what it returns.
func (d *Document) foldTalk() comments.State {
	if v := d.talkVersion(); v != d.talk.foldedAt || d.talk.folded.Profiles == nil {
		d.talk.folded, d.talk.foldedAt = d.withKept().Fold(authors{d}), v
	}
	return d.talk.folded
}

// talkChanged says, once, that threads may read otherwise than when it last
// said so. Called with mu held.
func (d *Document) talkChanged() bool {
	v := d.talkVersion()
	if v == d.talk.told || v.records+v.kept == 0 && d.talk.told.records+d.talk.told.kept <= 0 {
		d.talk.told = v
		return false
	}
	d.talk.told = v
	return true
}

// authors tells the fold who wrote: by the access log.
type authors struct{ d *Document }

// Author implements comments.Authority. A device that was removed keeps, for
// what it wrote before, the role and the root it had.
func (a authors) Author(auth wire.Auth, dev wire.Device) (comments.Author, bool) {
	role, ok := a.d.access.RoleOf(auth, dev)
	if !ok {
		return a.d.asGuest(auth, dev)
	}
	root := a.d.rootOf(auth)
	if root == nil {
		return comments.Author{}, false
	}
	return comments.Author{Root: root.ID, Role: role, User: userOf(root)}, true
}

// rootOf finds the genesis or grant that an authority goes back to.
func (d *Document) rootOf(auth wire.Auth) *access.Op {
	if d.talk.ops != d.access.Len() {
		d.talk.authors = map[wire.Auth]*access.Op{}
		for op := range d.access.All() {
			switch op.Kind {
			case access.KindGenesis, access.KindGrant, access.KindDevAdd:
				d.talk.authors[op.ID.Short()] = op
			}
		}
		d.talk.ops = d.access.Len()
	}
	op := d.talk.authors[auth]
	for op != nil && op.Kind == access.KindDevAdd {
		op = d.talk.authors[op.Auth.Short()]
	}
	return op
}

// Threads returns what was said about passages of the document, in an order
// that every device shares. Nobody may change what it returns.
func (d *Document) Threads() []comments.Thread {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.foldTalk().Threads
}

// NameOf is what a device calls itself in this document, or "".
func (d *Document) NameOf(dev wire.Device) string {
	if dev == d.node.device {
		return d.node.Name()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if p, ok := d.foldTalk().Profiles[dev]; ok {
		return p.Name
	}
	return d.node.nameOf(dev)
}

// ErrNoComment is returned where a thread or comment is named that is not there.
var ErrNoComment = errors.New("no such comment on this device")

// ErrNoKey is returned while a removal has ended the old key and the new one is
// not here: what is said now must not be readable to who was removed.
var ErrNoKey = errors.New("the document's keys are being renewed")

// findComment returns a comment or reply as it reads now.
func (d *Document) findComment(id wire.EntryID) (comments.Comment, error) {
	for _, t := range d.foldTalk().Threads {
		for _, c := range t.Comments {
			if c.ID == id && !c.Deleted {
				return c, nil
			}
		}
	}
	return comments.Comment{}, fmt.Errorf("%w: it may have been deleted", ErrNoComment)
}

// findThread returns a thread as it reads now.
func (d *Document) findThread(id wire.EntryID) (comments.Thread, error) {
	for _, t := range d.foldTalk().Threads {
		if t.ID == id {
			return t, nil
		}
	}
	return comments.Thread{}, fmt.Errorf("%w: the thread may have been deleted", ErrNoComment)
}

// Own says whether a comment was written by this device or another one of its
// user, who may change it.
func (d *Document) Own(c comments.Comment) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	auth, _, ok := d.roleLocked()
	return c.Device == d.node.device || ok && d.ownLocked(c, auth)
}

func (d *Document) ownLocked(c comments.Comment, auth wire.Auth) bool {
	me, ok := authors{d}.Author(auth, d.node.device)
	return c.Device == d.node.device || ok && c.Author.Root == me.Root
}
