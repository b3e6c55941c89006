// Package nodetest runs many nodes in one test, on a simulated network and in
// virtual time, with faults drawn from a seed.
//
// The main types are [World], the network and its nodes, and [Peer], one node
// with its store. A Peer can be cut off, crash and start again from what its
// store held, be sent entries twice and in any order, and have a clock that is
// wrong. World.CheckEqual asserts what must hold at the end. [Hostile] is a
// device with a program that is not honest.
//
// It leaves out real transports, disks and pages: those have tests of their
// own.
package nodetest

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/x/simlibp2p"
	"github.com/marcopolo/simnet"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/node"
	"github.com/sheafdocs/sheaf/node/discovery"
	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/replication"
	"github.com/sheafdocs/sheaf/node/store/memstore"
	"github.com/sheafdocs/sheaf/node/transport"
	"github.com/sheafdocs/sheaf/node/wire"
)

// linkLatency is how long a packet travels between any two nodes.
const linkLatency = 10 * time.Millisecond

// World is a simulated network with nodes on it.
type World struct {
	T     *testing.T
	Rand  *rand.Rand
	Peers []*Peer

	net      *simnet.Simnet
	made     int // devices, each with an address of its own
	hostiles []*Hostile
}

// Peer is one node of a World.
type Peer struct {
	*node.Node
	world *World
	index int
	key   *identity.Key
	store *memstore.Store
	host  host.Host
	lost  []wire.DocID
	// Skew is added to the node's clock; it takes effect at the next start.
	Skew time.Duration
	// Registry has the metrics of the node since its last start.
	Registry *prometheus.Registry
}

// Run runs f with n connected nodes in a bubble of virtual time. Everything
// random comes from seed. Under the race detector the test is skipped.
func Run(t *testing.T, seed uint64, n int, f func(w *World)) {
	t.Helper()
	if raced {
		t.Skip("a network in virtual time crashes the runtime under the race detector (golang/go#78156)")
	}
	synctest.Test(t, func(t *testing.T) {
		w := &World{
			T: t, Rand: rand.New(rand.NewPCG(seed, 0)),
			net: &simnet.Simnet{LatencyFunc: simnet.StaticLatency(linkLatency)},
		}
		w.net.Start()
		for range n {
			w.Add()
		}
		defer func() {
			for _, h := range w.hostiles {
				h.close()
			}
			for _, p := range w.Peers {
				p.Stop()
			}
			w.net.Close()
			time.Sleep(time.Minute) // the transports' own timers run out
		}()
		f(w)
	})
}

// Add starts one more node.
func (w *World) Add() *Peer {
	w.T.Helper()
	p := &Peer{world: w, index: w.made, store: memstore.New(), key: w.key()}
	w.made++
	w.Peers = append(w.Peers, p)
	p.Start()
	return p
}

// key draws a device key from the seed.
func (w *World) key() *identity.Key {
	k, err := identity.Generate(randReader{w.Rand})
	if err != nil {
		w.T.Fatal(err)
	}
	return k
}

// randReader makes bytes of a seeded source.
type randReader struct{ r *rand.Rand }

func (r randReader) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(r.r.Uint32())
	}
	return len(b), nil
}

// Metric adds up a counter or gauge of the node, over the series in which each of
// the values is some label's.
func (p *Peer) Metric(name string, values ...string) float64 {
	p.world.T.Helper()
	families, err := p.Registry.Gather()
	if err != nil {
		p.world.T.Fatal(err)
	}
	sum := 0.0
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				labels = append(labels, l.GetValue())
			}
			if !slices.ContainsFunc(values, func(v string) bool { return !slices.Contains(labels, v) }) {
				sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	return sum
}

// Start starts the node on what its store holds.
func (p *Peer) Start() {
	p.world.T.Helper()
	gate := new(transport.Gate)
	p.host = p.world.newHost(p.index, p.key, gate)
	p.Registry = prometheus.NewRegistry()
	var err error
	skew := p.Skew
	p.Node, err = node.New(node.Config{
		Key: p.key, Store: p.store, Host: p.host, Gate: gate, LocalDiscovery: discovery.Off, Lost: p.lost,
		Registry: p.Registry,
		Now:      func() time.Time { return time.Now().Add(skew) },
		Logger:   slog.New(slog.DiscardHandler),
	})
	if err != nil {
		p.world.T.Fatal(err)
	}
}

// newHost makes a host at an address of its own.
func (w *World) newHost(index int, key *identity.Key, gate *transport.Gate) host.Host {
	w.T.Helper()
	priv, err := crypto.UnmarshalEd25519PrivateKey(ed25519.NewKeyFromSeed(key.Seed()))
	if err != nil {
		w.T.Fatal(err)
	}
	link := simnet.NodeBiDiLinkSettings{
		Downlink: simnet.LinkSettings{BitsPerSecond: 100 * simlibp2p.OneMbps},
		Uplink:   simnet.LinkSettings{BitsPerSecond: 100 * simlibp2p.OneMbps},
	}
	options := []libp2p.Option{
		libp2p.Identity(priv),
		libp2p.ListenAddrStrings(fmt.Sprintf("/ip4/1.0.0.%d/udp/8000/quic-v1", index+1)),
		libp2p.DisableIdentifyAddressDiscovery(),
		libp2p.ResourceManager(&network.NullResourceManager{}),
		libp2p.UDPBlackHoleSuccessCounter(nil), // a node cut off for long is dialed in vain
		simlibp2p.QUICSimnet(w.net, link),
	}
	if gate != nil {
		options = append(options, libp2p.ConnectionGater(gate))
	}
	h, err := libp2p.New(options...)
	if err != nil {
		w.T.Fatal(err)
	}
	return h
}

// Stop ends the node in good order; its store stays.
func (p *Peer) Stop() {
	if p.Node == nil {
		return
	}
	if err := p.Node.Close(); err != nil {
		p.world.T.Error(err)
	}
	if err := p.host.Close(); err != nil {
		p.world.T.Error(err)
	}
	p.Node = nil
}

// Crash ends the node and gives it back the store of this moment: what was
// not durable now is lost.
func (p *Peer) Crash() {
	disk := p.store.Clone()
	p.Stop()
	p.store = disk
}

// Wipe ends the node and takes its store away, as when a disk is damaged beyond
// repair and only the device key and the names of the documents remain.
func (p *Peer) Wipe(docs ...wire.DocID) {
	p.Stop()
	p.store = memstore.New()
	p.lost = docs
}

// Document returns the node's copy of a document.
func (p *Peer) Document(id wire.DocID) *node.Document {
	p.world.T.Helper()
	d, err := p.Node.Document(id)
	if err != nil {
		p.world.T.Fatalf("node %d: %v", p.index, err)
	}
	return d
}

// Share makes a document at node 0 that every node joins by its link.
func (w *World) Share(ctx context.Context) wire.DocID {
	w.T.Helper()
	d, err := w.Peers[0].Create(ctx, "")
	if err != nil {
		w.T.Fatal(err)
	}
	link, err := d.Share(ctx)
	if err != nil {
		w.T.Fatal(err)
	}
	for _, p := range w.Peers[1:] {
		if _, err := p.Join(ctx, link); err != nil {
			w.T.Fatal(err)
		}
		w.Await("a node to be let in", time.Minute, func() bool {
			return p.Document(d.ID()).State() == node.StateReady
		})
	}
	return d.ID()
}

// Await waits in virtual time until ok says yes.
func (w *World) Await(what string, limit time.Duration, ok func() bool) {
	w.T.Helper()
	start := time.Now()
	for !ok() {
		if time.Since(start) > limit {
			w.T.Fatalf("waited %v in vain for %s", limit, what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// Insert writes text at a place of the plain-text root, and waits until it is
// durable at the node. The place is taken modulo the length.
func (p *Peer) Insert(ctx context.Context, id wire.DocID, at int, s string) {
	p.world.T.Helper()
	err := p.Document(id).Edit(ctx, func(tx *crdt.Txn, doc *crdt.Doc) error {
		t := doc.Text("text")
		return t.Insert(tx, at%(t.Len()+1), s)
	})
	if err != nil {
		p.world.T.Fatalf("node %d: insert: %v", p.index, err)
	}
}

// Delete removes up to n units from a place of the plain-text root.
func (p *Peer) Delete(ctx context.Context, id wire.DocID, at, n int) {
	p.world.T.Helper()
	err := p.Document(id).Edit(ctx, func(tx *crdt.Txn, doc *crdt.Doc) error {
		t := doc.Text("text")
		if t.Len() == 0 {
			return nil
		}
		at %= t.Len()
		return t.Delete(tx, at, min(n, t.Len()-at))
	})
	if err != nil {
		p.world.T.Fatalf("node %d: delete: %v", p.index, err)
	}
}

// Replay hands everything another node holds of the document to p again, each
// entry three times and in a random order.
func (p *Peer) Replay(ctx context.Context, from *Peer, id wire.DocID) {
	p.world.T.Helper()
	d := from.Document(id)
	var entries [][]byte
	for line := range d.Summary().Vector {
		run, err := d.Entries(line, 0, 1<<20)
		if err != nil {
			p.world.T.Fatal(err)
		}
		entries = append(entries, run...)
	}
	entries = append(append(entries, entries...), entries...)
	p.world.Rand.Shuffle(len(entries), func(i, j int) { entries[i], entries[j] = entries[j], entries[i] })
	for _, e := range entries {
		// Entries out of order are passed over, which is no error.
		if err := p.Receive(ctx, from.Device(), replication.Delivery{Doc: id, Entries: [][]byte{e}}); err != nil {
			p.world.T.Fatal(err)
		}
	}
}

// CheckEqual waits until all nodes hold the same, and fails when they do not.
func (w *World) CheckEqual(id wire.DocID) {
	w.T.Helper()
	start := time.Now()
	for {
		problem := w.difference(id)
		if problem == "" {
			return
		}
		if time.Since(start) > 3*time.Minute {
			w.T.Fatal(problem)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// difference says in what the nodes differ; "" when in nothing.
func (w *World) difference(id wire.DocID) string {
	first := w.Peers[0].Document(id)
	want, err := first.StateHash()
	if err != nil {
		w.T.Fatal(err)
	}
	digest := first.Summary().Digest
	for _, p := range w.Peers[1:] {
		d := p.Document(id)
		got, err := d.StateHash()
		if err != nil {
			w.T.Fatal(err)
		}
		if got != want {
			return fmt.Sprintf("nodes 0 and %d have different state hashes (same entries: %v): texts %q and %q",
				p.index, d.Summary().Digest == digest, first.Text(), d.Text())
		}
		if d.Summary().Digest != digest {
			return fmt.Sprintf("nodes 0 and %d hold different entries", p.index)
		}
	}
	return ""
}
