package node

import (
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/crdt/packed"
	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/seal"
	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/wire"
)

// A view is what a document's entries came to at some time, kept beside them: the
// packed document and which entries it stands for. It saves opening and merging
// them again. The log stays the truth: a view that is damaged, or stands for an
// entry that does not count any more, is deleted and made anew
// (docs/formats/view.md).

const (
	viewPrefix    = "view/" // and the number of the part, a byte
	viewPartBytes = 512 << 10
	maxViewParts  = 64
	viewVersion   = 1
	viewAtClose   = 16 << 10 // bytes merged since the last view that make one worth the wait when a node ends
)

var errView = errors.New("view does not fit the log")

// viewRecord is a view.
type viewRecord struct {
	_      struct{} `cbor:",toarray"`
	Of     []byte   // viewChains, compressed
	Title  string
	Packed []byte
}

// viewPart is a piece of an encoded viewRecord, as it lies in the store, sealed.
type viewPart struct {
	_       struct{} `cbor:",toarray"`
	Version uint
	Hash    [32]byte // of all pieces together
	Piece   []byte
}

// viewChain says what a view holds of a chain.
type viewChain struct {
	_     struct{} `cbor:",toarray"`
	Chain wire.ChainID
	Last  wire.EntryID
	Ends  []byte // for each entry a uvarint: how far it took the chain's clock
	Deps  []viewDeps
}

// viewDeps is what one entry lists.
type viewDeps struct {
	_    struct{} `cbor:",toarray"`
	Seq  uint64
	Deps []viewDep
}

type viewDep struct {
	_     struct{} `cbor:",toarray"`
	Chain wire.ChainID
	Seq   uint64
}

func viewKey(doc wire.DocID, part int) store.Key {
	return store.LocalKey(doc, viewPrefix+string([]byte{byte(part)}))
}

// noteView keeps a part of the stored view until the log is loaded. One that is
// damaged is no loss.
func (d *Document) noteView(r store.Record, err error) bool {
	if r.Key.Kind != store.KindLocal || !strings.HasPrefix(r.Key.Name, viewPrefix) {
		return false
	}
	if n := len(r.Key.Name); n == len(viewPrefix)+1 {
		d.merged.parts = max(d.merged.parts, int(r.Key.Name[n-1])+1)
	}
	if err == nil {
		d.storedView = append(d.storedView, r)
	}
	return true
}

// viewMaking is what a view is made of, taken with mu held and encoded without.
type viewMaking struct {
	state  []byte
	title  string
	chains []viewChain
	behind int // and times: those of d.merged when it was taken
	times  int

	packed *packed.Document
	size   int // bytes packed
	parts  int // records in the store
}

// storeView stores a view if one is due. Called by run, which commits all else,
// so that the view never stands for an entry that is not stored. A store that
// refuses is asked again later: nothing depends on a view.
func (d *Document) storeView() {
	d.mu.Lock()
	now := d.node.cfg.Now()
	d.restIfIdle(now)
	if !d.viewDue(now) || !d.node.packing.TryLock() {
		d.mu.Unlock()
		return
	}
	defer d.node.packing.Unlock()
	made, err := d.takeView()
	d.mu.Unlock()
	if err == nil {
		err = d.commitView(made)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	m := &d.merged
	if err != nil {
		d.log.Info("view not stored; the log is whole without", "err", err)
		m.since, m.stored, m.size = now, now, max(m.size, 3*m.behind+1) // not again before viewLate
		return
	}
	if m.times < made.times {
		return // merged anew meanwhile: what was stored is found unfit and replaced
	}
	m.stored = now
	m.size, m.parts = made.size, max(m.parts, made.parts)
	m.behind -= made.behind
	if m.times == made.times {
		m.packed = made.packed
	} else {
		m.since = now
	}
}

// viewDue says whether a view is worth its price now: in a pause, when enough was
// merged to pay for it or the last one is some time ago.
func (d *Document) viewDue(now time.Time) bool {
	m := &d.merged
	if m.doc == nil || m.packed != nil || d.retryWait > 0 {
		return false
	}
	late := now.Sub(m.stored) >= viewLate
	worth, pause := late || 3*m.behind >= m.size, now.Sub(m.used) >= viewQuiet
	if d.closed {
		worth, pause, late = 3*m.behind >= m.size, m.behind >= viewAtClose, false
	}
	return (worth && pause || late && now.Sub(m.since) >= viewLate) && d.settled()
}

// takeView notes what is merged. Called with mu held.
func (d *Document) takeView() (*viewMaking, error) {
	v := &viewMaking{state: d.merged.doc.EncodeStateAsUpdate(nil), title: d.titleLocked(), behind: d.merged.behind, times: d.merged.times}
	for id, c := range d.causes.chains {
		switch {
		case c.applied() == 0 || c.other == c.applied():
			continue // nothing of it is in the body
		case c.other > 0 || c.applied() > d.chains.Counts(id):
			return nil, fmt.Errorf("%w: chain %s", errView, id)
		}
		last, _ := d.chains.ID(id, c.applied()-1)
		of := viewChain{Chain: id, Last: last}
		clock := uint64(0)
		for _, end := range c.ends {
			of.Ends = binary.AppendUvarint(of.Ends, end-clock)
			clock = end
		}
		for _, l := range c.deps {
			deps := viewDeps{Seq: l.seq}
			for _, dep := range l.deps {
				deps.Deps = append(deps.Deps, viewDep{Chain: dep.Chain, Seq: dep.Seq})
			}
			of.Deps = append(of.Deps, deps)
		}
		v.chains = append(v.chains, of)
	}
	return v, nil
}

// commitView packs, seals and stores a view. Called without mu.
func (d *Document) commitView(v *viewMaking) error {
	whole, err := v.encode()
	if err != nil {
		return err
	}
	if len(v.chains) == 0 {
		return nil // nothing that the log has to give
	}
	hash := sha256.Sum256(whole)
	for piece := range slices.Chunk(whole, viewPartBytes) {
		part, err := d.sealViewPart(v.parts, hash, piece)
		if err != nil {
			return err
		}
		if err := d.node.cfg.Store.Commit(background(), &store.Batch{Put: []store.Record{part}}); err != nil {
			return fmt.Errorf("store view: %w", err)
		}
		v.parts++
	}
	return nil
}

// sealViewPart returns the record of a piece of a view.
func (d *Document) sealViewPart(number int, hash [32]byte, piece []byte) (store.Record, error) {
	key := viewKey(d.id, number)
	value, err := d.sealLocal(key, viewPart{Version: viewVersion, Hash: hash, Piece: piece})
	return store.Record{Key: key, Value: value}, err
}

// encode packs what was noted.
func (v *viewMaking) encode() ([]byte, error) {
	doc := newBody()
	if err := doc.ApplyUpdate(v.state, nil); err != nil {
		return nil, fmt.Errorf("copy document: %w", err)
	}
	rec := viewRecord{Title: v.title, Packed: packed.Pack(doc)}
	var err error
	if v.packed, err = packed.Open(rec.Packed); err != nil {
		return nil, err
	}
	v.size = len(rec.Packed)
	chains, err := wire.Marshal(v.chains)
	if err != nil {
		return nil, fmt.Errorf("encode view: %w", err)
	}
	rec.Of = deflate(chains)
	whole, err := wire.Marshal(rec)
	if err != nil {
		return nil, fmt.Errorf("encode view: %w", err)
	}
	if len(whole) > maxViewParts*viewPartBytes {
		return nil, fmt.Errorf("view of %d bytes is too large", len(whole))
	}
	return whole, nil
}

// dropView has the stored view deleted.
func (d *Document) dropView() {
	for i := range d.merged.parts {
		d.out.remove(viewKey(d.id, i))
	}
	d.merged.parts, d.merged.size = 0, 0
}

// loadView takes what is merged from the stored view, if there is one and all it
// stands for counts.
func (d *Document) loadView() {
	parts := d.storedView
	d.storedView = nil
	if d.merged.parts == 0 {
		return
	}
	rec, err := d.openView(parts)
	if err == nil {
		err = d.adoptView(rec)
	}
	if err != nil {
		d.log.Info("stored view is of no use, merging the log", "err", err)
		d.dropView()
	}
}

// openView puts a view's parts together.
func (d *Document) openView(parts []store.Record) (viewRecord, error) {
	var rec viewRecord
	var whole []byte
	var first viewPart
	for i, r := range parts {
		var part viewPart
		if r.Key != viewKey(d.id, i) {
			return rec, fmt.Errorf("%w: part %d is missing", errView, i)
		}
		if err := d.openLocal(r.Key, r.Value, &part); err != nil {
			return rec, err
		}
		if i == 0 {
			first = part
		}
		if part.Version != viewVersion || part.Hash != first.Hash {
			break // left over of a longer one
		}
		whole = append(whole, part.Piece...)
	}
	if first.Version != viewVersion || sha256.Sum256(whole) != first.Hash {
		return rec, fmt.Errorf("%w: its parts are not of one", errView)
	}
	err := wire.Unmarshal(whole, &rec)
	return rec, err
}

// adoptView takes over a view, after checking it against the chains.
func (d *Document) adoptView(rec viewRecord) error {
	if !d.undisputed() {
		return fmt.Errorf("%w: chains have branches", errView)
	}
	opened, err := packed.Open(rec.Packed)
	if err != nil {
		return err
	}
	raw, err := inflate(rec.Of)
	if err != nil {
		return err
	}
	var chains []viewChain
	if err := wire.Unmarshal(raw, &chains); err != nil {
		return fmt.Errorf("read view: %w", err)
	}
	causes := newCausality()
	for i := range chains {
		if err := d.adoptChain(causes, &chains[i]); err != nil {
			return err
		}
	}
	d.causes = causes
	d.merged = merged{packed: opened, title: rec.Title, size: len(rec.Packed), parts: d.merged.parts}
	for ref := range d.queue.held {
		if c := causes.chains[ref.chain]; c != nil && ref.seq < c.applied() {
			d.queue.release(ref)
		}
	}
	return nil
}

// adoptChain notes the entries of a chain that a view stands for as merged. Each
// must count.
func (d *Document) adoptChain(causes *causality, of *viewChain) error {
	dev, auth, inc, ok := d.chains.Author(of.Chain)
	if !ok || d.chains.Barred(of.Chain) {
		return fmt.Errorf("%w: chain %s", errView, of.Chain)
	}
	client := crdt.ClientID(d.node.clientOf(d.id.Short(), dev, auth, inc))
	if _, taken := causes.clients[client]; taken {
		return fmt.Errorf("%w: two chains with one client id", errView)
	}
	c, deps, clock := causes.chain(of.Chain, client), of.Deps, uint64(0)
	for rest := of.Ends; len(rest) > 0; {
		step, n := binary.Uvarint(rest)
		if n <= 0 {
			return fmt.Errorf("%w: clocks", errView)
		}
		rest, clock = rest[n:], clock+step
		var listed []seal.Dep
		if len(deps) > 0 && deps[0].Seq == c.applied() {
			if listed, ok = d.adoptDeps(deps[0].Deps); !ok {
				return fmt.Errorf("%w: dependencies", errView)
			}
			deps = deps[1:]
		}
		c.advance(clock, listed)
	}
	last := oplog.Position{Seq: c.applied() - 1, ID: of.Last}
	c.last = of.Last
	if c.applied() == 0 || c.applied() > d.chains.Counts(of.Chain) || !d.chains.Chosen(of.Chain, last) || len(deps) > 0 {
		return fmt.Errorf("%w: entries of chain %s", errView, of.Chain)
	}
	return nil
}

func (d *Document) adoptDeps(list []viewDep) ([]seal.Dep, bool) {
	var deps []seal.Dep
	for _, dep := range list {
		id, ok := d.chains.ID(dep.Chain, dep.Seq)
		if !ok {
			return nil, false
		}
		deps = append(deps, seal.Dep{Chain: dep.Chain, Seq: dep.Seq, ID8: [8]byte(id[:8])})
	}
	return deps, true
}

func deflate(b []byte) []byte {
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, flate.DefaultCompression)
	if err == nil {
		_, err = w.Write(b)
		err = errors.Join(err, w.Close())
	}
	if err != nil {
		panic(err) // a buffer takes everything, and the level is one of flate's
	}
	return out.Bytes()
}

// maxViewChainsBytes bounds the list of what a view stands for.
const maxViewChainsBytes = 256 << 20

func inflate(b []byte) ([]byte, error) {
	out, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(b)), maxViewChainsBytes))
	if err != nil {
		return nil, fmt.Errorf("read view: %w", err)
	}
	return out, nil
}
