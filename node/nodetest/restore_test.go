package nodetest_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/sheafdocs/sheaf/node/nodetest"
)

// TestRestoredBackupMakesNoFork is "store rolled back" of replication.md §11: a
// device is backed up while some of its edits are drafts, writes on, and is then
// restored. What it wrote after the backup comes back from the other, nothing
// is there twice, and no chain has two branches.
func TestRestoredBackupMakesNoFork(t *testing.T) {
	for name, alone := range map[string]bool{"others hold newer entries": false, "the drafts were nowhere else": true} {
		t.Run(name, func(t *testing.T) {
			nodetest.Run(t, 5, 2, func(w *nodetest.World) {
				ctx := context.Background()
				id := w.Share(ctx)
				a, b := w.Peers[0], w.Peers[1]
				a.Insert(ctx, id, 0, "before. ")
				w.CheckEqual(id)

				// B is away: what A writes now is a draft for a while.
				b.Stop()
				e := nodetest.Type(ctx, w, a, id)
				e.Insert("draft. ")
				w.Await("the draft to be durable", time.Minute, func() bool { return e.Acked() == 1 })
				saved := a.Backup(ctx)
				if !alone {
					e.Insert("the same session goes on. ")
					w.Await("all to be durable", time.Minute, func() bool { return e.Acked() == 2 })
					b.Start()
					w.CheckEqual(id)
					b.Stop()
				}
				want := a.Document(id).Text()
				e.Close()
				a.Restore(ctx, saved)
				a.Start()
				a.Insert(ctx, id, 0, "after. ")
				time.Sleep(10 * time.Second) // time in which drafts become entries, if they may
				b.Start()
				w.CheckEqual(id)
				b.Insert(ctx, id, 0, "from B. ")
				w.CheckEqual(id)
				text := a.Document(id).Text()
				if alone {
					want = "before. draft. "
				}
				for _, part := range []string{want, "after. ", "from B. "} {
					if strings.Count(text, part) != 1 {
						t.Errorf("%q is not once in %q", part, text)
					}
				}
				for i, p := range w.Peers {
					if n := p.Document(id).Forks(); n != 0 {
						t.Errorf("node %d has %d forked chains", i, n)
					}
				}
			})
		})
	}
}

// TestDraftsOfACrashAreSent is the usual case of drafts at start: no backup, only
// a crash.
func TestDraftsOfACrashAreSent(t *testing.T) {
	nodetest.Run(t, 6, 2, func(w *nodetest.World) {
		ctx := context.Background()
		id := w.Share(ctx)
		a, b := w.Peers[0], w.Peers[1]
		b.Stop()
		e := nodetest.Type(ctx, w, a, id)
		e.Insert("typed before the crash. ")
		w.Await("it to be durable", time.Minute, func() bool { return e.Acked() == 1 })
		a.Crash() // the page goes with it
		e.Close()
		a.Start()
		a.Insert(ctx, id, 0, "after it. ")
		b.Start()
		w.CheckEqual(id)
		if text := b.Document(id).Text(); !strings.Contains(text, "typed before the crash. ") || !strings.Contains(text, "after it. ") {
			t.Errorf("B has %q", text)
		}
	})
}
