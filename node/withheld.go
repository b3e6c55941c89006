package node

import (
	"bytes"
	"fmt"
	"slices"
	"sort"
	"time"

	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/wire"
)

// outlook remembers what is known to exist of each chain and is not held here:
// from what peers say to hold, from receipts, and from what entries depend on.
// It is kept in the store, so that whoever keeps entries back is noticed after
// a restart too.
type outlook struct {
	known  map[wire.ChainID]knownHead
	stored bool      // what the store has is this
	shown  int       // entries last told as withheld
	asked  time.Time // when other peers were last asked
	said   time.Time // when presence last carried the digest of what is held
}

// knownHead is the highest entry of a chain that is known to exist.
type knownHead struct {
	Seq   uint64
	ID8   [8]byte // beginning of its id
	Since int64   // unix ms: when something of the chain was first known missing
}

// Limits and times of what is missing.
const (
	maxKnownHeads = 4096             // chains of one document with something missing
	maxMissing    = 1 << 20          // entries of one chain that are told as missing
	withheldAfter = 10 * time.Second // an entry that comes within this time was only on its way
	withheldAsk   = 30 * time.Second // between two questions to everybody
)

func newOutlook() *outlook {
	return &outlook{known: map[wire.ChainID]knownHead{}, stored: true}
}

// noteHead notes that an entry of a chain exists. Called with mu held.
func (d *Document) noteHead(chain wire.ChainID, seq uint64, id8 [8]byte) {
	if head, _, ok := d.chains.Head(chain); ok && head >= seq {
		return
	}
	o := d.outlook
	old, have := o.known[chain]
	if have && old.Seq >= seq || !have && len(o.known) >= maxKnownHeads || seq > oplog.MaxSeq {
		return
	}
	if !have {
		old.Since = d.node.cfg.Now().UnixMilli()
	}
	o.known[chain] = knownHead{Seq: seq, ID8: id8, Since: old.Since}
	o.stored = false
}

// compared implements sync's Compared: what a peer says to hold.
func (n *Node) compared(from wire.Device, doc wire.DocID, theirs oplog.Vector) {
	<-n.ready
	d, err := n.Document(doc)
	if err != nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, _, member := d.access.Authority(from); !member {
		return
	}
	d.proveDrafts(theirs)
	for chain, p := range theirs {
		// Of a chain that is not held at all, a line may be a branch under a
		// name of its own (docs/formats/sync.md), so it counts for nothing.
		if _, _, _, held := d.chains.Author(chain); held {
			d.noteHead(chain, p.Seq, [8]byte(p.ID[:8]))
		}
	}
}

// digestInterval is how often presence carries a digest of what is held.
const digestInterval = 30 * time.Second

// dueDigest returns the digest of what is held, if it is time to tell it in
// presence. Called with mu held.
func (d *Document) dueDigest() []byte {
	now := d.node.cfg.Now()
	if now.Sub(d.outlook.said) < digestInterval {
		return nil
	}
	d.outlook.said = now
	digest := d.chains.Digest(d.access.Heads())
	return digest[:]
}

// compareDigest compares what another device holds, by its presence, with what
// is held here, and asks if it is not the same: so that entries that reach
// nobody by the ways in between are noticed. Called with mu held.
func (d *Document) compareDigest(from wire.Device, theirs []byte) {
	if len(theirs) == 0 || d.node.sync == nil {
		return
	}
	if own := d.chains.Digest(d.access.Heads()); !bytes.Equal(own[:], theirs) {
		d.node.sync.Gap(from, d.id)
	}
}

// Missing counts entries of one author that are known to exist and that nobody
// has delivered.
type Missing struct {
	Device wire.Device // zero where only the chain's name is known
	Name   string
	Count  int
}

// missingOf counts what is missing of one chain. Called with mu held.
func (d *Document) missingOf(chain wire.ChainID, known knownHead) (wire.Device, int) {
	end := known.Seq + 1
	dev, auth, inc, held := d.chains.Author(chain)
	var have uint64
	if held {
		head, _, _ := d.chains.Head(chain)
		have = head + 1
		if l := d.access.Limit(auth, dev, inc); l.Bounded {
			end = min(end, l.Counts) // what was made after a removal is void, and kept from nobody
		}
	}
	if end <= have {
		return dev, 0
	}
	return dev, int(min(end-have, maxMissing))
}

// withheldLocked lists what has been missing for longer than it takes to
// arrive, by author. Called with mu held.
func (d *Document) withheldLocked(now time.Time) []Missing {
	byAuthor := map[wire.Device]int{}
	for chain, known := range d.outlook.known {
		if now.Sub(time.UnixMilli(known.Since)) < withheldAfter {
			continue
		}
		if dev, n := d.missingOf(chain, known); n > 0 {
			byAuthor[dev] = min(byAuthor[dev]+n, maxMissing)
		}
	}
	list := make([]Missing, 0, len(byAuthor))
	for dev, n := range byAuthor {
		list = append(list, Missing{Device: dev, Name: d.node.nameOf(dev), Count: n})
	}
	sort.Slice(list, func(i, j int) bool { return bytes.Compare(list[i].Device[:], list[j].Device[:]) < 0 })
	return list
}

// lookOut drops what has arrived, stores what is still missing, tells watchers
// when the count changes, and returns the chains that all peers should be asked
// for now. Called with mu held.
func (d *Document) lookOut(now time.Time) (ask []wire.ChainID) {
	o := d.outlook
	for chain, known := range o.known {
		if _, n := d.missingOf(chain, known); n == 0 {
			delete(o.known, chain)
			o.stored = false
		}
	}
	count := 0
	for _, m := range d.withheldLocked(now) {
		count += m.Count
	}
	if count != o.shown {
		o.shown = count
		d.changed = true
		d.wake()
	}
	if !o.stored {
		o.stored = true
		if err := d.putOutlook(); err != nil {
			d.log.Error("store what is missing", "err", err)
		}
	}
	if count > 0 && now.Sub(o.asked) >= withheldAsk {
		o.asked = now
		for chain := range o.known {
			ask = append(ask, chain)
		}
	}
	return ask
}

// askAll asks every peer of the document for chains.
func (d *Document) askAll(chains []wire.ChainID) {
	if len(chains) == 0 || d.node.sync == nil {
		return
	}
	for _, peer := range d.node.peersOf(d.id) {
		d.node.sync.Gap(peer, d.id, chains...)
	}
}

// headRecord is a known head as it lies in the store.
type headRecord struct {
	_     struct{} `cbor:",toarray"`
	Chain wire.ChainID
	Seq   uint64
	ID8   [8]byte
	Since uint64
}

func outlookKey(doc wire.DocID) store.Key { return store.LocalKey(doc, "known") }

func (d *Document) putOutlook() error {
	list := make([]headRecord, 0, len(d.outlook.known))
	for chain, k := range d.outlook.known {
		list = append(list, headRecord{Chain: chain, Seq: k.Seq, ID8: k.ID8, Since: uint64(max(k.Since, 0))})
	}
	if len(list) == 0 {
		d.out.remove(outlookKey(d.id))
		return nil
	}
	slices.SortFunc(list, func(a, b headRecord) int { return bytes.Compare(a.Chain[:], b.Chain[:]) })
	b, err := wire.Marshal(list)
	if err != nil {
		return fmt.Errorf("encode what is missing: %w", err)
	}
	d.out.put(outlookKey(d.id), b)
	return nil
}

func (d *Document) loadOutlook(b []byte) error {
	var list []headRecord
	if err := wire.Unmarshal(b, &list); err != nil {
		return fmt.Errorf("read what is missing: %w", err)
	}
	for _, r := range list[:min(len(list), maxKnownHeads)] {
		d.outlook.known[r.Chain] = knownHead{Seq: r.Seq, ID8: r.ID8, Since: int64(r.Since)}
	}
	return nil
}
