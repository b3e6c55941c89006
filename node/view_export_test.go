package node

import (
	"crypto/sha256"
	"slices"
	"time"

	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/wire"
)

// StoreView has a document's view stored and the document rest, as they would be
// after a while without edits. It says whether the document rests.
func StoreView(d *Document) bool {
	for range 2 { // once to store it, once to rest
		d.mu.Lock()
		d.merged.used = time.Time{}
		d.mu.Unlock()
		d.storeView()
	}
	return Resting(d)
}

// CutView returns the records of a document's view as they would be stored, were
// its pieces so small that there are n: the first says which entries it stands
// for, the others share the packed document.
func CutView(d *Document, n int) ([]store.Record, error) {
	d.mu.Lock()
	d.live()
	made, err := d.takeView()
	d.mu.Unlock()
	if err != nil {
		return nil, err
	}
	whole, err := made.encode()
	if err != nil {
		return nil, err
	}
	var rec viewRecord
	if err := wire.Unmarshal(whole, &rec); err != nil {
		return nil, err
	}
	body, err := wire.Marshal(rec.Packed)
	if err != nil {
		return nil, err
	}
	pieces := [][]byte{whole[:len(whole)-len(body)]}
	pieces = slices.AppendSeq(pieces, slices.Chunk(body, len(body)/max(1, n-1)+1))
	if n == 1 {
		pieces = [][]byte{whole}
	}
	var records []store.Record
	for i, piece := range pieces {
		r, err := d.sealViewPart(i, sha256.Sum256(whole), piece)
		if err != nil {
			return nil, err
		}
		records = append(records, r)
	}
	return records, nil
}

// Resting says whether a document is packed.
func Resting(d *Document) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.merged.doc == nil
}
