package node

import (
	"fmt"
	"slices"
	"time"

	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/identity"
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

// recipient is who a key may be wrapped for.
type recipient struct {
	device wire.Device // of a member; zero for an invite
	hash   wire.SealHash
}

// recipients lists the seal keys of all who may read: members from viewer up,
// and the bearers of open invites.
func (d *Document) recipients() []recipient {
	var list []recipient
	seen := map[wire.SealHash]bool{}
	for _, m := range d.rosterNow().members {
		if m.Role >= access.Viewer && !seen[m.Seal] {
			seen[m.Seal] = true
			list = append(list, recipient{m.Device, m.Seal})
		}
	}
	now := d.node.cfg.Now()
	for _, i := range d.rosterNow().invites {
		if mayJoinBy(i, now) && i.Role >= access.Viewer && !seen[i.Seal] {
			seen[i.Seal] = true
			list = append(list, recipient{hash: i.Seal})
		}
	}
	return list
}

// mayJoinBy says whether an invite lets anyone in now.
func mayJoinBy(i access.InviteInfo, now time.Time) bool {
	return i.State == access.InviteOpen && (i.Expires.IsZero() || now.Before(i.Expires))
}

// receiveSealKey keeps a public seal key that an op names by its hash, and
// passes over any other.
func (d *Document) receiveSealKey(raw []byte) error {
	k, err := seal.DecodeSealKey(raw)
	if err != nil {
		return err
	}
	hash := k.Hash()
	if _, have := d.seals[hash]; have {
		return nil
	}
	if !d.sealKeyWanted(k.Owner, hash) {
		if len(d.wrapping.earlySeals) < maxEarly {
			d.wrapping.earlySeals = append(d.wrapping.earlySeals, k)
		}
		return nil
	}
	return d.keepSealKey(k)
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

// sealKeyWanted says whether an op names the key: a member's, or an invite's.
func (d *Document) sealKeyWanted(owner wire.Device, hash wire.SealHash) bool {
	return slices.Contains(d.rosterNow().seals[hash], owner)
}

// keepSealKey notes a public seal key and leaves it for the next commit.
func (d *Document) keepSealKey(k seal.SealKey) error {
	hash := k.Hash()
	if _, have := d.seals[hash]; have {
		return nil
	}
	raw, err := k.Encode()
	if err != nil {
		return err
	}
	d.seals[hash] = k
	d.out.put(store.SealKeyKey(d.id, hash), raw)
	d.out.then(func() { d.reoffer = true })
	return nil
}

// offerOwnSealKey makes this device's own seal key known to the others.
func (d *Document) offerOwnSealKey() {
	if _, _, member := d.roleLocked(); !member {
		return
	}
	key := d.node.cfg.Key
	if err := d.keepSealKey(seal.SealKey{Owner: key.Device(), Public: key.SealPublic()}); err != nil {
		d.log.Error("keep own seal key", "err", err)
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

// wrapFor wraps, for a seal public key, every key held that another does not
// lead to, unless this device did before.
func (d *Document) wrapFor(sealPublic []byte) error {
	hash := identity.HashSeal(sealPublic)
	for _, e := range d.topKeys() {
		if err := d.wrapOne(e.ID, seal.SealKey{Public: sealPublic}, hash); err != nil {
			return err
		}
	}
	return nil
}

func (d *Document) wrapOne(epoch wire.EpochID, k seal.SealKey, hash wire.SealHash) error {
	name := store.WrapKey(d.id, epoch, hash, d.node.device).Name
	if _, made := d.wraps[name]; made {
		return nil
	}
	w, err := seal.WrapKey(d.keys[epoch], d.id, epoch, k.Public, d.node.cfg.Key)
	if err != nil {
		return fmt.Errorf("wrap epoch key: %w", err)
	}
	d.keepWrap(w)
	return nil
}

// wrapMissing wraps the keys held for everyone who may read, whose seal key is
// known and for whom nobody did yet.
func (d *Document) wrapMissing() {
	for _, e := range d.topKeys() {
		for _, r := range d.recipients() {
			if len(d.slots[slotWraps{e.ID, r.hash}]) == 0 {
				d.wrapRecipient(e.ID, r)
			}
		}
	}
}

func (d *Document) wrapRecipient(epoch wire.EpochID, r recipient) {
	k, known := d.seals[r.hash]
	if !known {
		return // it is wrapped for as soon as its key is
	}
	if err := d.wrapOne(epoch, k, r.hash); err != nil {
		d.log.Warn("key not wrapped for a member", "peer", r.device.String(), "err", err)
	}
}

// lackWraps says whether anyone who may read, and whose seal key is known,
// lacks a wrap of a key held here.
func (d *Document) lackWraps() bool {
	for _, e := range d.topKeys() {
		for _, r := range d.recipients() {
			if _, known := d.seals[r.hash]; known && len(d.slots[slotWraps{e.ID, r.hash}]) == 0 {
				return true
			}
		}
	}
	return false
}

// wrapIfDue makes the wraps that members lack: for those who are connected and
// ask at once, for the others when it is this device's turn.
func (d *Document) wrapIfDue(now time.Time) {
	st := &d.wrapping
	_, role, member := d.roleLocked()
	if !member || !mayWrite(role) || d.closed {
		return
	}
	d.wrapForAsking()
	v := d.wrapVersion()
	if st.done && st.version == v {
		return
	}
	st.version, st.done = v, !d.lackWraps()
	if st.done {
		st.missing = time.Time{}
		return
	}
	if st.missing.IsZero() {
		st.missing = now
	}
	if now.Sub(st.missing) >= time.Duration(d.access.RotateTurn(d.node.device))*wrapTurn {
		d.wrapMissing()
		st.missing = time.Time{}
	}
}

// wrapForAsking wraps for the connected members that lack a wrap, or that ask
// again though there is one: then it may be junk.
func (d *Document) wrapForAsking() {
	if len(d.wrapping.wanted) == 0 {
		return
	}
	for _, r := range d.recipients() {
		if r.device.IsZero() || !d.wrapping.wanted[r.device] {
			continue
		}
		for _, e := range d.topKeys() {
			if made := d.slots[slotWraps{e.ID, r.hash}]; len(made) == 0 || d.wrapping.asked[r.device] >= junkAfter {
				d.wrapRecipient(e.ID, r)
			}
		}
	}
	clear(d.wrapping.wanted)
}

// Offer implements replication.Document. A member gets the wraps of everyone
// who may read, so that who lost all but the device key finds its own at any
// other, and their seal keys; a doorkeeper, who may not read, gets none. Who
// has proven an invite gets those for the invite.
func (d *Document) Offer(peer wire.Device, invite wire.SealHash, why replication.Reason) replication.Offer {
	d.mu.Lock()
	defer d.mu.Unlock()
	if ended := d.endedBy(peer); len(ended) > 0 && invite.IsZero() {
		return replication.Offer{Ended: ended}
	}
	_, role, member := d.access.Authority(peer)
	if !member || role < access.Viewer {
		offer := replication.Offer{Late: d.lateLines()}
		if !invite.IsZero() && slices.ContainsFunc(d.recipients(), func(r recipient) bool { return r.hash == invite }) {
			offer.Wraps = encodeWraps(d.wrapsOf(invite))
		}
		return offer
	}
	if why == replication.Asked {
		d.wrapping.asked[peer]++
	}
	if why == replication.Asked || !d.wrappedFor(peer) {
		d.wrapping.wanted[peer] = true
		d.wake()
	}
	offer := d.offerToMembers()
	offer.Late = d.lateLines()
	return offer
}

// offerToMembers is the part of an offer that is the same for all members.
func (d *Document) offerToMembers() replication.Offer {
	v := d.wrapVersion()
	if c := &d.wrapping.offer; c.Version == 0 || d.wrapping.offerOf != v {
		next := replication.Offer{Version: c.Version + 1}
		for _, r := range d.recipients() {
			next.Wraps = append(next.Wraps, encodeWraps(d.wrapsOf(r.hash))...)
			if k, known := d.seals[r.hash]; known {
				if raw, err := k.Encode(); err == nil {
					next.SealKeys = append(next.SealKeys, raw)
				}
			}
		}
		d.wrapping.offer, d.wrapping.offerOf = next, v
	}
	offer := d.wrapping.offer
	offer.Wraps, offer.SealKeys = slices.Clip(offer.Wraps), slices.Clip(offer.SealKeys) // sessions append
	return offer
}

func (d *Document) wrapVersion() wrapVersion {
	return wrapVersion{d.access.Revision(), d.epochs.held, len(d.seals), d.wrapping.kept}
}

func encodeWraps(list []*access.Wrap) [][]byte {
	var raws [][]byte
	for _, w := range list {
		if raw, err := w.Encode(); err == nil {
			raws = append(raws, raw)
		}
	}
	return raws
}

// wrapsOf lists the wraps for a recipient, by epoch in the order that writers
// prefer.
func (d *Document) wrapsOf(hash wire.SealHash) []*access.Wrap {
	var list []*access.Wrap
	seen := map[wire.EpochID]bool{}
	for _, e := range d.rosterNow().epochs {
		if !seen[e.ID] {
			seen[e.ID] = true
			list = append(list, d.slots[slotWraps{e.ID, hash}]...)
		}
	}
	return list
}

// wrappedFor says whether a device has a wrap of every key that it needs.
func (d *Document) wrappedFor(dev wire.Device) bool {
	for _, m := range d.rosterNow().members {
		if m.Device != dev {
			continue
		}
		for _, e := range d.topKeys() {
			if len(d.slots[slotWraps{e.ID, m.Seal}]) == 0 {
				return false
			}
		}
	}
	return true
}
