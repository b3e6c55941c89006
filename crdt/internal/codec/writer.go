package codec

import "github.com/sheafdocs/sheaf/crdt/internal/lib0"

// Writer writes an update whose number of structs is not known in advance. The
// zero Writer writes format 1.
type Writer struct {
	enc      Encoder
	sections []section
}

type section struct {
	client uint64
	count  uint64
	end    int // in what is in no column
}

// NewWriter returns an empty Writer of a format.
func NewWriter(f Format) Writer { return Writer{enc: NewEncoder(f)} }

// Struct writes s without its first offset units. The structs of one client
// must come together and in order of clock.
func (w *Writer) Struct(s *Struct, offset uint64) {
	if n := len(w.sections); n == 0 || w.sections[n-1].client != s.Client {
		w.sections = append(w.sections, section{client: s.Client})
		w.enc.Client(s.Client)
		w.enc.Uint(s.Clock + offset)
	}
	s.write(&w.enc, offset)
	last := &w.sections[len(w.sections)-1]
	last.count++
	last.end = w.enc.Len()
	w.enc.Spill()
}

// Finish returns the update with the given delete set, which must be grouped
// by client.
func (w *Writer) Finish(deletes Ranges) []byte {
	body := &w.enc.full
	body.Add(w.enc.rest)
	w.enc.rest = nil
	w.enc.Deletes(deletes)
	size := w.enc.endColumns() + lib0.UintLen(uint64(len(w.sections))) + w.enc.Len()
	for _, s := range w.sections {
		size += lib0.UintLen(s.count)
	}
	// With this much at once, what was written is copied no more than once.
	out := w.enc.appendColumns(make([]byte, 0, size))
	out = lib0.AppendUint(out, uint64(len(w.sections)))
	start := 0
	for _, s := range w.sections {
		out = lib0.AppendUint(out, s.count)
		out = body.MoveTo(out, s.end-start)
		start = s.end
	}
	return append(out, w.enc.rest...)
}
