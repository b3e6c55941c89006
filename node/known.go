package node

import (
	"context"
	stdsync "sync"
	"time"

	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/wire"
)

// savedNamesEvery is how often what is known of other devices is stored.
const savedNamesEvery = 30 * time.Second

// knownDevices is when each other device was last heard of.
type knownDevices struct {
	mu    stdsync.Mutex
	seen  map[wire.Device]time.Time
	saved time.Time
}

// knownRecord is what is remembered of a device, encrypted.
type knownRecord struct {
	_      struct{} `cbor:",toarray"`
	Device wire.Device
	Name   string
	Seen   int64 // unix ms; 0: never
}

func namesKey() store.Key { return store.Key{Kind: store.KindSecret, Name: "names"} }

// loadNames reads what others call themselves and when they were last seen.
func (n *Node) loadNames() error {
	var recs []knownRecord
	if err := n.getSealed(n.ctx, namesKey(), &recs); err != nil {
		return err
	}
	n.known.seen = map[wire.Device]time.Time{}
	for _, r := range recs {
		if r.Name != "" {
			n.names[r.Device] = r.Name
		}
		if r.Seen != 0 {
			n.known.seen[r.Device] = time.UnixMilli(r.Seen)
		}
	}
	return nil
}

// saw notes that a device was heard of just now.
func (n *Node) saw(dev wire.Device) {
	n.known.mu.Lock()
	defer n.known.mu.Unlock()
	if _, known := n.known.seen[dev]; known || len(n.known.seen) < maxKnownNames {
		n.known.seen[dev] = n.cfg.Now()
	}
}

// lastSeen is when a device was last heard of, zero for never.
func (n *Node) lastSeen(dev wire.Device) time.Time {
	n.known.mu.Lock()
	defer n.known.mu.Unlock()
	return n.known.seen[dev]
}

// saveNames stores what is known of other devices, when it is time or the node
// ends.
func (n *Node) saveNames(ending bool) {
	now := n.cfg.Now()
	n.known.mu.Lock()
	due := ending || now.Sub(n.known.saved) >= savedNamesEvery
	if due {
		n.known.saved = now
	}
	n.known.mu.Unlock()
	if !due {
		return
	}
	n.mu.Lock()
	recs := make(map[wire.Device]knownRecord, len(n.names))
	for dev, name := range n.names {
		recs[dev] = knownRecord{Device: dev, Name: name}
	}
	n.mu.Unlock()
	n.known.mu.Lock()
	for dev, at := range n.known.seen {
		r := recs[dev]
		r.Device, r.Seen = dev, at.UnixMilli()
		recs[dev] = r
	}
	n.known.mu.Unlock()
	if len(recs) == 0 {
		return
	}
	list := make([]knownRecord, 0, len(recs))
	for _, r := range recs {
		list = append(list, r)
	}
	ctx, cancel := context.WithTimeout(background(), closeTimeout)
	defer cancel()
	if err := n.putSealed(ctx, namesKey(), list); err != nil {
		n.cfg.Logger.Warn("names of other devices not stored", "err", err)
	}
}
