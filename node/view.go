package node

import (
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sheafdocs/sheaf/crdt/packed"
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
