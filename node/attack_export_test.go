package node

import (
	"bytes"
	"errors"
	"time"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/seal"
	"github.com/sheafdocs/sheaf/node/wire"
)

// Attacker signs entries of a member's device by hand, with the keys it holds:
// what a hostile editor can do that no honest program does.
type Attacker struct {
	d    *Document
	inc  uint32
	auth wire.Auth
	Seq  uint64
	Prev wire.EntryID
	doc  *crdt.Doc // what it has written on this chain and on what

	ground crdt.ClientID // the client id, if it is another's
}

// NewAttacker begins a chain of the document's device, on what it shows now.
func NewAttacker(d *Document, inc uint32) *Attacker {
	d.mu.Lock()
	defer d.mu.Unlock()
	auth, _, _ := d.roleLocked()
	a := &Attacker{d: d, inc: inc, auth: auth, doc: crdt.NewDoc(crdt.Config{})}
	if err := a.doc.ApplyUpdate(d.body().EncodeStateAsUpdate(nil), nil); err != nil {
		panic(err)
	}
	a.doc.SetClientID(a.Client())
	return a
}

// Fork returns another attacker that goes on from the same place.
func (a *Attacker) Fork() *Attacker {
	f := *a
	f.doc = crdt.NewDoc(crdt.Config{ClientID: a.Client()})
	if err := f.doc.ApplyUpdate(a.doc.EncodeStateAsUpdate(nil), nil); err != nil {
		panic(err)
	}
	return &f
}

// Grind has the chain write under another's client id, as if its inc gave that.
func (a *Attacker) Grind(client crdt.ClientID) {
	a.ground = client
	a.doc.SetClientID(client)
}

// Client is the client id of the attacker's chain.
func (a *Attacker) Client() crdt.ClientID {
	if a.ground != 0 {
		return a.ground
	}
	return crdt.ClientID(wire.ClientID(a.d.id.Short(), a.d.node.device, a.auth, a.inc, streamBody))
}

// Chain is the attacker's chain.
func (a *Attacker) Chain() wire.ChainID {
	return wire.NewChainID(a.d.id.Short(), a.d.node.device, a.auth, a.inc)
}

// Update returns the update of an edit on the attacker's copy.
func (a *Attacker) Update(f func(tx *crdt.Txn, doc *crdt.Doc) error) []byte {
	var update []byte
	stop := a.doc.OnUpdate(func(e crdt.UpdateEvent) { update = bytes.Clone(e.Update) })
	defer stop()
	var err error
	a.doc.Transact(nil, func(tx *crdt.Txn) { err = f(tx, a.doc) })
	if err != nil {
		panic(err)
	}
	return update
}

// Deps lists what an honest author would list for an update. The lair's own node
// may have shown edits that are in no entry yet: it waits for them.
func (a *Attacker) Deps(update []byte) []seal.Dep {
	info, err := crdt.Inspect(update)
	if err != nil {
		panic(err)
	}
	deps, err := a.deps(info)
	for range 1000 {
		if !errors.Is(err, errMissingDep) {
			break
		}
		time.Sleep(10 * time.Millisecond)
		deps, err = a.deps(info)
	}
	if err != nil {
		panic(err)
	}
	return deps
}

func (a *Attacker) deps(info crdt.UpdateInfo) ([]seal.Dep, error) {
	a.d.mu.Lock()
	defer a.d.mu.Unlock()
	own := &chainBody{client: a.Client(), listed: map[wire.ChainID]uint64{}}
	deps, err := a.d.causes.depsFor(own, info)
	for i := range deps {
		id, _ := a.d.entryID(deps[i].Chain, deps[i].Seq)
		deps[i].ID8 = [8]byte(id[:8])
	}
	return deps, err
}

// Header is the header of the chain's next entry, for one that Sign would not
// make.
func (a *Attacker) Header() oplog.Header {
	a.d.mu.Lock()
	defer a.d.mu.Unlock()
	return a.header()
}

func (a *Attacker) header() oplog.Header {
	epoch, _ := a.d.access.Epoch()
	return oplog.Header{
		Doc: a.d.id.Short(), Author: a.d.node.device, Auth: a.auth, Inc: a.inc, Seq: a.Seq, Prev: a.Prev, Epoch: epoch,
	}
}

// Sign makes the chain's next entry of a payload, after change had its way
// with the header.
func (a *Attacker) Sign(p seal.Payload, change func(h *oplog.Header)) *oplog.Entry {
	a.d.mu.Lock()
	defer a.d.mu.Unlock()
	ops := 0
	if info, err := crdt.Inspect(p.Body); err == nil && len(p.Body) > 0 {
		ops = numOps(info)
	}
	h := a.header()
	h.NumOps = uint32(min(ops, oplog.MaxOps))
	if change != nil {
		change(&h)
	}
	sealer, err := seal.NewSealer(a.d.keys[a.header().Epoch], seal.Chain{Doc: a.d.id, Device: a.d.node.device, Auth: a.auth, Inc: a.inc})
	if err != nil {
		panic(err)
	}
	aad, err := h.AAD()
	if err != nil {
		panic(err)
	}
	ct, err := sealer.Seal(aad, p)
	if err != nil {
		panic(err)
	}
	e, err := oplog.Sign(a.d.node.cfg.Key, h, ct)
	if err != nil {
		panic(err)
	}
	a.Seq, a.Prev = h.Seq+1, e.ID
	return e
}

// Write signs an entry as an honest author would.
func (a *Attacker) Write(f func(tx *crdt.Txn, doc *crdt.Doc) error) *oplog.Entry {
	update := a.Update(f)
	return a.Sign(seal.Payload{Deps: a.Deps(update), Body: update}, nil)
}

// Tamper signs an entry around any ciphertext.
func (a *Attacker) Tamper(ct []byte) *oplog.Entry {
	a.d.mu.Lock()
	defer a.d.mu.Unlock()
	h := a.header()
	h.NumOps = 1
	e, err := oplog.Sign(a.d.node.cfg.Key, h, ct)
	if err != nil {
		panic(err)
	}
	a.Seq, a.Prev = e.Seq+1, e.ID
	return e
}

// LastClock is the clock that a client has reached in the document.
func (d *Document) LastClock(c crdt.ClientID) uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.body().StateVector()[c]
}

// Applied is how many entries of a chain are merged or passed over.
func (d *Document) Applied(chain wire.ChainID) uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	if c := d.causes.chains[chain]; c != nil {
		return c.applied()
	}
	return 0
}

// TopicOf is the name of a document's gossip topic.
func TopicOf(d *Document) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	first, _ := d.access.First()
	return seal.TopicOf(d.keys[first])
}

// ScoreOf is what a node's gossip holds against a device, and whether nothing is
// taken from it for that.
func ScoreOf(n *Node, dev wire.Device) (score float64, graylisted bool) { return n.gossip.Score(dev) }

// Counts is how many entries of a chain a document has taken.
func (d *Document) Counts(chain wire.ChainID) uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.chains.Counts(chain)
}

// Collides says whether another chain has the client id of a chain.
func (d *Document) Collides(chain wire.ChainID) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.chains.Collides(chain)
}

// RoleOf is the role of a document's own device.
func RoleOf(d *Document) access.Role {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, role, _ := d.roleLocked()
	return role
}

// Rotate makes a new key for the document's members.
func Rotate(d *Document) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	defer d.wake()
	return d.renewKey(d.node.cfg.Now())
}

// A Burden is what a document keeps in memory for others, beside what counts.
type Burden struct {
	HeldBytes  int // entries that wait for a key or for others
	EarlyWraps int
	Wraps      int
	KnownHeads int // chains said to have entries that are not here
}

// Within says whether all of it is within the named limits.
func (b Burden) Within() bool {
	return b.HeldBytes < maxHeldBytes+oplog.MaxEntryBytes && b.EarlyWraps <= maxEarly && b.Wraps <= maxWraps && b.KnownHeads <= maxKnownHeads
}

// BurdenOf counts it.
func BurdenOf(d *Document) Burden {
	d.mu.Lock()
	defer d.mu.Unlock()
	return Burden{d.queue.bytes, len(d.wrapping.earlyWraps), len(d.wraps), len(d.outlook.known)}
}
