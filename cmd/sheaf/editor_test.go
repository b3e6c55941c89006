//go:build !js

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/crdt/yproto"
	"github.com/sheafdocs/sheaf/node/api"
	"github.com/sheafdocs/sheaf/node/api/local"
)

// patience is how long a test waits for something that should come at once.
const patience = 30 * time.Second

// A served is a node in a process of its own, as a user starts it.
type served struct {
	*local.Client
	cmd    *exec.Cmd
	dir    string
	stderr *lockedBuffer
}

// serveIn starts "sheaf serve" on a directory and waits until it answers. It is
// killed at the end of the test, if it still runs.
func serveIn(t *testing.T, dir string, env ...string) *served {
	t.Helper()
	n := &served{dir: dir, stderr: &lockedBuffer{}}
	n.cmd = exec.Command("sheaf", "--dir", dir, "serve", "--listen", "127.0.0.1:0", "--no-mdns", "--p2p", "/ip4/127.0.0.1/udp/0/quic-v1")
	n.cmd.Env = append(n.cmd.Environ(), env...)
	n.cmd.Stderr = n.stderr
	if err := n.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		n.kill()
		if t.Failed() {
			t.Logf("the node on %s said:\n%s", dir, n.stderr)
		}
	})
	deadline := time.Now().Add(patience)
	for {
		c, err := local.Dial(t.Context(), dir)
		if err == nil && c.PID() == n.cmd.Process.Pid {
			n.Client = c
			return n
		}
		if time.Now().After(deadline) {
			t.Fatalf("no node on %s: %v\n%s", dir, err, n.stderr)
		}
		<-time.After(20 * time.Millisecond)
	}
}

// kill takes the process away from one moment to the next.
func (n *served) kill() {
	if n.cmd.ProcessState == nil {
		_ = n.cmd.Process.Kill()
		_ = n.cmd.Wait() // "signal: killed"
	}
}

// stop asks it to end, as Ctrl+C does, and waits.
func (n *served) stop(t *testing.T) {
	t.Helper()
	if err := n.cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := n.cmd.Wait(); err != nil {
		t.Fatalf("stop node: %v\n%s", err, n.stderr)
	}
}

func (n *served) create(t *testing.T, title string) string {
	t.Helper()
	var d api.Document
	if err := n.Call(t.Context(), "documents.create", map[string]string{"title": title}, &d); err != nil {
		t.Fatal(err)
	}
	return d.ID
}

// sheaf runs a command and returns what it printed.
func sheaf(t *testing.T, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(ctx, "sheaf", args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	return out.String(), errs.String(), err
}

// A typist is an editor on one document that appends numbered words, an update
// each, and knows how many the node has acknowledged.
type typist struct {
	doc  *crdt.Doc
	text *crdt.Text
	conn *local.Conn

	mu    sync.Mutex
	sent  int
	acked int
	told  []string // codes of errors
	first int      // number of the first word of this session
}

func word(n int) string { return fmt.Sprintf("word-%06d ", n) }

// words are the first n.
func words(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(word(i))
	}
	return b.String()
}

// openTypist leases a session and loads the document.
func openTypist(ctx context.Context, n *served, id string) (*typist, error) {
	conn, err := n.Edit(ctx, id)
	if err != nil {
		return nil, err
	}
	y := &typist{conn: conn}
	if err := conn.Write(ctx, api.Text, []byte(`{"type":"lease","session":""}`)); err != nil {
		return nil, err
	}
	_, raw, err := conn.Read(ctx)
	if err != nil {
		return nil, err
	}
	var leased struct{ Type, Client, Message string }
	if err := json.Unmarshal(raw, &leased); err != nil || leased.Type != "leased" {
		return nil, fmt.Errorf("no lease: %s: %w", raw, err)
	}
	client, err := strconv.ParseUint(leased.Client, 10, 64)
	if err != nil {
		return nil, err
	}
	y.doc = crdt.NewDoc(crdt.Config{})
	y.text = y.doc.Text("text")
	if err := y.load(ctx); err != nil {
		return nil, err
	}
	y.doc.SetClientID(crdt.ClientID(client))
	y.first = y.text.Len() / len(word(0))
	return y, nil
}

// load asks for the document and waits for it.
func (y *typist) load(ctx context.Context) error {
	if err := y.conn.Write(ctx, api.Binary, yproto.AppendSyncStep1(nil, crdt.StateVector{}.Encode())); err != nil {
		return err
	}
	for {
		kind, raw, err := y.conn.Read(ctx)
		if err != nil {
			return err
		}
		if kind == api.Text {
			continue
		}
		m, err := yproto.Decode(raw)
		if err != nil {
			return err
		}
		if m.Kind == yproto.SyncStep2 {
			return y.doc.ApplyUpdate(m.Body, nil)
		}
	}
}

// listen counts acknowledgements until the connection ends.
func (y *typist) listen(ctx context.Context) {
	for {
		kind, raw, err := y.conn.Read(ctx)
		if err != nil {
			return
		}
		var m struct {
			Type, Code string
			Through    int
		}
		if kind != api.Text || json.Unmarshal(raw, &m) != nil {
			continue
		}
		y.mu.Lock()
		switch m.Type {
		case "ack":
			y.acked = m.Through
		case "error":
			y.told = append(y.told, m.Code)
		}
		y.mu.Unlock()
	}
}

// write appends one word and sends it.
func (y *typist) write(ctx context.Context) error {
	var update []byte
	cancel := y.doc.OnUpdate(func(e crdt.UpdateEvent) { update = e.Update })
	defer cancel()
	var err error
	y.doc.Transact(nil, func(tx *crdt.Txn) { err = y.text.Insert(tx, y.text.Len(), word(y.first+y.sent)) })
	if err != nil {
		return err
	}
	y.sent++
	return y.conn.Write(ctx, api.Binary, yproto.AppendUpdate(nil, update))
}

// typeOn writes words until ctx ends or the node is gone.
func (y *typist) typeOn(ctx context.Context, pause func() time.Duration) {
	for ctx.Err() == nil && y.write(ctx) == nil {
		select {
		case <-ctx.Done():
		case <-time.After(pause()):
		}
	}
}

// saved is how many words of the document were acknowledged.
func (y *typist) saved() int {
	y.mu.Lock()
	defer y.mu.Unlock()
	return y.first + y.acked
}

// waitSaved waits until at least n words are.
func (y *typist) waitSaved(t *testing.T, n int) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for y.saved() < n {
		if time.Now().After(deadline) {
			t.Fatalf("%d words were acknowledged, %d expected", y.saved(), n)
		}
		<-time.After(time.Millisecond)
	}
}

// checkExport compares what "sheaf export" prints on a directory without a
// node with the words that were acknowledged.
func checkExport(t *testing.T, dir, id string, saved int) {
	t.Helper()
	out, errs, err := sheaf(t, "--dir", dir, "export", id)
	if err != nil {
		t.Fatalf("export: %v: %s", err, errs)
	}
	if errs != "" {
		t.Errorf("export said: %s", errs)
	}
	out = strings.TrimSuffix(out, "\n")
	if n := len(out) / len(word(0)); out != words(n) {
		t.Fatalf("%d words came back, and they are not those written: %q", n, out)
	} else if n < saved {
		t.Fatalf("%d words were acknowledged, %d came back", saved, n)
	}
}

// A lockedBuffer is written by a process while the test reads it.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
