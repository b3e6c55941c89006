package node

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"time"

	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/wire"
)

// Holding is where a document's entries are kept, and what is missing.
type Holding struct {
	Entries   uint64    // entries here that count
	Bytes     int64     // stored here of all entries, also those that do not count
	Since     time.Time // when this device began to hold the document
	Holders   []Keeper  // other devices, the fullest first
	Withheld  []Missing // known to exist, and delivered by nobody
	Epochs    int       // keys the document has had
	RotatedAt time.Time // when the present one was made, by its maker's clock
}

// Keeper is another device that keeps entries of a document durably.
type Keeper struct {
	Device  wire.Device
	User    wire.UserID // as Document.People has it
	Name    string
	Entries uint64    // of those here that count, as far as it has signed for them or wrote them
	At      time.Time // when it last signed, by its clock; zero if it only wrote
	Relay   string    // host name, if it is a relay
}

// Complete says whether the keeper holds all that is here.
func (k *Keeper) Complete(of *Holding) bool { return k.Entries >= of.Entries }

// Elsewhere counts the other devices that are known to hold everything of the
// document that is here.
func (d *Document) Elsewhere() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	var all Holding
	for chain := range d.chains.All() {
		all.Entries += d.chains.Counts(chain)
	}
	n := 0
	for _, k := range d.keepersLocked() {
		if k.Complete(&all) {
			n++
		}
	}
	return n
}

// Holding tells who holds what of the document.
func (d *Document) Holding(ctx context.Context) (Holding, error) {
	bytes, err := d.storedBytes(ctx)
	if err != nil {
		return Holding{}, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	h := Holding{
		Bytes: bytes, Since: time.UnixMilli(d.info.Created), Withheld: d.withheldLocked(d.node.cfg.Now()),
	}
	for chain := range d.chains.All() {
		h.Entries += d.chains.Counts(chain)
	}
	h.Holders = d.keepersLocked()
	h.Epochs, h.RotatedAt = d.epochsLocked()
	return h, nil
}

// storedBytes adds up the stored entries.
func (d *Document) storedBytes(ctx context.Context) (int64, error) {
	var sum int64
	for r, err := range d.node.cfg.Store.Scan(ctx, d.id, store.KindEntry, "") {
		var corrupt *store.CorruptError
		if errors.As(err, &corrupt) {
			continue
		}
		if err != nil {
			return 0, fmt.Errorf("count stored entries: %w", err)
		}
		sum += int64(len(r.Value))
	}
	return sum, nil
}

// keepersLocked lists the members that hold something. Called with mu held.
func (d *Document) keepersLocked() []Keeper {
	users := d.usersByRoot()
	var list []Keeper
	seen := map[wire.Device]bool{d.node.device: true}
	for _, m := range d.access.Members() {
		if seen[m.Device] || m.Role == access.Doorkeeper || m.Kind == access.DevicePaper {
			continue
		}
		seen[m.Device] = true
		k := Keeper{Device: m.Device, User: users[m.Root], Name: d.node.nameOf(m.Device)}
		for chain := range d.chains.All() {
			counts := d.chains.Counts(chain)
			if author, _, _, _ := d.chains.Author(chain); author == m.Device {
				k.Entries += counts // nothing is sent before its author has stored it
				continue
			}
			k.Entries += min(counts, d.ledger.held[m.Device][chain])
		}
		k.At = d.ledger.signed[m.Device]
		if k.Entries > 0 {
			list = append(list, k)
		}
	}
	sort.SliceStable(list, func(i, j int) bool { return list[i].Entries > list[j].Entries })
	return list
}

// epochsLocked counts the document's keys. Called with mu held.
func (d *Document) epochsLocked() (n int, rotated time.Time) {
	for _, e := range d.access.Epochs() {
		if !e.Valid {
			continue
		}
		if n++; n == 1 { // writers prefer it to all others
			if op, ok := d.access.Get(e.Op); ok {
				rotated = op.Time
			}
		}
	}
	return n, rotated
}

// Forks counts the chains with more than one branch: their author's key was used
// in two places.
func (d *Document) Forks() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.chains.Forks())
}
