package main

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/node"
	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/seal"
	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/store/memstore"
	"github.com/sheafdocs/sheaf/node/wire"
)

// Sizes of what is resolved and opened.
const (
	benchMembers = 1000
	benchOps     = 10_000
)

// devices draws the keys of members.
func devices(n int) ([]*identity.Key, error) {
	keys := make([]*identity.Key, n)
	for i := range keys {
		key, err := identity.Generate(rand.Reader)
		if err != nil {
			return nil, err
		}
		keys[i] = key
	}
	return keys, nil
}

// grants adds ops by which the author of log lets devices in, round after round.
func grants(log *access.Log, key *identity.Key, members []*identity.Key, n int) ([]*access.Op, error) {
	var ops []*access.Op
	for i := range n {
		m := members[i%len(members)]
		op, err := access.NewGrant(log, key, m.UserID(), access.Editor, []access.GrantDevice{{Device: m.Device(), Seal: m.SealHash()}}, time.Now())
		if err != nil {
			return nil, err
		}
		if _, err := log.Add(op); err != nil {
			return nil, err
		}
		ops = append(ops, op)
	}
	return ops, nil
}

// resolve times the access log alone, its signatures already verified.
func (b *cryptoBench) resolve(r *cryptoReport) error {
	members, err := devices(benchMembers)
	if err != nil {
		return err
	}
	made, err := grants(b.log, b.key, members, benchOps)
	if err != nil {
		return err
	}
	ops := append([]*access.Op{b.genesis}, made...)
	all, err := perCall(func() error {
		l := access.NewLog(b.genesis.DocID())
		if res := l.Load(ops); len(res.Added) != len(ops) || len(l.Members()) == 0 {
			return errors.New("not every op was added")
		}
		return nil
	})
	if err != nil {
		return err
	}
	r.ResolveMS = all / 1e3
	var spent time.Duration
	const more = 50
	for i := range more {
		op, err := access.NewGrant(b.log, b.key, members[i].UserID(), access.Viewer, []access.GrantDevice{{Device: members[i].Device(), Seal: members[i].SealHash()}}, time.Now())
		if err != nil {
			return err
		}
		start := time.Now()
		if _, err := b.log.Add(op); err != nil {
			return err
		}
		if _, _, ok := b.log.Authority(members[i].Device()); !ok {
			return errors.New("a member has no role")
		}
		spent += time.Since(start)
	}
	r.OneMoreUS = float64(spent.Microseconds()) / more
	return nil
}

// open times a node's start on a document of many members, each of whom wrote.
func (b *cryptoBench) open(r *cryptoReport) error {
	st := memstore.New()
	defer st.Close()
	id, err := b.fill(st)
	if err != nil {
		return err
	}
	start := time.Now()
	n, err := node.New(node.Config{Key: b.key, Store: st})
	if err != nil {
		return err
	}
	r.OpenDocMS = float64(time.Since(start).Microseconds()) / 1e3
	defer n.Close()
	d, err := n.Document(id)
	if err != nil {
		return err
	}
	if got := len(d.Text()); got != benchMembers {
		return fmt.Errorf("the document has %d letters, not one of each of %d members", got, benchMembers)
	}
	return nil
}

// fill makes the document in a store: one node creates it, and the ops and
// entries of the others are put beside.
func (b *cryptoBench) fill(st store.Store) (id wire.DocID, err error) {
	n, err := node.New(node.Config{Key: b.key, Store: st})
	if err != nil {
		return id, err
	}
	d, err := n.Create(background(), "")
	if err != nil {
		return id, err
	}
	id = d.ID()
	if err := n.Close(); err != nil {
		return id, err
	}
	log := access.NewLog(id)
	for rec, err := range st.Scan(background(), id, store.KindOp, "") {
		if err != nil {
			return id, err
		}
		op, err := access.DecodeOp(rec.Value)
		if err != nil {
			return id, err
		}
		if _, err := log.Add(op); err != nil {
			return id, err
		}
	}
	ek, err := b.epochOf(st, log, id)
	if err != nil {
		return id, err
	}
	members, err := devices(benchMembers)
	if err != nil {
		return id, err
	}
	ops, err := grants(log, b.key, members, len(members))
	if err != nil {
		return id, err
	}
	for _, op := range ops {
		if err := putOne(st, store.OpKey(id, op.ID), op.Raw); err != nil {
			return id, err
		}
	}
	for _, m := range members {
		e, err := letter(log, ek, id, m)
		if err != nil {
			return id, err
		}
		if err := putOne(st, store.EntryKey(id, e.Chain(), e.Seq, e.ID), e.Raw); err != nil {
			return id, err
		}
	}
	return id, nil
}

func putOne(st store.Store, key store.Key, value []byte) error {
	return st.Commit(background(), &store.Batch{Put: []store.Record{{Key: key, Value: value}}})
}

// epochOf opens the document's key, as its creator can.
func (b *cryptoBench) epochOf(st store.Store, log *access.Log, id wire.DocID) (seal.EpochKey, error) {
	epoch, rotator := log.Epoch()
	for rec, err := range st.Scan(background(), id, store.KindWrap, "") {
		if err != nil {
			return seal.EpochKey{}, err
		}
		w, err := access.DecodeWrap(rec.Value)
		if err == nil && w.Epoch == epoch {
			return seal.OpenWrap(w, id, rotator, b.key.SealPrivate())
		}
	}
	return seal.EpochKey{}, errors.New("no wrap of the document's key")
}

// letter makes a member's entry, which writes one letter.
func letter(log *access.Log, ek seal.EpochKey, id wire.DocID, m *identity.Key) (*oplog.Entry, error) {
	auth, _, ok := log.Authority(m.Device())
	if !ok {
		return nil, errors.New("a member has no role")
	}
	doc := crdt.NewDoc(crdt.Config{ClientID: crdt.ClientID(wire.ClientID(id.Short(), m.Device(), auth, 0, oplog.StreamBody))})
	var update []byte
	doc.OnUpdate(func(e crdt.UpdateEvent) { update = bytes.Clone(e.Update) })
	var err error
	doc.Transact(nil, func(tx *crdt.Txn) { err = doc.Text("text").Insert(tx, 0, "x") })
	if err != nil {
		return nil, err
	}
	sealer, err := seal.NewSealer(ek, seal.Chain{Doc: id, Device: m.Device(), Auth: auth})
	if err != nil {
		return nil, err
	}
	epoch, _ := log.Epoch()
	h := oplog.Header{Doc: id.Short(), Author: m.Device(), Auth: auth, Epoch: epoch, NumOps: 1}
	aad, err := h.AAD()
	if err != nil {
		return nil, err
	}
	ct, err := sealer.Seal(aad, seal.Payload{Body: update})
	if err != nil {
		return nil, err
	}
	return oplog.Sign(m, h, ct)
}
