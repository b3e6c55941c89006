package comments_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"flag"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/comments"
	"github.com/sheafdocs/sheaf/node/wire"
)

// people is an Authority: what each device is, by the one op it has.
type people map[wire.Device]comments.Author

func (p people) Author(_ wire.Auth, d wire.Device) (comments.Author, bool) {
	a, ok := p[d]
	return a, ok
}

var (
	owner  = wire.Device{1}
	editor = wire.Device{2}
	critic = wire.Device{3} // commenter
	phone  = wire.Device{4} // of the critic
	viewer = wire.Device{5}
)

func everybody() people {
	return people{
		owner:  {User: wire.UserID{1}, Root: wire.OpID{1}, Role: access.Owner},
		editor: {User: wire.UserID{2}, Root: wire.OpID{2}, Role: access.Editor},
		critic: {User: wire.UserID{3}, Root: wire.OpID{3}, Role: access.Commenter},
		phone:  {User: wire.UserID{3}, Root: wire.OpID{3}, Role: access.Commenter},
		viewer: {User: wire.UserID{3}, Root: wire.OpID{5}, Role: access.Viewer},
	}
}

// book makes entries as nodes do: each on its device's chain, with an id of
// its own.
type book struct {
	entries []*comments.Entry
	next    map[wire.Device]uint64
}

func (b *book) write(d wire.Device, r comments.Record, after ...*comments.Entry) *comments.Entry {
	if b.next == nil {
		b.next = map[wire.Device]uint64{}
	}
	r.At = time.UnixMilli(int64(len(b.entries))).UTC()
	if r.Kind == comments.KindComment {
		r.Anchor = comments.Anchor{From: []byte{1}, To: []byte{2}}
	}
	e := &comments.Entry{Chain: wire.ChainID(d[:16]), Seq: b.next[d], Device: d, Record: r}
	b.next[d]++
	e.ID = sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(len(b.entries))))
	for _, a := range after {
		e.Deps = append(e.Deps, comments.Dep{Chain: a.Chain, Seq: a.Seq, ID8: [8]byte(a.ID[:8])})
	}
	b.entries = append(b.entries, e)
	return e
}

func comment(text string) comments.Record {
	return comments.Record{Kind: comments.KindComment, Text: text}
}

func on(kind comments.Kind, target *comments.Entry, text string) comments.Record {
	return comments.Record{Kind: kind, Target: target.ID, Text: text}
}

func fold(entries []*comments.Entry, who comments.Authority) comments.State {
	s := comments.NewSet()
	for _, e := range entries {
		s.Add(e)
	}
	return s.Fold(who)
}

// read renders threads the way a reader sees them.
func read(s comments.State) (lines []string) {
	for _, t := range s.Threads {
		line := ""
		if t.Missing {
			line = "?"
		}
		for i, c := range t.Comments {
			if i > 0 || t.Missing {
				line += " / "
			}
			if c.Deleted {
				line += "-"
			}
			line += c.Text
			if !c.Edited.IsZero() {
				line += "*"
			}
		}
		if t.Resolved {
			line += " done"
		}
		lines = append(lines, line)
	}
	slices.Sort(lines)
	return lines
}

func check(t *testing.T, s comments.State, want ...string) {
	t.Helper()
	if got := read(s); !slices.Equal(got, want) {
		t.Errorf("threads read %q, want %q", got, want)
	}
}

func TestWhoMayEdit(t *testing.T) {
	for _, c := range []struct {
		name string
		by   wire.Device
		want string
	}{
		{"its device", critic, "new*"},
		{"another device of the root", phone, "new*"},
		{"an owner", owner, "old"},
		{"an editor", editor, "old"},
		{"who only claims the user", viewer, "old"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var b book
			first := b.write(critic, comment("old"))
			b.write(c.by, on(comments.KindEdit, first, "new"), first)
			check(t, fold(b.entries, everybody()), c.want)
		})
	}
}

func TestWhoMayDelete(t *testing.T) {
	for _, c := range []struct {
		name string
		by   wire.Device
		gone bool
	}{
		{"its device", critic, true},
		{"another device of the root", phone, true},
		{"an owner", owner, true},
		{"an editor", editor, true},
		{"a viewer", viewer, false},
		{"another commenter", wire.Device{9}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			who := everybody()
			who[wire.Device{9}] = comments.Author{Root: wire.OpID{9}, Role: access.Commenter}
			var b book
			first := b.write(critic, comment("old"))
			b.write(owner, on(comments.KindReply, first, "answer"))
			b.write(c.by, on(comments.KindDelete, first, ""), first)
			b.write(critic, on(comments.KindEdit, first, "again"), first)
			want := "again* / answer"
			if c.gone {
				want = "- / answer"
			}
			check(t, fold(b.entries, who), want)
		})
	}
}

func TestResolveAndReopen(t *testing.T) {
	var b book
	first := b.write(owner, comment("why?"))
	done := comments.Record{Kind: comments.KindResolve, Target: first.ID, Resolved: true}
	r := b.write(critic, done, first)
	check(t, fold(b.entries, everybody()), "why? done")
	b.write(viewer, comments.Record{Kind: comments.KindResolve, Target: first.ID}, r)
	check(t, fold(b.entries, everybody()), "why? done")
	b.write(editor, comments.Record{Kind: comments.KindResolve, Target: first.ID}, r)
	check(t, fold(b.entries, everybody()), "why?")
}

// TestVoidRecordsAreNoStructure removes the author of a comment: what others
// answered stays under a placeholder.
func TestVoidRecordsAreNoStructure(t *testing.T) {
	var b book
	first := b.write(critic, comment("mine"))
	reply := b.write(owner, on(comments.KindReply, first, "answer"), first)
	b.write(critic, on(comments.KindEdit, first, "changed"), reply)
	b.write(editor, on(comments.KindReply, first, "another"), reply)
	who := everybody()
	check(t, fold(b.entries, who), "changed* / answer / another")
	delete(who, critic)
	check(t, fold(b.entries, who), "? / answer / another")
	check(t, fold(b.entries[1:], everybody()), "? / answer / another")
}

func TestRepliesToOtherThanCommentsSayNothing(t *testing.T) {
	var b book
	profile := b.write(owner, comments.Record{Kind: comments.KindProfile, Name: "Ada"})
	b.write(editor, on(comments.KindReply, profile, "hm"), profile)
	s := fold(b.entries, everybody())
	check(t, s)
	if s.Profiles[owner].Name != "Ada" {
		t.Errorf("profiles are %v", s.Profiles)
	}
}

func TestAThreadOfDeletedCommentsIsGone(t *testing.T) {
	var b book
	first := b.write(critic, comment("mine"))
	reply := b.write(owner, on(comments.KindReply, first, "answer"), first)
	b.write(critic, on(comments.KindDelete, first, ""), reply)
	check(t, fold(b.entries, everybody()), "- / answer")
	b.write(owner, on(comments.KindDelete, reply, ""), reply)
	check(t, fold(b.entries, everybody()))
}

// TestLastByOrderHolds lets two devices of one person edit at once: everyone
// sees the same one, and a later edit that saw both holds.
func TestLastByOrderHolds(t *testing.T) {
	var b book
	first := b.write(critic, comment("old"))
	x := b.write(critic, on(comments.KindEdit, first, "x"), first)
	y := b.write(phone, on(comments.KindEdit, first, "y"), first)
	want := "x*"
	if bytes.Compare(x.ID[:], y.ID[:]) < 0 {
		want = "y*"
	}
	check(t, fold(b.entries, everybody()), want)
	b.write(phone, on(comments.KindEdit, first, "z"), x)
	check(t, fold(b.entries, everybody()), "z*")
}

var (
	seed  = flag.Uint64("comments.seed", 0, "first seed of the random books")
	seeds = flag.Int("comments.seeds", 400, "how many random books")
)

// TestFoldIsAFunctionOfTheSet writes random books by honest and other devices
// and adds them in random orders, with folds and holes in between.
func TestFoldIsAFunctionOfTheSet(t *testing.T) {
	for s := *seed; s < *seed+uint64(*seeds); s++ {
		rng := rand.New(rand.NewPCG(s, 3))
		b, who := randomBook(rng)
		want := fold(b.entries, who)
		checkRules(t, s, b, who, want)
		for range 3 {
			set := comments.NewSet()
			for i, at := range rng.Perm(len(b.entries)) {
				set.Add(b.entries[at])
				if i%7 == 0 {
					set.Fold(who)
				}
			}
			if got := set.Fold(who); !reflect.DeepEqual(got, want) {
				t.Fatalf("-comments.seed=%d: another order reads %q, not %q", s, read(got), read(want))
			}
		}
	}
}

func randomBook(rng *rand.Rand) (*book, people) {
	who := people{}
	var devices []wire.Device
	for i := range byte(2 + rng.IntN(6)) {
		d := wire.Device{i + 1}
		devices = append(devices, d)
		if role := rng.IntN(6); role > 0 {
			who[d] = comments.Author{Root: wire.OpID{byte(rng.IntN(4))}, Role: access.Role(role - 1)}
		}
	}
	b := new(book)
	for range 5 + rng.IntN(60) {
		r := comments.Record{Kind: comments.Kind(rng.IntN(6)), Text: fmt.Sprint(len(b.entries)), Name: "n", Resolved: rng.IntN(2) == 0}
		var after []*comments.Entry
		if len(b.entries) > 0 {
			target := b.entries[rng.IntN(len(b.entries))]
			r.Target = target.ID
			for range rng.IntN(3) {
				after = append(after, b.entries[rng.IntN(len(b.entries))])
			}
		} else {
			r.Kind = comments.KindComment
		}
		if rng.IntN(20) == 0 {
			rng := rng.Uint64()
			r.Target = sha256.Sum256(binary.BigEndian.AppendUint64(nil, rng)) // never held
		}
		b.write(devices[rng.IntN(len(devices))], r, after...)
	}
	// Some are not held, and leave holes in their chains.
	b.entries = slices.DeleteFunc(b.entries, func(*comments.Entry) bool { return rng.IntN(10) == 0 })
	return b, who
}

// checkRules holds a fold against the rules, without folding.
func checkRules(t *testing.T, seed uint64, b *book, who people, s comments.State) {
	t.Helper()
	byID := map[wire.EntryID]*comments.Entry{}
	for _, e := range b.entries {
		byID[e.ID] = e
	}
	seen := map[wire.EntryID]bool{}
	for _, th := range s.Threads {
		for _, c := range th.Comments {
			e := byID[c.ID]
			if e == nil || seen[c.ID] || who[e.Device].Role < access.Commenter {
				t.Fatalf("-comments.seed=%d: a comment is shown twice, or is void", seed)
			}
			seen[c.ID] = true
			deleted, texts := false, map[string]bool{e.Record.Text: true}
			for _, o := range b.entries {
				a, ok := who[o.Device]
				if !ok || a.Role < access.Commenter || o.Record.Target != c.ID {
					continue
				}
				same := o.Device == e.Device || a.Root == who[e.Device].Root
				switch {
				case o.Record.Kind == comments.KindEdit && same:
					texts[o.Record.Text] = true
				case o.Record.Kind == comments.KindDelete && (same || a.Role >= access.Editor):
					deleted = true
				}
			}
			if c.Deleted != deleted || !deleted && !texts[c.Text] {
				t.Fatalf("-comments.seed=%d: comment %s reads %q, deleted %v", seed, c.ID, c.Text, c.Deleted)
			}
		}
	}
	for _, e := range b.entries {
		target := byID[e.Record.Target]
		counts := func(e *comments.Entry) bool { return e != nil && who[e.Device].Role >= access.Commenter }
		deleted := !seen[e.ID] && slices.ContainsFunc(b.entries, func(o *comments.Entry) bool {
			return counts(o) && o.Record.Kind == comments.KindDelete && o.Record.Target == e.ID
		})
		says := e.Record.Kind == comments.KindComment ||
			e.Record.Kind == comments.KindReply && (!counts(target) || target.Record.Kind == comments.KindComment)
		if counts(e) && says && !seen[e.ID] && !deleted {
			t.Fatalf("-comments.seed=%d: what %s says is lost", seed, e.ID)
		}
	}
}

func BenchmarkFold(b *testing.B) {
	var bk book
	first := bk.write(critic, comment("why?"))
	for i := range 10_000 {
		bk.write([]wire.Device{owner, editor, critic}[i%3], on(comments.KindReply, first, "answer"), first)
	}
	set := comments.NewSet()
	for _, e := range bk.entries {
		set.Add(e)
	}
	who := everybody()
	for b.Loop() {
		set.Fold(who)
	}
}
