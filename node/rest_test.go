package node

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/crdt/packed"
	"github.com/sheafdocs/sheaf/node/access"
)

// spoil has a document rest on bytes that cannot be unpacked.
func spoil(t *testing.T, d *Document) {
	t.Helper()
	if !StoreView(d) {
		t.Fatal("the document does not rest")
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	doc, err := d.merged.packed.Doc(bodyConfig)
	if err != nil {
		t.Fatal(err)
	}
	good := packed.Pack(doc)
	for i := range good {
		raw := bytes.Clone(good)
		raw[i] ^= 0xff
		opened, err := packed.Open(raw)
		if err != nil {
			continue
		}
		if _, err := opened.Doc(bodyConfig); err != nil {
			d.merged.packed = opened
			return
		}
	}
	t.Fatal("whatever is changed, it can be unpacked")
}

// TestEditOfASpoiledDocumentIsRefused: what a document rests on cannot be
// unpacked. The edit that wakes it is not taken for saved, and the next one, once
// the log was merged, is merged into all the text.
func TestEditOfASpoiledDocumentIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCollision(t, 0, 0, access.Editor)
		d := c.open()
		insertAt(t, d, 0, "all the text")
		time.Sleep(time.Minute)
		d.mu.Lock()
		state := d.state(nil)
		d.mu.Unlock()
		for name, edit := range map[string]func() error{
			"by a page": func() error {
				lease, err := d.Lease(context.Background(), "")
				if err != nil {
					t.Fatal(err)
				}
				defer lease.Session.Close()
				page := crdt.NewDoc(crdt.Config{ClientID: lease.Session.Client()})
				if err := page.ApplyUpdate(state, nil); err != nil {
					return err
				}
				page.Transact(nil, func(tx *crdt.Txn) { err = page.Text("text").Insert(tx, 3, "!") })
				return errors.Join(err, lease.Session.Update(page.EncodeStateAsUpdate(nil)))
			},
			"by the node": func() error {
				return d.Edit(context.Background(), func(tx *crdt.Txn, doc *crdt.Doc) error { return doc.Text("text").Insert(tx, 0, "!") })
			},
		} {
			spoil(t, d)
			if err := edit(); !errors.Is(err, ErrSessionOver) {
				t.Errorf("edited %s: %v", name, err)
			}
			time.Sleep(2 * rebuildInterval)
			if got := d.Text(); got != "all the text" {
				t.Errorf("edited %s, it shows %q", name, got)
			}
			time.Sleep(time.Minute)
		}
		insertAt(t, d, 0, "now ")
		if got := d.Text(); got != "now all the text" {
			t.Errorf("it shows %q", got)
		}
	})
}
