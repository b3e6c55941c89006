package crdt

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"testing"
)

// fuzzUpdates are updates of every kind of content, to start fuzzing from.
func fuzzUpdates() [][]byte {
	var out [][]byte
	d := NewDoc(Config{ClientID: 7})
	d.OnUpdate(func(u UpdateEvent) { out = append(out, u.Update) })
	edit := func(f func(tx *Txn) error) {
		d.Transact(nil, func(tx *Txn) {
			if err := f(tx); err != nil {
				panic(err)
			}
		})
	}
	text, array, fields, xml := d.Text("text"), d.Array("array"), d.Map("map"), d.XMLFragment("xml")
	edit(func(tx *Txn) error { return text.Insert(tx, 0, "héllo 😀 world") })
	edit(func(tx *Txn) error { return text.Format(tx, 1, 5, Attr{"bold", Bool(true)}) })
	edit(func(tx *Txn) error { return text.InsertEmbed(tx, 3, ObjectOf(Field{"src", String("x")})) })
	edit(func(tx *Txn) error { return text.Delete(tx, 2, 4) })
	edit(func(tx *Txn) error {
		return array.Insert(tx, 0, Number(1), String("s"), Bytes([]byte{1}), ValueOf(NewMap()), SubdocValue(&Subdoc{GUID: "g"}))
	})
	edit(func(tx *Txn) error { return fields.Set(tx, "k", ArrayOf(Null(), Number(0.5))) })
	edit(func(tx *Txn) error { return fields.Set(tx, "k", BigInt(1)) })
	p := NewXMLElement("p")
	edit(func(tx *Txn) error { return xml.Insert(tx, 0, p, NewXMLText(), NewXMLHook("h")) })
	edit(func(tx *Txn) error { return p.SetAttribute(tx, "a", String("1")) })
	edit(func(tx *Txn) error { return xml.Delete(tx, 0, 2) })
	return append(out, d.EncodeStateAsUpdate(nil))
}

func FuzzApplyUpdate(f *testing.F) {
	updates := fuzzUpdates()
	for i, u := range updates {
		f.Add(u, byte(i))
	}
	// JSON content, a type in itself, a format mark in an array, a skip.
	for _, s := range []string{
		"010107000201016102037b7d7d0475 6e64656600",
		"01020700270101610162018700000103010000",
		"010107000601017403626f6c0474727565 00",
		"01020700000a0300050001070103 05",
	} {
		if b, err := hex.DecodeString(s); err == nil {
			f.Add(b, byte(3))
		}
	}
	f.Fuzz(func(t *testing.T, update []byte, known byte) {
		d := NewDoc(Config{ClientID: 99, DisableGC: known&0x80 != 0})
		for i, u := range updates[:len(updates)-1] {
			if known>>(i%7)&1 != 0 {
				if err := d.ApplyUpdate(u, nil); err != nil {
					t.Fatal(err)
				}
			}
		}
		d.Text("text")
		d.Array("array")
		d.XMLFragment("xml")
		before := d.EncodeStateAsUpdate(nil)
		if err := d.ApplyUpdate(update, nil); err != nil {
			if !errors.Is(err, ErrMalformed) {
				t.Fatal(err)
			}
			if !bytes.Equal(before, d.EncodeStateAsUpdate(nil)) {
				t.Fatal("a malformed update changed the document")
			}
			return
		}
		d.check(t)
		useEverything(t, d)
		state := d.EncodeStateAsUpdate(nil)
		again := NewDoc(Config{})
		if err := again.ApplyUpdate(state, nil); err != nil {
			t.Fatalf("own state %x: %v", state, err)
		}
		again.check(t)
	})
}

// useEverything reads and edits what a document holds.
func useEverything(t *testing.T, d *Doc) {
	if _, err := d.JSON().MarshalJSON(); err != nil {
		t.Fatal(err)
	}
	text, array, xml := d.Text("text"), d.Array("array"), d.XMLFragment("xml")
	text.Delta()
	r := rand.New(rand.NewPCG(1, 2))
	for range 4 {
		d.Transact(nil, func(tx *Txn) {
			n := text.Len()
			for _, err := range []error{
				text.Insert(tx, r.IntN(n+1), "x"),
				text.Format(tx, r.IntN(n+1), 1, Attr{"bold", Bool(true)}),
				text.Delete(tx, 0, min(n, 2)),
				array.Insert(tx, r.IntN(array.Len()+1), Number(1)),
				array.Delete(tx, 0, min(array.Len(), 2)),
				xml.Insert(tx, r.IntN(xml.Len()+1), NewXMLText()),
			} {
				if err != nil {
					t.Fatal(err)
				}
			}
		})
	}
	d.check(t)
}

func FuzzMergeUpdates(f *testing.F) {
	updates := fuzzUpdates()
	for i := range updates {
		f.Add(updates[i], updates[(i+1)%len(updates)])
	}
	f.Fuzz(func(t *testing.T, a, b []byte) {
		merged, err := MergeUpdates(a, b)
		if err != nil {
			if !errors.Is(err, ErrMalformed) {
				t.Fatal(err)
			}
			return
		}
		if _, err := Inspect(merged); err != nil {
			t.Fatalf("%x and %x merged to %x: %v", a, b, merged, err)
		}
		d := NewDoc(Config{})
		if err := d.ApplyUpdate(merged, nil); err != nil {
			t.Fatal(err)
		}
		d.check(t)
	})
}

func FuzzDiffUpdate(f *testing.F) {
	for _, u := range fuzzUpdates() {
		f.Add(u, uint64(7), uint64(3))
	}
	f.Fuzz(func(t *testing.T, update []byte, client, clock uint64) {
		diff, err := DiffUpdate(update, StateVector{ClientID(client): clock})
		if err != nil {
			if !errors.Is(err, ErrMalformed) {
				t.Fatal(err)
			}
			return
		}
		info, err := Inspect(diff)
		if err != nil {
			t.Fatalf("diff %x: %v", diff, err)
		}
		for _, r := range info.Structs {
			if r.Client == ClientID(client) && r.From < clock {
				t.Errorf("diff holds %v", r)
			}
		}
		if _, err := StateVectorFromUpdate(update); err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzInspect(f *testing.F) {
	for _, u := range fuzzUpdates() {
		f.Add(u)
	}
	f.Fuzz(func(t *testing.T, update []byte) {
		info, err := Inspect(update)
		if err != nil {
			if !errors.Is(err, ErrMalformed) {
				t.Fatal(err)
			}
			if NewDoc(Config{}).ApplyUpdate(update, nil) == nil {
				t.Fatal("ApplyUpdate takes what Inspect rejects")
			}
			return
		}
		d := NewDoc(Config{})
		if err := d.ApplyUpdate(update, nil); err != nil {
			t.Fatalf("ApplyUpdate rejects what Inspect takes: %v", err)
		}
		for c, clock := range d.StateVector() {
			covered := false
			for _, r := range info.Structs {
				covered = covered || r.Client == c && r.To >= clock
			}
			if !covered {
				t.Errorf("client %d is known up to %d, which Inspect did not tell", c, clock)
			}
		}
	})
}

func FuzzStateVector(f *testing.F) {
	f.Add([]byte{2, 7, 3, 1, 9})
	f.Fuzz(func(t *testing.T, b []byte) {
		sv, err := DecodeStateVector(b)
		if err != nil {
			if !errors.Is(err, ErrMalformed) {
				t.Fatal(err)
			}
			return
		}
		again, err := DecodeStateVector(sv.Encode())
		if err != nil || len(again) != len(sv) {
			t.Fatal(err)
		}
	})
}

// TestHostileSizes applies updates that claim far more than they hold.
func TestHostileSizes(t *testing.T) {
	for name, s := range map[string]string{
		"structs":         "01ffffffffffff0f0100000000",
		"clients":         "ffffffffffff0f010100",
		"any elements":    "010101000801016effffffffffff0f7f",
		"array elements":  "0101010008010161017" + "5ffffffffffff0f7f",
		"object keys":     "010101000801016101" + "76ffffffffffff0f",
		"string bytes":    "01010100040101" + "61ffffffffffff0f61",
		"deleted clients": "00ffffffffffff0f",
		"deleted ranges":  "0001" + "01ffffffffffff0f",
	} {
		b, err := hex.DecodeString(s)
		if err != nil {
			t.Fatal(name, err)
		}
		d := NewDoc(Config{})
		allocated := testing.AllocsPerRun(1, func() {
			if err := d.ApplyUpdate(b, nil); !errors.Is(err, ErrMalformed) {
				t.Errorf("%s: %v", name, err)
			}
		})
		if allocated > 100 {
			t.Errorf("%s: %v allocations", name, allocated)
		}
	}
	// Lengths of what is collected or deleted are numbers only.
	huge := NewDoc(Config{})
	for _, s := range []string{
		"01010100" + "00ffffffffffffff07" + "00",       // collected
		"01010200" + "01010161ffffffffffffff07" + "00", // deleted content
		"0001030101ffffffffffff07",                     // deleted range
		"01010101" + "0001" + "00",                     // after the last clock
	} {
		b, err := hex.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		t.Log(s, huge.ApplyUpdate(b, nil))
		huge.check(t)
	}
}
