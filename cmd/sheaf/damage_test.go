//go:build !js

package main

import (
	"context"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sheafdocs/sheaf/node/api"
	"github.com/sheafdocs/sheaf/node/api/local"
	"github.com/sheafdocs/sheaf/node/store/storetest"
)

// export is what the node says the document's text is.
func (n *served) export(ctx context.Context, id string) (string, error) {
	var answer struct{ Content string }
	err := n.Call(ctx, "documents.export", map[string]string{"id": id, "format": "txt"}, &answer)
	return answer.Content, err
}

// awaitText waits until the node shows a text.
func (n *served) awaitText(t *testing.T, id, want string) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		got, err := n.export(t.Context(), id)
		if err == nil && got == want {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the node shows %d characters (%v), expected %d; it said: %s", len(got), err, len(want), n.stderr)
		}
		<-time.After(20 * time.Millisecond)
	}
}

// joinFrom makes the node a member of a document of another one. It waits until
// it is let in: a page that is open by then is told to begin anew.
func (n *served) joinFrom(t *testing.T, other *served, id string) {
	t.Helper()
	var share struct{ Link string }
	if err := other.Call(t.Context(), "documents.share", map[string]string{"id": id}, &share); err != nil {
		t.Fatal(err)
	}
	var d api.Document
	if err := n.Call(t.Context(), "documents.join", map[string]string{"link": share.Link}, &d); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(patience); d.State != "ready" || d.Waiting; <-time.After(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not let in: %q; it said: %s", d.Message, n.stderr)
		}
		var list struct{ Documents []api.Document }
		if err := n.Call(t.Context(), "documents.list", struct{}{}, &list); err != nil {
			t.Fatal(err)
		}
		for _, d = range list.Documents {
			if d.ID == id {
				break
			}
		}
	}
}

// flipBit changes one bit somewhere in the written part of a random file of a
// store whose name matches one of the patterns, and says where.
func flipBit(t *testing.T, r *rand.Rand, dir string, patterns ...string) string {
	t.Helper()
	type place struct {
		path string
		end  int64
	}
	var places []place
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		name := filepath.Base(path)
		if err != nil || d.IsDir() || name == "ballast" || name == "LOCK" || !matches(name, patterns) {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if end := len(strings.TrimRight(string(b), "\x00")); end > 0 {
			places = append(places, place{path, int64(end)})
		}
		return nil
	})
	if err != nil || len(places) == 0 {
		t.Fatalf("no file to damage: %v", err)
	}
	p := places[r.IntN(len(places))]
	at := r.Int64N(p.end)
	f, err := os.OpenFile(p.path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var b [1]byte
	if _, err := f.ReadAt(b[:], at); err != nil {
		t.Fatal(err)
	}
	b[0] ^= 1 << r.IntN(8)
	if _, err := f.WriteAt(b[:], at); err != nil {
		t.Fatal(err)
	}
	rel, _ := filepath.Rel(dir, p.path)
	return rel
}

func matches(name string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		ok, _ := filepath.Match(p, name)
		return ok
	})
}

// TestF35FlippedBitInAStoppedNode flips a bit in the store of a node that is
// stopped or was killed: alone it either has everything or tells that it has
// not; started beside a member it has everything again. Every other bit is one of
// a table or a log, where it has to be told.
func TestF35FlippedBitInAStoppedNode(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(storetest.Seed(t), 35))
	root := t.TempDir()
	keeper := serveIn(t, filepath.Join(root, "keeper"))
	id := keeper.create(t, "Damaged")
	y, err := openTypist(t.Context(), keeper, id)
	if err != nil {
		t.Fatal(err)
	}
	go y.listen(t.Context())
	whole := filepath.Join(root, "whole")
	victim := serveIn(t, whole)
	victim.joinFrom(t, keeper, id)
	for range 60 {
		if err := y.write(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	want := words(60)
	victim.awaitText(t, id, want)
	z, err := openTypist(t.Context(), victim, id)
	if err != nil {
		t.Fatal(err)
	}
	go z.listen(t.Context())
	for range 60 {
		if err := z.write(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	z.waitSaved(t, 120)
	want = words(120)
	keeper.awaitText(t, id, want)
	if r.IntN(2) == 0 {
		victim.stop(t)
	} else {
		victim.kill()
	}
	told := 0
	rounds := storetest.Rounds(6, 300)
	for round := range rounds {
		dir := filepath.Join(t.TempDir(), "damaged")
		if err := os.CopyFS(dir, os.DirFS(whole)); err != nil {
			t.Fatal(err)
		}
		for _, own := range []string{keyFileName, local.TokenFileName} {
			if err := os.Chmod(filepath.Join(dir, own), 0o600); err != nil && !errors.Is(err, fs.ErrNotExist) {
				t.Fatal(err)
			}
		}
		where := []string{"*.sst", "*.mem"}
		if round%2 == 1 {
			where = []string{"*"}
		}
		at := flipBit(t, r, filepath.Join(dir, storeDirName), where...)
		out, said, err := sheaf(t, "--dir", dir, "export", id)
		if said == "" && (err != nil || strings.TrimSuffix(out, "\n") != want) {
			t.Fatalf("a bit of %s flipped: export gave %d characters of %d, %v, and said nothing", at, len(out), len(want), err)
		}
		if said != "" {
			told++
			t.Logf("a bit of %s flipped: export gave %d characters of %d, %v: %s", at, len(out), len(want), err, strings.ReplaceAll(said, dir, "DIR"))
		}
		n := serveIn(t, dir)
		n.awaitText(t, id, want)
		n.stop(t)
	}
	t.Logf("%d flipped bits, %d told of", rounds, told)
	if told == 0 {
		t.Error("no flipped bit was told of")
	}
}
