package codec

import (
	"cmp"

	"github.com/sheafdocs/sheaf/crdt/internal/lib0"
	"github.com/sheafdocs/sheaf/crdt/internal/sorting"
)

// Sorter writes an update of format 1 whose structs come in any order. Each
// client's must follow one another from clock 0.
type Sorter struct {
	body    []byte
	structs []stretch
}

// stretch is where in body a struct is.
type stretch struct {
	client, clock, end uint64
	from, to           int
}

// Struct adds s.
func (w *Sorter) Struct(s *Struct) {
	from := len(w.body)
	e := AppendTo(w.body)
	s.write(&e, 0)
	w.body = e.Finish()
	w.structs = append(w.structs, stretch{s.Client, s.Clock, s.End(), from, len(w.body)})
}

// Finish returns the update with the given delete set, which must be grouped
// by client. The error is ErrGap: format 1 writes a client's first clock only,
// so a gap would give what comes behind it other ids.
func (w *Sorter) Finish(deletes Ranges) ([]byte, error) {
	sorting.Stable(w.structs, func(a, b stretch) int {
		if a.client != b.client {
			return cmp.Compare(b.client, a.client)
		}
		return cmp.Compare(a.clock, b.clock)
	})
	clients, end := 0, uint64(0)
	for i, s := range w.structs {
		if i == 0 || s.client != w.structs[i-1].client {
			clients++
			end = 0
		}
		if s.clock != end {
			return nil, ErrGap
		}
		end = s.end
	}
	out := make([]byte, 0, len(w.body)+16*clients+8*len(deletes)+8)
	out = lib0.AppendUint(out, uint64(clients))
	for rest := w.structs; len(rest) > 0; {
		n := 1
		for n < len(rest) && rest[n].client == rest[0].client {
			n++
		}
		out = lib0.AppendUint(out, uint64(n))
		out = lib0.AppendUint(lib0.AppendUint(out, rest[0].client), rest[0].clock)
		for _, s := range rest[:n] {
			out = append(out, w.body[s.from:s.to]...)
		}
		rest = rest[n:]
	}
	return deletes.Append(out), nil
}
