package node

import "time"

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

// Resting says whether a document is packed.
func Resting(d *Document) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.merged.doc == nil
}
