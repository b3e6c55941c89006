//go:build !js

package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sheafdocs/sheaf/crdt"
	"github.com/sheafdocs/sheaf/node/access"
	"github.com/sheafdocs/sheaf/node/seal"
	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/wire"
)

// Canaries: what is written into a document and must not be found on the disk.
const (
	canaryTitle   = "CANARY-of-the-title"
	canaryText    = "CANARY-of-the-text"
	canaryDraft   = "CANARY-of-the-draft"
	canaryComment = "CANARY-of-the-comment"
	canaryQuote   = "CANARY-of-the-quote"
	canaryName    = "CANARY-of-the-name"
	canaryLabel   = "CANARY-of-the-label"
)

// TestCuriousReaderOfAStoreFindsNoCanary is the curious relay of replication.md
// §11, with more than a relay has: every file of a data directory but the key
// file. It finds no title, text, draft, comment, name, link secret or key,
// neither while the node runs nor after. What it finds, as promised, are the
// pseudonymous keys of devices.
func TestCuriousReaderOfAStoreFindsNoCanary(t *testing.T) {
	dir := t.TempDir()
	p, err := openParts(&env{dir: dir, stderr: io.Discard}, partsConfig{})
	if err != nil {
		t.Fatal(err)
	}
	closed := false
	defer func() {
		if !closed {
			_ = p.close()
		}
	}()
	ask := func(method string, in, out any) {
		t.Helper()
		if err := (direct{p.api}).Call(t.Context(), method, in, out); err != nil {
			t.Fatalf("%s: %v", method, err)
		}
	}
	var doc struct{ ID string }
	ask("profile.set", map[string]string{"name": canaryName}, nil)
	ask("documents.create", map[string]string{"title": canaryTitle}, &doc)
	ask("comments.add", map[string]any{"id": doc.ID, "anchor": map[string]string{"from": "AA==", "to": "AA=="}, "quote": canaryQuote, "text": canaryComment}, nil)
	var link struct{ Link string }
	ask("links.create", map[string]any{"id": doc.ID, "role": "editor", "label": canaryLabel}, &link)
	insert := func(s string) {
		t.Helper()
		id, err := wire.ParseDocID(doc.ID)
		if err != nil {
			t.Fatal(err)
		}
		d, err := p.node.Document(id)
		if err != nil {
			t.Fatal(err)
		}
		err = d.Edit(t.Context(), func(tx *crdt.Txn, doc *crdt.Doc) error { return doc.Text("text").Insert(tx, 0, s) })
		if err != nil {
			t.Fatal(err)
		}
	}
	insert(canaryText)
	id, err := wire.ParseDocID(doc.ID)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := access.ParseLink(link.Link)
	if err != nil {
		t.Fatal(err)
	}
	needles := map[string][]byte{
		"title": []byte(canaryTitle), "text": []byte(canaryText), "draft": []byte(canaryDraft),
		"comment": []byte(canaryComment), "quote": []byte(canaryQuote), "name": []byte(canaryName),
		"label": []byte(canaryLabel), "link secret": parsed.Secret[:],
		"link": []byte(base64.RawURLEncoding.EncodeToString(parsed.Secret[:])[:20]),
		"seed": p.key.Seed(),
	}
	for i, key := range epochKeys(t, p, id) {
		needles["epoch key "+string('0'+rune(i))] = key
	}
	local := p.key.LocalSecret("store")
	needles["key of local records"] = local[:]
	device := p.key.Device()
	needles["device (a control: it has to be found)"] = device[:]

	insert(canaryDraft) // not an entry yet
	scanFor(t, dir, "while the node runs", needles)
	closed = true
	if err := p.close(); err != nil {
		t.Fatal(err)
	}
	scanFor(t, dir, "when it is stopped", needles)
}

// epochKeys opens the keyring of a document as only the device can.
func epochKeys(t *testing.T, p *parts, doc wire.DocID) [][]byte {
	t.Helper()
	key := store.SecretKey(doc, "keys")
	sealed, err := p.store.Get(context.Background(), key)
	if err != nil {
		t.Fatal(err)
	}
	aad := append(append(key.Doc[:], byte(key.Kind)), key.Name...)
	plain, err := seal.NewLocal(p.key.LocalSecret("store")).Open(sealed, aad)
	if err != nil {
		t.Fatal(err)
	}
	var ring []struct {
		_     struct{} `cbor:",toarray"`
		Epoch wire.EpochID
		Key   []byte
	}
	if err := wire.Unmarshal(plain, &ring); err != nil || len(ring) == 0 {
		t.Fatalf("keyring of %d keys: %v", len(ring), err)
	}
	var keys [][]byte
	for _, k := range ring {
		keys = append(keys, k.Key)
	}
	return keys
}

// scanFor looks for needles in every file of a directory but the key file.
func scanFor(t *testing.T, dir, when string, needles map[string][]byte) {
	t.Helper()
	found := map[string]string{}
	var size int64
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || e.Name() == keyFileName {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		size += int64(len(b))
		for name, needle := range needles {
			quoted, _ := json.Marshal(string(needle))
			if bytes.Contains(b, needle) || bytes.Contains(b, quoted) {
				found[name] = path
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	control := 0
	for name, path := range found {
		if strings.Contains(name, "control") {
			control++
			continue
		}
		t.Errorf("%s, the %s is found in %s", when, name, path)
	}
	if control != 1 {
		t.Errorf("%s, not even the device is found in %d bytes: the scan does not look", when, size)
	}
}
