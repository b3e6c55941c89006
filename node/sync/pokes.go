package sync

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/wire"
)

// pokes collects events at home that a session has to act on. Adding never
// blocks. Events of one document are merged, and come out at most once in
// AskInterval: the first at once, the others together when it is over.
type pokes struct {
	mu   sync.Mutex
	docs map[wire.DocID]*poked
}

// poked is what happened to one document.
type poked struct {
	doc      wire.DocID
	changed  bool           // offer it to the peer
	all      bool           // ask for everything missing
	chains   []wire.ChainID // ask for these
	requests [][]byte
	receipts []oplog.Receipt
	pending  bool      // any of the above
	last     time.Time // when it came out last
}

type pokeKind uint8

const (
	pokeChanged pokeKind = iota
	pokeGap
)

// Limits of one document's events; above them they are merged into asking for
// everything, or the newest receipts win.
const (
	maxPokedChains   = 256
	maxPokedRequests = 16
	maxPokedReceipts = 4096
)

// get returns the document's record, marked as pending, or nil when too many
// documents wait. The caller holds mu.
func (p *pokes) get(doc wire.DocID) *poked {
	e := p.docs[doc]
	if e == nil {
		if len(p.docs) >= maxPokes {
			return nil
		}
		if p.docs == nil {
			p.docs = map[wire.DocID]*poked{}
		}
		e = &poked{doc: doc}
		p.docs[doc] = e
	}
	e.pending = true
	return e
}

func (p *pokes) add(doc wire.DocID, kind pokeKind, chains []wire.ChainID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	e := p.get(doc)
	switch {
	case e == nil:
	case kind == pokeChanged:
		e.changed = true
	case len(chains) == 0 || len(e.chains)+len(chains) > maxPokedChains:
		e.all, e.chains = true, nil
	case !e.all:
		for _, c := range chains {
			if !slices.Contains(e.chains, c) {
				e.chains = append(e.chains, c)
			}
		}
	}
}

func (p *pokes) addRequest(doc wire.DocID, raw []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e := p.get(doc); e != nil && len(e.requests) < maxPokedRequests {
		e.requests = append(e.requests, raw)
	}
}

func (p *pokes) addReceipts(doc wire.DocID, rs []oplog.Receipt) {
	p.mu.Lock()
	defer p.mu.Unlock()
	e := p.get(doc)
	if e == nil {
		return
	}
	e.receipts = append(e.receipts, rs...)
	if len(e.receipts) > maxPokedReceipts {
		e.receipts = newest(e.receipts)
	}
}

// newest keeps of each chain the receipt that reaches farthest.
func newest(rs []oplog.Receipt) []oplog.Receipt {
	best := map[wire.ChainID]oplog.Receipt{}
	for _, r := range rs {
		if old, ok := best[r.Chain]; !ok || r.Seq > old.Seq {
			best[r.Chain] = r
		}
	}
	return slices.Collect(maps.Values(best))
}

// ready takes out what is due, and says when something else will be.
func (p *pokes) ready(now time.Time) (due []*poked, wait time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	wait = CheckInterval
	for doc, e := range p.docs {
		left := e.last.Add(AskInterval).Sub(now)
		switch {
		case e.pending && left <= 0:
			out := *e
			due = append(due, &out)
			*e = poked{doc: doc, last: now}
		case e.pending:
			wait = min(wait, left)
		case left <= 0:
			delete(p.docs, doc)
		}
	}
	return due, wait
}

// docSet is a set of documents.
type docSet struct {
	mu   sync.Mutex
	docs map[wire.DocID]struct{}
}

func (d *docSet) set(doc wire.DocID, in bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !in {
		delete(d.docs, doc)
		return
	}
	if d.docs == nil {
		d.docs = map[wire.DocID]struct{}{}
	}
	d.docs[doc] = struct{}{}
}

func (d *docSet) has(doc wire.DocID) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, ok := d.docs[doc]
	return ok
}

func (d *docSet) len() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.docs)
}

// clear empties the set and returns what was in it.
func (d *docSet) clear() []wire.DocID {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := slices.Collect(maps.Keys(d.docs))
	d.docs = nil
	return out
}
