package crdt_test

import (
	"bytes"
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/crdt/internal/codec"
)

// longUpdate takes many steps: a paste, and single characters of many clients
// of which every third is deleted again.
func longUpdate(t *testing.T) []byte {
	t.Helper()
	doc := crdt.NewDoc(crdt.Config{ClientID: 1})
	text := doc.Text("text")
	for i := range 20_000 {
		doc.SetClientID(crdt.ClientID(1 + i%7))
		doc.Transact(nil, func(tx *crdt.Txn) {
			err := text.Insert(tx, i%50*text.Len()/50, "abc")
			if i%3 == 0 {
				err = errors.Join(err, text.Delete(tx, 0, 1))
			}
			if err != nil {
				t.Fatal(err)
			}
		})
	}
	doc.Transact(nil, func(tx *crdt.Txn) {
		if err := text.Insert(tx, 0, strings.Repeat("paste 😀 ", 1<<15)); err != nil {
			t.Fatal(err)
		}
	})
	return doc.EncodeStateAsUpdate(nil)
}

// deletions deletes 20,000 ranges of a client or, from a large id on, of as many
// clients.
func deletions(client uint64) []byte {
	var ranges codec.Ranges
	for i := range uint64(20_000) {
		if client < 1<<32 {
			ranges = append(ranges, codec.Range{Client: client, Clock: 3 * i, Len: 1})
		} else {
			ranges = append(ranges, codec.Range{Client: client - i, Len: 1})
		}
	}
	var w codec.Writer
	return w.Finish(ranges)
}

// TestApplyUpdateContextDeletions looks at the context while many deletions are read.
func TestApplyUpdateContextDeletions(t *testing.T) {
	for _, client := range []uint64{1, 1 << 40} {
		looks := afterChecks{t.Context(), math.MaxInt}
		must(crdt.NewDoc(crdt.Config{}).ApplyUpdateContext(&looks, deletions(client), nil))
		if n := math.MaxInt - looks.n; n < 40 {
			t.Errorf("%d looks at the context", n)
		}
	}
}

// afterChecks is a context that is done once it was asked n times.
type afterChecks struct {
	context.Context
	n int
}

func (c *afterChecks) Err() error {
	if c.n == 0 {
		return context.Canceled
	}
	c.n--
	return nil
}

// inBoth runs a test for both formats, with what makes longUpdate of format 1 one
// of the format, and with what applies it.
func inBoth(t *testing.T, f func(t *testing.T, update []byte, apply func(*crdt.Doc, crdt.Context, []byte, any) error)) {
	update := longUpdate(t)
	t.Run("V1", func(t *testing.T) { f(t, update, (*crdt.Doc).ApplyUpdateContext) })
	v2, err := crdt.ConvertUpdateToV2(update)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("V2", func(t *testing.T) { f(t, v2, (*crdt.Doc).ApplyUpdateV2Context) })
}

func TestApplyUpdateContext(t *testing.T) {
	inBoth(t, func(t *testing.T, update []byte, apply func(*crdt.Doc, crdt.Context, []byte, any) error) {
		want := crdt.NewDoc(crdt.Config{})
		if err := apply(want, t.Context(), update, nil); err != nil {
			t.Fatal(err)
		}
		doc, steps := crdt.NewDoc(crdt.Config{}), 0
		doc.OnUpdate(func(e crdt.UpdateEvent) {
			steps++
			if e.Origin != "here" {
				t.Errorf("origin %v", e.Origin)
			}
		})
		looks := 0
		for ; ; looks++ {
			err := apply(doc, &afterChecks{t.Context(), looks}, update, "here")
			if !errors.Is(err, context.Canceled) || errors.Is(err, crdt.ErrMalformed) {
				t.Fatalf("after %d looks at the context: %v", looks, err)
			}
			if strings.Contains(err.Error(), "after step 1 of") {
				break
			}
			if n := len(doc.StateVector()); n != 0 || doc.HasPending() {
				t.Fatalf("after %d looks at the context the document has edits of %d clients", looks, n)
			}
		}
		if looks < 5 {
			t.Errorf("the context was looked at %d times before the first step", looks)
		}
		if !doc.HasPending() {
			t.Error("nothing waits for the steps that were left out")
		}
		if err := apply(doc, t.Context(), update, "here"); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(doc.EncodeStateAsUpdate(nil), want.EncodeStateAsUpdate(nil)) {
			t.Error("applied in steps, the document is another")
		}
		if steps < 2 {
			t.Errorf("%d transactions", steps)
		}
	})
}

// TestApplyUpdateContextAroundItself applies items as undoing sometimes writes them,
// steps after the units around them: one unit on both sides, or a right origin that
// comes before the origin in what was written in a row. Their place depends on what
// arrives with them.
func TestApplyUpdateContextAroundItself(t *testing.T) {
	const long = 10_000 // structs
	unit := func(clock uint64) codec.ID { return codec.ID{Client: 9, Clock: clock} }
	for name, c := range map[string]struct {
		id, origin, right codec.ID
		at                int // where Yjs puts it
	}{
		"a unit": {codec.ID{Client: 5}, unit(1), unit(1), 2},
		"a run":  {unit(long), unit(long - 1), unit(long / 2), long},
	} {
		var w codec.Writer
		for clock := range uint64(long) {
			s := codec.Struct{ID: unit(clock), Ref: codec.RefString, Len: 1, Content: []byte("a")}
			if clock == 0 {
				s.Parent, s.Root = codec.ParentRoot, []byte("text")
			} else {
				s.HasOrigin, s.Origin = true, unit(clock-1)
			}
			w.Struct(&s, 0)
		}
		w.Struct(&codec.Struct{
			ID: c.id, Ref: codec.RefString, Len: 1, Content: []byte("X"),
			HasOrigin: true, Origin: c.origin, HasRight: true, Right: c.right,
		}, 0)
		v1 := w.Finish(nil)
		v2, err := crdt.ConvertUpdateToV2(v1)
		must(err)
		for way, apply := range map[string]func(*crdt.Doc) error{
			"at once":      func(d *crdt.Doc) error { return d.ApplyUpdate(v1, nil) },
			"in steps":     func(d *crdt.Doc) error { return d.ApplyUpdateContext(t.Context(), v1, nil) },
			"in steps, V2": func(d *crdt.Doc) error { return d.ApplyUpdateV2Context(t.Context(), v2, nil) },
		} {
			doc := crdt.NewDoc(crdt.Config{})
			must(apply(doc))
			if got := strings.Index(doc.Text("text").String(), "X"); got != c.at {
				t.Errorf("around %s, %s: at %d, not %d", name, way, got, c.at)
			}
		}
	}
}

// TestApplyUpdateV2ContextKeeps applies values that format 1 cannot hold.
func TestApplyUpdateV2ContextKeeps(t *testing.T) {
	from, to := crdt.NewDoc(crdt.Config{ClientID: 1}), crdt.NewDoc(crdt.Config{})
	from.Transact(nil, func(tx *crdt.Txn) {
		infinite := crdt.Number(math.Inf(1))
		must(from.Text("t").InsertEmbed(tx, 0, crdt.ObjectOf(crdt.Field{Key: "n", Value: infinite}), crdt.Attr{Key: "n", Value: infinite}))
	})
	want := from.EncodeStateAsUpdateV2(nil)
	if err := to.ApplyUpdateV2Context(t.Context(), want, nil); err != nil {
		t.Fatal(err)
	}
	if got := to.EncodeStateAsUpdateV2(nil); !bytes.Equal(got, want) {
		t.Errorf("%x, want %x", got, want)
	}
}

func TestApplyUpdateContextRefuses(t *testing.T) {
	inBoth(t, func(t *testing.T, update []byte, apply func(*crdt.Doc, crdt.Context, []byte, any) error) {
		for name, c := range map[string]struct {
			ctx    context.Context
			update []byte
			err    error
		}{
			"done":      {&afterChecks{t.Context(), 0}, update, context.Canceled},
			"malformed": {t.Context(), update[:len(update)-1], crdt.ErrMalformed},
		} {
			doc := crdt.NewDoc(crdt.Config{})
			if err := apply(doc, c.ctx, c.update, nil); !errors.Is(err, c.err) {
				t.Errorf("%s: %v", name, err)
			}
			if n := len(doc.StateVector()); n != 0 {
				t.Errorf("%s: the document has edits of %d clients", name, n)
			}
		}
	})
}

// TestMergeUpdatesContext ends merging at each of the places where the context is
// looked at, which must come often enough in every way of merging.
func TestMergeUpdatesContext(t *testing.T) {
	long := longUpdate(t)
	single := func(client crdt.ClientID) []byte {
		renamed, err := crdt.RenameClient(typed(1, "a")[0], 1, client)
		must(err)
		return renamed
	}
	keys, err := crdt.MergeUpdates(typed(1, strings.Repeat("keys", 5000))...)
	must(err)
	run, err := crdt.CompactUpdate(keys)
	must(err)
	var many [][]byte
	for i := range 3000 {
		many = append(many, single(crdt.ClientID(100+i)))
	}
	for name, c := range map[string]struct {
		updates [][]byte
		looks   int // at least
	}{
		"deletions":     {[][]byte{deletions(1), deletions(2)}, 40},
		"deleters":      {[][]byte{deletions(1), deletions(1 << 40)}, 40},
		"none":          {nil, 1},
		"one":           {[][]byte{long}, 10},
		"two":           {[][]byte{long, long}, 10},
		"one after two": {[][]byte{long, single(99), single(98)}, 10},
		"known already": {[][]byte{run, keys}, 10},
		"many":          {many, 4},
		"many and long": {append([][]byte{long}, many...), 15},
	} {
		t.Run(name, func(t *testing.T) {
			want, err := crdt.MergeUpdates(c.updates...)
			if err != nil {
				t.Fatal(err)
			}
			looks := 0
			for ; ; looks++ {
				got, err := crdt.MergeUpdatesContext(&afterChecks{t.Context(), looks}, c.updates...)
				if err == nil {
					if !bytes.Equal(got, want) {
						t.Error("merged with a context, the update is another")
					}
					break
				}
				if !errors.Is(err, context.Canceled) || errors.Is(err, crdt.ErrMalformed) || got != nil {
					t.Fatalf("after %d looks: %d bytes, %v", looks, len(got), err)
				}
			}
			if looks < c.looks {
				t.Errorf("%d looks at the context, want %d", looks, c.looks)
			}
		})
	}
	if _, err := crdt.MergeUpdatesV2Context(&afterChecks{t.Context(), 0}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := crdt.MergeUpdatesContext(t.Context(), long, long[:9]); !errors.Is(err, crdt.ErrMalformed) {
		t.Error(err)
	}
}
