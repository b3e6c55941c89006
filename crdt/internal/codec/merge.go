package codec

import "slices"

// Merge merges updates of a format into one that has the effect of all of them.
// Between structs of one client that do not follow each other it writes a Skip. It
// ends with the error of ctx when that is done.
func Merge(ctx Context, f Format, updates [][]byte) ([]byte, error) {
	p := &pace{ctx: ctx}
	if len(updates) == 1 {
		if err := check(p, f, updates[0]); err != nil {
			return nil, err
		}
		return slices.Clone(updates[0]), nil
	}
	if len(updates) > sortedSources {
		return mergeMany(p, f, updates)
	}
	readers := make([]*Reader, len(updates))
	for i, u := range updates {
		readers[i] = newReader(p, f, u)
	}
	return mergeReaders(p, f, readers)
}

// check reads a whole update.
func check(p *pace, f Format, update []byte) error {
	r := newReader(p, f, update)
	for r.Next() {
	}
	if r.Err() != nil {
		return r.Err()
	}
	_, err := r.Deletes()
	return err
}

// MergeReaders merges a few updates of any formats, whose Readers have just
// been made, into one of format f.
func MergeReaders(f Format, readers []*Reader) ([]byte, error) {
	return mergeReaders(nil, f, readers)
}

func mergeReaders(p *pace, f Format, readers []*Reader) ([]byte, error) {
	m := newMerger(p, f)
	var started []*source
	for _, r := range readers {
		s := &source{r: r}
		if s.next() {
			started = append(started, s)
		} else if err := m.end(s); err != nil {
			return nil, err
		}
	}
	return m.run(&sortedQueue{started})
}

// mergeMany is Merge of so many updates that most of them had better not be
// opened before it is their turn.
func mergeMany(p *pace, f Format, updates [][]byte) ([]byte, error) {
	m := newMerger(p, f)
	q := heapQueue{pace: p, format: f, updates: updates, waiting: make([]waiting, 0, len(updates))}
	var s source
	s.r = &Reader{in: input{pace: p}}
	for i, u := range updates {
		s.r.in.step()
		s.open(f, u)
		if s.next() {
			q.waiting = append(q.waiting, waiting{s.r.Struct.ID, i})
		} else if err := m.end(&s); err != nil {
			return nil, err
		}
	}
	if len(q.waiting) > sortedSources {
		q.sort()
		return m.run(&q)
	}
	var started []*source
	for _, w := range q.waiting {
		s := &source{r: newReader(p, f, updates[w.update])}
		s.next()
		started = append(started, s)
	}
	return m.run(&sortedQueue{started})
}

// merger holds back one struct, so that what follows can still join it.
type merger struct {
	out     Writer
	current Struct
	writing bool // current is set
	deletes Ranges
	pace    *pace // which all sources share
}

func newMerger(p *pace, f Format) merger {
	m := merger{out: NewWriter(f), pace: p}
	m.out.enc.pace = p
	return m
}

// run merges the sources of a queue.
func (m *merger) run(q queue) ([]byte, error) {
	for s := q.next(); s != nil; s = q.next() {
		m.step(s)
		if s.done {
			if err := m.end(s); err != nil {
				return nil, err
			}
		}
	}
	if m.writing {
		m.out.Struct(&m.current, 0)
	}
	out := m.out.Finish(m.deletes.normalize(m.pace))
	if m.pace != nil && m.pace.err != nil {
		return nil, m.pace.err
	}
	return out, nil
}

// end takes over the delete set of a source that has no structs left, or its
// error.
func (m *merger) end(s *source) (err error) {
	if err := s.r.Err(); err != nil {
		return err
	}
	m.deletes, err = s.r.in.deletes(m.deletes)
	return err
}

// step takes structs from s, the first of the queue, up to the first that
// another source may have to precede.
func (m *merger) step(s *source) {
	client := s.r.Struct.Client
	if !m.writing {
		m.current, m.writing = s.r.Struct, true
		s.next()
	} else if !m.join(s, client) {
		return
	}
	for !s.done {
		next := &s.r.Struct
		if next.Client != client || next.Clock != m.current.End() {
			break
		}
		m.replace(next)
		s.next()
	}
}

// join puts the first struct of s after the current one. It returns false if
// the sources have to be looked at again first.
func (m *merger) join(s *source, client uint64) bool {
	skipped := false
	for !s.done && s.r.Struct.End() <= m.current.End() && s.r.Struct.Client >= m.current.Client {
		s.next() // known already
		skipped = true
	}
	next := &s.r.Struct
	if s.done || next.Client != client || skipped && next.Clock > m.current.End() {
		return false
	}
	switch {
	case client != m.current.Client:
		m.replace(next)
		s.next()
	case m.current.End() < next.Clock:
		if m.current.Ref == RefSkip {
			m.current.Len = next.End() - m.current.Clock
			break
		}
		gap := Struct{ID: ID{client, m.current.End()}, Ref: RefSkip, Len: next.Clock - m.current.End()}
		m.replace(&gap)
	default:
		m.append(s, next)
	}
	return true
}

// append puts next, which starts inside the current struct or right after it,
// into place.
func (m *merger) append(s *source, next *Struct) {
	known := m.current.End() - next.Clock
	offset := uint64(0)
	if known > 0 {
		if m.current.Ref == RefSkip {
			m.current.Len -= known
		} else {
			offset = known
		}
	}
	if m.current.Ref == RefGC && next.Ref == RefGC {
		m.current.Len += next.Len - offset
		return
	}
	if offset > 0 {
		cut := next.from(offset)
		next = &cut
	}
	m.replace(next)
	s.next()
}

// replace writes the current struct and makes next the current one.
func (m *merger) replace(next *Struct) {
	m.out.Struct(&m.current, 0)
	m.current = *next
}
