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
}

// Finish returns the update with the given delete set, which must be grouped
// by client.
func (w *Writer) Finish(deletes Ranges) []byte {
	body := w.enc.rest
	w.enc.rest = nil
	out := w.enc.appendColumns(make([]byte, 0, len(body)+4*len(w.sections)+8*len(deletes)+8))
	out = lib0.AppendUint(out, uint64(len(w.sections)))
	start := 0
	for _, s := range w.sections {
		out = lib0.AppendUint(out, s.count)
		out = append(out, body[start:s.end]...)
		start = s.end
	}
	w.enc.rest = out
	w.enc.Deletes(deletes)
	return w.enc.rest
}
