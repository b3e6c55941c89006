package oplog_test

import (
	"bytes"
	"strconv"
	"testing"

	"github.com/sheafdocs/sheaf/node/oplog"
)

// benchCt is the ciphertext of an update of some 20 bytes.
var benchCt = bytes.Repeat([]byte{7}, 24+64+16)

func BenchmarkSign(b *testing.B) {
	w := &writer{t: b, key: keyOf(b, 1)}
	for b.Loop() {
		w.write(string(benchCt))
	}
}

func BenchmarkDecode(b *testing.B) {
	w := &writer{t: b, key: keyOf(b, 1)}
	raw := w.write(string(benchCt)).Raw
	b.ReportAllocs()
	for b.Loop() {
		if _, err := oplog.Decode(raw); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCheck is the cost of an entry by gossip.
func BenchmarkCheck(b *testing.B) {
	w := &writer{t: b, key: keyOf(b, 1)}
	a := editor(w)
	raw := w.write(string(benchCt)).Raw
	chains := oplog.NewChains(testDoc)
	for b.Loop() {
		e, err := oplog.Decode(raw)
		if err != nil {
			b.Fatal(err)
		}
		if v := chains.Check(a, e); v.Action != oplog.Accept {
			b.Fatal(v)
		}
	}
}

// BenchmarkRun is the cost of an entry by sync: decoded, checked, appended, in
// runs of a whole frame, their inner signatures left out.
func BenchmarkRun(b *testing.B) {
	for _, signed := range []bool{false, true} {
		b.Run("signed="+strconv.FormatBool(signed), func(b *testing.B) {
			const n = 2048
			w := &writer{t: b, key: keyOf(b, 1)}
			a := editor(w)
			var raws [][]byte
			for i := range n {
				e := w.write(string(benchCt))
				if !signed && (i+1)%oplog.MaxRunEntries != 0 {
					e = unsigned(b, e)
				}
				raws = append(raws, e.Raw)
			}
			b.ReportAllocs()
			for b.Loop() {
				chains := oplog.NewChains(testDoc)
				run := make([]*oplog.Entry, 0, n)
				for _, raw := range raws {
					e, err := oplog.Decode(raw)
					if err != nil {
						b.Fatal(err)
					}
					run = append(run, e)
				}
				kept, v := chains.CheckRun(a, run)
				if v.Action != oplog.Accept {
					b.Fatal(v)
				}
				for _, e := range kept {
					chains.Append(e)
				}
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
		})
	}
}

func BenchmarkDigest(b *testing.B) {
	chains := oplog.NewChains(testDoc)
	for i := range 1000 {
		w := &writer{t: b, key: keyOf(b, 1), inc: uint32(i)}
		chains.Append(w.write("x"))
	}
	for b.Loop() {
		chains.Digest(nil)
	}
}
