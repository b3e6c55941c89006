//go:build !js

package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/metrics"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/crdt/tracetest"
	"github.com/sheafdocs/sheaf/node"
	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/discovery"
	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/store/badgerstore"
	"github.com/sheafdocs/sheaf/node/transport"
)

const (
	offeredClients = 8    // sessions opened for an agent, to choose a client id from
	maxUnacked     = 2000 // updates handed in and not durable yet
	settleTime     = 5 * time.Minute
)

// replayer is one node of a replay.
type replayer struct {
	trace        *tracetest.Trace
	index, nodes int
	dir          string
	key          *identity.Key
	store        *badgerstore.Store
	host         host.Host
	wire         *metrics.BandwidthCounter
	node         *node.Node
	doc          *node.Document
	offered      map[int][]*node.Session
	agents       map[int]*agent
	clients      []crdt.ClientID
	made         []made
	watch        *watcher
}

// agent is one person of the history whose session is at this node.
type agent struct {
	index   int
	session *node.Session
}

func replayNode(args []string) error {
	flags := flag.NewFlagSet("replay-node", flag.ContinueOnError)
	path := flags.String("trace", "", "")
	r := &replayer{offered: map[int][]*node.Session{}, agents: map[int]*agent{}}
	flags.StringVar(&r.dir, "dir", "", "")
	flags.IntVar(&r.index, "index", 0, "")
	flags.IntVar(&r.nodes, "nodes", 1, "")
	if err := flags.Parse(args); err != nil {
		return err
	}
	var err error
	if r.trace, err = tracetest.Read(*path); err != nil {
		return err
	}
	if err := r.open(); err != nil {
		return err
	}
	defer r.close()
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<20)
	out := json.NewEncoder(os.Stdout)
	for in.Scan() {
		var cmd command
		if err := json.Unmarshal(in.Bytes(), &cmd); err != nil {
			return err
		}
		a, err := r.do(cmd)
		if err != nil {
			a = &answer{Error: err.Error()}
		}
		if err := out.Encode(a); err != nil {
			return err
		}
	}
	return in.Err()
}

// open starts the node on a store and a loopback host of its own.
func (r *replayer) open() error {
	var err error
	if r.key, err = identity.Generate(rand.Reader); err != nil {
		return err
	}
	if r.store, _, err = badgerstore.Open(badgerstore.Config{Dir: r.dir}); err != nil {
		return err
	}
	r.wire = metrics.NewBandwidthCounter()
	r.host, err = transport.NewHost(transport.Config{Key: r.key, LoopbackOnly: true, Bandwidth: r.wire})
	if err != nil {
		return err
	}
	r.node, err = node.New(node.Config{Key: r.key, Store: r.store, Host: r.host, LocalDiscovery: discovery.Off})
	return err
}

func (r *replayer) close() {
	if r.node != nil {
		r.node.Close()
		r.host.Close()
		r.store.Close()
	}
}

func (r *replayer) do(cmd command) (*answer, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Minute)
	defer cancel()
	switch cmd.Do {
	case "create":
		return r.create(ctx)
	case "join":
		return r.join(ctx, cmd.Link)
	case "clients":
		return r.offer()
	case "prepare":
		return r.prepare(cmd.Clients)
	case "run":
		return r.run(ctx)
	case "finish":
		return r.finish()
	}
	return nil, fmt.Errorf("unknown command %q", cmd.Do)
}

func (r *replayer) create(ctx context.Context) (*answer, error) {
	d, err := r.node.Create(ctx, "")
	if err != nil {
		return nil, err
	}
	r.doc = d
	link, err := d.Share(ctx)
	if err != nil {
		return nil, err
	}
	return &answer{Link: link.String()}, nil
}

func (r *replayer) join(ctx context.Context, text string) (*answer, error) {
	link, err := access.ParseLink(text)
	if err != nil {
		return nil, err
	}
	changes, stop := r.node.Watch()
	defer stop()
	if r.doc, err = r.node.Join(ctx, link); err != nil {
		return nil, err
	}
	for r.doc.State() != node.StateReady {
		select {
		case <-changes:
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return nil, fmt.Errorf("join: %w (%w)", ctx.Err(), r.doc.JoinError())
		}
	}
	return &answer{}, nil
}

// offer opens several sessions for each agent of this node.
func (r *replayer) offer() (*answer, error) {
	a := &answer{Clients: map[int][]uint64{}}
	for i := range r.trace.NumAgents {
		if i%r.nodes != r.index {
			continue
		}
		for range offeredClients {
			lease, err := r.doc.Lease(context.Background(), "")
			if err != nil {
				return nil, err
			}
			r.offered[i] = append(r.offered[i], lease.Session)
			a.Clients[i] = append(a.Clients[i], uint64(lease.Client))
		}
	}
	return a, nil
}

// prepare keeps the chosen sessions, closes the others, and computes every
// agent's updates.
func (r *replayer) prepare(clients []uint64) (*answer, error) {
	for _, c := range clients {
		r.clients = append(r.clients, crdt.ClientID(c))
	}
	for i, sessions := range r.offered {
		for _, s := range sessions {
			if s.Client() == r.clients[i] {
				r.agents[i] = &agent{index: i, session: s}
			} else {
				s.Close()
			}
		}
	}
	var err error
	if r.made, err = simulate(r.trace, r.clients); err != nil {
		return nil, err
	}
	observer, err := r.doc.Lease(context.Background(), "")
	if err != nil {
		return nil, err
	}
	r.watch = watchDocument(observer.Session, r.clients)
	return &answer{}, nil
}

// run hands in this node's agents' updates and waits for the end.
func (r *replayer) run(ctx context.Context) (*answer, error) {
	var wg sync.WaitGroup
	errs := make([]error, r.trace.NumAgents)
	for i, a := range r.agents {
		wg.Add(1)
		go func() {
			defer wg.Done()
			errs[i] = r.play(ctx, a)
		}()
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	deadline := time.Now().Add(settleTime)
	for r.doc.Text() != r.trace.EndContent && time.Now().Before(deadline) {
		select {
		case <-r.watch.changed:
		case <-time.After(20 * time.Millisecond):
		}
	}
	return &answer{EndedAt: time.Now().UnixNano()}, nil
}

// play hands in one agent's updates in order, each once the node holds what
// the agent saw.
func (r *replayer) play(ctx context.Context, a *agent) error {
	acks := r.watch.follow(a)
	seen := r.trace.Seen()
	counts := make([]int32, r.trace.NumAgents)
	ends := make([][]uint64, r.trace.NumAgents) // clock after each agent's nth transaction
	number := uint64(0)
	for i := range r.made {
		m := &r.made[i]
		if m.agent == a.index {
			for b, n := range seen[i] {
				if b != a.index && n > 0 {
					if err := r.watch.await(ctx, b, ends[b][n-1]); err != nil {
						return err
					}
				}
			}
			if m.update != nil {
				number++
				acks.sent(m.end)
				if err := a.session.Update(m.update); err != nil {
					return fmt.Errorf("transaction %d: %w", i, err)
				}
				if err := acks.room(ctx, number); err != nil {
					return err
				}
			}
		}
		counts[m.agent]++
		ends[m.agent] = append(ends[m.agent], m.end)
	}
	return acks.wait(ctx, number)
}

// finish closes the node, reopens its store and writes the text it holds.
func (r *replayer) finish() (*answer, error) {
	stats := r.node.Stats()
	hash, err := r.doc.StateHash()
	if err != nil {
		return nil, err
	}
	rep := &nodeReport{
		EntriesSent: stats.EntriesSent, EntriesVerified: stats.EntriesVerified,
		EntriesDecrypted: stats.EntriesDecrypted, EntriesInert: stats.EntriesInert,
		WireBytesOut: r.wire.GetBandwidthTotals().TotalOut, StateHash: fmt.Sprintf("%x", hash),
	}
	id := r.doc.ID()
	t := r.watch.stop()
	err = errors.Join(r.node.Close(), r.host.Close(), r.store.Close())
	r.node = nil
	if err != nil {
		return nil, err
	}
	if r.store, _, err = badgerstore.Open(badgerstore.Config{Dir: r.dir}); err != nil {
		return nil, err
	}
	defer r.store.Close()
	again, err := node.New(node.Config{Key: r.key, Store: r.store})
	if err != nil {
		return nil, err
	}
	defer again.Close()
	d, err := again.Document(id)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(r.dir, "text")
	if err := os.WriteFile(file, []byte(d.Text()), 0o600); err != nil {
		return nil, err
	}
	rep.StoreBytes = sizeOf(r.dir)
	return &answer{Node: rep, TextFile: file, Times: t}, nil
}

// sizeOf adds up the space the files below dir take.
func sizeOf(dir string) int64 {
	var n int64
	filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			if info, err := e.Info(); err == nil {
				n += info.Size()
			}
		}
		return nil
	})
	return n
}
