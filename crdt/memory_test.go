package crdt

import (
	"encoding/binary"
	"runtime"
	"testing"
	"time"

	"github.com/sheafdocs/sheaf/crdt/internal/lib0"
)

// maxAmplification bounds how much memory a byte of an update may cost.
const maxAmplification = 64

// TestHostileMemory applies updates made of the smallest structs there are and
// looks at what the document keeps.
func TestHostileMemory(t *testing.T) {
	const n = 30_000
	origin := func(dst []byte, i int) []byte { // of the unit before
		return lib0.AppendUint(append(dst, 1), uint64(i-1))
	}
	first := []byte{4, 1, 1, 'a', 1, 'x'} // a string in the root "a"
	for name, one := range map[string]func(dst []byte, i int) []byte{
		"collected": func(dst []byte, i int) []byte { return append(dst, 0, 1) },
		"deleted":   func(dst []byte, i int) []byte { return append(origin(append(dst, 0x81), i), 1) },
		"text":      func(dst []byte, i int) []byte { return append(origin(append(dst, 0x84), i), 1, 'x') },
		"far text":  func(dst []byte, i int) []byte { return append(dst, 0x84, 1, 0, 1, 'x') },
		"any":       func(dst []byte, i int) []byte { return append(dst, 0x88, 1, 0, 1, 127) },
		"marks":     func(dst []byte, i int) []byte { return append(dst, 0x86, 1, 0, 1, 'b', 1, '1') },
		"types":     func(dst []byte, i int) []byte { return append(dst, 0x87, 1, 0, 1) },
		"nested":    func(dst []byte, i int) []byte { return lib0.AppendUint(append(dst, 7, 0, 1), uint64(i-1)) },
		"roots": func(dst []byte, i int) []byte {
			return binary.BigEndian.AppendUint32(append(dst, 4, 1, 4), 0x20202020|uint32(i&15)|uint32(i>>4&15)<<8|uint32(i>>8&15)<<16|uint32(i>>12&15)<<24)
		},
		"map keys": func(dst []byte, i int) []byte {
			return binary.BigEndian.AppendUint32(append(dst, 0x28, 1, 1, 'm', 4), 0x20202020|uint32(i&15)|uint32(i>>4&15)<<8|uint32(i>>8&15)<<16|uint32(i>>12&15)<<24)
		},
		"long array": nil,
	} {
		body := append([]byte(nil), first...)
		count := 1
		for i := 1; i < n && one != nil; i++ {
			body = one(body, i)
			switch name {
			case "roots":
				body = append(body, 1, 'x')
			case "map keys":
				body = append(body, 1, 126)
			case "nested":
				body = append(body, 1)
			}
			count++
		}
		if name == "nested" {
			body = append([]byte{7, 1, 1, 'a', 1}, body[len(first):]...)
		}
		if one == nil {
			body = append(lib0.AppendUint([]byte{8, 1, 1, 'a'}, 4*n), make([]byte, 4*n)...)
			for i := len(body) - 4*n; i < len(body); i++ {
				body[i] = 120
			}
		}
		update := lib0.AppendUint([]byte{1}, uint64(count))
		update = append(append(append(update, 1, 0), body...), 0)
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		d := NewDoc(Config{})
		began := time.Now()
		if err := d.ApplyUpdate(update, nil); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		elapsed := time.Since(began)
		runtime.ReadMemStats(&after)
		allocated := float64(after.TotalAlloc-before.TotalAlloc) / float64(len(update))
		runtime.GC()
		runtime.ReadMemStats(&after)
		kept := float64(int64(after.HeapAlloc)-int64(before.HeapAlloc)) / float64(len(update))
		t.Logf("%-10s %8d bytes: %5.1f times allocated, %5.1f times kept, %v", name, len(update), allocated, kept, elapsed.Round(time.Millisecond))
		if kept > maxAmplification {
			t.Errorf("%s: %.1f bytes are kept for each byte of the update", name, kept)
		}
		runtime.KeepAlive(d)
		runtime.KeepAlive(update)
	}
}
