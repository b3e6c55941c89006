package replicationtest

import (
	"fmt"
	"math/rand/v2"

	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/replication"
	"github.com/sheafdocs/sheaf/node/wire"
)

// ID returns the document's id.
func (d *Document) ID() wire.DocID { return d.id }

// Summary implements replication.Document.
func (d *Document) Summary() replication.Summary {
	d.mu.Lock()
	defer d.mu.Unlock()
	heads := d.log.Heads()
	return replication.Summary{AccessHeads: heads, Vector: d.index.Vector(), Digest: d.index.Digest(heads)}
}

// OpsSince implements replication.Document.
func (d *Document) OpsSince(heads, until []wire.OpID) [][]byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	after := map[wire.OpID]bool{}
	if len(until) > 0 {
		for _, op := range d.log.Since(until) {
			after[op.ID] = true
		}
	}
	var out [][]byte
	for _, op := range d.log.Since(heads) {
		if !after[op.ID] {
			out = append(out, op.Raw)
		}
	}
	return out
}

// Offer implements replication.Document.
func (d *Document) Offer(peer wire.Device, invite wire.SealHash, _ replication.Reason) replication.Offer {
	d.mu.Lock()
	defer d.mu.Unlock()
	return replication.Offer{Wraps: d.wrapsFor(peer, invite)}
}

func (d *Document) wrapsFor(peer wire.Device, invite wire.SealHash) [][]byte {
	want := map[wire.SealHash]bool{invite: !invite.IsZero()}
	for _, m := range d.log.Members() {
		if m.Device == peer {
			want[m.Seal] = true
		}
	}
	var out [][]byte
	for _, w := range d.wraps {
		if !want[w.Recipient] {
			continue
		}
		raw, err := w.Encode()
		if err != nil {
			panic(err)
		}
		out = append(out, raw)
	}
	return out
}

// Entries implements replication.Document.
func (d *Document) Entries(line wire.ChainID, from uint64, maxBytes int) ([][]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out [][]byte
	size, anchored := 0, 0
	for _, step := range d.index.Run(line, from) {
		raw := d.raw[step.ID]
		if size += len(raw); size > maxBytes && anchored > 0 {
			break
		}
		out = append(out, raw)
		if step.Anchor {
			anchored = len(out)
		}
	}
	return out[:anchored], nil
}

// Standing implements replication.Document.
func (d *Document) Standing(peer wire.Device) replication.Standing {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, _, ok := d.log.Authority(peer); ok {
		return replication.Member
	}
	return replication.Stranger
}

// Serves reports whether the peer has a role.
func (d *Document) Serves(peer wire.Device) bool { return d.Standing(peer) == replication.Member }

// Member reports whether this device has a role.
func (d *Document) Member() bool { return d.Serves(d.key.Device()) }

// Requests returns how many requests to join were answered here.
func (d *Document) Requests() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.requests
}

// Digest returns the digest of what is held.
func (d *Document) Digest() replication.Digest { return d.Summary().Digest }

// Len returns how many entries are held.
func (d *Document) Len() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.raw)
}

// WrapCount returns how many wraps are held.
func (d *Document) WrapCount() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.wraps)
}

// Invite opens a link to the document. The hints go into the link.
func (d *Document) Invite(seed byte, hints ...string) access.Link {
	secret := [16]byte{seed, 'l', 'i', 'n', 'k'}
	keys, err := access.DeriveInvite(secret)
	if err != nil {
		panic(err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	op, err := access.NewInvite(d.log, d.key, keys, access.Editor, now)
	if err != nil {
		panic(err)
	}
	d.add(op)
	d.wrapFor(keys.SealHash())
	return access.Link{Doc: d.id, Secret: secret, Hints: hints}
}

// WrapFor adds a wrap addressed to a device's seal key. Its ciphertext means
// nothing.
func (d *Document) WrapFor(k *identity.Key) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.wrapFor(k.SealHash())
}

func (d *Document) wrapFor(recipient wire.SealHash) {
	w := &access.Wrap{Doc: d.id.Short(), Recipient: recipient, Ct: make([]byte, 1168)}
	if err := w.Sign(d.key); err != nil {
		panic(err)
	}
	d.wraps = append(d.wraps, w)
}

// Admit lets other devices in: each request goes through the document.
func (d *Document) Admit(link access.Link, others ...*identity.Key) {
	keys, err := access.DeriveInvite(link.Secret)
	if err != nil {
		panic(err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	invite, ok := d.log.FindInvite(keys.Public())
	if !ok {
		panic("no such invite")
	}
	for _, k := range others {
		raw, err := access.NewJoinRequest(d.id, invite, keys, k)
		if err == nil {
			err = d.admit(raw)
		}
		if err != nil {
			panic(err)
		}
	}
}

// Copy makes a member's replica hold what this document holds now.
func (d *Document) Copy(to *Replica) *Document {
	c := newDocument(to.Key, d.id)
	for _, raw := range d.OpsSince(nil, nil) {
		op, err := access.DecodeOp(raw)
		if err != nil {
			panic(err)
		}
		c.add(op)
	}
	to.mu.Lock()
	to.docs[d.id] = c
	to.mu.Unlock()
	for line := range d.Summary().Vector {
		if err := to.Receive(replication.Delivery{Doc: d.id, Entries: d.all(line)}); err != nil {
			panic(err)
		}
	}
	return c
}

func (d *Document) all(line wire.ChainID) [][]byte {
	var out [][]byte
	for {
		run, err := d.Entries(line, uint64(len(out)), 1<<30)
		if err != nil {
			panic(err)
		}
		if len(run) == 0 {
			return out
		}
		out = append(out, run...)
	}
}

// Write appends n entries of about size bytes to the device's chain with
// number inc, and returns them.
func (d *Document) Write(r *rand.Rand, inc uint32, n, size int) []*oplog.Entry {
	d.mu.Lock()
	defer d.mu.Unlock()
	auth, _, ok := d.log.Authority(d.key.Device())
	if !ok {
		panic(fmt.Sprintf("device %s may not write", d.key.Device()))
	}
	h := oplog.Header{Doc: d.id.Short(), Author: d.key.Device(), Auth: auth, Inc: inc}
	var out []*oplog.Entry
	for range n {
		if seq, id, ok := d.index.Head(h.ChainID()); ok {
			h.Seq, h.Prev = seq+1, id
		}
		out = append(out, d.sign(r, h, size))
	}
	return out
}

// Bound has only so many entries of every chain count, as the end of an
// authority does.
func (d *Document) Bound(limit uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.index.Govern(bounds(limit))
}

// bounds bounds every chain alike.
type bounds uint64

// Bounds implements oplog.Rules.
func (b bounds) Bounds(wire.Auth, wire.Device, uint32) oplog.Bounds {
	return oplog.Bounds{Limit: uint64(b)}
}

// Fork signs a second entry in the place of the last one of the device's chain
// with number inc, as a restored backup would. The entry is not kept here.
func (d *Document) Fork(r *rand.Rand, inc uint32, seq uint64) *oplog.Entry {
	d.mu.Lock()
	defer d.mu.Unlock()
	auth, _, _ := d.log.Authority(d.key.Device())
	h := oplog.Header{Doc: d.id.Short(), Author: d.key.Device(), Auth: auth, Inc: inc, Seq: seq}
	if seq > 0 {
		id, ok := d.index.ID(h.ChainID(), seq-1)
		if !ok {
			panic("no entry to fork from")
		}
		h.Prev = id
	}
	e, err := oplog.Sign(d.key, h, payload(r, 40))
	if err != nil {
		panic(err)
	}
	return e
}

func (d *Document) sign(r *rand.Rand, h oplog.Header, size int) *oplog.Entry {
	e, err := oplog.Sign(d.key, h, payload(r, size))
	if err != nil {
		panic(err)
	}
	d.index.Append(e)
	d.raw[e.ID] = e.Raw
	return e
}

func payload(r *rand.Rand, size int) []byte {
	ct := make([]byte, size)
	for i := range ct {
		ct[i] = byte(r.Uint32())
	}
	return ct
}

// Same describes the first difference between what two replicas hold of a
// document, or returns "".
func Same(doc wire.DocID, a, b *Replica) string {
	da, db := a.Get(doc), b.Get(doc)
	if da == nil || db == nil {
		return "one replica has no such document"
	}
	if da.Digest() != db.Digest() {
		return fmt.Sprintf("digests differ: %d and %d entries, %d and %d access heads",
			da.Len(), db.Len(), len(da.Summary().AccessHeads), len(db.Summary().AccessHeads))
	}
	return ""
}

// CheckEntry judges one entry, as gossip asks for.
func (d *Document) CheckEntry(e *oplog.Entry) oplog.Verdict {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.index.Check(d.log, e)
}
