package replication

import (
	"bytes"
	"container/heap"
	"maps"
	"slices"

	"github.com/sheafdocs/sheaf/node/oplog"
	"github.com/sheafdocs/sheaf/node/wire"
)

// answer is what is being sent of a document: a cursor into it, not a copy.
// Its parts go out in this order: access ops, wraps and seal keys, entries,
// DONE.
//
// Entries of several chains depend on each other, and only the receiver can
// read how. So the chains advance together, each in proportion to its length:
// entries written at one time travel at about one time, and the receiver has
// little to hold back.
type answer struct {
	ops, wraps, sealKeys [][]byte
	chains               chainHeap
	done                 bool         // ends with DONE
	parting              bool         // for a peer that was removed: ops only
	short                bool         // something that was to be in it was not there to be sent
	theirs               oplog.Vector // of the state it answers, with what it sends
}

// chainCursor is one line's part of an answer: a chain, or a branch of one.
type chainCursor struct {
	line wire.ChainID
	from uint64 // first entry the peer lacks
	next uint64 // next entry to send
	end  uint64 // one past the last
}

// newCursor makes a cursor for a line that ends at head.
func newCursor(line wire.ChainID, from uint64, head oplog.Position) *chainCursor {
	return &chainCursor{line: line, from: from, next: from, end: head.Seq + 1}
}

// progress is how much of the line has been sent, from 0 to 1.
func (c *chainCursor) progress() float64 {
	return float64(c.next-c.from) / float64(c.end-c.from)
}

// chainHeap has the chain that lags most at its top.
type chainHeap []*chainCursor

func (h chainHeap) Len() int { return len(h) }
func (h chainHeap) Less(i, j int) bool {
	a, b := h[i].progress(), h[j].progress()
	if a != b {
		return a < b
	}
	return bytes.Compare(h[i].line[:], h[j].line[:]) < 0
}
func (h chainHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

// Push is part of heap.Interface.
func (h *chainHeap) Push(x any) { *h = append(*h, x.(*chainCursor)) }

// Pop is part of heap.Interface.
func (h *chainHeap) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}

// answerState begins to send what a peer with this state lacks, and asks back
// if the state shows something missing here.
func (s *Session) answerState(st *docState, heads []wire.OpID, theirs oplog.Vector, wraps bool) {
	d, ok := s.cfg.Replica.Document(st.doc)
	if !ok {
		return
	}
	sum := d.Summary()
	a := &answer{done: true, ops: d.OpsSince(heads, nil), theirs: maps.Clone(theirs)}
	if wraps {
		offer := d.Offer(s.cfg.Peer, s.inviteOf(st), Asked)
		a.wraps = offer.Wraps // also what was sent before: it may have been lost
		for _, w := range a.wraps {
			st.markSent(w)
		}
		a.sealKeys = st.unsent(offer.SealKeys)
	}
	a.addLacked(sum)
	if st.answer != nil {
		a.wraps = append(a.wraps, st.answer.wraps...) // pushed, and not yet on their way
		a.sealKeys = append(a.sealKeys, st.answer.sealKeys...)
	}
	st.answer, st.answered = a, sum.Digest
	s.turn(st)
	if !st.asking && s.hasRole(st) && lacks(sum, heads, theirs) {
		s.queue(st, jobState)
	}
}

// addLacked adds the lines that the peer lacks, and notes that it will have them.
func (a *answer) addLacked(sum Summary) {
	for line, ours := range sum.held() {
		if from, lacking := lackedFrom(ours, a.theirs, line); lacking {
			a.chains = append(a.chains, newCursor(line, from, ours))
			a.theirs[line] = ours
		}
	}
	heap.Init(&a.chains)
}

// answerParting sends a peer that was removed the ops that ended its role,
// with those before them that it lacks.
func (s *Session) answerParting(tag Tag, heads []wire.OpID) {
	st := s.tags[tag]
	if st == nil {
		return
	}
	d, ok := s.cfg.Replica.Document(st.doc)
	if !ok || d.Standing(s.cfg.Peer) != Removed {
		return
	}
	ended := d.Offer(s.cfg.Peer, wire.SealHash{}, Asked).Ended
	if len(ended) == 0 {
		return
	}
	st.answer = &answer{parting: true, ops: d.OpsSince(heads, ended)}
	s.turn(st)
}

// maySend reports whether what is being sent is still the peer's to have.
func (s *Session) maySend(st *docState, d Document) bool {
	return s.allowed(st) || st.answer.parting && d.Standing(s.cfg.Peer) == Removed
}

// lackedFrom returns from where on a replica with the vector theirs lacks a
// line that ends at ours. Two that end in different entries of one number have
// forked somewhere: the last entry is sent, which shows the other that it has
// to ask for the line from its start.
func lackedFrom(ours oplog.Position, theirs oplog.Vector, line wire.ChainID) (from uint64, lacking bool) {
	their, have := theirs[line]
	switch {
	case !have:
		return 0, true
	case their.Seq < ours.Seq:
		return their.Seq + 1, true
	case their.Seq == ours.Seq && their.ID != ours.ID:
		return ours.Seq, true
	}
	return 0, false
}

// lacks reports whether a state shows something that the summary has not.
func lacks(sum Summary, heads []wire.OpID, theirs oplog.Vector) bool {
	for line, their := range theirs {
		ours, have := sum.Vector[line]
		if !have || ours.Seq < their.Seq || ours.Seq == their.Seq && ours.ID != their.ID {
			return true
		}
	}
	return len(heads) > 0 && !sameHeads(sum.AccessHeads, heads)
}

// answerWant adds chains to what is being sent.
func (s *Session) answerWant(st *docState, chains []wanted) {
	d, ok := s.cfg.Replica.Document(st.doc)
	if !ok {
		return
	}
	vector := d.Summary().held()
	if st.answer == nil {
		st.answer = &answer{}
	}
	st.answer.done = true
	for _, w := range chains {
		ours, have := vector[w.Line]
		if !have || w.From > ours.Seq || st.answer.holds(w.Line) {
			continue
		}
		heap.Push(&st.answer.chains, newCursor(w.Line, w.From, ours))
	}
	s.turn(st)
}

func (a *answer) holds(chain wire.ChainID) bool {
	return slices.ContainsFunc(a.chains, func(c *chainCursor) bool { return c.line == chain })
}

// turn lets the document take its turns at sending data.
func (s *Session) turn(st *docState) {
	if !st.inRing {
		st.inRing = true
		s.ring = append(s.ring, st)
	}
}

// nextData makes a DATA frame of the document whose turn it is. It returns
// false when no document has anything to send, and no frame when the turn
// only ended an answer.
func (s *Session) nextData() ([]byte, bool) {
	if len(s.ring) == 0 {
		return nil, false
	}
	st := s.ring[0]
	s.ring = s.ring[1:]
	st.inRing = false
	d, ok := s.cfg.Replica.Document(st.doc)
	if !ok || st.answer == nil || !s.maySend(st, d) {
		if st.answer != nil && st.answer.done { // no longer open to the peer
			_ = s.refuse(st.tag) // too many refusals end the session when the next is asked for
		}
		st.answer = nil
		s.reconsider(st)
		return nil, true
	}
	f := dataFrame{Tag: st.tag}
	room := maxDataBytes
	f.Ops, st.answer.ops, room = take(st.answer.ops, room)
	f.Wraps, st.answer.wraps, room = take(st.answer.wraps, room)
	f.SealKeys, st.answer.sealKeys, room = take(st.answer.sealKeys, room)
	if len(st.answer.ops)+len(st.answer.wraps)+len(st.answer.sealKeys) == 0 {
		f.Entries = s.takeEntries(d, st.answer, room)
	}
	a := st.answer
	if len(a.chains) == 0 && a.short && a.theirs != nil {
		// A line that has gone may be another one now, under another id. If it is
		// in no digest, nobody would ask for it.
		a.addLacked(d.Summary())
	}
	if len(a.ops)+len(a.wraps)+len(a.sealKeys)+len(a.chains) > 0 {
		s.turn(st)
	} else {
		st.answer = nil
		if a.done {
			st.short = a.short
			s.queue(st, jobDone)
		}
	}
	if len(f.Ops)+len(f.Wraps)+len(f.SealKeys)+len(f.Entries) == 0 {
		return nil, true
	}
	frame, err := encodeFrame(frameData, f)
	if err != nil {
		return nil, true // a record longer than any frame: it cannot travel
	}
	return frame, true
}

// take splits records off a list until the room is used up, at least one.
func take(list [][]byte, room int) (taken, rest [][]byte, left int) {
	for len(list) > len(taken) && len(taken) < maxRecordsPerFrame {
		size := len(list[len(taken)]) + recordOverheadBytes
		if size > room && (len(taken) > 0 || room < maxDataBytes) {
			break
		}
		taken = list[:len(taken)+1]
		room -= size
	}
	return taken, list[len(taken):], room
}

// takeEntries reads entries for one frame, always of the chain that lags most.
func (s *Session) takeEntries(d Document, a *answer, room int) [][]byte {
	var out [][]byte
	for len(a.chains) > 0 && len(out) < maxRecordsPerFrame {
		if room < chunkBytes && len(out) > 0 {
			break
		}
		c := a.chains[0]
		run, err := d.Entries(c.line, c.next, min(chunkBytes, max(room, 1)))
		if err != nil || len(run) == 0 {
			heap.Pop(&a.chains) // nothing there after all, or not stored yet
			a.short = true
			continue
		}
		size := 0
		for _, raw := range run {
			size += len(raw) + recordOverheadBytes
		}
		if len(out) > 0 && (size > room || len(out)+len(run) > maxRecordsPerFrame) {
			break // the run does not fit: it opens the next frame
		}
		out = append(out, run...)
		room -= size
		c.next += uint64(len(run))
		if c.next >= c.end {
			heap.Pop(&a.chains)
		} else {
			heap.Fix(&a.chains, 0)
		}
	}
	return out
}

func sortedChains[V any](m map[wire.ChainID]V) []wire.ChainID {
	return slices.SortedFunc(maps.Keys(m), func(a, b wire.ChainID) int { return bytes.Compare(a[:], b[:]) })
}
