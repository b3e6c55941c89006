package packed

import (
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/sheafdocs/sheaf/crdt"
)

// TestVisibleCost shows a text of which a hundred times as much was written and
// deleted again. It costs what the text costs by itself.
func TestVisibleCost(t *testing.T) {
	const wanted = "what is left "
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	written := func(edits int) *Document {
		r := rand.New(rand.NewPCG(1, uint64(edits)))
		doc := crdt.NewDoc(crdt.Config{})
		text := doc.Text("text")
		change := func(f func(tx *crdt.Txn) error) {
			doc.SetClientID(crdt.ClientID(1 + r.IntN(5)))
			doc.Transact(nil, func(tx *crdt.Txn) { check(f(tx)) })
		}
		change(func(tx *crdt.Txn) error { return text.Insert(tx, 0, strings.Repeat(wanted, 20)) })
		for range edits {
			at := r.IntN(text.Len() + 1)
			change(func(tx *crdt.Txn) error { return text.Insert(tx, at, "not this") })
			change(func(tx *crdt.Txn) error { return text.Delete(tx, at, len("not this")) })
		}
		// Edits part the text into pieces, which would cost by themselves.
		change(func(tx *crdt.Txn) error { return text.Delete(tx, 0, text.Len()) })
		change(func(tx *crdt.Txn) error { return text.Insert(tx, 0, strings.Repeat(wanted, 1000)) })
		p, err := Open(Pack(doc))
		check(err)
		if p.IsPlain() {
			t.Fatal("packed as an update, without the visible part in front")
		}
		return p
	}
	cost := func(p *Document) uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		visible, err := p.Visible()
		check(err)
		runtime.ReadMemStats(&after)
		if got := visible.Text("text").String(); got != strings.Repeat(wanted, 1000) {
			t.Fatalf("%d bytes are visible", len(got))
		}
		return after.TotalAlloc - before.TotalAlloc
	}
	few, many := cost(written(50)), cost(written(5000))
	if many > few+few/10 {
		t.Errorf("the text of 5,000 edits takes %d bytes, that of 50 %d", many, few)
	}
}
