package node

import (
	"fmt"
	"slices"
	"time"

	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/replication"
	"github.com/sheafdocs/sheaf/node/seal"
	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/wire"
)

// Limits of the wraps kept of one document.
const (
	// maxUploaders is how many wraps of one epoch for one recipient are kept,
	// besides the rotator's: those of the most senior uploaders.
	maxUploaders = 4
	// maxWraps bounds all of them; beyond it, those of the oldest epochs go.
	maxWraps = 1 << 14
	// wrapTurn is how long each device lets the one before it wrap a key first
	// for a member that is not connected.
	wrapTurn = 3 * time.Second
	// maxEarly bounds the wraps, and the seal keys, that came before the ops
	// that speak of them.
	maxEarly = 512
	// junkAfter is how often a member asks for its keys before what others
	// wrapped for it is taken for junk.
	junkAfter = 2
)

// slotWraps names what the wraps of one key for one recipient share.
type slotWraps struct {
	epoch     wire.EpochID
	recipient wire.SealHash
}

// wrapping is what is known of who needs wraps.
type wrapping struct {
	asked      map[wire.Device]int  // how often a peer asked for keys in its session
	wanted     map[wire.Device]bool // peers to wrap for now, without waiting for one's turn
	missing    time.Time            // since when some member is known to lack a wrap
	version    wrapVersion          // of the last look for missing wraps
	done       bool                 // that look found nothing
	earlyWraps []*access.Wrap       // of no announced epoch, or for or by nobody known
	earlySeals []seal.SealKey       // of nobody known
	kept       int                  // counts the wraps that were kept
	offer      replication.Offer    // what members get
	offerOf    wrapVersion          // when that was put together
}

// wrapVersion is what the need for wraps depends on.
type wrapVersion struct {
	access, held uint64
	seals, wraps int
}

func newWrapping() wrapping {
	return wrapping{asked: map[wire.Device]int{}, wanted: map[wire.Device]bool{}}
}

// takeEarly looks again at wraps and seal keys that came before the ops that
// speak of them.
func (d *Document) takeEarly() {
	wraps, seals := d.wrapping.earlyWraps, d.wrapping.earlySeals
	d.wrapping.earlyWraps, d.wrapping.earlySeals = nil, nil
	for _, k := range seals {
		if !d.sealKeyWanted(k.Owner, k.Hash()) {
			d.wrapping.earlySeals = append(d.wrapping.earlySeals, k)
		} else if err := d.keepSealKey(k); err != nil {
			d.log.Error("keep seal key", "err", err)
		}
	}
	for _, w := range wraps {
		d.takeWrap(w)
	}
}

// receiveWrap keeps a wrapped key and opens it if it is for this device or
// for the link it joins by.
func (d *Document) receiveWrap(raw []byte) error {
	w, err := access.DecodeWrap(raw)
	if err != nil {
		return fmt.Errorf("read wrap: %w", err)
	}
	if w.Doc != d.id.Short() || !w.Verify() {
		return fmt.Errorf("read wrap: %w", oplog.ErrSignature)
	}
	d.takeWrap(w)
	return nil
}

func (d *Document) takeWrap(w *access.Wrap) {
	d.tryWrap(w)
	switch {
	case d.wrapWanted(w):
		d.keepWrap(w)
	case len(d.wrapping.earlyWraps) < maxEarly:
		d.wrapping.earlyWraps = append(d.wrapping.earlyWraps, w)
	}
}

// wrapWanted says whether a wrap is of an announced epoch, for someone who may
// read, and made by someone who may: so that nobody else fills the place for
// them. The rotator may, whatever has become of it.
func (d *Document) wrapWanted(w *access.Wrap) bool {
	rotators := d.rotators(w.Epoch)
	if len(rotators) == 0 || !slices.ContainsFunc(d.recipients(), func(r recipient) bool { return r.hash == w.Recipient }) {
		return false
	}
	_, role, member := d.access.Authority(w.Uploader)
	return member && mayWrite(role) || slices.Contains(rotators, w.Uploader)
}

// rotators lists the devices that announced an epoch; only one of them has its
// key.
func (d *Document) rotators(id wire.EpochID) []wire.Device {
	var list []wire.Device
	for _, e := range d.rosterNow().epochs {
		if e.ID == id {
			list = append(list, e.Rotator)
		}
	}
	return list
}

// keepWrap notes a wrap and leaves it for the next commit. Of one epoch and
// recipient it keeps the rotator's and those of the most senior uploaders.
func (d *Document) keepWrap(w *access.Wrap) {
	raw, err := w.Encode()
	if err != nil {
		d.log.Error("encode wrap", "err", err)
		return
	}
	key := store.WrapKey(d.id, w.Epoch, w.Recipient, w.Uploader)
	if _, have := d.wraps[key.Name]; have {
		return
	}
	slot := slotWraps{w.Epoch, w.Recipient}
	d.wrapping.kept++
	d.wraps[key.Name] = w
	d.slots[slot] = append(d.slots[slot], w)
	d.out.put(key, raw)
	d.out.then(func() { d.reoffer = true })
	if drop := d.leastSenior(slot); drop != nil {
		d.dropWrap(drop)
	}
	for len(d.wraps) > maxWraps && d.dropOldestWraps() {
	}
}

// leastSenior is the wrap of a slot that is one too many, or nil.
func (d *Document) leastSenior(slot slotWraps) *access.Wrap {
	rotators := d.rotators(slot.epoch)
	var least *access.Wrap
	others := 0
	for _, w := range d.slots[slot] {
		if slices.Contains(rotators, w.Uploader) {
			continue
		}
		others++
		if least == nil || d.seniorUploader(least.Uploader, w.Uploader) {
			least = w
		}
	}
	if others <= maxUploaders {
		return nil
	}
	return least
}

// seniorUploader says whether device a is senior to b; who has no authority any
// more is junior to all who have.
func (d *Document) seniorUploader(a, b wire.Device) bool {
	authA, _, okA := d.access.Authority(a)
	authB, _, okB := d.access.Authority(b)
	if !okA || !okB {
		return okA
	}
	return d.access.CompareAuthority(authA, a, authB, b) < 0
}

func (d *Document) dropWrap(w *access.Wrap) {
	key := store.WrapKey(d.id, w.Epoch, w.Recipient, w.Uploader)
	slot := slotWraps{w.Epoch, w.Recipient}
	delete(d.wraps, key.Name)
	d.slots[slot] = slices.DeleteFunc(d.slots[slot], func(o *access.Wrap) bool { return o == w })
	if len(d.slots[slot]) == 0 {
		delete(d.slots, slot)
	}
	d.out.remove(key)
}

// dropOldestWraps drops the wraps of the announced epoch that is first in the
// log and has any, but for the newest of all.
func (d *Document) dropOldestWraps() bool {
	list := slices.Clone(d.rosterNow().epochs)
	slices.SortStableFunc(list, func(a, b access.Epoch) int { return a.Depth - b.Depth })
	for _, e := range list[:max(0, len(list)-1)] {
		dropped := false
		for _, w := range d.wraps {
			if w.Epoch == e.ID {
				d.dropWrap(w)
				dropped = true
			}
		}
		if dropped {
			return true
		}
	}
	return false
}

// tryWraps opens the wraps whose epoch is announced in the access log and
// whose key is not held.
func (d *Document) tryWraps() {
	for _, w := range d.wraps {
		d.tryWrap(w)
	}
}

func (d *Document) tryWrap(w *access.Wrap) {
	if _, have := d.keys[w.Epoch]; have {
		return
	}
	for _, rotator := range d.rotators(w.Epoch) {
		key, err := d.openWrap(w, rotator)
		if err == nil {
			d.takeKey(w.Epoch, key)
			return
		}
		// For someone else, or junk: another uploader's may open.
	}
}

func (d *Document) openWrap(w *access.Wrap, rotator wire.Device) (seal.EpochKey, error) {
	if w.Recipient == d.node.cfg.Key.SealHash() {
		return seal.OpenWrap(w, d.id, rotator, d.node.cfg.Key.SealPrivate())
	}
	if d.join != nil && d.join.keys != nil && w.Recipient == d.join.keys.SealHash() {
		return seal.OpenWrap(w, d.id, rotator, d.join.keys.SealPrivate())
	}
	return seal.EpochKey{}, errNoKey
}
