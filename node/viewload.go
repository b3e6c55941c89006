package node

import (
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"strings"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/crdt/packed"
	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/seal"
	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/wire"
)

// noteView keeps a part of the stored view until the log is loaded. One that is
// damaged is no loss.
func (d *Document) noteView(r store.Record, err error) bool {
	if r.Key.Kind != store.KindLocal || !strings.HasPrefix(r.Key.Name, viewPrefix) {
		return false
	}
	if n := len(r.Key.Name); n == len(viewPrefix)+1 {
		d.merged.parts = max(d.merged.parts, int(r.Key.Name[n-1])+1)
	}
	if err == nil {
		d.storedView = append(d.storedView, r)
	}
	return true
}

// loadView takes what is merged from the stored view, if there is one and all it
// stands for counts.
func (d *Document) loadView() {
	parts := d.storedView
	d.storedView = nil
	if d.merged.parts == 0 {
		return
	}
	rec, err := d.openView(parts)
	if err == nil {
		err = d.adoptView(rec)
	}
	if err != nil {
		d.log.Info("stored view is of no use, merging the log", "err", err)
		d.dropView()
	}
}

// openView puts a view's parts together.
func (d *Document) openView(parts []store.Record) (viewRecord, error) {
	var rec viewRecord
	var whole []byte
	var first viewPart
	for i, r := range parts {
		var part viewPart
		if r.Key != viewKey(d.id, i) {
			return rec, fmt.Errorf("%w: part %d is missing", errView, i)
		}
		if err := d.openLocal(r.Key, r.Value, &part); err != nil {
			return rec, err
		}
		if i == 0 {
			first = part
		}
		if part.Version != viewVersion || part.Hash != first.Hash {
			break // left over of a longer one
		}
		whole = append(whole, part.Piece...)
	}
	if first.Version != viewVersion || sha256.Sum256(whole) != first.Hash {
		return rec, fmt.Errorf("%w: its parts are not of one", errView)
	}
	err := wire.Unmarshal(whole, &rec)
	return rec, err
}

// adoptView takes over a view, after checking it against the chains.
func (d *Document) adoptView(rec viewRecord) error {
	if !d.undisputed() {
		return fmt.Errorf("%w: chains have branches", errView)
	}
	opened, err := packed.Open(rec.Packed)
	if err != nil {
		return err
	}
	raw, err := inflate(rec.Of)
	if err != nil {
		return err
	}
	var chains []viewChain
	if err := wire.Unmarshal(raw, &chains); err != nil {
		return fmt.Errorf("read view: %w", err)
	}
	causes := newCausality()
	for i := range chains {
		if err := d.adoptChain(causes, &chains[i]); err != nil {
			return err
		}
	}
	d.causes = causes
	d.merged = merged{packed: opened, title: rec.Title, size: len(rec.Packed), parts: d.merged.parts}
	for ref := range d.queue.held {
		if c := causes.chains[ref.chain]; c != nil && ref.seq < c.applied() {
			d.queue.release(ref)
		}
	}
	return nil
}

// adoptChain notes the entries of a chain that a view stands for as merged. Each
// must count.
func (d *Document) adoptChain(causes *causality, of *viewChain) error {
	dev, auth, inc, ok := d.chains.Author(of.Chain)
	if !ok || d.chains.Barred(of.Chain) {
		return fmt.Errorf("%w: chain %s", errView, of.Chain)
	}
	client := crdt.ClientID(d.node.clientOf(d.id.Short(), dev, auth, inc))
	if _, taken := causes.clients[client]; taken {
		return fmt.Errorf("%w: two chains with one client id", errView)
	}
	c, deps, clock := causes.chain(of.Chain, client), of.Deps, uint64(0)
	for rest := of.Ends; len(rest) > 0; {
		step, n := binary.Uvarint(rest)
		if n <= 0 {
			return fmt.Errorf("%w: clocks", errView)
		}
		rest, clock = rest[n:], clock+step
		var listed []seal.Dep
		if len(deps) > 0 && deps[0].Seq == c.applied() {
			if listed, ok = d.adoptDeps(deps[0].Deps); !ok {
				return fmt.Errorf("%w: dependencies", errView)
			}
			deps = deps[1:]
		}
		c.advance(clock, listed)
	}
	last := oplog.Position{Seq: c.applied() - 1, ID: of.Last}
	c.last = of.Last
	if c.applied() == 0 || c.applied() > d.chains.Counts(of.Chain) || !d.chains.Chosen(of.Chain, last) || len(deps) > 0 {
		return fmt.Errorf("%w: entries of chain %s", errView, of.Chain)
	}
	return nil
}

func (d *Document) adoptDeps(list []viewDep) ([]seal.Dep, bool) {
	var deps []seal.Dep
	for _, dep := range list {
		id, ok := d.chains.ID(dep.Chain, dep.Seq)
		if !ok {
			return nil, false
		}
		deps = append(deps, seal.Dep{Chain: dep.Chain, Seq: dep.Seq, ID8: [8]byte(id[:8])})
	}
	return deps, true
}

// maxViewChainsBytes bounds the list of what a view stands for.
const maxViewChainsBytes = 256 << 20

func inflate(b []byte) ([]byte, error) {
	out, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(b)), maxViewChainsBytes))
	if err != nil {
		return nil, fmt.Errorf("read view: %w", err)
	}
	return out, nil
}
