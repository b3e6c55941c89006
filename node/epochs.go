package node

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/seal"
	"github.com/sheafdocs/sheaf/node/wire"
)

// Timing of rotations.
const (
	// epochAge is how old an epoch becomes before its key is replaced.
	epochAge = 30 * 24 * time.Hour
	// rotateGrace is how long a rotation may take to arrive behind the removal
	// it belongs to: who removes someone rotates too.
	rotateGrace = 3 * time.Second
	// rotateTurn is how long each device lets the one before it rotate first.
	rotateTurn = 10 * time.Second
	// keyAskMin and keyAskMax are how often peers are asked for a key that is
	// lacking, at first and in the end.
	keyAskMin = 2 * time.Second
	keyAskMax = time.Minute
)

// epochs is what a document's epoch keys amount to: which are held, which
// others each of them opens, and which one is written under.
type epochs struct {
	backs    map[wire.EpochID][]seal.HeldKey // opened backs of held epochs; nil: it does not open
	held     uint64                          // counts the keys that came
	current  wire.EpochID                    // to write under
	usable   bool                            // there is a current one
	rotated  time.Time                       // when it was made, by its rotator or by when it was first seen
	lacking  bool                            // a clean epoch that writers prefer is not held
	judged   epochVersion                    // of the three before
	due      time.Time                       // since when a rotation is due; zero: none is
	asked    time.Time                       // when peers were last asked for keys
	askWait  time.Duration                   // until they are asked again
	firstSee map[wire.EpochID]time.Time      // of announced epochs, in this run
}

// epochVersion is what the choice of an epoch depends on.
type epochVersion struct {
	access, held uint64
	valid        bool
}

func newEpochs() epochs {
	return epochs{backs: map[wire.EpochID][]seal.HeldKey{}, firstSee: map[wire.EpochID]time.Time{}}
}

// holds says whether the key of an announced epoch is held. A key of the same
// id that follows from another device is of another epoch.
func (d *Document) holds(e access.Epoch) bool {
	key, ok := d.keys[e.ID]
	return ok && key.ID(e.Rotator) == e.ID
}

// takeKey keeps an epoch key whose id was checked, with the older ones it
// leads to, and lets wait no longer what waited for them.
func (d *Document) takeKey(id wire.EpochID, key seal.EpochKey) {
	if _, have := d.keys[id]; have {
		return
	}
	d.noteKey(id, key)
	d.openBacks()
	if err := d.putKeys(); err != nil {
		d.log.Error("keep epoch key", "err", err)
	}
	d.changed = true
}

func (d *Document) noteKey(id wire.EpochID, key seal.EpochKey) {
	d.keys[id] = key
	d.epochs.held++
	d.queue.unlock(id)
}

// openBacks opens the back of every held epoch that is announced, and keeps
// what comes to light, until nothing more does. It reports whether a key came.
func (d *Document) openBacks() (came bool) {
	for again := true; again; {
		again = false
		for _, e := range d.rosterNow().epochs {
			if _, done := d.epochs.backs[e.ID]; done || !d.holds(e) {
				continue
			}
			for _, k := range d.openBack(e) {
				if _, have := d.keys[k.Epoch]; have || !d.announcedBy(k.Epoch, k.Rotator) {
					continue
				}
				d.noteKey(k.Epoch, k.Key)
				again, came = true, true
			}
		}
	}
	return came
}

// announcedBy says whether a device announced an epoch in the access log.
func (d *Document) announcedBy(id wire.EpochID, rotator wire.Device) bool {
	return slices.ContainsFunc(d.rosterNow().epochs, func(e access.Epoch) bool { return e.ID == id && e.Rotator == rotator })
}

// openBack opens the back of a held epoch and remembers what is in it. The
// first epoch has none.
func (d *Document) openBack(e access.Epoch) []seal.HeldKey {
	var keys []seal.HeldKey
	if len(e.Back) > 0 {
		opened, err := seal.OpenBack(d.keys[e.ID], d.id, e.Rotator, e.Back)
		if err != nil {
			d.log.Warn("a rotation's older keys cannot be read; it is not written under", "peer", e.Rotator.String(), "err", err)
		} else if keys = opened; keys == nil {
			keys = []seal.HeldKey{}
		}
	} else if e.Depth == 0 {
		keys = []seal.HeldKey{} // the genesis has nothing before it
	}
	d.epochs.backs[e.ID] = keys
	return keys
}

// writeEpoch is the epoch to write under: of the clean ones the greatest that
// is held and whose back opens to every key held here of an epoch before it.
// Without one, nothing is written until there is.
func (d *Document) writeEpoch() (wire.EpochID, bool) {
	v := epochVersion{d.access.Revision(), d.epochs.held, true}
	if d.epochs.judged != v {
		d.openBacks()
		v.held = d.epochs.held
		d.chooseEpoch()
		d.epochs.judged = v
	}
	return d.epochs.current, d.epochs.usable
}

func (d *Document) chooseEpoch() {
	st := &d.epochs
	st.current, st.usable, st.lacking, st.rotated = wire.EpochID{}, false, false, time.Time{}
	now := d.node.cfg.Now()
	for _, e := range d.rosterNow().epochs {
		if _, seen := st.firstSee[e.ID]; !seen && len(st.firstSee) < maxEpochsSeen {
			st.firstSee[e.ID] = now
		}
		if !e.Clean || !e.Valid {
			continue
		}
		if !d.holds(e) {
			st.lacking = true
			continue
		}
		if !d.opensToAll(e) {
			continue
		}
		st.current, st.usable = e.ID, true
		if op, ok := d.access.Get(e.Op); ok {
			st.rotated = op.Time
		}
		if seen := st.firstSee[e.ID]; st.rotated.After(seen) {
			st.rotated = seen // a clock ahead of ours must not put off the next
		}
		return
	}
}

// maxEpochsSeen bounds the epochs whose first sight is remembered.
const maxEpochsSeen = 1 << 14

// opensToAll says whether the back of a held epoch leads to every key held here
// of the epochs announced before it.
func (d *Document) opensToAll(e access.Epoch) bool {
	if d.epochs.backs[e.ID] == nil {
		return false
	}
	reached := map[wire.EpochID]bool{}
	for todo := []wire.EpochID{e.ID}; len(todo) > 0; {
		id := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if reached[id] {
			continue
		}
		reached[id] = true
		for _, k := range d.epochs.backs[id] {
			todo = append(todo, k.Epoch)
		}
	}
	after := map[wire.OpID]bool{e.Op: true}
	for _, op := range d.access.Since([]wire.OpID{e.Op}) {
		after[op.ID] = true
	}
	for _, f := range d.rosterNow().epochs {
		if !after[f.Op] && d.holds(f) && !reached[f.ID] {
			return false
		}
	}
	return true
}

// topKeys lists the held keys that no back of a later held epoch opens: who has
// these has all. The deepest come first.
func (d *Document) topKeys() []access.Epoch {
	depth := map[wire.EpochID]int{}
	var held []access.Epoch
	for _, e := range d.rosterNow().epochs {
		if _, listed := depth[e.ID]; !listed && d.holds(e) {
			depth[e.ID] = e.Depth
			held = append(held, e)
		}
	}
	under := map[wire.EpochID]bool{}
	for _, e := range held {
		for _, k := range d.epochs.backs[e.ID] {
			if depth[k.Epoch] < e.Depth {
				under[k.Epoch] = true
			}
		}
	}
	tops := slices.DeleteFunc(held, func(e access.Epoch) bool { return under[e.ID] })
	slices.SortStableFunc(tops, func(a, b access.Epoch) int { return b.Depth - a.Depth })
	return tops
}

// sealBack makes the back of a new epoch: every key held, first those that
// nothing else leads to.
func (d *Document) sealBack(ek seal.EpochKey) ([]byte, error) {
	first := d.topKeys()
	rest := slices.Clone(d.rosterNow().epochs)
	slices.SortStableFunc(rest, func(a, b access.Epoch) int { return b.Depth - a.Depth })
	seen := map[wire.EpochID]bool{}
	var keys []seal.HeldKey
	for _, e := range append(first, rest...) {
		if seen[e.ID] || !d.holds(e) || len(keys) == seal.MaxBackKeys {
			continue
		}
		seen[e.ID] = true
		keys = append(keys, seal.HeldKey{Rotator: e.Rotator, Epoch: e.ID, Key: d.keys[e.ID]})
	}
	slices.SortFunc(keys, func(a, b seal.HeldKey) int { return bytes.Compare(a.Epoch[:], b.Epoch[:]) })
	return seal.SealBack(ek, d.id, d.node.device, keys)
}

// rotateIfDue makes a new epoch when there is none to write under, or the one
// there is has become old. The device whose turn it is does so soon, the others
// wait for it in their order.
func (d *Document) rotateIfDue(now time.Time) {
	_, usable := d.writeEpoch()
	_, role, member := d.roleLocked()
	if !member || !mayWrite(role) || d.closed || usable && now.Sub(d.epochs.rotated) < epochAge {
		d.epochs.due = time.Time{}
		return
	}
	if d.epochs.due.IsZero() {
		d.epochs.due = now
	}
	if now.Sub(d.epochs.due) < rotateGrace+time.Duration(d.access.RotateTurn(d.node.device))*rotateTurn {
		return
	}
	if err := d.rotate(now); err != nil {
		d.log.Error("make a new epoch key", "err", err)
		d.epochs.due = now.Add(rotateTurn) // not at once again
	}
}

// errNoKeys says that a rotation would leave every older edit behind.
var errNoKeys = errors.New("no epoch key is held")

// rotate makes a new epoch: its op, with the older keys, and its wraps for
// everyone who may read, all in one commit.
func (d *Document) rotate(now time.Time) error {
	if len(d.keys) == 0 {
		return errNoKeys
	}
	key, err := seal.NewEpochKey(d.node.rand())
	if err != nil {
		return fmt.Errorf("make epoch key: %w", err)
	}
	id := key.ID(d.node.device)
	back, err := d.sealBack(key)
	if err != nil {
		return err
	}
	op, err := access.NewRotate(d.access, d.node.cfg.Key, id, back, now)
	if err != nil {
		return fmt.Errorf("make rotation: %w", err)
	}
	if err := d.addOwnOp(op); err != nil {
		return err
	}
	d.takeKey(id, key)
	d.epochs.due = time.Time{}
	d.wrapMissing()
	d.log.Info("made a new epoch key")
	return nil
}

// keysLacking says whether peers are to be asked now for a key: one that
// writers prefer, or that entries held here are encrypted with.
func (d *Document) keysLacking(now time.Time) bool {
	st := &d.epochs
	_, _, member := d.roleLocked()
	if d.writeEpoch(); !member || !st.lacking && len(d.queue.keyless) == 0 {
		st.askWait = 0
		return false
	}
	if now.Sub(st.asked) < st.askWait {
		return false
	}
	st.asked = now
	st.askWait = min(max(2*st.askWait, keyAskMin), keyAskMax)
	return true
}
