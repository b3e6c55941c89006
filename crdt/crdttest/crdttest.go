// Package crdttest helps to test what is built on crdt: an Editor that makes
// random edits from a seed, a Network that delivers updates late, twice, out
// of order or not at all, and CheckConverged, which compares replicas.
//
// It promises that a seed decides everything. It is a test kit, and leaves out
// comparing with Yjs: crdt/crdttest/oracle does that.
package crdttest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/sheafdocs/sheaf/crdt"
)

// CheckConverged fails the test unless all documents show the same, know the
// same, and wait for nothing.
func CheckConverged(t testing.TB, docs ...*crdt.Doc) {
	t.Helper()
	for i, d := range docs {
		if d.HasPending() {
			t.Errorf("document %d of %d still waits for edits it builds on", i, len(docs))
		}
		if err := difference(docs[0], d); err != nil {
			t.Errorf("document %d of %d differs from the first: %v", i, len(docs), err)
		}
	}
}

func difference(a, b *crdt.Doc) error {
	if as, bs := a.StateVector(), b.StateVector(); !maps.Equal(as, bs) {
		return fmt.Errorf("state vector is %v, not %v", bs, as)
	}
	aj, err := contents(a)
	if err != nil {
		return err
	}
	bj, err := contents(b)
	if err != nil {
		return err
	}
	if aj != bj {
		return fmt.Errorf("contents are\n%s\nnot\n%s", bj, aj)
	}
	ad, err := deletes(a)
	if err != nil {
		return err
	}
	bd, err := deletes(b)
	if err != nil {
		return err
	}
	if !slices.Equal(ad, bd) {
		return fmt.Errorf("deletions are %v, not %v", bd, ad)
	}
	return nil
}

// contents returns what a document shows as JSON with sorted keys: the order of
// keys is that of their first use at each replica.
func contents(d *crdt.Doc) (string, error) {
	text, err := d.JSON().MarshalJSON()
	if err != nil {
		return "", err
	}
	var v any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&v); err != nil {
		return "", fmt.Errorf("read contents: %w", err)
	}
	sorted, err := json.Marshal(v)
	return string(sorted), err
}

func deletes(d *crdt.Doc) ([]crdt.ClockRange, error) {
	info, err := crdt.Inspect(d.EncodeStateAsUpdate(nil))
	return info.Deletes, err
}
