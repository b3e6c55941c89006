package lib0

// ChunkBytes is how long a buffer gets before it is put aside.
const ChunkBytes = 32 << 10

// Buffer holds bytes in chunks, so that what it holds is copied once, into what is
// put together at last, however long it gets. The zero Buffer is empty.
type Buffer struct {
	chunks [][]byte
	size   int
	taken  int // of the first chunk
}

// Add takes over a chunk.
func (b *Buffer) Add(chunk []byte) {
	b.chunks = append(b.chunks, chunk)
	b.size += len(chunk)
}

// Spill takes over buf if it has become long, and returns what to append to then.
func (b *Buffer) Spill(buf []byte) []byte {
	if len(buf) < ChunkBytes {
		return buf
	}
	b.Add(buf)
	return make([]byte, 0, ChunkBytes+ChunkBytes/16) // what is appended last goes beyond
}

// Len returns how many bytes there are.
func (b *Buffer) Len() int { return b.size }

// MoveTo appends the first n bytes to dst and lets go of them.
func (b *Buffer) MoveTo(dst []byte, n int) []byte {
	b.size -= n
	for n > 0 {
		first := b.chunks[0][b.taken:]
		if n < len(first) {
			b.taken += n
			return append(dst, first[:n]...)
		}
		dst = append(dst, first...)
		n -= len(first)
		b.chunks[0], b.taken = nil, 0
		b.chunks = b.chunks[1:]
	}
	return dst
}
