//go:build !js

package badgerstore

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/wire"
)

var update = flag.Bool("update", false, "write the test vectors anew")

const vectorsPath = "../../../docs/formats/vectors/store.json"

type recordVector struct {
	Name   string `json:"name"`
	Doc    string `json:"doc"`
	Kind   uint8  `json:"kind"`
	Key    string `json:"name_bytes"`
	Value  string `json:"value"`
	Badger string `json:"badger_key"`
	Stored string `json:"badger_value"`
}

type noteVector struct {
	Name string `json:"name"`
	Seq  uint64 `json:"seq"`
	// The shelf holds the records above of this document and kind.
	Doc     string `json:"doc"`
	Kind    uint8  `json:"kind"`
	Ring    string `json:"ring_key"`
	Note    string `json:"note"`
	Journal string `json:"in_tally"`
}

type vectors struct {
	Records []recordVector `json:"records"`
	Notes   []noteVector   `json:"notes"`
}

func makeVectors() vectors {
	doc := wire.DocID{}
	for i := range doc {
		doc[i] = byte(i)
	}
	var v vectors
	var t tally
	id := shelfID{doc, store.KindEntry}
	for _, r := range []struct {
		name  string
		key   store.Key
		value []byte
	}{
		{"an entry", store.EntryKey(doc, wire.ChainID{0xc0}, 0, wire.EntryID{0xe0}), []byte("first")},
		{"the next entry", store.EntryKey(doc, wire.ChainID{0xc0}, 1, wire.EntryID{0xe1}), []byte("second")},
		{"an empty value of the node's own", store.LocalKey(wire.DocID{}, "profile"), nil},
	} {
		key := recordKey(r.key)
		if shelfOf(r.key) == id {
			t = t.with(hashRecord(key, r.value))
		}
		v.Records = append(v.Records, recordVector{
			Name: r.name, Doc: hex.EncodeToString(r.key.Doc[:]), Kind: uint8(r.key.Kind),
			Key: hex.EncodeToString([]byte(r.key.Name)), Value: hex.EncodeToString(r.value),
			Badger: hex.EncodeToString(key), Stored: hex.EncodeToString(sealValue(key, r.value)),
		})
	}
	n := groupNote{seq: 100, shelfs: map[shelfID]tally{id: t}}
	v.Notes = append(v.Notes, noteVector{
		Name: "after both entries", Seq: n.seq, Doc: hex.EncodeToString(doc[:]), Kind: uint8(id.kind),
		Ring: hex.EncodeToString(ringKey(n.seq)), Note: hex.EncodeToString(n.encode()),
		Journal: hex.EncodeToString(appendNote(nil, n)),
	})
	return v
}

// TestVectors checks that what is written is what docs/formats/store.md says.
func TestVectors(t *testing.T) {
	got, err := json.MarshalIndent(makeVectors(), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	if *update {
		if err := os.WriteFile(vectorsPath, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(vectorsPath)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("differs from %s:\n%s", vectorsPath, got)
	}
}
