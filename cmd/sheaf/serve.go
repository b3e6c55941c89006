//go:build !js

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	ma "github.com/multiformats/go-multiaddr"

	"github.com/sheafdocs/sheaf/node/api"
	"github.com/sheafdocs/sheaf/node/api/local"
	"github.com/sheafdocs/sheaf/wasm/web"
)

// serveFlags are the flags of "sheaf" and "sheaf serve".
type serveFlags struct {
	listen    string
	p2p       listFlag
	noMDNS    bool
	name      string
	noBrowser bool
	unlock    string // file with the passphrase
	metrics   string
	logLevel  slog.Level
}

func (f *serveFlags) declare(fs *flag.FlagSet) {
	fs.StringVar(&f.listen, "listen", "", "loopback `address` of the page and the API (default the one used last, or 127.0.0.1:7460)")
	fs.Var(&f.p2p, "p2p", "`multiaddress` to listen on for other nodes; may be repeated (default every network, the port used last)")
	fs.BoolVar(&f.noMDNS, "no-mdns", false, "neither announce this node on the local network nor look for others there")
	fs.StringVar(&f.name, "name", "", "your `name` as others see it (default the one set in the page)")
	fs.BoolVar(&f.noBrowser, "no-browser", false, "do not open the browser")
	fs.StringVar(&f.unlock, "passphrase-file", "", "unlock the device key with the passphrase in this `file`")
	fs.StringVar(&f.metrics, "metrics", "", "serve Prometheus metrics on this loopback `address`, like 127.0.0.1:9460 (default not at all)")
	fs.TextVar(&f.logLevel, "log-level", slog.LevelWarn, "what goes to the log on standard error; a `level`: debug, info, warn or error")
}

// A listFlag collects the values of a flag that may be repeated.
type listFlag []string

func (l *listFlag) String() string { return strings.Join(*l, ",") }

func (l *listFlag) Set(s string) error {
	for _, a := range strings.Split(s, ",") {
		if _, err := ma.NewMultiaddr(a); err != nil {
			return fmt.Errorf("%q is not a multiaddress like /ip4/0.0.0.0/udp/4001/quic-v1", a)
		}
		*l = append(*l, a)
	}
	return nil
}

const serveLong = `Runs the node of this directory until it is interrupted: it keeps the documents,
shares them with other members, and serves the page on a loopback address.`

var serveCommand = &command{
	name: "serve", short: "start the node", long: serveLong + `
Prints the link that opens the page, once. The browser is not opened.`,
	setup: func(fs *flag.FlagSet) func(context.Context, *env, []string) error {
		f := &serveFlags{}
		f.declare(fs)
		return func(ctx context.Context, e *env, args []string) error {
			if len(args) > 0 {
				return usagef("serve takes no arguments")
			}
			f.noBrowser = true
			return serve(ctx, e, f)
		}
	},
}

// openCommand is what "sheaf" does without a command.
var openCommand = &command{
	short: "start the node and open its page", long: serveLong + `
Opens the page in the browser. If the node runs already, only that.`,
	setup: func(fs *flag.FlagSet) func(context.Context, *env, []string) error {
		f := &serveFlags{}
		f.declare(fs)
		return func(ctx context.Context, e *env, args []string) error {
			if len(args) > 0 {
				return usagef("unexpected %q", args[0])
			}
			c, err := connect(ctx, e)
			if errors.Is(err, errNeedsNode) {
				return serve(ctx, e, f)
			}
			if err != nil {
				return err
			}
			link, err := c.OpenLink(ctx)
			if err != nil {
				return err
			}
			fmt.Fprintf(e.stdout, "Sheaf is running at %s (process %d).\n", c.Address(), c.PID())
			show(e, link, f.noBrowser)
			return nil
		}
	},
}

// serve runs a node until ctx ends.
func serve(ctx context.Context, e *env, f *serveFlags) (err error) {
	if c, err := connect(ctx, e); err == nil {
		return &runningError{e.dir, c.Address(), c.PID()}
	} else if !errors.Is(err, errNeedsNode) {
		return err
	}
	if err := makeDir(e.dir); err != nil {
		return err
	}
	last := readPorts(e.dir)
	ln, err := listenPage(f.listen, last.Page)
	if err != nil {
		return err
	}
	defer ln.Close()
	logger := slog.New(slog.NewTextHandler(e.stderr, &slog.HandlerOptions{Level: f.logLevel}))
	delay, err := testSyncDelay(e)
	if err != nil {
		return err
	}
	addrs, p2pPort := p2pListen(f.p2p, last.P2P)
	origin := "http://" + ln.Addr().String()
	v := &vault{env: e, cfg: partsConfig{
		network: true, listen: addrs, mdns: !f.noMDNS, name: f.name,
		origin: func() string { return origin }, logger: logger, syncDelay: delay,
	}}
	open, err := v.start(f.unlock)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, v.Close()) }()
	secret, err := v.cookieSecret()
	if err != nil {
		return err
	}
	backend := api.NewLockable(v, open, nil)
	stopMetrics, err := startMetrics(f.metrics, backend, v)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stopMetrics()) }()
	page, err := builtPage(e)
	if err != nil {
		return err
	}
	server, err := local.New(local.Config{
		Backend: backend, Page: page, Secret: secret, Logger: logger,
	}, ln)
	if err != nil {
		return err
	}
	if err := (ports{Page: uint16(ln.Addr().(*net.TCPAddr).Port), P2P: p2pPort}).write(e.dir); err != nil {
		logger.Warn("ports are not remembered", "err", err)
	}
	token := local.TokenFile{Address: server.Address(), Token: server.Token(), PID: os.Getpid()}
	if err := token.Write(e.dir); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, local.RemoveTokenFile(e.dir, token)) }()
	link, err := server.OpenLink()
	if err != nil {
		return err
	}
	fmt.Fprintf(e.stdout, "Sheaf is running at %s. Data: %s\n", server.Address(), e.dir)
	if open == nil {
		fmt.Fprintf(e.stdout, "It is locked: unlock it in the page, or with \"sheaf unlock\".\n")
	}
	show(e, link, f.noBrowser)
	return server.Serve(ctx, ln)
}

// builtPage is the page, if the program was built with it.
func builtPage(e *env) (*web.Handler, error) {
	page, err := web.New(web.Config{})
	if err == nil && !page.Built() {
		fmt.Fprintf(e.stderr, "This program was built without the page. The commands work; for the page, build it with \"make\".\n")
	}
	return page, err
}

// listenPage listens where asked to, else where the page was last, else on
// the usual port, else on a free one.
func listenPage(asked string, last uint16) (net.Listener, error) {
	if asked != "" {
		return local.Listen(asked)
	}
	if last == 0 {
		last = defaultPagePort
	}
	ln, err := local.Listen(net.JoinHostPort("127.0.0.1", strconv.Itoa(int(last))))
	if err != nil {
		return local.Listen("127.0.0.1:0")
	}
	return ln, nil
}

// p2pListen returns the multiaddresses for other nodes: those asked for, or
// every network on the port used last. The port is 0 where the user chose.
func p2pListen(asked []string, last uint16) (addrs []string, port uint16) {
	if len(asked) > 0 {
		return asked, 0
	}
	port = last
	if port == 0 || !portFree(port) {
		if port = freePort(); port == 0 {
			return nil, 0 // the host takes any
		}
	}
	n := strconv.Itoa(int(port))
	for _, ip := range []string{"/ip4/0.0.0.0", "/ip6/::"} {
		addrs = append(addrs, ip+"/udp/"+n+"/quic-v1", ip+"/tcp/"+n, ip+"/tcp/0/ws")
	}
	return addrs, port
}

// freePort finds a port that is free for TCP and UDP alike, or 0.
func freePort() uint16 {
	for range 20 {
		ln, err := net.Listen("tcp", ":0")
		if err != nil {
			return 0
		}
		port := uint16(ln.Addr().(*net.TCPAddr).Port)
		_ = ln.Close()
		if portFree(port) {
			return port
		}
	}
	return 0
}

// portFree reports whether both TCP and UDP can be bound on every network.
func portFree(port uint16) bool {
	address := ":" + strconv.Itoa(int(port))
	t, err := net.Listen("tcp", address)
	if err != nil {
		return false
	}
	defer t.Close()
	u, err := net.ListenPacket("udp", address)
	if err != nil {
		return false
	}
	_ = u.Close()
	return true
}

// testSyncDelay reads the hook that lets a test see that nothing counts as
// saved before its flush.
func testSyncDelay(e *env) (time.Duration, error) {
	s := e.getenv("SHEAF_TEST_SYNC_DELAY")
	if s == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		return 0, fmt.Errorf("read SHEAF_TEST_SYNC_DELAY: %w", err)
	}
	return d, nil
}
