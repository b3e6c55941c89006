package crdt

import (
	"bytes"
	"errors"
	"testing"
)

// fuzzUpdatesV2 are fuzzUpdates in format 2.
func fuzzUpdatesV2() [][]byte {
	var out [][]byte
	for _, u := range fuzzUpdates() {
		v2, err := ConvertUpdateToV2(u)
		if err != nil {
			panic(err)
		}
		out = append(out, v2)
	}
	return out
}

func FuzzApplyUpdateV2(f *testing.F) {
	updates := fuzzUpdatesV2()
	for i, u := range updates {
		f.Add(u, byte(i))
	}
	f.Fuzz(func(t *testing.T, update []byte, known byte) {
		d := NewDoc(Config{ClientID: 99, DisableGC: known&0x80 != 0})
		for i, u := range updates[:len(updates)-1] {
			if known>>(i%7)&1 != 0 {
				if err := d.ApplyUpdateV2(u, nil); err != nil {
					t.Fatal(err)
				}
			}
		}
		d.Text("text")
		d.Array("array")
		d.XMLFragment("xml")
		before := d.EncodeStateAsUpdateV2(nil)
		if err := d.ApplyUpdateV2(update, nil); err != nil {
			if !errors.Is(err, ErrMalformed) {
				t.Fatal(err)
			}
			if !bytes.Equal(before, d.EncodeStateAsUpdateV2(nil)) {
				t.Fatal("a malformed update changed the document")
			}
			return
		}
		d.check(t)
		useEverything(t, d)
		state := d.EncodeStateAsUpdateV2(nil)
		again := NewDoc(Config{})
		if err := again.ApplyUpdateV2(state, nil); err != nil {
			t.Fatalf("own state %x: %v", state, err)
		}
		again.check(t)
	})
}

// FuzzFormat2 takes an update through everything that needs no document.
func FuzzFormat2(f *testing.F) {
	updates := fuzzUpdatesV2()
	for i := range updates {
		f.Add(updates[i], updates[(i+1)%len(updates)], uint64(7), uint64(3))
	}
	f.Fuzz(func(t *testing.T, a, b []byte, client, clock uint64) {
		_, err := InspectV2(a)
		_, svErr := StateVectorFromUpdateV2(a)
		_, _, metaErr := UpdateMetaV2(a)
		_, diffErr := DiffUpdateV2(a, StateVector{ClientID(client): clock})
		_, obfuscateErr := ObfuscateUpdateV2(a, ObfuscateOptions{KeepFormats: client&1 != 0})
		v1, convertErr := ConvertUpdateToV1(a)
		for _, e := range []error{svErr, metaErr, diffErr, obfuscateErr, convertErr} {
			if (e == nil) != (err == nil) || err != nil && !errors.Is(e, ErrMalformed) {
				t.Fatalf("%v, but %v", e, err)
			}
		}
		if merged, err := MergeUpdatesV2(a, b); err == nil {
			if _, err := InspectV2(merged); err != nil {
				t.Fatalf("%x and %x merged to %x: %v", a, b, merged, err)
			}
		}
		if err != nil {
			return
		}
		// What was written once comes back the same. The first time, ranges of a
		// delete set may be put into order, and sections of one client together,
		// which then may be malformed.
		v2, err := ConvertUpdateToV2(v1)
		if err != nil {
			return
		}
		v1, err = ConvertUpdateToV1(v2)
		if err != nil {
			t.Fatalf("%x as %x: %v", a, v2, err)
		}
		again, err := ConvertUpdateToV2(v1)
		if err != nil || !bytes.Equal(again, v2) {
			t.Fatalf("%x became %x and then %x, %v", a, v2, again, err)
		}
	})
}
