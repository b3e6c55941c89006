package sync

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"testing"

	"github.com/sheafdocs/sheaf/node/replication"
)

// FuzzReadFrame: a frame is exactly the bytes after its length, whatever buffer
// is at hand; none is longer than allowed, and memory follows what arrives.
func FuzzReadFrame(f *testing.F) {
	f.Add(append(binary.BigEndian.AppendUint32(nil, 3), "abcd"...), 10, 100)
	f.Add(append(binary.BigEndian.AppendUint32(nil, 3), "abcd"...), 10, 2)
	f.Add([]byte{0, 0, 0, 0}, 0, 0)
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 1}, 0, replication.MaxFrameBytes)
	f.Add([]byte{0, 0x0f, 0xff, 0xff, 1}, 0, replication.MaxFrameBytes)
	f.Add(append(binary.BigEndian.AppendUint32(nil, 70<<10), make([]byte, 70<<10)...), 4, replication.MaxFrameBytes)
	f.Fuzz(func(t *testing.T, in []byte, keep, limit int) {
		keep, limit = keep&0xffff, limit&(2*replication.MaxFrameBytes-1)
		got, err := readFrame(bytes.NewReader(in), make([]byte, keep), func() int { return limit })
		switch {
		case err == nil:
			n := int(binary.BigEndian.Uint32(in))
			if n > limit || !bytes.Equal(got, in[4:4+n]) {
				t.Fatalf("read %d bytes of %x", len(got), in[:4])
			}
			if most := 4 * (n + keep + 64<<10); cap(got) > most {
				t.Fatalf("%d bytes are taken for %d", cap(got), n)
			}
		case !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, replication.ErrTooLarge):
			t.Fatalf("an error without a class: %v", err)
		case errors.Is(err, replication.ErrTooLarge) && int64(binary.BigEndian.Uint32(in)) <= int64(limit):
			t.Fatalf("%x is refused, %d are allowed", in[:4], limit)
		}
	})
}
