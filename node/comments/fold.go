package comments

import (
	"time"

	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/wire"
)

// State is what a set of records says.
type State struct {
	Threads  []Thread // in the order they were folded
	Profiles map[wire.Device]Profile
}

// Thread is a comment and what was answered to it.
type Thread struct {
	ID         wire.EntryID // the entry of the comment
	Anchor     Anchor       // empty under a placeholder
	Quote      string
	Resolved   bool
	ResolvedBy wire.Device // who said so last; zero: nobody
	// Missing says that the comment is not held here or does not count: only
	// what others answered is shown, under a placeholder.
	Missing  bool
	Comments []Comment // the comment, unless Missing, and the replies in order
}

// Comment is a comment or a reply.
type Comment struct {
	ID       wire.EntryID
	Device   wire.Device
	Author   Author
	Text     string // empty if Deleted
	Mentions []wire.UserID
	At       time.Time
	Edited   time.Time // of the last edit; zero: none
	Deleted  bool
}

// Profile is what a device is called and shown as.
type Profile struct {
	Name, Label string
	Colour      uint32
}

// Fold makes threads and profiles of the records in the set.
func (s *Set) Fold(who Authority) State {
	f := &folder{
		set: s, who: who, authors: map[authority]*Author{},
		threads: map[wire.EntryID]*thread{}, comments: map[wire.EntryID]*Comment{},
		profiles: map[wire.Device]Profile{},
	}
	for _, e := range s.ordered() {
		if a := f.author(e); a != nil {
			f.fold(e, a)
		}
	}
	return f.state()
}

type authority struct {
	auth   wire.Auth
	device wire.Device
}

// folder is a fold under way.
type folder struct {
	set      *Set
	who      Authority
	authors  map[authority]*Author // nil: does not count
	threads  map[wire.EntryID]*thread
	order    []*thread
	comments map[wire.EntryID]*Comment
	profiles map[wire.Device]Profile
}

// thread is a thread while it is folded.
type thread struct {
	Thread
	list []*Comment
}

// author returns who wrote an entry, or nil if that does not count.
func (f *folder) author(e *Entry) *Author {
	key := authority{e.Auth, e.Device}
	a, known := f.authors[key]
	if !known {
		if who, ok := f.who.Author(e.Auth, e.Device); ok && who.Role >= access.Commenter {
			a = &who
		}
		f.authors[key] = a
	}
	return a
}

func (f *folder) fold(e *Entry, a *Author) {
	r := &e.Record
	switch r.Kind {
	case KindComment:
		t := f.thread(e.ID)
		t.Missing = false
		t.Anchor, t.Quote = r.Anchor, r.Quote
		f.say(t, e, a)
	case KindReply:
		if t := f.target(r.Target); t != nil {
			f.say(t, e, a)
		}
	case KindEdit:
		if c := f.comments[r.Target]; c != nil && !c.Deleted && c.by(e.Device, a) {
			c.Text, c.Mentions, c.Edited = r.Text, r.Mentions, r.At
		}
	case KindDelete:
		if c := f.comments[r.Target]; c != nil && (c.by(e.Device, a) || a.Role >= access.Editor) {
			c.Text, c.Mentions, c.Deleted = "", nil, true
		}
	case KindResolve:
		if t := f.target(r.Target); t != nil {
			t.Resolved, t.ResolvedBy = r.Resolved, e.Device
		}
	case KindProfile:
		f.profiles[e.Device] = Profile{Name: r.Name, Label: r.Label, Colour: r.Colour}
	}
}

// by says whether a comment is the author's own.
func (c *Comment) by(d wire.Device, a *Author) bool {
	return c.Device == d || c.Author.Root == a.Root
}

// target finds the thread that a comment begins, also one that is not held or
// does not count. It is nil if the id names something that is no comment.
func (f *folder) target(id wire.EntryID) *thread {
	if e, ok := f.set.Get(id); ok && f.author(e) != nil && e.Record.Kind != KindComment {
		return nil
	}
	return f.thread(id)
}

func (f *folder) thread(id wire.EntryID) *thread {
	t := f.threads[id]
	if t == nil {
		t = &thread{Thread: Thread{ID: id, Missing: true}}
		f.threads[id] = t
		f.order = append(f.order, t)
	}
	return t
}

func (f *folder) say(t *thread, e *Entry, a *Author) {
	c := &Comment{
		ID: e.ID, Device: e.Device, Author: *a,
		Text: e.Record.Text, Mentions: e.Record.Mentions, At: e.Record.At,
	}
	f.comments[e.ID] = c
	t.list = append(t.list, c)
}

// state lists the threads in which something is left to read.
func (f *folder) state() State {
	s := State{Profiles: f.profiles}
	for _, t := range f.order {
		left := false
		for _, c := range t.list {
			t.Comments = append(t.Comments, *c)
			left = left || !c.Deleted
		}
		if left {
			s.Threads = append(s.Threads, t.Thread)
		}
	}
	return s
}
