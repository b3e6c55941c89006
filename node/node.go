package node

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"sort"
	stdsync "sync"
	"sync/atomic"
	"time"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/node/discovery"
	"github.com/sheafdocs/sheaf/node/gossip"
	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/seal"
	"github.com/sheafdocs/sheaf/node/sync"
	"github.com/sheafdocs/sheaf/node/wire"
)

// Node is one device's participation in all of its documents. Make one with
// New and end it with Close.
type Node struct {
	cfg       Config
	device    wire.Device
	clientOf  oplog.ClientFunc // of chains; another one in tests of collisions
	local     *seal.Local      // seals keys and drafts at rest
	ownSeal   seal.SealKey     // this device's; every document names it
	sync      *sync.Service
	gossip    *gossip.Gossip
	discovery *discovery.Discovery
	stats     stats

	ready  chan struct{}   // closed when the network's parts are all there
	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	wg     stdsync.WaitGroup

	packing stdsync.Mutex // one view is made at a time

	joinMu stdsync.Mutex // one Join at a time, so that none makes a second copy

	settings stdsync.Mutex // one change at a time, so that what is stored and done is what was said last

	home    home    // what this user has on other devices
	pairing pairing // adding one
	known   knownDevices

	mu        stdsync.Mutex
	documents map[wire.DocID]*Document
	names     map[wire.Device]string // what others call themselves, from presence
	name      string
	offline   bool
	watchers  map[chan Change]struct{}
	closed    bool
}

// stats counts what a benchmark or an operator wants to know of the log.
type stats struct {
	sent, verified, decrypted, inert, commitsFailed atomic.Uint64
}

// Stats are counts since the node started.
type Stats struct {
	EntriesSent      uint64 `json:"entriesSent"`      // own entries made and published
	EntriesVerified  uint64 `json:"entriesVerified"`  // received entries accepted into a chain
	EntriesDecrypted uint64 `json:"entriesDecrypted"` // entries opened and merged
	EntriesInert     uint64 `json:"entriesInert"`     // opened, and found to contribute nothing
}

// Change says that something about the node or one of its documents changed.
type Change struct {
	Kind ChangeKind
	Doc  wire.DocID // for DocumentChanged and CommentsChanged
}

// ChangeKind is the kind of a Change.
type ChangeKind uint8

// The kinds of changes.
const (
	StatusChanged    ChangeKind = iota // the node's status
	DocumentsChanged                   // a document was added, trashed or restored
	DocumentChanged                    // title, state, peers or holders of one document
	CommentsChanged                    // what is said about one document
	PairingChanged                     // how adding a device stands
	AllChanged                         // anything may have: the watcher did not keep up
)

// New opens every document of the store and, if cfg has a host, starts to
// share them. The caller closes store and host after the node.
func New(cfg Config) (*Node, error) {
	cfg.setDefaults()
	if cfg.Key == nil || cfg.Store == nil {
		return nil, fmt.Errorf("node: Config needs a Key and a Store")
	}
	n := &Node{
		cfg:       cfg,
		device:    cfg.Key.Device(),
		clientOf:  oplog.BodyClient,
		local:     seal.NewLocal(cfg.Key.LocalSecret("store")),
		ready:     make(chan struct{}),
		ownSeal:   seal.SealKey{Owner: cfg.Key.Device(), Public: cfg.Key.SealPublic()},
		documents: map[wire.DocID]*Document{},
		names:     map[wire.Device]string{},
		name:      cfg.Name,
		watchers:  map[chan Change]struct{}{},
	}
	if err := n.register(); err != nil {
		return nil, err
	}
	n.ctx, n.cancel = context.WithCancel(context.Background())
	if err := n.loadProfile(); err != nil {
		return nil, err
	}
	if err := errors.Join(n.loadHome(), n.loadNames()); err != nil {
		n.cancel()
		return nil, err
	}
	if err := n.loadDocuments(); err != nil {
		n.cancel()
		return nil, err
	}
	if cfg.Host != nil {
		if err := n.startNetwork(); err != nil {
			n.cancel()
			return nil, err
		}
	}
	for _, d := range n.documents {
		n.start(d)
	}
	n.wg.Add(1)
	go func() {
		defer n.wg.Done()
		n.followHome()
	}()
	return n, nil
}

// loadDocuments opens what the store holds, and an empty shell for each
// document the store has lost.
func (n *Node) loadDocuments() error {
	ids, err := n.cfg.Store.Documents(n.ctx)
	if err != nil {
		return fmt.Errorf("list documents: %w", err)
	}
	for _, id := range append(ids, n.cfg.Lost...) {
		if id.IsZero() || n.documents[id] != nil {
			continue
		}
		d := newDocument(n, id)
		if err := d.load(n.ctx); err != nil {
			return fmt.Errorf("open document %s: %w", id.Short(), err)
		}
		n.documents[id] = d
	}
	return nil
}

// start runs a document and lets it find its peers.
func (n *Node) start(d *Document) {
	n.wg.Add(1)
	go func() {
		defer n.wg.Done()
		d.run()
	}()
}

// Close stores what is pending, leaves the network and ends every session.
func (n *Node) Close() error {
	n.mu.Lock()
	if n.closed {
		n.mu.Unlock()
		return nil
	}
	n.closed = true
	docs := n.listLocked()
	n.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	for _, d := range docs {
		d.close(ctx)
	}
	n.CancelPairing(0)
	n.cancel()
	n.stopNetwork()
	n.wg.Wait()
	n.saveNames(true)
	n.mu.Lock()
	for ch := range n.watchers {
		close(ch)
	}
	n.watchers = nil
	n.mu.Unlock()
	return nil
}

// closeTimeout bounds how long Close waits for a store that does not answer.
const closeTimeout = 10 * time.Second

// Device is this node's public key.
func (n *Node) Device() wire.Device { return n.device }

// Document returns a document by id.
func (n *Node) Document(id wire.DocID) (*Document, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	d := n.documents[id]
	if d == nil {
		return nil, fmt.Errorf("%w: %s", ErrNoDocument, id)
	}
	return d, nil
}

// Documents lists the documents, newest change first.
func (n *Node) Documents() []*Document {
	n.mu.Lock()
	list := n.listLocked()
	n.mu.Unlock()
	changed := make(map[*Document]time.Time, len(list))
	for _, d := range list {
		changed[d] = d.UpdatedAt()
	}
	sort.SliceStable(list, func(i, j int) bool { return changed[list[i]].After(changed[list[j]]) })
	return list
}

func (n *Node) listLocked() []*Document {
	list := make([]*Document, 0, len(n.documents))
	for _, d := range n.documents {
		list = append(list, d)
	}
	sort.Slice(list, func(i, j int) bool { return string(list[i].id[:]) < string(list[j].id[:]) })
	return list
}

// Create makes a document owned by this device.
func (n *Node) Create(ctx context.Context, title string) (*Document, error) {
	if len(title) > maxTitleBytes {
		return nil, fmt.Errorf("%w: %d bytes, %d are allowed", ErrTitle, len(title), maxTitleBytes)
	}
	d, err := n.createDocument(ctx)
	if err != nil {
		return nil, err
	}
	if title != "" {
		if err := d.Rename(ctx, title); err != nil {
			return nil, err
		}
	}
	n.notify(Change{Kind: DocumentsChanged})
	return d, nil
}

// add makes a new document part of the node.
func (n *Node) add(d *Document) error {
	n.mu.Lock()
	if n.closed {
		n.mu.Unlock()
		return ErrClosed
	}
	if len(n.documents) >= maxDocuments {
		n.mu.Unlock()
		return fmt.Errorf("%w: this device holds %d documents", ErrTooMany, maxDocuments)
	}
	n.documents[d.id] = d
	n.mu.Unlock()
	n.start(d)
	if n.sync != nil {
		n.sync.Changed(d.id)
	}
	return nil
}

// Stats returns the node's counts.
func (n *Node) Stats() Stats {
	return Stats{
		EntriesSent: n.stats.sent.Load(), EntriesVerified: n.stats.verified.Load(),
		EntriesDecrypted: n.stats.decrypted.Load(), EntriesInert: n.stats.inert.Load(),
	}
}

// Watch returns a channel of changes, and a function that ends it. A watcher
// that does not keep up is told AllChanged instead, and never blocks the node;
// every change says only what to look at again.
func (n *Node) Watch() (<-chan Change, func()) {
	ch := make(chan Change, 64)
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.watchers == nil {
		close(ch)
		return ch, func() {}
	}
	n.watchers[ch] = struct{}{}
	return ch, func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		if _, ok := n.watchers[ch]; ok {
			delete(n.watchers, ch)
			close(ch)
		}
	}
}

func (n *Node) notify(c Change) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for ch := range n.watchers {
		select {
		case ch <- c:
			continue
		default:
		}
		// The watcher is far behind. Instead of what waits it is told to look at
		// everything again, so nothing is missed for good. Nobody else sends.
		for len(ch) > 0 {
			select {
			case <-ch:
			default:
			}
		}
		ch <- Change{Kind: AllChanged}
	}
}

func (n *Node) rand() io.Reader {
	if n.cfg.Rand != nil {
		return n.cfg.Rand
	}
	return rand.Reader
}

// Rename sets the document's title, as an edit that everyone gets.
func (d *Document) Rename(ctx context.Context, title string) error {
	if len(title) > maxTitleBytes {
		return fmt.Errorf("%w: %d bytes, %d are allowed", ErrTitle, len(title), maxTitleBytes)
	}
	return d.Edit(ctx, func(tx *crdt.Txn, doc *crdt.Doc) error {
		return doc.Map("meta").Set(tx, "title", crdt.String(title))
	})
}
