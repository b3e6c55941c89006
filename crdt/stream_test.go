package crdt_test

import (
	"bytes"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/sheafdocs/sheaf/crdt"
)

// TestUpdatesStream checks that functions without a document read an update as a
// stream: they take memory for what they return, and next to none for what they
// read.
func TestUpdatesStream(t *testing.T) {
	d := crdt.NewDoc(crdt.Config{ClientID: 1})
	text, r := d.Text("t"), rand.New(rand.NewPCG(1, 1))
	for i := range 30_000 {
		d.SetClientID(crdt.ClientID(1 + i%3))
		d.Transact(nil, func(tx *crdt.Txn) { must(text.Insert(tx, r.IntN(text.Len()+1), "word ")) })
	}
	u, u2 := d.EncodeStateAsUpdate(nil), d.EncodeStateAsUpdateV2(nil)
	most := d.StateVector()
	most[1] -= 5
	for name, c := range map[string]struct {
		f    func() ([]byte, error)
		want []byte // if it is known
	}{
		"diff of little":    {func() ([]byte, error) { return crdt.DiffUpdate(u, most) }, nil},
		"diff of little V2": {func() ([]byte, error) { return crdt.DiffUpdateV2(u2, most) }, nil},
		"diff":              {func() ([]byte, error) { return crdt.DiffUpdate(u, nil) }, u},
		"merge":             {func() ([]byte, error) { return crdt.MergeUpdates(u, u, u) }, u},
		"merge V2":          {func() ([]byte, error) { return crdt.MergeUpdatesV2(u2, u2, u2) }, u2},
		"convert to V2":     {func() ([]byte, error) { return crdt.ConvertUpdateToV2(u) }, u2},
		"convert to V1":     {func() ([]byte, error) { return crdt.ConvertUpdateToV1(u2) }, u},
		"state":             {func() ([]byte, error) { return d.EncodeStateAsUpdate(nil), nil }, u},
		"state V2":          {func() ([]byte, error) { return d.EncodeStateAsUpdateV2(nil), nil }, u2},
		"compact":           {func() ([]byte, error) { return crdt.CompactUpdate(u) }, nil},
		"structure":         {func() ([]byte, error) { return crdt.StructureOnly(u, d.Keyed) }, nil},
		"obfuscate":         {func() ([]byte, error) { return crdt.ObfuscateUpdate(u, crdt.ObfuscateOptions{}) }, nil},
		"obfuscate V2":      {func() ([]byte, error) { return crdt.ObfuscateUpdateV2(u2, crdt.ObfuscateOptions{}) }, nil},
		"rename":            {func() ([]byte, error) { return crdt.RenameClient(u, 1, 9) }, nil},
		"text":              {func() ([]byte, error) { s, err := crdt.InsertedText(u, 1<<20); return []byte(s), err }, nil},
		"clocks":            {func() ([]byte, error) { _, to, err := crdt.UpdateMeta(u); return to.Encode(), err }, d.StateVector().Encode()},
		"clocks V2":         {func() ([]byte, error) { _, to, err := crdt.UpdateMetaV2(u2); return to.Encode(), err }, d.StateVector().Encode()},
		"state vector":      {func() ([]byte, error) { sv, err := crdt.StateVectorFromUpdate(u); return sv.Encode(), err }, d.StateVector().Encode()},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		out, err := c.f()
		runtime.ReadMemStats(&after)
		// The result is collected in chunks and put together once; only what is
		// shorter than a chunk grows by copying, in each column.
		times := 4
		switch name {
		case "obfuscate V2": // it also makes what stands for the content of each struct
			times = 6
		case "text": // grows by copying, and is copied once more here
			times = 8
		}
		if took := after.TotalAlloc - before.TotalAlloc; err != nil || took > uint64(times*len(out)+16<<10) {
			t.Errorf("%s: took %d bytes to return %d, of an update of %d: %v", name, took, len(out), len(u), err)
		}
		if c.want != nil && !bytes.Equal(out, c.want) {
			t.Errorf("%s: another update of %d bytes, want %d", name, len(out), len(c.want))
		}
	}
}

// TestUpdateEventsOfAnyLength: the encoder of a document's updates is used again,
// whatever it wrote before.
func TestUpdateEventsOfAnyLength(t *testing.T) {
	d, copied := crdt.NewDoc(crdt.Config{ClientID: 1}), crdt.NewDoc(crdt.Config{})
	text := d.Text("t")
	var longest int
	d.OnUpdate(func(e crdt.UpdateEvent) {
		longest = max(longest, len(e.Update))
		must(copied.ApplyUpdate(e.Update, nil))
	})
	for n := range 16 { // items in a transaction: 1, 2, 4, …
		d.Transact(nil, func(tx *crdt.Txn) {
			for i := range 1 << n {
				must(text.Insert(tx, (i*7919)%(text.Len()+1), "word"))
			}
		})
		d.Transact(nil, func(tx *crdt.Txn) { must(text.Delete(tx, 0, 1)) })
	}
	if longest < 500_000 {
		t.Errorf("the longest update has %d bytes", longest)
	}
	if !bytes.Equal(copied.EncodeStateAsUpdate(nil), d.EncodeStateAsUpdate(nil)) {
		t.Error("the copy differs")
	}
}
