package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/sheafdocs/sheaf/node/store"
	"github.com/sheafdocs/sheaf/node/wire"
)

func ExampleEntryKey() {
	var doc wire.DocID
	doc[0] = 0xd0
	k := store.EntryKey(doc, wire.ChainID{0xc0}, 7, wire.EntryID{0xe0})
	chain, seq, id, err := store.ParseEntryName(k.Name)
	fmt.Println(k.Kind, chain == wire.ChainID{0xc0}, seq, id == wire.EntryID{0xe0}, err)
	// Output: entry true 7 true <nil>
}

func TestKeyOrder(t *testing.T) {
	doc := func(b byte) (d wire.DocID) { d[31] = b; return d }
	ordered := []store.Key{
		store.LocalKey(wire.DocID{}, "a"),
		store.OpKey(doc(1), wire.OpID{}),
		store.EntryKey(doc(1), wire.ChainID{}, 255, wire.EntryID{9}),
		store.EntryKey(doc(1), wire.ChainID{}, 256, wire.EntryID{1}),
		store.EntryKey(doc(1), wire.ChainID{1}, 0, wire.EntryID{}),
		store.WrapKey(doc(1), wire.EpochID{}, wire.SealHash{}, wire.Device{}),
		store.RequestKey(doc(1), [32]byte{}),
		store.DraftKey(doc(1), "d"),
		store.ReceiptKey(doc(1), wire.ChainID{}, wire.Device{}),
		store.SecretKey(doc(1), "s"),
		store.LocalKey(doc(1), ""),
		store.LocalKey(doc(1), "l"),
		store.OpKey(doc(2), wire.OpID{}),
	}
	for i, k := range ordered {
		if err := k.Check(); err != nil {
			t.Errorf("%v: %v", k, err)
		}
		b := k.Append(nil)
		if back, err := store.ParseKey(b); err != nil || back != k {
			t.Errorf("%v: parsed as %v, %v", k, back, err)
		}
		if i > 0 && bytes.Compare(ordered[i-1].Append(nil), b) >= 0 {
			t.Errorf("%v does not come before %v", ordered[i-1], k)
		}
	}
}

func TestBatchCheck(t *testing.T) {
	k := store.LocalKey(wire.DocID{1}, "k")
	big := make([]byte, store.MaxValueBytes)
	for name, c := range map[string]struct {
		b  store.Batch
		ok bool
	}{
		"empty":         {store.Batch{}, true},
		"largest value": {store.Batch{Put: []store.Record{{Key: k, Value: big}}}, true},
		"too large":     {store.Batch{Put: []store.Record{{Key: k, Value: append(big, 0)}}}, false},
		"two large":     {store.Batch{Put: []store.Record{{Key: k, Value: big}, {Key: k, Value: big}}}, false},
		"no kind":       {store.Batch{Delete: []store.Key{{Name: "k"}}}, false},
	} {
		err := c.b.Check()
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
		var limit *store.LimitError
		if errors.As(err, &limit) && limit.Size <= limit.Limit {
			t.Errorf("%s: %d is within %d", name, limit.Size, limit.Limit)
		}
	}
}

func FuzzParseKey(f *testing.F) {
	f.Add(store.EntryKey(wire.DocID{1}, wire.ChainID{2}, 3, wire.EntryID{4}).Append(nil))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		k, err := store.ParseKey(b)
		if err != nil {
			return
		}
		if !bytes.Equal(k.Append(nil), b) || k.Check() != nil {
			t.Errorf("%x: %v", b, k)
		}
		_, _, _, _ = store.ParseEntryName(k.Name)
		_ = k.String()
	})
}
