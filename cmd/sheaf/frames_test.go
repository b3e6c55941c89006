//go:build !js

package main

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/crdt/yproto"
	"github.com/sheafdocs/sheaf/node/api"
	"github.com/sheafdocs/sheaf/node/store/storetest"
)

// TestMalformedFrames sends junk over an editor's connection: the node refuses
// it with words, keeps the document, and goes on serving a good editor.
func TestMalformedFrames(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(storetest.Seed(t), 1))
	n := serveIn(t, t.TempDir())
	id := n.create(t, "Frames")
	good, err := openTypist(t.Context(), n, id)
	if err != nil {
		t.Fatal(err)
	}
	go good.listen(t.Context())
	other := crdt.NewDoc(crdt.Config{ClientID: 7})
	other.Transact(nil, func(tx *crdt.Txn) { err = other.Text("text").Insert(tx, 0, "of a stranger") })
	if err != nil {
		t.Fatal(err)
	}
	valid := yproto.AppendUpdate(nil, other.EncodeStateAsUpdate(nil))
	frames := [][]byte{
		nil, {0}, {0, 2}, {0, 0, 1, 0xff}, {99}, {1, 5, 1, 2, 3}, {0, 2, 0xff, 0xff, 0xff, 0xff, 0x0f},
		valid, valid[:len(valid)-3], make([]byte, 1<<20),
	}
	for range 30 {
		junk := append([]byte(nil), valid...)
		junk[r.IntN(len(junk))] ^= 1 << r.IntN(8)
		frames = append(frames, junk)
	}
	said := map[string]int{}
	for i, f := range frames {
		message := sendOne(t, n, id, f)
		said[message]++
		if err := good.write(t.Context()); err != nil {
			t.Fatalf("after frame %d: %v", i, err)
		}
	}
	good.waitSaved(t, len(frames))
	n.awaitText(t, id, words(len(frames)))
	for message, times := range said {
		if strings.HasPrefix(message, "closed") {
			t.Errorf("%d editors were not told why they were left", times)
		}
		t.Logf("%d × %s", times, message)
	}
	// What is no lease, or no connection of an editor at all.
	for _, first := range []string{"", "{", `{"type":"lease"`, `[]`, `{"type":"update"}`} {
		conn, err := n.Edit(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if err := conn.Write(t.Context(), api.Text, []byte(first)); err != nil {
			t.Fatal(err)
		}
		_, answer, err := conn.Read(t.Context())
		t.Logf("lease %q: %s %v", first, answer, err)
		if err == nil {
			_, _, err = conn.Read(t.Context())
		}
		if err == nil {
			t.Errorf("lease %q was served", first)
		}
	}
	n.stop(t)
	if n.stderr.String() != "" {
		t.Errorf("the node said: %s", n.stderr)
	}
}

// sendOne sends a frame in a session of its own and returns what the node
// answered to it, "taken" if nothing.
func sendOne(t *testing.T, n *served, id string, frame []byte) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	y, err := openTypist(ctx, n, id)
	if err != nil {
		t.Fatal(err)
	}
	if err := y.conn.Write(ctx, api.Binary, frame); err != nil {
		return "closed: " + err.Error()
	}
	quiet, stop := context.WithTimeout(ctx, 300*time.Millisecond)
	defer stop()
	for {
		kind, raw, err := y.conn.Read(quiet)
		if err != nil {
			if quiet.Err() != nil && ctx.Err() == nil {
				return "taken"
			}
			return "closed: " + err.Error()
		}
		var m struct{ Type, Code, Message string }
		if kind == api.Text && json.Unmarshal(raw, &m) == nil && m.Type == "error" {
			_ = y.conn.Close(1000, "")
			return m.Code + ": " + m.Message
		}
	}
}
