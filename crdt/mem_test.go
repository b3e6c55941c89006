package crdt

import (
	"runtime"
	"testing"

	"github.com/sheafdocs/sheaf/crdt/tracetest"
)

// BenchmarkMemoryPaper reports what a document keeps in memory after a
// recorded history was typed, and after its state was loaded.
func BenchmarkMemoryPaper(b *testing.B) {
	tr := tracetest.Load(b, tracetest.Paper)
	measure := func(build func() *Doc) float64 {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		d := build()
		runtime.GC()
		runtime.ReadMemStats(&after)
		runtime.KeepAlive(d)
		runtime.KeepAlive(tr)
		return (float64(after.HeapAlloc) - float64(before.HeapAlloc)) / (1 << 20)
	}
	var typed *Doc
	kept := measure(func() *Doc {
		typed = NewDoc(Config{ClientID: 1})
		replay(b, typed, tr)
		return typed
	})
	state := typed.EncodeStateAsUpdate(nil)
	loaded := measure(func() *Doc {
		d := NewDoc(Config{})
		if err := d.ApplyUpdate(state, nil); err != nil {
			b.Fatal(err)
		}
		return d
	})
	for b.Loop() {
	}
	b.ReportMetric(kept, "typed-MiB")
	b.ReportMetric(loaded, "loaded-MiB")
}
