package codec

import "github.com/sheafdocs/sheaf/crdt/internal/lib0"

// Writer writes an update whose number of structs is not known in advance.
type Writer struct {
	body     []byte
	sections []section
}

type section struct {
	client uint64
	count  uint64
	end    int // in body
}

// Struct writes s without its first offset units. The structs of one client
// must come together and in order of clock.
func (w *Writer) Struct(s *Struct, offset uint64) {
	if n := len(w.sections); n == 0 || w.sections[n-1].client != s.Client {
		w.Begin(s.Client, s.Clock+offset)
	}
	w.body = s.Append(w.body, offset)
	w.count()
}

// Begin starts the section of a client.
func (w *Writer) Begin(client, clock uint64) {
	w.sections = append(w.sections, section{client: client})
	w.body = lib0.AppendUint(lib0.AppendUint(w.body, client), clock)
}

func (w *Writer) count() {
	last := &w.sections[len(w.sections)-1]
	last.count++
	last.end = len(w.body)
}

// Finish returns the update with the given delete set, which must be grouped
// by client.
func (w *Writer) Finish(deletes Ranges) []byte {
	out := make([]byte, 0, len(w.body)+4*len(w.sections)+8*len(deletes)+8)
	out = lib0.AppendUint(out, uint64(len(w.sections)))
	start := 0
	for _, s := range w.sections {
		out = lib0.AppendUint(out, s.count)
		out = append(out, w.body[start:s.end]...)
		start = s.end
	}
	return deletes.Append(out)
}

// Join appends the structs of another Writer, which must come after those
// written so far.
func (w *Writer) Join(o *Writer) {
	start := len(w.body)
	w.body = append(w.body, o.body...)
	for _, s := range o.sections {
		s.end += start
		w.sections = append(w.sections, s)
	}
}
