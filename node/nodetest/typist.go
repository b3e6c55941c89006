package nodetest

import (
	"bytes"
	"context"
	"sync"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/node"
	"github.com/sheafdocs/sheaf/node/wire"
)

// Typist is a page open on a document: a session that stays.
type Typist struct {
	world   *World
	doc     *crdt.Doc
	session *node.Session
	stop    context.CancelFunc
	done    chan struct{}

	mu    sync.Mutex
	acked uint64
}

// Type opens a page on a node's document. Close it before the node stops.
func Type(ctx context.Context, w *World, p *Peer, id wire.DocID) *Typist {
	w.T.Helper()
	lease, err := p.Document(id).Lease(ctx, "")
	if err != nil {
		w.T.Fatal(err)
	}
	e := &Typist{world: w, doc: crdt.NewDoc(crdt.Config{}), session: lease.Session, done: make(chan struct{})}
	if err := e.doc.ApplyUpdate(e.session.State(nil), nil); err != nil {
		w.T.Fatal(err)
	}
	e.doc.SetClientID(lease.Client)
	ctx, e.stop = context.WithCancel(ctx)
	go e.follow(ctx)
	return e
}

// follow notes what is acknowledged.
func (e *Typist) follow(ctx context.Context) {
	defer close(e.done)
	for {
		ev, err := e.session.Next(ctx)
		if err != nil {
			return
		}
		if ev.Kind == node.EventAck {
			e.mu.Lock()
			e.acked = ev.Through
			e.mu.Unlock()
		}
	}
}

// Insert types at the end of the plain-text root.
func (e *Typist) Insert(s string) {
	e.world.T.Helper()
	var update []byte
	stop := e.doc.OnUpdate(func(ev crdt.UpdateEvent) { update = bytes.Clone(ev.Update) })
	defer stop()
	text := e.doc.Text("text")
	var err error
	e.doc.Transact(nil, func(tx *crdt.Txn) { err = text.Insert(tx, text.Len(), s) })
	if err == nil {
		err = e.session.Update(update)
	}
	if err != nil {
		e.world.T.Fatal(err)
	}
}

// Acked is how many insertions are durable on the node.
func (e *Typist) Acked() uint64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.acked
}

// Close closes the page.
func (e *Typist) Close() {
	e.stop()
	<-e.done
	e.session.Close()
}
