package replicationtest

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/replication"
	"github.com/sheafdocs/sheaf/node/wire"
)

// Key makes the device key with a number: the same key for the same number.
func Key(n int) *identity.Key {
	var sign, seal [32]byte
	copy(sign[:], fmt.Sprintf("test device %d", n))
	copy(seal[:], fmt.Sprintf("test device %d seal", n))
	k, err := identity.FromSeeds(sign, seal)
	if err != nil {
		panic(err) // the seeds are of the right length
	}
	return k
}

// now is the time of all ops: they do not depend on it.
var now = time.UnixMilli(1_700_000_000_000)

// Replica is one device with its documents. It is safe for concurrent use.
type Replica struct {
	Key *identity.Key

	// Changed, if set, is called without locks when Receive has changed a
	// document by more than entries.
	Changed func(wire.DocID)
	// Joining, if set, is called without locks with the request to join that
	// a document waiting for admission can make now.
	Joining func(doc wire.DocID, request []byte)

	mu   sync.Mutex
	docs map[wire.DocID]*Document
}

// New returns a replica without documents.
func New(key *identity.Key) *Replica {
	return &Replica{Key: key, docs: map[wire.DocID]*Document{}}
}

// Document is a document in memory. It is safe for concurrent use.
type Document struct {
	id    wire.DocID
	key   *identity.Key
	mu    sync.Mutex
	log   *access.Log
	index *oplog.Chains
	raw   map[wire.EntryID][]byte
	wraps []*access.Wrap
	keys  *access.InviteKeys // of the link by which this device joins
	// Requests counts the requests to join that were answered here.
	requests int
}

func newDocument(key *identity.Key, id wire.DocID) *Document {
	return &Document{
		id: id, key: key,
		log: access.NewLog(id), index: oplog.NewChains(id), raw: map[wire.EntryID][]byte{},
	}
}

// Create makes a document owned by the replica's device. The seed makes its id.
func (r *Replica) Create(seed uint64) *Document {
	var epoch wire.EpochID
	op, err := access.NewGenesis(r.Key, epoch, rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8), byte(seed >> 16), 1}), now)
	if err != nil {
		panic(err)
	}
	d := newDocument(r.Key, op.DocID())
	d.add(op)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.docs[d.id] = d
	return d
}

// Await prepares to join the document of a link.
func (r *Replica) Await(link access.Link) *Document {
	keys, err := access.DeriveInvite(link.Secret)
	if err != nil {
		panic(err)
	}
	d := newDocument(r.Key, link.Doc)
	d.keys = keys
	r.mu.Lock()
	defer r.mu.Unlock()
	r.docs[d.id] = d
	return d
}

// Get returns a document, or nil.
func (r *Replica) Get(id wire.DocID) *Document {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.docs[id]
}

// Documents implements replication.Replica.
func (r *Replica) Documents(peer wire.Device) []wire.DocID {
	r.mu.Lock()
	docs := make([]*Document, 0, len(r.docs))
	for _, d := range r.docs {
		docs = append(docs, d)
	}
	r.mu.Unlock()
	var out []wire.DocID
	for _, d := range docs {
		if d.Serves(peer) {
			out = append(out, d.id)
		}
	}
	slices.SortFunc(out, func(a, b wire.DocID) int { return bytes.Compare(a[:], b[:]) })
	return out
}

// Document implements replication.Replica.
func (r *Replica) Document(id wire.DocID) (replication.Document, bool) {
	d := r.Get(id)
	return d, d != nil
}

// VerifyInvite implements replication.Replica.
func (r *Replica) VerifyInvite(c replication.InviteClaim) (wire.SealHash, bool) {
	d := r.Get(c.Doc)
	if d == nil {
		return wire.SealHash{}, false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.log.VerifyInvite(c.Proof, c.Peer, r.Key.Device(), c.Challenge, now)
}

// Receive takes a delivery as a node does.
func (r *Replica) Receive(del replication.Delivery) error {
	d := r.Get(del.Doc)
	if d == nil {
		return fmt.Errorf("no document %s", del.Doc.Short())
	}
	d.mu.Lock()
	before := len(d.log.Heads()) + len(d.wraps)
	err := d.receive(del)
	changed := len(del.Ops)+len(del.Wraps)+len(del.Requests) > 0 || len(d.log.Heads())+len(d.wraps) != before
	request := d.request()
	d.mu.Unlock()
	if changed && r.Changed != nil {
		r.Changed(del.Doc)
	}
	if request != nil && r.Joining != nil {
		r.Joining(del.Doc, request)
	}
	return err
}

func (d *Document) receive(del replication.Delivery) error {
	var errs []error
	for _, raw := range del.Ops {
		op, err := access.DecodeOp(raw)
		if err == nil {
			_, err = d.log.Add(op)
		}
		errs = append(errs, err)
	}
	for _, raw := range del.Wraps {
		w, err := access.DecodeWrap(raw)
		if err == nil {
			d.wraps = append(d.wraps, w)
		}
		errs = append(errs, err)
	}
	for _, raw := range del.Requests {
		errs = append(errs, d.admit(raw))
	}
	var entries []*oplog.Entry
	for _, raw := range del.Entries {
		e, err := oplog.Decode(raw)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		entries = append(entries, e)
	}
	for _, run := range oplog.SplitRuns(entries) {
		kept, v := d.index.CheckRun(d.log, run)
		if v.Action == oplog.Reject {
			errs = append(errs, v.Reason)
		}
		for _, e := range kept {
			d.index.Append(e)
			d.raw[e.ID] = e.Raw
		}
	}
	return errors.Join(errs...)
}

// admit answers a request to join.
func (d *Document) admit(raw []byte) error {
	req, err := access.ParseJoinRequest(raw)
	if err != nil {
		return err
	}
	if err := access.CheckJoinRequest(d.log, req, now); err != nil {
		return err
	}
	d.requests++
	if _, _, member := d.log.Authority(req.Device); member {
		return nil
	}
	op, err := access.NewGrantVia(d.log, d.key, req, now)
	if err != nil {
		return err
	}
	d.add(op)
	return nil
}

// request makes the request to be let in, if this device waits for it.
func (d *Document) request() []byte {
	if d.keys == nil {
		return nil
	}
	if _, _, member := d.log.Authority(d.key.Device()); member {
		d.keys = nil
		return nil
	}
	invite, ok := d.log.FindInvite(d.keys.Public())
	if !ok {
		return nil
	}
	raw, err := access.NewJoinRequest(d.id, invite, d.keys, d.key)
	if err != nil {
		panic(err)
	}
	return raw
}

func (d *Document) add(op *access.Op) {
	if _, err := d.log.Add(op); err != nil {
		panic(err)
	}
}
