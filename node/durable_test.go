//go:build !js

package node_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/node"
	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/store/memstore"
)

// countingStore counts commits, as a disk would count flushes, and takes its
// time for each.
type countingStore struct {
	*memstore.Store
	commits atomic.Int64
	delay   time.Duration
}

func (s *countingStore) Commit(ctx context.Context, b *store.Batch) error {
	s.commits.Add(1)
	<-time.After(s.delay)
	return s.Store.Commit(ctx, b)
}

// TestF12TypistsShareFlushes has 50 typists in one document at one node and
// counts what reaches the disk.
func TestF12TypistsShareFlushes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := &countingStore{Store: memstore.New(), delay: 5 * time.Millisecond}
		n := alone(t, newKey(t), st)
		d := create(t, n, "")
		var editors []*editor
		for range 50 {
			editors = append(editors, edit(t, d))
		}
		before := st.commits.Load()
		const seconds = 5
		for range seconds * 10 {
			for _, e := range editors {
				e.typeText("x")
			}
			time.Sleep(100 * time.Millisecond)
		}
		if got := float64(st.commits.Load()-before) / seconds; got > 50 {
			t.Errorf("50 typists cause %.1f commits/s, want at most 50", got)
		}
		synctest.Wait()
		for i, e := range editors {
			if e.ackedThrough() != e.sent {
				t.Errorf("editor %d: %d of %d updates durable", i, e.ackedThrough(), e.sent)
			}
		}
		if got := strings.Count(d.Text(), "x"); got != 50*seconds*10 {
			t.Errorf("text has %d characters, want %d", got, 50*seconds*10)
		}
	})
}

// TestF32FailingStoreNeverAcknowledges lets the store fail, checks that
// nothing is shown as saved meanwhile and that everything is, once it works.
func TestF32FailingStoreNeverAcknowledges(t *testing.T) {
	for name, fault := range map[string]error{"full": store.ErrFull, "io": errors.New("input/output error")} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				key, st := newKey(t), memstore.New()
				n := alone(t, key, st)
				d := create(t, n, "")
				e := edit(t, d)
				e.typeText("kept ")
				time.Sleep(time.Second)
				if e.ackedThrough() != 1 {
					t.Fatal("a healthy store does not acknowledge")
				}
				st.Fail(fault)
				e.typeText("during the fault ")
				time.Sleep(10 * time.Second)
				if got := e.ackedThrough(); got != 1 {
					t.Fatalf("%d updates shown as saved, the store took 1", got)
				}
				if e.lastTrouble().Kind != node.EventError || e.lastTrouble().Reason == "" {
					t.Error("the page was not told")
				}
				st.Fail(nil)
				time.Sleep(10 * time.Second)
				if got := e.ackedThrough(); got != 2 {
					t.Errorf("%d updates saved after the store recovered, want 2", got)
				}
				again := alone(t, key, st.Clone())
				copied, err := again.Document(d.ID())
				if err != nil {
					t.Fatal(err)
				}
				if got := copied.Text(); got != "kept during the fault " {
					t.Errorf("the store holds %q", got)
				}
			})
		})
	}
}

// TestF13CrashKeepsWhatWasAcknowledged takes copies of the store at random
// moments while an editor types, and opens each.
func TestF13CrashKeepsWhatWasAcknowledged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		key := newKey(t)
		st := &countingStore{Store: memstore.New(), delay: 7 * time.Millisecond}
		n := alone(t, key, st)
		d := create(t, n, "")
		e := edit(t, d)
		for i := range 300 {
			e.typeText(fmt.Sprintf("%d,", i))
			time.Sleep(time.Duration(1+i%13) * time.Millisecond)
			if i%10 != 0 {
				continue
			}
			acked := e.ackedThrough()
			disk := st.Store.Clone()
			again, err := node.New(node.Config{Key: key, Store: disk})
			if err != nil {
				t.Fatal(err)
			}
			copied, err := again.Document(d.ID())
			if err != nil {
				t.Fatal(err)
			}
			text := copied.Text()
			if err := again.Close(); err != nil {
				t.Fatal(err)
			}
			if got := strings.Count(text, ","); uint64(got) < acked {
				t.Fatalf("%d updates were shown as saved, the copy has %d", acked, got)
			}
		}
	})
}

// TestRefusedUpdates hands in what no page should, and checks that nothing of
// it is taken.
func TestRefusedUpdates(t *testing.T) {
	n := alone(t, newKey(t), memstore.New())
	d := create(t, n, "")
	write(t, d, "base")
	e := edit(t, d)
	foreign := crdt.NewDoc(crdt.Config{ClientID: 99})
	foreign.Transact(nil, func(tx *crdt.Txn) {
		if err := foreign.Text("text").Insert(tx, 0, "forged"); err != nil {
			t.Fatal(err)
		}
	})
	text := e.doc.Text("text")
	e.update(func(tx *crdt.Txn) error { return text.Insert(tx, 0, "skipped") })
	gap := e.update(func(tx *crdt.Txn) error { return text.Insert(tx, 0, "after a gap") })
	for name, c := range map[string]struct {
		update []byte
		want   error
	}{
		"not an update":     {[]byte("nonsense"), node.ErrBadUpdate},
		"cut off":           {foreign.EncodeStateAsUpdate(nil)[:9], node.ErrBadUpdate},
		"another client id": {foreign.EncodeStateAsUpdate(nil), node.ErrWrongClient},
		"a clock skipped":   {gap, node.ErrBadUpdate},
	} {
		if err := e.session.Update(c.update); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if d.Text() != "base" {
		t.Errorf("text is %q", d.Text())
	}
}

// TestTwoSessionsBuildOnEachOther types alternately in two sessions of one
// node, each at the end of what the other wrote, so that their entries depend
// on each other both ways, and lets another node merge them.
func TestTwoSessionsBuildOnEachOther(t *testing.T) {
	a, b := start(t), start(t)
	da := create(t, a, "")
	db := joinBy(t, b, da)
	one, two := edit(t, da), edit(t, da)
	for range 100 {
		for _, e := range []*editor{one, two} {
			if err := e.doc.ApplyUpdate(e.session.State(e.doc.StateVector()), nil); err != nil {
				t.Fatal(err)
			}
			e.typeText("ab")
		}
	}
	want := strings.Repeat("ab", 200)
	await(t, "B to have everything", func() bool { return db.Text() == want })
	checkSame(t, da, db)
}

// TestLargePasteTravels hands in one update far larger than an entry.
func TestLargePasteTravels(t *testing.T) {
	a, b := start(t), start(t)
	da := create(t, a, "")
	db := joinBy(t, b, da)
	paste := strings.Repeat("A page of text, pasted at once. ", 20_000)
	edit(t, da).typeText(paste)
	await(t, "B to have the paste", func() bool { return len(db.Text()) == len(paste) })
	checkSame(t, da, db)
}
