package node

import (
	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/replication"
	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/wire"
)

// replica shows the node's documents to sync.
type replica struct{ n *Node }

// Documents lists the documents a peer may be told of: those where it has a
// role or had one, and those this device waits to be given.
func (r replica) Documents(peer wire.Device) []wire.DocID {
	r.n.mu.Lock()
	docs := r.n.listLocked()
	r.n.mu.Unlock()
	var ids []wire.DocID
	for _, d := range docs {
		if d.Standing(peer) != replication.Stranger {
			ids = append(ids, d.id)
		}
	}
	return ids
}

// Document implements replication.Replica.
func (r replica) Document(id wire.DocID) (replication.Document, bool) {
	d, err := r.n.Document(id)
	if err != nil {
		return nil, false
	}
	return d, true
}

// VerifyInvite says whether a peer proved the key of an invite that lets it
// read, and names the invite's seal key.
func (r replica) VerifyInvite(claim replication.InviteClaim) (wire.SealHash, bool) {
	d, err := r.n.Document(claim.Doc)
	if err != nil {
		return wire.SealHash{}, false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	hash, ok := d.access.VerifyInvite(claim.Proof, claim.Peer, d.node.device, claim.Challenge, d.node.cfg.Now())
	if !ok || !d.mayReturnBy(claim.Peer, hash) {
		return wire.SealHash{}, false
	}
	return hash, true
}

// Summary implements replication.Document.
func (d *Document) Summary() replication.Summary {
	d.mu.Lock()
	defer d.mu.Unlock()
	heads := d.access.Heads()
	return replication.Summary{
		AccessHeads: heads,
		Vector:      d.chains.Vector(),
		Held:        d.chains.Held(),
		Digest:      d.chains.Digest(heads),
	}
}

// OpsSince implements replication.Document.
func (d *Document) OpsSince(heads, until []wire.OpID) [][]byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	after := map[wire.OpID]bool{}
	if len(until) > 0 {
		for _, op := range d.access.Since(until) {
			after[op.ID] = true
		}
	}
	var raws [][]byte
	for _, op := range d.access.Since(heads) {
		if !after[op.ID] {
			raws = append(raws, op.Raw)
		}
	}
	return raws
}

// Entries implements replication.Document: stored entries of a line from seq
// on, up to about maxBytes, ending at one whose signature this node verified.
func (d *Document) Entries(line wire.ChainID, from uint64, maxBytes int) ([][]byte, error) {
	d.mu.Lock()
	steps := d.chains.Run(line, from)
	d.mu.Unlock()
	var raws [][]byte
	size, anchored := 0, 0
	for _, p := range steps {
		raw, err := d.node.cfg.Store.Get(background(), store.EntryKey(d.id, p.Chain, p.Seq, p.ID))
		if err != nil {
			break // not durable yet, or damaged: the run ends before it
		}
		if size += len(raw); size > maxBytes && anchored > 0 {
			break
		}
		raws = append(raws, raw)
		if p.Anchor {
			anchored = len(raws)
		}
	}
	return raws[:anchored], nil
}

// Standing implements replication.Document.
func (d *Document) Standing(peer wire.Device) replication.Standing {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.servesLocked(peer):
		return replication.Member
	case d.access.Ended(peer):
		return replication.Removed
	}
	return replication.Stranger
}

// Serves says whether a peer is served: a member is, and anyone is asked who
// may have a document that this device waits for.
func (d *Document) Serves(peer wire.Device) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.servesLocked(peer)
}

func (d *Document) servesLocked(peer wire.Device) bool {
	if len(d.access.Heads()) == 0 {
		return d.join == nil // a lost document: whoever knows its id may refill it
	}
	_, _, ok := d.access.Authority(peer)
	return ok
}

// Allows implements gossip.Document.
func (d *Document) Allows(peer wire.Device) bool { return d.Serves(peer) }

// CheckEntry implements gossip.Document.
func (d *Document) CheckEntry(e *oplog.Entry) oplog.Verdict {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.govern()
	v := d.chains.Check(d.access, e)
	d.refuse(v)
	return v
}

// CheckOp implements gossip.Document: what is wrong whatever else is known is
// rejected, what is known already is ignored.
func (d *Document) CheckOp(raw []byte) oplog.Verdict {
	op, err := access.DecodeOp(raw)
	if err != nil {
		return oplog.VerdictOf(err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.access.Has(op.ID) {
		return oplog.Verdict{Action: oplog.Ignore, Reason: oplog.ErrDuplicate}
	}
	if op.Kind != access.KindGenesis && !d.access.Has(op.Auth) {
		return oplog.Verdict{Action: oplog.Ignore, Reason: oplog.ErrNoAuthority}
	}
	return oplog.Verdict{}
}
