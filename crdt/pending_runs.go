package crdt

import "github.com/sheafdocs/sheaf/crdt/internal/codec"

// pendingRun is a few structs of one client that follow each other without a gap,
// as an update of format codec.Kept. That keeps values which format 1 would
// have to write as JSON, and takes little memory.
type pendingRun struct {
	client, clock, end uint64
	structs            int
	update             []byte
}

// A run is so short that it costs little to encode it anew without its first
// structs.
const (
	maxRunStructs = 64
	maxRunBytes   = 8 << 10
)

// openRun reads a run.
type openRun struct {
	r     *codec.Reader
	taken int // structs before the head
}

// open returns a run with its first struct as the head.
func (r *pendingRun) open() *openRun {
	o := &openRun{r: codec.NewFormatReader(codec.Kept, r.update)}
	o.r.Next() // encoded here, so without error
	return o
}

func (o *openRun) head() *codec.Struct { return &o.r.Struct }

// next goes on to the next struct, if there is one.
func (o *openRun) next() bool {
	o.taken++
	return o.r.Next()
}

// rest returns the structs from the head on.
func (o *openRun) rest() *pendingRun {
	var w runWriter
	for {
		w.add(o.head())
		if !o.next() {
			return w.finish()[0]
		}
	}
}

// runWriter cuts structs into runs. Those of one client must come together
// and in order of clock.
type runWriter struct {
	out     []*pendingRun
	current pendingRun
	bytes   int
	w       codec.Writer
}

func (w *runWriter) add(s *codec.Struct) {
	c := &w.current
	if c.structs > 0 && (s.Client != c.client || s.Clock != c.end || c.structs >= maxRunStructs || w.bytes >= maxRunBytes) {
		w.flush()
	}
	if s.Ref == codec.RefSkip {
		return
	}
	if c.structs == 0 {
		w.w, w.bytes = codec.NewWriter(codec.Kept), 0
		c.client, c.clock = s.Client, s.Clock
	}
	w.w.Struct(s, 0)
	w.bytes += len(s.Content)
	c.end = s.End()
	c.structs++
}

func (w *runWriter) flush() {
	done := w.current
	done.update = w.w.Finish(nil)
	w.out = append(w.out, &done)
	w.current = pendingRun{}
}

func (w *runWriter) finish() []*pendingRun {
	if w.current.structs > 0 {
		w.flush()
	}
	return w.out
}

// joinRuns returns one update of format codec.Kept with the structs of
// runs that are in order and have no units in common.
func joinRuns(runs []*pendingRun) []byte {
	out := codec.NewWriter(codec.Kept)
	var last codec.Struct // held back, because garbage is joined across runs
	for i := range runs {
		r := runs[i]
		o := r.open()
		follows := last.Len > 0 && last.Client == r.client
		switch {
		case follows && last.End() < r.clock:
			out.Struct(&last, 0)
			last = codec.Struct{ID: codec.ID{Client: r.client, Clock: last.End()}, Ref: codec.RefSkip, Len: r.clock - last.End()}
		case follows && last.Ref == codec.RefGC && o.head().Ref == codec.RefGC:
			last.Len += o.head().Len
			if !o.next() {
				continue
			}
		}
		for more := true; more; more = o.next() {
			if last.Len > 0 {
				out.Struct(&last, 0)
			}
			last = *o.head()
		}
	}
	if last.Len > 0 {
		out.Struct(&last, 0)
	}
	return out.Finish(nil)
}

// mergeRuns merges runs that were pending with some that arrived.
func mergeRuns(known, arrived []*pendingRun) []*pendingRun {
	// Both were encoded here, so they merge without error.
	merged, _ := codec.Merge(codec.Endless{}, codec.Kept, [][]byte{joinRuns(known), joinRuns(arrived)})
	r := codec.NewFormatReader(codec.Kept, merged)
	var w runWriter
	for r.Next() {
		w.add(&r.Struct)
	}
	return w.finish()
}

// runList is the runs of one client in order of clock, without common units.
type runList struct{ blocks blockList[*pendingRun] }

func (l *runList) empty() bool        { return len(l.blocks) == 0 }
func (l *runList) first() *pendingRun { return l.blocks[0][0] }

func (l *runList) replaceFirst(r *pendingRun) { l.blocks[0][0] = r }

// removeFirst moves no other run, unlike remove: most go in this order.
func (l *runList) removeFirst() {
	b := l.blocks[0]
	b[0] = nil
	if l.blocks[0] = b[1:]; len(b) == 1 {
		l.blocks[0] = nil
		l.blocks = l.blocks[1:]
	}
}

// find returns where the first run is that ends behind a clock.
func (l *runList) find(clock uint64) (block, i int) {
	return l.blocks.search(func(r *pendingRun) bool { return r.end <= clock })
}

// overlaps tells whether the list has units of a run.
func (l *runList) overlaps(r *pendingRun) bool {
	block, i := l.find(r.clock)
	return block < len(l.blocks) && l.blocks[block][i].clock < r.end
}

// takeOverlapping removes the runs that have units in common with r.
func (l *runList) takeOverlapping(r *pendingRun) []*pendingRun {
	var taken []*pendingRun
	for {
		block, i := l.find(r.clock)
		if block == len(l.blocks) {
			return taken
		}
		b := l.blocks[block]
		n := i
		for n < len(b) && b[n].clock < r.end {
			n++
		}
		if n == i {
			return taken
		}
		taken = append(taken, b[i:n]...)
		l.blocks.remove(block, i, n)
	}
}

// insert adds a run of units that the list does not have.
func (l *runList) insert(r *pendingRun) {
	block, i := l.find(r.clock)
	l.blocks.insert(block, i, r)
}

func (l *runList) appendTo(out []*pendingRun) []*pendingRun {
	for _, b := range l.blocks {
		out = append(out, b...)
	}
	return out
}
