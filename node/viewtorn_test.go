//go:build !js

package node_test

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sheafdocs/sheaf/node"
	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/store/badgerstore"
	"github.com/sheafdocs/sheaf/node/store/memstore"
	"github.com/sheafdocs/sheaf/node/wire"
)

// A view is stored record by record, so a kill can leave any first few of a new
// one beside the rest of an old one. These tests lay such states down on Badger
// between a stop and a start of the node.

// tornCase is a document in a store without a view, and views of it to take records from.
type tornCase struct {
	key *identity.Key
	st  *memstore.Store // holds the log
	id  wire.DocID

	old, now   []store.Record // three records each: before and after the last entry
	brief      []store.Record // as now, but of one record
	last, page []store.Key    // entries: the last one, those of the page's chain
	hash       [32]byte       // of the document
}

const tornText = "first second third"

// newTornCase writes an entry, has a page write another that builds on it, and
// writes a third.
func newTornCase(t *testing.T) *tornCase {
	c := &tornCase{key: newKey(t), st: memstore.New()}
	synctest.Test(t, func(t *testing.T) {
		d := create(t, alone(t, c.key, c.st), "Minutes")
		write(t, d, "first ")
		rest(t, d)
		page := edit(t, d)
		own := entryKeys(t, c.st, d.ID())
		page.typeText("second ")
		time.Sleep(10 * time.Second)
		two := entryKeys(t, c.st, d.ID())
		c.page = lacking(two, own)
		c.old = cutView(t, d, 3)
		write(t, d, "third")
		page.session.Close()
		rest(t, d)
		c.last = lacking(entryKeys(t, c.st, d.ID()), two)
		c.now, c.brief, c.hash, c.id = cutView(t, d, 3), cutView(t, d, 1), stateHash(t, d), d.ID()
		if d.Text() != tornText || len(c.last) == 0 || len(c.page) == 0 || len(c.old) != 3 || len(c.now) != 3 || len(c.brief) != 1 {
			t.Fatalf("%q, %d and %d entries, views of %d, %d and %d records", d.Text(), len(c.page), len(c.last), len(c.old), len(c.now), len(c.brief))
		}
	})
	change(t, c.st, nil, recordKeys(scan(t, c.st, c.id, store.KindLocal, "view/"))...)
	return c
}

func cutView(t *testing.T, d *node.Document, n int) []store.Record {
	t.Helper()
	records, err := node.CutView(d, n)
	if err != nil {
		t.Fatal(err)
	}
	return records
}

func scan(t *testing.T, st store.Store, id wire.DocID, kind store.Kind, prefix string) (list []store.Record) {
	t.Helper()
	for r, err := range st.Scan(context.Background(), id, kind, prefix) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, r)
	}
	return list
}

func recordKeys(list []store.Record) (keys []store.Key) {
	for _, r := range list {
		keys = append(keys, r.Key)
	}
	return keys
}

func entryKeys(t *testing.T, st store.Store, id wire.DocID) []store.Key {
	t.Helper()
	return recordKeys(scan(t, st, id, store.KindEntry, ""))
}

// lacking returns the keys of all that some lacks.
func lacking(all, some []store.Key) []store.Key {
	return slices.DeleteFunc(slices.Clone(all), func(k store.Key) bool { return slices.Contains(some, k) })
}

// onBadger copies a store to a new one on disk and returns its directory.
func onBadger(t *testing.T, from *memstore.Store) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "store")
	st := openBadger(t, dir)
	docs, err := from.Documents(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range append(docs, wire.DocID{}) {
		for _, kind := range store.Kinds() {
			if records := scan(t, from, id, kind, ""); len(records) > 0 {
				change(t, st, records)
			}
		}
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

func openBadger(t *testing.T, dir string) *badgerstore.Store {
	t.Helper()
	st, _, err := badgerstore.Open(badgerstore.Config{Dir: dir, ReserveBytes: 64 << 20, BallastBytes: -1})
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// visit starts a node on the store in dir, and stops it when f is done.
func (c *tornCase) visit(t *testing.T, dir string, f func(st store.Store, n *node.Node, d *node.Document)) {
	t.Helper()
	st := openBadger(t, dir)
	n, err := node.New(node.Config{Key: c.key, Store: st})
	if err != nil {
		t.Fatal(errors.Join(err, st.Close()))
	}
	defer func() {
		if err := errors.Join(n.Close(), st.Close()); err != nil {
			t.Error(err)
		}
	}()
	d, err := n.Document(c.id)
	if err != nil {
		t.Fatal(err)
	}
	f(st, n, d)
}

// TestF13TornView: whatever is left of views, the document opens as its log has it.
func TestF13TornView(t *testing.T) {
	c := newTornCase(t)
	for _, test := range []struct {
		name string
		view []store.Record
		gone []store.Key // entries
		used bool        // the view, as far as it goes
	}{
		{name: "none"},
		{name: "whole", view: c.now, used: true},
		{name: "killed before the first record", view: c.old, used: true},
		{name: "killed after the first", view: []store.Record{c.now[0], c.old[1], c.old[2]}},
		{name: "killed after the second", view: []store.Record{c.now[0], c.now[1], c.old[2]}},
		{name: "killed after the first of the first view", view: c.now[:1]},
		{name: "killed after the second of the first view", view: c.now[:2]},
		{name: "over a longer one", view: []store.Record{c.brief[0], c.old[1], c.old[2]}, used: true},
		{name: "killed over a longer one of which the end is lost", view: []store.Record{c.now[0], c.old[1]}},
		{name: "the first is of before", view: []store.Record{c.old[0], c.now[1], c.now[2]}},
		{name: "the second is of before", view: []store.Record{c.now[0], c.old[1], c.now[2]}},
		{name: "the first is lost", view: c.now[1:]},
		{name: "the second is lost", view: []store.Record{c.now[0], c.now[2]}},
		{name: "the last is left", view: c.now[2:]},
		{name: "the last entry is lost", view: c.now, gone: c.last},
		{name: "a chain is lost", view: c.old, gone: c.page},
	} {
		t.Run(test.name, func(t *testing.T) { c.check(t, test.view, test.gone, test.used) })
	}
}

// check starts a node on the log, without some entries, and on a view: the
// document must be what it is by the log alone, and a view of that be stored.
func (c *tornCase) check(t *testing.T, view []store.Record, gone []store.Key, used bool) {
	log := c.st.Clone()
	change(t, log, nil, gone...)
	var hash [32]byte
	var text string
	var all uint64
	c.visit(t, onBadger(t, log), func(_ store.Store, n *node.Node, d *node.Document) {
		hash, text, all = stateHash(t, d), d.Text(), n.Stats().EntriesDecrypted
	})
	if len(gone) == 0 && (hash != c.hash || text != tornText) {
		t.Fatalf("by the log: %q", text)
	}

	change(t, log, view)
	dir := onBadger(t, log)
	c.visit(t, dir, func(st store.Store, n *node.Node, d *node.Document) {
		by := n.Stats().EntriesDecrypted
		if d.Text() != text || d.Title() != "Minutes" || stateHash(t, d) != hash {
			t.Errorf("%q, by the log %q; hashes equal: %v", d.Text(), text, stateHash(t, d) == hash)
		}
		if (by < all) != used {
			t.Errorf("%d entries merged, %d by the log; the view should be used: %v", by, all, used)
		}
		if !used {
			await(t, "what is stored of the view to be deleted", func() bool { return len(views(t, st, d)) == 0 })
		}
		rest(t, d)
	})
	c.visit(t, dir, func(st store.Store, n *node.Node, d *node.Document) {
		if by := n.Stats().EntriesDecrypted; !node.Resting(d) || by >= all {
			t.Errorf("no view was made anew: resting %v, %d of %d entries merged", node.Resting(d), by, all)
		}
		if d.Text() != text || stateHash(t, d) != hash {
			t.Errorf("by the new view %q, by the log %q", d.Text(), text)
		}
	})
}
