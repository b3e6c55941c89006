package oplog_test

import (
	"bytes"
	"testing"

	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/wire"
)

// FuzzDecode: whatever decodes is canonical, by the general decoder too, and
// is judged without a panic.
func FuzzDecode(f *testing.F) {
	w := &writer{t: f, key: keyOf(f, 1)}
	first, second := w.write("one"), w.write("two")
	f.Add(first.Raw)
	f.Add(second.Raw)
	f.Add(unsigned(f, second).Raw)
	f.Add([]byte{0x83, 0x42, 0x81, 0x02, 0x40, 0x40})
	a := editor(w)
	chains := oplog.NewChains(testDoc)
	chains.Append(first)
	f.Fuzz(func(t *testing.T, raw []byte) {
		e, err := oplog.Decode(raw)
		if err != nil {
			return
		}
		var parts [][]byte
		if err := wire.Unmarshal(raw, &parts); err != nil || len(parts) != 3 {
			t.Fatalf("%x decodes, but not by the general decoder: %v", raw, err)
		}
		var h headerFields
		if err := wire.Unmarshal(e.Hdr, &h); err != nil {
			t.Fatalf("header %x decodes, but not by the general decoder: %v", e.Hdr, err)
		}
		if !bytes.Equal(mustMarshal(t, fieldsOf(e.Header)), e.Hdr) {
			t.Fatalf("header %x encodes to %x", e.Hdr, mustMarshal(t, fieldsOf(e.Header)))
		}
		if v := chains.Check(a, e); v.Action == oplog.Accept && e.ID != second.ID {
			t.Errorf("%x is accepted", raw)
		}
		kept, _ := chains.CheckRun(a, []*oplog.Entry{e})
		for _, k := range kept {
			if k.ID != second.ID {
				t.Errorf("%x is kept", raw)
			}
		}
	})
}

// FuzzRun builds runs out of pieces of honest chains, whole and stripped, in
// an order that the input says: nothing but what the authors signed is kept.
func FuzzRun(f *testing.F) {
	w := &writer{t: f, key: keyOf(f, 1)}
	trunk := w.writeN(6, "trunk ")
	fork := (&writer{t: f, key: w.key, next: 3, prev: trunk[2].ID}).writeN(4, "fork ")
	stranger := (&writer{t: f, key: keyOf(f, 2)}).writeN(3, "stranger ")
	var parts []*oplog.Entry
	for _, e := range append(append(append([]*oplog.Entry{}, trunk...), fork...), stranger...) {
		zeroed := &oplog.Entry{Raw: encodeEntry(e.Hdr, e.Ct, make([]byte, 64))}
		parts = append(parts, e, unsigned(f, e), received(f, zeroed)[0])
	}
	a := editor(w)
	f.Add([]byte{0, 3, 6, 255, 9, 12})
	f.Add([]byte{1, 4, 6, 18, 21, 255, 5, 8})
	f.Fuzz(func(t *testing.T, program []byte) {
		chains := oplog.NewChains(testDoc)
		var run []*oplog.Entry
		end := func() {
			kept, _ := chains.CheckRun(a, received(t, run...))
			for _, e := range kept {
				if e.Author != w.key.Device() || e.Signed() && !wire.Verify(e.Author, wire.DomainEntry, e.Hdr, e.Sig) {
					t.Fatalf("entry %d is kept", e.Seq)
				}
				if change := chains.Append(e); change.Kind == oplog.Unchanged {
					t.Fatalf("entry %d has no place", e.Seq)
				}
			}
			run = nil
		}
		for _, b := range program[:min(len(program), 64)] {
			if b == 255 {
				end()
			} else {
				run = append(run, parts[int(b)%len(parts)])
			}
		}
		end()
		if gone := chains.Trim(); len(gone) != 0 {
			t.Fatalf("%d entries have no anchor after them", len(gone))
		}
	})
}
