//go:build !js

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/sheafdocs/sheaf/node"
	"github.com/sheafdocs/sheaf/node/api"
	"github.com/sheafdocs/sheaf/node/backup"
	"github.com/sheafdocs/sheaf/node/discovery"
	"github.com/sheafdocs/sheaf/node/identity"
	"github.com/sheafdocs/sheaf/node/store/badgerstore"
	"github.com/sheafdocs/sheaf/node/store/memstore"
	"github.com/sheafdocs/sheaf/node/transport"
	"github.com/sheafdocs/sheaf/node/wire"
)

// partsConfig says how the parts of a node are put together.
type partsConfig struct {
	key     *identity.Key // nil: the directory's, whose passphrase is asked for if it has one
	network bool          // with a libp2p host
	listen  []string      // its multiaddresses; nil: any
	mdns    bool          // look for others on the local network
	name    string        // shown to others
	origin  func() string
	logger  *slog.Logger
	// registry receives the metrics; nil: none.
	registry *prometheus.Registry
	// syncDelay makes every flush of the store wait; for tests.
	syncDelay time.Duration
}

// parts is a node with all it stands on, in the order in which they are made.
type parts struct {
	key   *identity.Key
	store *badgerstore.Store
	host  host.Host // nil without a network
	node  *node.Node
	api   *api.Server
}

// openParts opens key and store of the directory and starts a node on them.
func openParts(e *env, cfg partsConfig) (p *parts, err error) {
	if cfg.logger == nil {
		cfg.logger = slog.New(slog.DiscardHandler)
	}
	made := &parts{}
	defer func() {
		if err != nil {
			err = errors.Join(err, made.close())
		}
	}()
	if err := makeDir(e.dir); err != nil {
		return nil, err
	}
	if made.key = cfg.key; made.key == nil {
		if made.key, err = openKey(e); err != nil {
			return nil, err
		}
	}
	var report badgerstore.Report
	made.store, report, err = badgerstore.Open(badgerstore.Config{
		Dir: filepath.Join(e.dir, storeDirName), Logger: cfg.logger, SyncDelay: cfg.syncDelay,
	})
	if err != nil {
		return nil, err
	}
	if !report.Clean() {
		fmt.Fprintf(e.stderr, "%s What other devices hold is fetched from them when they are reached.\n", report)
	}
	nodeConfig := node.Config{Key: made.key, Store: made.store, Name: cfg.name, Logger: cfg.logger, Lost: lost(report)}
	if cfg.registry != nil {
		nodeConfig.Registry = cfg.registry
	}
	if cfg.network {
		if err := made.addNetwork(&nodeConfig, cfg); err != nil {
			return nil, err
		}
	}
	if made.node, err = node.New(nodeConfig); err != nil {
		return nil, err
	}
	saved := func(ctx context.Context, passphrase string, w io.Writer) error {
		_, err := backup.Write(ctx, w, passphrase, backup.Config{Key: made.key, Store: made.store, Now: time.Now()})
		return err
	}
	made.api = api.New(api.Config{Backup: saved, Node: made.node, Store: health{made.store}, Origin: cfg.origin, Version: version()})
	return made, nil
}

// addNetwork starts the libp2p host and tells the node of it.
func (p *parts) addNetwork(nc *node.Config, cfg partsConfig) (err error) {
	nc.Gate = &transport.Gate{}
	hc := transport.Config{Key: p.key, Listen: cfg.listen, Gate: nc.Gate, Logger: cfg.logger}
	if cfg.registry != nil {
		hc.Registry = cfg.registry
	}
	p.host, err = transport.NewHost(hc)
	if err != nil {
		return err
	}
	nc.Host = p.host
	nc.Acting = func(key *identity.Key) (node.Acting, error) { return actAs(key, cfg) }
	if !cfg.mdns {
		nc.LocalDiscovery = discovery.Off
	}
	return nil
}

// actAs makes what a second node stands on while it acts as the paper key.
func actAs(key *identity.Key, cfg partsConfig) (node.Acting, error) {
	var listen []string
	if len(cfg.listen) > 0 && strings.Contains(cfg.listen[0], "/127.0.0.1/") {
		listen = []string{"/ip4/127.0.0.1/udp/0/quic-v1", "/ip4/127.0.0.1/tcp/0"}
	}
	h, err := transport.NewHost(transport.Config{Key: key, Listen: listen, Logger: cfg.logger})
	if err != nil {
		return node.Acting{}, err
	}
	st := memstore.New()
	return node.Acting{Host: h, Store: st, Close: func() error { return errors.Join(h.Close(), st.Close()) }}, nil
}

// close ends everything, in the opposite order. What a session had handed in
// is stored first.
func (p *parts) close() error {
	var errs []error
	if p.node != nil {
		errs = append(errs, p.node.Close())
	}
	if p.host != nil {
		errs = append(errs, p.host.Close())
	}
	if p.store != nil {
		errs = append(errs, p.store.Close())
	}
	if p.key != nil {
		p.key.Erase()
	}
	return errors.Join(errs...)
}

// lost lists the documents that the store knows it held and can no longer
// read whole.
func lost(r badgerstore.Report) []wire.DocID {
	var docs []wire.DocID
	for _, d := range r.Documents() {
		if !d.IsZero() { // zero: the node's own records, which it makes anew
			docs = append(docs, d)
		}
	}
	return docs
}

// health tells the API how the store does.
type health struct{ store *badgerstore.Store }

func (h health) Health() (state, message string) {
	now := h.store.Health()
	return now.State.String(), now.Message
}

// version is the module's, as the build recorded it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "development"
	}
	return info.Main.Version
}
