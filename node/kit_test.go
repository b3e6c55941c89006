//go:build !js

package node_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/node"
	"github.com/sheafdocs/sheaf/node/discovery"
	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/store/memstore"
	"github.com/sheafdocs/sheaf/node/transport"
)

// newKey draws a device key.
func newKey(t *testing.T) *identity.Key {
	t.Helper()
	key, err := identity.Generate(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// start runs a node on a loopback host of its own.
func start(t *testing.T) *node.Node {
	t.Helper()
	st := memstore.New()
	t.Cleanup(func() { st.Close() })
	return startOn(t, newKey(t), st)
}

// startOn runs a node with a given key and store, on a loopback host.
func startOn(t *testing.T, key *identity.Key, st store.Store) *node.Node {
	t.Helper()
	gate := new(transport.Gate)
	h, err := transport.NewHost(transport.Config{Key: key, LoopbackOnly: true, Gate: gate})
	if err != nil {
		t.Fatal(err)
	}
	n, err := node.New(node.Config{Key: key, Store: st, Host: h, Gate: gate, LocalDiscovery: discovery.Off, Acting: acting})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	return n
}

// acting is what a node acts as the paper key on: loopback, and memory.
func acting(key *identity.Key) (node.Acting, error) {
	h, err := transport.NewHost(transport.Config{Key: key, LoopbackOnly: true})
	if err != nil {
		return node.Acting{}, err
	}
	st := memstore.New()
	return node.Acting{Host: h, Store: st, Close: func() error { return errors.Join(h.Close(), st.Close()) }}, nil
}

// alone runs a node without a network.
func alone(t *testing.T, key *identity.Key, st store.Store) *node.Node {
	t.Helper()
	n, err := node.New(node.Config{Key: key, Store: st})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	return n
}

// create makes a document.
func create(t *testing.T, n *node.Node, title string) *node.Document {
	t.Helper()
	d, err := n.Create(context.Background(), title)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// joinBy lets n join d by a link of d, and waits until it is in.
func joinBy(t *testing.T, n *node.Node, d *node.Document) *node.Document {
	t.Helper()
	link, err := d.Share(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	joined, err := n.Join(context.Background(), link)
	if err != nil {
		t.Fatal(err)
	}
	await(t, "the node to be let in", func() bool { return joined.State() == node.StateReady })
	return joined
}

// together has b join a document of a with a text, and waits until b has it.
func together(t *testing.T, a, b *node.Node, text string) (da, db *node.Document) {
	t.Helper()
	da = create(t, a, "")
	write(t, da, text)
	db = joinBy(t, b, da)
	await(t, "the text to be there", func() bool { return db.Text() == text })
	return da, db
}

// write appends to the plain-text root and waits until it is durable.
func write(t *testing.T, d *node.Document, s string) {
	t.Helper()
	err := d.Edit(context.Background(), func(tx *crdt.Txn, doc *crdt.Doc) error {
		return doc.Text("text").Insert(tx, doc.Text("text").Len(), s)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// await polls until ok says yes.
func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
		<-time.After(5 * time.Millisecond)
	}
}

// editor is what a page is to a node: a document of its own, a session, and
// the updates it has handed in.
type editor struct {
	t       *testing.T
	doc     *crdt.Doc
	session *node.Session
	sent    uint64

	mu    sync.Mutex
	acked uint64
	last  node.Event // the last error or reset
}

// edit opens an editor on a document.
func edit(t *testing.T, d *node.Document) *editor {
	t.Helper()
	lease, err := d.Lease(context.Background(), "")
	if err != nil {
		t.Fatal(err)
	}
	e := &editor{t: t, doc: crdt.NewDoc(crdt.Config{}), session: lease.Session}
	if err := e.doc.ApplyUpdate(e.session.State(nil), nil); err != nil {
		t.Fatal(err)
	}
	e.doc.SetClientID(lease.Client)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		e.follow(ctx)
	}()
	t.Cleanup(func() { cancel(); <-done })
	return e
}

// follow notes the session's events.
func (e *editor) follow(ctx context.Context) {
	for {
		ev, err := e.session.Next(ctx)
		if err != nil {
			return
		}
		e.mu.Lock()
		switch ev.Kind {
		case node.EventAck:
			e.acked = ev.Through
		case node.EventError, node.EventReset:
			e.last = ev
		}
		e.mu.Unlock()
	}
}

func (e *editor) ackedThrough() uint64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.acked
}

func (e *editor) lastTrouble() node.Event {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.last
}

// update returns the update of an edit of the editor's own document.
func (e *editor) update(f func(tx *crdt.Txn) error) []byte {
	e.t.Helper()
	var update []byte
	stop := e.doc.OnUpdate(func(ev crdt.UpdateEvent) { update = bytes.Clone(ev.Update) })
	defer stop()
	var err error
	e.doc.Transact(nil, func(tx *crdt.Txn) { err = f(tx) })
	if err != nil {
		e.t.Fatal(err)
	}
	return update
}

// typeText appends to the plain-text root and hands it in.
func (e *editor) typeText(s string) {
	e.t.Helper()
	text := e.doc.Text("text")
	u := e.update(func(tx *crdt.Txn) error { return text.Insert(tx, text.Len(), s) })
	if err := e.session.Update(u); err != nil {
		e.t.Fatal(err)
	}
	e.sent++
}
